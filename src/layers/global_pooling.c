/* GlobalAveragePooling1D and GlobalAveragePooling2D: a sequence or an image to the mean of each
 * channel (Keras layers/pooling/base_global_pooling.py); an average pool whose window is the whole.
 */
#include "layers/image.h"

#define FIELD(name) offsetof(capas_global_average_pooling2d_options, name)
static const capas_option options[] = {
    {"data_format", &capas_option_enum, FIELD(data_format), CAPAS_CHANNELS_LAST,
     .words = capas_data_format_names, .help = "where the channels are"},
    {"keepdims", &capas_option_bool, FIELD(keepdims), 0,
     .help = "whether the other axes stay, as 1"},
};

static capas_shape result_of(const capas_layer *layer, int axes, int64_t channels)
{
    const capas_global_average_pooling2d_options *pooling = layer->options;
    capas_image point = {1, 1, channels};
    if (pooling->keepdims) return capas_image_shape(&point, axes, pooling->data_format);
    return (capas_shape){2, {CAPAS_ANY, channels}};
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int axes,
                          capas_shape *output)
{
    const capas_global_average_pooling2d_options *pooling = layer->options;
    capas_image image;
    CAPAS_TRY(capas_image_of(layer, &inputs[0], axes, pooling->data_format, &image));
    *output = result_of(layer, axes, image.channels);
    return CAPAS_OK;
}

static int lower(const capas_layer *layer, capas_program *program, int buffer, int axes)
{
    const capas_global_average_pooling2d_options *pooling = layer->options;
    int input = capas_image_to_last(layer, program, buffer, axes, pooling->data_format);
    if (input == CAPAS_NO_BUFFER) return input;
    const capas_shape *shape = capas_program_shape(program, input);
    capas_pool_problem problem = {
        .average = true,
        .height = (int)shape->dims[1],
        .width = (int)shape->dims[2],
        .channels = (int)shape->dims[3],
        .pool_height = (int)shape->dims[1],
        .pool_width = (int)shape->dims[2],
        .stride_height = (int)shape->dims[1],
        .stride_width = (int)shape->dims[2],
        .out_height = 1,
        .out_width = 1,
    };
    capas_shape result = result_of(layer, axes, problem.channels);
    int output = capas_program_pool(program, layer->name, input, &problem);
    return capas_program_reshape(program, output, &result);
}

#define GLOBAL_AVERAGE(axes, said)                                                                 \
    static capas_status infer##axes(const capas_layer *layer, const capas_shape *inputs,           \
                                    int count, capas_shape *output)                                \
    {                                                                                              \
        (void)count;                                                                               \
        return infer(layer, inputs, axes, output);                                                 \
    }                                                                                              \
    static int lower##axes(const capas_layer *layer, capas_program *program, const int *inputs,    \
                           int count)                                                              \
    {                                                                                              \
        (void)count;                                                                               \
        return lower(layer, program, inputs[0], axes);                                             \
    }                                                                                              \
    const capas_layer_type capas_global_average_pooling##axes##d_type = {                          \
        .name = "GlobalAveragePooling" #axes "D",                                                  \
        .summary = said,                                                                           \
        .options = {"GlobalAveragePooling" #axes "D", options, CAPAS_COUNT(options),               \
                    sizeof(capas_global_average_pooling2d_options)},                               \
        .minimum_inputs = 1,                                                                       \
        .maximum_inputs = 1,                                                                       \
        .infer = infer##axes,                                                                      \
        .lower = lower##axes,                                                                      \
    };                                                                                             \
    capas_layer *capas_global_average_pooling##axes##d_with(                                       \
        const capas_global_average_pooling2d_options *given)                                       \
    {                                                                                              \
        return capas_layer_new(&capas_global_average_pooling##axes##d_type, given);                \
    }

GLOBAL_AVERAGE(1, "The mean of each channel of a sequence.")
GLOBAL_AVERAGE(2, "The mean of each channel of an image.")
