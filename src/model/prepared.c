/* Weights made ready for prediction: with the normalisation behind a convolution worked in, packed
 * or transformed as its kernel likes them best. Plans that only predict have them, all in one
 * block, which is filled again when the model's weights have changed (its version tells). Plans
 * that train, or are to save memory, read the model's own.
 *
 *   factor = gamma / sqrt(variance + epsilon)
 *   W'[t][k] = W[t][k] factor[k],  bias'[k] = (bias[k] - mean[k]) factor[k] + beta[k] */
#include "model/plan_parts.h"

#include "base/float_mode.h"
#include "base/memory.h"
#include <math.h>

static size_t take(capas_plan *plan, size_t size)
{
    size_t begin = plan->prepared_size;
    plan->prepared_size += capas_aligned_size(size);
    return begin;
}

/* Bytes of a folded kernel, in whole cache lines, behind which its bias follows. */
static size_t kernel_bytes(const capas_plan *plan, const capas_op *op)
{
    return capas_aligned_size((size_t)plan->model->weights[op->weights[0]].count *
                              (size_t)capas_element_size(plan->options.element));
}

static size_t folded_bytes(const capas_plan *plan, const capas_op *op)
{
    return kernel_bytes(plan, op) +
           (size_t)op->problem.conv.filters * (size_t)capas_element_size(plan->options.element);
}

size_t capas_plan_folded(const capas_plan *plan, const capas_planned_op *planned, int weight)
{
    return planned->folded + (weight == 0 ? 0 : kernel_bytes(plan, &planned->op));
}

void capas_plan_place_prepared(capas_plan *plan)
{
    bool predicts = !plan->options.training && !plan->options.backward &&
                    !plan->options.no_fusion && !plan->options.saves_memory;
    for (size_t i = 0; i < plan->program.op_count; i++) {
        capas_planned_op *planned = &plan->ops[i];
        planned->prepared = planned->folded = CAPAS_NOWHERE;
        if (!predicts || planned->op.removed) continue;
        size_t size = capas_kernel_prepared(planned->forward, &planned->op.problem);
        if (size > 0)
            planned->prepared = take(plan, size);
        else if (planned->op.folds)
            planned->folded = take(plan, folded_bytes(plan, &planned->op));
    }
}

/* A weight's numbers in the model; NULL: it has none of that kind. */
static const float *numbers_of(const capas_plan *plan, int weight)
{
    return weight < 0 ? NULL : plan->model->values + plan->model->weights[weight].offset;
}

/* A normalisation on its way into a convolution's weights and bias. */
typedef struct folding {
    const capas_plan *plan;
    const capas_op *op;
    void *kernel, *bias, *factor; /* the last of each filter */
} folding;

static void put(const capas_plan *plan, void *to, int64_t i, double value)
{
    if (plan->options.element == CAPAS_FLOAT64)
        ((double *)to)[i] = value;
    else
        ((float *)to)[i] = (float)value;
}

static void fold_bias(const folding *folding)
{
    const capas_plan *plan = folding->plan;
    const capas_op *op = folding->op;
    const float *offset = numbers_of(plan, op->weights[1]);
    const float *gamma = numbers_of(plan, op->folded[0]), *beta = numbers_of(plan, op->folded[1]);
    const float *mean = numbers_of(plan, op->folded[2]),
                *variance = numbers_of(plan, op->folded[3]);
    for (int k = 0; k < op->problem.conv.filters; k++) {
        const double factor =
            (gamma ? (double)gamma[k] : 1) / sqrt((double)variance[k] + op->epsilon);
        const double distance = (offset ? (double)offset[k] : 0) - (double)mean[k];
        put(plan, folding->factor, k, factor);
        put(plan, folding->bias, k, distance * factor + (beta ? (double)beta[k] : 0));
    }
}

static void multiply_floats(float *to, const float *from, const float *factor, int count)
{
    for (int k = 0; k < count; k++)
        to[k] = from[k] * factor[k];
}

static void multiply_doubles(double *to, const float *from, const double *factor, int count)
{
    for (int k = 0; k < count; k++)
        to[k] = (double)from[k] * factor[k];
}

