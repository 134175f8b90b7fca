/* What layers that draw have in common; see random.h. */
#include "layers/random.h"
#include "base/text.h"
#include <math.h>

enum { TEXT_SIZE = 128 };

uint32_t capas_random_stream(const capas_layer *layer, const capas_program *program, int seed)
{
    uint32_t stream = layer->stream, uses = 0;
    for (size_t i = 0; i < program->op_count; i++)
        if (program->ops[i].stream != 0 && program->ops[i].label == layer->name) uses++;
    if (seed != CAPAS_NONE) stream = 0x80000000u | (uint32_t)seed;
    return stream + (uses << 20);
}

capas_status capas_random_check_noise(const capas_layer *layer, const capas_shape *noise,
                                      const capas_shape *input)
{
    char text[TEXT_SIZE], found[TEXT_SIZE];
    if (noise->rank == 0) return CAPAS_OK;
    bool fits = noise->rank == input->rank;
    for (int i = 0; fits && i < noise->rank; i++) {
        int64_t size = noise->dims[i];
        fits = size == CAPAS_ANY || size == 1 || size == input->dims[i];
    }
    if (fits) return CAPAS_OK;
    return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                            "noise_shape %s does not fit its input %s; give 1 or the input's size "
                            "for each axis, None for the batch",
                            capas_shape_text(noise, text, sizeof text),
                            capas_shape_text(input, found, sizeof found));
}

capas_shape capas_random_noise(const capas_shape *noise, const capas_shape *input)
{
    capas_shape draws = *input;
    for (int i = 0; i < noise->rank; i++)
        if (noise->dims[i] == 1) draws.dims[i] = 1;
    return draws;
}

/* A number that is out of its range stays one, for the check to refuse. */
static void expand(const capas_option *option, capas_range *range)
{
    const double number = range->low;
    if (range->high != CAPAS_NONE) return;
    if (!(number >= option->minimum && number <= option->maximum)) return;
    *range = (capas_range){fmax(0 - fabs(number), option->minimum), fabs(number)};
}

static void resolve_factor(const capas_option *option, void *field)
{
    capas_option_range.resolve(option, field);
    expand(option, field);
}

/* Of two numbers it is enough, as in Keras, that they reach into the range. */
static capas_status check_factor(const capas_option *option, const void *field)
{
    const capas_range *range = field;
    bool two = isfinite(range->low) && isfinite(range->high) && range->high != CAPAS_NONE;
    if (two && range->low <= option->maximum && range->high >= option->minimum) return CAPAS_OK;
    return capas_option_range.check(option, field);
}

static capas_status read_factor(const capas_option *option, const capas_value *value, void *field)
{
    CAPAS_TRY(capas_option_range.read(option, value, field));
    expand(option, field);
    return CAPAS_OK;
}

static capas_value *write_range(const capas_option *option, const void *field)
{
    return capas_option_range.write(option, field);
}

const capas_option_kind capas_option_factor = {
    "a number or a list of two", resolve_factor, check_factor, read_factor, write_range,
};

static void resolve_value_range(const capas_option *option, void *field)
{
    capas_range *range = field;
    if (range->low == 0 && range->high == 0) *range = (capas_range){CAPAS_ZERO, 255};
    capas_option_range.resolve(option, field);
}

static capas_status check_value_range(const capas_option *option, const void *field)
{
    const capas_range *range = field;
    CAPAS_TRY(capas_option_range.check(option, field));
    if (range->high != CAPAS_NONE) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "a list of two numbers, found %.15g", range->low);
}

static capas_status read_value_range(const capas_option *option, const capas_value *value,
                                     void *field)
{
    return capas_option_range.read(option, value, field);
}

/* Whole numbers without a point, as Keras has its default. */
static capas_value *write_value_range(const capas_option *option, const void *field)
{
    const capas_range *range = field;
    const double ends[] = {range->low, range->high};
    capas_value *list = capas_value_list();
    (void)option;
    for (int i = 0; i < 2; i++) {
        bool whole = ends[i] == floor(ends[i]) && fabs(ends[i]) < 1e15;
        if (capas_value_append(list, whole ? capas_value_integer((int64_t)ends[i])
                                           : capas_value_real(ends[i])) == CAPAS_OK)
            continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

const capas_option_kind capas_option_value_range = {
    "a list of two numbers", resolve_value_range, check_value_range,
    read_value_range,        write_value_range,
};

capas_range capas_range_about_zero(const capas_range *range)
{
    if (range->high != CAPAS_NONE) return *range;
    return (capas_range){-fabs(range->low), fabs(range->low)};
}

capas_status capas_random_infer(const capas_layer *layer, const capas_shape *inputs, int count,
                                capas_shape *output)
{
    const capas_random_options *options = layer->options;
    capas_image image;
    (void)count;
    CAPAS_TRY(capas_image_of(layer, &inputs[0], 2, options->data_format, &image));
    *output = inputs[0];
    if (image.height > 0 && image.width > 0 && image.channels > 0) return CAPAS_OK;
    return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                            "needs pictures of a known size; say it in the input's shape");
}

void capas_random_set_range(capas_range *range, double number)
{
    if (range->low != 0 || range->high != 0) return;
    range->low = number == 0 ? CAPAS_ZERO : number; /* 0 is a number like any other */
}
