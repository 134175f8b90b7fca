/* Lists of what is not zero, and sums of the rows of a matrix that a list names. The backward
 * products of a dense layer are such sums:
 *
 *   out[item][0 .. T-1] = sum over the item's entries e of value[e] * base[row[e]][0 .. T-1]
 *
 * An item's list is cut into blocks of rows, so that a block of the matrix stays in the first level
 * of the cache while all items pass. The T sums stay in registers.
 *
 *   item 0:  (row, value) (row, value) | (row, value) ...      | where a block begins
 *   item 1:  (row, value) | (row, value) (row, value) ...
 *
 * Entries keep row * T, counted from the beginning of their block. */
#ifndef CAPAS_KERNELS_TUNED_LISTS_H
#define CAPAS_KERNELS_TUNED_LISTS_H

#include "kernels/tuned/scratch.h"
#include "kernels/tuned/vector.h"

typedef struct capas_lists {
    int64_t room; /* entries that an item may have, and a vector more */
    int64_t block_rows;
    int blocks;
    int32_t *offset; /* [items][room] */
    float *value;    /* [items][room] */
    int32_t *begin;  /* [items][blocks + 1]: where each block begins in the item's list */
} capas_lists;

/* At most so many floats of a matrix in a block: 28 KB of the first level of the cache. */
enum { CAPAS_LIST_BLOCK = 7168 };

/* Lists over `rows` rows of `width` floats, in blocks of equal size, a multiple of `unit` rows. */
static inline void capas_lists_cut(capas_lists *lists, int64_t rows, int64_t width, int64_t unit)
{
    const int64_t units = (rows + unit - 1) / unit;
    const int64_t blocks = (rows * width + CAPAS_LIST_BLOCK - 1) / CAPAS_LIST_BLOCK;
    lists->block_rows = blocks > 0 ? (units + blocks - 1) / blocks * unit : unit;
    lists->blocks = (int)((rows + lists->block_rows - 1) / lists->block_rows);
    lists->room = (rows + 15) / 16 * 16 + 16;
}

/* Where the three arrays of `items` lists go in a workspace. */
typedef struct capas_lists_place {
    size_t offset, value, begin;
} capas_lists_place;

static inline capas_lists_place capas_lists_take(size_t *end, const capas_lists *lists,
                                                 int64_t items)
{
    capas_lists_place place;
    place.offset = capas_take(end, items * lists->room, sizeof(int32_t));
    place.value = capas_take(end, items * lists->room, sizeof(float));
    place.begin = capas_take(end, items * (lists->blocks + 1), sizeof(int32_t));
    return place;
}

static inline void capas_lists_put(capas_lists *lists, capas_lists_place place, void *workspace)
{
    lists->offset = capas_piece(workspace, place.offset);
    lists->value = capas_piece(workspace, place.value);
    lists->begin = capas_piece(workspace, place.begin);
}

/* Lines of memory that will be needed next, `rows` of `lines` lines, asked for little by little. */
typedef struct capas_prefetch {
    const float *at;
    int64_t stride; /* from row to row */
    int rows, lines;
} capas_prefetch;

/* Sums for items begin .. end-1 over one block. */
typedef struct capas_listed_sum {
    const capas_lists *lists;
    int block;
    int64_t begin, end;
    const float *base; /* the block's first row */
    int64_t rows, row_stride;
    const float *from; /* added to; NULL: nothing */
    float *to;         /* both for item `begin` */
    int64_t from_stride, to_stride;
    capas_prefetch next;
} capas_listed_sum;

/* The sum over one list, `width` (a constant) floats of it, from those in `sum` on. */
CAPAS_INLINE void capas_sum_list(int width, vfloat *sum, const float *base, const int32_t *offset,
                                 const float *value, int64_t count)
{
    for (int64_t e = 0; e < count; e++) {
        const float *row = v_pointer(base + offset[e]);
        const vfloat factor = v_set(value[e]);
        CAPAS_UNROLL
        for (int i = 0; i < width / CAPAS_VECTOR; i++)
            sum[i] = v_fma(factor, v_load(row + i * CAPAS_VECTOR), sum[i]);
    }
}

