/* Random networks, see network.h: recurrent layers, masks, and layers on every step. */
#include "support/network_builder.h"

static int maybe(builder *b, int one_in)
{
    return draw(b, one_in) == 0 ? CAPAS_TRUE : CAPAS_FALSE;
}

static capas_layer *draw_recurrent(builder *b, bool sequences)
{
    static const capas_activation activations[] = {CAPAS_TANH, CAPAS_TANH, CAPAS_TANH, CAPAS_SELU,
                                                   CAPAS_MISH};
    static const capas_activation gates[] = {CAPAS_SIGMOID, CAPAS_SIGMOID, CAPAS_SOFTSIGN};
    const int units = 1 + draw(b, 4), backwards = maybe(b, 3), zero = maybe(b, 2);
    const int without_bias = maybe(b, 4), before = maybe(b, 3);
    const double dropout = draw(b, 3) ? 0 : 0.3, recurrent = draw(b, 4) ? 0 : 0.4;
    const capas_activation activation = activations[draw(b, 5)], gate = gates[draw(b, 3)];
    const capas_regularizer penalty = draw(b, 6) == 0 ? capas_l2(0.04) : (capas_regularizer){0};
#define OPTIONS                                                                                    \
    .activation = activation, .use_bias = without_bias == CAPAS_TRUE ? CAPAS_FALSE : CAPAS_TRUE,   \
    .return_sequences = sequences ? CAPAS_TRUE : CAPAS_FALSE, .go_backwards = backwards,           \
    .zero_output_for_mask = zero, .dropout = dropout, .recurrent_dropout = recurrent,              \
    .activity_regularizer = penalty
    switch (draw(b, 3)) {
    case 0:
        return capas_simple_rnn(units, OPTIONS);
    case 1:
        return capas_lstm(units, OPTIONS, .recurrent_activation = gate);
    default:
        return capas_gru(units, OPTIONS, .recurrent_activation = gate,
                         .reset_after = before == CAPAS_TRUE ? CAPAS_FALSE : CAPAS_TRUE);
    }
#undef OPTIONS
}

/* A recurrent layer over a sequence, sometimes both ways, sometimes behind a mask: of what relu
 * made zero. */
void grow_recurrent(builder *b, int node)
{
    const capas_shape *shape = shape_of(b, node);
    if (shape->rank != 3 || shape->dims[1] > 12 || b->count + 3 > MOST_NODES) return;
    if (draw(b, 3) == 0) {
        apply(b, capas_activation_layer(CAPAS_RELU), node);
        apply(b, capas_masking(), b->count - 1);
        node = b->count - 1;
        b->masked[node] = true;
    }
    if (draw(b, 4) == 0) {
        apply(b, capas_global_average_pooling1d(), node);
        return;
    }
    const bool sequences = draw(b, 2);
    if (draw(b, 3)) {
        apply(b, draw_recurrent(b, sequences), node);
        return;
    }
    capas_layer *layer =
        capas_lstm(1 + draw(b, 3), .return_sequences = sequences ? CAPAS_TRUE : CAPAS_FALSE);
    apply(b, capas_bidirectional(layer, .merge_mode = (capas_merge_mode)(1 + draw(b, 4))), node);
}

/* A recurrent layer that gives its states, and one that begins with them. */
void grow_states(builder *b, int node)
{
    const capas_shape *shape = shape_of(b, node);
    const int units = 1 + draw(b, 3), backwards = maybe(b, 3);
    const bool sequences = draw(b, 2), masked = b->masked[node];
    if (shape->rank != 3 || shape->dims[1] > 12 || b->count + 4 > MOST_NODES) return;
    capas_layer *first = capas_lstm(units, .return_state = CAPAS_TRUE,
                                    .return_sequences = sequences ? CAPAS_TRUE : CAPAS_FALSE);
    apply(b, first, node);
    const capas_node begins = b->nodes[b->count - 1];
    for (int i = 1; i < 3; i++) {
        keep(b, capas_graph_output(b->graph, begins, i), node);
        b->input_of[b->count - 1] = (capas_node){-1};
        b->masked[b->count - 1] = false;
        b->read[b->count - 1] = draw(b, 2);
    }
    if (masked) return;
    capas_node inputs[] = {b->nodes[node], b->nodes[b->count - 2], b->nodes[b->count - 1]};
    b->read[b->count - 2] = b->read[b->count - 1] = true;
    if (draw(b, 2))
        keep(b,
             capas_graph_apply(b->graph, capas_lstm(units, .go_backwards = backwards), inputs, 3),
             node);
    else
        keep(b, capas_graph_apply(b->graph, capas_gru(units, .go_backwards = backwards), inputs, 2),
             node);
    b->input_of[b->count - 1] = (capas_node){-1};
}

/* Of an image each row is a step, of a volume each slice. */
void grow_conv_lstm(builder *b, int node)
{
    const capas_shape *shape = shape_of(b, node);
    const int filters = 1 + draw(b, 2), backwards = maybe(b, 3), sequences = maybe(b, 2);
    const double dropout = draw(b, 3) ? 0 : 0.3, recurrent = draw(b, 4) ? 0 : 0.4;
    const capas_padding padding = draw(b, 2) ? CAPAS_SAME : CAPAS_VALID;
    if (b->masked[node] || shape->rank < 4 || elements_of(b, node) > MOST_ELEMENTS / 2) return;
    const int window = draw_window(b, shape->dims[2]);
#define OPTIONS                                                                                    \
    .padding = padding, .return_sequences = sequences, .go_backwards = backwards,                  \
    .dropout = dropout, .recurrent_dropout = recurrent
    if (shape->rank == 4)
        apply(b, capas_conv_lstm1d(filters, window, OPTIONS), node);
    else if (shape->rank == 5)
        apply(b,
              capas_conv_lstm2d(filters, 1, OPTIONS,
                                .kernel_size = {window, draw_window(b, shape->dims[3])}),
              node);
#undef OPTIONS
}

/* A layer on every step. */
void grow_steps(builder *b, int node)
{
    const capas_shape *shape = shape_of(b, node);
    capas_layer *layer = NULL;
    if (b->masked[node] || elements_of(b, node) > MOST_ELEMENTS / 2) return;
    if (shape->rank == 3)
        layer = capas_dense(1 + draw(b, 4), .activation = draw_activation(b));
    else if (shape->rank == 4 && draw(b, 2))
        layer = draw_recurrent(b, draw(b, 2));
    else if (shape->rank == 4)
        layer =
            capas_conv1d(1 + draw(b, 3), draw_window(b, shape->dims[2]), .activation = CAPAS_RELU);
    if (layer) apply(b, capas_time_distributed(layer), node);
}

/* Numbers of an input as rows of a table; the first of them may stand for nothing. */
void grow_tokens(builder *b, int node)
{
    const bool masked = draw(b, 2);
    if (!b->is_input[node] || shape_of(b, node)->rank != 2 || b->count + 2 > MOST_NODES) return;
    apply(b, capas_rescaling(3, .offset = 3), node);
    apply(b,
          capas_embedding(7, 1 + draw(b, 3), .mask_zero = masked ? CAPAS_TRUE : CAPAS_FALSE,
                          .embeddings_initializer = capas_random_uniform(-1, 1)),
          b->count - 1);
    b->masked[b->count - 1] = masked;
    b->input_of[b->count - 1] = (capas_node){-1}; /* no other node has whole numbers */
}
