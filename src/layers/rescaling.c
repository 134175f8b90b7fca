/* Rescaling: x * scale + offset (Keras layers/preprocessing/rescaling.py). In files and recipes the
 * scale may be a list, one for each channel, as Keras's EfficientNet has it. */
#include "base/memory.h"
#include "layers/layer.h"
#include <math.h>

typedef struct rescaling_options {
    capas_rescaling_options said;
    capas_tensor scales; /* float64, the layer's own; no data: said.scale is for all */
} rescaling_options;

/* Of the struct that the option's field is in. */
static capas_tensor *scales_of(const capas_option *option, const void *field)
{
    return &((rescaling_options *)(void *)((char *)(uintptr_t)field - option->offset))->scales;
}

static void resolve_scale(const capas_option *option, void *field)
{
    capas_option_real.resolve(option, field);
}

static capas_status check_scale(const capas_option *option, const void *field)
{
    const capas_tensor *scales = scales_of(option, field);
    if (!scales->data) return capas_option_real.check(option, field);
    if (scales->shape.rank > 1)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "a number or one for each channel, found a list "
                                                  "of lists");
    return capas_option_numbers.check(option, scales);
}

static capas_status read_scale(const capas_option *option, const capas_value *value, void *field)
{
    capas_tensor *scales = scales_of(option, field);
    if (value->kind == CAPAS_VALUE_LIST) {
        *(double *)field = 1;
        return capas_option_numbers.read(option, value, scales);
    }
    capas_release(scales->data);
    *scales = (capas_tensor){0};
    return capas_option_real.read(option, value, field);
}

static capas_value *write_scale(const capas_option *option, const void *field)
{
    const capas_tensor *scales = scales_of(option, field);
    return scales->data ? capas_option_numbers.write(option, scales)
                        : capas_option_real.write(option, field);
}

static const capas_option_kind scale_kind = {
    "a number or a list of numbers", resolve_scale, check_scale, read_scale, write_scale,
};

static const capas_option options[] = {
    {"scale", &scale_kind, offsetof(rescaling_options, said.scale), NAN,
     .help = "what is multiplied; a list: one for each channel"},
    {"offset", &capas_option_real, offsetof(rescaling_options, said.offset), 0,
     .help = "what is added after"},
};

static void release(void *options_of_layer)
{
    capas_release(((rescaling_options *)options_of_layer)->scales.data);
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const capas_tensor *scales = &((const rescaling_options *)layer->options)->scales;
    *output = inputs[0];
    int64_t given = scales->shape.dims[0], channels = inputs[0].dims[inputs[0].rank - 1];
    if (!scales->data || given == 1 || given == channels) return CAPAS_OK;
    return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                            "there are %lld scales, and its input has %lld channels",
                            (long long)given, (long long)channels);
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const rescaling_options *rescaling = layer->options;
    const capas_tensor *scales = &rescaling->scales;
    const double offset = rescaling->said.offset;
    if (!scales->data)
        return capas_program_affine(program, layer->name, inputs[0], rescaling->said.scale, offset);
    capas_rescale_problem problem = {.inverse = true,
                                     .without_mean = true,
                                     .deviations = true,
                                     .mean = scales->data,
                                     .variance = scales->data};
    problem.statistics.rank = capas_program_shape(program, inputs[0])->rank;
    for (int i = 0; i < problem.statistics.rank; i++)
        problem.statistics.dims[i] = 1;
    problem.statistics.dims[problem.statistics.rank - 1] = scales->shape.dims[0];
    int scaled = capas_program_rescale(program, layer->name, inputs[0], &problem, CAPAS_NO_WEIGHT,
                                       CAPAS_NO_WEIGHT);
    return offset == 0 ? scaled : capas_program_affine(program, layer->name, scaled, 1, offset);
}

const capas_layer_type capas_rescaling_type = {
    .name = "Rescaling",
    .summary = "Multiplies every number by scale and adds offset.",
    .options = {"Rescaling", options, CAPAS_COUNT(options), sizeof(rescaling_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .infer = infer,
    .lower = lower,
    .release = release,
    .passes_mask = true,
};

capas_layer *capas_rescaling_with(double scale, const capas_rescaling_options *given)
{
    rescaling_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.said.scale =
        scale == 0 ? CAPAS_ZERO : scale; /* 0 is a scale like any other, not left out */
    return capas_layer_new(&capas_rescaling_type, &all);
}