/* Asks for the entries of an item whose block begins at cut[0]: so short a list no hardware
 * foresees, and often another thread has written it. */
CAPAS_INLINE void capas_fetch_list(const capas_lists *lists, int64_t item, const int32_t *cut)
{
    enum { LINE = 16 };
    const int64_t at = item * lists->room + cut[0];
    for (int i = 0; i < 2; i++) {
        __builtin_prefetch(lists->offset + at + i * LINE);
        __builtin_prefetch(lists->value + at + i * LINE);
    }
}

/* `width` floats of each sum, from column `first` on. */
CAPAS_INLINE void capas_sum_columns(const capas_listed_sum *s, int width, int first)
{
    const capas_lists lists = *s->lists;
    const float *base = s->base + first, *from = s->from ? s->from + first : NULL;
    const float *next = s->next.at;
    const int64_t from_stride = s->from_stride, to_stride = s->to_stride, end = s->end;
    const int32_t *cut = lists.begin + s->begin * (lists.blocks + 1) + s->block;
    float *to = s->to + first;
    int next_rows = first == 0 ? s->next.rows : 0;
    const int64_t rows_an_item = (next_rows + end - s->begin) / (end - s->begin);
    enum { AHEAD = 2 };
    for (int64_t item = s->begin; item < end; item++) {
        vfloat sum[28];
        for (int64_t i = 0; i < rows_an_item && next_rows > 0; i++, next_rows--) {
            for (int line = 0; line < s->next.lines; line++)
                __builtin_prefetch(next + line * 16);
            next += s->next.stride;
        }
        if (item + AHEAD < end)
            capas_fetch_list(&lists, item + AHEAD, cut + AHEAD * (lists.blocks + 1));
        CAPAS_UNROLL
        for (int i = 0; i < width / CAPAS_VECTOR; i++)
            sum[i] = from ? v_load(from + i * CAPAS_VECTOR) : v_zero();
        capas_sum_list(width, sum, base, lists.offset + item * lists.room + cut[0],
                       lists.value + item * lists.room + cut[0], cut[1] - cut[0]);
        CAPAS_UNROLL
        for (int i = 0; i < width / CAPAS_VECTOR; i++)
            v_store(to + i * CAPAS_VECTOR, sum[i]);
        from = from ? from + from_stride : NULL;
        to += to_stride;
        cut += lists.blocks + 1;
    }
}

/* Widths up to 112 are seven times 16; with few registers three times at once. */
#if defined(__SSE2__) && CAPAS_VECTOR == 4
enum { CAPAS_SUM_WIDTH = 48 };
#else
enum { CAPAS_SUM_WIDTH = 112 };
#endif

static void capas_sum_each(const capas_listed_sum *s, int width)
{
    for (int first = 0; first < width; first += CAPAS_SUM_WIDTH) {
        switch (width - first) {
        case 16:
            capas_sum_columns(s, 16, first);
            break;
        case 32:
            capas_sum_columns(s, 32, first);
            break;
#if !(defined(__SSE2__) && CAPAS_VECTOR == 4)
        case 48:
            capas_sum_columns(s, 48, first);
            break;
        case 64:
            capas_sum_columns(s, 64, first);
            break;
        case 80:
            capas_sum_columns(s, 80, first);
            break;
        case 96:
            capas_sum_columns(s, 96, first);
            break;
#endif
        default:
            capas_sum_columns(s, CAPAS_SUM_WIDTH, first);
            break;
        }
    }
}

/* Two items whose lists name every row of the block: a row that is read serves both. */
typedef struct capas_full_pair {
    const float *base, *value[2], *from[2];
    float *to[2];
    int64_t rows, row_stride;
} capas_full_pair;

