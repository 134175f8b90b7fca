/* Pixels to Winograd's points (conv_winograd.h): vectors of channels, a tile after the other. */
#include "kernels/tuned/conv_winograd.h"
#include "kernels/tuned/elements.h"

/* The line^2 pixels of a tile's window, and of the gate. */
typedef struct window {
    const float *pixel[WINOGRAD_POINTS], *gate[WINOGRAD_POINTS];
} window;

static void find_window(const winograd_images *m, int line, winograd_place place, window *w)
{
    for (int i = 0; i < line * line; i++) {
        const int y = place.row - m->pad_top + i / line;
        const int x = place.column - m->pad_left + i % line;
        const bool inside = y >= 0 && y < m->height && x >= 0 && x < m->width;
        const int64_t at = place.image * m->image + y * m->pitch + (int64_t)x * m->channels;
        w->pixel[i] = inside ? m->pixels + at : m->zeros;
        w->gate[i] = inside && m->gate ? m->gate + at : m->zeros;
    }
}

CAPAS_INLINE void transform(const int line, const bool gated, const window *w, int c, int count,
                            float *to, int64_t point_step)
{
    vfloat half[WINOGRAD_LINE][WINOGRAD_LINE];
    CAPAS_UNROLL
    for (int j = 0; j < line; j++) {
        vfloat x[WINOGRAD_LINE], point[WINOGRAD_LINE];
        CAPAS_UNROLL
        for (int i = 0; i < line; i++) {
            const int at = i * line + j;
            x[i] = v_load_some(w->pixel[at] + c, count);
            if (gated) x[i] = (vfloat)((vint)x[i] & (v_load_some(w->gate[at] + c, count) > 0.0f));
        }
        winograd_input(line, x, point);
        CAPAS_UNROLL
        for (int i = 0; i < line; i++)
            half[i][j] = point[i];
    }
    CAPAS_UNROLL
    for (int i = 0; i < line; i++) {
        vfloat point[WINOGRAD_LINE];
        winograd_input(line, half[i], point);
        CAPAS_UNROLL
        for (int j = 0; j < line; j++)
            v_store(to + (i * line + j) * point_step, point[j]);
    }
}

CAPAS_INLINE void transform_tile(const int line, const bool gated, const window *w, int channels,
                                 float *to, int64_t point_step)
{
    int c = 0;
    for (; c + CAPAS_VECTOR <= channels; c += CAPAS_VECTOR)
        transform(line, gated, w, c, CAPAS_VECTOR, to + c, point_step);
    if (c < channels) transform(line, gated, w, c, channels - c, to + c, point_step);
}

#define DEFINE_TRANSFORM(name, line, gated)                                                        \
    static __attribute__((noinline)) void name(const window *w, int channels, float *to,           \
                                               int64_t point_step)                                 \
    {                                                                                              \
        transform_tile(line, gated, w, channels, to, point_step);                                  \
    }
DEFINE_TRANSFORM(transform_6, 6, false)
DEFINE_TRANSFORM(transform_6_gated, 6, true)
DEFINE_TRANSFORM(transform_8, 8, false)
DEFINE_TRANSFORM(transform_8_gated, 8, true)

void CAPAS_TUNED(capas_winograd_input)(const winograd_images *images, const winograd_tiles *tiles,
                                       int64_t first, int count, int step, float *points)
{
    const int64_t point_step = (int64_t)step * tiles->columns;
    const bool six = tiles->line == 6, gated = images->gate != NULL;
    window w;
    for (int i = 0; i < count; i++, points += tiles->columns) {
        find_window(images, tiles->line, winograd_place_of(tiles, first + i), &w);
        (six     ? gated ? transform_6_gated : transform_6
         : gated ? transform_8_gated
                 : transform_8)(&w, images->channels, points, point_step);
    }
}
