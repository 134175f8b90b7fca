/* RandomFlip, RandomRotation, RandomTranslation, RandomZoom: in training each picture is moved by
 * what it draws (Keras layers/preprocessing/image_preprocessing/). */
#include "layers/random.h"
#include <math.h>

static const char *const flip_mode_names[] = {"horizontal", "vertical", "horizontal_and_vertical",
                                              NULL};

static const char *const fill_mode_names[] = {"constant", "nearest", "reflect", "wrap", NULL};
static const char *const interpolation_names[] = {"nearest", "bilinear", NULL};

/* Rows of the three that interpolate. */
#define MOVE_ROWS                                                                                  \
    {.name = "fill_mode",                                                                          \
     .kind = &capas_option_enum,                                                                   \
     .offset = offsetof(capas_random_move_options, fill_mode),                                     \
     .standard = CAPAS_FILL_REFLECT,                                                               \
     .words = fill_mode_names,                                                                     \
     .help = "what comes in from outside"},                                                        \
        {.name = "interpolation",                                                                  \
         .kind = &capas_option_enum,                                                               \
         .offset = offsetof(capas_random_move_options, interpolation),                             \
         .standard = CAPAS_INTERPOLATE_BILINEAR,                                                   \
         .words = interpolation_names,                                                             \
         .help = "between pixels"},                                                                \
        {.name = "fill_value",                                                                     \
         .kind = &capas_option_real,                                                               \
         .offset = offsetof(capas_random_move_options, fill_value),                                \
         .help = "the value of fill_mode constant"},                                               \
        CAPAS_RANDOM_ROWS

#define RANGE(type, field, range_kind, least, ...)                                                 \
    {                                                                                              \
        .name = #field, .kind = &capas_option_##range_kind, .offset = offsetof(type, field),       \
        .minimum = least, .maximum = 1, __VA_ARGS__                                                \
    }

static const capas_option flip_options[] = {
    {.name = "mode",
     .kind = &capas_option_enum,
     .offset = offsetof(capas_random_flip_options, mode),
     .standard = CAPAS_FLIP_HORIZONTAL_AND_VERTICAL,
     .words = flip_mode_names,
     .help = "in which directions"},
    CAPAS_RANDOM_ROWS,
};
static const capas_option rotation_options[] = {
    RANGE(capas_random_rotation_options, factor, factor, -1, .standard = NAN,
          .help = "in whole turns, counter-clockwise"),
    MOVE_ROWS,
};
static const capas_option translation_options[] = {
    RANGE(capas_random_translation_options, height_factor, range, -1, .standard = NAN,
          .help = "down, in parts of the height"),
    RANGE(capas_random_translation_options, width_factor, range, -1, .standard = NAN,
          .help = "to the right, in parts of the width"),
    MOVE_ROWS,
};
static const capas_option zoom_options[] = {
    RANGE(capas_random_zoom_options, height_factor, range, -1, .standard = NAN,
          .open_minimum = true, .help = "above 0 shrinks, below enlarges"),
    RANGE(capas_random_zoom_options, width_factor, range, -1, .standard = CAPAS_NONE,
          .open_minimum = true, .nullable = true, .help = "None: as the height"),
    MOVE_ROWS,
};

/* The op, in training only. */
static int lower_warp(const capas_layer *layer, capas_program *program, int input,
                      const capas_warp_op *warp)
{
    const capas_random_options *options = layer->options;
    if (!program->training) return input;
    int last = capas_image_to_last(layer, program, input, 2, options->data_format);
    if (last == CAPAS_NO_BUFFER) return last;
    int output = capas_program_warp(program, layer->name, last, warp,
                                    capas_random_stream(layer, program, options->seed));
    return capas_image_from_last(layer, program, output, 2, options->data_format);
}

/* The problem of one that interpolates. */
static capas_warp_problem problem_of(const capas_layer *layer)
{
    const capas_random_move_options *options = layer->options;
    return (capas_warp_problem){.fill_mode = options->fill_mode,
                                .interpolation = options->interpolation,
                                .fill_value = options->fill_value};
}

