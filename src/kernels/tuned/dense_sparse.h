/* A dense layer whose inputs are mostly zero (pixels, ReLU, dropout): Y from the inputs that are
 * not.
 *
 *   sum[b][j ..] = sum over the live inputs k of row b of X[b][k] * W[k][j ..]       (lists.h)
 *
 * For that W is needed by rows of units, so each block of a tile is transposed on its way:
 *
 *   W, one tile: [units][T]   ->   [block of at most 64 inputs][chunk of at most 112 units], 28 KB
 *
 * which costs as much as some eight rows of the dense product. Whether it pays is decided from the
 * number of rows and the share of zeros in a few of this call's rows.
 *
 * In training work is cut by chunks of units and groups of tiles; each group has sums of its own,
 * [groups][rows][units], added in the end in their order. The weights of predictions are prepared,
 * all their blocks turned round beforehand, if that takes no more than a few megabytes; then work
 * is cut by rows, so that no thread needs what another has written, and there is one group. */
#ifndef CAPAS_KERNELS_TUNED_DENSE_SPARSE_H
#define CAPAS_KERNELS_TUNED_DENSE_SPARSE_H

#include "kernels/dense.h"
#include "kernels/tuned/dense_blocks.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/lists.h"
#include "kernels/tuned/math.h"
#include "kernels/tuned/transpose.h"

enum {
    CAPAS_SPARSE_ROWS = 256, /* whose lists are in the workspace at once */
    CAPAS_SPARSE_PIECES = 16,
    CAPAS_SPARSE_PART = 16,          /* rows that are worth a piece, where work is cut by rows */
    CAPAS_SPARSE_PREPARED = 1 << 20, /* floats, at most */
    CAPAS_SPARSE_GRAIN = 1 << 18,    /* multiplications, with the zeros, worth another piece */
};

typedef struct capas_sparse_call {
    const capas_dense_problem *problem;
    const capas_dense_forward_arguments *arguments;
    int64_t first_row, rows, groups;
    int parts;          /* of the rows */
    int64_t sum_stride; /* units, rounded up to whole 16 */
    capas_lists lists;
    float *sums;    /* [groups][rows][sum_stride] */
    float *scratch; /* of each worker: [CAPAS_INPUT_BLOCK][CAPAS_CHUNK] */
} capas_sparse_call;

static inline bool capas_sparse_fits(const capas_dense_problem *p)
{
    return p->inputs >= 64 && p->units >= 32;
}

static inline size_t capas_sparse_lay_out(capas_sparse_call *call, const capas_dense_problem *p,
                                          void *workspace)
{
    const int64_t rows = p->rows < CAPAS_SPARSE_ROWS ? p->rows : CAPAS_SPARSE_ROWS;
    const int64_t tiles = capas_dense_tiles(p);
    const int64_t chunks = capas_unit_chunks(p->units);
    size_t end = 0;
    call->sum_stride = (p->units + 15) / 16 * 16;
    call->parts = 1;
    call->groups = (CAPAS_SPARSE_PIECES + chunks - 1) / chunks;
    if (call->groups > tiles) call->groups = tiles;
    call->lists.blocks = (int)capas_input_blocks(p);
    call->lists.room = (p->inputs + 15) / 16 * 16 + 16;
    const capas_lists_place place = capas_lists_take(&end, &call->lists, rows);
    const size_t sums = capas_take(&end, call->groups * rows * call->sum_stride, sizeof(float));
    const size_t scratch =
        capas_take(&end, (int64_t)p->workers * CAPAS_INPUT_BLOCK * CAPAS_CHUNK, sizeof(float));
    if (workspace) {
        capas_lists_put(&call->lists, place, workspace);
        call->sums = capas_piece(workspace, sums);
        call->scratch = capas_piece(workspace, scratch);
    }
    return end;
}

/* Pieces are rows of X. */
static void capas_list_inputs(const void *problem, const void *context, int64_t begin, int64_t end,
                              int shard)
{
    const capas_dense_problem *p = problem;
    const capas_sparse_call *call = context;
    const capas_lists *lists = &call->lists;
    (void)shard;
    for (int64_t b = begin; b < end; b++) {
        const float *x = (const float *)call->arguments->input + (call->first_row + b) * p->inputs;
        int32_t *cut = lists->begin + b * (lists->blocks + 1);
        int32_t *offset = lists->offset + b * lists->room;
        float *value = lists->value + b * lists->room;
        int count = 0;
        for (int i = 0; i < lists->blocks; i++) {
            const capas_input_block block = capas_input_block_at(p, i);
            const float *from = x + block.tile * p->tile + block.first;
            cut[i] = count;
            for (int64_t k = 0; k < block.used; k += CAPAS_VECTOR) {
                const int64_t left = block.used - k;
                vfloat v = v_load_some(from + k, left < CAPAS_VECTOR ? (int)left : CAPAS_VECTOR);
                count += v_append_live(value + count, offset + count, v,
                                       (v_lanes() + (int32_t)k) * CAPAS_CHUNK);
            }
        }
        cut[lists->blocks] = count;
    }
}

