/* AdaptiveAveragePooling1D, 2D, 3D and AdaptiveMaxPooling1D, 2D, 3D: pools whose windows follow
 * from the sizes of input and output (Keras layers/pooling/base_adaptive_pooling.py). A maximum is
 * taken along one axis after another, first the depth, as Keras does it: of equal numbers the same
 * one gets the gradient then. */
#include "layers/image.h"
#include <capas/pooling.h>

#define ROWS(size_kind)                                                                            \
    {"output_size", &size_kind, FIELD(output_size), .minimum = 1,                                  \
     .help = "how many windows there are along each axis"},                                        \
        CAPAS_DATA_FORMAT_ROW

#define FIELD(name) offsetof(capas_adaptive_pooling1d_options, name)
static const capas_option options1[] = {ROWS(capas_option_single)};
#undef FIELD
#define FIELD(name) offsetof(capas_adaptive_pooling2d_options, name)
static const capas_option options2[] = {ROWS(capas_option_pair)};
#undef FIELD
#define FIELD(name) offsetof(capas_adaptive_pooling3d_options, name)
static const capas_option options3[] = {ROWS(capas_option_triple)};

/* What the three shapes of layer come to. */
typedef struct pooling {
    int axes;
    capas_triple size;
    capas_data_format data_format;
} pooling;

static pooling described(const capas_layer *layer)
{
    pooling description;
    layer->type->describe(layer, &description);
    return description;
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const pooling p = described(layer);
    capas_image image;
    CAPAS_TRY(capas_image_of(layer, &inputs[0], p.axes, p.data_format, &image));
    const capas_image result = {p.size.height, p.size.width, image.channels, p.size.depth};
    *output = capas_image_shape(&result, p.axes, p.data_format);
    return CAPAS_OK;
}

/* To so many rows and columns; where there are as many there is nothing to do. */
static int lower_windows(const capas_layer *layer, capas_program *program, int input, int rows,
                         int columns, bool average)
{
    if (input == CAPAS_NO_BUFFER) return input;
    const capas_image image = capas_image_of_buffer(program, input);
    if (image.height == rows && image.width == columns) return input;
    const capas_pool_problem problem = {
        .average = average,
        .adaptive = true,
        .height = (int)image.height,
        .width = (int)image.width,
        .channels = (int)image.channels,
        .pool_height = (int)(image.height + rows - 1) / rows,
        .pool_width = (int)(image.width + columns - 1) / columns,
        .stride_height = (int)image.height / rows,
        .stride_width = (int)image.width / columns,
        .out_height = rows,
        .out_width = columns,
    };
    return capas_program_pool(program, layer->name, input, &problem);
}

static int lower_pool(const capas_layer *layer, capas_program *program, int buffer, bool average)
{
    const pooling p = described(layer);
    int output = capas_image_to_last(layer, program, buffer, p.axes, p.data_format);
    if (output == CAPAS_NO_BUFFER) return output;
    const capas_image image = capas_image_of_buffer(program, output);
    if (p.axes == 3) {
        output = capas_image_along_depth(program, output);
        output = lower_windows(layer, program, output, p.size.depth, 1, average);
        output = capas_image_as_volume(program, output, &image);
    }
    if (!average)
        output = lower_windows(layer, program, output, p.size.height, (int)image.width, average);
    output = lower_windows(layer, program, output, p.size.height, p.size.width, average);
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

/* The size that the constructor's number says, unless the options say one. */
static void take_single(int *size, int number)
{
    *size = number;
}

static void take_pair(capas_pair *size, int number)
{
    if (size->height == 0) *size = (capas_pair){number, number};
}

static void take_triple(capas_triple *size, int number)
{
    if (size->depth == 0) *size = (capas_triple){number, 0, 0};
}

#define POOLING(word, class, said, axes, lowering, take)                                           \
    const capas_layer_type capas_adaptive_##word##_pooling##axes##d_type = {                       \
        .name = class,                                                                             \
        .summary = said,                                                                           \
        .options = {class, options##axes, CAPAS_COUNT(options##axes),                              \
                    sizeof(capas_adaptive_pooling##axes##d_options)},                              \
        .minimum_inputs = 1,                                                                       \
        .maximum_inputs = 1,                                                                       \
        .describe = describe##axes,                                                                \
        .infer = infer,                                                                            \
        .lower = lowering,                                                                         \
    };                                                                                             \
    capas_layer *capas_adaptive_##word##_pooling##axes##d_with(                                    \
        int output_size, const capas_adaptive_pooling##axes##d_options *given)                     \
    {                                                                                              \
        capas_adaptive_pooling##axes##d_options all;                                               \
        capas_layer_copy_options(&all, sizeof all, given);                                         \
        take(&all.output_size, output_size);                                                       \
        return capas_layer_new(&capas_adaptive_##word##_pooling##axes##d_type, &all);              \
    }

#define POOLINGS(axes, of_what, take)                                                              \
    static void describe##axes(const capas_layer *layer, void *description)                        \
    {                                                                                              \
        const capas_adaptive_pooling##axes##d_options *options = layer->options;                   \
        *(pooling *)description =                                                                  \
            (pooling){axes, CAPAS_TRIPLE_OF_##axes(options->output_size), options->data_format};   \
    }                                                                                              \
    POOLING(average, "AdaptiveAveragePooling" #axes "D",                                           \
            "Brings " of_what " to a size by the means of as many windows.", axes, lower_average,  \
            take)                                                                                  \
    POOLING(max, "AdaptiveMaxPooling" #axes "D",                                                   \
            "Brings " of_what " to a size by the largest numbers of as many windows.", axes,       \
            lower_max, take)

POOLINGS(1, "a sequence", take_single)
POOLINGS(2, "an image", take_pair)
POOLINGS(3, "a volume", take_triple)
