/* Transposing matrices of floats, by squares of CAPAS_VECTOR:
 *
 *   out[c * out_stride + r] = in[r * in_stride + c],  r < rows, c < columns */
#ifndef CAPAS_KERNELS_TUNED_TRANSPOSE_H
#define CAPAS_KERNELS_TUNED_TRANSPOSE_H

#include "kernels/tuned/vector.h"

/* One square at most. Writes `lanes` elements in each row of the output: the rows that are there,
 * and zeros behind them. */
CAPAS_INLINE void capas_transpose_square(const float *in, int64_t in_stride, int rows, int columns,
                                         float *out, int64_t out_stride, int lanes)
{
    vfloat row[CAPAS_VECTOR];
    if (rows == CAPAS_VECTOR && columns == CAPAS_VECTOR && lanes == CAPAS_VECTOR) {
        CAPAS_UNROLL
        for (int i = 0; i < CAPAS_VECTOR; i++)
            row[i] = v_load(in + i * in_stride);
        v_transpose(row);
        CAPAS_UNROLL
        for (int i = 0; i < CAPAS_VECTOR; i++)
            v_store(out + i * out_stride, row[i]);
        return;
    }
    for (int i = 0; i < CAPAS_VECTOR; i++)
        row[i] = i < rows ? columns == CAPAS_VECTOR ? v_load(in + i * in_stride)
                                                    : v_load_part(in + i * in_stride, columns)
                          : v_zero();
    v_transpose(row);
    for (int i = 0; i < columns; i++)
        if (lanes == CAPAS_VECTOR)
            v_store(out + i * out_stride, row[i]);
        else
            v_store_part(out + i * out_stride, row[i], lanes);
}

/* The whole matrix; the output's rows are filled with zeros up to `lanes` >= rows elements. */
CAPAS_INLINE void capas_transpose(const float *in, int64_t in_stride, int64_t rows, int64_t columns,
                                  float *out, int64_t out_stride, int64_t lanes)
{
    for (int64_t c = 0; c < columns; c += CAPAS_VECTOR) {
        int width = columns - c < CAPAS_VECTOR ? (int)(columns - c) : CAPAS_VECTOR;
        for (int64_t r = 0; r < lanes; r += CAPAS_VECTOR) {
            int64_t left = rows > r ? rows - r : 0;
            int height = left < CAPAS_VECTOR ? (int)left : CAPAS_VECTOR;
            int filled = lanes - r < CAPAS_VECTOR ? (int)(lanes - r) : CAPAS_VECTOR;
            capas_transpose_square(in + r * in_stride + c, in_stride, height, width,
                                   out + c * out_stride + r, out_stride, filled);
        }
    }
}

#endif
