/* What the parts of the convolution's backward kernels share. Two independent gradients, each in a
 * region of its own:
 *
 *   weights: dW[t][k] = sum over images and live cells of dZ * X[window of the cell][t], and db
 *
 *     by taps      conv_weights_taps.c      vectors of filters, the taps' sums in registers, every
 *                                           cell
 *     by Winograd  conv_weights_winograd.c  the same at the points of tiles
 *     by lists     conv_weights_lists.c     vectors along a window's row, only cells that are live
 *
 *   input: dX[window][t] += sum over live filters of dZ * W[t][k]
 *
 *     by lists     conv_input_lists.c       vectors along a window's row, only filters that are
 *                                           live
 *     flipped      conv_input_flipped.c     as a convolution of dZ with the flipped filters
 *     by points    conv_input_points.c      the same for windows of one pixel, all images in a row
 *
 * A cell is a pixel of the output, pooled or not; behind a pool, its gradient belongs to the pixel
 * at the position of its maximum alone. A (cell, filter) is live when its gradient is not zero and
 * ReLU let it through. */
#ifndef CAPAS_KERNELS_TUNED_CONV_BACKWARD_H
#define CAPAS_KERNELS_TUNED_CONV_BACKWARD_H

#include "kernels/tuned/conv_common.h"

/* What every part needs of one call. */
typedef struct conv_backward {
    const capas_conv_problem *problem;
    const capas_conv_backward_arguments *arguments;
    conv_sizes sizes;
    bool pooled,
        copied;  /* copied: the part sees an image (or its gradient) through a copy with its rim */
    int vectors; /* of filters */
    int64_t pitch;    /* floats from row to row of what it sees */
    int64_t row_step; /* floats from a pixel's window to that of the pixel below */
    int positions;    /* of a maximum in a cell; 1 without a pool */
    int position_row; /* of them, side by side */
    int inverse;      /* 65536 / position_row, rounded up */
} conv_backward;

/* `whole_vectors`: the part reads windows in whole vectors, and so beyond an image whose windows
 * are not. */
static inline conv_backward conv_backward_of(const capas_conv_problem *p,
                                             const capas_conv_backward_arguments *a,
                                             bool whole_vectors)
{
    conv_backward b = {.problem = p, .arguments = a, .sizes = conv_sizes_of(p)};
    b.pooled = p->pool.height > 0;
    b.copied = b.sizes.rim || (whole_vectors && b.sizes.window % CAPAS_VECTOR != 0);
    b.vectors = (p->filters + CAPAS_VECTOR - 1) / CAPAS_VECTOR;
    b.pitch = (int64_t)(b.copied ? b.sizes.padded_width : p->width) * p->channels;
    b.row_step = p->stride_height * b.pitch;
    b.position_row = b.pooled ? p->pool.width : 1;
    b.positions = b.pooled ? p->pool.height * p->pool.width : 1;
    b.inverse = 65536 / b.position_row + 1;
    return b;
}

/* The gradient dZ of one image's cells. Filters run fastest. */
typedef struct conv_gradient {
    const float *gradient;   /* [cells][filters] */
    const float *output;     /* [cells][filters] where ReLU decides, else NULL */
    const uint8_t *position; /* [cells][filters] behind a pool, else NULL */
} conv_gradient;

static inline conv_gradient conv_gradient_of(const conv_backward *b, int64_t n)
{
    const capas_conv_backward_arguments *a = b->arguments;
    const int64_t first = n * b->sizes.map;
    const bool relu = b->problem->activation == CAPAS_RELU;
    return (conv_gradient){
        .gradient = (const float *)a->output_gradient + first,
        .output = relu ? (const float *)a->output + first : NULL,
        .position = b->pooled ? a->position + first : NULL,
    };
}

/* A vector of dZ: elements `place` .. of the image, `count` of them (the other lanes 0). */
CAPAS_INLINE vfloat conv_live(const conv_gradient *g, int64_t place, int count)
{
    const bool whole = count >= CAPAS_VECTOR;
    vfloat value = whole ? v_load(g->gradient + place) : v_load_part(g->gradient + place, count);
    if (!g->output) return value;
    vfloat y = whole ? v_load(g->output + place) : v_load_part(g->output + place, count);
    return (vfloat)((vint)value & (y > 0.0f));
}

