/* Permute: the axes in another order (Keras layers/reshaping/permute.py). */
#include "base/text.h"
#include "layers/layer.h"

enum { TEXT_SIZE = 128 };

#define FIELD(name) offsetof(capas_permute_options, name)
static const capas_option options[] = {
    {"dims", &capas_option_shape, FIELD(dims),
     .help = "which axis of the input each of the output is; the first behind the batch is 1"},
};

/* Each of 1 to the rank, once. */
static capas_status check(const capas_layer *layer, const char *where)
{
    const capas_permute_options *permute = layer->options;
    const capas_shape *dims = &permute->dims;
    char text[TEXT_SIZE];
    bool seen[CAPAS_MAX_RANK + 1] = {false};
    for (int i = 0; i < dims->rank; i++) {
        const int64_t axis = dims->dims[i];
        if (axis < 1 || axis > dims->rank || seen[axis])
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "%s: dims must hold each axis from 1 to %d once, found %s", where,
                              dims->rank, capas_shape_text(dims, text, sizeof text));
        seen[axis] = true;
    }
    return CAPAS_OK;
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const capas_permute_options *permute = layer->options;
    char text[TEXT_SIZE];
    if (inputs[0].rank != permute->dims.rank + 1)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "dims names %d axes, and its input %s has %d besides the batch",
                                permute->dims.rank, capas_shape_text(&inputs[0], text, sizeof text),
                                inputs[0].rank - 1);
    *output = inputs[0];
    for (int i = 1; i < output->rank; i++)
        output->dims[i] = inputs[0].dims[permute->dims.dims[i - 1]];
    return CAPAS_OK;
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_permute_options *permute = layer->options;
    int order[CAPAS_MAX_RANK] = {0};
    for (int i = 0; i < permute->dims.rank && i + 1 < CAPAS_MAX_RANK; i++)
        order[i + 1] = (int)permute->dims.dims[i];
    return capas_program_move(program, layer->name, inputs[0], order);
}

const capas_layer_type capas_permute_type = {
    .name = "Permute",
    .summary = "The axes in another order.",
    .options = {"Permute", options, CAPAS_COUNT(options), sizeof(capas_permute_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .check = check,
    .infer = infer,
    .lower = lower,
};

capas_layer *capas_permute_with(const capas_permute_options *given)
{
    return capas_layer_new(&capas_permute_type, given);
}

capas_layer *capas_permute_dims(int rank, const int *dims)
{
    capas_permute_options options = {.struct_size = sizeof options};
    options.dims.rank = rank;
    for (int i = 0; i < rank && i < CAPAS_MAX_RANK; i++)
        options.dims.dims[i] = dims[i];
    return capas_permute_with(&options);
}
