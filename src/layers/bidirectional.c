/* Bidirectional: a recurrent layer and one like it that goes the other way (Keras
 * layers/rnn/bidirectional.py). What the second returns of a sequence is turned round, so that it
 * lies beside what the first does. */
#include "base/text.h"
#include "base/value.h"
#include "layers/object.h"
#include "layers/recurrent.h"
#include "layers/wrapper.h"

enum { MOST_OUTPUTS = 6 /* of two LSTMs with their states */, TEXT_SIZE = 128 };

static const char *const merge_modes[] = {"concat", "sum", "mul", "ave", NULL};

#define FIELD(name) offsetof(capas_bidirectional_options, name)
static const capas_option options[] = {
    {"merge_mode", &capas_option_enum, FIELD(merge_mode), CAPAS_MERGE_CONCAT, .words = merge_modes,
     .nullable = true, .help = "how both outputs become one; None: they stay two"},
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
            return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: it wraps a recurrent layer, found %s",
                              where, inner->type->name);
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
    if (options_of(first)->return_state != options_of(second)->return_state ||
        options_of(first)->stateful != options_of(second)->stateful)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: layer and backward_layer must have the same return_state and "
                          "stateful",
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

static bool stays_two(const capas_layer *layer)
{
    return ((const capas_bidirectional_options *)layer->options)->merge_mode ==
           (capas_merge_mode)CAPAS_NONE;
}

/* What is merged, or both; then the states of the first, and of the second. */
static int output_count(const capas_layer *layer)
{
    const capas_layer *first = capas_layer_inner(layer, 0);
    return (stays_two(layer) ? 2 : 1) + 2 * (capas_layer_output_count(first) - 1);
}

/* The states to begin with are one half the first layer's, the other the second's. Of all inputs
 * those of a direction, x among them: how many. */
static int inputs_of(int count)
{
    return 1 + (count - 1) / 2;
}

static capas_status infer_direction(const capas_layer *layer, int direction,
                                    const capas_shape *inputs, int count, capas_shape *outputs)
{
    const int each = inputs_of(count);
    capas_shape own[MOST_OUTPUTS] = {inputs[0]};
    for (int i = 1; i < each; i++)
        own[i] = inputs[i + direction * (each - 1)];
    const capas_layer *inner = capas_layer_inner(layer, direction);
    return inner->type->infer(inner, own, each, outputs);
}

/* What the second gives into what the first does, `merged`. */
static capas_status infer_merged(const capas_layer *layer, const capas_shape *second,
                                 capas_shape *merged)
{
    const capas_bidirectional_options *both = layer->options;
    const int last = merged->rank - 1;
    const int64_t units = merged->dims[last], others = second->dims[last];
    char one[TEXT_SIZE], other[TEXT_SIZE];
    capas_shape alike = *second;
    alike.dims[last] = units;
    if (!capas_shape_equal(&alike, merged))
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "its layers must give the same sizes, found %s and %s",
                                capas_shape_text(merged, one, sizeof one),
                                capas_shape_text(second, other, sizeof other));
    if (both->merge_mode == CAPAS_MERGE_CONCAT)
        merged->dims[last] += others;
    else if (units != others)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "its layers must have as many units for merge_mode \"%s\", found "
                                "%lld and %lld",
                                merge_modes[both->merge_mode - 1], (long long)units,
                                (long long)others);
    return CAPAS_OK;
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    const capas_bidirectional_options *both = layer->options;
    capas_shape first[MOST_OUTPUTS], second[MOST_OUTPUTS];
    CAPAS_TRY(complete(layer));
    if (count % 2 == 0)
        return capas_layer_fail(layer, CAPAS_INVALID_ARGUMENT,
                                "it takes a sequence and as many states for either direction, "
                                "found %d",
                                count - 1);
    CAPAS_TRY(infer_direction(layer, 0, inputs, count, first));
    CAPAS_TRY(infer_direction(layer, 1, inputs, count, second));
    *output++ = first[0];
    if (stays_two(layer)) *output++ = second[0];
    for (int i = 1; i < capas_layer_output_count(both->layer); i++) {
        output[i - 1] = first[i];
        output[capas_layer_output_count(both->layer) + i - 2] = second[i];
    }
    return stays_two(layer) ? CAPAS_OK : infer_merged(layer, &second[0], &output[-1]);
}

static capas_status build(capas_layer *layer, const capas_shape *inputs, int count)
{
    const capas_bidirectional_options *both = layer->options;
    (void)count;
    CAPAS_TRY(capas_wrapper_build(layer, both->layer, inputs, 1));
    return capas_wrapper_build(layer, both->backward_layer, inputs, 1);
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

static void lower_direction(const capas_layer *layer, int direction, capas_program *program,
                            const int *inputs, int count, int *outputs)
{
    const int each = inputs_of(count);
    int own[MOST_OUTPUTS] = {inputs[0]};
    for (int i = 1; i < each; i++)
        own[i] = inputs[i + direction * (each - 1)];
    capas_recurrent_lower_direction(capas_layer_inner(layer, direction), program, own, each,
                                    direction == 1, outputs);
}

static void lower_all(const capas_layer *layer, capas_program *program, const int *inputs,
                      int count, int *outputs)
{
    const int states = capas_layer_output_count(capas_layer_inner(layer, 0)) - 1;
    int first[MOST_OUTPUTS], second[MOST_OUTPUTS];
    lower_direction(layer, 0, program, inputs, count, first);
    lower_direction(layer, 1, program, inputs, count, second);
    if (program->status != CAPAS_OK) return;
    *outputs++ = stays_two(layer) ? first[0] : merge(layer, program, first[0], second[0]);
    if (program->status == CAPAS_OK)
        program->buffers[outputs[-1]].mask = program->buffers[first[0]].mask;
    if (stays_two(layer)) *outputs++ = second[0];
    for (int i = 0; i < states; i++) {
        outputs[i] = first[1 + i];
        outputs[states + i] = second[1 + i];
    }
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    int output = CAPAS_NO_BUFFER;
    lower_all(layer, program, inputs, count, &output);
    return output;
}

const capas_layer_type capas_bidirectional_type = {
    .name = "Bidirectional",
    .takes_mask = true,
    .summary = "A recurrent layer forwards, and one backwards, and both outputs together.",
    .options = {"Bidirectional", options, CAPAS_COUNT(options),
                sizeof(capas_bidirectional_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 5,
    .takes_states = true,
    .has_build_config = true,
    .inner = {FIELD(layer), FIELD(backward_layer)},
    .inner_names = {"forward_layer", "backward_layer"},
    .check = check,
    .infer = infer,
    .build = build,
    .lower = lower,
    .output_count = output_count,
    .lower_all = lower_all,
    .call_has_mask = true,
};

capas_layer *capas_bidirectional_with(capas_layer *layer, const capas_bidirectional_options *given)
{
    capas_bidirectional_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.layer = layer;
    return capas_wrapper_new(&capas_bidirectional_type, &all);
}
