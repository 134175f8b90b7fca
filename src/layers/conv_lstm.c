/* ConvLSTM1D, 2D and 3D: an LSTM over the steps of a sequence of images whose products are
 * convolutions (Keras layers/rnn/conv_lstm.py). That of the inputs is one of all steps; that of the
 * states is the scan's, with a window: each pixel of an image is a sample of its own there, whose
 * steps lie one behind the other. */
#include "base/text.h"
#include "layers/recurrent.h"

enum { TEXT_SIZE = 128, GATES = 4, MOST_STEPS = 1 << 16, MOST_PIXELS = 1 << 20 };

#define ROWS(size_kind)                                                                            \
    CAPAS_RECURRENT_FLAG_ROWS, CAPAS_FILTERS_ROW,                                                  \
        CAPAS_WINDOW_ROWS(size_kind, capas_padding_names), CAPAS_RECURRENT_OUTPUT_ROW,             \
        CAPAS_RECURRENT_ACTIVATION_ROW, CAPAS_RECURRENT_START_ROWS, CAPAS_FORGET_ROW,              \
        CAPAS_RECURRENT_REST_ROWS, CAPAS_RECURRENT_LAST_ROWS(false)

#define FIELD(name) offsetof(capas_conv_lstm1d_options, name)
static const capas_option options1[] = {ROWS(capas_option_single)};
#undef FIELD
#define FIELD(name) offsetof(capas_conv_lstm2d_options, name)
static const capas_option options2[] = {ROWS(capas_option_pair)};
#undef FIELD
#define FIELD(name) offsetof(capas_conv_lstm3d_options, name)
static const capas_option options3[] = {ROWS(capas_option_triple)};

static capas_status check(const capas_layer *layer, const char *where)
{
    const capas_recurrence recurrence = capas_recurrence_of(layer);
    CAPAS_TRY(capas_recurrent_check(layer, where));
    return capas_convolution_check_of(&recurrence.convolution, where);
}

/* Of the convolution of one step, which has a gate's channels for each filter. */
static capas_status infer_state(const capas_layer *layer, const capas_shape *input,
                                capas_shape *state)
{
    const capas_recurrence recurrence = capas_recurrence_of(layer);
    capas_convolution conv = recurrence.convolution;
    char text[TEXT_SIZE];
    if (input->rank != conv.axes + 3)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "takes steps of images (None, steps, %s), found %s",
                                conv.axes == 1   ? "width, channels"
                                : conv.axes == 2 ? "height, width, channels"
                                                 : "depth, height, width, channels",
                                capas_shape_text(input, text, sizeof text));
    const capas_shape step = capas_shape_without_steps(input);
    conv.filters /= GATES;
    CAPAS_TRY(capas_convolution_infer_of(layer, &conv, &step, state));
    const int64_t steps = input->dims[1], pixels = capas_shape_count(state, 1) / conv.filters;
    if (steps <= MOST_STEPS && pixels <= MOST_PIXELS) return CAPAS_OK;
    return capas_layer_fail(layer, CAPAS_UNSUPPORTED,
                            "takes at most %d steps of at most %d pixels, found %lld of %lld",
                            MOST_STEPS, MOST_PIXELS, (long long)steps, (long long)pixels);
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    const capas_recurrent_options *options = layer->options;
    capas_shape state;
    CAPAS_TRY(infer_state(layer, &inputs[0], &state));
    for (int i = 0; i < capas_recurrent_output_count(layer); i++)
        output[i] = state;
    if (options->return_sequences) *output = capas_shape_with_steps(&state, inputs[0].dims[1]);
    return capas_recurrent_check_states(layer, inputs, count, &state);
}

static capas_status build(capas_layer *layer, const capas_shape *inputs, int count)
{
    (void)count;
    const capas_recurrence recurrence = capas_recurrence_of(layer);
    const capas_convolution *conv = &recurrence.convolution;
    const capas_shape step = capas_shape_without_steps(&inputs[0]);
    capas_image image;
    CAPAS_TRY(capas_image_of(layer, &step, conv->axes, conv->data_format, &image));
    const capas_shape kernel =
        capas_convolution_kernel(conv, conv->kernel_size, image.channels, conv->filters);
    const capas_shape own =
        capas_convolution_kernel(conv, conv->kernel_size, conv->filters / GATES, conv->filters);
    return capas_recurrent_add_weights(
        layer, &kernel, &own, conv->axes == 3 ? CAPAS_LAYOUT_DEPTH_INSIDE : CAPAS_LAYOUT_PLAIN);
}

