/* The weights' gradient of a dense layer whose inputs are mostly zero:
 *
 *   dW[k][j ..] = sum over the live rows b of input k of X[b][k] dZ[b][j ..]     a chunk of a row
 *
 * dZ is laid out by chunks of units, [chunk][rows][112]. Block by block of the inputs
 * (dense_blocks.h) X is transposed, its columns are listed, summed over, and the sums transposed
 * into the tile [units][T]. */
#ifndef CAPAS_KERNELS_TUNED_DENSE_BACKWARD_INPUTS_H
#define CAPAS_KERNELS_TUNED_DENSE_BACKWARD_INPUTS_H

#include "kernels/tuned/dense_backward.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/transpose.h"

/* Rows of dZ in the first level of the cache. */
enum { INPUT_LIST_ROWS = 64 };

/* A worker's scratch: the block's lists, and its sums [CAPAS_INPUT_BLOCK][CAPAS_CHUNK]. */
typedef struct input_scratch {
    capas_lists lists;
    float *sums;
} input_scratch;

static inline size_t input_scratch_lay_out(input_scratch *scratch, int64_t rows, void *memory)
{
    size_t end = 0;
    scratch->lists.block_rows = INPUT_LIST_ROWS;
    scratch->lists.blocks = (int)((rows + INPUT_LIST_ROWS - 1) / INPUT_LIST_ROWS);
    scratch->lists.room = (rows + 15) / 16 * 16 + 16;
    const capas_lists_place place = capas_lists_take(&end, &scratch->lists, CAPAS_INPUT_BLOCK);
    const size_t sums = capas_take(&end, CAPAS_INPUT_BLOCK * CAPAS_CHUNK, sizeof(float));
    if (memory) {
        capas_lists_put(&scratch->lists, place, memory);
        scratch->sums = capas_piece(memory, sums);
    }
    return end;
}

/* Floats of dZ by chunks. */
static inline int64_t gradient_rows_count(const capas_dense_problem *p, int64_t rows)
{
    return capas_unit_chunks(p->units) * rows * CAPAS_CHUNK;
}

/* dZ of up to CAPAS_VECTOR units, zeros behind the last unit, into its chunk; and the bias
 * gradient. */
static inline void store_gradients(const backward_call *call, int64_t j, int units)
{
    int64_t chunk = 0;
    while (capas_chunk_begin(call->problem->units, chunk + 1) <= j)
        chunk++;
    float *to = call->gradient_rows + chunk * call->rows * CAPAS_CHUNK + j -
                capas_chunk_begin(call->problem->units, chunk);
    vfloat sum = v_zero();
    for (int64_t b = 0; b < call->rows; b++) {
        vfloat gradient = gradient_of(call, b, j, units);
        v_store(to + b * CAPAS_CHUNK, gradient);
        sum += gradient;
    }
    add_bias_gradient(call, j, units, sum);
}

/* The lists of up to CAPAS_VECTOR inputs, k being the first one's number in the block. */
static inline void list_input_columns(const backward_call *call, const capas_lists *lists,
                                      const float *x, int64_t k, int inputs)
{
    int count[CAPAS_VECTOR] = {0};
    for (int64_t r = 0; r < call->rows; r += CAPAS_VECTOR) {
        const int64_t block = r / INPUT_LIST_ROWS;
        const vint offsets = (v_lanes() + (int32_t)(r - block * INPUT_LIST_ROWS)) * CAPAS_CHUNK;
        vfloat square[CAPAS_VECTOR];
        CAPAS_UNROLL
        for (int i = 0; i < CAPAS_VECTOR; i++) {
            square[i] = v_zero();
            if (r + i < call->rows)
                square[i] = v_load_some(x + (r + i) * call->problem->inputs, inputs);
        }
        v_transpose(square);
        for (int i = 0; i < CAPAS_VECTOR; i++) {
            const int64_t at = (k + i) * lists->room + count[i];
            if (r % INPUT_LIST_ROWS == 0)
                lists->begin[(k + i) * (lists->blocks + 1) + block] = count[i];
            count[i] += v_append_live(lists->value + at, lists->offset + at, square[i], offsets);
        }
    }
    for (int64_t block = (call->rows + INPUT_LIST_ROWS - 1) / INPUT_LIST_ROWS;
         block <= lists->blocks; block++)
        for (int i = 0; i < CAPAS_VECTOR; i++)
            lists->begin[(k + i) * (lists->blocks + 1) + block] = count[i];
}

