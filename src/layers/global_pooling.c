/* GlobalAveragePooling1D, 2D, 3D and GlobalMaxPooling1D, 2D, 3D: a sequence, an image or a volume
 * to the mean or the largest number of each channel (Keras layers/pooling/base_global_pooling.py);
 * a pool whose window is the whole. */
#include "layers/image.h"

#define FIELD(name) offsetof(capas_global_pooling_options, name)
static const capas_option options[] = {
    CAPAS_DATA_FORMAT_ROW,
    {"keepdims", &capas_option_bool, FIELD(keepdims), 0,
     .help = "whether the other axes stay, as 1"},
};

static capas_shape result_of(const capas_layer *layer, int axes, int64_t channels)
{
    const capas_global_pooling_options *pooling = layer->options;
    capas_image point = {1, 1, channels, 1};
    if (pooling->keepdims) return capas_image_shape(&point, axes, pooling->data_format);
    return (capas_shape){2, {CAPAS_ANY, channels}};
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int axes,
                          capas_shape *output)
{
    const capas_global_pooling_options *pooling = layer->options;
    capas_image image;
    CAPAS_TRY(capas_image_of(layer, &inputs[0], axes, pooling->data_format, &image));
    *output = result_of(layer, axes, image.channels);
    return CAPAS_OK;
}

/* A sequence whose steps count their shares: the mean over all of them is then that over those that
 * count (Keras 3's GlobalAveragePooling1D). */
static int lower_shares(const capas_layer *layer, capas_program *program, int buffer)
{
    const capas_global_pooling_options *pooling = layer->options;
    int mask = program->buffers[buffer].mask;
    if (mask < 0) return buffer;
    const bool first = pooling->data_format == CAPAS_CHANNELS_FIRST;
    const int64_t steps = capas_program_shape(program, mask)->dims[1];
    const capas_shape wide = {3, {CAPAS_ANY, first ? 1 : steps, first ? steps : 1}};
    int share = capas_program_share(program, layer->name, mask, true);
    return capas_program_combine(program, layer->name, buffer,
                                 capas_program_reshape(program, share, &wide),
                                 CAPAS_COMBINE_PRODUCT);
}

static int lower(const capas_layer *layer, capas_program *program, int buffer, int axes,
                 bool average)
{
    const capas_global_pooling_options *pooling = layer->options;
    if (program->status != CAPAS_OK) return CAPAS_NO_BUFFER;
    if (axes == 1 && average) buffer = lower_shares(layer, program, buffer);
    int input = capas_image_to_last(layer, program, buffer, axes, pooling->data_format);
    if (input == CAPAS_NO_BUFFER) return input;
    const capas_image image = capas_image_of_buffer(program, input);
    const int rows = (int)(image.depth * image.height);
    const capas_shape flat = {4, {CAPAS_ANY, rows, image.width, image.channels}};
    if (axes == 3) input = capas_program_reshape(program, input, &flat);
    capas_pool_problem problem = {
        .average = average,
        .shares_ties = !average,
        .height = rows,
        .width = (int)image.width,
        .channels = (int)image.channels,
        .pool_height = rows,
        .pool_width = (int)image.width,
        .stride_height = rows,
        .stride_width = (int)image.width,
        .out_height = 1,
        .out_width = 1,
    };
    capas_shape result = result_of(layer, axes, image.channels);
    int output = capas_program_pool(program, layer->name, input, &problem);
    return capas_program_reshape(program, output, &result);
}

#define GLOBAL_POOLING(word, class, axes, average, said)                                           \
    static int lower_##word##axes(const capas_layer *layer, capas_program *program,                \
                                  const int *inputs, int count)                                    \
    {                                                                                              \
        (void)count;                                                                               \
        return lower(layer, program, inputs[0], axes, average);                                    \
    }                                                                                              \
    const capas_layer_type capas_global_##word##_pooling##axes##d_type = {                         \
        .name = class,                                                                             \
        .summary = said,                                                                           \
        .options = {class, options, CAPAS_COUNT(options), sizeof(capas_global_pooling_options)},   \
        .minimum_inputs = 1,                                                                       \
        .maximum_inputs = 1,                                                                       \
        .infer = infer##axes,                                                                      \
        .lower = lower_##word##axes,                                                               \
        .takes_mask = axes == 1 && average,                                                        \
    };                                                                                             \
    capas_layer *capas_global_##word##_pooling##axes##d_with(                                      \
        const capas_global_pooling_options *given)                                                 \
    {                                                                                              \
        return capas_layer_new(&capas_global_##word##_pooling##axes##d_type, given);               \
    }

#define GLOBAL_POOLINGS(axes, of_what)                                                             \
    static capas_status infer##axes(const capas_layer *layer, const capas_shape *inputs,           \
                                    int count, capas_shape *output)                                \
    {                                                                                              \
        (void)count;                                                                               \
        return infer(layer, inputs, axes, output);                                                 \
    }                                                                                              \
    GLOBAL_POOLING(average, "GlobalAveragePooling" #axes "D", axes, true,                          \
                   "The mean of each channel of " of_what ".")                                     \
    GLOBAL_POOLING(max, "GlobalMaxPooling" #axes "D", axes, false,                                 \
                   "The largest number of each channel of " of_what ".")

GLOBAL_POOLINGS(1, "a sequence")
GLOBAL_POOLINGS(2, "an image")
GLOBAL_POOLINGS(3, "a volume")