/* The positions that go with them. */
CAPAS_INLINE vint conv_positions(const conv_gradient *g, int64_t place, int count)
{
    if (!g->position) return v_set_int(0);
    if (count >= CAPAS_VECTOR) return v_load_bytes(g->position + place);
    uint8_t some[CAPAS_VECTOR] = {0};
    memcpy(some, g->position + place, (size_t)count);
    return v_load_bytes(some);
}

/* Floats from the window of a cell's first pixel to that of the pixel at a position. */
CAPAS_INLINE vint conv_position_offset(const conv_backward *b, vint position)
{
    vint row = (position * b->inverse) >> 16;
    vint column = position - row * b->position_row;
    return row * (int32_t)b->row_step + column * b->sizes.step;
}

/* Floats from the first window of an image to that of the first pixel of a cell. */
static inline int64_t conv_cell_offset(const conv_backward *b, int i, int j)
{
    const capas_conv_pool *pool = &b->problem->pool;
    const int64_t y = b->pooled ? (int64_t)i * pool->stride_height : i;
    const int64_t x = b->pooled ? (int64_t)j * pool->stride_width : j;
    return y * b->row_step + x * b->sizes.step;
}

/* Some images that follow one another, taken together: a sum that is in registers once serves all
 * of them. Their gradients are as those of one image with `count` times the cells. */
typedef struct conv_images {
    conv_view view;     /* of the first */
    int64_t image_step; /* floats from one to the next, in that view */
    conv_gradient gradient;
    int count;
} conv_images;

/* A way to make dW. Each shard has sums of its own, in the way's own layout, in which the filters
 * of a vector can be summed apart from the others. */
typedef struct conv_weights_way {
    bool whole_vectors;
    int (*images)(const conv_backward *b);           /* how many it would have together, at most */
    size_t (*sum_floats)(const conv_backward *b);    /* of one shard */
    size_t (*scratch_bytes)(const conv_backward *b); /* of one worker */
    /* Adds what the images give to the filters of vectors begin .. end-1. sums NULL: only the
     * bias's. */
    void (*add_images)(const conv_backward *b, const conv_images *images, int begin, int end,
                       float *sums, float *bias_sums, void *scratch);
    /* Writes their sums as HWIO. */
    void (*write)(const conv_backward *b, const float *sums, int begin, int end,
                  float *weight_gradient);
} conv_weights_way;

/* Only where capas_conv_winograd_weights_fit. */
extern const conv_weights_way CAPAS_TUNED(capas_conv_weights_by_winograd);
bool CAPAS_TUNED(capas_conv_winograd_weights_fit)(const capas_conv_problem *p);

extern const conv_weights_way CAPAS_TUNED(capas_conv_weights_by_taps);
extern const conv_weights_way CAPAS_TUNED(capas_conv_weights_by_lists);

/* Images of small maps to be taken together: until they have that many cells, and no more bytes of
 * pixels. */
static inline int conv_images_together(const conv_backward *b, int cells, int bytes)
{
    const int64_t by_cells = cells / b->sizes.cells;
    const int64_t by_bytes = bytes / ((int64_t)sizeof(float) * b->sizes.padded_height * b->pitch);
    const int64_t images = by_cells < by_bytes ? by_cells : by_bytes;
    return images > 1 ? (int)images : 1;
}

size_t CAPAS_TUNED(capas_conv_weights_workspace)(const capas_conv_problem *p,
                                                 const conv_weights_way *way);
void CAPAS_TUNED(capas_conv_weights)(const capas_conv_problem *p,
                                     const capas_conv_backward_arguments *a,
                                     const conv_weights_way *way);

/* Some taps of one vector of filters, over the cells of images, in rows: sums[t] += gradient[cell]
 * * input[t of the cell]. */
typedef struct conv_taps {
    const float *input;   /* the first tap in the first cell: of the view, or of the quads */
    int64_t pitch;        /* from row to row of a window */
    int64_t image_step;   /* from image to image */
    int64_t down, across; /* from a cell to the one below, and to the one beside it */
    int images, cells_high, cells_wide;
    const float *gradient;   /* [images * cells][CAPAS_VECTOR] */
    const int32_t *position; /* the same, behind a pool */
    float *sums;             /* [rows of the window][window][CAPAS_VECTOR], from the first tap on */
    int64_t sums_row;        /* floats from row to row of it */
} conv_taps;

/* A row of up to CONV_TILE_SUMS taps, without a pool. */
void CAPAS_TUNED(capas_conv_add_taps)(const conv_taps *tile, int taps);