/* Pieces are taps: what is read and written lies in one line. */
static void fold_taps(const void *problem, const void *context, int64_t begin, int64_t end,
                      int shard)
{
    const folding *folding = context;
    const int filters = folding->op->problem.conv.filters;
    const float *from = numbers_of(folding->plan, folding->op->weights[0]);
    (void)problem;
    (void)shard;
    for (int64_t at = begin * filters; at < end * filters; at += filters)
        if (folding->plan->options.element == CAPAS_FLOAT64)
            multiply_doubles((double *)folding->kernel + at, from + at, folding->factor, filters);
        else
            multiply_floats((float *)folding->kernel + at, from + at, folding->factor, filters);
}

static void fold(const folding *folding)
{
    enum { GRAIN = 1 << 16 }; /* weights */
    const capas_plan *plan = folding->plan;
    const int64_t filters = folding->op->problem.conv.filters;
    const int64_t taps = plan->model->weights[folding->op->weights[0]].count / filters;
    fold_bias(folding);
    capas_parallel_ranges(taps, GRAIN / filters + 1, plan->workers, fold_taps, NULL, folding);
}

/* Where weights go on their way: the factors of the most filters, and the largest folded weights of
 * those that are prepared. */
typedef struct folding_scratch {
    size_t factors, weights; /* bytes */
    char *memory;
} folding_scratch;

/* What the forward kernel likes best of an op's weights. */
static void prepare(const capas_planned_op *planned, const void *weights, const void *bias,
                    void *to)
{
    const capas_conv_forward_arguments conv = {.weights = weights, .bias = bias};
    const capas_dense_forward_arguments dense = {.weights = weights, .bias = bias};
    const capas_op *op = &planned->op;
    planned->forward->prepare(&op->problem,
                              op->kind == CAPAS_OP_DENSE ? (const void *)&dense : &conv, to);
}

static void fill(const capas_plan *plan, const capas_planned_op *planned,
                 const folding_scratch *scratch)
{
    const capas_op *op = &planned->op;
    if (planned->prepared == CAPAS_NOWHERE && planned->folded == CAPAS_NOWHERE) return;
    const void *weights = numbers_of(plan, op->weights[0]),
               *bias = numbers_of(plan, op->weights[1]);
    if (op->folds) {
        char *kernel = planned->folded == CAPAS_NOWHERE ? scratch->memory + scratch->factors
                                                        : plan->prepared + planned->folded;
        char *folded_bias = kernel + kernel_bytes(plan, op);
        fold(&(folding){plan, op, kernel, folded_bias, scratch->memory});
        weights = kernel;
        bias = folded_bias;
    }
    if (planned->prepared != CAPAS_NOWHERE)
        prepare(planned, weights, bias, plan->prepared + planned->prepared);
}

static folding_scratch scratch_of(const capas_plan *plan)
{
    folding_scratch most = {0};
    for (size_t i = 0; i < plan->program.op_count; i++) {
        const capas_planned_op *planned = &plan->ops[i];
        if (!planned->op.folds) continue;
        const size_t factors =
            capas_aligned_size((size_t)planned->op.problem.conv.filters * sizeof(double));
        const size_t weights =
            planned->prepared == CAPAS_NOWHERE ? 0 : folded_bytes(plan, &planned->op);
        if (factors > most.factors) most.factors = factors;
        if (weights > most.weights) most.weights = weights;
    }
    most.memory = capas_allocate(most.factors + most.weights + 1, 1);
    return most;
}

static capas_status refresh(capas_plan *plan)
{
    if (plan->prepared_size == 0 || plan->prepared_version == plan->model->version) return CAPAS_OK;
    if (plan->prepared == NULL) plan->prepared = capas_allocate(plan->prepared_size, 1);
    const folding_scratch scratch = scratch_of(plan);
    if (plan->prepared == NULL || scratch.memory == NULL) {
        capas_release(scratch.memory);
        return CAPAS_NO_MEMORY;
    }
    capas_float_mode before = capas_float_mode_enter();
    for (size_t i = 0; i < plan->program.op_count; i++)
        fill(plan, &plan->ops[i], &scratch);
    capas_float_mode_leave(before);
    capas_release(scratch.memory);
    plan->prepared_version = plan->model->version;
    return CAPAS_OK;
}

capas_status capas_plan_refresh(capas_plan *plan)
{
    pthread_mutex_lock(&plan->model->lock);
    capas_status status = refresh(plan);
    pthread_mutex_unlock(&plan->model->lock);
    return status;
}
