/* Winograd's convolution of 3x3 and 5x5 kernels with stride 1: fewer multiplications, by way of
 * polynomials' values at a line of points.
 *
 * Of a tile of 4x4 outputs the window is `line` x `line` pixels, line = kernel + 3. It and the
 * filter are taken to line^2 points (a point of rows by a point of columns), where the convolution
 * is a product for each point, summed over channels; the sums are taken back to the outputs:
 *
 *   y = A' [ (G w G') * (B' x B) ] A       G: line x kernel,  B': line x line,  A': 4 x line
 *
 * 36 or 64 multiplications take the place of 144 or 400. The points are 0, +- some roots and
 * infinity: sqrt(1/2) and sqrt(2) for a line of 6, 1/2, 1 and 2 for one of 8. Their powers stay
 * close to 1 and the product of their squares is 1, so that the largest error is a quarter of what
 * it is with 1 and 2 in the line of 6. What B' divides by is in G.
 *
 * Here are the transforms of one line (for the other direction they are used again), the sizes, and
 * what the kernels share. */
#ifndef CAPAS_KERNELS_TUNED_CONV_WINOGRAD_H
#define CAPAS_KERNELS_TUNED_CONV_WINOGRAD_H

#include "kernels/tuned/conv_common.h"

enum {
    WINOGRAD_OUTPUTS = 4,
    WINOGRAD_LINE = 8, /* the longest */
    WINOGRAD_POINTS = WINOGRAD_LINE * WINOGRAD_LINE
};

/* The line of a kernel, the kernel of a line, and how many pairs of points it has. */
static inline int winograd_line_of(const capas_conv_problem *p)
{
    return p->kernel_height + WINOGRAD_OUTPUTS - 1;
}

CAPAS_INLINE int winograd_kernel(const int line)
{
    return line - WINOGRAD_OUTPUTS + 1;
}

CAPAS_INLINE int winograd_pairs(const int line)
{
    return line / 2 - 1;
}

/* The squares of a line's points and these themselves, +- a pair each. */
CAPAS_INLINE float winograd_square(const int line, const int pair)
{
    static const float six[] = {0.5f, 2.0f}, eight[] = {0.25f, 1.0f, 4.0f};
    return line == 6 ? six[pair] : eight[pair];
}

CAPAS_INLINE float winograd_root(const int line, const int pair)
{
    static const float six[] = {0.70710678118654752f, 1.41421356237309505f},
                       eight[] = {0.5f, 1.0f, 2.0f};
    return line == 6 ? six[pair] : eight[pair];
}

/* 1 / the product of a point's distances from the others; that of 0 and of infinity is 1. */
CAPAS_INLINE float winograd_scale(const int line, const int pair)
{
    static const float six[] = {-2.0f / 3, 1.0f / 6}, eight[] = {32.0f / 45, -2.0f / 9, 1.0f / 90};
    return line == 6 ? six[pair] : eight[pair];
}

/* Values at +p and -p of what has these even and odd parts (the odd one divided by p). */
CAPAS_INLINE void winograd_pair(float p, vfloat even, vfloat odd, vfloat *plus, vfloat *minus)
{
    *plus = v_fma(v_set(p), odd, even);
    *minus = v_fma(v_set(-p), odd, even);
}

/* x[0] .. x[4] in steps of two, times what is zero at the squares of all pairs but this. */
CAPAS_INLINE vfloat winograd_others(const int line, const int pair, const vfloat *x)
{
    const float s = winograd_square(line, pair == 0 ? 1 : 0);
    if (line == 6) return v_fma(v_set(-s), x[0], x[2]);
    const float t = winograd_square(line, pair == 2 ? 1 : 2);
    return v_fma(v_set(s * t), x[0], v_fma(v_set(-s - t), x[2], x[4]));
}

/* B' x: a line of pixels to the points. */
CAPAS_INLINE void winograd_input(const int line, const vfloat *x, vfloat *point)
{
    if (line == 6) {
        point[0] = v_fma(v_set(-2.5f), x[2], x[0] + x[4]);
        point[5] = v_fma(v_set(-2.5f), x[3], x[1] + x[5]);
    } else {
        point[0] = v_fma(v_set(5.25f), x[4] - x[2], x[0] - x[6]);
        point[7] = v_fma(v_set(5.25f), x[3] - x[5], x[7] - x[1]);
    }
    CAPAS_UNROLL
    for (int i = 0; i < winograd_pairs(line); i++)
        winograd_pair(winograd_root(line, i), winograd_others(line, i, x + 2),
                      winograd_others(line, i, x + 1), &point[2 * i + 1], &point[2 * i + 2]);
}

