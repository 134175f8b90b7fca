/* Dense layers backward, float, without multiplying by a zero of dZ = dY * activation'(Y):
 *
 *   dX[b][k] = sum over the live units j of row b of dZ[b][j] W[k][j]     rows of W's tile, T long
 *   dW[k][j] = sum over the live rows b of unit j of dZ[b][j] X[b][k]     rows of X's tile, T long
 *   db[j]    = sum over b of dZ[b][j]
 *
 * First lists are made of what is live in each row and in each unit (lists.h), then come the sums,
 * tile by tile of the inputs. A dZ without zeros has full lists, which costs a tenth more than
 * knowing it. Work is cut by tiles, and tiles by rows (for dX) and units (for dW) when there are
 * few. */
#include "kernels/dense.h"
#include "kernels/tuned/kernels.h"
#include "kernels/tuned/lists.h"
#include "kernels/tuned/math.h"

enum {
    GROUP_ROWS = 256,    /* rows whose lists are in the workspace at once */
    PART_ROWS = 64,      /* rows of dX under way */
    LIST_GRAIN = 8192,   /* elements of dZ */
    SUM_GRAIN = 1 << 16, /* multiplications */
    WANTED_PIECES = 16,
};

typedef struct backward_call {
    const capas_dense_problem *problem;
    const capas_dense_backward_arguments *arguments;
    int64_t tiles, first_row, rows; /* the group's rows */
    capas_lists of_rows, of_units;
    int list_shards;
    int input_parts, weight_parts; /* of each tile; 0 when not wanted */
    int shards;
    float *scratch; /* of each worker: a block of X's tile, then PART_ROWS rows of dX's */
    int64_t scratch_room;
} backward_call;

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* dZ of up to CAPAS_VECTOR units of a row (0: of none, all zero). */
CAPAS_INLINE vfloat gradient_of(const backward_call *call, int64_t b, int64_t j, int units)
{
    const int64_t at = (call->first_row + b) * call->problem->units + j;
    const float *y = (const float *)call->arguments->output + at;
    const float *dy = (const float *)call->arguments->output_gradient + at;
    if (units == CAPAS_VECTOR)
        return v_activate_back(call->problem->activation, v_load(y), v_load(dy));
    return v_activate_back(call->problem->activation, v_load_part(y, units),
                           v_load_part(dy, units));
}

static void list_row(const backward_call *call, int64_t b)
{
    const capas_lists *lists = &call->of_rows;
    const int64_t units = call->problem->units;
    const vint step = v_lanes() * call->problem->tile;
    int32_t *begin = lists->begin + b * (lists->blocks + 1),
            *offset = lists->offset + b * lists->room;
    float *value = lists->value + b * lists->room;
    int count = 0;
    for (int block = 0; block < lists->blocks; block++) {
        const int64_t first = block * lists->block_rows;
        const int64_t end = smaller(first + lists->block_rows, units);
        begin[block] = count;
        for (int64_t j = first; j < end; j += CAPAS_VECTOR)
            count += v_append_live(value + count, offset + count,
                                   gradient_of(call, b, j, (int)smaller(end - j, CAPAS_VECTOR)),
                                   step + (int32_t)(j - first) * call->problem->tile);
    }
    begin[lists->blocks] = count;
}

/* Adds a square of dZ, transposed, to the lists of `units` units from j on; row r is the block's.
 */
CAPAS_INLINE void list_square(const backward_call *call, const vfloat *square, int64_t j, int units,
                              int64_t r, int *count)
{
    const capas_lists *lists = &call->of_units;
    const vint offsets = (v_lanes() + (int32_t)r) * call->problem->tile;
    for (int u = 0; u < units; u++) {
        const int64_t at = (j + u) * lists->room + count[u];
        count[u] += v_append_live(lists->value + at, lists->offset + at, square[u], offsets);
    }
}

/* Lists and bias gradient of up to CAPAS_VECTOR units. */
static void list_units(const backward_call *call, int64_t j, int units)
{
    const capas_lists *lists = &call->of_units;
    int count[CAPAS_VECTOR] = {0};
    vfloat sum = v_zero();
    for (int64_t r = 0; r < call->rows; r += CAPAS_VECTOR) {
        vfloat square[CAPAS_VECTOR];
        const int64_t block = r / lists->block_rows;
        if (r % lists->block_rows == 0)
            for (int u = 0; u < units; u++)
                lists->begin[(j + u) * (lists->blocks + 1) + block] = count[u];
        CAPAS_UNROLL
        for (int i = 0; i < CAPAS_VECTOR; i++) {
            square[i] = v_zero();
            if (r + i < call->rows) square[i] = gradient_of(call, r + i, j, units);
            sum += square[i];
        }
        v_transpose(square);
        list_square(call, square, j, units, r - block * lists->block_rows, count);
    }
    for (int64_t block = (call->rows + lists->block_rows - 1) / lists->block_rows;
         block <= lists->blocks; block++)
        for (int u = 0; u < units; u++)
            lists->begin[(j + u) * (lists->blocks + 1) + block] = count[u];
    float *bias = call->arguments->bias_gradient;
    if (!bias) return;
    if (call->first_row > 0) sum += v_load_part(bias + j, units);
    v_store_part(bias + j, sum, units);
}

