/* The guards; see guards.h. The limits are wide: what they name is wrong in nearly every case. */
#include "training/guards.h"
#include "base/element.h"
#include "base/memory.h"
#include "base/text.h"
#include "layers/layer.h"
#include "model/graph.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_SAMPLES = 4096, /* that are looked at */
    FEWEST_TO_JUDGE = 100,
    FEW_IN_CLASS = 10,
    BLOCK_STEPS = 50,
    BLOCKS = 4,
    EPOCH_TO_JUDGE = 1000, /* samples */
};

/* Scaling. */

/* Sums of values, shifted by the first one, so that a large mean with a small deviation keeps its
 * digits. */
typedef struct value_sums {
    double first, sum, squares, count, least, most;
} value_sums;

static inline void add_value(value_sums *sums, double value, double times)
{
    double shifted = value - sums->first;
    if (value < sums->least) sums->least = value;
    if (value > sums->most) sums->most = value;
    sums->sum += shifted * times;
    sums->squares += shifted * shifted * times;
    sums->count += times;
}

/* Bytes are counted by their value: there are many, and few values. */
static void add_bytes(value_sums *sums, const uint8_t *bytes, int64_t size, int64_t samples,
                      int64_t looked_at)
{
    int64_t counts[UINT8_MAX + 1] = {0};
    for (int64_t i = 0; i < looked_at; i++) {
        const uint8_t *sample = bytes + i * samples / looked_at * size;
        for (int64_t j = 0; j < size; j++)
            counts[sample[j]]++;
    }
    for (int value = 0; value <= UINT8_MAX; value++)
        if (counts[value] > 0) add_value(sums, value, (double)counts[value]);
}

/* The values of `looked_at` samples, spread over all of them. */
static void describe(capas_element element, const void *data, int64_t size, int64_t samples,
                     int64_t looked_at, capas_preprocessing *seen)
{
    value_sums sums = {
        .first = capas_element_value(element, data, 0), .least = INFINITY, .most = -INFINITY};
    if (element == CAPAS_UINT8) {
        add_bytes(&sums, data, size, samples, looked_at);
        looked_at = 0;
    }
    for (int64_t i = 0; i < looked_at; i++) {
        int64_t begin = i * samples / looked_at * size;
        for (int64_t j = begin; j < begin + size; j++)
            add_value(&sums, capas_element_value(element, data, j), 1);
    }
    double mean = sums.sum / sums.count;
    seen->mean = sums.first + mean;
    seen->deviation = sqrt(fmax(0, sums.squares / sums.count - mean * mean));
    seen->minimum = sums.least;
    seen->maximum = sums.most;
}

/* Channels that are scaled differently are taken to be alike before. */
static void scale_by(capas_preprocessing *seen)
{
    bool by_channel = seen->channel_deviation[0] > 0;
    double scale = isnan(seen->scale) ? 1 : seen->scale;
    double offset = isnan(seen->scale) ? 0 : seen->offset;
    capas_preprocessing from = *seen;
    seen->minimum = INFINITY, seen->maximum = -INFINITY, seen->mean = 0, seen->deviation = 0;
    for (int c = 0; c < 3; c++) {
        double factor = by_channel ? scale / seen->channel_deviation[c] : scale;
        double shift =
            by_channel ? (offset - seen->channel_mean[c]) / seen->channel_deviation[c] : offset;
        double low = from.minimum * factor + shift, high = from.maximum * factor + shift;
        seen->minimum = fmin(seen->minimum, fmin(low, high));
        seen->maximum = fmax(seen->maximum, fmax(low, high));
        seen->mean += (from.mean * factor + shift) / 3;
        seen->deviation += from.deviation * fabs(factor) / 3;
    }
}

bool capas_guard_describe(const capas_model *model, const capas_dataset *dataset,
                          capas_preprocessing *statistics)
{
    const capas_dataset_spec *spec = &dataset->spec;
    if (spec->input_count != 1 || spec->count < 1 || !dataset->type->input) return false;
    const void *data = dataset->type->input(dataset, 0);
    int64_t size = capas_shape_count(&spec->input_shapes[0], 0);
    int64_t looked_at = spec->count < MOST_SAMPLES ? spec->count : MOST_SAMPLES;
    if (!data || size < 1) return false;
    *statistics = model->preprocessing;
    describe(spec->input_elements[0], data, size, spec->count, looked_at, statistics);
    if (spec->input_elements[0] == CAPAS_UINT8) scale_by(statistics);
    return isfinite(statistics->mean) && isfinite(statistics->deviation);
}

