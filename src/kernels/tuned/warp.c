/* Pictures warped, over vectors of neighbouring pixels: the picture is copied as floats into a rim
 * of what its fill mode puts around it, so that the inner loop knows no edges. Each step is rounded
 * as the plain kernel does it: the results are the same bits. */
#include "kernels/warp.h"
#include "kernels/tuned/kernels.h"

enum { PIXELS = 2048 /* at least, a shard */ };

/* A picture's copy: rows -1 .. height of columns -1 .. width. */
static size_t plane_size(const capas_warp_problem *p)
{
    return ((size_t)p->height + 2) * ((size_t)p->width + 2) * (size_t)p->channels;
}

static size_t workspace(const void *problem)
{
    const capas_warp_problem *p = problem;
    return plane_size(p) * sizeof(float) * (size_t)p->workers;
}

static void copy_row(const capas_warp_problem *p, const void *input, int64_t row, float *to)
{
    const int64_t length = (int64_t)p->width * p->channels;
    if (p->bytes) {
        const uint8_t *from = (const uint8_t *)input + row * length;
        for (int64_t i = 0; i < length; i++)
            to[i] = (float)from[i];
    } else {
        memcpy(to, (const float *)input + row * length, (size_t)length * sizeof *to);
    }
}

static void fill(float *to, int64_t count, float value)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = value;
}

/* Columns -1 and width of a row. Wrap only needs the latter, the others neither, but for finite
 * numbers to multiply by 0. */
static void rim_columns(const capas_warp_problem *p, float *row)
{
    const int channels = p->channels;
    const bool constant = p->fill_mode == CAPAS_FILL_CONSTANT;
    const float *last = p->fill_mode == CAPAS_FILL_WRAP ? row : row + (p->width - 1) * channels;
    for (int c = 0; c < channels; c++) {
        row[c - channels] = constant ? (float)p->fill_value : row[c];
        row[p->width * channels + c] = constant ? (float)p->fill_value : last[c];
    }
}

/* Returns where pixel (0, 0) is. */
static const float *copy_picture(const capas_warp_problem *p, const void *input, float *plane)
{
    const int64_t stride = ((int64_t)p->width + 2) * p->channels;
    float *first = plane + stride + p->channels;
    for (int64_t y = 0; y < p->height; y++) {
        copy_row(p, input, y, first + y * stride);
        rim_columns(p, first + y * stride);
    }
    float *below = plane + (p->height + 1) * stride;
    if (p->fill_mode == CAPAS_FILL_CONSTANT) {
        fill(plane, stride, (float)p->fill_value);
        fill(below, stride, (float)p->fill_value);
        return first;
    }
    const size_t bytes = (size_t)stride * sizeof *plane;
    memcpy(plane, plane + stride, bytes);
    memcpy(below, p->fill_mode == CAPAS_FILL_WRAP ? plane + stride : below - stride, bytes);
    return first;
}

CAPAS_INLINE vfloat v_fold(const capas_warp_axis *axis, vfloat c)
{
    if (axis->period > 0) {
        vfloat periods = v_max(c / axis->period, v_set(-CAPAS_WARP_PERIODS));
        c = c - axis->period * v_floor(v_min(periods, v_set(CAPAS_WARP_PERIODS)));
    }
    if (axis->mirror > 0) c = v_min(c, axis->mirror - c);
    return v_min(v_max(c, v_set(axis->low)), v_set(axis->high));
}

/* The input as its copy has it. */
typedef struct source {
    const float *first;
    int stride, channels;
    bool nearest, bytes;
    capas_warp_axis down, across;
} source;

/* The pixels around places: the index of the upper left one, and how far the place is from it. */
typedef struct around {
    vint index;
    vfloat below, right;
} around;

CAPAS_INLINE around find(const source *s, vfloat row, vfloat column)
{
    around found;
    row = v_fold(&s->down, row);
    column = v_fold(&s->across, column);
    vfloat y =
        s->nearest ? v_floor(row + 0.5f) : v_min(v_floor(row), v_set((float)s->down.size - 1));
    vfloat x = s->nearest ? v_floor(column + 0.5f)
                          : v_min(v_floor(column), v_set((float)s->across.size - 1));
    found.index = v_to_int(y) * s->stride + v_to_int(x) * s->channels;
    found.below = row - y;
    found.right = column - x;
    return found;
}

CAPAS_INLINE vfloat take(const source *s, const around *found, int channel)
{
    const float *at = s->first + channel;
    vfloat a = v_gather(at, found->index);
    if (s->nearest) return a;
    vfloat b = v_gather(at + s->channels, found->index);
    vfloat c = v_gather(at + s->stride, found->index);
    vfloat d = v_gather(at + s->stride + s->channels, found->index);
    vfloat upper = a + (b - a) * found->right, lower = c + (d - c) * found->right;
    return upper + (lower - upper) * found->below;
}

