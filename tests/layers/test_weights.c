/* How weights start: the ranges and deviations of Keras's initializers, seeds, and an order that
 * does not depend on how a weight lies in memory. */
#include "base/memory.h"
#include "base/text.h"
#include "layers/layer.h"
#include "support/cmocka.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct statistics {
    double mean, deviation, least, most;
} statistics;

static statistics of(const float *values, int64_t count)
{
    statistics s = {0, 0, INFINITY, -INFINITY};
    double squares = 0;
    for (int64_t i = 0; i < count; i++) {
        s.mean += values[i] / (double)count;
        squares += (double)values[i] * values[i] / (double)count;
        s.least = fmin(s.least, values[i]);
        s.most = fmax(s.most, values[i]);
    }
    s.deviation = sqrt(squares - s.mean * s.mean);
    return s;
}

static capas_weight weight_of(capas_shape shape, capas_initializer initializer)
{
    return (capas_weight){.name = "kernel", .shape = shape, .initializer = initializer};
}

/* A convolution of 3x3 over 32 channels to 64: fan_in 288, fan_out 576. */
static const capas_shape kernel = {4, {3, 3, 32, 64}};
enum { KERNEL_COUNT = 3 * 3 * 32 * 64 };

static statistics drawn(capas_initializer initializer)
{
    static float values[KERNEL_COUNT];
    capas_weight weight = weight_of(kernel, initializer);
    capas_weight_initialize(&weight, 5, CAPAS_STREAM_WEIGHTS, values);
    return of(values, KERNEL_COUNT);
}

static void assert_near(double got, double want, double tolerance)
{
    if (fabs(got - want) > tolerance) fail_msg("%g is not near %g", got, want);
}

static void assert_uniform(capas_initializer initializer, double limit)
{
    statistics s = drawn(initializer);
    assert_true(s.least >= -limit && s.most < limit);
    assert_near(s.least, -limit, 0.001 * limit);
    assert_near(s.most, limit, 0.001 * limit);
    assert_near(s.mean, 0, 0.02 * limit);
    assert_near(s.deviation, limit / sqrt(3), 0.01 * limit);
}

/* Cut at two deviations of the normal it is drawn from, whose own deviation is larger. */
static void assert_truncated(capas_initializer initializer, double deviation)
{
    statistics s = drawn(initializer);
    double cut = 2 * deviation / 0.87962566103423978;
    assert_true(s.least >= -cut && s.most <= cut);
    assert_near(s.most, cut, 0.02 * cut);
    assert_near(s.mean, 0, 0.03 * deviation);
    assert_near(s.deviation, deviation, 0.02 * deviation);
}

/* The columns of a tall matrix, or the rows of a wide one, are at right angles and `gain` long. */
static void check_orthogonal(int rows, int columns)
{
    static float values[12 * 12];
    const double gain = 2;
    capas_weight weight = weight_of(capas_shape_of(2, rows, columns), capas_orthogonal(gain));
    capas_weight_initialize(&weight, 5, CAPAS_STREAM_WEIGHTS, values);
    bool wide = rows < columns;
    int count = wide ? rows : columns, length = wide ? columns : rows;
    for (int a = 0; a < count; a++)
        for (int b = 0; b <= a; b++) {
            double sum = 0;
            for (int e = 0; e < length; e++)
                sum += wide ? (double)values[a * columns + e] * values[b * columns + e]
                            : (double)values[e * columns + a] * values[e * columns + b];
            assert_near(sum, a == b ? gain * gain : 0, 1e-5);
        }
}

static void other_initializers(void **state)
{
    (void)state;
    statistics s = drawn(capas_random_uniform(1, 3));
    assert_true(s.least >= 1 && s.most < 3);
    assert_near(s.mean, 2, 0.02);
    s = drawn(capas_random_normal(1, 0.5));
    assert_near(s.mean, 1, 0.02);
    assert_near(s.deviation, 0.5, 0.01);
    assert_true(s.most > 1 + 3 * 0.5); /* not cut */
    s = drawn(capas_truncated_normal(1, 0.5));
    assert_true(s.least >= 0 && s.most <= 2);
    assert_near(s.deviation, 0.5 * 0.87962566103423978, 0.01);
    check_orthogonal(12, 5);
    check_orthogonal(5, 12);
    check_orthogonal(1, 1);
    float identity[6];
    capas_weight weight = weight_of(capas_shape_of(2, 2, 3), capas_identity(4));
    capas_weight_initialize(&weight, 5, CAPAS_STREAM_WEIGHTS, identity);
    const float want[6] = {4, 0, 0, 0, 4, 0};
    assert_memory_equal(identity, want, sizeof want);
}

static void initializers_have_keras_ranges(void **state)
{
    (void)state;
    assert_uniform(capas_glorot_uniform(), sqrt(6.0 / (288 + 576)));
    assert_uniform(capas_he_uniform(), sqrt(6.0 / 288));
    assert_uniform(capas_lecun_uniform(), sqrt(3.0 / 288));
    assert_truncated(capas_glorot_normal(), sqrt(2.0 / (288 + 576)));
    assert_truncated(capas_he_normal(), sqrt(2.0 / 288));
    assert_truncated(capas_lecun_normal(), sqrt(1.0 / 288));
    statistics constant = drawn(capas_constant(-0.25)), ones = drawn(capas_ones());
    assert_true(constant.least == -0.25 && constant.most == -0.25);
    assert_true(ones.least == 1 && ones.most == 1);
    assert_true(drawn(capas_zeros()).most == 0);
}