/* `times` as many samples, or so many times fewer when it is negative. */
static int regroup(capas_program *program, int buffer, capas_shape shape, int times)
{
    if (program->status != CAPAS_OK || buffer < 0) return CAPAS_NO_BUFFER;
    const int now = program->buffers[buffer].times;
    return capas_program_regroup(program, buffer, &shape, times > 0 ? now * times : now / -times);
}

/* [n, a, b, c] to [n, b, a, c]. */
static int exchange(const capas_layer *layer, capas_program *program, int buffer)
{
    static const int order[] = {0, 2, 1, 3};
    return capas_program_move(program, layer->name, buffer, order);
}

/* x W of all steps, [n x steps, depth, height, width, gates x filters]. In Keras each gate's inputs
 * are dropped apart: a group of the convolution for each then. */
static int lower_inputs(const capas_layer *layer, const capas_convolution *conv,
                        capas_program *program, int input)
{
    capas_convolution grouped = *conv;
    const int rank = capas_program_shape(program, input)->rank;
    const int channels = conv->data_format == CAPAS_CHANNELS_FIRST ? 2 : rank - 1;
    int all = capas_recurrent_drop(layer, program, input);
    grouped.groups = all == input ? 1 : GATES;
    for (int g = 1; g < grouped.groups && program->status == CAPAS_OK; g++)
        all = capas_program_join(program, layer->name, all,
                                 capas_recurrent_drop(layer, program, input), channels);
    if (program->status != CAPAS_OK) return CAPAS_NO_BUFFER;
    const capas_shape shape = *capas_program_shape(program, all);
    int images = regroup(program, all, capas_shape_without_steps(&shape), (int)shape.dims[1]);
    images = capas_image_to_last(layer, program, images, conv->axes, conv->data_format);
    if (images == CAPAS_NO_BUFFER) return images;
    return capas_convolution_lower_of(layer, &grouped, program, images, CAPAS_NO_WEIGHT);
}

/* The states to begin with as [n x pixels, states, filters]; CAPAS_NO_BUFFER when none are given.
 */
static int lower_states(const capas_layer *layer, const capas_convolution *conv,
                        capas_program *program, const int *inputs, int count, int pixels)
{
    const capas_shape row = {3, {CAPAS_ANY, 1, conv->filters / GATES}};
    int all = CAPAS_NO_BUFFER;
    for (int i = 1; i < count && program->status == CAPAS_OK; i++) {
        int state = capas_image_to_last(layer, program, inputs[i], conv->axes, conv->data_format);
        state = regroup(program, state, row, pixels);
        all = i == 1 ? state : capas_program_join(program, layer->name, all, state, 1);
    }
    return all;
}

/* What the scan gives of all pixels, [n x pixels, rows, filters], as [n, rows, all numbers]. */
static int gather_pixels(const capas_layer *layer, capas_program *program, int buffer, int pixels)
{
    if (program->status != CAPAS_OK || buffer < 0) return CAPAS_NO_BUFFER;
    const capas_shape *shape = capas_program_shape(program, buffer);
    const int64_t rows = shape->dims[1], filters = shape->dims[2];
    buffer =
        regroup(program, buffer, (capas_shape){4, {CAPAS_ANY, pixels, rows, filters}}, -pixels);
    buffer = exchange(layer, program, buffer);
    return capas_program_reshape(program, buffer,
                                 &(capas_shape){3, {CAPAS_ANY, rows, pixels * filters}});
}

/* An output in the layer's data format: the channels behind the first axes. */
static int to_format(const capas_layer *layer, const capas_convolution *conv,
                     capas_program *program, int buffer)
{
    if (program->status != CAPAS_OK || conv->data_format == CAPAS_CHANNELS_LAST) return buffer;
    const int rank = capas_program_shape(program, buffer)->rank, channels = rank - conv->axes - 1;
    int order[CAPAS_MAX_RANK];
    for (int i = 0; i < rank; i++)
        order[i] = i < channels ? i : i == channels ? rank - 1 : i - 1;
    return capas_program_move(program, layer->name, buffer, order);
}

/* What a mask may say: which steps count. */
static bool takes_mask(const capas_layer *layer, capas_program *program, int mask)
{
    char text[TEXT_SIZE];
    if (mask < 0 || program->buffers[mask].shape.rank == 2) return true;
    program->status = capas_layer_fail(
        layer, CAPAS_UNSUPPORTED, "takes a mask of steps (None, steps), found one of %s",
        capas_shape_text(&program->buffers[mask].shape, text, sizeof text));
    return false;
}

