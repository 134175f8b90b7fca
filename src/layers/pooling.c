/* MaxPooling1D, MaxPooling2D, AveragePooling1D and AveragePooling2D (Keras
 * layers/pooling/base_pooling.py, keras-semantics 1.3). */
#include "layers/image.h"

#define ROWS(size_kind)                                                                            \
    {"pool_size", &size_kind, FIELD(pool_size), 2, .minimum = 1, .help = "size of the window"},    \
        {"padding",                                                                                \
         &capas_option_enum,                                                                       \
         FIELD(padding),                                                                           \
         CAPAS_VALID,                                                                              \
         .words = capas_padding_names,                                                             \
         .help = "valid: only whole windows; same: windows may reach over the border"},            \
        {"strides",                                                                                \
         &size_kind,                                                                               \
         FIELD(strides),                                                                           \
         CAPAS_NONE,                                                                               \
         .minimum = 1,                                                                             \
         .nullable = true,                                                                         \
         .help = "steps of the window; None: the pool_size"},                                      \
    {                                                                                              \
        "data_format", &capas_option_enum, FIELD(data_format), CAPAS_CHANNELS_LAST,                \
            .words = capas_data_format_names, .help = "where the channels are"                     \
    }

#define FIELD(name) offsetof(capas_pooling2d_options, name)
static const capas_option options2[] = {ROWS(capas_option_pair)};
#undef FIELD
#define FIELD(name) offsetof(capas_pooling1d_options, name)
static const capas_option options1[] = {ROWS(capas_option_single)};

/* What both shapes of layer come to. */
typedef struct pooling {
    int axes;
    capas_pair pool_size, strides;
    capas_padding padding;
    capas_data_format data_format;
} pooling;

static void describe2(const capas_layer *layer, void *description)
{
    const capas_pooling2d_options *options = layer->options;
    *(pooling *)description =
        (pooling){2, options->pool_size, options->strides, options->padding, options->data_format};
}

static void describe1(const capas_layer *layer, void *description)
{
    const capas_pooling1d_options *options = layer->options;
    *(pooling *)description = (pooling){
        1, {1, options->pool_size}, {1, options->strides}, options->padding, options->data_format};
}

static pooling described(const capas_layer *layer)
{
    pooling description;
    layer->type->describe(layer, &description);
    return description;
}

/* The strides that are meant: Keras writes them out too, so they are put in for good. */
static capas_status check2(const capas_layer *layer, const char *where)
{
    (void)where;
    capas_pooling2d_options *options = layer->options;
    if (options->strides.height == CAPAS_NONE) options->strides = options->pool_size;
    return CAPAS_OK;
}

static capas_status check1(const capas_layer *layer, const char *where)
{
    (void)where;
    capas_pooling1d_options *options = layer->options;
    if (options->strides == CAPAS_NONE) options->strides = options->pool_size;
    return CAPAS_OK;
}

static void slides_of(const pooling *pooling, capas_slide *height, capas_slide *width)
{
    *height = (capas_slide){pooling->pool_size.height, pooling->strides.height, pooling->padding};
    *width = (capas_slide){pooling->pool_size.width, pooling->strides.width, pooling->padding};
}

static capas_status fail_too_large(const capas_layer *layer, const pooling *pooling,
                                   const capas_image *image)
{
    static const char *const advice =
        "use padding \"same\", a smaller pool_size, or fewer layers before it";
    if (pooling->axes == 1)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "the window %d is larger than its input %lld; %s",
                                pooling->pool_size.width, (long long)image->width, advice);
    return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                            "the window %dx%d is larger than its input %lldx%lld; %s",
                            pooling->pool_size.height, pooling->pool_size.width,
                            (long long)image->height, (long long)image->width, advice);
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const pooling pooling = described(layer);
    capas_image image;
    capas_slide height, width;
    CAPAS_TRY(capas_image_of(layer, &inputs[0], pooling.axes, pooling.data_format, &image));
    slides_of(&pooling, &height, &width);
    capas_image result = {capas_slide_output(&height, image.height),
                          capas_slide_output(&width, image.width), image.channels};
    if (result.height < 1 || result.width < 1) return fail_too_large(layer, &pooling, &image);
    *output = capas_image_shape(&result, pooling.axes, pooling.data_format);
    return CAPAS_OK;
}

static int lower_pool(const capas_layer *layer, capas_program *program, int buffer, bool average)
{
    const pooling pooling = described(layer);
    capas_slide height, width;
    slides_of(&pooling, &height, &width);
    int input = capas_image_to_last(layer, program, buffer, pooling.axes, pooling.data_format);
    if (input == CAPAS_NO_BUFFER) return input;
    const capas_shape *shape = capas_program_shape(program, input);
    capas_pool_problem problem = {
        .average = average,
        .height = (int)shape->dims[1],
        .width = (int)shape->dims[2],
        .channels = (int)shape->dims[3],
        .pool_height = pooling.pool_size.height,
        .pool_width = pooling.pool_size.width,
        .stride_height = pooling.strides.height,
        .stride_width = pooling.strides.width,
        .pad_top = (int)capas_slide_before(&height, shape->dims[1]),
        .pad_left = (int)capas_slide_before(&width, shape->dims[2]),
        .out_height = (int)capas_slide_output(&height, shape->dims[1]),
        .out_width = (int)capas_slide_output(&width, shape->dims[2]),
    };
    int output = capas_program_pool(program, layer->name, input, &problem);
    return capas_image_from_last(layer, program, output, pooling.axes, pooling.data_format);
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

#define POOLING(word, class, said, axes, lowering)                                                 \
    const capas_layer_type capas_##word##_type = {                                                 \
        .name = class,                                                                             \
        .summary = said,                                                                           \
        .options = {class, options##axes, CAPAS_COUNT(options##axes),                              \
                    sizeof(capas_pooling##axes##d_options)},                                       \
        .minimum_inputs = 1,                                                                       \
        .maximum_inputs = 1,                                                                       \
        .describe = describe##axes,                                                                \
        .check = check##axes,                                                                      \
        .infer = infer,                                                                            \
        .lower = lowering,                                                                         \
    };                                                                                             \
    capas_layer *capas_##word##_with(int pool_size, const capas_pooling##axes##d_options *given)   \
    {                                                                                              \
        return new_pooling##axes(&capas_##word##_type, pool_size, given);                          \
    }

static capas_layer *new_pooling2(const capas_layer_type *type, int pool_size,
                                 const capas_pooling2d_options *given)
{
    capas_pooling2d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    if (all.pool_size.height == 0) all.pool_size = (capas_pair){pool_size, pool_size};
    return capas_layer_new(type, &all);
}

static capas_layer *new_pooling1(const capas_layer_type *type, int pool_size,
                                 const capas_pooling1d_options *given)
{
    capas_pooling1d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.pool_size = pool_size;
    return capas_layer_new(type, &all);
}

POOLING(max_pooling1d, "MaxPooling1D", "Shrinks a sequence to the largest number of each window.",
        1, lower_max)
POOLING(max_pooling2d, "MaxPooling2D", "Shrinks an image to the largest number of each window.", 2,
        lower_max)
POOLING(average_pooling1d, "AveragePooling1D", "Shrinks a sequence to the mean of each window.", 1,
        lower_average)
POOLING(average_pooling2d, "AveragePooling2D", "Shrinks an image to the mean of each window.", 2,
        lower_average)