/* Four times wider or narrower, or so far aside that most of the data lie where none was. */
static bool lies_far(const capas_preprocessing *known, const capas_preprocessing *seen)
{
    double aside = fabs(seen->mean - known->mean);
    if (!(known->deviation > 0)) return false;
    return seen->deviation > 4 * known->deviation || seen->deviation < known->deviation / 4 ||
           aside > 2 * known->deviation;
}

capas_status capas_guard_scaling(const capas_model *model, const capas_dataset *dataset,
                                 const char *where)
{
    const capas_preprocessing *known = &model->preprocessing;
    capas_preprocessing seen;
    if (isnan(known->mean) || isnan(known->deviation)) return CAPAS_OK;
    if (dataset->spec.count < FEWEST_TO_JUDGE || !capas_guard_describe(model, dataset, &seen))
        return CAPAS_OK;
    if (!lies_far(known, &seen)) return CAPAS_OK;
    return capas_fail(
        CAPAS_BAD_DATA,
        "%s: these data reach the network from %.4g to %.4g (mean %.4g, deviation "
        "%.4g), the training data from %.4g to %.4g (mean %.4g, deviation %.4g): they "
        "are scaled otherwise; scale both alike, or force it",
        where, seen.minimum, seen.maximum, seen.mean, seen.deviation, known->minimum,
        known->maximum, known->mean, known->deviation);
}

/* Outputs. */

static bool makes_probabilities(capas_activation activation)
{
    return activation == CAPAS_SOFTMAX || activation == CAPAS_SIGMOID ||
           activation == CAPAS_SPARSE_SIGMOID;
}

/* The activation with which an output's layer ends, where its options name one. */
static bool last_activation(const capas_model *model, int output, capas_activation *activation)
{
    const capas_layer *layer = model->layers[model->uses[model->outputs[output]].layer];
    const capas_option_table *table = &layer->type->options;
    for (size_t i = 0; i < table->count; i++)
        if (table->options[i].kind == &capas_option_activation) {
            const char *field = (const char *)layer->options + table->options[i].offset;
            *activation = *(const capas_activation *)(const void *)field;
            return true;
        }
    return false;
}

void capas_guard_outputs(const capas_model *model, const capas_trainer *trainer)
{
    for (int i = 0; i < trainer->loss_count && i < model->output_count; i++) {
        const capas_loss *loss = &trainer->losses[i];
        capas_activation activation;
        if (!capas_loss_takes_probabilities(loss) || !last_activation(model, i, &activation))
            continue;
        const char *output = capas_output_name(model, i), *name = capas_loss_snake_name(loss);
        if (loss->from_logits && makes_probabilities(activation))
            capas_warn("compile: %s is told from_logits, but output \"%s\" ends in %s, which makes "
                       "probabilities of them; leave out one of the two",
                       name, output, capas_activation_names[activation - 1]);
        else if (!loss->from_logits && !makes_probabilities(activation))
            capas_warn("compile: %s takes probabilities, but output \"%s\" ends in %s; give it "
                       "%s, or the loss from_logits",
                       name, output, capas_activation_names[activation - 1],
                       capas_loss_names_classes(loss) ? "softmax" : "sigmoid");
    }
}

/* Classes. */

typedef struct class_counts {
    int classes, missing, rarest, most_frequent; /* the last two are classes */
    int64_t *counts, samples;
} class_counts;

static void sum_up(class_counts *seen)
{
    for (int c = 0; c < seen->classes; c++) {
        seen->samples += seen->counts[c];
        seen->missing += seen->counts[c] == 0;
        if (seen->counts[c] < seen->counts[seen->rarest]) seen->rarest = c;
        if (seen->counts[c] > seen->counts[seen->most_frequent]) seen->most_frequent = c;
    }
}

