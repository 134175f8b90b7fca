/* Flatten: a sample's numbers in one row (Keras layers/reshaping/flatten.py). Images that are
 * channels_first are laid channels_last before, so that weights fit either. */
#include "base/text.h"
#include "layers/image.h"

#define FIELD(name) offsetof(capas_flatten_options, name)
static const capas_option options[] = {
    {"data_format", &capas_option_enum, FIELD(data_format), CAPAS_CHANNELS_LAST,
     .words = capas_data_format_names, .help = "where an image's channels are"},
};

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)layer;
    (void)count;
    *output = (capas_shape){2, {CAPAS_ANY, capas_shape_count(&inputs[0], 1)}};
    return CAPAS_OK;
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_flatten_options *flatten = layer->options;
    const capas_shape *shape = capas_program_shape(program, inputs[0]);
    if (!shape) return CAPAS_NO_BUFFER;
    int input = inputs[0], rank = shape->rank;
    capas_shape result = {2, {CAPAS_ANY, capas_shape_count(shape, 1)}};
    if (flatten->data_format == CAPAS_CHANNELS_FIRST && rank > 2) {
        int order[CAPAS_MAX_RANK] = {0};
        for (int i = 1; i < rank; i++)
            order[i] = i + 1 < rank ? i + 1 : 1;
        input = capas_program_move(program, layer->name, input, order);
    }
    return capas_program_reshape(program, input, &result);
}

const capas_layer_type capas_flatten_type = {
    .name = "Flatten",
    .summary = "Lays a sample's numbers in one row, for Dense.",
    .options = {"Flatten", options, CAPAS_COUNT(options), sizeof(capas_flatten_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .infer = infer,
    .lower = lower,
};

capas_layer *capas_flatten_with(const capas_flatten_options *given)
{
    return capas_layer_new(&capas_flatten_type, given);
}
