/* RandomContrast and RandomBrightness: in training each picture draws how far its numbers lie from
 * their mean, or what is added to them; what leaves value_range is cut off (Keras
 * layers/preprocessing/image_preprocessing/). */
#include "layers/random.h"
#include <math.h>

#define FIELD(name) offsetof(capas_random_color_options, name)
#define FACTOR(least, what)                                                                        \
    {                                                                                              \
        .name = "factor", .kind = &capas_option_factor, .offset = FIELD(factor), .standard = NAN,  \
        .minimum = least, .maximum = 1, .help = what                                               \
    }
#define VALUE_RANGE                                                                                \
    {                                                                                              \
        .name = "value_range", .kind = &capas_option_value_range, .offset = FIELD(value_range),    \
        .help = "the lowest and the highest number of a picture"                                   \
    }

static const capas_option contrast_options[] = {
    FACTOR(0, "from 1 - the first to 1 + the second, times the distance from the mean"),
    VALUE_RANGE,
    CAPAS_RANDOM_ROWS,
};
static const capas_option brightness_options[] = {
    FACTOR(-1, "what is added, in parts of the value_range"),
    VALUE_RANGE,
    CAPAS_RANDOM_ROWS,
};

/* The op, in training only; its limits are the value range. */
static int lower_adjust(const capas_layer *layer, capas_program *program, int input,
                        capas_range contrast, capas_range brightness)
{
    const capas_random_color_options *options = layer->options;
    const capas_adjust_op op = {
        .adjust = {.minimum = options->value_range.low, .maximum = options->value_range.high},
        .contrast = contrast,
        .brightness = brightness,
    };
    if (!program->training) return input;
    int last = capas_image_to_last(layer, program, input, 2, options->data_format);
    if (last == CAPAS_NO_BUFFER) return last;
    int output = capas_program_adjust(program, layer->name, last, &op,
                                      capas_random_stream(layer, program, options->seed));
    return capas_image_from_last(layer, program, output, 2, options->data_format);
}

static int lower_contrast(const capas_layer *layer, capas_program *program, const int *inputs,
                          int count)
{
    (void)count;
    const capas_range *factor = &((const capas_random_color_options *)layer->options)->factor;
    return lower_adjust(layer, program, inputs[0], (capas_range){1 - factor->low, 1 + factor->high},
                        (capas_range){0, 0});
}

static int lower_brightness(const capas_layer *layer, capas_program *program, const int *inputs,
                            int count)
{
    (void)count;
    const capas_random_color_options *options = layer->options;
    const double width = options->value_range.high - options->value_range.low;
    return lower_adjust(layer, program, inputs[0], (capas_range){1, 1},
                        (capas_range){options->factor.low * width, options->factor.high * width});
}

#define TYPE(word, class, what)                                                                    \
    const capas_layer_type capas_random_##word##_type = {                                          \
        .name = class,                                                                             \
        .summary = what,                                                                           \
        .options = {class, word##_options, CAPAS_COUNT(word##_options),                            \
                    sizeof(capas_random_color_options)},                                           \
        .minimum_inputs = 1,                                                                       \
        .maximum_inputs = 1,                                                                       \
        .has_build_config = true,                                                                  \
        .infer = capas_random_infer,                                                               \
        .lower = lower_##word,                                                                     \
        .call_has_training = true,                                                                 \
        .call_training = true,                                                                     \
    }

TYPE(contrast, "RandomContrast", "Changes the contrast of pictures by chance, in training.");
TYPE(brightness, "RandomBrightness", "Makes pictures brighter or darker by chance, in training.");

static capas_layer *make(const capas_layer_type *type, double factor,
                         const capas_random_color_options *given)
{
    capas_random_color_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    capas_random_set_range(&all.factor, factor);
    return capas_layer_new(type, &all);
}

capas_layer *capas_random_contrast_with(double factor, const capas_random_color_options *given)
{
    return make(&capas_random_contrast_type, factor, given);
}

capas_layer *capas_random_brightness_with(double factor, const capas_random_color_options *given)
{
    return make(&capas_random_brightness_type, factor, given);
}
