/* Layers that make one of several inputs, element by element: Add, Subtract, Multiply, Average,
 * Maximum, Minimum. Shapes broadcast; an input of lower rank gets axes of 1 after the batch (Keras
 * layers/merging/base_merge.py). Concatenate is concatenate.c. */
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
                                    "%s and %s do not fit: sizes must be equal, or 1",
                                    capas_shape_text(output, so_far, sizeof so_far),
                                    capas_shape_text(&inputs[i], next, sizeof next));
    return CAPAS_OK;
}

static int lower_all(const capas_layer *layer, capas_program *program, const int *inputs, int count,
                     capas_combination combination)
{
    int all = inputs[0];
    for (int i = 1; i < count; i++)
        all = capas_program_combine(program, layer->name, all, inputs[i], combination);
    return all;
}

static int lower_sum(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    return lower_all(layer, program, inputs, count, CAPAS_COMBINE_SUM);
}

static int lower_product(const capas_layer *layer, capas_program *program, const int *inputs,
                         int count)
{
    return lower_all(layer, program, inputs, count, CAPAS_COMBINE_PRODUCT);
}

static int lower_maximum(const capas_layer *layer, capas_program *program, const int *inputs,
                         int count)
{
    return lower_all(layer, program, inputs, count, CAPAS_COMBINE_MAXIMUM);
}

static int lower_minimum(const capas_layer *layer, capas_program *program, const int *inputs,
                         int count)
{
    return lower_all(layer, program, inputs, count, CAPAS_COMBINE_MINIMUM);
}

/* a + (-b), which is exact. */
static int lower_difference(const capas_layer *layer, capas_program *program, const int *inputs,
                            int count)
{
    (void)count;
    int negative = capas_program_affine(program, layer->name, inputs[1], -1, 0);
    return capas_program_combine(program, layer->name, inputs[0], negative, CAPAS_COMBINE_SUM);
}

static int lower_mean(const capas_layer *layer, capas_program *program, const int *inputs,
                      int count)
{
    int sum = lower_sum(layer, program, inputs, count);
    return capas_program_affine(program, layer->name, sum, 1.0 / count, 0);
}

#define MERGE(word, class, most, lowering, said)                                                   \
    const capas_layer_type capas_##word##_type = {                                                 \
        .name = class,                                                                             \
        .summary = said,                                                                           \
        .options = {class, NULL, 0, sizeof(capas_merge_options)},                                  \
        .minimum_inputs = 2,                                                                       \
        .maximum_inputs = most,                                                                    \
        .has_build_config = true,                                                                  \
        .infer = infer,                                                                            \
        .lower = lowering,                                                                         \
        .passes_mask = true,                                                                       \
    };                                                                                             \
    capas_layer *capas_##word##_with(const capas_merge_options *given)                             \
    {                                                                                              \
        return capas_layer_new(&capas_##word##_type, given);                                       \
    }

MERGE(add, "Add", CAPAS_MAX_INPUTS, lower_sum,
      "The sum of its inputs, for shortcuts past other layers.")
MERGE(subtract, "Subtract", 2, lower_difference, "The first of two inputs less the second.")
MERGE(multiply, "Multiply", CAPAS_MAX_INPUTS, lower_product, "The product of its inputs.")
MERGE(average, "Average", CAPAS_MAX_INPUTS, lower_mean, "The mean of its inputs.")
MERGE(maximum, "Maximum", CAPAS_MAX_INPUTS, lower_maximum, "The largest of its inputs.")
MERGE(minimum, "Minimum", CAPAS_MAX_INPUTS, lower_minimum, "The smallest of its inputs.")