/* Sums of one chunk of units, then into the tile; with rows before this group's, on top of theirs.
 */
static inline void sum_input_chunk(const backward_call *call, const input_scratch *scratch,
                                   const capas_input_block *block, int64_t chunk)
{
    const capas_dense_problem *p = call->problem;
    const int64_t j = capas_chunk_begin(p->units, chunk);
    const int64_t width = capas_chunk_begin(p->units, chunk + 1) - j;
    const int64_t units = smaller(p->units - j, width);
    float *dw = (float *)call->arguments->weight_gradient + (block->tile * p->units + j) * p->tile +
                block->first;
    const bool adds = call->first_row > 0;
    if (adds) capas_transpose(dw, p->tile, units, block->count, scratch->sums, CAPAS_CHUNK, width);
    for (int i = 0; i < scratch->lists.blocks; i++) {
        const capas_listed_sum sum = {
            .lists = &scratch->lists,
            .block = i,
            .end = block->count,
            .base = call->gradient_rows +
                    (chunk * call->rows + (int64_t)i * INPUT_LIST_ROWS) * CAPAS_CHUNK,
            .rows = smaller(call->rows - (int64_t)i * INPUT_LIST_ROWS, INPUT_LIST_ROWS),
            .row_stride = CAPAS_CHUNK,
            .from = adds || i > 0 ? scratch->sums : NULL,
            .to = scratch->sums,
            .from_stride = CAPAS_CHUNK,
            .to_stride = CAPAS_CHUNK,
        };
        capas_sum_lists(&sum, (int)width);
    }
    capas_transpose(scratch->sums, CAPAS_CHUNK, block->count, units, dw, p->tile, block->count);
}

/* dW of block `index` of the inputs. */
static inline void weight_gradient_of_inputs(const backward_call *call, int64_t index, void *memory)
{
    const capas_dense_problem *p = call->problem;
    const capas_input_block block = capas_input_block_at(p, index);
    const float *x = (const float *)call->arguments->input + call->first_row * p->inputs +
                     block.tile * p->tile + block.first;
    input_scratch scratch;
    input_scratch_lay_out(&scratch, call->rows, memory);
    for (int64_t k = 0; k < block.count; k += CAPAS_VECTOR) {
        const int64_t left = block.used - k > 0 ? block.used - k : 0;
        list_input_columns(call, &scratch.lists, x + k, k, (int)smaller(left, CAPAS_VECTOR));
    }
    for (int64_t chunk = 0; chunk < capas_unit_chunks(p->units); chunk++)
        sum_input_chunk(call, &scratch, &block, chunk);
}

/* Whether dW is cheaper so than from the lists of dZ: by the zeros in a few rows of X and of dZ. */
static inline bool inputs_are_sparser(const backward_call *call)
{
    const capas_dense_problem *p = call->problem;
    const int64_t units = p->units / CAPAS_VECTOR * CAPAS_VECTOR;
    const int64_t sampled = smaller(call->rows, CAPAS_SAMPLED_ROWS);
    if (!call->arguments->weight_gradient || call->rows < 16 || p->inputs < 64 || p->units < 32)
        return false;
    int64_t live = 0;
    for (int64_t i = 0; i < sampled; i++)
        for (int64_t j = 0; j < units; j += CAPAS_VECTOR)
            live += __builtin_popcount(v_bits(
                (vint)(gradient_of(call, i * call->rows / sampled, j, CAPAS_VECTOR) != 0.0f)));
    const double rows = (double)call->rows;
    const double live_gradient = (double)live / (double)(sampled * units);
    const double live_input = capas_live_share(
        (const float *)call->arguments->input + call->first_row * p->inputs, call->rows, p->inputs);
    return 1.1 * live_input * rows + 0.12 * rows + 6 < live_gradient * rows;
}

#endif
