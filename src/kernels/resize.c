/* The weights of resizing (keras-semantics 8.5), in float32 and step by step as TensorFlow's
 * resize_bilinear_op, resize_bicubic_op, resize_area_op and scale_and_translate_op have them; see
 * resize.h. */
#include "kernels/resize.h"
#include <float.h>
#include <math.h>

static const float pi = 3.14159265358979324f;

/* A kernel that is stretched when a picture shrinks under antialias. */
static bool samples(const capas_resize_problem *p)
{
    switch (p->interpolation) {
    case CAPAS_INTERPOLATE_NEAREST:
    case CAPAS_INTERPOLATE_AREA:
        return false;
    case CAPAS_INTERPOLATE_BILINEAR:
    case CAPAS_INTERPOLATE_BICUBIC:
        return p->antialias;
    default:
        return true;
    }
}

static float radius_of(capas_interpolation interpolation)
{
    switch (interpolation) {
    case CAPAS_INTERPOLATE_GAUSSIAN:
        return 1.5f;
    case CAPAS_INTERPOLATE_BICUBIC:
    case CAPAS_INTERPOLATE_MITCHELLCUBIC:
        return 2;
    case CAPAS_INTERPOLATE_LANCZOS3:
        return 3;
    case CAPAS_INTERPOLATE_LANCZOS5:
        return 5;
    default:
        return 1;
    }
}

/* One over the step from a result to the next, as TensorFlow rounds it. */
static float inverse_of(const capas_resize_problem *p)
{
    return 1 / ((float)p->out_size / (float)p->size);
}

static float stretch_of(const capas_resize_problem *p)
{
    const float inverse = inverse_of(p);
    return p->antialias && inverse > 1 ? inverse : 1;
}

int capas_resize_span(const capas_resize_problem *p)
{
    if (p->interpolation == CAPAS_INTERPOLATE_AREA)
        return (int)ceilf((float)p->size / (float)p->out_size) + 2;
    if (!samples(p)) return 4;
    return 2 * (int)ceilf(radius_of(p->interpolation) * stretch_of(p)) + 2;
}

static float lanczos(float radius, float t)
{
    t = fabsf(t);
    if (t > radius) return 0;
    if (t <= 1e-3f) return 1;
    return radius * sinf(pi * t) * sinf(pi * t / radius) / (pi * pi * t * t);
}

/* Keys's cubic, a = -1/2. */
static float cubic(float t)
{
    t = fabsf(t);
    if (t >= 2) return 0;
    if (t >= 1) return ((-0.5f * t + 2.5f) * t - 4) * t + 2;
    return ((1.5f * t - 2.5f) * t) * t + 1;
}

/* Mitchell's and Netravali's cubic, B = C = 1/3. */
static float mitchell(float t)
{
    t = fabsf(t);
    if (t >= 2) return 0;
    if (t >= 1) return ((-7.0f / 18 * t + 2) * t - 10.0f / 3) * t + 16.0f / 9;
    return ((7.0f / 6 * t - 2) * t) * t + 8.0f / 9;
}

/* Of a deviation of half a pixel. */
static float gaussian(float t)
{
    return fabsf(t) < 1.5f ? expf(-2 * t * t) : 0;
}

static float triangle(float t)
{
    return fabsf(t) < 1 ? 1 - fabsf(t) : 0;
}

static float kernel_at(capas_interpolation interpolation, float t)
{
    switch (interpolation) {
    case CAPAS_INTERPOLATE_BICUBIC:
        return cubic(t);
    case CAPAS_INTERPOLATE_GAUSSIAN:
        return gaussian(t);
    case CAPAS_INTERPOLATE_MITCHELLCUBIC:
        return mitchell(t);
    case CAPAS_INTERPOLATE_BILINEAR:
        return triangle(t);
    default:
        return lanczos(radius_of(interpolation), t);
    }
}

