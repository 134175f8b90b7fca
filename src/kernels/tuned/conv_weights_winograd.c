/* dW by Winograd's way (conv_winograd.h), without a pool: the way forward, gone back.
 *
 *   dW = G' [ sum over tiles of (A dZ A') * (B' x B) ] G
 *
 * Tiles are taken in pieces, of one image or of several whose tiles are few. At each of the
 * points the sum over tiles is that of conv_weights_taps.c, with the tiles as cells and the
 * channels as taps:
 *
 *   points   [line^2][piece][columns]
 *   gradient [line^2][piece][CAPAS_VECTOR]   of one vector of filters
 *   sums     [vectors][line^2][channels][CAPAS_VECTOR] */
#include "kernels/tuned/conv_backward.h"
#include "kernels/tuned/conv_winograd.h"
#include "kernels/tuned/elements.h"

enum { MOST_TILES = 36, PIECE_BYTES = 384 << 10 };

typedef struct scratch {
    winograd_tiles tiles;
    int images, piece;
    float *points, *gradient, *zeros;
} scratch;

static size_t lay_out(scratch *s, const conv_backward *b, void *memory_begin)
{
    conv_memory memory = {memory_begin, 0};
    const capas_conv_problem *p = b->problem;
    s->tiles = winograd_tiles_of(p, p->out_height, p->out_width);
    const int fit = PIECE_BYTES / (s->tiles.points * s->tiles.columns * (int)sizeof(float));
    s->piece = conv_smaller(MOST_TILES, fit > 1 ? fit : 1);
    s->images = s->tiles.image < s->piece ? s->piece / (int)s->tiles.image : 1;
    s->piece = conv_smaller(s->piece, s->images * (int)s->tiles.image);
    const size_t points = (size_t)s->piece * (size_t)s->tiles.points;
    s->points = conv_take(&memory, points * (size_t)s->tiles.columns, sizeof(float));
    s->gradient = conv_take(&memory, points * CAPAS_VECTOR, sizeof(float));
    s->zeros = conv_take(&memory, (size_t)p->channels, sizeof(float));
    return memory.used;
}

static size_t scratch_bytes(const conv_backward *b)
{
    scratch s;
    return lay_out(&s, b, NULL);
}

static int images(const conv_backward *b)
{
    scratch s;
    lay_out(&s, b, NULL);
    return s.images;
}

static size_t sum_floats(const conv_backward *b)
{
    const size_t line = (size_t)winograd_line_of(b->problem),
                 channels = (size_t)b->problem->channels;
    return (size_t)b->vectors * line * line * channels * CAPAS_VECTOR;
}

/* dZ of a tile and a vector of filters to the points; what is beyond the map has none. */
CAPAS_INLINE void transform_tile(const int line, const conv_backward *b, const conv_gradient *g,
                                 winograd_place place, int first, float *to, int64_t point_step,
                                 vfloat *bias)
{
    const capas_conv_problem *p = b->problem;
    const int count = conv_smaller(CAPAS_VECTOR, p->filters - first);
    enum { OUTPUTS = WINOGRAD_OUTPUTS };
    vfloat half[WINOGRAD_LINE][OUTPUTS];
    CAPAS_UNROLL
    for (int j = 0; j < OUTPUTS; j++) {
        vfloat y[OUTPUTS], point[WINOGRAD_LINE];
        CAPAS_UNROLL
        for (int i = 0; i < OUTPUTS; i++) {
            const int row = place.row + i, column = place.column + j;
            const int64_t cell = (place.image * p->out_height + row) * p->out_width + column;
            y[i] = v_zero();
            if (row < p->out_height && column < p->out_width)
                y[i] = conv_live(g, cell * p->filters + first, count);
            *bias += y[i];
        }
        winograd_outputs_back(line, y, point);
        CAPAS_UNROLL
        for (int i = 0; i < line; i++)
            half[i][j] = point[i];
    }
    CAPAS_UNROLL
    for (int i = 0; i < line; i++) {
        vfloat point[WINOGRAD_LINE];
        winograd_outputs_back(line, half[i], point);
        CAPAS_UNROLL
        for (int j = 0; j < line; j++)
            v_store(to + (i * line + j) * point_step, point[j]);
    }
}

/* Tiles from .. from + count - 1 of the images. */
static void make_gradient(const conv_backward *b, const conv_gradient *g, const scratch *s,
                          int64_t from, int count, int first, float *bias_sums)
{
    const int64_t point_step = (int64_t)s->piece * CAPAS_VECTOR;
    vfloat bias = v_load(bias_sums + first);
    for (int i = 0; i < count; i++) {
        const winograd_place place = winograd_place_of(&s->tiles, from + i);
        float *to = s->gradient + i * CAPAS_VECTOR;
        if (s->tiles.line == 6)
            transform_tile(6, b, g, place, first, to, point_step, &bias);
        else
            transform_tile(8, b, g, place, first, to, point_step, &bias);
    }
    v_store(bias_sums + first, bias);
}

