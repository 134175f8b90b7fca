/* The optimizer's step: regularisers, gradients of several batches, clipping, one pass of the
 * update kernel over each maximal range of weights that lie together (all of them, but for frozen
 * ones in between), moving averages, and constraints. */
#include "kernels/constrain.h"
#include "kernels/fill.h"
#include "training/optimizer.h"
#include <string.h>

enum { GAP = 16 }; /* elements that weights are aligned to */

/* One step under way. */
typedef struct step {
    capas_model *model;
    const capas_trainer *trainer;
    float *gradients;
    const capas_kernel *kernel;
    capas_update_problem problem;
    capas_update_arguments arguments; /* without count, pointers and scale */
    capas_status status;
} step;

static bool is_regularised(const capas_model_weight *weight)
{
    return weight->gradient_offset >= 0 &&
           weight->weight->regularizer.kind != CAPAS_REGULARIZER_NONE;
}

static bool is_orthogonal(const capas_model_weight *weight)
{
    return weight->weight->regularizer.kind == CAPAS_REGULARIZER_ORTHOGONAL;
}

static capas_orthogonal_problem orthogonal_of(const capas_model_weight *weight)
{
    const capas_regularizer *regularizer = &weight->weight->regularizer;
    const capas_shape *shape = &weight->weight->shape;
    return (capas_orthogonal_problem){
        .workers = capas_threads(),
        .rows = shape->dims[0],
        .columns = shape->dims[1],
        .tile = capas_weight_tile(weight->weight),
        .by_columns = regularizer->mode == CAPAS_COLUMNS,
        .factor = regularizer->factor,
    };
}

double capas_weight_penalties(const capas_model *model)
{
    double penalty = 0;
    for (int w = 0; w < model->weight_count; w++) {
        const capas_model_weight *weight = &model->weights[w];
        if (!is_regularised(weight)) continue;
        if (is_orthogonal(weight)) {
            const capas_orthogonal_problem problem = orthogonal_of(weight);
            penalty += capas_orthogonal_penalty(&problem, model->values + weight->offset);
            continue;
        }
        double absolute, squares;
        capas_sum_absolute_and_squares(model->values + weight->offset, weight->count, &absolute,
                                       &squares);
        penalty +=
            weight->weight->regularizer.l1 * absolute + weight->weight->regularizer.l2 * squares;
    }
    return penalty;
}

static void add_penalty_gradients(const capas_model *model, float *gradients)
{
    for (int w = 0; w < model->weight_count; w++) {
        const capas_model_weight *weight = &model->weights[w];
        if (is_regularised(weight) && is_orthogonal(weight)) {
            const capas_orthogonal_problem problem = orthogonal_of(weight);
            capas_add_orthogonal_gradient(&problem, model->values + weight->offset,
                                          gradients + weight->gradient_offset);
        } else if (is_regularised(weight))
            capas_add_weight_penalty(
                gradients + weight->gradient_offset, model->values + weight->offset, weight->count,
                weight->weight->regularizer.l1, weight->weight->regularizer.l2);
    }
}

static double squares_of(const step *step, const capas_model_weight *weight)
{
    double absolute, squares;
    capas_sum_absolute_and_squares(step->gradients + weight->gradient_offset, weight->count,
                                   &absolute, &squares);
    return squares;
}

/* g c / max(|g|, c) */
static double scale_for(double squares, double most)
{
    double norm = sqrt(squares);
    if (isnan(norm)) return norm;
    return norm > most ? most / norm : 1;
}

static double global_scale(const step *step, double most)
{
    double squares = 0;
    for (int w = 0; w < step->model->weight_count; w++)
        if (step->model->weights[w].gradient_offset >= 0)
            squares += squares_of(step, &step->model->weights[w]);
    return scale_for(squares, most);
}

/* Whether b follows a in the values and in the gradients alike. What lies between two weights is
 * padding, zero in both. */
static bool follows(const capas_model_weight *a, const capas_model_weight *b)
{
    int64_t gap = b->offset - (a->offset + a->count);
    return b->gradient_offset >= 0 && gap >= 0 && gap < GAP &&
           b->offset - a->offset == b->gradient_offset - a->gradient_offset;
}

