/* Targets: which shapes a loss takes, how labels are checked and converted, and how the values of
 * the rows become the reduced loss (Keras losses/loss.py: reduce_weighted_values). */
#include "base/element.h"
#include "base/text.h"
#include "kernels/fill.h"
#include "training/losses.h"
#include <math.h>
#include <string.h>

enum { TEXT_SIZE = 128 };

/* Both without the batch: whether a is b with a 1 at the end. */
static bool is_with_one(const capas_shape *a, const capas_shape *b)
{
    if (a->rank != b->rank + 1 || a->dims[b->rank] != 1) return false;
    capas_shape cut = *a;
    cut.rank = b->rank;
    return capas_shape_equal(&cut, b);
}

static capas_shape without_batch(const capas_shape *shape)
{
    capas_shape sample = {.rank = shape->rank - 1};
    for (int i = 0; i < sample.rank; i++)
        sample.dims[i] = shape->dims[i + 1];
    return sample;
}

static capas_shape with_batch(const capas_shape *sample)
{
    capas_shape shape = {.rank = sample->rank + 1, .dims = {CAPAS_ANY}};
    for (int i = 0; i < sample->rank; i++)
        shape.dims[i + 1] = sample->dims[i];
    return shape;
}

static capas_shape without_last(const capas_shape *shape)
{
    capas_shape cut = *shape;
    cut.rank--;
    return cut;
}

/* The shapes are a sample's. */
static capas_status fail_shape(const capas_target *target, const capas_shape *wanted,
                               const capas_shape *found, const char *where)
{
    capas_shape full_wanted = with_batch(wanted), full_found = with_batch(found);
    char wanted_text[TEXT_SIZE], found_text[TEXT_SIZE];
    return capas_fail(CAPAS_SHAPE_MISMATCH,
                      "%s: %s of output \"%s\" takes targets of the shape %s, found %s", where,
                      capas_loss_snake_name(target->loss), target->output,
                      capas_shape_text(&full_wanted, wanted_text, sizeof wanted_text),
                      capas_shape_text(&full_found, found_text, sizeof found_text));
}

/* Class numbers, with a 1 at the end or without. */
static bool are_numbers(const capas_shape *shape, const capas_shape *prediction)
{
    capas_shape numbers = without_last(prediction);
    return capas_shape_equal(shape, &numbers) || is_with_one(shape, &numbers);
}

static capas_status check_sparse(capas_target *target, const capas_shape *prediction,
                                 const capas_shape *shape, const char *where)
{
    capas_shape numbers = without_last(prediction);
    if (are_numbers(shape, prediction)) return CAPAS_OK;
    target->converts = capas_shape_equal(shape, prediction);
    return target->converts ? CAPAS_OK : fail_shape(target, &numbers, shape, where);
}

static capas_status check_categorical(capas_target *target, const capas_shape *prediction,
                                      const capas_shape *shape, const char *where)
{
    if (capas_shape_equal(shape, prediction)) return CAPAS_OK;
    target->converts = are_numbers(shape, prediction);
    return target->converts ? CAPAS_OK : fail_shape(target, prediction, shape, where);
}

/* A 1 at the end of either is let go; Keras then takes the mean over another axis, which shows in a
 * sum. */
static capas_status check_squared(capas_target *target, const capas_shape *prediction,
                                  const capas_shape *shape, const char *where)
{
    if (capas_shape_equal(shape, prediction) || is_with_one(shape, prediction)) return CAPAS_OK;
    if (!is_with_one(prediction, shape)) return fail_shape(target, prediction, shape, where);
    if (shape->rank > 0) target->merged = shape->dims[shape->rank - 1];
    return CAPAS_OK;
}

/* Any number may name a class; the output's width is no count of them. */
static capas_status check_pairs(const capas_target *target, const capas_shape *prediction,
                                const capas_shape *shape, const char *where)
{
    char found[TEXT_SIZE];
    const capas_shape full = with_batch(prediction), number = {0};
    if (prediction->rank != 1)
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "%s: %s compares the samples of a batch, each of them a vector; output "
                          "\"%s\" has the shape %s, add a Flatten or pooling layer",
                          where, capas_loss_snake_name(target->loss), target->output,
                          capas_shape_text(&full, found, sizeof found));
    return are_numbers(shape, prediction) ? CAPAS_OK : fail_shape(target, &number, shape, where);
}

