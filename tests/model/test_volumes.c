/* Convolutions of sequences, images and volumes, and transposed ones, against their definition,
 * with every option: strides, padding, dilation, groups, output_padding, both data formats. The
 * sizes and margins of the transposed ones are worked out here as Keras does it for JAX, which is
 * not how the layers do it. (Keras's own answers are the golden layers; gradients are
 * tests/model/test_gradients.)
 */
#include "support/cmocka.h"

#include "base/philox.h"
#include "model/model.h"
#include <capas/capas.h>
#include <math.h>
#include <stdlib.h>

enum { N = 2, IN = 4, OUT = 6, MOST = 20000 };

/* What a case says, axis by axis: depth, height, width. */
typedef struct volume_case {
    int axes, size[3], kernel[3], strides[3], dilation[3];
    bool same, transpose, first;
    int groups;
    int padding[3]; /* output_padding; -1: None */
} volume_case;

static const volume_case cases[] = {
    {3, {4, 5, 6}, {2, 3, 3}, {1, 1, 1}, {1, 1, 1}, false, false, false, 1, {-1}},
    {3, {5, 4, 3}, {3, 1, 2}, {2, 1, 2}, {1, 1, 1}, true, false, true, 1, {-1}},
    {3, {6, 5, 4}, {2, 3, 2}, {1, 1, 1}, {2, 1, 2}, true, false, false, 1, {-1}},
    {3, {5, 6, 5}, {3, 3, 3}, {1, 2, 1}, {1, 1, 1}, false, false, false, 2, {-1}},
    {3, {7, 3, 4}, {1, 2, 2}, {3, 1, 1}, {1, 1, 1}, false, false, true, 2, {-1}},
    {3, {3, 4, 4}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, true, false, false, 1, {-1}},
    {2, {1, 5, 7}, {1, 3, 2}, {1, 2, 1}, {1, 1, 1}, true, false, true, 2, {-1}},
    {1, {1, 1, 9}, {1, 1, 3}, {1, 1, 1}, {1, 1, 3}, false, false, true, 2, {-1}},
    {1, {1, 1, 7}, {1, 1, 3}, {1, 1, 2}, {1, 1, 1}, true, true, false, 1, {-1, -1, -1}},
    {1, {1, 1, 7}, {1, 1, 4}, {1, 1, 3}, {1, 1, 1}, false, true, true, 1, {-1, -1, 2}},
    {1, {1, 1, 6}, {1, 1, 3}, {1, 1, 1}, {1, 1, 2}, true, true, false, 1, {-1, -1, -1}},
    {2, {1, 4, 5}, {1, 3, 2}, {1, 2, 3}, {1, 1, 1}, false, true, true, 1, {-1, -1, -1}},
    {2, {1, 5, 4}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, true, true, false, 1, {-1, -1, -1}},
    {2, {1, 5, 4}, {1, 2, 3}, {1, 1, 1}, {1, 3, 2}, false, true, false, 1, {-1, -1, -1}},
    {2, {1, 3, 4}, {1, 4, 5}, {1, 2, 3}, {1, 1, 1}, true, true, false, 1, {-1, 1, 2}},
    {3, {3, 2, 4}, {3, 2, 3}, {2, 2, 1}, {1, 1, 1}, true, true, false, 1, {-1, -1, -1}},
    {3, {2, 3, 2}, {2, 3, 1}, {3, 1, 2}, {1, 1, 1}, false, true, true, 1, {-1, -1, -1}},
    {3, {3, 3, 2}, {3, 2, 2}, {2, 2, 2}, {1, 1, 1}, false, true, false, 1, {1, 0, 1}},
    {3, {3, 4, 3}, {2, 1, 2}, {1, 1, 1}, {2, 1, 1}, true, true, false, 1, {-1, -1, -1}},
};

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* Cells of the output along an axis, and what is cut off before them (of a transposed one), or
 * the zeros that are put before. */