static void update(step *step, const capas_model_weight *first, const capas_model_weight *last,
                   double scale)
{
    int64_t offset = first->gradient_offset;
    step->arguments.count = last->offset + last->count - first->offset;
    step->arguments.weights = step->model->values + first->offset;
    step->arguments.gradient = step->gradients + offset;
    step->arguments.gradient_scale = scale;
    step->arguments.direction = step->gradients + offset;
    for (int s = 0; s < CAPAS_MAX_SLOTS && s < step->trainer->slot_count; s++)
        step->arguments.slots[s] = step->trainer->slots[s] + offset;
    const capas_optimizer *optimizer = &step->trainer->optimizer;
    const capas_optimizer_type *type = capas_optimizer_type_of(optimizer);
    if (!type->apply)
        capas_run_kernel(step->kernel, &step->problem, &step->arguments, 0);
    else if (step->status == CAPAS_OK)
        step->status = type->apply(optimizer, first->weight,
                                   capas_optimizer_updates(step->trainer) + 1, &step->arguments);
}

static double norm_of(const float *values, int64_t count)
{
    double absolute, squares;
    capas_sum_absolute_and_squares(values, count, &absolute, &squares);
    return sqrt(squares);
}

/* Lamb's second half: where the gradient was lies now the direction; w -= rate |w| / |d| d. */
static void go(step *step, const capas_model_weight *weight)
{
    float *direction = step->gradients + weight->gradient_offset;
    float *values = step->model->values + weight->offset;
    double here = norm_of(values, weight->count), there = norm_of(direction, weight->count);
    capas_update_problem sgd = {.workers = step->problem.workers, .rule = CAPAS_UPDATE_SGD};
    capas_update_arguments arguments = {
        .count = weight->count,
        .weights = values,
        .gradient = direction,
        .learning_rate = step->arguments.learning_rate * (here > 0 && there > 0 ? here / there : 1),
        .gradient_scale = 1,
        .finite = step->arguments.finite,
    };
    capas_run_kernel(capas_choose_kernel(CAPAS_FAMILY_update, CAPAS_FLOAT32, &sgd), &sgd,
                     &arguments, 0);
}

static void update_all(step *step)
{
    const capas_sgd_options *common = &step->trainer->optimizer.options.sgd; /* what all have */
    bool lamb = step->problem.rule == CAPAS_UPDATE_LAMB;
    bool clips = common->clipnorm != CAPAS_NONE;
    bool each = clips || lamb || capas_optimizer_type_of(&step->trainer->optimizer)->apply;
    double scale =
        common->global_clipnorm == CAPAS_NONE ? 1 : global_scale(step, common->global_clipnorm);
    const capas_model_weight *weights = step->model->weights;
    int count = step->model->weight_count;
    for (int first = 0, last; first < count; first = last + 1) {
        last = first;
        if (weights[first].gradient_offset < 0) continue;
        if (clips) scale = scale_for(squares_of(step, &weights[first]), common->clipnorm);
        while (!each && last + 1 < count && follows(&weights[last], &weights[last + 1]))
            last++;
        update(step, &weights[first], &weights[last], scale);
        if (lamb) go(step, &weights[first]);
    }
}

static void prepare(step *step, bool *finite)
{
    const capas_trainer *trainer = step->trainer;
    const capas_optimizer_type *type = capas_optimizer_type_of(&trainer->optimizer);
    const capas_sgd_options *common = &trainer->optimizer.options.sgd;
    double rate = capas_optimizer_rate(trainer);
    step->problem.workers = capas_threads();
    if (type->problem) {
        type->problem(&trainer->optimizer, &step->problem);
        step->kernel = capas_choose_kernel(CAPAS_FAMILY_update, CAPAS_FLOAT32, &step->problem);
    }
    step->arguments.learning_rate = rate;
    if (type->correct)
        type->correct(&trainer->optimizer, capas_optimizer_updates(trainer) + 1, &step->arguments);
    if (common->weight_decay != CAPAS_NONE) step->arguments.decay = common->weight_decay * rate;
    if (common->clipvalue != CAPAS_NONE) step->arguments.clip_value = common->clipvalue;
    step->arguments.finite = finite;
}

/* Adds this batch's gradients to the others'. Returns whether it was the last of an update; then
 * the gradients are the mean of all, and the sum begins anew. */
static bool gather(const capas_model *model, float *gradients)
{
    const capas_trainer *trainer = model->trainer;
    int slot = capas_optimizer_accumulator_slot(trainer);
    if (slot < 0) return true;
    int steps = trainer->optimizer.options.sgd.gradient_accumulation_steps;
    float *sum = trainer->slots[slot];
    if ((trainer->iteration + 1) % steps != 0) {
        capas_add_scaled(sum, gradients, model->gradient_count, 1);
        return false;
    }
    capas_add_scaled(gradients, sum, model->gradient_count, 1.0 / steps);
    memset(sum, 0, (size_t)model->gradient_count * sizeof *sum);
    return true;
}

