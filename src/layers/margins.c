/* ZeroPadding1D, 2D, 3D and Cropping1D, 2D, 3D: a sequence, an image or a volume with zeros around
 * it, or without its edges (Keras layers/reshaping/zero_padding2d.py, cropping2d.py). One
 * operation: what is cut off is a margin below 0. A volume's slices come first, then its depth. */
#include "layers/image.h"
#include <limits.h>

/* What the six come to: slices, rows and columns that are added. */
typedef struct margins {
    int axes;
    capas_margins3d added;
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
    char text[CAPAS_SIZES_TEXT];
    CAPAS_TRY(capas_image_of(layer, &inputs[0], m.axes, m.data_format, &image));
    const capas_image result = {image.height + m.added.top + m.added.bottom,
                                image.width + m.added.left + m.added.right, image.channels,
                                image.depth + m.added.front + m.added.back};
    if (result.depth < 1 || result.height < 1 || result.width < 1)
        return capas_layer_fail(
            layer, CAPAS_SHAPE_MISMATCH, "nothing is left of its input %s; crop less",
            capas_sizes_text(m.axes, image.depth, image.height, image.width, text));
    *output = capas_image_shape(&result, m.axes, m.data_format);
    return CAPAS_OK;
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const margins m = described(layer);
    const capas_margins around = {m.added.top, m.added.bottom, m.added.left, m.added.right};
    const capas_margins along = {m.added.front, m.added.back, 0, 0};
    const bool deep = along.top != 0 || along.bottom != 0;
    const bool wide =
        around.top != 0 || around.bottom != 0 || around.left != 0 || around.right != 0;
    int buffer = capas_image_to_last(layer, program, inputs[0], m.axes, m.data_format);
    if (wide || !deep) buffer = capas_program_pad(program, layer->name, buffer, &around);
    if (deep) {
        const capas_image slices = capas_image_of_buffer(program, buffer);
        buffer = capas_image_along_depth(program, buffer);
        buffer = capas_program_pad(program, layer->name, buffer, &along);
        buffer = capas_image_as_volume(program, buffer, &slices);
    }
    return capas_image_from_last(layer, program, buffer, m.axes, m.data_format);
}

#define FORMAT_ROW CAPAS_DATA_FORMAT_ROW

/* `field` of the options takes the constructor's number, by `fill`. */
#define MARGINS(word, class, said, rows, field, fill)                                              \
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
    };                                                                                             \
    capas_layer *capas_##word##_with(int number, const capas_##word##_options *given)              \
    {                                                                                              \
        capas_##word##_options all;                                                                \
        capas_layer_copy_options(&all, sizeof all, given);                                         \
        fill(&all.field, number);                                                                  \
        return capas_layer_new(&capas_##word##_type, &all);                                        \
    }

/* A number for all sides, where the options do not tell them; 0 is said by a mark. */
static void fill_sides(capas_margins *m, int number)
{
    if (m->top == 0 && m->bottom == 0 && m->left == 0 && m->right == 0)
        *m = (capas_margins){number == 0 ? CAPAS_ZERO : number, number, number, number};
}

static void fill_cube(capas_margins3d *m, int number)
{
    if (m->front == 0 && m->back == 0 && m->top == 0 && m->bottom == 0 && m->left == 0 &&
        m->right == 0)
        *m = (capas_margins3d){
            number == 0 ? CAPAS_ZERO : number, number, number, number, number, number};
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
    const capas_margins *padding = &zeros->padding;
    const capas_margins3d added = {
        0, 0, padding->top, padding->bottom, padding->left, padding->right};
    *(margins *)description = (margins){2, added, zeros->data_format};
}

MARGINS(zero_padding2d, "ZeroPadding2D", "Zeros around an image.", rows_of_zeros, padding,
        fill_sides)

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
    const capas_margins3d added = {0, 0, 0, 0, zeros->padding.height, zeros->padding.width};
    *(margins *)description = (margins){1, added, zeros->data_format};
}

MARGINS(zero_padding1d, "ZeroPadding1D", "Zeros before and behind a sequence.", steps_of_zeros,
        padding, fill_ends)

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
    const capas_margins *cut = &crop->cropping;
    const capas_margins3d added = {0, 0, -cut->top, -cut->bottom, -cut->left, -cut->right};
    *(margins *)description = (margins){2, added, crop->data_format};
}

MARGINS(cropping2d, "Cropping2D", "An image without its edges.", rows_cut_off, cropping, fill_sides)

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
    const capas_margins3d added = {0, 0, 0, 0, -crop->cropping.height, -crop->cropping.width};
    *(margins *)description = (margins){1, added, CAPAS_CHANNELS_LAST};
}

MARGINS(cropping1d, "Cropping1D", "A sequence without its first and last steps.", steps_cut_off,
        cropping, fill_ends)

/* ZeroPadding3D */

#define FIELD(name) offsetof(capas_zero_padding3d_options, name)
static const capas_option slices_of_zeros[] = {
    {"padding", &capas_option_margins3d, FIELD(padding), 1,
     .help = "slices before and behind, rows above and below, columns left and right"},
    FORMAT_ROW,
};
#undef FIELD

static void describe_zero_padding3d(const capas_layer *layer, void *description)
{
    const capas_zero_padding3d_options *zeros = layer->options;
    *(margins *)description = (margins){3, zeros->padding, zeros->data_format};
}

MARGINS(zero_padding3d, "ZeroPadding3D", "Zeros around a volume.", slices_of_zeros, padding,
        fill_cube)

/* Cropping3D */

#define FIELD(name) offsetof(capas_cropping3d_options, name)
static const capas_option slices_cut_off[] = {
    {"cropping", &capas_option_margins3d, FIELD(cropping), 1,
     .help = "slices before and behind, rows above and below, columns left and right"},
    FORMAT_ROW,
};
#undef FIELD

static void describe_cropping3d(const capas_layer *layer, void *description)
{
    const capas_cropping3d_options *crop = layer->options;
    const capas_margins3d *cut = &crop->cropping;
    const capas_margins3d added = {-cut->front,  -cut->back, -cut->top,
                                   -cut->bottom, -cut->left, -cut->right};
    *(margins *)description = (margins){3, added, crop->data_format};
}

MARGINS(cropping3d, "Cropping3D", "A volume without its edges.", slices_cut_off, cropping,
        fill_cube)
