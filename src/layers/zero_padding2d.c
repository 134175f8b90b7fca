/* ZeroPadding2D: an image with rows and columns of zeros around it (Keras
 * layers/reshaping/zero_padding2d.py). */
#include "layers/image.h"

#define FIELD(name) offsetof(capas_zero_padding2d_options, name)
static const capas_option options[] = {
    {"padding", &capas_option_margins, FIELD(padding), 1,
     .help = "rows above and below, columns left and right"},
    {"data_format", &capas_option_enum, FIELD(data_format), CAPAS_CHANNELS_LAST,
     .words = capas_data_format_names, .help = "where an image's channels are"},
};

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const capas_zero_padding2d_options *zeros = layer->options;
    const capas_margins *m = &zeros->padding;
    capas_image image;
    CAPAS_TRY(capas_image_of(layer, &inputs[0], zeros->data_format, &image));
    image.height += (int64_t)m->top + m->bottom;
    image.width += (int64_t)m->left + m->right;
    *output = capas_image_shape(&image, zeros->data_format);
    return CAPAS_OK;
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_zero_padding2d_options *zeros = layer->options;
    int input = capas_image_to_last(layer, program, inputs[0], zeros->data_format);
    int output = capas_program_pad(program, layer->name, input, &zeros->padding);
    return capas_image_from_last(layer, program, output, zeros->data_format);
}

const capas_layer_type capas_zero_padding2d_type = {
    .name = "ZeroPadding2D",
    .summary = "Zeros around an image.",
    .options = {"ZeroPadding2D", options, CAPAS_COUNT(options),
                sizeof(capas_zero_padding2d_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .infer = infer,
    .lower = lower,
};

capas_layer *capas_zero_padding2d_with(int padding, const capas_zero_padding2d_options *given)
{
    capas_zero_padding2d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    capas_margins *m = &all.padding;
    if (m->top == 0 && m->bottom == 0 && m->left == 0 && m->right == 0)
        *m = (capas_margins){padding == 0 ? CAPAS_ZERO : padding, padding, padding, padding};
    return capas_layer_new(&capas_zero_padding2d_type, &all);
}
