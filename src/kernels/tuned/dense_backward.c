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
#include "kernels/tuned/dense_backward.h"
#include "kernels/tuned/dense_backward_inputs.h"
#include "kernels/tuned/kernels.h"

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
    add_bias_gradient(call, j, units, sum);
}

/* What the weights' gradient needs of up to CAPAS_VECTOR units; of none, zeros. */
static void prepare_units(const backward_call *call, int64_t j)
{
    const int64_t left = call->problem->units - j;
    const int units = left < 0 ? 0 : (int)smaller(left, CAPAS_VECTOR);
    if (call->by_inputs)
        store_gradients(call, j, units);
    else if (units > 0)
        list_units(call, j, units);
}

/* The first half of the shards lists rows, the other units; a single one both. */
static void list_shard(void *context, int shard, int worker)
{
    const backward_call *call = context;
    const int row_shards = (call->list_shards + 1) / 2;
    const int unit_shards = call->list_shards - row_shards;
    const int64_t squares = (call->problem->units + 15) / 16 * (16 / CAPAS_VECTOR);
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
        prepare_units(call, s * CAPAS_VECTOR);
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
            .rows = smaller(p->units - first, lists->block_rows),
            .row_stride = p->tile,
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
        const int64_t rows = smaller(call->rows - first, lists->block_rows);
        copy_tile_rows(call, tile, first, rows, copy);
        const capas_listed_sum sum = {
            .lists = lists,
            .block = block,
            .begin = begin,
            .end = end,
            .base = copy,
            .rows = rows,
            .row_stride = p->tile,
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
        if (call->by_inputs) {
            weight_gradient_of_inputs(call, tile * call->weight_parts + piece, scratch);
            return;
        }
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
    call->by_inputs = inputs_are_sparser(call);
    if (call->by_inputs) call->weight_parts = (int)(capas_input_blocks(p) / call->tiles);
    const int64_t pieces = call->tiles * (call->input_parts + call->weight_parts);
    const int64_t worthy = work * pieces / parts / SUM_GRAIN;
    call->shards = (int)smaller(smaller(pieces, 8 * CAPAS_MAX_SHARDS), worthy > 0 ? worthy : 1);
    call->list_shards = capas_shard_count(2 * call->rows * p->units, LIST_GRAIN);
}

/* The workspace: lists of rows, lists of units, dZ, the workers' scratch. */
static size_t lay_out(backward_call *call, const capas_dense_problem *p, void *workspace)
{
    size_t end = 0;
    const int64_t rows = smaller(p->rows, GROUP_ROWS);
    capas_lists_cut(&call->of_rows, p->units, p->tile, 1);
    capas_lists_cut(&call->of_units, rows, p->tile, CAPAS_VECTOR);
    input_scratch by_inputs;
    const size_t least = input_scratch_lay_out(&by_inputs, rows, NULL) / sizeof(float);
    call->scratch_room = (call->of_units.block_rows + PART_ROWS) * p->tile;
    if (call->scratch_room < (int64_t)least) call->scratch_room = (int64_t)least;
    const capas_lists_place row_place = capas_lists_take(&end, &call->of_rows, rows);
    const capas_lists_place unit_place = capas_lists_take(&end, &call->of_units, p->units);
    const size_t gradient_rows = capas_take(&end, gradient_rows_count(p, rows), sizeof(float));
    const size_t scratch = capas_take(&end, p->workers * call->scratch_room, sizeof(float));
    if (workspace) {
        capas_lists_put(&call->of_rows, row_place, workspace);
        capas_lists_put(&call->of_units, unit_place, workspace);
        call->gradient_rows = capas_piece(workspace, gradient_rows);
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
        memset(a->weight_gradient, 0,
               (size_t)(capas_dense_tiles(p) * p->tile * p->units) * sizeof(float));
    if (a->bias_gradient) memset(a->bias_gradient, 0, (size_t)p->units * sizeof(float));
}

static void backward(const void *problem, const void *arguments)
{
    const capas_dense_problem *p = problem;
    const capas_dense_backward_arguments *a = arguments;
    backward_call call = {.problem = p, .arguments = a, .tiles = capas_dense_tiles(p)};
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