/* Counts the samples of each class where the data name one each; false where they do not. */
static bool count_classes(const capas_stepper *stepper, const capas_dataset *train,
                          class_counts *seen)
{
    const capas_target *target = &stepper->targets[0];
    const void *data = train->type->target ? train->type->target(train, 0) : NULL;
    bool names_classes = capas_loss_names_classes(target->loss) && target->classes > 1;
    if (stepper->spec.target_count != 1 || !data || !names_classes || target->rows != 1)
        return false;
    *seen = (class_counts){.classes = target->classes};
    seen->counts = capas_allocate_zeroed((size_t)target->classes, sizeof *seen->counts);
    if (!seen->counts) return false; /* a warning less */
    for (int64_t i = 0; i < train->spec.count; i++) {
        int class = capas_target_class(target, data, i);
        if (class >= 0) seen->counts[class]++;
    }
    sum_up(seen);
    return true;
}

static void warn_of_classes(const class_counts *seen)
{
    char samples[32];
    capas_thousands(seen->samples, samples, sizeof samples);
    if (seen->missing > 0)
        capas_warn("fit: %d of the %d classes have no sample among the %s to train on (class %d is "
                   "the first); the network cannot learn them",
                   seen->missing, seen->classes, samples, seen->rarest);
    else if (seen->counts[seen->rarest] < FEW_IN_CLASS)
        capas_warn("fit: of the %d classes there are only %lld to %lld samples each to train on; "
                   "with fewer than %d a class is hardly learned",
                   seen->classes, (long long)seen->counts[seen->rarest],
                   (long long)seen->counts[seen->most_frequent], FEW_IN_CLASS);
}

static void note_conversion(const capas_stepper *stepper)
{
    for (int i = 0; i < stepper->spec.target_count; i++) {
        const capas_target *target = &stepper->targets[i];
        if (target->converts)
            capas_warn("fit: the labels of output \"%s\" are %s, %s takes %s; they are converted",
                       target->output, capas_target_is_sparse(target) ? "one-hot" : "class numbers",
                       capas_loss_snake_name(target->loss),
                       capas_target_is_sparse(target) ? "class numbers" : "one-hot vectors");
    }
}

void capas_guards_begin(capas_fit_guards *guards, const capas_stepper *stepper,
                        const capas_dataset *train)
{
    class_counts seen;
    capas_preprocessing *known = &stepper->model->preprocessing;
    *guards = (capas_fit_guards){0};
    note_conversion(stepper);
    if (isnan(known->mean)) capas_guard_describe(stepper->model, train, known);
    if (!count_classes(stepper, train, &seen)) return;
    warn_of_classes(&seen);
    guards->classes = seen.classes;
    if (seen.samples > 0)
        guards->share = (double)seen.counts[seen.most_frequent] / (double)seen.samples;
    capas_release(seen.counts);
}

/* The course of the training. */

void capas_guards_step(capas_fit_guards *guards, const capas_stepper *stepper, double loss)
{
    const bool goes_on = stepper->trainer->iteration > guards->steps + 1;
    if (goes_on || guards->steps >= BLOCKS * BLOCK_STEPS) return;
    double *blocks = guards->blocks;
    blocks[guards->steps / BLOCK_STEPS] += loss / BLOCK_STEPS;
    guards->steps++;
    if (guards->steps < BLOCKS * BLOCK_STEPS) return;
    for (int i = 1; i < BLOCKS; i++)
        if (!(blocks[i] > blocks[i - 1])) return;
    double rate = stepper->trainer->learning_rate;
    capas_warn("fit: the loss only rose in the first %d steps (%.4g, %.4g, %.4g, %.4g in fifties): "
               "the learning rate %.6g is likely too high, try %.6g",
               BLOCKS * BLOCK_STEPS, blocks[0], blocks[1], blocks[2], blocks[3], rate, rate / 10);
}

void capas_guards_epoch(capas_fit_guards *guards, const capas_stepper *stepper)
{
    const capas_accuracy *accuracy = &stepper->accuracies[0][0];
    if (guards->told_chance || guards->classes == 0 || stepper->trainer->metric_count == 0) return;
    if (accuracy->count < EPOCH_TO_JUDGE) return;
    double value = capas_accuracy_value(accuracy);
    if (value > guards->share + 0.02 * (1 - guards->share)) return;
    capas_warn("fit: after the epoch the accuracy is %.4f, and always naming the most frequent of "
               "the %d classes gives %.4f: the network has learned nothing; look at the scale of "
               "the data, the labels and the learning rate (%.6g)",
               value, guards->classes, guards->share, stepper->trainer->learning_rate);
    guards->told_chance = true;
}