/* The first half of the shards lists rows, the other units; a single one both. */
static void list_shard(void *context, int shard, int worker)
{
    const backward_call *call = context;
    const int row_shards = (call->list_shards + 1) / 2;
    const int unit_shards = call->list_shards - row_shards;
    const int64_t squares = (call->problem->units + CAPAS_VECTOR - 1) / CAPAS_VECTOR;
    (void)worker;
    if (shard < row_shards && call->input_parts > 0)
        for (int64_t b = capas_shard_begin(call->rows, row_shards, shard);
             b < capas_shard_begin(call->rows, row_shards, shard + 1); b++)
            list_row(call, b);
    if (shard < row_shards && unit_shards > 0) return;
    const int part = unit_shards > 0 ? shard - row_shards : 0,
              parts = unit_shards > 0 ? unit_shards : 1;
    for (int64_t s = capas_shard_begin(squares, parts, part);
         s < capas_shard_begin(squares, parts, part + 1); s++)
        list_units(call, s * CAPAS_VECTOR,
                   (int)smaller(call->problem->units - s * CAPAS_VECTOR, CAPAS_VECTOR));
}

/* dX of up to PART_ROWS rows in a tile, block by block of the units. */
static void input_gradient_rows(const backward_call *call, int64_t tile, int64_t begin, int64_t end,
                                float *partial)
{
    const capas_dense_problem *p = call->problem;
    const capas_lists *lists = &call->of_rows;
    const int64_t used = smaller(p->inputs - tile * p->tile, p->tile);
    const float *w = (const float *)call->arguments->weights + tile * p->units * p->tile;
    float *dx = (float *)call->arguments->input_gradient + (call->first_row + begin) * p->inputs +
                tile * p->tile;
    for (int block = 0; block < lists->blocks; block++) {
        const bool direct = block == lists->blocks - 1 && used == p->tile;
        const int64_t first = block * lists->block_rows;
        const int64_t next_rows = smaller(p->units - first - lists->block_rows, lists->block_rows);
        const capas_listed_sum sum = {
            .lists = lists,
            .block = block,
            .begin = begin,
            .end = end,
            .base = w + first * p->tile,
            .from = block > 0 ? partial : NULL,
            .to = direct ? dx : partial,
            .from_stride = p->tile,
            .to_stride = direct ? p->inputs : p->tile,
            .next = {w + (first + lists->block_rows) * p->tile, p->tile, (int)next_rows,
                     p->tile / 16},
        };
        capas_sum_lists(&sum, p->tile);
    }
    if (used == p->tile) return;
    for (int64_t b = 0; b < end - begin; b++)
        memcpy(dx + b * p->inputs, partial + b * p->tile, (size_t)used * sizeof(float));
}

/* A block of X's tile, its rows one behind the other, zeros for what is no input. */
static void copy_tile_rows(const backward_call *call, int64_t tile, int64_t first, int64_t rows,
                           float *copy)
{
    const capas_dense_problem *p = call->problem;
    const int64_t used = smaller(p->inputs - tile * p->tile, p->tile);
    const float *x = (const float *)call->arguments->input + (call->first_row + first) * p->inputs +
                     tile * p->tile;
    for (int64_t b = 0; b < rows; b++) {
        memcpy(copy + b * p->tile, x + b * p->inputs, (size_t)used * sizeof(float));
        memset(copy + b * p->tile + used, 0, (size_t)(p->tile - used) * sizeof(float));
    }
}

/* X's tile behind this one, or nothing. */
static capas_prefetch next_tile_rows(const backward_call *call, int64_t tile)
{
    const capas_dense_problem *p = call->problem;
    const float *x = (const float *)call->arguments->input + call->first_row * p->inputs;
    const capas_prefetch next = {x + (tile + 1) * p->tile, p->inputs, (int)call->rows,
                                 p->tile / 16};
    return tile + 1 < call->tiles ? next : (capas_prefetch){0};
}

/* dW of some units in a tile, block by block of the rows. */
static void weight_gradient_units(const backward_call *call, int64_t tile, int64_t begin,
                                  int64_t end, float *copy)
{
    const capas_dense_problem *p = call->problem;
    const capas_lists *lists = &call->of_units;
    float *dw = (float *)call->arguments->weight_gradient + (tile * p->units + begin) * p->tile;
    for (int block = 0; block < lists->blocks; block++) {
        const int64_t first = block * lists->block_rows;
        copy_tile_rows(call, tile, first, smaller(call->rows - first, lists->block_rows), copy);
        const capas_listed_sum sum = {
            .lists = lists,
            .block = block,
            .begin = begin,
            .end = end,
            .base = copy,
            .from = block > 0 || call->first_row > 0 ? dw : NULL,
            .to = dw,
            .from_stride = p->tile,
            .to_stride = p->tile,
            .next = next_tile_rows(call, tile),
        };
        capas_sum_lists(&sum, p->tile);
    }
}