/* The units of a chunk. */
typedef struct capas_sparse_chunk {
    int64_t number, first, units, width; /* width: with those that fill a vector */
} capas_sparse_chunk;

static inline capas_sparse_chunk capas_sparse_chunk_at(const capas_dense_problem *p, int64_t number)
{
    const int64_t first = capas_chunk_begin(p->units, number);
    const int64_t width = capas_chunk_begin(p->units, number + 1) - first;
    return (capas_sparse_chunk){
        .number = number,
        .first = first,
        .units = p->units - first < width ? p->units - first : width,
        .width = width,
    };
}

/* Block `index` of the weights of a chunk: T floats from unit to unit. */
static inline const float *capas_sparse_weights(const capas_dense_problem *p, const float *weights,
                                                int64_t index, const capas_sparse_chunk *chunk)
{
    const capas_input_block block = capas_input_block_at(p, index);
    return weights + (block.tile * p->units + chunk->first) * p->tile + block.first;
}

/* Turned round: CAPAS_CHUNK floats from input to input. */
static inline void capas_sparse_turn(const capas_dense_problem *p, const float *weights,
                                     int64_t index, const capas_sparse_chunk *chunk, float *to)
{
    capas_transpose(capas_sparse_weights(p, weights, index, chunk), p->tile, chunk->units,
                    capas_input_block_at(p, index).count, to, CAPAS_CHUNK, chunk->width);
}

/* Prepared weights: [chunk][input][CAPAS_CHUNK], the inputs with the tiles' padding. */
static inline int64_t capas_sparse_prepared_floats(const capas_dense_problem *p)
{
    return capas_unit_chunks(p->units) * capas_dense_tiles(p) * p->tile * CAPAS_CHUNK;
}

static inline int64_t capas_sparse_prepared_place(const capas_dense_problem *p, int64_t index,
                                                  int64_t chunk)
{
    const capas_input_block block = capas_input_block_at(p, index);
    return ((chunk * capas_dense_tiles(p) + block.tile) * p->tile + block.first) * CAPAS_CHUNK;
}

static inline size_t capas_sparse_prepared(const void *problem)
{
    const capas_dense_problem *p = problem;
    const int64_t floats = capas_sparse_prepared_floats(p);
    const bool wanted = !p->for_training && p->rows >= CAPAS_SPARSE_PART && capas_sparse_fits(p) &&
                        floats <= CAPAS_SPARSE_PREPARED;
    return wanted ? (size_t)floats * sizeof(float) : 0;
}

typedef struct capas_sparse_preparation {
    const float *weights;
    float *to;
} capas_sparse_preparation;

/* Pieces are blocks. */
static void capas_sparse_prepare_range(const void *problem, const void *context, int64_t begin,
                                       int64_t end, int shard)
{
    const capas_dense_problem *p = problem;
    const capas_sparse_preparation *preparation = context;
    (void)shard;
    for (int64_t number = 0; number < capas_unit_chunks(p->units); number++) {
        const capas_sparse_chunk chunk = capas_sparse_chunk_at(p, number);
        for (int64_t i = begin; i < end; i++)
            capas_sparse_turn(p, preparation->weights, i, &chunk,
                              preparation->to + capas_sparse_prepared_place(p, i, number));
    }
}

static inline void capas_sparse_prepare(const void *problem, const void *arguments, void *prepared)
{
    const capas_dense_problem *p = problem;
    const capas_dense_forward_arguments *a = arguments;
    const capas_sparse_preparation preparation = {a->weights, prepared};
    capas_parallel_ranges(capas_input_blocks(p), 1, p->workers, capas_sparse_prepare_range, p,
                          &preparation);
}

/* Block `index` of the weights of a chunk turned round, perhaps into `scratch`. */
static inline const float *capas_sparse_base(const capas_sparse_call *call, int64_t index,
                                             const capas_sparse_chunk *chunk, float *scratch)
{
    const capas_dense_problem *p = call->problem;
    const float *prepared = call->arguments->prepared;
    if (prepared) return prepared + capas_sparse_prepared_place(p, index, chunk->number);
    capas_sparse_turn(p, call->arguments->weights, index, chunk, scratch);
    return scratch;
}

/* What it is read from, which comes while the block before it is worked on. */
static inline capas_prefetch capas_sparse_next(const capas_sparse_call *call, int64_t index,
                                               const capas_sparse_chunk *chunk)
{
    const capas_dense_problem *p = call->problem;
    const float *prepared = call->arguments->prepared;
    const capas_input_block block = capas_input_block_at(p, index);
    if (prepared)
        return (capas_prefetch){prepared + capas_sparse_prepared_place(p, index, chunk->number),
                                CAPAS_CHUNK, (int)block.used, (int)chunk->width / 16};
    return (capas_prefetch){capas_sparse_weights(p, call->arguments->weights, index, chunk),
                            p->tile, (int)chunk->units, (int)block.count / 16};
}