static void lower_direction(const capas_layer *layer, capas_program *program, const int *inputs,
                            int count, bool flips, int *outputs)
{
    const capas_recurrent_options *options = layer->options;
    const capas_recurrence recurrence = capas_recurrence_of(layer);
    const capas_convolution *conv = &recurrence.convolution;
    const int64_t steps = capas_program_shape(program, inputs[0])->dims[1];
    const int mask = program->buffers[inputs[0]].mask;
    if (!takes_mask(layer, program, mask)) return;
    int x = lower_inputs(layer, conv, program, inputs[0]);
    if (x == CAPAS_NO_BUFFER) return;
    const capas_image image = capas_image_of_buffer(program, x);
    const int pixels = (int)(image.depth * image.height * image.width);
    x = regroup(program, x, (capas_shape){4, {CAPAS_ANY, steps, pixels, conv->filters}},
                -(int)steps);
    x = exchange(layer, program, x);
    x = regroup(program, x, (capas_shape){3, {CAPAS_ANY, steps, conv->filters}}, pixels);
    const capas_scan_inputs scan = {
        .x = x,
        .mask = mask,
        .initial = lower_states(layer, conv, program, inputs, count, pixels),
        .states = layer->states,
    };
    const capas_scan_window window = {(int)image.depth,         (int)image.height,
                                      (int)image.width,         conv->kernel_size.depth,
                                      conv->kernel_size.height, conv->kernel_size.width};
    int all = capas_recurrent_scan(layer, program, &scan, &window, flips);
    all = gather_pixels(layer, program, all, pixels);
    const capas_image result = {image.height, image.width, conv->filters / GATES, image.depth};
    const capas_shape state = capas_image_shape(&result, conv->axes, CAPAS_CHANNELS_LAST);
    const capas_shape first =
        options->return_sequences ? capas_shape_with_steps(&state, steps) : state;
    capas_recurrent_outputs(layer, program, all, steps, &first, &state, outputs);
    for (int i = 0; i < capas_recurrent_output_count(layer); i++)
        outputs[i] = to_format(layer, conv, program, outputs[i]);
    if (options->return_sequences && outputs[0] >= 0) program->buffers[outputs[0]].mask = mask;
}

#define CONV_LSTM(axes_count, size_of_kernel)                                                      \
    static void describe##axes_count(const capas_layer *layer, void *description)                  \
    {                                                                                              \
        const capas_conv_lstm##axes_count##d_options *options = layer->options;                    \
        *(capas_recurrence *)description = (capas_recurrence){                                     \
            .cell = CAPAS_CELL_LSTM,                                                               \
            .recurrent_activation = options->recurrent_activation,                                 \
            .unit_forget_bias = options->unit_forget_bias,                                         \
            .lower = lower_direction,                                                              \
            .convolution =                                                                         \
                {                                                                                  \
                    CAPAS_CONVOLUTION_OF(options, axes_count),                                     \
                    .filters = GATES * options->filters,                                           \
                    .groups = 1,                                                                   \
                },                                                                                 \
        };                                                                                         \
    }                                                                                              \
    const capas_layer_type capas_conv_lstm##axes_count##d_type = {                                 \
        .name = "ConvLSTM" #axes_count "D",                                                        \
        .summary = "An LSTM whose products are convolutions, over steps of images.",               \
        .options = {"ConvLSTM" #axes_count "D", options##axes_count,                               \
                    CAPAS_COUNT(options##axes_count),                                              \
                    sizeof(capas_conv_lstm##axes_count##d_options)},                               \
        .minimum_inputs = 1,                                                                       \
        .maximum_inputs = 3,                                                                       \
        .has_build_config = true,                                                                  \
        .takes_states = true,                                                                      \
        .output_count = capas_recurrent_output_count,                                              \
        .lower_all = capas_recurrent_lower_all,                                                    \
        .cell = "conv_lstm_cell",                                                                  \
        .describe = describe##axes_count,                                                          \
        .check = check,                                                                            \
        .infer = infer,                                                                            \
        .build = build,                                                                            \
        .lower = capas_recurrent_lower,                                                            \
        .call_has_mask = true,                                                                     \
        .call_has_training = true,                                                                 \
    };                                                                                             \
    capas_layer *capas_conv_lstm##axes_count##d_with(                                              \
        int filters, int kernel_size, const capas_conv_lstm##axes_count##d_options *given)         \
    {                                                                                              \
        capas_conv_lstm##axes_count##d_options all;                                                \
        capas_layer_copy_options(&all, sizeof all, given);                                         \
        all.filters = filters;                                                                     \
        size_of_kernel;                                                                            \
        return capas_layer_new(&capas_conv_lstm##axes_count##d_type, &all);                        \
    }

CONV_LSTM(1, all.kernel_size = kernel_size)
CONV_LSTM(2, if (all.kernel_size.height == 0)
                 all.kernel_size = ((capas_pair){kernel_size, kernel_size}))
CONV_LSTM(3, if (all.kernel_size.depth == 0) all.kernel_size = ((capas_triple){kernel_size, 0, 0}))
