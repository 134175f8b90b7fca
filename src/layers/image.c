/* Geometry of layers over images; see image.h. */
#include "layers/image.h"
#include "base/text.h"

enum { TEXT_SIZE = 128 };

const char *const capas_padding_names[] = {"valid", "same", NULL};
const char *const capas_data_format_names[] = {"channels_last", "channels_first", NULL};

capas_status capas_image_of(const capas_layer *layer, const capas_shape *shape,
                            capas_data_format format, capas_image *image)
{
    char text[TEXT_SIZE];
    bool last = format == CAPAS_CHANNELS_LAST;
    if (shape->rank != 4)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH, "takes images %s, found %s; %s",
                                last ? "(None, height, width, channels)"
                                     : "(None, channels, height, width)",
                                capas_shape_text(shape, text, sizeof text),
                                shape->rank == 3 ? "give the input a last axis of 1 channel"
                                                 : "it must come before a Flatten or Dense");
    image->height = shape->dims[last ? 1 : 2];
    image->width = shape->dims[last ? 2 : 3];
    image->channels = shape->dims[last ? 3 : 1];
    return CAPAS_OK;
}

capas_shape capas_image_shape(const capas_image *image, capas_data_format format)
{
    if (format == CAPAS_CHANNELS_LAST)
        return (capas_shape){4, {CAPAS_ANY, image->height, image->width, image->channels}};
    return (capas_shape){4, {CAPAS_ANY, image->channels, image->height, image->width}};
}

int64_t capas_slide_output(const capas_slide *slide, int64_t input)
{
    if (slide->padding == CAPAS_SAME) return (input - 1) / slide->stride + 1;
    return input < slide->size ? 0 : (input - slide->size) / slide->stride + 1;
}

int64_t capas_slide_before(const capas_slide *slide, int64_t input)
{
    if (slide->padding == CAPAS_VALID) return 0;
    int64_t output = capas_slide_output(slide, input);
    int64_t total = (output - 1) * slide->stride + slide->size - input;
    return total > 0 ? total / 2 : 0;
}

int capas_image_to_last(const capas_layer *layer, capas_program *program, int buffer,
                        capas_data_format format)
{
    static const int order[] = {0, 2, 3, 1};
    if (format == CAPAS_CHANNELS_LAST) return buffer;
    return capas_program_move(program, layer->name, buffer, order);
}

int capas_image_from_last(const capas_layer *layer, capas_program *program, int buffer,
                          capas_data_format format)
{
    static const int order[] = {0, 3, 1, 2};
    if (format == CAPAS_CHANNELS_LAST) return buffer;
    return capas_program_move(program, layer->name, buffer, order);
}
