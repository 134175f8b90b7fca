/* Convolution whose taps stand apart (dilation), forward and backward, by the kernels whose taps
 * are neighbours: the pixels that one window sees are each d-th one, so the d x d images of each
 * d-th row and column ("phases") are convolved by themselves, as more of the batch, and what comes
 * out is put between each other again.
 *
 *   row of X, d = 2      rim 0 1 2 3 4 5 6 rim        y = 0 sees 0 2 4, y = 1 sees 1 3 5, ...
 *   phases               [rim 1 3 5 rim] [0 2 4 6 0]  each with its rim of zeros; all of one size
 *
 * Pixel h of X is row (h + pad_top) / d of phase (h + pad_top) % d; output y row y / d of phase y %
 * d. (Space-to-batch; Chen et al., "DeepLab", 2016, section 3.1.) Strides are 1, as Keras asks. */
#include "kernels/tuned/conv_common.h"
#include "kernels/tuned/kernels.h"

enum { GRAIN = 1 << 14 /* bytes */ };

/* The problem of all phases. */
static capas_conv_problem phases_of(const capas_conv_problem *p)
{
    capas_conv_problem q = *p;
    q.batch = p->batch * p->dilation_height * p->dilation_width;
    q.out_height = (p->out_height + p->dilation_height - 1) / p->dilation_height;
    q.out_width = (p->out_width + p->dilation_width - 1) / p->dilation_width;
    q.height = q.out_height + p->kernel_height - 1;
    q.width = q.out_width + p->kernel_width - 1;
    q.dilation_height = q.dilation_width = 1;
    q.pad_top = q.pad_left = 0;
    return q;
}

static bool accepts_way(const void *problem, capas_kernel_family family)
{
    const capas_conv_problem *p = problem;
    const int64_t phases = (int64_t)p->dilation_height * p->dilation_width;
    if (phases == 1 || p->stride_height > 1 || p->stride_width > 1 || p->has_residual ||
        p->pool.height > 0 || p->out_height < 1 || p->out_width < 1 || phases > 1 << 12 ||
        p->batch > INT32_MAX / phases)
        return false;
    const capas_conv_problem q = phases_of(p);
    return CAPAS_TUNED(capas_tuned_kernel)(family, &q) != NULL;
}

/* What the phases have. */
typedef struct phases {
    capas_conv_problem problem;
    float *input, *output, *output_gradient, *input_gradient;
    void *workspace;
} phases;

static size_t lay_out(phases *f, const capas_conv_problem *p, capas_kernel_family family,
                      void *workspace)
{
    conv_memory memory = {workspace, 0};
    *f = (phases){.problem = phases_of(p)};
    const capas_conv_problem *q = &f->problem;
    const size_t inputs = (size_t)q->batch * (size_t)q->height * (size_t)(q->width * q->channels);
    const size_t outputs =
        (size_t)q->batch * (size_t)q->out_height * (size_t)(q->out_width * q->filters);
    f->input = conv_take(&memory, inputs, sizeof(float));
    f->output = conv_take(&memory, outputs, sizeof(float));
    if (family == CAPAS_FAMILY_conv_backward) {
        f->output_gradient = conv_take(&memory, outputs, sizeof(float));
        f->input_gradient = conv_take(&memory, p->wants_input_gradient ? inputs : 0, sizeof(float));
    }
    const capas_kernel *kernel = CAPAS_TUNED(capas_tuned_kernel)(family, q);
    f->workspace = conv_take(&memory, capas_kernel_workspace(kernel, q) + 1, 1);
    return memory.used;
}

/* Images of `rows` x `columns` pixels, whose pixel 0 is the phases' pixel `top`, `left`, and their
 * phases of `height` x `width`. */
typedef struct map {
    int down, right; /* dilation */
    int n, rows, columns, top, left, height, width;
    int pixel;    /* floats */
    size_t bytes; /* the same */
    float *whole, *apart;
} map;

static float *phase_row(const map *m, int64_t sample, int row_phase, int column_phase, int row)
{
    const int64_t image = (sample * m->down + row_phase) * m->right + column_phase;
    return m->apart + (image * m->height + row) * m->width * m->pixel;
}

/* Pieces are rows of phases. */
static void take_rows(const void *problem, const void *context, int64_t begin, int64_t end,
                      int shard)
{
    const map *m = context;
    (void)problem;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        const int64_t image = i / m->height, sample = image / (m->down * m->right);
        const int row = (int)(image / m->right % m->down + i % m->height * m->down) - m->top;
        const bool inside = row >= 0 && row < m->rows;
        float *to = m->apart + i * m->width * m->pixel;
        for (int x = 0; x < m->width; x++, to += m->pixel) {
            const int column = (int)(image % m->right) + x * m->right - m->left;
            if (inside && column >= 0 && column < m->columns)
                memcpy(to, m->whole + ((sample * m->rows + row) * m->columns + column) * m->pixel,
                       m->bytes);
            else
                memset(to, 0, m->bytes);
        }
    }
}