static void axis_of(const volume_case *c, int axis, int *output, int *before)
{
    const int n = c->size[axis], s = c->strides[axis], extra = c->padding[axis];
    const int k = (c->kernel[axis] - 1) * c->dilation[axis] + 1;
    if (!c->transpose) {
        *output = c->same ? (n + s - 1) / s : (n - k) / s + 1;
        *before = c->same ? larger((*output - 1) * s + k - n, 0) / 2 : 0;
        return;
    }
    *before = 0;
    if (extra < 0)
        *output = c->same ? n * s : (n - 1) * s + larger(k, s);
    else
        *output = (n - 1) * s + k + extra - (c->same ? 2 * (k / 2) : 0);
    if (!c->same) return;
    const int padded = extra < 0 ? s + k - 2 : k + k % 2 - 2 + extra;
    *before = k - 1 - smaller(padded / 2 + padded % 2, k - 1);
}

/* Elements of a sample in Keras's order; a coordinate counts depth, height, width, channel. */
static int place(const volume_case *c, const int size[3], int channels, const int at[4])
{
    if (c->first) return ((at[3] * size[0] + at[0]) * size[1] + at[1]) * size[2] + at[2];
    return ((at[0] * size[1] + at[1]) * size[2] + at[2]) * channels + at[3];
}

/* Y of all samples: for each cell, tap and channel that meet, one product. */
static void by_definition(const volume_case *c, const float *x, const float *w, const float *bias,
                          double *y)
{
    int output[3], before[3];
    for (int i = 0; i < 3; i++)
        axis_of(c, i, &output[i], &before[i]);
    /* Of a transposed one x is on the side of the strides. */
    const int *near = c->transpose ? output : c->size, *far = c->transpose ? c->size : output;
    const int cells = output[0] * output[1] * output[2], in = IN / c->groups;
    const int taps = c->kernel[0] * c->kernel[1] * c->kernel[2];
    for (int i = 0; i < N * cells * OUT; i++)
        y[i] = bias[c->first ? i / cells % OUT : i % OUT];
    for (int n = 0; n < N; n++)
        for (int cell = 0; cell < far[0] * far[1] * far[2]; cell++)
            for (int tap = 0; tap < taps; tap++) {
                const int from[3] = {cell / far[2] / far[1], cell / far[2] % far[1], cell % far[2]};
                const int t[3] = {tap / c->kernel[2] / c->kernel[1],
                                  tap / c->kernel[2] % c->kernel[1], tap % c->kernel[2]};
                int to[4];
                bool inside = true;
                for (int i = 0; i < 3; i++) {
                    to[i] = from[i] * c->strides[i] + t[i] * c->dilation[i] - before[i];
                    inside &= to[i] >= 0 && to[i] < near[i];
                }
                for (int k = 0; inside && k < OUT; k++)
                    for (int j = 0; j < in; j++) {
                        const int channel = k / (OUT / c->groups) * in + j;
                        const int far_at[4] = {from[0], from[1], from[2],
                                               c->transpose ? channel : k};
                        to[3] = c->transpose ? k : channel;
                        const int f = place(c, far, c->transpose ? IN : OUT, far_at);
                        const int m = place(c, near, c->transpose ? OUT : IN, to);
                        const int weight =
                            c->transpose ? (tap * OUT + k) * IN + j : (tap * in + j) * OUT + k;
                        const int size = c->size[0] * c->size[1] * c->size[2] * IN;
                        y[n * cells * OUT + (c->transpose ? m : f)] +=
                            (double)x[n * size + (c->transpose ? f : m)] * (double)w[weight];
                    }
            }
}

#define OPTIONS                                                                                    \
    .padding = c->same ? CAPAS_SAME : CAPAS_VALID,                                                 \
    .data_format = c->first ? CAPAS_CHANNELS_FIRST : CAPAS_CHANNELS_LAST

static int said(int padding)
{
    return padding < 0 ? CAPAS_NONE : padding == 0 ? CAPAS_ZERO : padding;
}

