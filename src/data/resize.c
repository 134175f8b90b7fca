/* Bilinear resizing with antialiasing, half-pixel centres: each pixel of the result is the mean of
 * the pixels around its place under a triangle, which is as wide as the step when the picture
 * shrinks. Rows first, then columns, in float32, as TensorFlow's ScaleAndTranslate does it. */
#include "data/resize.h"
#include "base/memory.h"
#include "kernels/resize.h"
#include <math.h>

/* The weights of one axis: result i is the sum of weights[i * span + j] * source[starts[i] + j]. */
typedef struct axis {
    int size, span;
    int *starts, *counts;
    float *weights;
} axis;

static void free_axis(axis *axis)
{
    capas_release(axis->starts);
    capas_release(axis->counts);
    capas_release(axis->weights);
}

static capas_status make_axis(axis *axis, int source, int size)
{
    const capas_resize_problem problem = {.size = source,
                                          .out_size = size,
                                          .interpolation = CAPAS_INTERPOLATE_BILINEAR,
                                          .antialias = true};
    *axis = (struct axis){.size = size, .span = capas_resize_span(&problem)};
    axis->starts = capas_allocate((size_t)size, sizeof *axis->starts);
    axis->counts = capas_allocate((size_t)size, sizeof *axis->counts);
    axis->weights = capas_allocate((size_t)size * (size_t)axis->span, sizeof *axis->weights);
    if (!axis->starts || !axis->counts || !axis->weights) return CAPAS_NO_MEMORY;
    for (int i = 0; i < size; i++)
        axis->counts[i] = capas_resize_weights(&problem, i, &axis->starts[i],
                                               axis->weights + (size_t)i * (size_t)axis->span);
    return CAPAS_OK;
}

/* rows[y][n] = sum over j of weight[y][j] * picture[start[y] + j][n], n over width x channels */
static void mix_rows(const axis *axis, const uint8_t *picture, size_t length, float *rows)
{
    for (int y = 0; y < axis->size; y++) {
        const float *weights = axis->weights + (size_t)y * (size_t)axis->span;
        float *row = rows + (size_t)y * length;
        for (size_t n = 0; n < length; n++)
            row[n] = 0;
        for (int j = 0; j < axis->counts[y]; j++) {
            const uint8_t *source = picture + (size_t)(axis->starts[y] + j) * length;
            for (size_t n = 0; n < length; n++)
                row[n] += weights[j] * (float)source[n];
        }
    }
}

/* result[x][c] = sum over j of weight[x][j] * row[start[x] + j][c] */
static void mix_columns(const axis *axis, const float *row, int channels, float *result)
{
    for (int x = 0; x < axis->size; x++) {
        const float *weights = axis->weights + (size_t)x * (size_t)axis->span;
        for (int c = 0; c < channels; c++) {
            float sum = 0;
            for (int j = 0; j < axis->counts[x]; j++)
                sum +=
                    weights[j] * row[(size_t)(axis->starts[x] + j) * (size_t)channels + (size_t)c];
            result[(size_t)x * (size_t)channels + (size_t)c] = sum;
        }
    }
}

static capas_status mix(const capas_picture *picture, const axis *down, const axis *across,
                        float *resized)
{
    size_t length = (size_t)picture->width * (size_t)picture->channels;
    size_t result = (size_t)across->size * (size_t)picture->channels;
    float *rows = capas_allocate((size_t)down->size * length, sizeof *rows);
    if (!rows) return CAPAS_NO_MEMORY;
    mix_rows(down, picture->pixels, length, rows);
    for (int y = 0; y < down->size; y++)
        mix_columns(across, rows + (size_t)y * length, picture->channels,
                    resized + (size_t)y * result);
    capas_release(rows);
    return CAPAS_OK;
}

capas_status capas_resize_bilinear(const capas_picture *picture, int height, int width,
                                   float *resized)
{
    axis down = {0}, across = {0};
    capas_status status = make_axis(&down, picture->height, height);
    if (status == CAPAS_OK) status = make_axis(&across, picture->width, width);
    if (status == CAPAS_OK) status = mix(picture, &down, &across, resized);
    free_axis(&down);
    free_axis(&across);
    return status;
}

static uint8_t nearest_level(float value)
{
    return (uint8_t)(fminf(fmaxf(value, 0), 255) + 0.5f);
}

capas_status capas_resize_picture(const capas_picture *picture, int height, int width,
                                  capas_picture *resized)
{
    enum { LARGEST_SIDE = 32768 };
    if (!picture || !picture->pixels || !resized)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "a picture to be resized is missing");
    if (height < 1 || width < 1 || height > LARGEST_SIDE || width > LARGEST_SIDE)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "a picture cannot be resized to %dx%d; each side must be 1 to %d", height,
                          width, LARGEST_SIDE);
    size_t count = (size_t)height * (size_t)width * (size_t)picture->channels;
    float *values = capas_allocate(count, sizeof *values);
    uint8_t *pixels = capas_allocate(count, 1);
    capas_status status = CAPAS_NO_MEMORY;
    if (values && pixels) status = capas_resize_bilinear(picture, height, width, values);
    for (size_t i = 0; status == CAPAS_OK && i < count; i++)
        pixels[i] = nearest_level(values[i]);
    capas_release(values);
    if (status == CAPAS_OK)
        *resized = (capas_picture){height, width, picture->channels, pixels};
    else
        capas_release(pixels);
    return status;
}
