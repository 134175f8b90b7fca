/* GlobalAveragePooling2D: an image to the mean of each channel (Keras
 * layers/pooling/base_global_pooling.py); an average pool whose window is the image. */
#include "layers/image.h"

#define FIELD(name) offsetof(capas_global_average_pooling2d_options, name)
static const capas_option options[] = {
    {"data_format", &capas_option_enum, FIELD(data_format), CAPAS_CHANNELS_LAST,
     .words = capas_data_format_names, .help = "where an image's channels are"},
    {"keepdims", &capas_option_bool, FIELD(keepdims), 0,
     .help = "whether height and width stay, as 1"},
};

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const capas_global_average_pooling2d_options *pooling = layer->options;
    capas_image image;
    CAPAS_TRY(capas_image_of(layer, &inputs[0], pooling->data_format, &image));
    capas_image point = {1, 1, image.channels};
    if (pooling->keepdims)
        *output = capas_image_shape(&point, pooling->data_format);
    else
        *output = (capas_shape){2, {CAPAS_ANY, image.channels}};
    return CAPAS_OK;
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_global_average_pooling2d_options *pooling = layer->options;
    int input = capas_image_to_last(layer, program, inputs[0], pooling->data_format);
    if (input == CAPAS_NO_BUFFER) return input;
    const capas_shape *shape = capas_program_shape(program, input);
    capas_image point = {1, 1, shape->dims[3]};
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
    int output = capas_program_pool(program, layer->name, input, &problem);
    capas_shape result = {2, {CAPAS_ANY, point.channels}};
    if (pooling->keepdims) result = capas_image_shape(&point, pooling->data_format);
    return capas_program_reshape(program, output, &result);
}

const capas_layer_type capas_global_average_pooling2d_type = {
    .name = "GlobalAveragePooling2D",
    .summary = "The mean of each channel of an image.",
    .options = {"GlobalAveragePooling2D", options, CAPAS_COUNT(options),
                sizeof(capas_global_average_pooling2d_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .infer = infer,
    .lower = lower,
};

capas_layer *capas_global_average_pooling2d_with(
    const capas_global_average_pooling2d_options *given)
{
    return capas_layer_new(&capas_global_average_pooling2d_type, given);
}