/* The same sums in the same order as capas_sum_list makes, for columns first .. of the pair. */
CAPAS_INLINE void capas_full_columns(const capas_full_pair *pair, int vectors, int64_t first)
{
    const float *row = pair->base + first;
    const float *value0 = pair->value[0], *value1 = pair->value[1];
    vfloat sum[2][7];
    CAPAS_UNROLL
    for (int item = 0; item < 2; item++)
        CAPAS_UNROLL
    for (int i = 0; i < vectors; i++)
        sum[item][i] =
            pair->from[item] ? v_load(pair->from[item] + first + i * CAPAS_VECTOR) : v_zero();
    for (int64_t e = 0; e < pair->rows; e++, row += pair->row_stride) {
        const vfloat factor0 = v_set(value0[e]), factor1 = v_set(value1[e]);
        CAPAS_UNROLL
        for (int i = 0; i < vectors; i++) {
            const vfloat x = v_load(row + i * CAPAS_VECTOR);
            v_accumulate(&sum[0][i], factor0, x);
            v_accumulate(&sum[1][i], factor1, x);
        }
    }
    CAPAS_UNROLL
    for (int item = 0; item < 2; item++)
        CAPAS_UNROLL
    for (int i = 0; i < vectors; i++)
        v_store(pair->to[item] + first + i * CAPAS_VECTOR, sum[item][i]);
}

/* Vectors of both at once: twice so many sums stay in registers, beside the row and two factors. */
#if CAPAS_VECTOR == 16
enum { CAPAS_FULL_VECTORS = 7 };
#else
enum { CAPAS_FULL_VECTORS = 6 };
#endif

static void capas_sum_full(const capas_full_pair *pair, int width)
{
    int left = width / CAPAS_VECTOR;
    int parts = (left + CAPAS_FULL_VECTORS - 1) / CAPAS_FULL_VECTORS;
    int64_t first = 0;
    for (int part; left > 0; left -= part, parts--, first += part * CAPAS_VECTOR) {
        part = (left + parts - 1) / parts;
        switch (part) {
        case 1:
            capas_full_columns(pair, 1, first);
            break;
        case 2:
            capas_full_columns(pair, 2, first);
            break;
        case 3:
            capas_full_columns(pair, 3, first);
            break;
        case 4:
            capas_full_columns(pair, 4, first);
            break;
        case 5:
            capas_full_columns(pair, 5, first);
            break;
        case 6:
            capas_full_columns(pair, 6, first);
            break;
        default:
            capas_full_columns(pair, 7, first);
            break;
        }
    }
}

static bool capas_names_all(const capas_listed_sum *s, int64_t item)
{
    const int32_t *cut = s->lists->begin + item * (s->lists->blocks + 1) + s->block;
    return cut[1] - cut[0] == s->rows;
}

/* Items `item` and the next as a pair. */
static void capas_sum_two(const capas_listed_sum *s, int64_t item, int width)
{
    const int64_t done = item - s->begin;
    capas_full_pair pair = {.base = s->base, .rows = s->rows, .row_stride = s->row_stride};
    for (int i = 0; i < 2; i++) {
        const int32_t begin = s->lists->begin[(item + i) * (s->lists->blocks + 1) + s->block];
        pair.value[i] = s->lists->value + (item + i) * s->lists->room + begin;
        pair.from[i] = s->from ? s->from + (done + i) * s->from_stride : NULL;
        pair.to[i] = s->to + (done + i) * s->to_stride;
    }
    capas_sum_full(&pair, width);
}

/* All items: those with full lists in pairs, runs of others one by one. */
static void capas_sum_lists(const capas_listed_sum *s, int width)
{
    capas_listed_sum run = *s;
    for (int64_t item = s->begin; item < s->end; item = run.end) {
        if (capas_names_all(s, item) && item + 1 < s->end && capas_names_all(s, item + 1)) {
            capas_sum_two(s, item, width);
            run.end = item + 2;
            continue;
        }
        run.begin = item;
        run.end = item + 1;
        while (run.end < s->end && !capas_names_all(s, run.end))
            run.end++;
        run.from = s->from ? s->from + (item - s->begin) * s->from_stride : NULL;
        run.to = s->to + (item - s->begin) * s->to_stride;
        capas_sum_each(&run, width);
        run.next.rows = 0;
    }
}

#endif
