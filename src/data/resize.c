/* Resizing from rows: each row of the source is added, with its weight, to the rows of the result
 * that it takes part in; at the end each of those is shortened. So the rows are mixed first, then
 * the columns, in float32, as TensorFlow's ScaleAndTranslate does it, and a picture of any height
 * needs only the result's rows. */
#include "data/resize.h"
#include "base/memory.h"
#include "kernels/resize.h"
#include <math.h>
#include <string.h>

/* As long as this side would be in the wanted proportions; float32, as TensorFlow has it. */
static int in_proportion(int other, int wanted, int other_wanted)
{
    const float side = (float)((int64_t)other * wanted) / (float)other_wanted;
    return side < 1 ? 1 : side > (float)INT32_MAX / 2 ? INT32_MAX / 2 : (int)side;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* The largest window of the result's proportions, in the middle (smart_resize). */
static void crop(capas_placement *placement)
{
    const int height = placement->height, width = placement->width;
    placement->height =
        least(height, in_proportion(width, placement->to_height, placement->to_width));
    placement->width =
        least(width, in_proportion(height, placement->to_width, placement->to_height));
    placement->top = (height - placement->height) / 2;
    placement->left = (width - placement->width) / 2;
}

/* tf.image.resize_with_pad: the rim is half of what the unrounded size leaves, rounded down. */
static void pad(capas_placement *placement)
{
    const float height = (float)placement->height, width = (float)placement->width;
    const float across = width / (float)placement->result_width;
    const float down = height / (float)placement->result_height;
    const float ratio = across > down ? across : down;
    const float high = height / ratio, wide = width / ratio;
    const int top = (int)floorf(((float)placement->result_height - high) / 2);
    const int left = (int)floorf(((float)placement->result_width - wide) / 2);
    placement->to_top = top > 0 ? top : 0;
    placement->to_left = left > 0 ? left : 0;
    placement->to_height = least((int)floorf(high), placement->result_height);
    placement->to_width = least((int)floorf(wide), placement->result_width);
    if (placement->to_height < 1) placement->to_height = 1;
    if (placement->to_width < 1) placement->to_width = 1;
}

static capas_placement place_picture(const capas_picture_options *options, int height, int width)
{
    const int to_height = options->height > 0 ? options->height : height;
    const int to_width = options->width > 0 ? options->width : width;
    capas_placement placement = {.height = height,
                                 .width = width,
                                 .to_height = to_height,
                                 .to_width = to_width,
                                 .result_height = to_height,
                                 .result_width = to_width};
    if (options->crop_to_aspect_ratio) crop(&placement);
    if (options->pad_to_aspect_ratio) pad(&placement);
    return placement;
}

static void free_axis(capas_resize_axis *axis)
{
    capas_release(axis->starts);
    capas_release(axis->counts);
    capas_release(axis->weights);
}

static capas_status make_axis(capas_resize_axis *axis, const capas_picture_options *options,
                              int source, int size)
{
    capas_resize_problem problem = {.size = source,
                                    .out_size = size,
                                    .interpolation = options->interpolation,
                                    .antialias = options->antialias != 0};
    /* Nothing is between pixels where the size stays. */
    if (problem.interpolation == 0) problem.interpolation = CAPAS_INTERPOLATE_BILINEAR;
    if (source == size) problem.interpolation = CAPAS_INTERPOLATE_NEAREST;
    *axis = (capas_resize_axis){.size = size, .span = capas_resize_span(&problem)};
    axis->starts = capas_allocate((size_t)size, sizeof *axis->starts);
    axis->counts = capas_allocate((size_t)size, sizeof *axis->counts);
    axis->weights = capas_allocate((size_t)size * (size_t)axis->span, sizeof *axis->weights);
    if (!axis->starts || !axis->counts || !axis->weights) return CAPAS_NO_MEMORY;
    for (int i = 0; i < size; i++)
        axis->counts[i] = capas_resize_weights(&problem, i, &axis->starts[i],
                                               axis->weights + (size_t)i * (size_t)axis->span);
    return CAPAS_OK;
}

/* Numbers in a row of the window. */
static size_t length_of(const capas_resizer *resizer)
{
    return (size_t)resizer->placement.width * (size_t)resizer->channels;
}

capas_status capas_resizer_open(capas_resizer *resizer, const capas_picture_options *options,
                                int height, int width, int channels)
{
    *resizer =
        (capas_resizer){.placement = place_picture(options, height, width), .channels = channels};
    const capas_placement *placement = &resizer->placement;
    capas_status status =
        make_axis(&resizer->down, options, placement->height, placement->to_height);
    if (status == CAPAS_OK)
        status = make_axis(&resizer->across, options, placement->width, placement->to_width);
    if (status == CAPAS_OK) {
        resizer->rows =
            capas_allocate_zeroed((size_t)placement->to_height, length_of(resizer) * sizeof(float));
        if (!resizer->rows) status = CAPAS_NO_MEMORY;
    }
    if (status != CAPAS_OK) capas_resizer_close(resizer);
    return status;
}

void capas_resizer_close(capas_resizer *resizer)
{
    free_axis(&resizer->down);
    free_axis(&resizer->across);
    capas_release(resizer->rows);
    *resizer = (capas_resizer){0};
}

/* rows[i][n] += weight[i][y - start[i]] * row[n] for each i that y is under */
void capas_resizer_take(capas_resizer *resizer, const uint8_t *row)
{
    const capas_resize_axis *down = &resizer->down;
    const size_t length = length_of(resizer);
    const int y = resizer->row++ - resizer->placement.top;
    if (y < 0) return;
    row += (size_t)resizer->placement.left * (size_t)resizer->channels;
    for (int i = resizer->first; i < down->size && down->starts[i] <= y; i++) {
        const int j = y - down->starts[i];
        if (i == resizer->first && j >= down->counts[i] - 1) resizer->first++;
        if (j >= down->counts[i]) continue;
        const float weight = down->weights[(size_t)i * (size_t)down->span + (size_t)j];
        float *sums = resizer->rows + (size_t)i * length;
        for (size_t n = 0; n < length; n++)
            sums[n] += weight * (float)row[n];
    }
}

/* result[x][c] = sum over j of weight[x][j] * row[start[x] + j][c] */
static void mix_columns(const capas_resize_axis *axis, const float *row, int channels,
                        float *result)
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

void capas_resizer_finish(const capas_resizer *resizer, float *result)
{
    const capas_placement *placement = &resizer->placement;
    const size_t channels = (size_t)resizer->channels;
    const size_t stride = (size_t)placement->result_width * channels;
    memset(result, 0, (size_t)placement->result_height * stride * sizeof *result);
    result += (size_t)placement->to_top * stride + (size_t)placement->to_left * channels;
    for (int y = 0; y < placement->to_height; y++)
        mix_columns(&resizer->across, resizer->rows + (size_t)y * length_of(resizer),
                    resizer->channels, result + (size_t)y * stride);
}