/* The weights become their averages. */
static void take_averages(capas_model *model)
{
    const float *average = model->trainer->slots[capas_optimizer_average_slot(model->trainer)];
    for (int w = 0; w < model->weight_count; w++) {
        const capas_model_weight *weight = &model->weights[w];
        if (weight->gradient_offset >= 0)
            memcpy(model->values + weight->offset, average + weight->gradient_offset,
                   (size_t)weight->count * sizeof *average);
    }
}

/* The first averages are the weights themselves. */
static void average(capas_model *model)
{
    const capas_trainer *trainer = model->trainer;
    const capas_sgd_options *common = &trainer->optimizer.options.sgd;
    int slot = capas_optimizer_average_slot(trainer);
    if (slot < 0) return;
    int64_t updates = capas_optimizer_updates(trainer);
    double momentum = updates == 0 ? 0 : common->ema_momentum;
    for (int w = 0; w < model->weight_count; w++) {
        const capas_model_weight *weight = &model->weights[w];
        if (weight->gradient_offset >= 0)
            capas_average_values(trainer->slots[slot] + weight->gradient_offset,
                                 model->values + weight->offset, weight->count, momentum);
    }
    int frequency = common->ema_overwrite_frequency;
    if (frequency != CAPAS_NONE && (updates + 1) % frequency == 0) take_averages(model);
}

void capas_optimizer_finish(capas_model *model)
{
    const capas_trainer *trainer = model->trainer;
    if (capas_optimizer_average_slot(trainer) < 0 || trainer->iteration == 0) return;
    take_averages(model);
    capas_model_touch(model);
}

void capas_optimizer_swap_averages(capas_model *model)
{
    float *average = model->trainer->slots[capas_optimizer_average_slot(model->trainer)];
    for (int w = 0; w < model->weight_count; w++) {
        const capas_model_weight *weight = &model->weights[w];
        for (int64_t i = 0; weight->gradient_offset >= 0 && i < weight->count; i++) {
            float kept = model->values[weight->offset + i];
            model->values[weight->offset + i] = average[weight->gradient_offset + i];
            average[weight->gradient_offset + i] = kept;
        }
    }
    capas_model_touch(model);
}

void capas_optimizer_keep_averages(capas_model *model)
{
    float *average = model->trainer->slots[capas_optimizer_average_slot(model->trainer)];
    for (int w = 0; w < model->weight_count; w++) {
        const capas_model_weight *weight = &model->weights[w];
        if (weight->gradient_offset >= 0)
            memcpy(average + weight->gradient_offset, model->values + weight->offset,
                   (size_t)weight->count * sizeof *average);
    }
}

static capas_status fail_not_finite(const capas_model *model)
{
    for (int w = 0; w < model->weight_count; w++) {
        const capas_model_weight *weight = &model->weights[w];
        if (weight->gradient_offset < 0 ||
            capas_all_finite(model->values + weight->offset, weight->count))
            continue;
        return capas_fail(CAPAS_NOT_FINITE, "the %s of layer %s became NaN or infinite",
                          weight->weight->name, weight->layer->name);
    }
    return capas_fail(CAPAS_NOT_FINITE, "a weight became NaN or infinite");
}

/* Of weights that are trained, whatever moved them (Keras's base_optimizer.apply). */
static void constrain(capas_model *model)
{
    for (int w = 0; w < model->weight_count; w++) {
        const capas_model_weight *weight = &model->weights[w];
        if (weight->gradient_offset >= 0 &&
            weight->weight->constraint.kind != CAPAS_CONSTRAINT_NONE)
            capas_weight_constrain(weight->weight, model->values + weight->offset);
    }
}

capas_status capas_optimizer_step(capas_model *model, float *gradients)
{
    capas_trainer *trainer = model->trainer;
    bool finite = true;
    step step = {.model = model, .trainer = trainer, .gradients = gradients};
    add_penalty_gradients(model, gradients);
    if (gather(model, gradients)) {
        prepare(&step, &finite);
        update_all(&step);
        CAPAS_TRY(step.status);
    }
    average(model);
    constrain(model);
    trainer->iteration++;
    capas_optimizer_built(model);
    capas_model_touch(model);
    return finite ? CAPAS_OK : fail_not_finite(model);
}
