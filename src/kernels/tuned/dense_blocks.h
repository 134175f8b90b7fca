/* How the matrices of a dense layer are cut where they are transposed on their way:
 *
 *   W, one tile: [units][T]   <->   [block of at most 64 inputs][chunk of at most 112 units], 28 KB
 *
 * A tile has one block of inputs or two; all units are in chunks of about the same size, multiples
 * of 16. */
#ifndef CAPAS_KERNELS_TUNED_DENSE_BLOCKS_H
#define CAPAS_KERNELS_TUNED_DENSE_BLOCKS_H

#include "kernels/dense.h"
#include "kernels/tuned/vector.h"

enum { CAPAS_CHUNK = 112, CAPAS_INPUT_BLOCK = 64, CAPAS_SAMPLED_ROWS = 8 };

/* Inputs in the first of a tile's blocks; the second, if any, has the rest. */
static inline int capas_first_block(int tile)
{
    return tile <= 64 ? tile : (tile / 2 + 15) / 16 * 16;
}

/* A block of inputs: a tile, or a part of one. */
typedef struct capas_input_block {
    int64_t tile, first; /* the first input, from the beginning of the tile */
    int64_t count, used; /* inputs, and those that are no padding */
} capas_input_block;

static inline int64_t capas_input_blocks(const capas_dense_problem *p)
{
    const int64_t tiles = capas_dense_tiles(p);
    return p->tile <= 64 ? tiles : 2 * tiles;
}

static inline capas_input_block capas_input_block_at(const capas_dense_problem *p, int64_t index)
{
    const int64_t parts = p->tile <= 64 ? 1 : 2;
    const int64_t first = index % parts * capas_first_block(p->tile);
    capas_input_block block = {.tile = index / parts, .first = first};
    block.count = index % parts > 0 ? p->tile - first : capas_first_block(p->tile);
    block.used = p->inputs - (block.tile * p->tile + first);
    if (block.used > block.count) block.used = block.count;
    if (block.used < 0) block.used = 0;
    return block;
}

/* Chunks of units, about equal multiples of 16. */
static inline int64_t capas_unit_chunks(int64_t units)
{
    return (units + CAPAS_CHUNK - 1) / CAPAS_CHUNK;
}
static inline int64_t capas_chunk_begin(int64_t units, int64_t chunk)
{
    return chunk * ((units + 15) / 16) / capas_unit_chunks(units) * 16;
}

/* The share of a matrix that is not zero, from a few of its rows. */
static inline double capas_live_share(const float *x, int64_t rows, int64_t columns)
{
    const int64_t sampled = rows < CAPAS_SAMPLED_ROWS ? rows : CAPAS_SAMPLED_ROWS;
    int64_t live = 0;
    for (int64_t i = 0; i < sampled; i++) {
        const float *row = x + i * rows / sampled * columns;
        vint dead = v_set_int(0);
        for (int64_t k = 0; k + CAPAS_VECTOR <= columns; k += CAPAS_VECTOR)
            dead += (vint)(v_load(row + k) == 0.0f); /* minus one for each */
        live += columns / CAPAS_VECTOR * CAPAS_VECTOR;
        for (int j = 0; j < CAPAS_VECTOR; j++)
            live += dead[j];
    }
    const int64_t seen = sampled * (columns / CAPAS_VECTOR * CAPAS_VECTOR);
    return seen > 0 ? (double)live / (double)seen : 1;
}

#endif
