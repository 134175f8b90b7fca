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
    plan->prepared_size += (size + CAPAS_ALIGNMENT - 1) / CAPAS_ALIGNMENT * CAPAS_ALIGNMENT;
    return begin;
}

/* Bytes of a folded kernel, in whole cache lines, behind which its bias follows. */
static size_t kernel_bytes(const capas_plan *plan, const capas_op *op)
{
    size_t size = (size_t)plan->model->weights[op->weights[0]].count *
                  (size_t)capas_element_size(plan->options.element);
    return (size + CAPAS_ALIGNMENT - 1) / CAPAS_ALIGNMENT * CAPAS_ALIGNMENT;
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

static void put(const capas_plan *plan, void *to, int64_t i, double value)
{
    if (plan->options.element == CAPAS_FLOAT64)
        ((double *)to)[i] = value;
    else
        ((float *)to)[i] = (float)value;
}

/* Some filters at a time, so that weights are passed over in their order. */
static void fold(const capas_plan *plan, const capas_op *op, void *kernel, void *bias)
{
    enum { TOGETHER = 64 };
    const int filters = op->problem.conv.filters;
    const float *from = numbers_of(plan, op->weights[0]),
                *offset = numbers_of(plan, op->weights[1]);
    const float *gamma = numbers_of(plan, op->folded[0]), *beta = numbers_of(plan, op->folded[1]);
    const float *mean = numbers_of(plan, op->folded[2]),
                *variance = numbers_of(plan, op->folded[3]);
    const int64_t taps = plan->model->weights[op->weights[0]].count / filters;
    for (int first = 0; first < filters; first += TOGETHER) {
        const int count = filters - first < TOGETHER ? filters - first : TOGETHER;
        double factor[TOGETHER];
        for (int i = 0, k = first; i < count; i++, k++) {
            factor[i] = (gamma ? (double)gamma[k] : 1) / sqrt((double)variance[k] + op->epsilon);
            const double distance = (offset ? (double)offset[k] : 0) - (double)mean[k];
            put(plan, bias, k, distance * factor[i] + (beta ? (double)beta[k] : 0));
        }
        for (int64_t t = 0; t < taps; t++)
            for (int i = 0, at = first; i < count; i++, at++)
                put(plan, kernel, t * filters + at, (double)from[t * filters + at] * factor[i]);
    }
}

/* `scratch` holds the largest folded weights of those that are prepared. */
static void fill(const capas_plan *plan, const capas_planned_op *planned, char *scratch)
{
    const capas_op *op = &planned->op;
    if (planned->prepared == CAPAS_NOWHERE && planned->folded == CAPAS_NOWHERE) return;
    capas_conv_forward_arguments arguments = {.weights = numbers_of(plan, op->weights[0]),
                                              .bias = numbers_of(plan, op->weights[1])};
    if (op->folds) {
        char *kernel =
            planned->folded == CAPAS_NOWHERE ? scratch : plan->prepared + planned->folded;
        char *bias = kernel + kernel_bytes(plan, op);
        fold(plan, op, kernel, bias);
        arguments.weights = kernel;
        arguments.bias = bias;
    }
    if (planned->prepared != CAPAS_NOWHERE)
        planned->forward->prepare(&op->problem, &arguments, plan->prepared + planned->prepared);
}

static size_t scratch_size(const capas_plan *plan)
{
    size_t most = 0;
    for (size_t i = 0; i < plan->program.op_count; i++) {
        const capas_planned_op *planned = &plan->ops[i];
        if (planned->prepared == CAPAS_NOWHERE || !planned->op.folds) continue;
        size_t size = folded_bytes(plan, &planned->op);
        if (size > most) most = size;
    }
    return most;
}

static capas_status refresh(capas_plan *plan)
{
    if (plan->prepared_size == 0 || plan->prepared_version == plan->model->version) return CAPAS_OK;
    if (plan->prepared == NULL) plan->prepared = capas_allocate(plan->prepared_size, 1);
    char *scratch = capas_allocate(scratch_size(plan) + 1, 1);
    if (plan->prepared == NULL || scratch == NULL) {
        capas_release(scratch);
        return CAPAS_NO_MEMORY;
    }
    capas_float_mode before = capas_float_mode_enter();
    for (size_t i = 0; i < plan->program.op_count; i++)
        fill(plan, &plan->ops[i], scratch);
    capas_float_mode_leave(before);
    capas_release(scratch);
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