/* The products of a piece with one vector of filters. */
static void add_products(const conv_backward *b, const scratch *s, int count, float *sums)
{
    const int channels = b->problem->channels;
    const conv_tiling t = conv_tiling_of(1, channels);
    conv_taps tile = {
        .across = s->tiles.columns, .images = 1, .cells_high = 1, .cells_wide = count};
    for (int i = 0; i < s->tiles.points; i++, sums += channels * CAPAS_VECTOR) {
        tile.gradient = s->gradient + (int64_t)i * s->piece * CAPAS_VECTOR;
        for (int j = 0; j < t.across; j++) {
            const conv_tile at = conv_tile_at(&t, j);
            tile.input = s->points + (int64_t)i * s->piece * s->tiles.columns + at.column;
            tile.sums = sums + at.column * CAPAS_VECTOR;
            CAPAS_TUNED(capas_conv_add_taps)(&tile, at.columns);
        }
    }
}

static void add_images(const conv_backward *b, const conv_images *images, int begin, int end,
                       float *sums, float *bias_sums, void *memory)
{
    const int channels = b->problem->channels;
    scratch s;
    lay_out(&s, b, memory);
    memset(s.zeros, 0, (size_t)channels * sizeof(float));
    const winograd_images pixels = {
        .pixels = images->view.first,
        .image = images->image_step,
        .pitch = images->view.pitch,
        .height = b->sizes.padded_height,
        .width = b->sizes.padded_width,
        .channels = channels,
        .zeros = s.zeros,
    };
    const int64_t tiles = images->count * s.tiles.image;
    for (int64_t from = 0; from < tiles; from += s.piece) {
        const int count = tiles - from < s.piece ? (int)(tiles - from) : s.piece;
        if (sums) CAPAS_TUNED(capas_winograd_input)
        (&pixels, &s.tiles, from, count, s.piece, s.points);
        for (int v = begin; v < end; v++) {
            make_gradient(b, &images->gradient, &s, from, count, v * CAPAS_VECTOR, bias_sums);
            if (sums)
                add_products(b, &s, count,
                             sums + (int64_t)v * s.tiles.points * channels * CAPAS_VECTOR);
        }
    }
}

/* One channel of a vector of filters from the points' sums. */
CAPAS_INLINE void write_channel(const int line, const conv_backward *b, const float *sums,
                                int channel, int first, float *weight_gradient)
{
    const int64_t channels = b->problem->channels, filters = b->problem->filters;
    const int count = conv_smaller(CAPAS_VECTOR, (int)filters - first);
    const int kernel = winograd_kernel(line);
    vfloat half[5][WINOGRAD_LINE];
    CAPAS_UNROLL
    for (int j = 0; j < line; j++) {
        vfloat point[WINOGRAD_LINE], w[5];
        CAPAS_UNROLL
        for (int i = 0; i < line; i++)
            point[i] = v_load(sums + ((i * line + j) * channels + channel) * CAPAS_VECTOR);
        winograd_weights_back(line, point, w);
        CAPAS_UNROLL
        for (int r = 0; r < kernel; r++)
            half[r][j] = w[r];
    }
    CAPAS_UNROLL
    for (int r = 0; r < kernel; r++) {
        vfloat w[5];
        winograd_weights_back(line, half[r], w);
        CAPAS_UNROLL
        for (int i = 0; i < kernel; i++)
            v_store_some(weight_gradient + ((r * kernel + i) * channels + channel) * filters +
                             first,
                         w[i], count);
    }
}

static void write_weights(const conv_backward *b, const float *sums, int begin, int end,
                          float *weight_gradient)
{
    const int channels = b->problem->channels, line = winograd_line_of(b->problem);
    for (int v = begin; v < end; v++) {
        const float *from = sums + (int64_t)v * line * line * channels * CAPAS_VECTOR;
        for (int c = 0; c < channels; c++)
            if (line == 6)
                write_channel(6, b, from, c, v * CAPAS_VECTOR, weight_gradient);
            else
                write_channel(8, b, from, c, v * CAPAS_VECTOR, weight_gradient);
    }
}

bool CAPAS_TUNED(capas_conv_winograd_weights_fit)(const capas_conv_problem *p)
{
    return p->pool.height == 0 && CAPAS_TUNED(capas_winograd_pays)(p);
}

const conv_weights_way CAPAS_TUNED(capas_conv_weights_by_winograd) = {
    .whole_vectors = false,
    .images = images,
    .sum_floats = sum_floats,
    .scratch_bytes = scratch_bytes,
    .add_images = add_images,
    .write = write_weights,
};
