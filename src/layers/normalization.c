/* Normalization: (x - mean) / sqrt(variance), with statistics that are given, or that are weights
 * which capas_adapt finds in data (Keras layers/preprocessing/normalization.py). */
#include "layers/normalization.h"
#include "base/memory.h"
#include "base/text.h"
#include "kernels/fill.h"
#include "layers/axes.h"
#include <math.h>
#include <string.h>

#define FIELD(name) offsetof(capas_normalization_options, name)
static const capas_option options[] = {
    {"axis", &capas_option_axes, FIELD(axis), -1, .nullable = true,
     .help = "the axis, or list of axes, that has a mean for each place; None: one for all"},
    {"invert", &capas_option_bool, FIELD(invert), 0,
     .help = "whether normalised numbers are brought back"},
    {"mean", &capas_option_numbers, FIELD(mean), .nullable = true,
     .help = "given in place of being found in data"},
    {"variance", &capas_option_numbers, FIELD(variance), .nullable = true,
     .help = "given in place of being found in data"},
};

static void release(void *options_of_layer)
{
    capas_normalization_options *normalization = options_of_layer;
    capas_release(normalization->mean.data);
    capas_release(normalization->variance.data);
}

static capas_status check(const capas_layer *layer, const char *where)
{
    const capas_normalization_options *normalization = layer->options;
    const capas_tensor *mean = &normalization->mean, *variance = &normalization->variance;
    if (!mean->data && !variance->data) return CAPAS_OK;
    if (!mean->data || !variance->data || !capas_shape_equal(&mean->shape, &variance->shape))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: mean and variance must both be given, in the same shape, or neither",
                          where);
    for (int64_t i = 0; i < capas_shape_count(&variance->shape, 0); i++)
        if (((const double *)variance->data)[i] < 0)
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "%s: variance must be numbers of at least 0, found %g", where,
                              ((const double *)variance->data)[i]);
    return CAPAS_OK;
}

static capas_status axes_of(const capas_layer *layer, const capas_shape *input, capas_axes *axes)
{
    const capas_normalization_options *normalization = layer->options;
    capas_shape wanted = normalization->axis;
    if (wanted.dims[0] == CAPAS_NONE) wanted.rank = 0;
    return capas_axes_of(layer, &wanted, input, axes);
}

/* The statistics' shape beside an input: 1 where one number is for all. Given ones lie along the
 * last of the axes. */
capas_status capas_normalization_statistics(const capas_layer *layer, const capas_shape *input,
                                            capas_shape *statistics)
{
    const capas_normalization_options *normalization = layer->options;
    const capas_shape *given = &normalization->mean.shape;
    capas_axes axes;
    CAPAS_TRY(axes_of(layer, input, &axes));
    *statistics = (capas_shape){.rank = input->rank};
    for (int i = 0; i < input->rank; i++)
        statistics->dims[i] = 1;
    bool fits = given->rank <= axes.count;
    for (int i = 1; i <= axes.count && fits; i++) {
        const int axis = axes.axis[axes.count - i];
        int64_t size = input->dims[axis];
        if (normalization->mean.data) size = i <= given->rank ? given->dims[given->rank - i] : 1;
        fits = size == 1 || size == input->dims[axis];
        statistics->dims[axis] = size;
    }
    if (fits) return CAPAS_OK;
    char text[96], found[96];
    return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                            "mean and variance of the shape %s do not fit the axes of its input %s",
                            capas_shape_text(given, text, sizeof text),
                            capas_shape_text(input, found, sizeof found));
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    capas_shape statistics;
    *output = inputs[0];
    return capas_normalization_statistics(layer, &inputs[0], &statistics);
}

static capas_status build(capas_layer *layer, const capas_shape *inputs, int count)
{
    (void)count;
    const capas_normalization_options *normalization = layer->options;
    static const capas_regularizer none = {0};
    capas_axes axes;
    capas_shape shape = {0}, number = {0};
    if (normalization->mean.data) return CAPAS_OK;
    CAPAS_TRY(axes_of(layer, &inputs[0], &axes));
    for (int i = 0; i < axes.count; i++)
        shape.dims[shape.rank++] = inputs[0].dims[axes.axis[i]];
    CAPAS_TRY(capas_layer_add_weight(layer, "mean", &shape, capas_zeros(), none, false));
    CAPAS_TRY(capas_layer_add_weight(layer, "variance", &shape, capas_ones(), none, false));
    return capas_layer_add_weight(layer, "count", &number, capas_zeros(), none, false);
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_normalization_options *normalization = layer->options;
    const bool given = normalization->mean.data != NULL;
    capas_rescale_problem problem = {
        .inverse = normalization->invert,
        .least = 1e-7,
        .mean = normalization->mean.data,
        .variance = normalization->variance.data,
    };
    const capas_shape *input = capas_program_shape(program, inputs[0]);
    if (capas_normalization_statistics(layer, input, &problem.statistics) != CAPAS_OK)
        return CAPAS_NO_BUFFER;
    return capas_program_rescale(program, layer->name, inputs[0], &problem,
                                 given ? CAPAS_NO_WEIGHT : layer->weights[0].index,
                                 given ? CAPAS_NO_WEIGHT : layer->weights[1].index);
}

const capas_layer_type capas_normalization_type = {
    .name = "Normalization",
    .summary = "Brings numbers to mean 0 and deviation 1 by statistics of data.",
    .options = {"Normalization", options, CAPAS_COUNT(options),
                sizeof(capas_normalization_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .check = check,
    .infer = infer,
    .build = build,
    .lower = lower,
    .release = release,
    .passes_mask = true,
};

bool capas_normalization_adapts(const capas_layer *layer)
{
    const capas_normalization_options *normalization = layer->options;
    return layer->type == &capas_normalization_type && !normalization->mean.data;
}

/* A copy in float64 that is the layer's; false without memory. */
static bool own(capas_tensor *numbers)
{
    const capas_tensor given = *numbers;
    *numbers = (capas_tensor){0};
    if (!given.data) return true;
    const int64_t count = capas_shape_count(&given.shape, 0);
    void *data = capas_allocate((size_t)(count > 0 ? count : 1), sizeof(double));
    if (!data) return false;
    if (count > 0) capas_convert(CAPAS_FLOAT64, data, given.element, given.data, count);
    *numbers = (capas_tensor){CAPAS_FLOAT64, given.shape, data};
    return true;
}

capas_layer *capas_normalization_with(const capas_normalization_options *given)
{
    capas_normalization_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    bool owned = own(&all.mean);
    owned = own(&all.variance) && owned;
    capas_layer *layer = owned ? capas_layer_new(&capas_normalization_type, &all) : NULL;
    if (!layer) release(&all);
    return layer;
}