/* dX, written to a->input_gradient. Flipped only with stride 1 and no padding beyond the kernel. */
size_t CAPAS_TUNED(capas_conv_input_lists_workspace)(const capas_conv_problem *p);
void CAPAS_TUNED(capas_conv_input_by_lists)(const capas_conv_problem *p,
                                            const capas_conv_backward_arguments *a);
bool CAPAS_TUNED(capas_conv_flipped_is_winograd)(const capas_conv_problem *p);
size_t CAPAS_TUNED(capas_conv_input_flipped_workspace)(const capas_conv_problem *p);
void CAPAS_TUNED(capas_conv_input_flipped)(const capas_conv_problem *p,
                                           const capas_conv_backward_arguments *a);
/* Only for windows of one pixel, inside the image, without a pool. */
bool CAPAS_TUNED(capas_conv_is_points)(const capas_conv_problem *p);
size_t CAPAS_TUNED(capas_conv_input_points_workspace)(const capas_conv_problem *p);
void CAPAS_TUNED(capas_conv_input_points)(const capas_conv_problem *p,
                                          const capas_conv_backward_arguments *a);

/* A window seen as a matrix, kernel_height rows of `columns` each (taps, or vectors of taps), cut
 * into tiles of a few rows by a few columns whose sums stay in registers. */
enum { CONV_TILE_SUMS = 12, CONV_TILE_ROWS = 4 };

typedef struct conv_tiling {
    int rows, columns; /* of a full tile */
    int down, across;  /* tiles of a window */
    int all_rows, all_columns;
} conv_tiling;

typedef struct conv_tile {
    int row, rows, column, columns; /* where it begins and how large it is */
} conv_tile;

/* Tiles as even as can be. */
static inline conv_tiling conv_tiling_of(int rows, int columns)
{
    conv_tiling t = {.all_rows = rows, .all_columns = columns};
    t.across = (columns + CONV_TILE_SUMS - 1) / CONV_TILE_SUMS;
    t.columns = (columns + t.across - 1) / t.across;
    t.rows = conv_smaller(CONV_TILE_ROWS, CONV_TILE_SUMS / t.columns);
    t.down = (rows + t.rows - 1) / t.rows;
    t.rows = (rows + t.down - 1) / t.down;
    t.across = (columns + t.columns - 1) / t.columns;
    t.down = (rows + t.rows - 1) / t.rows;
    return t;
}

static inline conv_tile conv_tile_at(const conv_tiling *t, int i)
{
    conv_tile tile = {.row = i / t->across * t->rows, .column = i % t->across * t->columns};
    tile.rows = conv_smaller(t->rows, t->all_rows - tile.row);
    tile.columns = conv_smaller(t->columns, t->all_columns - tile.column);
    return tile;
}

/* The shapes a tile can have, for the functions that are made for each: X(rows, columns). */
/* clang-format off */
#define CONV_TILE_SHAPES(X)                                                                        \
    X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6)                                                \
    X(1, 7) X(1, 8) X(1, 9) X(1, 10) X(1, 11) X(1, 12)                                             \
    X(2, 1) X(2, 2) X(2, 3) X(2, 4) X(2, 5) X(2, 6)                                                \
    X(3, 1) X(3, 2) X(3, 3) X(3, 4) X(4, 1) X(4, 2) X(4, 3)
/* clang-format on */

/* By lists, columns are vectors; those at the end of a row reach beyond it, where weights are zeros
 * and sums are not looked at. One filter's share of a tile is a run of floats, rows of `columns`
 * vectors one after another. */
typedef struct conv_list_tiling {
    conv_tiling tiling;
    int tiles;
    int64_t floats; /* of a filter's share of a full tile */
} conv_list_tiling;

static inline conv_list_tiling conv_list_tiling_of(const conv_backward *b)
{
    const int vectors = (b->sizes.window + CAPAS_VECTOR - 1) / CAPAS_VECTOR;
    conv_list_tiling t = {.tiling = conv_tiling_of(b->problem->kernel_height, vectors)};
    t.tiles = t.tiling.down * t.tiling.across;
    t.floats = (int64_t)t.tiling.rows * t.tiling.columns * CAPAS_VECTOR;
    return t;
}

/* The input's gradient in the way that is best for so many live filters (`share`: where lists pay);
 * and the memory for any of them. */
size_t CAPAS_TUNED(capas_conv_input_workspace)(const capas_conv_problem *p);
void CAPAS_TUNED(capas_conv_input)(const capas_conv_problem *p,
                                   const capas_conv_backward_arguments *a, double live,
                                   double share);

#endif
