/* The recurrent layers, all of them; see recurrent.h. */
#include "layers/recurrent.h"
#include "base/memory.h"
#include "base/text.h"
#include "layers/random.h"

enum { TEXT_SIZE = 128 };

capas_recurrence capas_recurrence_of(const capas_layer *layer)
{
    capas_recurrence recurrence = {0};
    layer->type->describe(layer, &recurrence);
    return recurrence;
}

static int64_t gates_of(const capas_recurrence *recurrence)
{
    const capas_scan_problem problem = {.cell = recurrence->cell};
    return capas_scan_gates(&problem);
}

capas_status capas_recurrent_check(const capas_layer *layer, const char *where)
{
    const capas_recurrent_options *options = layer->options;
    const capas_recurrence recurrence = capas_recurrence_of(layer);
    const capas_activation activations[] = {options->activation, recurrence.recurrent_activation};
    for (int i = 0; i < 2; i++)
        if (capas_activation_is_of_rows(activations[i]))
            return capas_fail(CAPAS_UNSUPPORTED,
                              "%s: its activations must be element by element, found %s; put an "
                              "Activation behind it",
                              where, capas_activation_names[activations[i] - 1]);
    return CAPAS_OK;
}

int capas_recurrent_states(const capas_layer *layer)
{
    return capas_recurrence_of(layer).cell == CAPAS_CELL_LSTM ? 2 : 1;
}

int capas_recurrent_output_count(const capas_layer *layer)
{
    const capas_recurrent_options *options = layer->options;
    return options->return_state ? 1 + capas_recurrent_states(layer) : 1;
}

capas_status capas_recurrent_check_states(const capas_layer *layer, const capas_shape *inputs,
                                          int count, const capas_shape *state)
{
    const int states = capas_recurrent_states(layer);
    char text[TEXT_SIZE], wanted[TEXT_SIZE];
    if (count != 1 && count != 1 + states)
        return capas_layer_fail(layer, CAPAS_INVALID_ARGUMENT,
                                "%s takes a sequence, and may begin with %d state%s, found %d",
                                layer->type->name, states, states == 1 ? "" : "s", count - 1);
    for (int i = 1; i < count; i++)
        if (!capas_shape_equal(&inputs[i], state))
            return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                    "a state that it begins with must have the shape %s, found %s",
                                    capas_shape_text(state, wanted, sizeof wanted),
                                    capas_shape_text(&inputs[i], text, sizeof text));
    return CAPAS_OK;
}

capas_status capas_recurrent_infer(const capas_layer *layer, const capas_shape *inputs, int count,
                                   capas_shape *output)
{
    const capas_recurrent_options *options = layer->options;
    char text[TEXT_SIZE];
    if (inputs[0].rank != 3)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "takes sequences (None, steps, numbers), found %s",
                                capas_shape_text(&inputs[0], text, sizeof text));
    const capas_shape state = {2, {CAPAS_ANY, options->units}};
    for (int i = 0; i < capas_recurrent_output_count(layer); i++)
        output[i] = state;
    if (options->return_sequences)
        *output = (capas_shape){3, {CAPAS_ANY, inputs[0].dims[1], options->units}};
    return capas_recurrent_check_states(layer, inputs, count, &state);
}

/* With recurrent dropout each gate's inputs are dropped apart (Keras's implementation 1): the
 * product is then a convolution with a group for each gate, whose kernel lies as Keras has it. */
static bool drops_apart(const capas_layer *layer)
{
    const capas_recurrent_options *options = layer->options;
    return options->recurrent_dropout != 0 && capas_recurrence_of(layer).cell != CAPAS_CELL_SIMPLE;
}

static capas_status make_states(capas_layer *layer)
{
    const capas_recurrent_options *options = layer->options;
    if (!options->stateful || layer->states) return CAPAS_OK;
    layer->states = capas_allocate_zeroed(1, sizeof *layer->states);
    if (!layer->states) return CAPAS_NO_MEMORY;
    layer->states->count = (int64_t)capas_recurrent_states(layer) * options->units;
    return CAPAS_OK;
}