static int lower_flip(const capas_layer *layer, capas_program *program, const int *inputs,
                      int count)
{
    (void)count;
    const capas_random_flip_options *options = layer->options;
    return lower_warp(
        layer, program, inputs[0],
        &(capas_warp_op){
            .warp = {.fill_mode = CAPAS_FILL_NEAREST, .interpolation = CAPAS_INTERPOLATE_NEAREST},
            .kind = CAPAS_WARP_FLIP,
            .horizontal = options->mode != CAPAS_FLIP_VERTICAL,
            .vertical = options->mode != CAPAS_FLIP_HORIZONTAL,
        });
}

static int lower_rotation(const capas_layer *layer, capas_program *program, const int *inputs,
                          int count)
{
    (void)count;
    const capas_random_rotation_options *options = layer->options;
    return lower_warp(layer, program, inputs[0],
                      &(capas_warp_op){
                          .warp = problem_of(layer),
                          .kind = CAPAS_WARP_ROTATE,
                          .range = {options->factor},
                      });
}

static int lower_translation(const capas_layer *layer, capas_program *program, const int *inputs,
                             int count)
{
    (void)count;
    const capas_random_translation_options *options = layer->options;
    return lower_warp(layer, program, inputs[0],
                      &(capas_warp_op){
                          .warp = problem_of(layer),
                          .kind = CAPAS_WARP_TRANSLATE,
                          .range = {capas_range_about_zero(&options->height_factor),
                                    capas_range_about_zero(&options->width_factor)},
                      });
}

static int lower_zoom(const capas_layer *layer, capas_program *program, const int *inputs,
                      int count)
{
    (void)count;
    const capas_random_zoom_options *options = layer->options;
    return lower_warp(layer, program, inputs[0],
                      &(capas_warp_op){
                          .warp = problem_of(layer),
                          .kind = CAPAS_WARP_ZOOM,
                          .range = {capas_range_about_zero(&options->height_factor),
                                    capas_range_about_zero(&options->width_factor)},
                          .together = options->width_factor.low == CAPAS_NONE,
                      });
}

#define TYPE(word, class, what)                                                                    \
    const capas_layer_type capas_random_##word##_type = {                                          \
        .name = class,                                                                             \
        .summary = what,                                                                           \
        .options = {class, word##_options, CAPAS_COUNT(word##_options),                            \
                    sizeof(capas_random_##word##_options)},                                        \
        .minimum_inputs = 1,                                                                       \
        .maximum_inputs = 1,                                                                       \
        .has_build_config = true,                                                                  \
        .infer = capas_random_infer,                                                               \
        .lower = lower_##word,                                                                     \
        .call_has_training = true,                                                                 \
        .call_training = true,                                                                     \
    }

TYPE(flip, "RandomFlip", "Mirrors pictures by chance, in training.");
TYPE(rotation, "RandomRotation", "Turns pictures by chance, in training.");
TYPE(translation, "RandomTranslation", "Moves pictures by chance, in training.");
TYPE(zoom, "RandomZoom", "Enlarges and shrinks pictures by chance, in training.");

capas_layer *capas_random_flip_with(const capas_random_flip_options *given)
{
    return capas_layer_new(&capas_random_flip_type, given);
}

capas_layer *capas_random_rotation_with(double factor, const capas_random_rotation_options *given)
{
    capas_random_rotation_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    capas_random_set_range(&all.factor, factor);
    return capas_layer_new(&capas_random_rotation_type, &all);
}

capas_layer *capas_random_translation_with(double height_factor, double width_factor,
                                           const capas_random_translation_options *given)
{
    capas_random_translation_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    capas_random_set_range(&all.height_factor, height_factor);
    capas_random_set_range(&all.width_factor, width_factor);
    return capas_layer_new(&capas_random_translation_type, &all);
}

capas_layer *capas_random_zoom_with(double height_factor, const capas_random_zoom_options *given)
{
    capas_random_zoom_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    capas_random_set_range(&all.height_factor, height_factor);
    return capas_layer_new(&capas_random_zoom_type, &all);
}
