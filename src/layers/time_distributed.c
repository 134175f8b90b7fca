/* TimeDistributed: a layer on every step of a sequence (Keras layers/rnn/time_distributed.py). The
 * steps become samples of their own, a batch as many times as large, and come together behind it.
 */
#include "base/text.h"
#include "layers/wrapper.h"

enum { TEXT_SIZE = 128, MOST_STEPS = 1 << 16 };

#define FIELD(name) offsetof(capas_time_distributed_options, name)
static const capas_option options[] = {
    {"layer", &capas_option_layer, FIELD(layer), .help = "what is done to every step"},
};

static capas_layer *inner_of(const capas_layer *layer)
{
    return capas_layer_inner(layer, 0);
}

static capas_status check(const capas_layer *layer, const char *where)
{
    const capas_layer *inner = inner_of(layer);
    const capas_layer_type *type = inner->type;
    if (!type->lower || (type->maximum_inputs > 1 && !type->takes_states))
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: it wraps a layer of one input, found %s",
                          where, type->name);
    if (capas_layer_output_count(inner) > 1)
        return capas_fail(CAPAS_UNSUPPORTED, "%s: it wraps a layer of one output, found %s with %d",
                          where, type->name, capas_layer_output_count(inner));
    return CAPAS_OK;
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    char text[TEXT_SIZE];
    if (inputs[0].rank < 3 || inputs[0].dims[1] > MOST_STEPS)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "takes sequences (None, steps, ...) of at most %d steps, found %s",
                                MOST_STEPS, capas_shape_text(&inputs[0], text, sizeof text));
    const capas_shape one = capas_shape_without_steps(&inputs[0]);
    capas_shape result;
    CAPAS_TRY(capas_wrapper_name(inner_of(layer), ""));
    CAPAS_TRY(inner_of(layer)->type->infer(inner_of(layer), &one, 1, &result));
    if (result.rank >= CAPAS_MAX_RANK)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "its output would have %d axes, more than %d", result.rank + 1,
                                CAPAS_MAX_RANK);
    *output = capas_shape_with_steps(&result, inputs[0].dims[1]);
    return CAPAS_OK;
}

static capas_status build(capas_layer *layer, const capas_shape *inputs, int count)
{
    (void)count;
    const capas_shape one = capas_shape_without_steps(&inputs[0]);
    CAPAS_TRY(capas_wrapper_build(layer, inner_of(layer), &one, 1));
    if (!capas_layer_is_stateful(layer)) return CAPAS_OK;
    return capas_layer_fail(layer, CAPAS_UNSUPPORTED,
                            "the layer in it must not be stateful: its samples are steps");
}

/* The buffer's steps as samples. */
static int take_apart(capas_program *program, int buffer, int64_t steps)
{
    if (program->status != CAPAS_OK || buffer < 0) return CAPAS_NO_BUFFER;
    const capas_shape one = capas_shape_without_steps(&program->buffers[buffer].shape);
    return capas_program_regroup(program, buffer, &one,
                                 program->buffers[buffer].times * (int)steps);
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_layer *inner = inner_of(layer);
    const capas_shape shape = *capas_program_shape(program, inputs[0]);
    int step = take_apart(program, inputs[0], shape.dims[1]);
    if (step == CAPAS_NO_BUFFER) return step;
    /* A mask that goes beyond the steps is one of each step's own steps. */
    int mask = program->buffers[inputs[0]].mask;
    if (mask >= 0 && program->buffers[mask].shape.rank > 2) {
        int apart = take_apart(program, mask, shape.dims[1]);
        if (apart >= 0) program->buffers[step].mask = apart;
    }
    int result = inner->type->lower(inner, program, &step, 1);
    if (program->status != CAPAS_OK || result < 0) return CAPAS_NO_BUFFER;
    capas_shape output;
    if (infer(layer, &shape, 1, &output) != CAPAS_OK) return CAPAS_NO_BUFFER;
    return capas_program_regroup(program, result, &output, program->buffers[inputs[0]].times);
}

const capas_layer_type capas_time_distributed_type = {
    .name = "TimeDistributed",
    .summary = "A layer on every step of a sequence, with the same weights.",
    .options = {"TimeDistributed", options, CAPAS_COUNT(options),
                sizeof(capas_time_distributed_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .inner = {FIELD(layer)},
    .inner_names = {"layer"},
    .check = check,
    .infer = infer,
    .build = build,
    .lower = lower,
    .passes_mask = true,
    .call_has_mask = true,
};

capas_layer *capas_time_distributed_with(capas_layer *layer,
                                         const capas_time_distributed_options *given)
{
    capas_time_distributed_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.layer = layer;
    return capas_wrapper_new(&capas_time_distributed_type, &all);
}
