/* Random networks, see network.h: growing a graph layer by layer. Each `grow_` function adds one
 * use of a layer to a node drawn from the graph, or does nothing when the node does not suit. */
#include "support/network_build.h"

#include "model/plan.h"
#include "support/network_builder.h"
#include <stdio.h>

static void grow_dense(builder *b, int node)
{
    static const int units[] = {1, 2, 3, 5, 8, 17};
    capas_activation activation = draw_activation(b);
    if (shape_of(b, node)->rank > 2 && elements_of(b, node) > 60) return;
    capas_regularizer penalty = draw(b, 5) == 0 ? capas_l1_l2(0.03, 0.05) : (capas_regularizer){0};
    apply(b,
          capas_dense(units[draw(b, 6)], .activation = activation, .activity_regularizer = penalty,
                      .use_bias = draw(b, 4) == 0 ? CAPAS_FALSE : CAPAS_TRUE),
          node);
}

static capas_layer *draw_for_steps(builder *b, int steps)
{
    static const capas_padding paddings[] = {CAPAS_VALID, CAPAS_SAME, CAPAS_CAUSAL};
    int window = draw_window(b, steps);
    switch (draw(b, 9)) {
    case 0:
        return capas_max_pooling1d(window, .strides = 1 + draw(b, 2));
    case 1:
        return capas_average_pooling1d(window, .padding = CAPAS_SAME);
    case 2:
        return capas_up_sampling1d(2);
    case 3:
        return capas_zero_padding1d(1, .padding = {1, 2});
    case 4:
        return capas_cropping1d(0, .cropping = {CAPAS_ZERO, steps > 1});
    case 5:
        return capas_permute(2, 1);
    case 6:
        return capas_depthwise_conv1d(window);
    case 7:
        return capas_separable_conv1d(2, window, .padding = CAPAS_SAME);
    default:
        return capas_conv1d(1 + draw(b, 4), window, .padding = paddings[draw(b, 3)],
                            .dilation_rate = 1, .activation = draw_activation(b));
    }
}

/* A vector repeated, an image made a sequence, and what there is for sequences. */
static void grow_sequence(builder *b, int node)
{
    const capas_shape *shape = shape_of(b, node);
    if (2 * elements_of(b, node) > MOST_ELEMENTS) return;
    if (shape->rank == 2)
        apply(b, capas_repeat_vector(1 + draw(b, 3)), node);
    else if (shape->rank == 4)
        apply(b, capas_reshape(-1, (int)shape->dims[3]), node);
    else if (shape->rank == 3)
        apply(b, draw_for_steps(b, (int)shape->dims[1]), node);
}

static void grow_normalization(builder *b, int node)
{
    if (b->masked[node]) return; /* is refused */
    int axis = shape_of(b, node)->rank == 4 && draw(b, 3) == 0 ? 1 : -1;
    apply(b,
          capas_batch_normalization(.axis = axis, .momentum = 0.8,
                                    .scale = draw(b, 3) ? CAPAS_TRUE : CAPAS_FALSE,
                                    .center = draw(b, 3) ? CAPAS_TRUE : CAPAS_FALSE),
          node);
}

/* A layer that a step of training changes first. */
static void grow_spectral(builder *b, int node)
{
    const int rank = shape_of(b, node)->rank, iterations = 1 + draw(b, 2);
    if (rank > 2 && elements_of(b, node) > 60) return;
    capas_layer *inner = rank == 4 ? capas_conv2d(1 + draw(b, 3), 1) : capas_dense(1 + draw(b, 5));
    apply(b, capas_spectral_normalization(inner, .power_iterations = iterations), node);
}

/* Of each sample. UnitNormalization is left out: it makes numbers of rounding errors. */
static void grow_sample_normalization(builder *b, int node)
{
    const capas_shape *shape = shape_of(b, node);
    const int axis = 1 + draw(b, shape->rank - 1);
    const int scale = draw(b, 3) ? CAPAS_TRUE : CAPAS_FALSE;
    const int center = draw(b, 3) ? CAPAS_TRUE : CAPAS_FALSE;
    switch (draw(b, 4)) {
    case 0:
        apply(b,
              capas_layer_normalization(.axis = {1, {axis}}, .scale = scale, .center = center,
                                        .epsilon = 0.1),
              node);
        break;
    case 1:
        apply(b, capas_layer_normalization(.rms_scaling = CAPAS_TRUE, .epsilon = 0.1), node);
        break;
    case 2:
        apply(b, capas_rms_normalization(.axis = {1, {axis}}, .epsilon = 0.1), node);
        break;
    default:
        apply(b,
              capas_group_normalization(.groups = shape->dims[axis] % 2 ? 1 : 2, .axis = axis,
                                        .scale = scale, .center = center, .epsilon = 0.1),
              node);
        break;
    }
}

