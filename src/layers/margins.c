/* ZeroPadding1D, ZeroPadding2D, Cropping1D and Cropping2D: a sequence or an image with zeros around
 * it, or without its edges (Keras layers/reshaping/zero_padding2d.py, cropping2d.py). One
 * operation: what is cut off is a margin below 0. */
#include "layers/image.h"
#include <limits.h>

/* What the four come to: rows and columns that are added. */
typedef struct margins {
    int axes;
    capas_margins added;
    capas_data_format data_format;
} margins;

static margins described(const capas_layer *layer)
{
    margins description;
    layer->type->describe(layer, &description);
    return description;
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const margins m = described(layer);
    capas_image image;
    CAPAS_TRY(capas_image_of(layer, &inputs[0], m.axes, m.data_format, &image));
    int64_t height = image.height + m.added.top + m.added.bottom;
    int64_t width = image.width + m.added.left + m.added.right;
    if (height < 1 || width < 1)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "nothing is left of its input %lldx%lld; crop less",
                                (long long)image.height, (long long)image.width);
    image.height = height;
    image.width = width;
    *output = capas_image_shape(&image, m.axes, m.data_format);
    return CAPAS_OK;
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const margins m = described(layer);
    int input = capas_image_to_last(layer, program, inputs[0], m.axes, m.data_format);
    int output = capas_program_pad(program, layer->name, input, &m.added);
    return capas_image_from_last(layer, program, output, m.axes, m.data_format);
}

#define FORMAT_ROW                                                                                 \
    {                                                                                              \
        "data_format", &capas_option_enum, FIELD(data_format), CAPAS_CHANNELS_LAST,                \
            .words = capas_data_format_names, .help = "where the channels are"                     \
    }

#define MARGINS(word, class, said, rows)                                                           \
    const capas_layer_type capas_##word##_type = {                                                 \
        .name = class,                                                                             \
        .summary = said,                                                                           \
        .options = {class, rows, CAPAS_COUNT(rows), sizeof(capas_##word##_options)},               \
        .minimum_inputs = 1,                                                                       \
        .maximum_inputs = 1,                                                                       \
        .has_build_config = true,                                                                  \
        .describe = describe_##word,                                                               \
        .infer = infer,                                                                            \
        .lower = lower,                                                                            \
    }

/* A number for all sides, where the options do not tell them; 0 is said by a mark. */
static void fill_sides(capas_margins *m, int number)
{
    if (m->top == 0 && m->bottom == 0 && m->left == 0 && m->right == 0)
        *m = (capas_margins){number == 0 ? CAPAS_ZERO : number, number, number, number};
}

static void fill_ends(capas_pair *ends, int number)
{
    if (ends->height == 0 && ends->width == 0) ends->height = number == 0 ? CAPAS_ZERO : number;
}

/* ZeroPadding2D */

#define FIELD(name) offsetof(capas_zero_padding2d_options, name)
static const capas_option rows_of_zeros[] = {
    {"padding", &capas_option_margins, FIELD(padding), 1,
     .help = "rows above and below, columns left and right"},
    FORMAT_ROW,
};
#undef FIELD

static void describe_zero_padding2d(const capas_layer *layer, void *description)
{
    const capas_zero_padding2d_options *zeros = layer->options;
    *(margins *)description = (margins){2, zeros->padding, zeros->data_format};
}

MARGINS(zero_padding2d, "ZeroPadding2D", "Zeros around an image.", rows_of_zeros);

capas_layer *capas_zero_padding2d_with(int padding, const capas_zero_padding2d_options *given)
{
    capas_zero_padding2d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    fill_sides(&all.padding, padding);
    return capas_layer_new(&capas_zero_padding2d_type, &all);
}

/* ZeroPadding1D */

#define FIELD(name) offsetof(capas_zero_padding1d_options, name)
static const capas_option steps_of_zeros[] = {
    {"padding", &capas_option_pair, FIELD(padding), 1, .maximum = INT_MAX,
     .help = "steps before and behind"},
    FORMAT_ROW,
};
#undef FIELD

static void describe_zero_padding1d(const capas_layer *layer, void *description)
{
    const capas_zero_padding1d_options *zeros = layer->options;
    const capas_margins added = {0, 0, zeros->padding.height, zeros->padding.width};
    *(margins *)description = (margins){1, added, zeros->data_format};
}

MARGINS(zero_padding1d, "ZeroPadding1D", "Zeros before and behind a sequence.", steps_of_zeros);

capas_layer *capas_zero_padding1d_with(int padding, const capas_zero_padding1d_options *given)
{
    capas_zero_padding1d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    fill_ends(&all.padding, padding);
    return capas_layer_new(&capas_zero_padding1d_type, &all);
}

/* Cropping2D */

#define FIELD(name) offsetof(capas_cropping2d_options, name)
static const capas_option rows_cut_off[] = {
    {"cropping", &capas_option_margins, FIELD(cropping), 0,
     .help = "rows above and below, columns left and right"},
    FORMAT_ROW,
};
#undef FIELD

static void describe_cropping2d(const capas_layer *layer, void *description)
{
    const capas_cropping2d_options *crop = layer->options;
    const capas_margins added = {-crop->cropping.top, -crop->cropping.bottom, -crop->cropping.left,
                                 -crop->cropping.right};
    *(margins *)description = (margins){2, added, crop->data_format};
}

MARGINS(cropping2d, "Cropping2D", "An image without its edges.", rows_cut_off);

capas_layer *capas_cropping2d_with(int cropping, const capas_cropping2d_options *given)
{
    capas_cropping2d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    fill_sides(&all.cropping, cropping);
    return capas_layer_new(&capas_cropping2d_type, &all);
}

/* Cropping1D */

#define FIELD(name) offsetof(capas_cropping1d_options, name)
static const capas_option steps_cut_off[] = {
    {"cropping", &capas_option_pair, FIELD(cropping), 1, .maximum = INT_MAX,
     .help = "steps cut off before and behind"},
};
#undef FIELD

static void describe_cropping1d(const capas_layer *layer, void *description)
{
    const capas_cropping1d_options *crop = layer->options;
    const capas_margins added = {0, 0, -crop->cropping.height, -crop->cropping.width};
    *(margins *)description = (margins){1, added, CAPAS_CHANNELS_LAST};
}

MARGINS(cropping1d, "Cropping1D", "A sequence without its first and last steps.", steps_cut_off);

capas_layer *capas_cropping1d_with(int cropping, const capas_cropping1d_options *given)
{
    capas_cropping1d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    fill_ends(&all.cropping, cropping);
    return capas_layer_new(&capas_cropping1d_type, &all);
}