/* A vector has as many connections in as out. */
static void a_vector_may_be_drawn_too(void **state)
{
    (void)state;
    static float values[5000];
    capas_weight weight = weight_of((capas_shape){1, {5000}}, capas_glorot_uniform());
    capas_weight_initialize(&weight, 1, CAPAS_STREAM_WEIGHTS, values);
    double limit = sqrt(6.0 / 10000);
    assert_near(of(values, 5000).most, limit, 0.01 * limit);
}

static void seeds_decide(void **state)
{
    (void)state;
    float a[12], b[12];
    const capas_shape shape = {2, {3, 4}};
    capas_weight weight = weight_of(shape, capas_glorot_uniform());
    capas_weight_initialize(&weight, 7, 100, a);
    capas_weight_initialize(&weight, 7, 100, b);
    assert_memory_equal(a, b, sizeof a);
    capas_weight_initialize(&weight, 8, 100, b);
    assert_memory_not_equal(a, b, sizeof a);
    capas_weight_initialize(&weight, 7, 101, b);
    assert_memory_not_equal(a, b, sizeof a);
    /* As in Keras, a seed of the initializer's own gives the same numbers anywhere. */
    weight.initializer = capas_seeded(capas_glorot_uniform(), 3);
    capas_weight_initialize(&weight, 7, 100, a);
    capas_weight_initialize(&weight, 8, 101, b);
    assert_memory_equal(a, b, sizeof a);
}

static void tiled_weights_come_back(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {{1, 1}, {5, 3}, {16, 16}, {113, 7}, {784, 10}, {300, 40}};
    for (size_t s = 0; s < CAPAS_COUNT(sizes); s++) {
        capas_weight weight =
            weight_of((capas_shape){2, {sizes[s][0], sizes[s][1]}}, capas_zeros());
        weight.layout = CAPAS_LAYOUT_TILED;
        int64_t count = sizes[s][0] * sizes[s][1], padded = capas_weight_count(&weight);
        assert_true(padded >= count);
        float *plain = malloc((size_t)count * sizeof *plain);
        float *back = malloc((size_t)count * sizeof *back);
        float *block = malloc((size_t)padded * sizeof *block);
        assert_true(plain && back && block);
        memset(block, 0xff, (size_t)padded * sizeof *block);
        double sum = 0, block_sum = 0;
        for (int64_t i = 0; i < count; i++)
            sum += plain[i] = (float)(i % 1000 + 1);
        capas_weight_pack(&weight, plain, block);
        capas_weight_unpack(&weight, block, back);
        for (int64_t i = 0; i < padded; i++)
            block_sum += block[i];
        assert_memory_equal(plain, back, (size_t)count * sizeof *plain);
        assert_true(sum == block_sum); /* the padding is zero */
        free(plain);
        free(back);
        free(block);
    }
}

/* [depth, height, width, a, b] as [height, width, depth, a, b]. */
static void volume_kernels_come_back(void **state)
{
    (void)state;
    enum { D = 3, H = 2, W = 4, TAP = 6, COUNT = D * H * W * TAP };
    capas_weight weight = weight_of((capas_shape){5, {D, H, W, 2, 3}}, capas_zeros());
    float plain[COUNT], block[COUNT], back[COUNT];
    weight.layout = CAPAS_LAYOUT_DEPTH_INSIDE;
    assert_int_equal(capas_weight_count(&weight), COUNT);
    for (int i = 0; i < COUNT; i++)
        plain[i] = (float)i;
    capas_weight_pack(&weight, plain, block);
    capas_weight_unpack(&weight, block, back);
    assert_memory_equal(plain, back, sizeof plain);
    for (int d = 0; d < D; d++)
        for (int pixel = 0; pixel < H * W; pixel++)
            for (int i = 0; i < TAP; i++)
                assert_true(block[(pixel * D + d) * TAP + i] ==
                            plain[(d * H * W + pixel) * TAP + i]);
}

static void layers_declare_keras_weights(void **state)
{
    (void)state;
    capas_layer *normalization = capas_batch_normalization(), *dense = capas_dense(3),
                *bare = capas_conv2d(4, 3, .use_bias = CAPAS_FALSE),
                *centred = capas_batch_normalization(.scale = CAPAS_FALSE);
    static const char *const names[] = {"gamma", "beta", "moving_mean", "moving_variance"};
    capas_shape image = {4, {CAPAS_ANY, 5, 5, 2}}, output;
    assert_int_equal(capas_layer_build(normalization, &image, 1, &output), CAPAS_OK);
    assert_int_equal(capas_layer_build(dense, &image, 1, &output), CAPAS_OK);
    assert_int_equal(capas_layer_build(bare, &image, 1, &output), CAPAS_OK);
    assert_int_equal(capas_layer_build(centred, &image, 1, &output), CAPAS_OK);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(normalization->weights[i].name, names[i]);
        assert_int_equal(normalization->weights[i].trainable, i < 2);
    }
    assert_int_equal(centred->weight_count, 3);
    assert_string_equal(centred->weights[0].name, "beta");
    assert_int_equal(dense->weights[0].layout, CAPAS_LAYOUT_TILED);
    assert_int_equal(dense->weights[1].layout, CAPAS_LAYOUT_PLAIN);
    assert_int_equal(bare->weight_count, 1);
    assert_int_equal(bare->weights[0].layout, CAPAS_LAYOUT_PLAIN);
    capas_layer_free(normalization);
    capas_layer_free(dense);
    capas_layer_free(bare);
    capas_layer_free(centred);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initializers_have_keras_ranges),
        cmocka_unit_test(other_initializers),
        cmocka_unit_test(a_vector_may_be_drawn_too),
        cmocka_unit_test(seeds_decide),
        cmocka_unit_test(tiled_weights_come_back),
        cmocka_unit_test(volume_kernels_come_back),
        cmocka_unit_test(layers_declare_keras_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
