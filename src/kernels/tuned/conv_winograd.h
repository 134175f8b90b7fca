/* Winograd's convolution of 3x3 and 5x5 kernels with stride 1: fewer multiplications, by way of
 * polynomials' values at six points.
 *
 * Of a tile of m x m outputs (m = 4 for 3x3, 2 for 5x5) the window is 6x6 pixels. It and the
 * filter are taken to 36 points (a point of rows by a point of columns), where the convolution is a
 * product for each point, summed over channels; the sums are taken back to the outputs:
 *
 *   y = A' [ (G w G') * (B' x B) ] A       G: 6 x kernel,  B': 6 x 6,  A': m x 6
 *
 * 36 multiplications take the place of 144 or 100. The points are 0, +-a, +-b and infinity, with a
 * = sqrt(1/2) and b = sqrt(2): their powers stay close to 1, so that the largest error is a quarter
 * of what it is with 1 and 2. B' follows from the points alone and is one for both kernels; what it
 * divides by is in G.
 *
 * Here are the transforms of one line of six (for the other direction they are used again), the
 * sizes, and what the kernels share. */
#ifndef CAPAS_KERNELS_TUNED_CONV_WINOGRAD_H
#define CAPAS_KERNELS_TUNED_CONV_WINOGRAD_H

#include "kernels/tuned/conv_common.h"

enum { WINOGRAD_LINE = 6, WINOGRAD_POINTS = WINOGRAD_LINE * WINOGRAD_LINE };

/* a, b and their powers; and the divisors of the points: of 0 it is a^2 b^2 = 1, of infinity 1, of
 * +-a 2 a^2 (a^2 - b^2), of +-b 2 b^2 (b^2 - a^2). */
#define WINOGRAD_A       0.70710678118654752f
#define WINOGRAD_B       1.41421356237309505f
#define WINOGRAD_A2      0.5f
#define WINOGRAD_B2      2.0f
#define WINOGRAD_SCALE_A (-2.0f / 3)
#define WINOGRAD_SCALE_B (1.0f / 6)

/* Values at +p and -p of what has these even and odd parts (the odd one divided by p). */
CAPAS_INLINE void winograd_pair(float p, vfloat even, vfloat odd, vfloat *plus, vfloat *minus)
{
    *plus = v_fma(v_set(p), odd, even);
    *minus = v_fma(v_set(-p), odd, even);
}

/* B' x: six pixels to the points. */
CAPAS_INLINE void winograd_input(const vfloat x[WINOGRAD_LINE], vfloat point[WINOGRAD_LINE])
{
    const vfloat a2 = v_set(-WINOGRAD_A2), b2 = v_set(-WINOGRAD_B2);
    const vfloat both = v_set(-WINOGRAD_A2 - WINOGRAD_B2);
    point[0] = v_fma(both, x[2], x[0] + x[4]);
    winograd_pair(WINOGRAD_A, v_fma(b2, x[2], x[4]), v_fma(b2, x[1], x[3]), &point[1], &point[2]);
    winograd_pair(WINOGRAD_B, v_fma(a2, x[2], x[4]), v_fma(a2, x[1], x[3]), &point[3], &point[4]);
    point[5] = v_fma(both, x[3], x[1] + x[5]);
}

/* G w: `kernel` weights (3 or 5) to the points. */
CAPAS_INLINE void winograd_weights(const int kernel, const vfloat *w, vfloat point[WINOGRAD_LINE])
{
    const vfloat a2 = v_set(WINOGRAD_A2), b2 = v_set(WINOGRAD_B2);
    const bool five = kernel == 5;
    const vfloat even_a = v_fma(a2, five ? v_fma(a2, w[kernel - 1], w[2]) : w[2], w[0]);
    const vfloat even_b = v_fma(b2, five ? v_fma(b2, w[kernel - 1], w[2]) : w[2], w[0]);
    const vfloat odd_a = five ? v_fma(a2, w[kernel - 2], w[1]) : w[1];
    const vfloat odd_b = five ? v_fma(b2, w[kernel - 2], w[1]) : w[1];
    point[0] = w[0];
    winograd_pair(WINOGRAD_A, even_a, odd_a, &point[1], &point[2]);
    winograd_pair(WINOGRAD_B, even_b, odd_b, &point[3], &point[4]);
    CAPAS_UNROLL
    for (int i = 1; i < 5; i++)
        point[i] *= v_set(i < 3 ? WINOGRAD_SCALE_A : WINOGRAD_SCALE_B);
    point[5] = w[kernel - 1];
}

/* A' p: the points to `outputs` values (4 or 2). */
CAPAS_INLINE void winograd_outputs(const int outputs, const vfloat point[WINOGRAD_LINE], vfloat *y)
{
    const vfloat sum_a = point[1] + point[2], difference_a = point[1] - point[2];
    const vfloat sum_b = point[3] + point[4], difference_b = point[3] - point[4];
    const vfloat a = v_set(WINOGRAD_A), b = v_set(WINOGRAD_B);
    const vfloat a2 = v_set(WINOGRAD_A2), b2 = v_set(WINOGRAD_B2);
    const vfloat a3 = v_set(WINOGRAD_A2 * WINOGRAD_A), b3 = v_set(WINOGRAD_B2 * WINOGRAD_B);
    y[0] = point[0] + sum_a + sum_b;
    if (outputs == 2) {
        y[1] = v_fma(a, difference_a, v_fma(b, difference_b, point[5]));
        return;
    }
    y[1] = v_fma(a, difference_a, b * difference_b);
    y[2] = v_fma(a2, sum_a, b2 * sum_b);
    y[3] = v_fma(a3, difference_a, v_fma(b3, difference_b, point[5]));
}

