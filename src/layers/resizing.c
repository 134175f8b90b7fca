/* Resizing and CenterCrop: pictures brought to one size (Keras
 * layers/preprocessing/image_preprocessing/, keras-semantics 8.5). Windows and rims are counted in
 * float32, as TensorFlow does. */
#include "layers/image.h"

const char *const capas_interpolation_names[] = {"nearest",  "bilinear", "bicubic",
                                                 "lanczos3", "lanczos5", NULL};
static const char *const fill_modes[] = {"constant", NULL};

#define FIELD(name) offsetof(capas_resizing_options, name)
#define SIZE_ROWS                                                                                  \
    {"height", &capas_option_integer, FIELD(height), .minimum = 1, .help = "of the output"},       \
    {                                                                                              \
        "width", &capas_option_integer, FIELD(width), .minimum = 1, .help = "of the output"        \
    }
static const capas_option resizing_options[] = {
    CAPAS_DATA_FORMAT_ROW,
    SIZE_ROWS,
    {"interpolation", &capas_option_enum, FIELD(interpolation), CAPAS_INTERPOLATE_BILINEAR,
     .words = capas_interpolation_names, .help = "what lies between pixels"},
    {"crop_to_aspect_ratio", &capas_option_bool, FIELD(crop_to_aspect_ratio), 0,
     .help = "whether the sides are cut so that proportions stay"},
    {"pad_to_aspect_ratio", &capas_option_bool, FIELD(pad_to_aspect_ratio), 0,
     .help = "whether a rim is put around so that proportions stay"},
    {"fill_mode", &capas_option_enum, FIELD(fill_mode), CAPAS_FILL_CONSTANT, .words = fill_modes,
     .help = "only constant"},
    {"fill_value", &capas_option_real, FIELD(fill_value), 0, .help = "of the rim"},
    {"antialias", &capas_option_bool, FIELD(antialias), 0,
     .help = "whether shrinking takes the mean of all pixels under a result"},
};
#undef FIELD
#define FIELD(name) offsetof(capas_center_crop_options, name)
static const capas_option crop_options[] = {
    CAPAS_DATA_FORMAT_ROW,
    SIZE_ROWS,
};

static capas_status check_resizing(const capas_layer *layer, const char *where)
{
    const capas_resizing_options *resizing = layer->options;
    if (!resizing->crop_to_aspect_ratio || !resizing->pad_to_aspect_ratio) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "%s: crop_to_aspect_ratio and pad_to_aspect_ratio cannot both be true",
                      where);
}

static capas_status infer_to(const capas_layer *layer, const capas_shape *input, int height,
                             int width, capas_data_format format, capas_shape *output)
{
    capas_image image;
    CAPAS_TRY(capas_image_of(layer, input, 2, format, &image));
    image.height = height;
    image.width = width;
    *output = capas_image_shape(&image, 2, format);
    return CAPAS_OK;
}

static capas_status infer_resizing(const capas_layer *layer, const capas_shape *inputs, int count,
                                   capas_shape *output)
{
    (void)count;
    const capas_resizing_options *resizing = layer->options;
    return infer_to(layer, &inputs[0], resizing->height, resizing->width, resizing->data_format,
                    output);
}

static capas_status infer_crop(const capas_layer *layer, const capas_shape *inputs, int count,
                               capas_shape *output)
{
    (void)count;
    const capas_center_crop_options *crop = layer->options;
    return infer_to(layer, &inputs[0], crop->height, crop->width, crop->data_format, output);
}

/* As long as this side would be in the wanted proportions. */
static int in_proportion(int64_t other, int wanted, int other_wanted)
{
    return (int)((float)(other * wanted) / (float)other_wanted);
}

/* The largest window of the wanted proportions in the middle of pictures. */
static int crop_to_proportions(const capas_layer *layer, capas_program *program, int buffer,
                               int height, int width)
{
    const capas_shape *shape = capas_program_shape(program, buffer);
    const int rows = (int)shape->dims[1], columns = (int)shape->dims[2];
    int high = in_proportion(columns, height, width), wide = in_proportion(rows, width, height);
    high = high < rows ? high : rows;
    wide = wide < columns ? wide : columns;
    high = high > 1 ? high : 1;
    wide = wide > 1 ? wide : 1;
    if (high == rows && wide == columns) return buffer;
    const int top = (rows - high) / 2, left = (columns - wide) / 2;
    const capas_margins sides = {-top, high + top - rows, -left, wide + left - columns};
    return capas_program_pad(program, layer->name, buffer, &sides);
}