static capas_layer *layer_of(const volume_case *c)
{
    const int *k = c->kernel, *s = c->strides, *d = c->dilation, *p = c->padding;
    const capas_pair kernel = {k[1], k[2]}, strides = {s[1], s[2]}, dilation = {d[1], d[2]};
    const capas_triple kernel3 = {k[0], k[1], k[2]}, strides3 = {s[0], s[1], s[2]};
    const capas_triple dilation3 = {d[0], d[1], d[2]};
    if (c->axes == 1 && c->transpose)
        return capas_conv1d_transpose(OUT, k[2], .strides = s[2], .dilation_rate = d[2],
                                      .output_padding = said(p[2]), OPTIONS);
    if (c->axes == 1)
        return capas_conv1d(OUT, k[2], .strides = s[2], .dilation_rate = d[2], .groups = c->groups,
                            OPTIONS);
    if (c->axes == 2 && c->transpose)
        return capas_conv2d_transpose(OUT, 1, .kernel_size = kernel, .strides = strides,
                                      .dilation_rate = dilation,
                                      .output_padding = {said(p[1]), said(p[2])}, OPTIONS);
    if (c->axes == 2)
        return capas_conv2d(OUT, 1, .kernel_size = kernel, .strides = strides,
                            .dilation_rate = dilation, .groups = c->groups, OPTIONS);
    if (c->transpose)
        return capas_conv3d_transpose(
            OUT, 1, .kernel_size = kernel3, .strides = strides3, .dilation_rate = dilation3,
            .output_padding = {said(p[0]), said(p[1]), said(p[2])}, OPTIONS);
    return capas_conv3d(OUT, 1, .kernel_size = kernel3, .strides = strides3,
                        .dilation_rate = dilation3, .groups = c->groups, OPTIONS);
}

static capas_model *model_of(const volume_case *c)
{
    int dims[4] = {0};
    dims[c->first ? 0 : c->axes] = IN;
    for (int i = 0; i < c->axes; i++)
        dims[i + (c->first ? 1 : 0)] = c->size[3 - c->axes + i];
    capas_model *model = capas_sequential(capas_input_dims(c->axes + 1, dims), layer_of(c));
    if (capas_model_check(model) != CAPAS_OK) fail_msg("%s", capas_error());
    return model;
}

static void fill(float *value, int64_t count, uint32_t stream)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t word[4];
        capas_philox((capas_random){.seed = 5, .stream = stream}, (uint64_t)i, word);
        value[i] = 2 * capas_uniform(word[0]) - 1;
    }
}

static void all_are_their_definition(void **state)
{
    (void)state;
    static float x[MOST], w[MOST], y[MOST];
    static double want[MOST];
    float bias[OUT];
    fill(x, MOST, 0);
    fill(w, MOST, 1);
    fill(bias, OUT, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const volume_case *c = &cases[i];
        capas_model *model = model_of(c);
        int output[3], before;
        for (int a = 0; a < 3; a++)
            axis_of(c, a, &output[a], &before);
        assert_int_equal(capas_model_set_weight(model, 0, w), CAPAS_OK);
        assert_int_equal(capas_model_set_weight(model, 1, bias), CAPAS_OK);
        assert_int_equal(capas_predict(model, x, N, y), CAPAS_OK);
        by_definition(c, x, w, bias, want);
        const int count = N * output[0] * output[1] * output[2] * OUT;
        assert_true(count <= MOST);
        for (int j = 0; j < count; j++)
            if (!(fabs((double)y[j] - want[j]) < 1e-4))
                fail_msg("case %zu: output %d is %g, not %g", i, j, (double)y[j], want[j]);
        capas_model_free(model);
    }
}

static void expect_refused(capas_layer *layer, const char *sentence)
{
    capas_model *model = capas_sequential(capas_input(2, 3, 4, 1), layer);
    assert_int_not_equal(capas_model_check(model), CAPAS_OK);
    assert_string_equal(capas_error(), sentence);
    capas_model_free(model);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    expect_refused(capas_conv3d(1, 3),
                   "layer conv3d: the kernel 3x3x3 is larger than its input 2x3x4; use padding "
                   "\"same\", a smaller kernel_size, or less pooling before it");
    expect_refused(capas_max_pooling3d(3),
                   "layer max_pooling3d: the window 3x3x3 is larger than its input 2x3x4; use "
                   "padding \"same\", a smaller pool_size, or fewer layers before it");
    expect_refused(capas_cropping3d(1), "layer cropping3d: nothing is left of its input 2x3x4; "
                                        "crop less");
    expect_refused(capas_conv2d(1, 3), "layer conv2d: takes images (None, height, width, "
                                       "channels), found (None, 2, 3, 4, 1); it must come before "
                                       "a Flatten or Dense");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_their_definition),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
