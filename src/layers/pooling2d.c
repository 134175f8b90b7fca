/* MaxPooling2D and AveragePooling2D (Keras layers/pooling/base_pooling.py, keras-semantics 1.3). */
#include "layers/image.h"

#define FIELD(name) offsetof(capas_pooling2d_options, name)
static const capas_option options[] = {
    {"pool_size", &capas_option_pair, FIELD(pool_size), 2, .minimum = 1,
     .help = "height and width of the window"},
    {"padding", &capas_option_enum, FIELD(padding), CAPAS_VALID, .words = capas_padding_names,
     .help = "valid: only whole windows; same: windows may reach over the border"},
    {"strides", &capas_option_pair, FIELD(strides), CAPAS_NONE, .minimum = 1, .nullable = true,
     .help = "steps of the window; None: the pool_size"},
    {"data_format", &capas_option_enum, FIELD(data_format), CAPAS_CHANNELS_LAST,
     .words = capas_data_format_names, .help = "where an image's channels are"},
};

/* The strides that are meant: Keras writes them out too, so they are put in for good. */
static capas_status check(const capas_layer *layer, const char *where)
{
    (void)where;
    capas_pooling2d_options *pooling = layer->options;
    if (pooling->strides.height == CAPAS_NONE) pooling->strides = pooling->pool_size;
    return CAPAS_OK;
}

static void slides_of(const capas_pooling2d_options *pooling, capas_slide *height,
                      capas_slide *width)
{
    *height = (capas_slide){pooling->pool_size.height, pooling->strides.height, pooling->padding};
    *width = (capas_slide){pooling->pool_size.width, pooling->strides.width, pooling->padding};
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const capas_pooling2d_options *pooling = layer->options;
    capas_image image;
    capas_slide height, width;
    CAPAS_TRY(capas_image_of(layer, &inputs[0], pooling->data_format, &image));
    slides_of(pooling, &height, &width);
    capas_image result = {capas_slide_output(&height, image.height),
                          capas_slide_output(&width, image.width), image.channels};
    if (result.height < 1 || result.width < 1)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "the window %dx%d is larger than its input %lldx%lld; use padding "
                                "\"same\", a smaller pool_size, or fewer layers before it",
                                pooling->pool_size.height, pooling->pool_size.width,
                                (long long)image.height, (long long)image.width);
    *output = capas_image_shape(&result, pooling->data_format);
    return CAPAS_OK;
}

static int lower_pool(const capas_layer *layer, capas_program *program, int buffer, bool average)
{
    const capas_pooling2d_options *pooling = layer->options;
    capas_slide height, width;
    slides_of(pooling, &height, &width);
    int input = capas_image_to_last(layer, program, buffer, pooling->data_format);
    if (input == CAPAS_NO_BUFFER) return input;
    const capas_shape *shape = capas_program_shape(program, input);
    capas_pool_problem problem = {
        .average = average,
        .height = (int)shape->dims[1],
        .width = (int)shape->dims[2],
        .channels = (int)shape->dims[3],
        .pool_height = pooling->pool_size.height,
        .pool_width = pooling->pool_size.width,
        .stride_height = pooling->strides.height,
        .stride_width = pooling->strides.width,
        .pad_top = (int)capas_slide_before(&height, shape->dims[1]),
        .pad_left = (int)capas_slide_before(&width, shape->dims[2]),
        .out_height = (int)capas_slide_output(&height, shape->dims[1]),
        .out_width = (int)capas_slide_output(&width, shape->dims[2]),
    };
    int output = capas_program_pool(program, layer->name, input, &problem);
    return capas_image_from_last(layer, program, output, pooling->data_format);
}

static int lower_max(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    return lower_pool(layer, program, inputs[0], false);
}

static int lower_average(const capas_layer *layer, capas_program *program, const int *inputs,
                         int count)
{
    (void)count;
    return lower_pool(layer, program, inputs[0], true);
}

const capas_layer_type capas_max_pooling2d_type = {
    .name = "MaxPooling2D",
    .summary = "Shrinks an image to the largest number of each window.",
    .options = {"MaxPooling2D", options, CAPAS_COUNT(options), sizeof(capas_pooling2d_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .check = check,
    .infer = infer,
    .lower = lower_max,
};

const capas_layer_type capas_average_pooling2d_type = {
    .name = "AveragePooling2D",
    .summary = "Shrinks an image to the mean of each window.",
    .options = {"AveragePooling2D", options, CAPAS_COUNT(options), sizeof(capas_pooling2d_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .check = check,
    .infer = infer,
    .lower = lower_average,
};

static capas_layer *new_pooling(const capas_layer_type *type, int pool_size,
                                const capas_pooling2d_options *given)
{
    capas_pooling2d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    if (all.pool_size.height == 0) all.pool_size = (capas_pair){pool_size, pool_size};
    return capas_layer_new(type, &all);
}

capas_layer *capas_max_pooling2d_with(int pool_size, const capas_pooling2d_options *given)
{
    return new_pooling(&capas_max_pooling2d_type, pool_size, given);
}

capas_layer *capas_average_pooling2d_with(int pool_size, const capas_pooling2d_options *given)
{
    return new_pooling(&capas_average_pooling2d_type, pool_size, given);
}