/* Drawn the same in each run of a step, so that gradients can be held against differences. */
static void grow_noise(builder *b, int node)
{
    switch (draw(b, 5)) {
    case 0:
        apply(b, capas_gaussian_noise(0.2), node);
        break;
    case 1:
        apply(b, capas_gaussian_dropout(0.2), node);
        break;
    case 2:
        apply(b, capas_alpha_dropout(0.2), node);
        break;
    case 3:
        if (shape_of(b, node)->rank == 4) apply(b, capas_spatial_dropout2d(0.3), node);
        break;
    default:
        apply(b, capas_activity_regularization(.l1 = 0.01, .l2 = 0.02), node);
    }
}

static void grow_activation(builder *b, int node)
{
    apply(b, capas_activation_layer(draw_activation(b)), node);
}

/* Bent at places where next to nothing lies: numeric gradients hold. */
static void grow_rectifier(builder *b, int node)
{
    const int axis = 1 + draw(b, shape_of(b, node)->rank - 1);
    switch (draw(b, 5)) {
    case 0:
        apply(b, capas_relu(.negative_slope = 0.2, .threshold = 0.13, .max_value = 2), node);
        break;
    case 1:
        apply(b, capas_leaky_relu(), node);
        break;
    case 2:
        apply(b, capas_elu(.alpha = 0.7), node);
        break;
    case 3:
        apply(b, capas_prelu(.alpha_initializer = capas_constant(0.3), .shared_axes = {1, {axis}}),
              node);
        break;
    default:
        apply(b, capas_softmax(.axis = {1, {axis}}), node);
    }
}

static void grow_dropout(builder *b, int node)
{
    capas_shape noise = {0};
    if (draw(b, 2)) {
        noise = *shape_of(b, node);
        noise.dims[1 + draw(b, noise.rank - 1)] = 1;
    }
    apply(b, capas_dropout(0.3, .noise_shape = noise), node);
}

static void grow_rescaling(builder *b, int node)
{
    apply(b, capas_rescaling(0.7, .offset = 0.1), node);
}

static void grow_flatten(builder *b, int node)
{
    apply(b, capas_flatten(.data_format = draw(b, 4) ? CAPAS_CHANNELS_LAST : CAPAS_CHANNELS_FIRST),
          node);
}

/* `same`: all inputs are the same node, whose difference would be zeros. */
static capas_layer *draw_merge(builder *b, int *count, bool same)
{
    switch (draw(b, 6)) {
    case 0:
        if (same) return capas_add();
        *count = 2;
        return capas_subtract();
    case 1:
        return capas_average();
    case 2:
    case 3:
        return capas_multiply();
    default:
        return capas_add();
    }
}

/* Of a node with itself, with an equal one, or with one that is broadcast. Extrema are left out:
 * numeric gradients do not hold where they change. */
static void grow_merge(builder *b, int node)
{
    const capas_shape *shape = shape_of(b, node);
    int other = draw(b, b->count), count = 2 + draw(b, 2);
    const capas_shape *second = shape_of(b, other);
    bool fits = second->rank == shape->rank;
    for (int i = 1; fits && i < shape->rank; i++)
        fits = second->dims[i] == shape->dims[i] || second->dims[i] == 1 || shape->dims[i] == 1;
    if (!fits) other = node;
    capas_node inputs[3] = {b->nodes[node], b->nodes[other], b->nodes[node]};
    b->read[other] = true;
    capas_layer *layer = draw_merge(b, &count, other == node);
    keep(b, capas_graph_apply(b->graph, layer, inputs, count), node);
    b->input_of[b->count - 1] = (capas_node){-1}; /* it has several */
    b->masked[b->count - 1] |= b->masked[other];
}

/* Of a node and itself, along one of its axes. */
static void grow_dot(builder *b, int node)
{
    const int axis = 1 + draw(b, shape_of(b, node)->rank - 1);
    const int64_t size = shape_of(b, node)->dims[axis], rest = elements_of(b, node) / size;
    const capas_node inputs[2] = {b->nodes[node], b->nodes[node]};
    if (rest * rest > MOST_ELEMENTS || (shape_of(b, node)->rank > 4 && rest > 1)) return;
    keep(b, capas_graph_apply(b->graph, capas_dot(axis), inputs, 2), node);
    b->input_of[b->count - 1] = (capas_node){-1};
}

/* Of a node and one that is equal but along one axis, or itself. */
static void grow_concatenation(builder *b, int node)
{
    const capas_shape *shape = shape_of(b, node);
    int other = draw(b, b->count), axis = 1 + draw(b, shape->rank - 1);
    capas_shape second = *shape_of(b, other);
    if (second.rank == shape->rank) second.dims[axis] = shape->dims[axis];
    if (!capas_shape_equal(&second, shape)) other = node;
    capas_node inputs[2] = {b->nodes[node], b->nodes[other]};
    if (elements_of(b, node) + elements_of(b, other) > MOST_ELEMENTS) return;
    b->read[other] = true;
    keep(b, capas_graph_apply(b->graph, capas_concatenate(.axis = axis), inputs, 2), node);
    b->input_of[b->count - 1] = (capas_node){-1};
    b->masked[b->count - 1] |= b->masked[other];
}

