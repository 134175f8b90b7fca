/* Convolution forward with few input channels and a 2x2 max-pool behind it: the four pixels of a
 * window by some filters stay in registers, and only their maximum and its position are stored.
 *
 *                       filters                      tap t, weights w = W[t][filters]:
 *      (y, x)       | sum sum .. |                     sum[i] += X[pixel i, t] * w
 *      (y, x+1)     | sum sum .. |   -> maximum        for the four (or eight) pixels i
 *      (y+1, x)     | sum sum .. |      position
 *      (y+1, x+1)   | sum sum .. |
 *
 * The sums begin with the bias and take the taps in order, as in conv_direct.c: the values have the
 * same bits. */
#include "kernels/tuned/conv_common.h"
#include "kernels/tuned/kernels.h"

/* Eight vectors of sums: of 16 lanes two windows by 16 filters, else one window by two vectors of
 * filters. */
enum {
    WINDOWS = CAPAS_VECTOR == 16 ? 2 : 1,
    VECTORS = CAPAS_VECTOR == 16 ? 1 : 2,
    FILTERS = VECTORS * CAPAS_VECTOR,
    PIXELS = 4,
};

/* The kernel pays while a window's taps are few. */
enum { MOST_TAPS = 128 };

typedef struct call {
    const capas_conv_problem *problem;
    const capas_conv_forward_arguments *arguments;
    conv_sizes sizes;
    float floor;
    conv_packed packed;
    float *copies; /* [workers][copy_floats] */
    size_t copy_floats;
} call;

static size_t lay_out(call *c, const capas_conv_problem *p, void *workspace)
{
    conv_memory memory = {workspace, 0};
    c->problem = p;
    c->sizes = conv_sizes_of(p);
    const conv_sizes *z = &c->sizes;
    const size_t blocks = (size_t)z->blocks;
    c->floor = conv_limits_of(p->activation).floor;
    c->copy_floats = z->rim ? conv_copy_floats(p, z, z->padded_height) : 0;
    c->packed.weights = conv_take(&memory, blocks * (size_t)z->taps * CONV_BLOCK, sizeof(float));
    c->packed.bias = conv_take(&memory, blocks * CONV_BLOCK, sizeof(float));
    c->copies = conv_take(&memory, (size_t)conv_workers(p) * c->copy_floats, sizeof(float));
    return memory.used;
}

static size_t workspace(const void *problem)
{
    call c;
    return lay_out(&c, problem, NULL);
}

/* Windows that overlap would be computed twice. */
static bool accepts(const void *problem)
{
    const capas_conv_problem *p = problem;
    return conv_is_usual(p) && !p->has_residual && p->channels <= 4 &&
           p->kernel_height * p->kernel_width * p->channels <= MOST_TAPS && p->pool.height == 2 &&
           p->pool.width == 2 && p->pool.stride_height >= 2 && p->pool.stride_width >= 2;
}

/* What a row of the output needs. */
typedef struct pooled_row {
    const float *input;  /* the window of the first pixel */
    int64_t pitch, down; /* floats from row to row of a window, and from a pixel to the one below */
    int right, across;   /* ... to the one beside it, and to the next cell of the output */
    int rows, window;
    const float *weights, *bias; /* of FILTERS filters; weights [rows * window][16] */
    float floor;
    float *output;     /* [cells][output_step], of which `filters` are written */
    uint8_t *position; /* the same, or NULL */
    int64_t output_step;
    int filters;
} pooled_row;

CAPAS_INLINE void store_cell(const pooled_row *row, vfloat sum[PIXELS][VECTORS], int64_t cell)
{
    float value[FILTERS];
    uint8_t position[FILTERS];
    float *out = row->output + cell * row->output_step;
    const bool whole = row->filters == FILTERS;
    uint8_t *at = row->position ? row->position + cell * row->output_step : position;
    CAPAS_UNROLL
    for (int v = 0; v < VECTORS; v++) {
        vint where;
        vfloat best = conv_best_of_four(sum[0][v], sum[1][v], sum[2][v], sum[3][v], &where);
        v_store((whole ? out : value) + v * CAPAS_VECTOR, v_max(v_set(row->floor), best));
        if (row->position) v_store_bytes((whole ? at : position) + v * CAPAS_VECTOR, where);
    }
    if (whole) return;
    memcpy(out, value, (size_t)row->filters * sizeof(float));
    if (row->position) memcpy(at, position, (size_t)row->filters);
}

