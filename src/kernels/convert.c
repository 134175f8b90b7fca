/* Samples on their way in, between element types, and sums of arrays of either float type
 * (kernels/fill.h). Numbers that an integer type cannot hold become its nearest, and NaN 0. */
#include "kernels/fill.h"
#include "kernels/kernel.h"
#include <capas/runtime.h>
#include <string.h>

enum { GRAIN = 1 << 13 /* bytes */ };

typedef struct samples {
    void *to;
    const void *from;
    float scale, offset;
} samples;

static void copy_range(const void *problem, const void *context, int64_t begin, int64_t end,
                       int shard)
{
    const samples *s = context;
    (void)problem;
    (void)shard;
    memcpy((char *)s->to + begin, (const char *)s->from + begin, (size_t)(end - begin));
}

void capas_copy_samples(void *to, const void *from, size_t size)
{
    const samples s = {.to = to, .from = from};
    capas_parallel_ranges((int64_t)size, 4 * GRAIN, capas_threads(), copy_range, NULL, &s);
}

static void scale_range(const void *problem, const void *context, int64_t begin, int64_t end,
                        int shard)
{
    const samples *s = context;
    const uint8_t *pixel = s->from;
    float *output = s->to, scale = s->scale, offset = s->offset;
    (void)problem;
    (void)shard;
    for (int64_t i = begin; i < end; i++)
        output[i] = (float)pixel[i] * scale + offset;
}

void capas_scale_bytes(float *output, const uint8_t *pixel, int64_t count, float scale,
                       float offset)
{
    const samples s = {output, pixel, scale, offset};
    capas_parallel_ranges(count, GRAIN, capas_threads(), scale_range, NULL, &s);
}

void capas_accumulate(capas_element element, void *target, const void *source, int64_t count)
{
    if (element == CAPAS_FLOAT32)
        for (int64_t i = 0; i < count; i++)
            ((float *)target)[i] += ((const float *)source)[i];
    if (element == CAPAS_FLOAT64)
        for (int64_t i = 0; i < count; i++)
            ((double *)target)[i] += ((const double *)source)[i];
}

static double element_at(capas_element element, const void *source, int64_t i)
{
    switch (element) {
    case CAPAS_FLOAT32:
        return ((const float *)source)[i];
    case CAPAS_FLOAT64:
        return ((const double *)source)[i];
    case CAPAS_INT32:
        return ((const int32_t *)source)[i];
    case CAPAS_UINT8:
        return ((const uint8_t *)source)[i];
    }
    return 0;
}

/* Toward zero, between least and most; NaN gives 0. */
static double whole_between(double value, double least, double most)
{
    if (value != value) return 0;
    return value < least ? least : value > most ? most : value;
}

static void put_element(capas_element element, void *target, int64_t i, double value)
{
    switch (element) {
    case CAPAS_FLOAT32:
        ((float *)target)[i] = (float)value;
        break;
    case CAPAS_FLOAT64:
        ((double *)target)[i] = value;
        break;
    case CAPAS_INT32:
        ((int32_t *)target)[i] = (int32_t)whole_between(value, INT32_MIN, INT32_MAX);
        break;
    case CAPAS_UINT8:
        ((uint8_t *)target)[i] = (uint8_t)whole_between(value, 0, UINT8_MAX);
        break;
    }
}

void capas_convert(capas_element to, void *target, capas_element from, const void *source,
                   int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        put_element(to, target, i, element_at(from, source, i));
}