/* Uses a layer once more, on another node of the same shape; better one that has weights. */
static void grow_again(builder *b, int node)
{
    int found = -1;
    if (b->masked[node]) return;
    for (int i = 0; i < b->count; i++) {
        int first = (i + node) % b->count;
        if (b->input_of[first].index < 0) continue;
        const capas_shape *shape = &b->graph->uses[b->input_of[first].index].output;
        const capas_use *use = &b->graph->uses[b->nodes[first].index];
        bool weights = b->graph->layers[use->layer]->weight_count > 0;
        if (capas_shape_equal(shape, shape_of(b, node)) && (found < 0 || weights)) found = first;
    }
    if (found >= 0) keep(b, capas_graph_again(b->graph, b->nodes[found], &b->nodes[node], 1), node);
}

static void grow(builder *b, int node)
{
    static void (*const growths[])(builder *, int) = {
        grow_conv,
        grow_conv,
        grow_conv,
        grow_dense,
        grow_pool,
        grow_pool,
        grow_again,
        grow_again,
        grow_merge,
        grow_flatten,
        grow_merge,
        grow_concatenation,
        grow_normalization,
        grow_activation,
        grow_dropout,
        grow_rescaling,
        grow_sized_pool,
        grow_warp,
        grow_adjust,
        grow_adjust,
        grow_padding,
        grow_again,
        grow_again,
        grow_sequence,
        grow_sequence,
        grow_sequence,
        grow_separable,
        grow_cropping,
        grow_again,
        grow_volume,
        grow_volume,
        grow_volume,
        grow_volume,
        grow_transposed,
        grow_warp,
        grow_volume,
        grow_volume,
        grow_conv,
        grow_transposed,
        grow_rectifier,
        grow_rectifier,
        grow_noise,
        grow_sample_normalization,
        grow_sample_normalization,
        grow_scale,
        grow_scale,
        grow_dot,
        grow_dot,
        grow_noise,
        grow_again,
        grow_again,
        grow_again,
        grow_conv,
        grow_concatenation,
        grow_recurrent,
        grow_recurrent,
        grow_spectral,
        grow_recurrent,
        grow_recurrent,
        grow_recurrent,
        grow_steps,
        grow_steps,
        grow_sequence,
        grow_tokens,
        grow_tokens,
        grow_tokens,
        grow_tokens,
        grow_states,
        grow_conv_lstm,
        grow_conv_lstm,
        grow_tokens,
        grow_tokens,
        grow_tokens,
    };
    growths[draw(b, (int)(sizeof growths / sizeof *growths))](b, node);
}

static void grow_input(builder *b)
{
    static const int sides[] = {1, 3, 4, 5, 7, 9};
    if (draw(b, 5) == 0) {
        keep(b, capas_graph_apply(b->graph, capas_input(1 + draw(b, 9)), NULL, 0), -1);
        return;
    }
    if (draw(b, 8) == 0) {
        capas_layer *input =
            capas_input(1 + draw(b, 4), 2 + draw(b, 3), 1 + draw(b, 4), 1 + draw(b, 2));
        keep(b, capas_graph_apply(b->graph, input, NULL, 0), -1);
        return;
    }
    int height = sides[draw(b, 6)], width = sides[draw(b, 6)], channels = 1 + draw(b, 3);
    keep(b, capas_graph_apply(b->graph, capas_input(height, width, channels), NULL, 0), -1);
}

/* Something to train, behind what has nothing; and an activation of rows at some ends. */
static void finish(builder *b, int node)
{
    static const capas_activation of_rows[] = {CAPAS_SOFTMAX, CAPAS_LOG_SOFTMAX, CAPAS_SPARSEMAX};
    int choice = draw(b, 4);
    if (b->is_input[node]) grow_dense(b, node);
    if (b->is_input[node] && !b->read[node]) grow_flatten(b, node);
    if (choice < 3 && !b->read[node] && b->count < MOST_NODES)
        apply(b, capas_activation_layer(of_rows[choice]), node);
}

capas_model *network_build(uint64_t seed)
{
    builder b = {.seed = seed, .graph = capas_graph_new()};
    assert_non_null(b.graph);
    int inputs = 1 + (draw(&b, 3) == 0), layers = 3 + draw(&b, 6);
    for (int i = 0; i < inputs; i++)
        grow_input(&b);
    for (int i = 0; i < 3 * layers && b.count < inputs + layers; i++)
        grow(&b, draw(&b, 2) ? b.count - 1 : draw(&b, b.count)); /* deep rather than broad */
    for (int node = b.count - 1; node >= 0; node--)
        if (!b.read[node]) finish(&b, node);
    capas_node outputs[MOST_NODES];
    int count = 0;
    for (int node = b.count - 1; node >= 0; node--)
        if (!b.read[node]) outputs[count++] = b.nodes[node];
    assert_true(count <= CAPAS_PLAN_OUTPUTS);
    if (count < CAPAS_PLAN_OUTPUTS && b.input_of[b.count - 1].index >= inputs)
        outputs[count++] = b.input_of[b.count - 1]; /* read inside the network, and asked for */
    capas_model *model = capas_functional(b.graph, NULL, b.nodes, inputs, outputs, count);
    if (model == NULL) fail_msg("network %llu: %s", (unsigned long long)seed, capas_error());
    return model;
}
