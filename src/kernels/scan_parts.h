/* How the scan's memory is laid out, and how its product with U is cut.
 *
 * Each gate needs h U of its own columns. Where all gates meet the same h they are one block of
 * columns and U is taken as it lies; where they meet different ones (a GRU's reset before the
 * product, recurrent dropout) each such group is a block with a copy of its columns. With a window
 * it is `taps` samples' h, side by side, that meet U.
 *
 * `saved`, in elements, for a batch of N samples:
 *   hidden [N][steps][units]           h before each step
 *   kept   [N][steps][kept][units]     simple: h;  LSTM: i f g o, c before, a(c);
 *                                      GRU: z r g, and, reset after, h U + b' of g
 *   slopes [N][steps][slopes][units]   of the activations, where values do not tell them
 *   met    for each block that does not meet h itself [N][steps][taps][units]: what met U */
#ifndef CAPAS_KERNELS_SCAN_PARTS_H
#define CAPAS_KERNELS_SCAN_PARTS_H

#include "kernels/dense.h"
#include "kernels/elementwise.h"
#include "kernels/scan.h"
#include "kernels/tuned/scratch.h"

enum { CAPAS_SCAN_ROWS = 16 /* samples of a shard, at least */ };

/* Numbers that meet a column of U. */
static inline int64_t capas_scan_inputs(const capas_scan_problem *p)
{
    return capas_scan_taps(p) * p->units;
}

/* Images of a shard, at least; without a window each sample is one. */
static inline int64_t capas_scan_grain(const capas_scan_problem *p)
{
    const int64_t pixels = capas_scan_pixels(p);
    return (CAPAS_SCAN_ROWS + pixels - 1) / pixels;
}

static inline int capas_scan_shards(const capas_scan_problem *p, int64_t samples)
{
    return capas_shard_count(samples / capas_scan_pixels(p), capas_scan_grain(p));
}

/* Gates first .. first + gates - 1; `second`: their h is multiplied by r first. */
typedef struct capas_scan_block {
    int first, gates;
    bool second;
} capas_scan_block;

static inline int capas_scan_blocks(const capas_scan_problem *p,
                                    capas_scan_block blocks[CAPAS_MOST_GATES])
{
    const int gates = capas_scan_gates(p);
    const bool before = p->cell == CAPAS_CELL_GRU && !p->reset_after;
    int count = 0;
    for (int g = 0; g < gates; g++) {
        const bool second = before && g == gates - 1;
        if (count == 0 || second || p->recurrent_dropout > 0)
            blocks[count++] = (capas_scan_block){g, 1, second};
        else
            blocks[count - 1].gates++;
    }
    return count;
}

/* U is taken as it lies. */
static inline bool capas_scan_is_direct(const capas_scan_problem *p)
{
    return p->recurrent_dropout == 0 && (p->cell != CAPAS_CELL_GRU || p->reset_after);
}

/* Whether it is not h itself that meets the block's columns. */
static inline bool capas_scan_meets_other(const capas_scan_problem *p,
                                          const capas_scan_block *block)
{
    return p->recurrent_dropout > 0 || block->second || capas_scan_taps(p) > 1;
}

static inline int capas_scan_kept(const capas_scan_problem *p)
{
    if (p->cell == CAPAS_CELL_SIMPLE) return 1;
    return p->cell == CAPAS_CELL_LSTM ? 6 : 3 + p->reset_after;
}

/* Whether the value of an activation does not tell its slope. */
static inline bool capas_scan_needs_slope(capas_activation activation)
{
    return capas_activation_reads_input(activation) && activation != CAPAS_HARD_SIGMOID;
}

/* One a gate, and that of a(c). */
static inline int capas_scan_slopes(const capas_scan_problem *p)
{
    const bool of_gates = p->cell != CAPAS_CELL_SIMPLE;
    if (!capas_scan_needs_slope(p->activation) &&
        !(of_gates && capas_scan_needs_slope(p->recurrent_activation)))
        return 0;
    return capas_scan_gates(p) + (p->cell == CAPAS_CELL_LSTM);
}

/* Offsets of bytes; each piece begins at a whole 16 elements, so that they lie alike in float and
 * double. */
typedef struct capas_scan_saved_parts {
    size_t hidden, kept, slopes, met[CAPAS_MOST_GATES], end;
} capas_scan_saved_parts;

static inline capas_scan_saved_parts capas_scan_lay_out_saved(const capas_scan_problem *p,
                                                              size_t size)
{
    const int64_t vectors = (p->batch * p->steps * p->units + 15) / 16 * 16;
    capas_scan_block blocks[CAPAS_MOST_GATES];
    const int count = capas_scan_blocks(p, blocks);
    capas_scan_saved_parts parts = {0};
    parts.hidden = capas_take(&parts.end, vectors, size);
    parts.kept = capas_take(&parts.end, vectors * capas_scan_kept(p), size);
    parts.slopes = capas_take(&parts.end, vectors * capas_scan_slopes(p), size);
    for (int i = 0; i < count; i++)
        if (capas_scan_meets_other(p, &blocks[i]))
            parts.met[i] = capas_take(&parts.end, vectors * capas_scan_taps(p), size);
    return parts;
}

/* Samples that one shard has at most, for any number of samples up to the batch. */
static inline int64_t capas_scan_most_rows(const capas_scan_problem *p)
{
    const int64_t images = p->batch / capas_scan_pixels(p), most = 2 * capas_scan_grain(p);
    const int64_t even = (images + CAPAS_MAX_SHARDS - 1) / CAPAS_MAX_SHARDS;
    const int64_t few = images < most ? images : most;
    return (even > few ? even : few) * capas_scan_pixels(p);
}

/* One shard's product runs on all workers, that of one of many on its own. */
static inline capas_dense_problem capas_scan_product(const capas_scan_problem *p, int64_t inputs,
                                                     int64_t units, int shards)
{
    return (capas_dense_problem){
        .rows = capas_scan_most_rows(p),
        .workers = shards > 1 ? 1 : p->workers,
        .inputs = inputs,
        .units = units,
        .tile = capas_dense_tile(inputs, units),
        .activation = CAPAS_LINEAR,
    };
}

#endif
