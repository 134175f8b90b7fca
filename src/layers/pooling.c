/* MaxPooling1D, 2D, 3D and AveragePooling1D, 2D, 3D (Keras layers/pooling/base_pooling.py,
 * keras-semantics 1.3). A volume is pooled slice by slice and then along its depth: the largest of
 * the largest, the mean of the means, and the first of equals is the same one. */
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
        CAPAS_DATA_FORMAT_ROW

#define FIELD(name) offsetof(capas_pooling1d_options, name)
static const capas_option options1[] = {ROWS(capas_option_single)};
#undef FIELD
#define FIELD(name) offsetof(capas_pooling2d_options, name)
static const capas_option options2[] = {ROWS(capas_option_pair)};
#undef FIELD
#define FIELD(name) offsetof(capas_pooling3d_options, name)
static const capas_option options3[] = {ROWS(capas_option_triple)};

/* What the three shapes of layer come to. */
typedef struct pooling {
    int axes;
    capas_triple pool_size, strides;
    capas_padding padding;
    capas_data_format data_format;
} pooling;

/* `first` is the field of a size that says None. The strides that are meant: Keras writes them out
 * too, so they are put in for good. */
#define DESCRIBED(axes, first)                                                                     \
    static void describe##axes(const capas_layer *layer, void *description)                        \
    {                                                                                              \
        const capas_pooling##axes##d_options *options = layer->options;                            \
        *(pooling *)description = (pooling){axes, CAPAS_TRIPLE_OF_##axes(options->pool_size),      \
                                            CAPAS_TRIPLE_OF_##axes(options->strides),              \
                                            options->padding, options->data_format};               \
    }                                                                                              \
    static capas_status check##axes(const capas_layer *layer, const char *where)                   \
    {                                                                                              \
        (void)where;                                                                               \
        capas_pooling##axes##d_options *options = layer->options;                                  \
        if (options->first == CAPAS_NONE) options->strides = options->pool_size;                   \
        return CAPAS_OK;                                                                           \
    }
DESCRIBED(1, strides)
DESCRIBED(2, strides.height)
DESCRIBED(3, strides.depth)

static pooling described(const capas_layer *layer)
{
    pooling description;
    layer->type->describe(layer, &description);
    return description;
}

static void slides_of(const pooling *p, capas_slide *depth, capas_slide *height, capas_slide *width)
{
    *depth = (capas_slide){p->pool_size.depth, p->strides.depth, p->padding};
    *height = (capas_slide){p->pool_size.height, p->strides.height, p->padding};
    *width = (capas_slide){p->pool_size.width, p->strides.width, p->padding};
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const pooling p = described(layer);
    capas_image image;
    capas_slide depth, height, width;
    CAPAS_TRY(capas_image_of(layer, &inputs[0], p.axes, p.data_format, &image));
    slides_of(&p, &depth, &height, &width);
    capas_image result = {capas_slide_output(&height, image.height),
                          capas_slide_output(&width, image.width), image.channels,
                          capas_slide_output(&depth, image.depth)};
    char window[CAPAS_SIZES_TEXT], found[CAPAS_SIZES_TEXT];
    if (result.depth < 1 || result.height < 1 || result.width < 1)
        return capas_layer_fail(
            layer, CAPAS_SHAPE_MISMATCH,
            "the window %s is larger than its input %s; use padding \"same\", a smaller pool_size, "
            "or fewer layers before it",
            capas_sizes_text(p.axes, p.pool_size.depth, p.pool_size.height, p.pool_size.width,
                             window),
            capas_sizes_text(p.axes, image.depth, image.height, image.width, found));
    *output = capas_image_shape(&result, p.axes, p.data_format);
    return CAPAS_OK;
}

/* One pool over height and width; where the window is one cell there is nothing to do. */
static int lower_slices(const capas_layer *layer, capas_program *program, int input,
                        const capas_slide *height, const capas_slide *width, bool average)
{
    const capas_image image = capas_image_of_buffer(program, input);
    if (input == CAPAS_NO_BUFFER) return input;
    if (height->size == 1 && height->stride == 1 && width->size == 1 && width->stride == 1)
        return input;
    capas_pool_problem problem = {
        .average = average,
        .height = (int)image.height,
        .width = (int)image.width,
        .channels = (int)image.channels,
        .pool_height = (int)height->size,
        .pool_width = (int)width->size,
        .stride_height = (int)height->stride,
        .stride_width = (int)width->stride,
        .pad_top = (int)capas_slide_before(height, image.height),
        .pad_left = (int)capas_slide_before(width, image.width),
        .out_height = (int)capas_slide_output(height, image.height),
        .out_width = (int)capas_slide_output(width, image.width),
    };
    return capas_program_pool(program, layer->name, input, &problem);
}

static int lower_pool(const capas_layer *layer, capas_program *program, int buffer, bool average)
{
    const pooling p = described(layer);
    const capas_slide none = {1, 1, CAPAS_VALID};
    capas_slide depth, height, width;
    slides_of(&p, &depth, &height, &width);
    int input = capas_image_to_last(layer, program, buffer, p.axes, p.data_format);
    int output = lower_slices(layer, program, input, &height, &width, average);
    if (p.axes == 3) {
        const capas_image slices = capas_image_of_buffer(program, output);
        output = capas_image_along_depth(program, output);
        output = lower_slices(layer, program, output, &depth, &none, average);
        output = capas_image_as_volume(program, output, &slices);
    }
    return capas_image_from_last(layer, program, output, p.axes, p.data_format);
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

static capas_layer *new_pooling1(const capas_layer_type *type, int pool_size,
                                 const capas_pooling1d_options *given)
{
    capas_pooling1d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.pool_size = pool_size;
    return capas_layer_new(type, &all);
}

static capas_layer *new_pooling2(const capas_layer_type *type, int pool_size,
                                 const capas_pooling2d_options *given)
{
    capas_pooling2d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    if (all.pool_size.height == 0) all.pool_size = (capas_pair){pool_size, pool_size};
    return capas_layer_new(type, &all);
}

static capas_layer *new_pooling3(const capas_layer_type *type, int pool_size,
                                 const capas_pooling3d_options *given)
{
    capas_pooling3d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    if (all.pool_size.depth == 0) all.pool_size = (capas_triple){pool_size, 0, 0};
    return capas_layer_new(type, &all);
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

POOLING(max_pooling1d, "MaxPooling1D", "Shrinks a sequence to the largest number of each window.",
        1, lower_max)
POOLING(max_pooling2d, "MaxPooling2D", "Shrinks an image to the largest number of each window.", 2,
        lower_max)
POOLING(max_pooling3d, "MaxPooling3D", "Shrinks a volume to the largest number of each window.", 3,
        lower_max)
POOLING(average_pooling1d, "AveragePooling1D", "Shrinks a sequence to the mean of each window.", 1,
        lower_average)
POOLING(average_pooling2d, "AveragePooling2D", "Shrinks an image to the mean of each window.", 2,
        lower_average)
POOLING(average_pooling3d, "AveragePooling3D", "Shrinks a volume to the mean of each window.", 3,
        lower_average)