/* One channel of `count` neighbouring pixels, into every `step`-th element. */
CAPAS_INLINE void put(const source *s, vfloat value, void *output, int64_t at, int step, int count)
{
    if (s->bytes) {
        uint8_t lane[CAPAS_VECTOR], *to = (uint8_t *)output + at;
        bool whole = step == 1 && count == CAPAS_VECTOR;
        v_store_bytes(whole ? to : lane, v_to_int(value + 0.5f));
        for (int i = 0; !whole && i < count; i++)
            to[i * step] = lane[i];
    } else {
        float *to = (float *)output + at;
        if (step == 1 && count == CAPAS_VECTOR)
            v_store(to, value);
        else if (step == 1)
            v_store_part(to, value, count);
        else
            for (int i = 0; i < count; i++)
                to[i * step] = value[i];
    }
}

/* `count` pixels of row y from column x on; count < CAPAS_VECTOR at the row's end only. */
CAPAS_INLINE void warp_pixels(const source *s, const capas_warp_problem *p, const float *map,
                              const float *shift, void *output, int y, int x, int count)
{
    const int64_t size = (int64_t)p->out_height * p->out_width;
    const int64_t place = (int64_t)y * p->out_width + x;
    const vfloat columns = v_from_int(v_lanes() + x);
    vfloat row = map[1] * columns + (map[0] * (float)y + map[2]);
    vfloat column = map[4] * columns + (map[3] * (float)y + map[5]);
    if (shift) {
        bool whole = count == CAPAS_VECTOR;
        row += whole ? v_load(shift + place) : v_load_part(shift + place, count);
        column += whole ? v_load(shift + size + place) : v_load_part(shift + size + place, count);
    }
    const around found = find(s, row, column);
    for (int c = 0; c < s->channels; c++)
        put(s, take(s, &found, c), output, place * s->channels + c, s->channels, count);
}

static void warp_plane(const source *s, const capas_warp_problem *p, const float *map,
                       const float *shift, void *output)
{
    for (int y = 0; y < p->out_height; y++) {
        int x = 0;
        for (; x + CAPAS_VECTOR <= p->out_width; x += CAPAS_VECTOR)
            warp_pixels(s, p, map, shift, output, y, x, CAPAS_VECTOR);
        if (x < p->out_width) warp_pixels(s, p, map, shift, output, y, x, p->out_width - x);
    }
}

static void warp_picture(const capas_warp_problem *p, const capas_warp_arguments *a, int64_t n,
                         float *plane)
{
    const size_t element = p->bytes ? 1 : sizeof(float), channels = (size_t)p->channels;
    const size_t in = (size_t)p->height * (size_t)p->width * channels * element;
    const size_t out = (size_t)p->out_height * (size_t)p->out_width;
    const float *map = (const float *)a->map + 6 * n;
    const float *shift = a->shift ? (const float *)a->shift + 2 * out * (size_t)n : NULL;
    char *output = (char *)a->output + out * channels * element * (size_t)n;
    source s = {
        .first = copy_picture(p, (const char *)a->input + in * (size_t)n, plane),
        .stride = (p->width + 2) * p->channels,
        .channels = p->channels,
        .nearest = p->interpolation == CAPAS_INTERPOLATE_NEAREST,
        .bytes = p->bytes,
        .down = capas_warp_axis_of(p->fill_mode, p->height),
        .across = capas_warp_axis_of(p->fill_mode, p->width),
    };
    warp_plane(&s, p, map, shift, output);
}

/* The arguments of all shards. */
typedef struct warping {
    const capas_warp_problem *problem;
    const capas_warp_arguments *arguments;
    int shards;
} warping;

static void run_shard(void *context, int shard, int worker)
{
    const warping *w = context;
    const int64_t n = w->arguments->n, end = capas_shard_begin(n, w->shards, shard + 1);
    float *plane = (float *)w->arguments->workspace + plane_size(w->problem) * (size_t)worker;
    for (int64_t i = capas_shard_begin(n, w->shards, shard); i < end; i++)
        warp_picture(w->problem, w->arguments, i, plane);
}

static void run(const void *problem, const void *arguments)
{
    const capas_warp_problem *p = problem;
    const capas_warp_arguments *a = arguments;
    const int64_t size = (int64_t)p->out_height * p->out_width * p->channels;
    warping w = {p, a, capas_shard_count(a->n, (PIXELS + size - 1) / size)};
    capas_parallel(w.shards, p->workers, run_shard, &w);
}

/* A picture's elements are counted by int. */
static bool accepts(const void *problem)
{
    return plane_size(problem) < INT32_MAX;
}

CAPAS_TUNED_KERNEL(warp, "gathered", accepts, workspace, run);
