/* Padded images and packed filters (see conv_common.h for their layouts). */
#include "kernels/tuned/conv_common.h"

/* One padded row: zeros, the row of the image (NULL: outside, all zeros), zeros. */
static void copy_row(const capas_conv_problem *p, int padded_width, const float *row, float *copy)
{
    const int left = row ? p->pad_left : padded_width;
    const int inside = row ? conv_smaller(p->width, padded_width - left) : 0;
    const int right = padded_width - left - inside;
    const size_t pixel = (size_t)p->channels * sizeof(float);
    memset(copy, 0, (size_t)left * pixel);
    if (inside > 0) memcpy(copy + left * p->channels, row, (size_t)inside * pixel);
    memset(copy + (left + inside) * p->channels, 0, (size_t)right * pixel);
}

conv_view CAPAS_TUNED(capas_conv_view)(const capas_conv_problem *p, const conv_sizes *z,
                                       const float *image, int first_row, int rows, float *copy)
{
    const int64_t pitch = (int64_t)p->width * p->channels;
    if (!copy) return (conv_view){image + first_row * pitch, pitch};
    const int64_t copy_pitch = (int64_t)z->padded_width * p->channels;
    for (int i = 0; i < rows; i++) {
        int h = first_row + i - p->pad_top;
        bool inside = h >= 0 && h < p->height;
        copy_row(p, z->padded_width, inside ? image + h * pitch : NULL, copy + i * copy_pitch);
    }
    memset(copy + rows * copy_pitch, 0, CAPAS_VECTOR * sizeof(float));
    return (conv_view){copy, copy_pitch};
}

void CAPAS_TUNED(capas_conv_pack)(const conv_sizes *z, int filters, const float *weights,
                                  const float *bias, int block, conv_packed packed)
{
    const int first = block * CONV_BLOCK;
    const int count = conv_smaller(CONV_BLOCK, filters - first);
    float *to = packed.weights + (int64_t)first * z->taps;
    for (int t = 0; t < z->taps; t++, to += CONV_BLOCK) {
        memset(to, 0, CONV_BLOCK * sizeof(float));
        conv_copy_filters(to, weights + (int64_t)t * filters + first, count);
    }
    for (int k = 0; k < CONV_BLOCK; k++)
        packed.bias[first + k] = bias && k < count ? bias[first + k] : 0.0f;
}
