/* Convolution backward: which gradient is made in which way. Three kernels:
 *
 *   few     windows of a few numbers a row, behind a 2x2 pool or none, no input gradient: a
 * network's first layer dense   linear, no pool: nothing is exactly zero lists   ReLU or a pool:
 * only what is live. Where it turns out that most is live, as dense
 *
 * See conv_backward.h for the ways. */
#include "kernels/tuned/conv_backward.h"
#include "kernels/tuned/kernels.h"

enum { FEW_TAPS = 12, FEW_IMAGE_FLOATS = 1 << 16 };

/* Lists pay below this share of live gradients. */
#define DENSE_SHARE 0.75

typedef enum input_way { INPUT_LISTS, INPUT_FLIPPED } input_way;

/* The flipped kernel's rim must not be negative. */
static bool can_flip(const capas_conv_problem *p)
{
    return p->pool.height == 0 && p->stride_height == 1 && p->stride_width == 1 &&
           p->pad_top < p->kernel_height && p->pad_left < p->kernel_width;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t input_workspace(const capas_conv_problem *p, input_way way)
{
    if (!p->wants_input_gradient) return 0;
    return way == INPUT_FLIPPED ? CAPAS_TUNED(capas_conv_input_flipped_workspace)(p)
                                : CAPAS_TUNED(capas_conv_input_lists_workspace)(p);
}

static void clear(const capas_conv_problem *p, const capas_conv_backward_arguments *a)
{
    const size_t weights = (size_t)conv_sizes_of(p).taps * (size_t)p->filters;
    if (a->weight_gradient) memset(a->weight_gradient, 0, weights * sizeof(float));
    if (a->bias_gradient) memset(a->bias_gradient, 0, (size_t)p->filters * sizeof(float));
}

static void run_ways(const capas_conv_problem *p, const capas_conv_backward_arguments *a,
                     const conv_weights_way *weights, input_way input)
{
    if (a->n == 0) {
        clear(p, a);
        return;
    }
    CAPAS_TUNED(capas_conv_weights)(p, a, weights);
    if (!a->input_gradient) return;
    if (input == INPUT_FLIPPED)
        CAPAS_TUNED(capas_conv_input_flipped)(p, a);
    else
        CAPAS_TUNED(capas_conv_input_by_lists)(p, a);
}

static bool few_accepts(const void *problem)
{
    const capas_conv_problem *p = problem;
    const conv_sizes z = conv_sizes_of(p);
    const int64_t image = (int64_t)z.padded_height * z.padded_width * p->channels;
    return conv_is_usual(p) && !p->wants_input_gradient && z.window <= FEW_TAPS &&
           (p->pool.height == 0 || (p->pool.height == 2 && p->pool.width == 2)) &&
           image <= FEW_IMAGE_FLOATS;
}

static size_t few_workspace(const void *problem)
{
    return CAPAS_TUNED(capas_conv_weights_workspace)(problem,
                                                     &CAPAS_TUNED(capas_conv_weights_by_taps));
}

static void few_run(const void *problem, const void *arguments)
{
    run_ways(problem, arguments, &CAPAS_TUNED(capas_conv_weights_by_taps), INPUT_LISTS);
}

static bool dense_accepts(const void *problem)
{
    const capas_conv_problem *p = problem;
    return conv_is_usual(p) && p->pool.height == 0 && p->activation == CAPAS_LINEAR;
}

static input_way dense_input_way(const capas_conv_problem *p)
{
    return can_flip(p) ? INPUT_FLIPPED : INPUT_LISTS;
}

static size_t dense_workspace(const void *problem)
{
    return larger(few_workspace(problem), input_workspace(problem, dense_input_way(problem)));
}

static void dense_run(const void *problem, const void *arguments)
{
    run_ways(problem, arguments, &CAPAS_TUNED(capas_conv_weights_by_taps),
             dense_input_way(problem));
}

static bool lists_accepts(const void *problem)
{
    return conv_is_usual(problem);
}

static size_t lists_workspace(const void *problem)
{
    const capas_conv_problem *p = problem;
    const size_t lists =
        CAPAS_TUNED(capas_conv_weights_workspace)(p, &CAPAS_TUNED(capas_conv_weights_by_lists));
    const size_t by_lists = larger(lists, input_workspace(p, INPUT_LISTS));
    return p->pool.height > 0 ? by_lists : larger(by_lists, dense_workspace(p));
}

/* The share of live gradients in a few images of the batch, spread evenly. */
static double live_share(const capas_conv_problem *p, const capas_conv_backward_arguments *a)
{
    const conv_backward b = conv_backward_of(p, a, false);
    const int samples = conv_smaller(a->n, 4);
    int64_t live = 0;
    for (int i = 0; i < samples; i++) {
        const conv_gradient g = conv_gradient_of(&b, (int64_t)a->n * i / samples);
        for (int64_t j = 0; j < b.sizes.map; j++)
            live += g.gradient[j] != 0.0f && (!g.output || g.output[j] > 0.0f);
    }
    return (double)live / (double)(samples * b.sizes.map);
}

static void lists_run(const void *problem, const void *arguments)
{
    const capas_conv_problem *p = problem;
    if (p->pool.height == 0 && live_share(p, arguments) > DENSE_SHARE)
        dense_run(problem, arguments);
    else
        run_ways(p, arguments, &CAPAS_TUNED(capas_conv_weights_by_lists), INPUT_LISTS);
}

#define CONV_BACKWARD_KERNEL(how)                                                                  \
    static unsigned long how##_runs;                                                               \
    const capas_kernel CAPAS_TUNED(capas_conv_backward_##how) = {                                  \
        .name = "conv_backward " #how " " CAPAS_LEVEL_STRING,                                      \
        .family = CAPAS_FAMILY_conv_backward,                                                      \
        .level = CAPAS_LEVEL,                                                                      \
        .element = CAPAS_FLOAT32,                                                                  \
        .accepts = how##_accepts,                                                                  \
        .workspace = how##_workspace,                                                              \
        .run = how##_run,                                                                          \
        .runs = &how##_runs,                                                                       \
    }

CONV_BACKWARD_KERNEL(few);
CONV_BACKWARD_KERNEL(dense);
CONV_BACKWARD_KERNEL(lists);
