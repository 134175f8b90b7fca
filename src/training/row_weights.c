/* What the rows of a batch count for; see row_weights.h. */
#include "training/row_weights.h"
#include "base/element.h"
#include "base/text.h"
#include <math.h>

capas_status capas_class_weights_take(capas_class_weights *weights, const double *values, int count,
                                      const char *where)
{
    *weights = (capas_class_weights){values, count};
    if ((count == 0) == (values == NULL) && count >= 0) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "%s: class_weight needs a weight for each of its %d classes, found %s", where,
                      count, values ? "some" : "none (NULL)");
}

static capas_status check_classes(const capas_dataset_spec *spec, const capas_target *targets,
                                  const capas_class_weights *classes, const char *where)
{
    if (spec->target_count != 1)
        return capas_fail(CAPAS_UNSUPPORTED,
                          "%s: class_weight is for a model with one output, this one has %d; give "
                          "the data sample weights",
                          where, spec->target_count);
    if (spec->weighted[0])
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: class_weight and sample weights exclude each other; multiply them "
                          "into the sample weights",
                          where);
    const bool sequence = capas_target_is_sequence(&targets[0]);
    if (targets[0].rows != 1 || sequence)
        return capas_fail(CAPAS_UNSUPPORTED,
                          "%s: class_weight is for one label a sample, output \"%s\" has %lld; "
                          "give the data sample weights",
                          where, targets[0].output,
                          (long long)(sequence ? targets[0].count : targets[0].rows));
    for (int i = 0; i < classes->count; i++)
        if (!isfinite(classes->values[i]))
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "%s: class_weight of class %d must be a finite number", where, i);
    return CAPAS_OK;
}

capas_status capas_row_weights_check(const capas_dataset_spec *spec, const capas_target *targets,
                                     const capas_class_weights *classes, const char *where)
{
    for (int i = 0; i < spec->target_count; i++) {
        int64_t count = capas_shape_count(&spec->weight_shapes[i], 0);
        char text[128];
        if (!spec->weighted[i] || count == 1 || count == targets[i].rows) continue;
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "%s: output \"%s\" has %lld values of the loss a sample; its sample "
                          "weights must be one or as many, found the shape %s",
                          where, targets[i].output, (long long)targets[i].rows,
                          capas_shape_text(&spec->weight_shapes[i], text, sizeof text));
    }
    return classes->values ? check_classes(spec, targets, classes, where) : CAPAS_OK;
}

/* Keras rounds a target of one number. */
static double weight_of_class(const capas_target *target, const capas_class_weights *classes,
                              const void *data, int64_t row)
{
    bool number = target->count == 1;
    long class = number ? lround(capas_element_value(target->element, data, row))
                        : capas_target_class(target, data, row);
    return class >= 0 && class < classes->count ? classes->values[class] : 1;
}

double capas_row_weights_fill(const capas_dataset_spec *spec, const capas_target *targets,
                              int index, const capas_class_weights *classes,
                              const capas_batch *batch, const void *labels, float *to)
{
    const capas_target *target = &targets[index];
    const float *given = spec->weighted[index] ? batch->weights[index] : NULL;
    int64_t each = capas_shape_count(&spec->weight_shapes[index], 0);
    const int32_t *numbers = capas_target_is_sparse(target) ? labels : NULL;
    int32_t left_out = numbers ? capas_loss_left_out(target->loss) : 0;
    double sum = 0;
    for (int64_t row = 0; row < batch->count * target->rows; row++) {
        double weight = 1;
        if (given) weight = (double)given[each == 1 ? row / target->rows : row];
        if (classes->values) weight = weight_of_class(target, classes, batch->targets[index], row);
        to[row] = (float)weight;
        if (!numbers || numbers[row] != left_out) sum += (double)to[row];
    }
    return sum;
}