/* `windows` neighbours; rows and taps are constants where it pays. */
CAPAS_INLINE void cells(const int windows, const int rows, const int taps, const pooled_row *row,
                        int64_t cell)
{
    vfloat sum[WINDOWS][PIXELS][VECTORS];
    CAPAS_UNROLL
    for (int i = 0; i < windows * PIXELS * VECTORS; i++)
        sum[i / VECTORS / PIXELS][i / VECTORS % PIXELS][i % VECTORS] =
            v_load(row->bias + i % VECTORS * CAPAS_VECTOR);
    const float *upper = row->input + cell * row->across, *lower = upper + row->down;
    const float *w = row->weights;
    for (int r = 0; r < rows; r++, upper += row->pitch, lower += row->pitch) {
        for (int t = 0; t < taps; t++, w += CONV_BLOCK) {
            CAPAS_UNROLL
            for (int i = 0; i < windows * PIXELS; i++) {
                const int j = i % PIXELS;
                const float *x = j < 2 ? upper : lower;
                vfloat value = v_set(x[i / PIXELS * row->across + j % 2 * row->right + t]);
                CAPAS_UNROLL
                for (int v = 0; v < VECTORS; v++)
                    sum[i / PIXELS][j][v] =
                        v_fma(value, v_load(w + v * CAPAS_VECTOR), sum[i / PIXELS][j][v]);
            }
        }
    }
    CAPAS_UNROLL
    for (int i = 0; i < windows; i++)
        store_cell(row, sum[i], cell + i);
}

CAPAS_INLINE void cells_of_row(const int rows, const int taps, const pooled_row *row, int count)
{
    int cell = 0;
    for (; cell + WINDOWS <= count; cell += WINDOWS)
        cells(WINDOWS, rows, taps, row, cell);
    if (cell < count) cells(1, rows, taps, row, cell);
}

static __attribute__((noinline)) void any_row(const pooled_row *row, int count)
{
    cells_of_row(row->rows, row->window, row, count);
}

/* One channel, 3x3 and 5x5: the sizes that networks begin with. */
static __attribute__((noinline)) void row_3x3(const pooled_row *row, int count)
{
    cells_of_row(3, 3, row, count);
}

static __attribute__((noinline)) void row_5x5(const pooled_row *row, int count)
{
    cells_of_row(5, 5, row, count);
}

/* All rows of the output for FILTERS filters from `first` on. */
static void convolve_filters(const call *c, conv_view view, int first, float *output,
                             uint8_t *position)
{
    const capas_conv_problem *p = c->problem;
    const conv_sizes *z = &c->sizes;
    const int64_t down = p->stride_height * view.pitch;
    pooled_row row = {
        .input = view.first,
        .pitch = view.pitch,
        .down = down,
        .right = z->step,
        .across = z->step * p->pool.stride_width,
        .rows = p->kernel_height,
        .window = z->window,
        .weights = c->packed.weights + (int64_t)(first / CONV_BLOCK) * z->taps * CONV_BLOCK +
                   first % CONV_BLOCK,
        .bias = c->packed.bias + first,
        .floor = c->floor,
        .output = output + first,
        .position = position ? position + first : NULL,
        .output_step = p->filters,
        .filters = conv_smaller(FILTERS, p->filters - first),
    };
    const int64_t output_row = (int64_t)p->pool.out_width * p->filters;
    const bool is_3x3 = row.rows == 3 && row.window == 3, is_5x5 = row.rows == 5 && row.window == 5;
    for (int i = 0; i < p->pool.out_height; i++) {
        (is_3x3 ? row_3x3 : is_5x5 ? row_5x5 : any_row)(&row, p->pool.out_width);
        row.input += p->pool.stride_height * down;
        row.output += output_row;
        if (row.position) row.position += output_row;
    }
}

static void convolve_images(void *context, int shard, int worker)
{
    const call *c = context;
    const capas_conv_problem *p = c->problem;
    const conv_sizes *z = &c->sizes;
    const capas_conv_forward_arguments *a = c->arguments;
    const int shards = capas_shard_count(a->n, 1);
    const int64_t end = capas_shard_begin(a->n, shards, shard + 1);
    float *copy = z->rim ? c->copies + (size_t)worker * c->copy_floats : NULL;
    for (int64_t n = capas_shard_begin(a->n, shards, shard); n < end; n++) {
        conv_view view = CAPAS_TUNED(capas_conv_view)(p, z, (const float *)a->input + n * z->image,
                                                      0, z->padded_height, copy);
        for (int first = 0; first < p->filters; first += FILTERS)
            convolve_filters(c, view, first, (float *)a->output + n * z->map,
                             a->position ? a->position + n * z->map : NULL);
    }
}

static void run(const void *problem, const void *arguments)
{
    call c = {.arguments = arguments};
    lay_out(&c, problem, c.arguments->workspace);
    const float *bias = c.problem->has_bias ? c.arguments->bias : NULL;
    for (int block = 0; block < c.sizes.blocks; block++)
        CAPAS_TUNED(capas_conv_pack)
    (&c.sizes, c.problem->filters, c.arguments->weights, bias, block, c.packed);
    if (c.arguments->n > 0)
        capas_parallel(capas_shard_count(c.arguments->n, 1), c.problem->workers, convolve_images,
                       &c);
}

static unsigned long runs;
const capas_kernel CAPAS_TUNED(capas_conv_forward_windows) = {
    .name = "conv_forward windows " CAPAS_LEVEL_STRING,
    .family = CAPAS_FAMILY_conv_forward,
    .level = CAPAS_LEVEL,
    .element = CAPAS_FLOAT32,
    .accepts = accepts,
    .workspace = workspace,
    .run = run,
    .runs = &runs,
};