static capas_status check_sequence(const capas_target *target, const capas_shape *prediction,
                                   const capas_shape *shape, const char *where)
{
    char wanted[TEXT_SIZE], found[TEXT_SIZE];
    const capas_shape outputs = with_batch(prediction), labels = with_batch(shape);
    if (prediction->rank == 2 && prediction->dims[1] > 1 && shape->rank == 1) return CAPAS_OK;
    return capas_fail(
        CAPAS_SHAPE_MISMATCH,
        "%s: %s takes an output of the shape (None, steps, classes) with the blank and "
        "a class at least, and targets (None, labels); output \"%s\" has %s, its "
        "targets %s",
        where, capas_loss_snake_name(target->loss), target->output,
        capas_shape_text(&outputs, wanted, sizeof wanted),
        capas_shape_text(&labels, found, sizeof found));
}

capas_status capas_target_prepare(capas_target *target, const capas_loss *loss, const char *output,
                                  const capas_shape *prediction, const capas_shape *shape,
                                  capas_element element, const char *where)
{
    capas_shape sample = without_batch(prediction);
    *target = (capas_target){.loss = loss, .output = output, .element = element, .merged = 1};
    if (sample.rank < 1)
        return capas_fail(
            CAPAS_SHAPE_MISMATCH,
            "%s: output \"%s\" is one number a sample without an axis; a loss needs a "
            "last axis, add a Dense layer",
            where, output);
    target->classes = (int)sample.dims[sample.rank - 1];
    target->count = capas_shape_count(shape, 0);
    target->rows = capas_shape_count(&sample, 0) / (target->classes > 0 ? target->classes : 1);
    switch (loss->name) {
    case CAPAS_CIRCLE:
        return check_pairs(target, &sample, shape, where);
    case CAPAS_CTC:
        target->rows = 1;
        return check_sequence(target, &sample, shape, where);
    case CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY:
    case CAPAS_CATEGORICAL_GENERALIZED_CROSS_ENTROPY:
        return check_sparse(target, &sample, shape, where);
    case CAPAS_CATEGORICAL_CROSSENTROPY:
    case CAPAS_CATEGORICAL_FOCAL_CROSSENTROPY:
    case CAPAS_CATEGORICAL_HINGE:
        return check_categorical(target, &sample, shape, where);
    case CAPAS_CUSTOM_LOSS:
        return (target->classes > 1 ? check_categorical : check_squared)(target, &sample, shape,
                                                                         where);
    default:
        return check_squared(target, &sample, shape, where);
    }
}

bool capas_target_is_sparse(const capas_target *target)
{
    return capas_loss_takes_numbers(target->loss) && !capas_target_is_sequence(target);
}

bool capas_target_is_sequence(const capas_target *target)
{
    return target->loss->name == CAPAS_CTC;
}

static bool is_ignored(const capas_target *target, double label)
{
    return target->loss->name == CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY &&
           label == target->loss->ignore_class;
}

static capas_status fail_label(const capas_target *target, double label, int64_t sample)
{
    if (label != floor(label))
        return capas_fail(CAPAS_BAD_DATA,
                          "label %.9g of sample %lld is no class number, which %s takes", label,
                          (long long)sample, capas_loss_snake_name(target->loss));
    return capas_fail(CAPAS_BAD_DATA,
                      "label %.9g of sample %lld is outside 0..%d, the classes of output \"%s\"; "
                      "labels count from 0, and the last layer needs a unit for each",
                      label, (long long)sample, target->classes - 1, target->output);
}

/* The class that a row of the data tells, from its number or its one-hot vector; -1 when it is to
 * be left out. */
static capas_status read_class(const capas_target *target, const void *data, int64_t row,
                               int64_t first, int *class)
{
    int64_t sample = first + row / target->rows;
    double label = capas_element_value(target->element, data, row);
    bool known = label >= 0 && label < target->classes && label == floor(label);
    if (!known && !target->leaves_out && !is_ignored(target, label))
        return fail_label(target, label, sample);
    *class = known ? (int)label : -1;
    return CAPAS_OK;
}