/* A y: the gradients of `outputs` values to that of their points. */
CAPAS_INLINE void winograd_outputs_back(const int outputs, const vfloat *y,
                                        vfloat point[WINOGRAD_LINE])
{
    const vfloat a2 = v_set(WINOGRAD_A2), b2 = v_set(WINOGRAD_B2);
    const bool four = outputs == 4;
    point[0] = y[0];
    winograd_pair(WINOGRAD_A, four ? v_fma(a2, y[outputs - 2], y[0]) : y[0],
                  four ? v_fma(a2, y[outputs - 1], y[1]) : y[1], &point[1], &point[2]);
    winograd_pair(WINOGRAD_B, four ? v_fma(b2, y[outputs - 2], y[0]) : y[0],
                  four ? v_fma(b2, y[outputs - 1], y[1]) : y[1], &point[3], &point[4]);
    point[5] = y[outputs - 1];
}

/* G' p: the gradients of the points to that of `kernel` weights. */
CAPAS_INLINE void winograd_weights_back(const int kernel, const vfloat point[WINOGRAD_LINE],
                                        vfloat *w)
{
    const vfloat scale_a = v_set(WINOGRAD_SCALE_A), scale_b = v_set(WINOGRAD_SCALE_B);
    const vfloat a2 = v_set(WINOGRAD_A2), b2 = v_set(WINOGRAD_B2);
    vfloat even_a = scale_a * (point[1] + point[2]), even_b = scale_b * (point[3] + point[4]);
    vfloat odd_a = v_set(WINOGRAD_SCALE_A * WINOGRAD_A) * (point[1] - point[2]);
    vfloat odd_b = v_set(WINOGRAD_SCALE_B * WINOGRAD_B) * (point[3] - point[4]);
    w[0] = point[0] + even_a + even_b;
    CAPAS_UNROLL
    for (int i = 1; i < kernel; i++) {
        if (i % 2 == 1) {
            w[i] = odd_a + odd_b;
            odd_a *= a2;
            odd_b *= b2;
        } else {
            even_a *= a2;
            even_b *= b2;
            w[i] = even_a + even_b;
        }
    }
    w[kernel - 1] += point[5];
}

/* Outputs of a tile's side. */
static inline int winograd_outputs_of(const capas_conv_problem *p)
{
    return WINOGRAD_LINE + 1 - p->kernel_height;
}

/* Whether it is a convolution of this kind at all. */
static inline bool winograd_fits(const capas_conv_problem *p)
{
    return conv_is_usual(p) && p->kernel_height == p->kernel_width &&
           (p->kernel_height == 3 || p->kernel_height == 5) && p->stride_height == 1 &&
           p->stride_width == 1;
}

/* The tiles of a map, row by row, image after image. */
typedef struct winograd_tiles {
    int outputs, wide;
    int64_t image; /* tiles of one */
    int columns;   /* channels, in whole vectors */
} winograd_tiles;

/* For maps of which height x width outputs are wanted. */
static inline winograd_tiles winograd_tiles_of(const capas_conv_problem *p, int height, int width)
{
    const int outputs = winograd_outputs_of(p);
    winograd_tiles t = {.outputs = outputs, .wide = (width + outputs - 1) / outputs};
    t.image = (int64_t)((height + outputs - 1) / outputs) * t.wide;
    t.columns = (p->channels + CAPAS_VECTOR - 1) / CAPAS_VECTOR * CAPAS_VECTOR;
    return t;
}

typedef struct winograd_place {
    int64_t image;
    int row, column; /* of the tile's first output */
} winograd_place;

static inline winograd_place winograd_place_of(const winograd_tiles *t, int64_t tile)
{
    const int within = (int)(tile % t->image);
    return (winograd_place){tile / t->image, within / t->wide * t->outputs,
                            within % t->wide * t->outputs};
}

/* Images in plain order. Where `gate` is not NULL only what stands at a positive number of it
 * counts.
 */
typedef struct winograd_images {
    const float *pixels, *gate;
    int64_t image, pitch; /* floats from image to image and from row to row */
    int height, width, channels, pad_top, pad_left;
    const float *zeros; /* [channels]: what is outside */
} winograd_images;

/* Tiles first .. first + count - 1 at their points: points[36][step][columns], step >= count. */
void CAPAS_TUNED(capas_winograd_input)(const winograd_images *images, const winograd_tiles *tiles,
                                       int64_t first, int count, int step, float *points);

/* Filters at their points: points[blocks][36][channels][16], anything for filters that are not
 * there. `turned`: the filters of the convolution whose input gradient this is
 * ([kernel][kernel][filters][channels], turned round). */
size_t CAPAS_TUNED(capas_winograd_weight_floats)(const capas_conv_problem *p);
void CAPAS_TUNED(capas_winograd_weights)(const capas_conv_problem *p, const float *weights,
                                         bool turned, float *points);

/* Tiles first .. and a block of filters, from products[count][36][16] to a->output and a->position.
 * bias: of the block. */
void CAPAS_TUNED(capas_winograd_output)(const capas_conv_problem *p, const winograd_tiles *tiles,
                                        const capas_conv_forward_arguments *a, int64_t first,
                                        int count, int block, const float *bias,
                                        const float *products);

/* A convolution by Winograd's way: as capas_conv_forward_arguments, but that `gate` may hold input
 * back, and weights may be `turned`. */
typedef struct winograd_arguments {
    capas_conv_forward_arguments forward;
    const float *gate;
    bool turned;
} winograd_arguments;

bool CAPAS_TUNED(capas_winograd_pays)(const capas_conv_problem *p);
size_t CAPAS_TUNED(capas_winograd_workspace)(const capas_conv_problem *p);
void CAPAS_TUNED(capas_winograd)(const capas_conv_problem *p, const winograd_arguments *a);

#endif