/* The kernel around the place of the result, made to sum to 1. */
static int sampled(const capas_resize_problem *p, int i, int *start, float *weights)
{
    const float stretch = stretch_of(p), centre = ((float)i + 0.5f) * inverse_of(p);
    const float reach = radius_of(p->interpolation) * stretch;
    int first = (int)fmaxf(0, ceilf(centre - reach - 0.5f));
    const int last = (int)fminf((float)(p->size - 1), floorf(centre + reach - 0.5f));
    if (first > p->size - 1) first = p->size - 1;
    const int count = last - first + 1;
    float sum = 0;
    for (int j = 0; j < count; j++) {
        weights[j] = kernel_at(p->interpolation, ((float)(first + j) + 0.5f - centre) / stretch);
        sum += weights[j];
    }
    for (int j = 0; j < count; j++)
        weights[j] = fabsf(sum) >= 1000 * FLT_MIN ? weights[j] / sum : 0;
    *start = first;
    return count;
}

static int nearest(const capas_resize_problem *p, int i, int *start, float *weights)
{
    const float scale = (float)p->size / (float)p->out_size;
    const int place = (int)floorf(((float)i + 0.5f) * scale);
    *start = place < p->size - 1 ? place : p->size - 1;
    weights[0] = 1;
    return 1;
}

static int linear(const capas_resize_problem *p, int i, int *start, float *weights)
{
    const float scale = (float)p->size / (float)p->out_size;
    const float place = ((float)i + 0.5f) * scale - 0.5f, before = floorf(place);
    const int lower = before > 0 ? (int)before : 0;
    const int upper = ceilf(place) < (float)p->size ? (int)ceilf(place) : p->size - 1;
    *start = lower;
    weights[0] = 1;
    if (upper <= lower) return 1;
    weights[1] = place - before;
    weights[0] = 1 - weights[1];
    return 2;
}

/* Four taps whose weights come from a table of 1024 steps; those outside are left out. */
static int tabled(const capas_resize_problem *p, int i, int *start, float *weights)
{
    const float scale = (float)p->size / (float)p->out_size;
    const float place = ((float)i + 0.5f) * scale - 0.5f, before = floorf(place);
    const float part = (float)lrintf((place - before) * 1024) / 1024;
    const int first = (int)before - 1;
    int count = 0;
    float sum = 0;
    for (int j = 0; j < 4; j++) {
        if (first + j < 0 || first + j >= p->size) continue;
        if (count == 0) *start = first + j;
        weights[count] = cubic((float)(j - 1) - part);
        sum += weights[count++];
    }
    for (int j = 0; j < count; j++)
        weights[j] /= sum;
    return count;
}

/* What lies between the result's borders, the first and last pixel in part; TensorFlow's
 * resize_area_op. */
static int area(const capas_resize_problem *p, int i, int *start, float *weights)
{
    const float scale = (float)p->size / (float)p->out_size;
    const float begin = (float)i * scale, end = (float)(i + 1) * scale;
    int count = 0;
    *start = (int)begin < p->size - 1 ? (int)begin : p->size - 1;
    for (int j = (int)begin; j < (int)ceilf(end); j++) {
        const float from = (float)j < begin ? begin : (float)j;
        const float to = (float)(j + 1) > end ? end : (float)(j + 1);
        const float share = (to - from) / scale;
        if (j < p->size)
            weights[count++] = share;
        else if (count > 0)
            weights[count - 1] += share;
    }
    return count;
}

int capas_resize_weights(const capas_resize_problem *p, int i, int *start, float *weights)
{
    if (samples(p)) return sampled(p, i, start, weights);
    if (p->interpolation == CAPAS_INTERPOLATE_NEAREST) return nearest(p, i, start, weights);
    if (p->interpolation == CAPAS_INTERPOLATE_AREA) return area(p, i, start, weights);
    if (p->interpolation == CAPAS_INTERPOLATE_BICUBIC) return tabled(p, i, start, weights);
    return linear(p, i, start, weights);
}