/* A rim of `value` at two sides; its width is the same at both, as Keras has it. */
static int pad_to_proportions(const capas_layer *layer, capas_program *program, int buffer,
                              int height, int width, double value)
{
    const capas_shape *shape = capas_program_shape(program, buffer);
    const int rows = (int)shape->dims[1], columns = (int)shape->dims[2];
    int top = (in_proportion(columns, height, width) - rows) / 2;
    int left = (in_proportion(rows, width, height) - columns) / 2;
    top = top > 0 ? top : 0;
    left = left > 0 ? left : 0;
    if (top == 0 && left == 0) return buffer;
    const capas_margins sides = {top, top, left, left};
    if (value != 0) buffer = capas_program_affine(program, layer->name, buffer, 1, -value);
    buffer = capas_program_pad(program, layer->name, buffer, &sides);
    return value == 0 ? buffer : capas_program_affine(program, layer->name, buffer, 1, value);
}

static int resize(const capas_layer *layer, capas_program *program, int buffer, int height,
                  int width, capas_interpolation interpolation, bool antialias)
{
    buffer =
        capas_program_resize(program, layer->name, buffer, 1, height, interpolation, antialias);
    return capas_program_resize(program, layer->name, buffer, 2, width, interpolation, antialias);
}

static int lower_resizing(const capas_layer *layer, capas_program *program, const int *inputs,
                          int count)
{
    (void)count;
    const capas_resizing_options *all = layer->options;
    int buffer = capas_image_to_last(layer, program, inputs[0], 2, all->data_format);
    if (buffer == CAPAS_NO_BUFFER) return buffer;
    if (all->crop_to_aspect_ratio)
        buffer = crop_to_proportions(layer, program, buffer, all->height, all->width);
    if (all->pad_to_aspect_ratio)
        buffer =
            pad_to_proportions(layer, program, buffer, all->height, all->width, all->fill_value);
    buffer =
        resize(layer, program, buffer, all->height, all->width, all->interpolation, all->antialias);
    return capas_image_from_last(layer, program, buffer, 2, all->data_format);
}

/* The middle; pictures that are smaller on a side are cut to the proportions and resized. */
static int lower_crop(const capas_layer *layer, capas_program *program, const int *inputs,
                      int count)
{
    (void)count;
    const capas_center_crop_options *crop = layer->options;
    int buffer = capas_image_to_last(layer, program, inputs[0], 2, crop->data_format);
    if (buffer == CAPAS_NO_BUFFER) return buffer;
    const capas_shape *shape = capas_program_shape(program, buffer);
    const int rows = (int)shape->dims[1] - crop->height, top = rows / 2;
    const int columns = (int)shape->dims[2] - crop->width, left = columns / 2;
    if (rows >= 0 && columns >= 0) {
        const capas_margins sides = {-top, top - rows, -left, left - columns};
        if (rows + columns > 0) buffer = capas_program_pad(program, layer->name, buffer, &sides);
    } else {
        buffer = crop_to_proportions(layer, program, buffer, crop->height, crop->width);
        buffer = resize(layer, program, buffer, crop->height, crop->width,
                        CAPAS_INTERPOLATE_BILINEAR, false);
    }
    return capas_image_from_last(layer, program, buffer, 2, crop->data_format);
}

#define RESIZING(word, class_name, text, rows, check_function, infer_function, lower_function)     \
    const capas_layer_type capas_##word##_type = {                                                 \
        .name = class_name,                                                                        \
        .summary = text,                                                                           \
        .options = {class_name, rows, CAPAS_COUNT(rows), sizeof(capas_##word##_options)},          \
        .minimum_inputs = 1,                                                                       \
        .maximum_inputs = 1,                                                                       \
        .check = check_function,                                                                   \
        .infer = infer_function,                                                                   \
        .lower = lower_function,                                                                   \
    };                                                                                             \
    capas_layer *capas_##word##_with(int height, int width, const capas_##word##_options *given)   \
    {                                                                                              \
        capas_##word##_options all;                                                                \
        capas_layer_copy_options(&all, sizeof all, given);                                         \
        all.height = height;                                                                       \
        all.width = width;                                                                         \
        return capas_layer_new(&capas_##word##_type, &all);                                        \
    }

RESIZING(resizing, "Resizing", "Brings pictures to a size.", resizing_options, check_resizing,
         infer_resizing, lower_resizing)
RESIZING(center_crop, "CenterCrop", "Takes the middle of pictures.", crop_options, NULL, infer_crop,
         lower_crop)
