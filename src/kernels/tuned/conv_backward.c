/* Convolution backward: which gradient is made in which way (conv_backward.h has them all). Two
 * kernels:
 *
 *   few     windows with a few numbers a row, behind a 2x2 pool or none, no input gradient: a
 *           network's first layer. Weights by taps
 *   live    any: weights and input by lists of what is live. Without a pool, where most is live,
 *           there is nothing to be had from that: then weights by taps or by Winograd's way, input
 *           flipped */
#include "kernels/tuned/conv_backward.h"
#include "kernels/tuned/kernels.h"

enum { FEW_TAPS = 12, FEW_IMAGE_FLOATS = 1 << 16 };

/* Where the permutation by position is one instruction. */
#if CAPAS_VECTOR > 4 || defined(__ARM_NEON)
static const bool has_quads = true;
#else
static const bool has_quads = false;
#endif

static void clear_weights(const capas_conv_problem *p, const capas_conv_backward_arguments *a)
{
    const size_t weights = (size_t)conv_sizes_of(p).taps * (size_t)p->filters;
    if (a->weight_gradient) memset(a->weight_gradient, 0, weights * sizeof(float));
    if (a->bias_gradient) memset(a->bias_gradient, 0, (size_t)p->filters * sizeof(float));
}

static bool few_accepts(const void *problem)
{
    const capas_conv_problem *p = problem;
    const conv_sizes z = conv_sizes_of(p);
    const int64_t image = (int64_t)z.padded_height * z.padded_width * p->channels;
    return conv_is_usual(p) && !p->wants_input_gradient && z.window <= FEW_TAPS &&
           image <= FEW_IMAGE_FLOATS &&
           (p->pool.height == 0 || (has_quads && p->pool.height == 2 && p->pool.width == 2));
}

static size_t few_workspace(const void *problem)
{
    return CAPAS_TUNED(capas_conv_weights_workspace)(problem,
                                                     &CAPAS_TUNED(capas_conv_weights_by_taps));
}

static void few_run(const void *problem, const void *arguments)
{
    const capas_conv_backward_arguments *a = arguments;
    if (a->n == 0)
        clear_weights(problem, a);
    else
        CAPAS_TUNED(capas_conv_weights)(problem, a, &CAPAS_TUNED(capas_conv_weights_by_taps));
}

static bool live_accepts(const void *problem)
{
    return conv_is_usual(problem);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* One way's memory serves the next. */
static size_t live_workspace(const void *problem)
{
    const capas_conv_problem *p = problem;
    size_t most =
        CAPAS_TUNED(capas_conv_weights_workspace)(p, &CAPAS_TUNED(capas_conv_weights_by_lists));
    if (p->pool.height == 0)
        most = larger(most, CAPAS_TUNED(capas_conv_weights_workspace)(
                                p, &CAPAS_TUNED(capas_conv_weights_by_taps)));
    if (CAPAS_TUNED(capas_conv_winograd_weights_fit)(p))
        most = larger(most, CAPAS_TUNED(capas_conv_weights_workspace)(
                                p, &CAPAS_TUNED(capas_conv_weights_by_winograd)));
    if (p->wants_input_gradient) most = larger(most, CAPAS_TUNED(capas_conv_input_workspace)(p));
    return most;
}

static int64_t count_live(const conv_gradient *g, int64_t count)
{
    int64_t live = 0;
    for (int64_t i = 0; i < count; i += CAPAS_VECTOR) {
        const int64_t left = count - i;
        vfloat value = conv_live(g, i, left < CAPAS_VECTOR ? (int)left : CAPAS_VECTOR);
        live += __builtin_popcount(v_bits(value != 0.0f));
    }
    return live;
}

/* The share of live gradients in a few images of the batch, spread evenly. */
static double live_share(const capas_conv_problem *p, const capas_conv_backward_arguments *a)
{
    const conv_backward b = conv_backward_of(p, a, false);
    const int samples = conv_smaller(a->n, 4);
    int64_t live = 0;
    for (int i = 0; i < samples; i++) {
        const conv_gradient g = conv_gradient_of(&b, (int64_t)a->n * i / samples);
        live += count_live(&g, b.sizes.map);
    }
    return (double)live / (double)(samples * b.sizes.map);
}

/* An entry of a list costs about as much as four vectors of its tile, before it does any work. */
static double share_where_lists_pay(const capas_conv_problem *p,
                                    const capas_conv_backward_arguments *a)
{
    const conv_backward b = conv_backward_of(p, a, false);
    const conv_tiling t = conv_list_tiling_of(&b).tiling;
    const double sums = t.rows * t.columns;
    return sums / (sums + 4);
}

/* Winograd's way takes so much of the dense one's time. */
static const double winograd_weights_time = 0.7;

static const conv_weights_way *weights_way(const capas_conv_problem *p, double live, double share)
{
    if (p->pool.height > 0) return &CAPAS_TUNED(capas_conv_weights_by_lists);
    if (CAPAS_TUNED(capas_conv_winograd_weights_fit)(p))
        return live > winograd_weights_time * share ? &CAPAS_TUNED(capas_conv_weights_by_winograd)
                                                    : &CAPAS_TUNED(capas_conv_weights_by_lists);
    return live > share ? &CAPAS_TUNED(capas_conv_weights_by_taps)
                        : &CAPAS_TUNED(capas_conv_weights_by_lists);
}

static void live_run(const void *problem, const void *arguments)
{
    const capas_conv_problem *p = problem;
    const capas_conv_backward_arguments *a = arguments;
    if (a->n == 0) {
        clear_weights(p, a);
        return;
    }
    const double live = p->steady ? 1 : p->pool.height == 0 ? live_share(p, a) : 0;
    const double share = share_where_lists_pay(p, a);
    CAPAS_TUNED(capas_conv_weights)(p, a, weights_way(p, live, share));
    if (a->input_gradient) CAPAS_TUNED(capas_conv_input)(p, a, live, share);
}

CAPAS_TUNED_KERNEL_OF(conv_backward, conv_backward_few, "few", few_accepts, few_workspace, few_run);
CAPAS_TUNED_KERNEL_OF(conv_backward, conv_backward_live, "live", live_accepts, live_workspace,
                      live_run);
