/* Add: the sum of its inputs, whose shapes broadcast; an input of lower rank gets axes of 1 after
 * the batch (Keras layers/merging/base_merge.py). */
#include "base/text.h"
#include "layers/layer.h"

enum { TEXT_SIZE = 128 };

/* The shape of a + b; false when they do not broadcast. Last axes are aligned, as Keras infers it.
 */
static bool broadcast(const capas_shape *a, const capas_shape *b, capas_shape *output)
{
    if (a->rank < b->rank) return broadcast(b, a, output);
    capas_shape result = *a;
    for (int i = 1; i < b->rank; i++) {
        int at = a->rank - b->rank + i;
        if (a->dims[at] == 1)
            result.dims[at] = b->dims[i];
        else if (b->dims[i] != 1 && b->dims[i] != a->dims[at])
            return false;
    }
    *output = result;
    return true;
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    char so_far[TEXT_SIZE], next[TEXT_SIZE];
    *output = inputs[0];
    for (int i = 1; i < count; i++)
        if (!broadcast(output, &inputs[i], output))
            return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                    "%s and %s cannot be added: sizes must be equal, or 1",
                                    capas_shape_text(output, so_far, sizeof so_far),
                                    capas_shape_text(&inputs[i], next, sizeof next));
    return CAPAS_OK;
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    int sum = inputs[0];
    for (int i = 1; i < count; i++)
        sum = capas_program_add(program, layer->name, sum, inputs[i]);
    return sum;
}

const capas_layer_type capas_add_type = {
    .name = "Add",
    .summary = "The sum of its inputs, for shortcuts past other layers.",
    .options = {"Add", NULL, 0, sizeof(capas_add_options)},
    .minimum_inputs = 2,
    .maximum_inputs = CAPAS_MAX_INPUTS,
    .has_build_config = true,
    .infer = infer,
    .lower = lower,
    .passes_mask = true,
};

capas_layer *capas_add_with(const capas_add_options *given)
{
    return capas_layer_new(&capas_add_type, given);
}
