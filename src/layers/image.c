/* Geometry of layers over images; see image.h. */
#include "layers/image.h"
#include "base/text.h"

enum { TEXT_SIZE = 128 };

const char *const capas_padding_names[] = {"valid", "same", NULL};
const char *const capas_data_format_names[] = {"channels_last", "channels_first", NULL};

static const char *shape_wanted(int axes, bool last)
{
    if (axes == 1)
        return last ? "sequences (None, steps, channels)" : "sequences (None, channels, steps)";
    return last ? "images (None, height, width, channels)"
                : "images (None, channels, height, width)";
}

capas_status capas_image_of(const capas_layer *layer, const capas_shape *shape, int axes,
                            capas_data_format format, capas_image *image)
{
    char text[TEXT_SIZE];
    bool last = format == CAPAS_CHANNELS_LAST;
    if (shape->rank != axes + 2)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH, "takes %s, found %s; %s",
                                shape_wanted(axes, last),
                                capas_shape_text(shape, text, sizeof text),
                                shape->rank == axes + 1 ? "give the input a last axis of 1 channel"
                                                        : "it must come before a Flatten or Dense");
    const int first = last ? 1 : 2;
    image->height = axes == 1 ? 1 : shape->dims[first];
    image->width = shape->dims[first + axes - 1];
    image->channels = shape->dims[last ? axes + 1 : 1];
    return CAPAS_OK;
}

capas_shape capas_image_shape(const capas_image *image, int axes, capas_data_format format)
{
    capas_shape shape = {axes + 2, {CAPAS_ANY}};
    bool last = format == CAPAS_CHANNELS_LAST;
    const int first = last ? 1 : 2;
    shape.dims[last ? axes + 1 : 1] = image->channels;
    shape.dims[first] = image->height; /* of a sequence the width takes its place */
    shape.dims[first + axes - 1] = image->width;
    return shape;
}

int64_t capas_slide_output(const capas_slide *slide, int64_t input)
{
    if (slide->padding != CAPAS_VALID) return (input - 1) / slide->stride + 1;
    return input < slide->size ? 0 : (input - slide->size) / slide->stride + 1;
}

int64_t capas_slide_before(const capas_slide *slide, int64_t input)
{
    if (slide->padding == CAPAS_VALID) return 0;
    if (slide->padding == CAPAS_CAUSAL) return slide->size - 1;
    int64_t output = capas_slide_output(slide, input);
    int64_t total = (output - 1) * slide->stride + slide->size - input;
    return total > 0 ? total / 2 : 0;
}

/* The channels of [n, channels, ...] to the end. */
static int channels_to_last(const capas_layer *layer, capas_program *program, int buffer, int axes)
{
    static const int orders[][4] = {{0, 2, 1}, {0, 2, 3, 1}};
    return capas_program_move(program, layer->name, buffer, orders[axes - 1]);
}

static int channels_from_last(const capas_layer *layer, capas_program *program, int buffer,
                              int axes)
{
    static const int orders[][4] = {{0, 2, 1}, {0, 3, 1, 2}};
    return capas_program_move(program, layer->name, buffer, orders[axes - 1]);
}

int capas_image_to_last(const capas_layer *layer, capas_program *program, int buffer, int axes,
                        capas_data_format format)
{
    if (format != CAPAS_CHANNELS_LAST) buffer = channels_to_last(layer, program, buffer, axes);
    const capas_shape *shape = capas_program_shape(program, buffer);
    if (axes == 2 || shape == NULL) return buffer;
    capas_shape image = {4, {CAPAS_ANY, 1, shape->dims[1], shape->dims[2]}};
    return capas_program_reshape(program, buffer, &image);
}

int capas_image_from_last(const capas_layer *layer, capas_program *program, int buffer, int axes,
                          capas_data_format format)
{
    const capas_shape *shape = capas_program_shape(program, buffer);
    if (axes == 1 && shape != NULL) {
        capas_shape sequence = {3, {CAPAS_ANY, shape->dims[2], shape->dims[3]}};
        buffer = capas_program_reshape(program, buffer, &sequence);
    }
    if (format == CAPAS_CHANNELS_LAST) return buffer;
    return channels_from_last(layer, program, buffer, axes);
}
