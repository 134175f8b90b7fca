/* What the files that grow random networks share (network_build.c has the whole); for them only. */
#ifndef CAPAS_TESTS_NETWORK_BUILDER_H
#define CAPAS_TESTS_NETWORK_BUILDER_H

#include "base/philox.h"
#include "base/text.h"
#include "model/graph.h"
#include "support/cmocka.h"

enum { MOST_NODES = 24, MOST_ELEMENTS = 400 };

typedef struct builder {
    uint64_t seed;
    uint64_t drawn;
    capas_graph *graph;
    capas_node nodes[MOST_NODES];
    capas_node input_of[MOST_NODES]; /* of a layer with one input; -1: none */
    bool read[MOST_NODES], is_input[MOST_NODES];
    bool masked[MOST_NODES]; /* it, or what it was made of, may have a mask */
    int count;
} builder;

static inline int draw(builder *b, int choices)
{
    uint32_t word[4];
    capas_philox((capas_random){.seed = b->seed, .stream = 0xb01d}, b->drawn++, word);
    return (int)(word[0] % (uint32_t)choices);
}

static inline capas_activation draw_activation(builder *b)
{
    return (capas_activation)(CAPAS_LINEAR + draw(b, CAPAS_SELU - CAPAS_LINEAR + 1));
}

static inline const capas_shape *shape_of(const builder *b, int node)
{
    return &b->graph->uses[b->nodes[node].index].output;
}

static inline int64_t elements_of(const builder *b, int node)
{
    return capas_shape_count(shape_of(b, node), 1);
}

static inline void keep(builder *b, capas_node node, int input)
{
    if (node.index < 0 || b->graph->status != CAPAS_OK)
        fail_msg("network %llu: %s", (unsigned long long)b->seed, b->graph->message);
    b->nodes[b->count] = node;
    b->input_of[b->count] = input < 0 ? (capas_node){-1} : b->nodes[input];
    b->is_input[b->count] = input < 0;
    b->masked[b->count] = input >= 0 && b->masked[input];
    b->read[b->count++] = false;
    if (input >= 0) b->read[input] = true;
}

static inline void apply(builder *b, capas_layer *layer, int input)
{
    keep(b, capas_graph_apply(b->graph, layer, &b->nodes[input], 1), input);
}

/* A window of at most three (five, for large images) that fits. */
static inline int draw_window(builder *b, int64_t size)
{
    int most = size > 8 ? 5 : 3;
    return 1 + draw(b, size < most ? (int)size : most);
}

/* network_images.c */
void grow_conv(builder *b, int node);
void grow_separable(builder *b, int node);
void grow_cropping(builder *b, int node);
void grow_pool(builder *b, int node);
void grow_padding(builder *b, int node);
void grow_sized_pool(builder *b, int node);
void grow_scale(builder *b, int node);
void grow_warp(builder *b, int node);
void grow_adjust(builder *b, int node);

/* network_volumes.c */
void grow_volume(builder *b, int node);
void grow_transposed(builder *b, int node);

/* network_sequences.c */
void grow_recurrent(builder *b, int node);
void grow_conv_lstm(builder *b, int node);
void grow_states(builder *b, int node);
void grow_steps(builder *b, int node);
void grow_tokens(builder *b, int node);

#endif