static capas_status read_one_hot(const capas_target *target, const void *data, int64_t row,
                                 int64_t first, int *class)
{
    int ones = 0, others = 0;
    for (int c = 0; c < target->classes; c++) {
        double value = capas_element_value(target->element, data, row * target->classes + c);
        if (value == 1) *class = c;
        ones += value == 1;
        others += value != 0 && value != 1;
    }
    if (ones == 1 && others == 0) return CAPAS_OK;
    return capas_fail(CAPAS_BAD_DATA,
                      "the target of sample %lld is no one-hot vector (it has %d ones and %d other "
                      "numbers than 0); for such targets there is categorical_crossentropy",
                      (long long)(first + row / target->rows), ones, others);
}

/* For the loss by class numbers. */
static capas_status read_numbers(const capas_target *target, const void *data, int64_t n,
                                 int64_t first, int32_t *to, int64_t *valid)
{
    for (int64_t i = 0; i < n * target->rows; i++) {
        int class = -1;
        CAPAS_TRY((target->converts ? read_one_hot : read_class)(target, data, i, first, &class));
        bool ignored = class < 0 || is_ignored(target, class);
        if (to) to[i] = ignored ? capas_loss_left_out(target->loss) : class;
        *valid += !ignored;
    }
    return CAPAS_OK;
}

/* Class numbers for the loss by vectors. */
static capas_status read_vectors(const capas_target *target, const void *data, int64_t n,
                                 int64_t first, float *to, int64_t *valid)
{
    if (to) memset(to, 0, (size_t)(n * target->rows * target->classes) * sizeof *to);
    for (int64_t i = 0; i < n * target->rows; i++) {
        int class = -1;
        CAPAS_TRY(read_class(target, data, i, first, &class));
        if (to && class >= 0) to[i * target->classes + class] = 1;
        *valid += class >= 0;
    }
    return CAPAS_OK;
}

/* Labels of sequences, and whatever numbers name who belongs together: all count. */
static capas_status read_labels(const capas_target *target, const void *data, int64_t n,
                                int64_t first, int32_t *to)
{
    const bool any = !capas_target_is_sequence(target);
    for (int64_t i = 0; i < n * target->count; i++) {
        double label = capas_element_value(target->element, data, i);
        bool known = label == floor(label) &&
                     (any ? fabs(label) <= INT32_MAX : label >= 0 && label < target->classes);
        if (!known) return fail_label(target, label, first + i / target->count);
        if (to) to[i] = (int32_t)label;
    }
    return CAPAS_OK;
}

capas_status capas_target_read(const capas_target *target, const void *data, int64_t n,
                               int64_t first, void *to, int64_t *valid)
{
    *valid = 0;
    if (target->loss->name == CAPAS_CIRCLE || capas_target_is_sequence(target)) {
        *valid = n * target->rows;
        return read_labels(target, data, n, first, to);
    }
    if (capas_target_is_sparse(target)) return read_numbers(target, data, n, first, to, valid);
    if (target->converts) return read_vectors(target, data, n, first, to, valid);
    *valid = n * target->rows;
    if (to) capas_convert(CAPAS_FLOAT32, to, target->element, data, n * target->count);
    return CAPAS_OK;
}

int capas_target_class(const capas_target *target, const void *data, int64_t row)
{
    if (capas_target_is_sparse(target) != target->converts) {
        double label = capas_element_value(target->element, data, row);
        return label >= 0 && label < target->classes ? (int)label : -1;
    }
    int best = 0;
    for (int c = 1; c < target->classes; c++)
        if (capas_element_value(target->element, data, row * target->classes + c) >
            capas_element_value(target->element, data, row * target->classes + best))
            best = c;
    return best;
}

double capas_target_factor(const capas_target *target, int64_t rows, int64_t valid, double weights)
{
    switch (target->loss->reduction) {
    case CAPAS_SUM:
        if (capas_loss_is_whole(target->loss)) return 1 / (double)rows;
        return 1.0 / (double)target->merged;
    case CAPAS_MEAN_WITH_SAMPLE_WEIGHT:
        return weights != 0 ? 1 / weights : 0;
    default:
        return valid == rows ? 1 / (double)rows : 1 / ((double)valid + 1e-7);
    }
}

double capas_reduce_loss(const float *value, const float *weight, int64_t rows, double factor)
{
    double sum = 0;
    for (int64_t i = 0; i < rows; i++)
        sum += (double)value[i] * (weight ? (double)weight[i] : 1);
    return sum * factor;
}