/* Piece i of a tile: a part of the rows for dX, then a part of the units for dW. */
static void sum_piece(const backward_call *call, int64_t tile, int piece, float *scratch)
{
    const capas_dense_problem *p = call->problem;
    float *partial = scratch + call->of_units.block_rows * p->tile;
    if (piece >= call->input_parts) {
        piece -= call->input_parts;
        weight_gradient_units(call, tile, capas_shard_begin(p->units, call->weight_parts, piece),
                              capas_shard_begin(p->units, call->weight_parts, piece + 1), scratch);
        return;
    }
    const int64_t end = capas_shard_begin(call->rows, call->input_parts, piece + 1);
    for (int64_t b = capas_shard_begin(call->rows, call->input_parts, piece); b < end;
         b += PART_ROWS)
        input_gradient_rows(call, tile, b, smaller(b + PART_ROWS, end), partial);
}

static void sum_shard(void *context, int shard, int worker)
{
    const backward_call *call = context;
    const int parts = call->input_parts + call->weight_parts;
    for (int64_t piece = capas_shard_begin(call->tiles * parts, call->shards, shard);
         piece < capas_shard_begin(call->tiles * parts, call->shards, shard + 1); piece++)
        sum_piece(call, piece / parts, (int)(piece % parts),
                  call->scratch + worker * call->scratch_room);
}

/* Parts of a tile, so that there are pieces enough, but none is too small. */
static void choose_pieces(backward_call *call)
{
    const capas_dense_problem *p = call->problem;
    const int64_t work = call->rows * p->units * p->tile; /* of a tile, once */
    int64_t parts = (WANTED_PIECES + call->tiles - 1) / call->tiles;
    if (parts > work / SUM_GRAIN) parts = work / SUM_GRAIN > 0 ? work / SUM_GRAIN : 1;
    call->input_parts = p->wants_input_gradient && call->arguments->input_gradient
                            ? (int)smaller(parts, call->rows)
                            : 0;
    call->weight_parts = call->arguments->weight_gradient ? (int)smaller(parts, p->units) : 0;
    const int64_t pieces = call->tiles * (call->input_parts + call->weight_parts);
    const int64_t worthy = work * pieces / parts / SUM_GRAIN;
    call->shards = (int)smaller(smaller(pieces, 8 * CAPAS_MAX_SHARDS), worthy > 0 ? worthy : 1);
    call->list_shards = capas_shard_count(2 * call->rows * p->units, LIST_GRAIN);
}

static int64_t tiles_of(const capas_dense_problem *p)
{
    return (p->inputs + p->tile - 1) / p->tile;
}

/* The workspace: lists of rows, lists of units, the workers' scratch. */
static size_t lay_out(backward_call *call, const capas_dense_problem *p, void *workspace)
{
    size_t end = 0;
    const int64_t rows = smaller(p->rows, GROUP_ROWS);
    capas_lists_cut(&call->of_rows, p->units, p->tile, 1);
    capas_lists_cut(&call->of_units, rows, p->tile, CAPAS_VECTOR);
    call->scratch_room = (call->of_units.block_rows + PART_ROWS) * p->tile;
    const capas_lists_place row_place = capas_lists_take(&end, &call->of_rows, rows);
    const capas_lists_place unit_place = capas_lists_take(&end, &call->of_units, p->units);
    const size_t scratch = capas_take(&end, p->workers * call->scratch_room, sizeof(float));
    if (workspace) {
        capas_lists_put(&call->of_rows, row_place, workspace);
        capas_lists_put(&call->of_units, unit_place, workspace);
        call->scratch = capas_piece(workspace, scratch);
    }
    return end;
}

static size_t workspace(const void *problem)
{
    backward_call call;
    return lay_out(&call, problem, NULL);
}

static bool accepts(const void *problem)
{
    const capas_dense_problem *p = problem;
    return p->tile > 0 && p->tile % 16 == 0 && p->tile <= 112 && p->activation != CAPAS_SOFTMAX &&
           p->units < INT32_MAX / 112;
}

/* No rows: gradients of nothing are zero. */
static void clear(const capas_dense_problem *p, const capas_dense_backward_arguments *a)
{
    if (a->weight_gradient)
        memset(a->weight_gradient, 0, (size_t)(tiles_of(p) * p->tile * p->units) * sizeof(float));
    if (a->bias_gradient) memset(a->bias_gradient, 0, (size_t)p->units * sizeof(float));
}

static void backward(const void *problem, const void *arguments)
{
    const capas_dense_problem *p = problem;
    const capas_dense_backward_arguments *a = arguments;
    backward_call call = {.problem = p, .arguments = a, .tiles = tiles_of(p)};
    lay_out(&call, p, a->workspace);
    if (a->rows == 0) clear(p, a);
    for (; call.first_row < a->rows; call.first_row += call.rows) {
        call.rows = smaller(a->rows - call.first_row, GROUP_ROWS);
        choose_pieces(&call);
        capas_parallel(call.list_shards, p->workers, list_shard, &call);
        if (call.input_parts + call.weight_parts > 0)
            capas_parallel(call.shards, p->workers, sum_shard, &call);
    }
}

CAPAS_TUNED_KERNEL(dense_backward, "lists", accepts, workspace, backward);
