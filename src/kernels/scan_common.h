/* What the scan's way forward and its way back share: the blocks of U, the factors of recurrent
 * dropout, where what is kept lies. Included as scan_cell.h is, with the dense kernels besides:
 *
 *   SCAN_DENSE_FORWARD               the kernel of the same level
 *   scan_outer, scan_outer_workspace a linear dense layer's gradients of weights and bias */
#ifndef CAPAS_KERNELS_SCAN_COMMON_H
#define CAPAS_KERNELS_SCAN_COMMON_H

#include "kernels/scan_cell.h"
#include <string.h>

typedef struct scan_call {
    const capas_scan_problem *p;
    const capas_scan_arguments *a;
    capas_scan_block blocks[CAPAS_MOST_GATES];
    int block_count, gates, shards;
    scan_real *h, *c, *seen;          /* [batch][units]; c NULL without one; seen [batch] */
    scan_real *product;               /* a block's [batch][its gates][units], block behind block */
    scan_real *met[CAPAS_MOST_GATES]; /* [batch][taps][units]; NULL: h */
    int32_t *around;                  /* [pixels][taps]: which pixel that is, -1: none */
    scan_real *factors;               /* [gates][batch][units], or NULL */
    scan_real *columns[CAPAS_MOST_GATES]; /* a copy of U's columns, as the product wants them */
    scan_real *scratch; /* of each shard: what is kept of one step; of each sample with halves */
    char *dense;        /* of each shard: the product's workspace */
    size_t dense_room;
    scan_real *hidden, *kept, *slopes, *saved_met[CAPAS_MOST_GATES]; /* NULL: not kept */
} scan_call;

/* Elements of what is kept of one sample and step. */
static inline int64_t scan_kept_units(const capas_scan_problem *p)
{
    return (capas_scan_kept(p) + capas_scan_slopes(p)) * p->units;
}

static scan_call scan_begin(const capas_scan_problem *p, const capas_scan_arguments *a)
{
    scan_call call = {.p = p, .a = a, .gates = capas_scan_gates(p)};
    call.block_count = capas_scan_blocks(p, call.blocks);
    return call;
}

/* Whether a step is taken in two halves, with a product in between. */
static inline bool scan_has_halves(const scan_call *call)
{
    return call->blocks[call->block_count - 1].second;
}

static void *scan_at(void *memory, size_t offset)
{
    return memory ? capas_piece(memory, offset) : NULL;
}

static void scan_find_saved(scan_call *call)
{
    const capas_scan_problem *p = call->p;
    void *saved = p->for_training ? call->a->saved : NULL;
    if (!saved) return;
    const capas_scan_saved_parts parts = capas_scan_lay_out_saved(p, sizeof(scan_real));
    call->hidden = scan_at(saved, parts.hidden);
    call->kept = scan_at(saved, parts.kept);
    if (capas_scan_slopes(p) > 0) call->slopes = scan_at(saved, parts.slopes);
    for (int i = 0; i < call->block_count; i++)
        if (capas_scan_meets_other(p, &call->blocks[i]))
            call->saved_met[i] = scan_at(saved, parts.met[i]);
}

/* The step that is the s-th to be taken. */
static inline int64_t scan_step(const capas_scan_problem *p, int64_t s)
{
    return p->backwards ? p->steps - 1 - s : s;
}

/* The row of the output that the s-th step taken gives; -1: none. */
static inline int64_t scan_output_row(const capas_scan_problem *p, int64_t s)
{
    if (!p->sequences) return s == p->steps - 1 ? 0 : -1;
    return p->flips ? p->steps - 1 - s : s;
}

static inline bool scan_is_masked(const scan_call *call, int64_t b, int64_t t)
{
    const scan_real *mask = call->a->mask;
    return mask && mask[b / capas_scan_pixels(call->p) * call->p->steps + t] == 0;
}

/* A block's part of an array [batch][gates][units] that is cut by blocks, from sample b on. */
static inline scan_real *scan_part(const scan_call *call, scan_real *array, int block, int64_t b)
{
    const capas_scan_block *at = &call->blocks[block];
    return array + (call->p->batch * at->first + b * at->gates) * call->p->units;
}