/* G w: a line of weights (line - 3) to the points. */
CAPAS_INLINE void winograd_weights(const int line, const vfloat *w, vfloat *point)
{
    const int kernel = winograd_kernel(line);
    point[0] = w[0];
    CAPAS_UNROLL
    for (int i = 0; i < winograd_pairs(line); i++) {
        const vfloat square = v_set(winograd_square(line, i)),
                     scale = v_set(winograd_scale(line, i));
        vfloat even = w[kernel - 1], odd = w[kernel - 2];
        CAPAS_UNROLL
        for (int k = kernel - 3; k >= 0; k -= 2)
            even = v_fma(square, even, w[k]);
        CAPAS_UNROLL
        for (int k = kernel - 4; k >= 0; k -= 2)
            odd = v_fma(square, odd, w[k]);
        vfloat *plus = &point[2 * i + 1], *minus = &point[2 * i + 2];
        winograd_pair(winograd_root(line, i), even, odd, plus, minus);
        *plus *= scale;
        *minus *= scale;
    }
    point[line - 1] = w[kernel - 1];
}

/* A' p: the points to four values. */
CAPAS_INLINE void winograd_outputs(const int line, const vfloat *point, vfloat y[WINOGRAD_OUTPUTS])
{
    y[0] = point[0];
    y[1] = y[2] = v_zero();
    y[3] = point[line - 1];
    CAPAS_UNROLL
    for (int i = winograd_pairs(line) - 1; i >= 0; i--) {
        const float root = winograd_root(line, i), square = winograd_square(line, i);
        const vfloat sum = point[2 * i + 1] + point[2 * i + 2];
        const vfloat difference = point[2 * i + 1] - point[2 * i + 2];
        y[0] += sum;
        y[1] = v_fma(v_set(root), difference, y[1]);
        y[2] = v_fma(v_set(square), sum, y[2]);
        y[3] = v_fma(v_set(square * root), difference, y[3]);
    }
}

/* A y: the gradients of four values to that of their points. */
CAPAS_INLINE void winograd_outputs_back(const int line, const vfloat y[WINOGRAD_OUTPUTS],
                                        vfloat *point)
{
    point[0] = y[0];
    CAPAS_UNROLL
    for (int i = 0; i < winograd_pairs(line); i++) {
        const vfloat square = v_set(winograd_square(line, i));
        winograd_pair(winograd_root(line, i), v_fma(square, y[2], y[0]), v_fma(square, y[3], y[1]),
                      &point[2 * i + 1], &point[2 * i + 2]);
    }
    point[line - 1] = y[3];
}

/* G' p: the gradients of the points to that of a line of weights. */
CAPAS_INLINE void winograd_weights_back(const int line, const vfloat *point, vfloat *w)
{
    const int kernel = winograd_kernel(line);
    w[0] = point[0];
    CAPAS_UNROLL
    for (int k = 1; k < kernel; k++)
        w[k] = k < kernel - 1 ? v_zero() : point[line - 1];
    CAPAS_UNROLL
    for (int i = 0; i < winograd_pairs(line); i++) {
        const float root = winograd_root(line, i), square = winograd_square(line, i);
        const vfloat part[2] = {point[2 * i + 1] + point[2 * i + 2],
                                point[2 * i + 1] - point[2 * i + 2]};
        float power[2] = {winograd_scale(line, i), winograd_scale(line, i) * root};
        CAPAS_UNROLL
        for (int k = 0; k < kernel; k++) {
            w[k] = v_fma(v_set(power[k % 2]), part[k % 2], w[k]);
            power[k % 2] *= square;
        }
    }
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
    int line, points;
    int wide;      /* tiles side by side */
    int64_t image; /* tiles of one */
    int columns;   /* channels, in whole vectors */
} winograd_tiles;

/* For maps of which height x width outputs are wanted. */
static inline winograd_tiles winograd_tiles_of(const capas_conv_problem *p, int height, int width)
{
    const int line = winograd_line_of(p), high = (height + WINOGRAD_OUTPUTS - 1) / WINOGRAD_OUTPUTS;
    winograd_tiles t = {.line = line,
                        .points = line * line,
                        .wide = (width + WINOGRAD_OUTPUTS - 1) / WINOGRAD_OUTPUTS};
    t.image = (int64_t)high * t.wide;
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
    return (winograd_place){tile / t->image, within / t->wide * WINOGRAD_OUTPUTS,
                            within % t->wide * WINOGRAD_OUTPUTS};
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

/* Tiles first .. first + count - 1 at their points: points[line^2][step][columns], step >= count.
 */
void CAPAS_TUNED(capas_winograd_input)(const winograd_images *images, const winograd_tiles *tiles,
                                       int64_t first, int count, int step, float *points);

/* Filters at their points: points[blocks][line^2][channels][16], anything for filters that are not
 * there. `turned`: the filters of the convolution whose input gradient this is
 * ([kernel][kernel][filters][channels], turned round). */
size_t CAPAS_TUNED(capas_winograd_weight_floats)(const capas_conv_problem *p);
void CAPAS_TUNED(capas_winograd_weights)(const capas_conv_problem *p, const float *weights,
                                         bool turned, float *points);

/* Tiles first .. and a block of filters, from products[count][line^2][16] to a->output and
 * a->position. bias: of the block. */
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