capas_status capas_recurrent_add_weights(capas_layer *layer, const capas_shape *kernel,
                                         const capas_shape *own, capas_weight_layout layout)
{
    const capas_recurrent_options *options = layer->options;
    const capas_recurrence recurrence = capas_recurrence_of(layer);
    const int64_t columns = gates_of(&recurrence) * options->units;
    capas_shape bias = {1, {columns}};
    if (recurrence.reset_after) bias = (capas_shape){2, {2, columns}};
    CAPAS_TRY(capas_layer_add_weight(layer, "kernel", kernel, options->kernel_initializer,
                                     options->kernel_regularizer, true));
    layer->weights[0].layout = layout;
    CAPAS_TRY(capas_layer_add_weight(layer, "recurrent_kernel", own, options->recurrent_initializer,
                                     options->recurrent_regularizer, true));
    layer->weights[1].layout = CAPAS_LAYOUT_TILED;
    CAPAS_TRY(make_states(layer));
    if (!options->use_bias) return CAPAS_OK;
    CAPAS_TRY(capas_layer_add_weight(layer, "bias", &bias, options->bias_initializer,
                                     options->bias_regularizer, true));
    if (recurrence.unit_forget_bias) {
        layer->weights[2].ones_begin = options->units;
        layer->weights[2].ones_end = 2 * (int64_t)options->units;
    }
    return CAPAS_OK;
}

capas_status capas_recurrent_build(capas_layer *layer, const capas_shape *inputs, int count)
{
    (void)count;
    const capas_recurrent_options *options = layer->options;
    const capas_recurrence recurrence = capas_recurrence_of(layer);
    const int64_t columns = gates_of(&recurrence) * options->units;
    const capas_shape kernel = {2, {inputs[0].dims[2], columns}};
    const capas_shape own = {2, {options->units, columns}};
    return capas_recurrent_add_weights(
        layer, &kernel, &own, drops_apart(layer) ? CAPAS_LAYOUT_PLAIN : CAPAS_LAYOUT_TILED);
}

/* Keras drops nothing at a rate of 1. */
static double rate_of(double rate)
{
    return rate < 1 ? rate : 0;
}

int capas_recurrent_drop(const capas_layer *layer, capas_program *program, int input)
{
    const capas_recurrent_options *options = layer->options;
    const double rate = rate_of(options->dropout);
    capas_shape noise = *capas_program_shape(program, input);
    noise.dims[1] = 1;
    if (rate == 0) return input;
    return capas_program_dropout(program, layer->name, input, rate, &noise,
                                 capas_random_stream(layer, program, options->seed));
}

/* x W as a convolution, a group for each gate when each has its own inputs. */
static int lower_groups(const capas_layer *layer, capas_program *program, int input, int gates)
{
    const capas_recurrent_options *options = layer->options;
    const bool apart = program->training && rate_of(options->dropout) > 0;
    int all = capas_recurrent_drop(layer, program, input);
    for (int g = 1; apart && g < gates; g++)
        all = capas_program_join(program, layer->name, all,
                                 capas_recurrent_drop(layer, program, input), 2);
    capas_shape shape = *capas_program_shape(program, all);
    if (shape.rank != 3) return CAPAS_NO_BUFFER;
    const int steps = (int)shape.dims[1], channels = (int)shape.dims[2];
    capas_shape image = {4, {CAPAS_ANY, steps, 1, channels}};
    shape.dims[2] = (int64_t)gates * options->units;
    const capas_conv_problem problem = {
        .height = steps,
        .width = 1,
        .channels = channels,
        .filters = (int)shape.dims[2],
        .groups = apart ? gates : 1,
        .kernel_height = 1,
        .kernel_width = 1,
        .stride_height = 1,
        .stride_width = 1,
        .dilation_height = 1,
        .dilation_width = 1,
        .out_height = steps,
        .out_width = 1,
    };
    int output =
        capas_program_conv(program, layer->name, capas_program_reshape(program, all, &image),
                           &problem, layer->weights[0].index, CAPAS_NO_WEIGHT);
    return capas_program_reshape(program, output, &shape);
}

static int lower_inputs(const capas_layer *layer, capas_program *program, int input, int gates)
{
    const capas_recurrent_options *options = layer->options;
    if (drops_apart(layer)) return lower_groups(layer, program, input, gates);
    return capas_program_dense(program, layer->name, capas_recurrent_drop(layer, program, input),
                               (int64_t)gates * options->units, layer->weights[0].index,
                               CAPAS_NO_WEIGHT);
}

/* The states to begin with as one [n, states, units]; CAPAS_NO_BUFFER when none are given. */
static int lower_states(const capas_layer *layer, capas_program *program, const int *inputs,
                        int count)
{
    const capas_recurrent_options *options = layer->options;
    const capas_shape row = {3, {CAPAS_ANY, 1, options->units}};
    int all = CAPAS_NO_BUFFER;
    for (int i = 1; i < count && program->status == CAPAS_OK; i++) {
        int state = capas_program_reshape(program, inputs[i], &row);
        all = i == 1 ? state : capas_program_join(program, layer->name, all, state, 1);
    }
    return all;
}