/* The vectors of one sample in such an array, by gate. */
static void scan_gates_at(const scan_call *call, scan_real *array, int64_t b,
                          scan_real *vectors[CAPAS_MOST_GATES])
{
    for (int i = 0; i < call->block_count; i++)
        for (int g = 0; g < call->blocks[i].gates; g++)
            vectors[call->blocks[i].first + g] = scan_part(call, array, i, b) + g * call->p->units;
}

static inline const scan_real *scan_factor(const scan_call *call, int gate, int64_t b)
{
    if (!call->factors) return NULL;
    return call->factors + (gate * call->p->batch + b) * call->p->units;
}

/* The factors of samples begin .. end-1. */
static void scan_draw(const scan_call *call, int64_t begin, int64_t end)
{
    const capas_scan_problem *p = call->p;
    const scan_real scale = (scan_real)(1 / (1 - p->recurrent_dropout));
    for (int g = 0; call->factors && g < call->gates; g++) {
        capas_random random = call->a->random;
        random.stream += (uint32_t)g << 18;
        for (int64_t i = begin * p->units; i < end * p->units; i++) {
            uint32_t word[4];
            capas_philox(random, (uint64_t)i / 4, word);
            const bool stays = capas_uniform(word[i % 4]) >= p->recurrent_dropout;
            call->factors[g * p->batch * p->units + i] = stays ? scale : 0;
        }
    }
}

/* The table of the pixels around each. */
static size_t scan_take_around(scan_call *call, void *memory, size_t end)
{
    const int64_t count = capas_scan_pixels(call->p) * capas_scan_taps(call->p);
    call->around = scan_at(memory, capas_take(&end, count, sizeof *call->around));
    return end;
}

/* Along one axis the place of a tap, -1: outside. */
static int scan_tap(int place, int tap, int taps, int size)
{
    const int at = place + tap - (taps - 1) / 2;
    return at < size ? at : -1;
}

static void scan_look_around(const scan_call *call)
{
    const capas_scan_window *w = &call->p->window;
    const int64_t taps = capas_scan_taps(call->p);
    call->around[0] = 0;
    for (int64_t i = 0; w->height > 0 && i < capas_scan_pixels(call->p) * taps; i++) {
        const int pixel = (int)(i / taps), tap = (int)(i % taps);
        const int z = scan_tap(pixel / w->width / w->height,
                               tap / w->kernel_width / w->kernel_height, w->kernel_depth, w->depth);
        const int y =
            scan_tap(pixel / w->width % w->height, tap / w->kernel_width % w->kernel_height,
                     w->kernel_height, w->height);
        const int x = scan_tap(pixel % w->width, tap % w->kernel_width, w->kernel_width, w->width);
        call->around[i] = z < 0 || y < 0 || x < 0 ? -1 : (z * w->height + y) * w->width + x;
    }
}

/* The pixels around sample b, counted from sample `first`, its image's; -1: outside. */
static inline const int32_t *scan_around(const scan_call *call, int64_t b, int64_t *first)
{
    const int64_t pixel = b % capas_scan_pixels(call->p);
    *first = b - pixel;
    return call->around + pixel * capas_scan_taps(call->p);
}

/* A block's columns of U, tile by tile: there they lie one behind the other. */
static void scan_copy_columns(const scan_call *call, int block, const scan_real *from,
                              int64_t from_columns, int64_t from_first, scan_real *to,
                              int64_t to_columns, int64_t to_first)
{
    const capas_scan_problem *p = call->p;
    const int64_t columns = call->blocks[block].gates * p->units;
    for (int64_t k = 0; k < capas_scan_inputs(p); k += p->tile) {
        const int64_t tile = k / p->tile;
        memcpy(to + (tile * to_columns + to_first) * p->tile,
               from + (tile * from_columns + from_first) * p->tile,
               (size_t)(columns * p->tile) * sizeof(scan_real));
    }
}

#endif