/* Piece = a chunk of units, and a group of tiles or a part of the rows. */
static void capas_sparse_piece(void *context, int piece, int worker)
{
    const capas_sparse_call *call = context;
    const capas_dense_problem *p = call->problem;
    const int64_t chunks = capas_unit_chunks(p->units), rest = piece / chunks;
    const capas_sparse_chunk chunk = capas_sparse_chunk_at(p, piece % chunks);
    const int part = (int)(rest % call->parts), group = (int)(rest / call->parts);
    const int64_t row = capas_shard_begin(call->rows, call->parts, part);
    const int64_t first = capas_shard_begin(call->lists.blocks, (int)call->groups, group);
    const int64_t end = capas_shard_begin(call->lists.blocks, (int)call->groups, group + 1);
    float *scratch = call->scratch + (int64_t)worker * CAPAS_INPUT_BLOCK * CAPAS_CHUNK;
    float *sums = call->sums + (group * call->rows + row) * call->sum_stride + chunk.first;
    for (int64_t i = first; i < end; i++) {
        capas_listed_sum sum = {
            .lists = &call->lists,
            .block = (int)i,
            .begin = row,
            .end = capas_shard_begin(call->rows, call->parts, part + 1),
            .rows = capas_input_block_at(p, i).used,
            .row_stride = CAPAS_CHUNK,
            .from = i > first ? sums : NULL,
            .to = sums,
            .from_stride = call->sum_stride,
            .to_stride = call->sum_stride,
        };
        sum.base = capas_sparse_base(call, i, &chunk, scratch);
        if (i + 1 < end) sum.next = capas_sparse_next(call, i + 1, &chunk);
        capas_sum_lists(&sum, (int)chunk.width);
    }
}

/* Y[b][j] = activation(bias[j] + the groups' sums); pieces are rows. */
static void capas_sparse_finish(const void *problem, const void *context, int64_t begin,
                                int64_t end, int shard)
{
    const capas_dense_problem *p = problem;
    const capas_sparse_call *call = context;
    const float *bias = p->has_bias ? call->arguments->bias : NULL;
    (void)shard;
    for (int64_t b = begin; b < end; b++) {
        float *y = (float *)call->arguments->output + (call->first_row + b) * p->units;
        for (int64_t j = 0; j < p->units; j += CAPAS_VECTOR) {
            const int64_t left = p->units - j;
            const int units = left < CAPAS_VECTOR ? (int)left : CAPAS_VECTOR;
            vfloat sum = v_zero();
            for (int64_t g = 0; g < call->groups; g++)
                sum += v_load(call->sums + (g * call->rows + b) * call->sum_stride + j);
            if (bias) sum += v_load_some(bias + j, units);
            v_store_some(y + j, v_activate(p->activation, sum), units);
        }
    }
}

/* One for each thread, which then reads the weights once; the sums are the same however many. */
static inline int capas_sparse_parts(const capas_dense_problem *p, int64_t rows)
{
    const int64_t most = rows / CAPAS_SPARSE_PART;
    return (int)(p->workers < most ? p->workers : most > 0 ? most : 1);
}

/* Measured: a live input costs twice a dense one, and turning the weights round eight rows. */
static inline bool capas_sparse_pays(const capas_dense_problem *p,
                                     const capas_dense_forward_arguments *a)
{
    if (a->rows < 16 || !capas_sparse_fits(p)) return false;
    const int64_t group = a->rows < CAPAS_SPARSE_ROWS ? a->rows : CAPAS_SPARSE_ROWS;
    const double live = capas_live_share(a->input, a->rows, p->inputs);
    return 2 * live * (double)group + (a->prepared ? 0 : 8) < 0.9 * (double)group;
}

static inline size_t capas_sparse_workspace(const capas_dense_problem *p)
{
    capas_sparse_call call;
    return capas_sparse_lay_out(&call, p, NULL);
}

static inline void capas_sparse(const capas_dense_problem *p,
                                const capas_dense_forward_arguments *a)
{
    capas_sparse_call call = {.problem = p, .arguments = a};
    capas_sparse_lay_out(&call, p, a->workspace);
    for (; call.first_row < a->rows; call.first_row += call.rows) {
        call.rows = a->rows - call.first_row;
        if (call.rows > CAPAS_SPARSE_ROWS) call.rows = CAPAS_SPARSE_ROWS;
        const int64_t chunks = capas_unit_chunks(p->units);
        if (a->prepared || call.rows * p->inputs * p->units < CAPAS_SPARSE_GRAIN) call.groups = 1;
        if (a->prepared) call.parts = capas_sparse_parts(p, call.rows);
        capas_parallel_ranges(call.rows, 8192 / p->inputs + 1, p->workers, capas_list_inputs, p,
                              &call);
        capas_parallel((int)(chunks * call.groups * call.parts), p->workers, capas_sparse_piece,
                       &call);
        capas_parallel_ranges(call.rows, 2048 / p->units + 1, p->workers, capas_sparse_finish, p,
                              &call);
    }
}

#endif
