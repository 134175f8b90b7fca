/* What chance does to a picture, and where its pixels then come from. The draws are counted, by the
 * picture's place in the epoch: each setting has a word of its own, so that one that is left out
 * changes no other. */
#include "data/augment.h"
#include <math.h>

enum { BLOCKS = 2 /* of four words, a picture */ };

static const double pi = 3.14159265358979323846;

/* Uniform in [-range, range). */
static double either_way(double range, uint32_t word)
{
    return range * (2 * (double)capas_uniform(word) - 1);
}

/* Pixels: a part of the size, whole pixels, or any. Of whole ones 0 has twice the chance of
 * another, as a number from 0 on and a sign are drawn. */
static double draw_shift(double range, int size, uint32_t word)
{
    if (range < 1) return either_way(range * size, word);
    if (range != floor(range)) return either_way(range, word);
    double number = floor(2 * range * (double)capas_uniform(word));
    double pixels = floor(number / 2);
    return number > 2 * pixels ? -pixels : pixels;
}

static double draw_zoom(const capas_range *range, uint32_t word)
{
    if (range->high == CAPAS_NONE) return 1 + either_way(range->low, word);
    return range->low + (range->high - range->low) * (double)capas_uniform(word);
}

capas_augment_draw capas_augment_draw_of(const capas_augment_options *options, capas_random random,
                                         int64_t index, int height, int width)
{
    uint32_t word[4 * BLOCKS];
    for (uint64_t block = 0; block < BLOCKS; block++)
        capas_philox(random, (uint64_t)index * BLOCKS + block, word + 4 * block);
    return (capas_augment_draw){
        .rotation = either_way(options->rotation_range, word[0]) * pi / 180,
        .row_shift = draw_shift(options->height_shift_range, height, word[1]),
        .column_shift = draw_shift(options->width_shift_range, width, word[2]),
        .shear = either_way(options->shear_range, word[3]) * pi / 180,
        .row_zoom = draw_zoom(&options->zoom_range, word[4]),
        .column_zoom = draw_zoom(&options->zoom_range, word[5]),
        .horizontal_flip = options->horizontal_flip && capas_uniform(word[6]) < 0.5f,
        .vertical_flip = options->vertical_flip && capas_uniform(word[7]) < 0.5f,
    };
}

/* p -> R(S Z (p - o) + t) + o with the middle o of the picture, where
 *   R = [ cos  sin ]   S = [  cos(shear)  0 ]   Z = [ row_zoom           0 ]
 *       [-sin  cos ]       [ -sin(shear)  1 ]       [ 0        column_zoom ]
 * A mirror comes before it: what was drawn at y is drawn at height - 1 - y. */
void capas_augment_map(const capas_augment_draw *draw, int height, int width, float map[6])
{
    const double cosine = cos(draw->rotation), sine = sin(draw->rotation);
    const double slant = sin(draw->shear), upright = cos(draw->shear);
    const double middle[2] = {(height - 1) / 2.0, (width - 1) / 2.0};
    double m[2][3] = {
        {(cosine * upright - sine * slant) * draw->row_zoom, sine * draw->column_zoom,
         cosine * draw->row_shift + sine * draw->column_shift},
        {(-sine * upright - cosine * slant) * draw->row_zoom, cosine * draw->column_zoom,
         -sine * draw->row_shift + cosine * draw->column_shift},
    };
    for (int i = 0; i < 2; i++) {
        m[i][2] += middle[i] - (m[i][0] * middle[0] + m[i][1] * middle[1]);
        if (draw->vertical_flip) {
            m[i][2] += m[i][0] * (height - 1);
            m[i][0] = -m[i][0];
        }
        if (draw->horizontal_flip) {
            m[i][2] += m[i][1] * (width - 1);
            m[i][1] = -m[i][1];
        }
        for (int j = 0; j < 3; j++)
            map[3 * i + j] = (float)m[i][j];
    }
}

void capas_elastic_prepare(capas_elastic *elastic, double alpha, double sigma)
{
    double sum = 0, weight[CAPAS_ELASTIC_MOST];
    const int radius = (int)(4 * sigma + 0.5);
    elastic->alpha = alpha;
    elastic->radius = radius;
    for (int i = -radius; i <= radius; i++)
        sum += weight[i + radius] = exp(-0.5 * i * i / (sigma * sigma));
    for (int i = 0; i <= 2 * radius; i++)
        elastic->weight[i] = (float)(weight[i] / sum);
}

/* to[x] += weight * from[x + distance], inside the row. */
static void add_moved(float *to, const float *from, int width, int distance, float weight)
{
    const int begin = distance < 0 ? -distance : 0;
    const int end = distance < 0 ? width : width - distance;
    for (int x = begin; x < end; x++)
        to[x] += weight * from[x + distance];
}

/* Both axes, one after the other; outside the picture the noise is 0. */
static void smooth(const capas_elastic *elastic, int height, int width, float *field,
                   float *scratch)
{
    for (int i = 0; i < height * width; i++)
        scratch[i] = 0;
    for (int y = 0; y < height; y++)
        for (int d = -elastic->radius; d <= elastic->radius; d++)
            add_moved(scratch + y * width, field + y * width, width, d,
                      elastic->weight[d + elastic->radius]);
    for (int i = 0; i < height * width; i++)
        field[i] = 0;
    for (int y = 0; y < height; y++)
        for (int d = -elastic->radius; d <= elastic->radius; d++)
            if (y + d >= 0 && y + d < height)
                add_moved(field + y * width, scratch + (y + d) * width, width, 0,
                          elastic->weight[d + elastic->radius]);
}

void capas_elastic_fill(const capas_elastic *elastic, capas_random random, int64_t index,
                        int height, int width, float *shift, float *scratch)
{
    const int size = height * width, blocks = (2 * size + 3) / 4;
    uint32_t word[4];
    for (int i = 0; i < 2 * size; i++) {
        if (i % 4 == 0) capas_philox(random, (uint64_t)index * (uint64_t)blocks + i / 4, word);
        shift[i] = (float)(elastic->alpha * either_way(1, word[i % 4]));
    }
    smooth(elastic, height, width, shift, scratch);
    smooth(elastic, height, width, shift + size, scratch);
}
