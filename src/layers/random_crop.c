/* RandomCrop: in training a window of the pictures, drawn for the whole batch. Where a picture is
 * not larger than the window in both directions, and in prediction, the largest window of its
 * proportions from the middle, made the window's size. */
#include "layers/random.h"

#define FIELD(name) offsetof(capas_random_crop_options, name)
static const capas_option options[] = {
    {"height", &capas_option_integer, FIELD(height), .minimum = 1, .help = "of the output"},
    {"width", &capas_option_integer, FIELD(width), .minimum = 1, .help = "of the output"},
    CAPAS_RANDOM_ROWS,
};

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    const capas_random_crop_options *crop = layer->options;
    capas_image image;
    CAPAS_TRY(capas_random_infer(layer, inputs, count, output));
    CAPAS_TRY(capas_image_of(layer, output, 2, crop->data_format, &image));
    image.height = crop->height;
    image.width = crop->width;
    *output = capas_image_shape(&image, 2, crop->data_format);
    return CAPAS_OK;
}

/* One axis of the window from the middle: where it begins and how long it is. */
typedef struct span {
    int begin, size;
} span;

/* As long as the proportions allow: `other` is the size of the other axis of the picture. */
static span middle(int64_t size, int64_t other, int wanted, int other_wanted)
{
    int64_t length = other * wanted / other_wanted;
    length = length < size ? length : size;
    length = length > 1 ? length : 1;
    return (span){(int)((size - length) / 2), (int)length};
}

/* A fixed map over rows and columns, each with a step and a beginning. */
static int fixed(const capas_layer *layer, capas_program *program, int input, int height, int width,
                 const double map[6])
{
    capas_warp_op warp = {
        .warp = {.out_height = height,
                 .out_width = width,
                 .fill_mode = CAPAS_FILL_NEAREST,
                 .interpolation = CAPAS_INTERPOLATE_BILINEAR},
        .kind = CAPAS_WARP_FIXED,
    };
    for (int i = 0; i < 6; i++)
        warp.map[i] = map[i];
    return capas_program_warp(program, layer->name, input, &warp, 0);
}

/* Pixel y of the result is at (y + 1/2) step - 1/2 of the window. */
static int take_middle(const capas_layer *layer, capas_program *program, int input)
{
    const capas_random_crop_options *crop = layer->options;
    const capas_shape *shape = capas_program_shape(program, input);
    const int64_t height = shape->dims[1], width = shape->dims[2];
    const span rows = middle(height, width, crop->height, crop->width);
    const span columns = middle(width, height, crop->width, crop->height);
    const double down = (double)rows.size / crop->height;
    const double across = (double)columns.size / crop->width;
    if (rows.size < height || columns.size < width)
        input = fixed(layer, program, input, rows.size, columns.size,
                      (double[]){1, 0, rows.begin, 0, 1, columns.begin});
    if (rows.size == crop->height && columns.size == crop->width) return input;
    return fixed(layer, program, input, crop->height, crop->width,
                 (double[]){down, 0, (down - 1) / 2, 0, across, (across - 1) / 2});
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_random_crop_options *crop = layer->options;
    int input = capas_image_to_last(layer, program, inputs[0], 2, crop->data_format);
    const capas_shape *shape = capas_program_shape(program, input);
    if (input == CAPAS_NO_BUFFER) return input;
    bool larger = shape->dims[1] > crop->height && shape->dims[2] > crop->width;
    const capas_warp_op warp = {
        .warp = {.out_height = crop->height,
                 .out_width = crop->width,
                 .fill_mode = CAPAS_FILL_NEAREST,
                 .interpolation = CAPAS_INTERPOLATE_NEAREST},
        .kind = CAPAS_WARP_CROP,
    };
    int output = larger && program->training
                     ? capas_program_warp(program, layer->name, input, &warp,
                                          capas_random_stream(layer, program, crop->seed))
                     : take_middle(layer, program, input);
    return capas_image_from_last(layer, program, output, 2, crop->data_format);
}

const capas_layer_type capas_random_crop_type = {
    .name = "RandomCrop",
    .summary = "Takes a part of pictures by chance, in training.",
    .options = {"RandomCrop", options, CAPAS_COUNT(options), sizeof(capas_random_crop_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .infer = infer,
    .lower = lower,
    .call_has_training = true,
    .call_training = true,
};

capas_layer *capas_random_crop_with(int height, int width, const capas_random_crop_options *given)
{
    capas_random_crop_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.height = height;
    all.width = width;
    return capas_layer_new(&capas_random_crop_type, &all);
}
