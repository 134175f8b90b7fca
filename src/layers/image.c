/* Geometry of layers over images; see image.h. */
#include "layers/image.h"
#include "base/text.h"
#include <stdio.h>

enum { TEXT_SIZE = 128 };

const char *const capas_padding_names[] = {"valid", "same", NULL};
const char *const capas_data_format_names[] = {"channels_last", "channels_first", NULL};

static const char *shape_wanted(int axes, bool last)
{
    if (axes == 1)
        return last ? "sequences (None, steps, channels)" : "sequences (None, channels, steps)";
    if (axes == 3)
        return last ? "volumes (None, depth, height, width, channels)"
                    : "volumes (None, channels, depth, height, width)";
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
    image->depth = axes == 3 ? shape->dims[first] : 1;
    image->height = axes == 1 ? 1 : shape->dims[first + axes - 2];
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
    const int64_t sizes[] = {image->depth, image->height, image->width};
    for (int i = 0; i < axes; i++)
        shape.dims[first + i] = sizes[3 - axes + i];
    return shape;
}

const char *capas_sizes_text(int axes, int64_t depth, int64_t height, int64_t width,
                             char text[CAPAS_SIZES_TEXT])
{
    const long long d = depth, h = height, w = width;
    if (axes == 1)
        snprintf(text, CAPAS_SIZES_TEXT, "%lld", w);
    else if (axes == 2)
        snprintf(text, CAPAS_SIZES_TEXT, "%lldx%lld", h, w);
    else
        snprintf(text, CAPAS_SIZES_TEXT, "%lldx%lldx%lld", d, h, w);
    return text;
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
    static const int orders[][5] = {{0, 2, 1}, {0, 2, 3, 1}, {0, 2, 3, 4, 1}};
    return capas_program_move(program, layer->name, buffer, orders[axes - 1]);
}

static int channels_from_last(const capas_layer *layer, capas_program *program, int buffer,
                              int axes)
{
    static const int orders[][5] = {{0, 2, 1}, {0, 3, 1, 2}, {0, 4, 1, 2, 3}};
    return capas_program_move(program, layer->name, buffer, orders[axes - 1]);
}

int capas_image_to_last(const capas_layer *layer, capas_program *program, int buffer, int axes,
                        capas_data_format format)
{
    if (format != CAPAS_CHANNELS_LAST) buffer = channels_to_last(layer, program, buffer, axes);
    const capas_shape *shape = capas_program_shape(program, buffer);
    if (axes != 1 || shape == NULL) return buffer;
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

capas_image capas_image_of_buffer(const capas_program *program, int buffer)
{
    const capas_shape *shape = capas_program_shape(program, buffer);
    const int64_t *sizes = shape->dims + (shape->rank > 4 ? 1 : 0);
    return (capas_image){sizes[1], sizes[2], sizes[3], shape->rank > 4 ? sizes[0] : 1};
}

int capas_image_along_depth(capas_program *program, int buffer)
{
    const capas_image image = capas_image_of_buffer(program, buffer);
    const int64_t slice = image.height * image.width * image.channels;
    const capas_shape shape = {4, {CAPAS_ANY, image.depth, 1, slice}};
    return capas_program_reshape(program, buffer, &shape);
}

int capas_image_as_volume(capas_program *program, int buffer, const capas_image *slices)
{
    const capas_shape *image = capas_program_shape(program, buffer);
    const capas_shape shape = {
        5, {CAPAS_ANY, image->dims[1], slices->height, slices->width, slices->channels}};
    return capas_program_reshape(program, buffer, &shape);
}
