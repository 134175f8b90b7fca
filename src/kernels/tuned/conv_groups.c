/* Convolution in groups, forward and backward, by the kernels for one group: each group's channels,
 * filters and weights are laid out side by side in the workspace, convolved by the best kernel of
 * this level, and the result is put back. Group after group; each goes over the whole batch. */
#include "kernels/tuned/conv_common.h"
#include "kernels/tuned/kernels.h"

enum { GRAIN = 1 << 14 /* bytes */ };

/* The problem of one group. */
static capas_conv_problem one_group(const capas_conv_problem *p)
{
    capas_conv_problem q = *p;
    q.groups = 1;
    q.channels = p->channels / p->groups;
    q.filters = p->filters / p->groups;
    return q;
}

static bool accepts(const void *problem)
{
    const capas_conv_problem *p = problem;
    const capas_conv_problem q = one_group(p);
    return p->groups > 1 && !p->has_residual && conv_is_usual(&q);
}

/* What one group has, one array behind the other. */
typedef struct group {
    capas_conv_problem problem;
    int64_t pixels, cells, taps; /* of an image and of an output; rows of weights */
    float *input, *weights, *output, *output_gradient, *input_gradient, *weight_gradient;
    uint8_t *position;
    void *workspace;
} group;

static size_t lay_out(group *g, const capas_conv_problem *p, capas_kernel_family family,
                      void *workspace)
{
    conv_memory memory = {workspace, 0};
    const bool backward = family == CAPAS_FAMILY_conv_backward;
    *g = (group){.problem = one_group(p)};
    const capas_conv_problem *q = &g->problem;
    g->pixels = (int64_t)p->height * p->width;
    g->cells = conv_sizes_of(p).cells;
    g->taps = (int64_t)p->kernel_height * p->kernel_width * q->channels;
    const size_t inputs = (size_t)(p->batch * g->pixels) * (size_t)q->channels;
    const size_t outputs = (size_t)(p->batch * g->cells) * (size_t)q->filters;
    const size_t weights = (size_t)g->taps * (size_t)q->filters;
    g->input = conv_take(&memory, inputs, sizeof(float));
    g->weights = conv_take(&memory, weights, sizeof(float));
    g->output = conv_take(&memory, outputs, sizeof(float));
    g->position = conv_take(&memory, p->pool.height > 0 ? outputs : 0, 1);
    if (backward) {
        g->output_gradient = conv_take(&memory, outputs, sizeof(float));
        g->weight_gradient = conv_take(&memory, weights, sizeof(float));
        g->input_gradient = conv_take(&memory, p->wants_input_gradient ? inputs : 0, sizeof(float));
    }
    g->workspace = conv_take(
        &memory, capas_kernel_workspace(CAPAS_TUNED(capas_tuned_kernel)(family, q), q) + 1, 1);
    return memory.used;
}

/* Columns of an array to where they stand alone, or back: rows of `width` bytes. */
typedef struct columns {
    const char *from;
    char *to;
    size_t from_step, to_step, width;
} columns;

static void copy_rows(const void *problem, const void *context, int64_t begin, int64_t end,
                      int shard)
{
    const columns *c = context;
    (void)problem;
    (void)shard;
    for (int64_t i = begin; i < end; i++)
        memcpy(c->to + (size_t)i * c->to_step, c->from + (size_t)i * c->from_step, c->width);
}

static void copy(const capas_conv_problem *p, columns c, int64_t rows)
{
    capas_parallel_ranges(rows, GRAIN / (int64_t)c.width + 1, p->workers, copy_rows, p, &c);
}

/* Columns number `index` of all groups', each `count` elements of `size` bytes. */
static void take(const capas_conv_problem *p, const void *all, int index, int count, size_t size,
                 int64_t rows, void *alone)
{
    const size_t width = (size_t)count * size;
    if (all == NULL) return;
    copy(p,
         (columns){(const char *)all + (size_t)index * width, alone, width * (size_t)p->groups,
                   width, width},
         rows);
}