/* `count` rows of [n, rows, units] from `first` on. */
static int take_rows(const capas_layer *layer, capas_program *program, int input, int64_t first,
                     int64_t count)
{
    if (program->status != CAPAS_OK || input < 0) return CAPAS_NO_BUFFER;
    capas_shape shape = *capas_program_shape(program, input);
    const capas_shape image = {4, {CAPAS_ANY, shape.dims[1], 1, shape.dims[2]}};
    const capas_margins cut = {.top = (int)-first, .bottom = (int)(first + count - shape.dims[1])};
    if (count == shape.dims[1]) return input;
    int rows = capas_program_pad(program, layer->name,
                                 capas_program_reshape(program, input, &image), &cut);
    shape.dims[1] = count;
    return capas_program_reshape(program, rows, &shape);
}

void capas_recurrent_outputs(const capas_layer *layer, capas_program *program, int all,
                             int64_t steps, const capas_shape *first, const capas_shape *state,
                             int *outputs)
{
    const capas_recurrent_options *options = layer->options;
    const capas_regularizer *penalty = &options->activity_regularizer;
    const int64_t rows = options->return_sequences ? steps : 1;
    outputs[0] = capas_program_reshape(program, take_rows(layer, program, all, 0, rows), first);
    for (int i = 1; i < capas_recurrent_output_count(layer); i++)
        outputs[i] =
            capas_program_reshape(program, take_rows(layer, program, all, rows + i - 1, 1), state);
    for (int i = 0; penalty->kind != CAPAS_REGULARIZER_NONE && program->status == CAPAS_OK &&
                    i < capas_recurrent_output_count(layer);
         i++)
        outputs[i] =
            capas_program_penalty(program, layer->name, outputs[i], penalty->l1, penalty->l2);
}

int capas_recurrent_scan(const capas_layer *layer, capas_program *program,
                         const capas_scan_inputs *inputs, const capas_scan_window *window,
                         bool flips)
{
    const capas_recurrent_options *options = layer->options;
    const capas_recurrence recurrence = capas_recurrence_of(layer);
    const capas_scan_problem problem = {
        .window = *window,
        .cell = recurrence.cell,
        .reset_after = recurrence.reset_after,
        .units = options->units,
        .activation = options->activation,
        .recurrent_activation = recurrence.recurrent_activation,
        .bias_rows = recurrence.reset_after ? 2 : 1,
        .backwards = options->go_backwards,
        .sequences = options->return_sequences,
        .flips = flips,
        .states = options->return_state,
        .zero_masked = options->zero_output_for_mask,
        .recurrent_dropout = rate_of(options->recurrent_dropout),
    };
    uint32_t stream = problem.recurrent_dropout > 0 && program->training
                          ? capas_random_stream(layer, program, options->seed)
                          : 0;
    int bias = options->use_bias ? layer->weights[2].index : CAPAS_NO_WEIGHT;
    return capas_program_scan(program, layer->name, inputs, &problem, layer->weights[1].index, bias,
                              stream);
}

void capas_recurrent_lower_direction(const capas_layer *layer, capas_program *program,
                                     const int *inputs, int count, bool flips, int *outputs)
{
    const capas_recurrent_options *options = layer->options;
    const capas_recurrence recurrence = capas_recurrence_of(layer);
    static const capas_scan_window none = {0};
    outputs[0] = CAPAS_NO_BUFFER;
    if (program->status != CAPAS_OK || inputs[0] < 0) return;
    if (recurrence.lower) {
        recurrence.lower(layer, program, inputs, count, flips, outputs);
        return;
    }
    const int mask = program->buffers[inputs[0]].mask;
    const int64_t steps = capas_program_shape(program, inputs[0])->dims[1];
    const capas_scan_inputs scan = {
        .x = lower_inputs(layer, program, inputs[0], (int)gates_of(&recurrence)),
        .mask = mask,
        .initial = lower_states(layer, program, inputs, count),
        .states = layer->states,
    };
    const capas_shape state = {2, {CAPAS_ANY, options->units}};
    const capas_shape all_steps = {3, {CAPAS_ANY, steps, options->units}};
    int all = capas_recurrent_scan(layer, program, &scan, &none, flips);
    capas_recurrent_outputs(layer, program, all, steps,
                            options->return_sequences ? &all_steps : &state, &state, outputs);
    if (options->return_sequences && outputs[0] >= 0) program->buffers[outputs[0]].mask = mask;
}

void capas_recurrent_lower_all(const capas_layer *layer, capas_program *program, const int *inputs,
                               int count, int *outputs)
{
    capas_recurrent_lower_direction(layer, program, inputs, count, false, outputs);
}

int capas_recurrent_lower(const capas_layer *layer, capas_program *program, const int *inputs,
                          int count)
{
    int output;
    capas_recurrent_lower_direction(layer, program, inputs, count, false, &output);
    return output;
}
