/* Reshape: the same numbers in another shape (Keras layers/reshaping/reshape.py). No work. */
#include "base/text.h"
#include "layers/layer.h"

enum { TEXT_SIZE = 128 };

/* A size of -1 is worked out; Keras writes it so, and takes no None. */
static void resolve(const capas_option *option, void *field)
{
    capas_option_shape.resolve(option, field);
}

static capas_status check_target(const capas_option *option, const void *field)
{
    const capas_shape *shape = field;
    int unknown = 0;
    for (int i = 0; i < shape->rank && i < CAPAS_MAX_RANK; i++)
        unknown += shape->dims[i] == CAPAS_ANY;
    if (unknown > 1)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "at most one size of -1, found %d", unknown);
    return capas_option_shape.check(option, field);
}

static capas_status read(const capas_option *option, const capas_value *value, void *field)
{
    return capas_option_shape.read(option, value, field);
}

static capas_value *write(const capas_option *option, const void *field)
{
    const capas_shape *shape = field;
    capas_value *list = capas_value_list();
    (void)option;
    for (int i = 0; i < shape->rank; i++) {
        if (capas_value_append(list, capas_value_integer(shape->dims[i])) == CAPAS_OK) continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

static const capas_option_kind target = {"a list of sizes", resolve, check_target, read, write};

#define FIELD(name) offsetof(capas_reshape_options, name)
static const capas_option options[] = {
    {"target_shape", &target, FIELD(target_shape),
     .help = "the sizes without the batch's; one of -1 is worked out"},
};

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const capas_reshape_options *reshape = layer->options;
    const int64_t numbers = capas_shape_count(&inputs[0], 1);
    int64_t known = 1;
    int unknown = 0;
    char from[TEXT_SIZE], to[TEXT_SIZE];
    capas_shape result = {reshape->target_shape.rank + 1, {CAPAS_ANY}};
    if (result.rank > CAPAS_MAX_RANK)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "its output would have %d axes, more than %d", result.rank,
                                CAPAS_MAX_RANK);
    for (int i = 1; i < result.rank; i++) {
        result.dims[i] = reshape->target_shape.dims[i - 1];
        if (result.dims[i] == CAPAS_ANY)
            unknown = i;
        else if (known <= numbers)
            known *= result.dims[i];
    }
    if (unknown > 0) result.dims[unknown] = numbers / known;
    if (unknown > 0 ? numbers % known != 0 || numbers < known : numbers != known)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "%s cannot be laid out as %s: the input has %lld numbers a sample",
                                capas_shape_text(&inputs[0], from, sizeof from),
                                capas_shape_text(&reshape->target_shape, to, sizeof to),
                                (long long)numbers);
    *output = result;
    return CAPAS_OK;
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    const capas_shape *shape = capas_program_shape(program, inputs[0]);
    capas_shape result;
    if (shape == NULL || infer(layer, shape, count, &result) != CAPAS_OK) return CAPAS_NO_BUFFER;
    return capas_program_reshape(program, inputs[0], &result);
}

const capas_layer_type capas_reshape_type = {
    .name = "Reshape",
    .summary = "The same numbers in another shape.",
    .options = {"Reshape", options, CAPAS_COUNT(options), sizeof(capas_reshape_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .infer = infer,
    .lower = lower,
};

capas_layer *capas_reshape_with(const capas_reshape_options *given)
{
    return capas_layer_new(&capas_reshape_type, given);
}

capas_layer *capas_reshape_dims(int rank, const int *dims)
{
    capas_reshape_options options = {.struct_size = sizeof options};
    options.target_shape.rank = rank;
    for (int i = 0; i < rank && i < CAPAS_MAX_RANK; i++)
        options.target_shape.dims[i] = dims[i];
    return capas_reshape_with(&options);
}
