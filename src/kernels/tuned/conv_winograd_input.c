/* Pixels to Winograd's points (conv_winograd.h): vectors of channels, a tile after the other. */
#include "kernels/tuned/conv_winograd.h"
#include "kernels/tuned/elements.h"

/* The 36 pixels of a tile's window, and of the gate. */
typedef struct window {
    const float *pixel[WINOGRAD_POINTS], *gate[WINOGRAD_POINTS];
} window;

static void find_window(const winograd_images *m, winograd_place place, window *w)
{
    for (int i = 0; i < WINOGRAD_POINTS; i++) {
        const int y = place.row - m->pad_top + i / WINOGRAD_LINE;
        const int x = place.column - m->pad_left + i % WINOGRAD_LINE;
        const bool inside = y >= 0 && y < m->height && x >= 0 && x < m->width;
        const int64_t at = place.image * m->image + y * m->pitch + (int64_t)x * m->channels;
        w->pixel[i] = inside ? m->pixels + at : m->zeros;
        w->gate[i] = inside && m->gate ? m->gate + at : m->zeros;
    }
}

CAPAS_INLINE void transform(const bool gated, const window *w, int c, int count, float *to,
                            int64_t point_step)
{
    vfloat half[WINOGRAD_LINE][WINOGRAD_LINE];
    CAPAS_UNROLL
    for (int j = 0; j < WINOGRAD_LINE; j++) {
        vfloat x[WINOGRAD_LINE], point[WINOGRAD_LINE];
        CAPAS_UNROLL
        for (int i = 0; i < WINOGRAD_LINE; i++) {
            const int at = i * WINOGRAD_LINE + j;
            x[i] = v_load_some(w->pixel[at] + c, count);
            if (gated) x[i] = (vfloat)((vint)x[i] & (v_load_some(w->gate[at] + c, count) > 0.0f));
        }
        winograd_input(x, point);
        CAPAS_UNROLL
        for (int i = 0; i < WINOGRAD_LINE; i++)
            half[i][j] = point[i];
    }
    CAPAS_UNROLL
    for (int i = 0; i < WINOGRAD_LINE; i++) {
        vfloat point[WINOGRAD_LINE];
        winograd_input(half[i], point);
        CAPAS_UNROLL
        for (int j = 0; j < WINOGRAD_LINE; j++)
            v_store(to + (i * WINOGRAD_LINE + j) * point_step, point[j]);
    }
}

CAPAS_INLINE void transform_tile(const bool gated, const window *w, int channels, float *to,
                                 int64_t point_step)
{
    int c = 0;
    for (; c + CAPAS_VECTOR <= channels; c += CAPAS_VECTOR)
        transform(gated, w, c, CAPAS_VECTOR, to + c, point_step);
    if (c < channels) transform(gated, w, c, channels - c, to + c, point_step);
}

void CAPAS_TUNED(capas_winograd_input)(const winograd_images *images, const winograd_tiles *tiles,
                                       int64_t first, int count, int step, float *points)
{
    const int64_t point_step = (int64_t)step * tiles->columns;
    window w;
    for (int i = 0; i < count; i++, points += tiles->columns) {
        find_window(images, winograd_place_of(tiles, first + i), &w);
        if (images->gate)
            transform_tile(true, &w, images->channels, points, point_step);
        else
            transform_tile(false, &w, images->channels, points, point_step);
    }
}
