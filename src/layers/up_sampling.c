/* UpSampling2D and UpSampling3D: each row, column and plane several times, or images resized (Keras
 * layers/reshaping/up_sampling2d.py, up_sampling3d.py). UpSampling1D is in repeat.c. */
#include "base/text.h"
#include "layers/image.h"

enum { TEXT_SIZE = 128 };

#define FIELD(name) offsetof(capas_up_sampling2d_options, name)
static const capas_option image_options[] = {
    {"size", &capas_option_pair, FIELD(size), 2, .minimum = 1,
     .help = "how often each row and column"},
    CAPAS_DATA_FORMAT_ROW,
    {"interpolation", &capas_option_enum, FIELD(interpolation), CAPAS_INTERPOLATE_NEAREST,
     .words = capas_interpolation_names, .help = "what lies between pixels; nearest repeats them"},
};
#undef FIELD
#define FIELD(name) offsetof(capas_up_sampling3d_options, name)
static const capas_option volume_options[] = {
    {"size", &capas_option_triple, FIELD(size), 2, .minimum = 1,
     .help = "how often each plane, row and column"},
    CAPAS_DATA_FORMAT_ROW,
};

/* The axis of the first size. */
static int first_axis(capas_data_format format)
{
    return format == CAPAS_CHANNELS_FIRST ? 2 : 1;
}

static capas_status infer(const capas_layer *layer, const capas_shape *input, const char *wanted,
                          const int *times, int count, capas_data_format format,
                          capas_shape *output)
{
    char text[TEXT_SIZE];
    *output = *input;
    if (input->rank != count + 2)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH, "takes %s, found %s", wanted,
                                capas_shape_text(input, text, sizeof text));
    for (int i = 0; i < count; i++)
        output->dims[first_axis(format) + i] *= times[i];
    return CAPAS_OK;
}

static int repeat(const capas_layer *layer, capas_program *program, int buffer, const int *times,
                  int count, capas_data_format format)
{
    for (int i = 0; i < count; i++)
        if (times[i] > 1)
            buffer = capas_program_repeat(program, layer->name, buffer, first_axis(format) + i,
                                          times[i]);
    return buffer;
}

static capas_status infer_2d(const capas_layer *layer, const capas_shape *inputs, int count,
                             capas_shape *output)
{
    (void)count;
    const capas_up_sampling2d_options *up = layer->options;
    const int times[] = {up->size.height, up->size.width};
    return infer(layer, &inputs[0], "images (None, height, width, channels)", times, 2,
                 up->data_format, output);
}

static int lower_2d(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_up_sampling2d_options *up = layer->options;
    const int times[] = {up->size.height, up->size.width};
    if (up->interpolation == CAPAS_INTERPOLATE_NEAREST)
        return repeat(layer, program, inputs[0], times, 2, up->data_format);
    int buffer = inputs[0];
    for (int i = 0; i < 2; i++) {
        const int axis = first_axis(up->data_format) + i;
        const int64_t size = capas_program_shape(program, buffer)->dims[axis];
        buffer = capas_program_resize(program, layer->name, buffer, axis, (int)size * times[i],
                                      up->interpolation, false);
    }
    return buffer;
}

static capas_status infer_3d(const capas_layer *layer, const capas_shape *inputs, int count,
                             capas_shape *output)
{
    (void)count;
    const capas_up_sampling3d_options *up = layer->options;
    const int times[] = {up->size.depth, up->size.height, up->size.width};
    return infer(layer, &inputs[0], "volumes (None, depth, height, width, channels)", times, 3,
                 up->data_format, output);
}

static int lower_3d(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_up_sampling3d_options *up = layer->options;
    const int times[] = {up->size.depth, up->size.height, up->size.width};
    return repeat(layer, program, inputs[0], times, 3, up->data_format);
}

#define UP_SAMPLING(axes, text, rows)                                                              \
    const capas_layer_type capas_up_sampling##axes##_type = {                                      \
        .name = text,                                                                              \
        .summary = "Makes images or volumes larger by whole factors.",                             \
        .options = {text, rows, CAPAS_COUNT(rows), sizeof(capas_up_sampling##axes##_options)},     \
        .minimum_inputs = 1,                                                                       \
        .maximum_inputs = 1,                                                                       \
        .infer = infer_##axes,                                                                     \
        .lower = lower_##axes,                                                                     \
    };

UP_SAMPLING(2d, "UpSampling2D", image_options)
UP_SAMPLING(3d, "UpSampling3D", volume_options)

capas_layer *capas_up_sampling2d_with(int size, const capas_up_sampling2d_options *given)
{
    capas_up_sampling2d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    if (all.size.height == 0) all.size.height = size == 0 ? CAPAS_ZERO : size;
    return capas_layer_new(&capas_up_sampling2d_type, &all);
}

capas_layer *capas_up_sampling3d_with(int size, const capas_up_sampling3d_options *given)
{
    capas_up_sampling3d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    if (all.size.depth == 0) all.size.depth = size == 0 ? CAPAS_ZERO : size;
    return capas_layer_new(&capas_up_sampling3d_type, &all);
}