static void put(const capas_conv_problem *p, const void *alone, int index, int count, size_t size,
                int64_t rows, void *all)
{
    const size_t width = (size_t)count * size;
    if (all == NULL) return;
    copy(p,
         (columns){alone, (char *)all + (size_t)index * width, width, width * (size_t)p->groups,
                   width},
         rows);
}

static void forward(const void *problem, const void *arguments)
{
    const capas_conv_problem *p = problem;
    const capas_conv_forward_arguments *a = arguments;
    group g;
    lay_out(&g, p, CAPAS_FAMILY_conv_forward, a->workspace);
    const int channels = g.problem.channels, filters = g.problem.filters;
    const capas_kernel *kernel =
        CAPAS_TUNED(capas_tuned_kernel)(CAPAS_FAMILY_conv_forward, &g.problem);
    for (int i = 0; i < p->groups; i++) {
        take(p, a->input, i, channels, sizeof(float), a->n * g.pixels, g.input);
        take(p, a->weights, i, filters, sizeof(float), g.taps, g.weights);
        const capas_conv_forward_arguments one = {
            .n = a->n,
            .input = g.input,
            .weights = g.weights,
            .bias = p->has_bias ? (const float *)a->bias + i * filters : NULL,
            .output = g.output,
            .position = a->position ? g.position : NULL,
            .workspace = g.workspace,
        };
        kernel->run(&g.problem, &one);
        put(p, g.output, i, filters, sizeof(float), a->n * g.cells, a->output);
        put(p, g.position, i, filters, 1, a->n * g.cells, a->position);
    }
}

static void backward(const void *problem, const void *arguments)
{
    const capas_conv_problem *p = problem;
    const capas_conv_backward_arguments *a = arguments;
    group g;
    lay_out(&g, p, CAPAS_FAMILY_conv_backward, a->workspace);
    const int channels = g.problem.channels, filters = g.problem.filters;
    const capas_kernel *kernel =
        CAPAS_TUNED(capas_tuned_kernel)(CAPAS_FAMILY_conv_backward, &g.problem);
    for (int i = 0; i < p->groups; i++) {
        take(p, a->input, i, channels, sizeof(float), a->n * g.pixels, g.input);
        take(p, a->weights, i, filters, sizeof(float), g.taps, g.weights);
        take(p, a->output, i, filters, sizeof(float), a->n * g.cells, g.output);
        take(p, a->position, i, filters, 1, a->n * g.cells, g.position);
        take(p, a->output_gradient, i, filters, sizeof(float), a->n * g.cells, g.output_gradient);
        const capas_conv_backward_arguments one = {
            .n = a->n,
            .input = g.input,
            .weights = g.weights,
            .output = g.output,
            .position = a->position ? g.position : NULL,
            .output_gradient = g.output_gradient,
            .input_gradient = a->input_gradient ? g.input_gradient : NULL,
            .weight_gradient = a->weight_gradient ? g.weight_gradient : NULL,
            .bias_gradient = a->bias_gradient ? (float *)a->bias_gradient + i * filters : NULL,
            .workspace = g.workspace,
        };
        kernel->run(&g.problem, &one);
        put(p, g.input_gradient, i, channels, sizeof(float), a->n * g.pixels, a->input_gradient);
        put(p, g.weight_gradient, i, filters, sizeof(float), g.taps, a->weight_gradient);
    }
}

#define GROUPS_KERNEL(way)                                                                         \
    static size_t way##_workspace(const void *problem)                                             \
    {                                                                                              \
        group g;                                                                                   \
        return lay_out(&g, problem, CAPAS_FAMILY_conv_##way, NULL);                                \
    }                                                                                              \
    CAPAS_TUNED_KERNEL_OF(conv_##way, conv_##way##_groups, "groups", accepts, way##_workspace, way)

GROUPS_KERNEL(forward);
GROUPS_KERNEL(backward);
