/* Bidirectional: a recurrent layer and one like it that goes the other way (Keras
 * layers/rnn/bidirectional.py). What the second returns of a sequence is turned round, so that it
 * lies beside what the first does. */
#include "base/value.h"
#include "layers/object.h"
#include "layers/recurrent.h"
#include "layers/wrapper.h"

static const char *const merge_modes[] = {"concat", "sum", "mul", "ave", NULL};

#define FIELD(name) offsetof(capas_bidirectional_options, name)
static const capas_option options[] = {
    {"merge_mode", &capas_option_enum, FIELD(merge_mode), CAPAS_MERGE_CONCAT, .words = merge_modes,
     .help = "how both outputs become one"},
    {"layer", &capas_option_layer, FIELD(layer), .help = "the layer that goes forwards"},
    {"backward_layer", &capas_option_layer, FIELD(backward_layer), .nullable = true,
     .omit_none = true, .help = "the one that goes backwards; None: like the layer"},
};

static const capas_recurrent_options *options_of(const capas_layer *layer)
{
    return layer->options;
}

static capas_status check(const capas_layer *layer, const char *where)
{
    const capas_layer *first = capas_layer_inner(layer, 0), *second = capas_layer_inner(layer, 1);
    for (int i = 0; i < 2; i++) {
        const capas_layer *inner = i == 0 ? first : second;
        if (inner && !capas_is_recurrent(inner))
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "%s: it wraps SimpleRNN, LSTM or GRU, found %s", where,
                              inner->type->name);
    }
    if (!second) return CAPAS_OK;
    if (first == second)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: layer and backward_layer must be two layers, found one", where);
    if (options_of(first)->go_backwards == options_of(second)->go_backwards)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: of layer and backward_layer one must go_backwards, found %s", where,
                          options_of(first)->go_backwards ? "both" : "none");
    if (options_of(first)->return_sequences != options_of(second)->return_sequences)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: layer and backward_layer must have the same return_sequences",
                          where);
    return CAPAS_OK;
}

/* The other direction of a layer, by its configuration: Keras sets go_backwards. */
static capas_layer *turned(const capas_layer *first)
{
    capas_value *config = capas_layer_config(first);
    capas_layer *second = NULL;
    if (config && capas_value_set(config, "go_backwards", capas_value_bool(true)) == CAPAS_OK)
        second = capas_layer_from_config(first->type->name, config, "backward_layer");
    capas_value_free(config);
    return second;
}

/* Keras has it so, whatever the option says. */
static void zero_masked(capas_layer *layer)
{
    capas_recurrent_options *options = layer->options;
    options->zero_output_for_mask = options->return_sequences;
}

/* Both layers with their names; the second is made where there is none. */
static capas_status complete(const capas_layer *layer)
{
    capas_bidirectional_options *both = layer->options;
    CAPAS_TRY(capas_wrapper_name(both->layer, ""));
    if (!both->backward_layer) {
        if (options_of(both->layer)->go_backwards)
            return capas_layer_fail(layer, CAPAS_INVALID_ARGUMENT,
                                    "its layer must not go_backwards unless a backward_layer is "
                                    "given");
        both->backward_layer = turned(both->layer);
        if (!both->backward_layer) return capas_error_status();
        CAPAS_TRY(capas_wrapper_name(both->backward_layer, "backward_"));
    }
    CAPAS_TRY(capas_wrapper_name(both->layer, "forward_"));
    zero_masked(both->layer);
    zero_masked(both->backward_layer);
    return capas_wrapper_name(both->backward_layer, "");
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    const capas_bidirectional_options *both = layer->options;
    capas_shape second;
    CAPAS_TRY(complete(layer));
    CAPAS_TRY(capas_recurrent_infer(both->layer, inputs, count, output));
    CAPAS_TRY(capas_recurrent_infer(both->backward_layer, inputs, count, &second));
    int64_t *units = &output->dims[output->rank - 1], other = second.dims[second.rank - 1];
    if (both->merge_mode == CAPAS_MERGE_CONCAT)
        *units += other;
    else if (*units != other)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "its layers must have as many units for merge_mode \"%s\", found "
                                "%lld and %lld",
                                merge_modes[both->merge_mode - 1], (long long)*units,
                                (long long)other);
    return CAPAS_OK;
}

static capas_status build(capas_layer *layer, const capas_shape *inputs, int count)
{
    const capas_bidirectional_options *both = layer->options;
    CAPAS_TRY(capas_wrapper_build(layer, both->layer, inputs, count));
    return capas_wrapper_build(layer, both->backward_layer, inputs, count);
}

static int merge(const capas_layer *layer, capas_program *program, int a, int b)
{
    const capas_bidirectional_options *both = layer->options;
    const char *label = layer->name;
    if (program->status != CAPAS_OK || a < 0 || b < 0) return CAPAS_NO_BUFFER;
    switch (both->merge_mode) {
    case CAPAS_MERGE_SUM:
        return capas_program_combine(program, label, a, b, CAPAS_COMBINE_SUM);
    case CAPAS_MERGE_MUL:
        return capas_program_combine(program, label, a, b, CAPAS_COMBINE_PRODUCT);
    case CAPAS_MERGE_AVE:
        return capas_program_affine(
            program, label, capas_program_combine(program, label, a, b, CAPAS_COMBINE_SUM), 0.5, 0);
    default:
        return capas_program_join(program, label, a, b, capas_program_shape(program, a)->rank - 1);
    }
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_bidirectional_options *both = layer->options;
    int a = capas_recurrent_lower_direction(both->layer, program, inputs[0], false);
    int b = capas_recurrent_lower_direction(both->backward_layer, program, inputs[0], true);
    int output = merge(layer, program, a, b);
    if (output >= 0) program->buffers[output].mask = program->buffers[a].mask;
    return output;
}

const capas_layer_type capas_bidirectional_type = {
    .name = "Bidirectional",
    .summary = "A recurrent layer forwards, and one backwards, and both outputs together.",
    .options = {"Bidirectional", options, CAPAS_COUNT(options),
                sizeof(capas_bidirectional_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .inner = {FIELD(layer), FIELD(backward_layer)},
    .inner_names = {"forward_layer", "backward_layer"},
    .check = check,
    .infer = infer,
    .build = build,
    .lower = lower,
    .call_has_mask = true,
};

capas_layer *capas_bidirectional_with(capas_layer *layer, const capas_bidirectional_options *given)
{
    capas_bidirectional_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.layer = layer;
    return capas_wrapper_new(&capas_bidirectional_type, &all);
}