/* Pieces are rows of whole images; a pixel that no window sees gets zeros. */
static void put_rows(const void *problem, const void *context, int64_t begin, int64_t end,
                     int shard)
{
    const map *m = context;
    (void)problem;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        const int row = (int)(i % m->rows) + m->top;
        float *to = m->whole + i * m->columns * m->pixel;
        for (int x = 0; x < m->columns; x++, to += m->pixel) {
            const int column = x + m->left;
            if (row / m->down < m->height && column / m->right < m->width)
                memcpy(to,
                       phase_row(m, i / m->rows, row % m->down, column % m->right, row / m->down) +
                           column / m->right * m->pixel,
                       m->bytes);
            else
                memset(to, 0, m->bytes);
        }
    }
}

static map map_of(const capas_conv_problem *p, const phases *f, bool input, int n,
                  const void *whole, float *apart)
{
    const capas_conv_problem *q = &f->problem;
    map m = {.down = p->dilation_height,
             .right = p->dilation_width,
             .n = n,
             .rows = p->out_height,
             .columns = p->out_width,
             .height = q->out_height,
             .width = q->out_width,
             .pixel = p->filters,
             .whole = (float *)whole,
             .apart = apart};
    if (input) {
        m.rows = p->height;
        m.columns = p->width;
        m.top = p->pad_top;
        m.left = p->pad_left;
        m.height = q->height;
        m.width = q->width;
        m.pixel = p->channels;
    }
    m.bytes = (size_t)m.pixel * sizeof(float);
    return m;
}

/* Nothing where there are no images: what asks for one gradient alone need not have them. */
static void take(const capas_conv_problem *p, map m)
{
    if (m.whole == NULL) return;
    const int64_t rows = (int64_t)m.n * m.down * m.right * m.height;
    capas_parallel_ranges(rows, GRAIN / (m.width * (int64_t)m.bytes) + 1, p->workers, take_rows, p,
                          &m);
}

static void put(const capas_conv_problem *p, map m)
{
    capas_parallel_ranges((int64_t)m.n * m.rows, GRAIN / (m.columns * (int64_t)m.bytes) + 1,
                          p->workers, put_rows, p, &m);
}

static void forward(const void *problem, const void *arguments)
{
    const capas_conv_problem *p = problem;
    const capas_conv_forward_arguments *a = arguments;
    phases f;
    lay_out(&f, p, CAPAS_FAMILY_conv_forward, a->workspace);
    take(p, map_of(p, &f, true, a->n, a->input, f.input));
    capas_conv_forward_arguments inner = *a;
    inner.n = a->n * p->dilation_height * p->dilation_width;
    inner.input = f.input;
    inner.output = f.output;
    inner.prepared = NULL;
    inner.workspace = f.workspace;
    CAPAS_TUNED(capas_tuned_kernel)(CAPAS_FAMILY_conv_forward, &f.problem)->run(&f.problem, &inner);
    put(p, map_of(p, &f, false, a->n, a->output, f.output));
}

static void backward(const void *problem, const void *arguments)
{
    const capas_conv_problem *p = problem;
    const capas_conv_backward_arguments *a = arguments;
    phases f;
    lay_out(&f, p, CAPAS_FAMILY_conv_backward, a->workspace);
    take(p, map_of(p, &f, true, a->n, a->input, f.input));
    take(p, map_of(p, &f, false, a->n, a->output, f.output));
    take(p, map_of(p, &f, false, a->n, a->output_gradient, f.output_gradient));
    capas_conv_backward_arguments inner = *a;
    inner.n = a->n * p->dilation_height * p->dilation_width;
    inner.input = a->input ? f.input : NULL;
    inner.output = a->output ? f.output : NULL;
    inner.output_gradient = f.output_gradient;
    inner.input_gradient = a->input_gradient ? f.input_gradient : NULL;
    inner.workspace = f.workspace;
    CAPAS_TUNED(capas_tuned_kernel)
    (CAPAS_FAMILY_conv_backward, &f.problem)->run(&f.problem, &inner);
    if (a->input_gradient) put(p, map_of(p, &f, true, a->n, a->input_gradient, f.input_gradient));
}

#define PHASES_KERNEL(way)                                                                         \
    static bool way##_accepts(const void *problem)                                                 \
    {                                                                                              \
        return accepts_way(problem, CAPAS_FAMILY_conv_##way);                                      \
    }                                                                                              \
    static size_t way##_workspace(const void *problem)                                             \
    {                                                                                              \
        phases f;                                                                                  \
        return lay_out(&f, problem, CAPAS_FAMILY_conv_##way, NULL);                                \
    }                                                                                              \
    CAPAS_TUNED_KERNEL_OF(conv_##way, conv_##way##_phases, "phases", way##_accepts,                \
                          way##_workspace, way)

PHASES_KERNEL(forward);
PHASES_KERNEL(backward);
