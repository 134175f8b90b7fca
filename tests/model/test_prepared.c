/* Plans that only predict: what is joined and worked into the weights there changes no number
 * beyond rounding, and prepared weights are never those of before. */
#include "support/cmocka.h"
#include "support/network.h"
#include "support/scarce_memory.h"

#include "base/cpu.h"
#include "base/memory.h"
#include "base/option.h"
#include "model/plan_parts.h"
#include <capas/capas.h>
#include <stdio.h>
#include <string.h>

enum { NETWORKS = 60, SIDE = 9, CHANNELS = 5, CLASSES = 4 };

static const capas_cpu_level levels[] = {CAPAS_CPU_PLAIN, CAPAS_CPU_SSE2, CAPAS_CPU_AVX2,
                                         CAPAS_CPU_AVX512, CAPAS_CPU_NEON};

/* A residual block behind a first layer with zeros around it. */
static capas_model *residual_model(void)
{
    capas_graph *graph = capas_graph_new();
    capas_node input = capas_graph_apply(graph, capas_input(SIDE, SIDE, 3), NULL, 0), x = input;
#define APPLY(layer) x = capas_graph_apply(graph, layer, &x, 1)
    APPLY(capas_zero_padding2d(1));
    APPLY(capas_conv2d(CHANNELS, 3));
    APPLY(capas_batch_normalization());
    APPLY(capas_activation_layer(CAPAS_RELU));
    APPLY(capas_zero_padding2d(1));
    APPLY(capas_max_pooling2d(3, .strides = {2, 2}));
    capas_node before = x;
    APPLY(capas_conv2d(7, 3, .padding = CAPAS_SAME, .use_bias = CAPAS_FALSE));
    APPLY(capas_batch_normalization(.scale = CAPAS_FALSE));
    APPLY(capas_activation_layer(CAPAS_RELU));
    APPLY(capas_conv2d(CHANNELS, 1));
    APPLY(capas_batch_normalization(.center = CAPAS_FALSE));
    capas_node both[] = {before, x};
    x = capas_graph_apply(graph, capas_add(), both, 2);
    APPLY(capas_activation_layer(CAPAS_RELU));
    APPLY(capas_global_average_pooling2d());
    APPLY(capas_dense(CLASSES, .activation = CAPAS_SOFTMAX));
#undef APPLY
    return capas_functional(graph, "residual", &input, 1, &x, 1);
}

/* What is cut off is no zero: neither the convolution nor the pool behind may read it. */
static capas_model *cropped_model(void)
{
    return capas_sequential(
        capas_input(SIDE, SIDE, 3), capas_cropping2d(0, .cropping = {1, CAPAS_ZERO, 2, 1}),
        capas_conv2d(CHANNELS, 3, .padding = CAPAS_SAME), capas_activation_layer(CAPAS_RELU),
        capas_cropping2d(1), capas_max_pooling2d(3, .strides = {2, 2}, .padding = CAPAS_SAME),
        capas_flatten(), capas_dense(CLASSES, .activation = CAPAS_SOFTMAX));
}

static capas_plan_options to_predict(int batch)
{
    capas_plan_options options;
    memset(&options, 0, sizeof options);
    options.batch = batch;
    return options;
}

/* By every kernel set, joined and not, as in double with every op by itself. */
static void assert_predicts(network *network, int n)
{
    capas_cpu_level before = capas_cpu();
    network_data data = {.seed = network->seed, .n = n};
    capas_plan_options options = to_predict(n + 2), exact = options;
    exact.element = CAPAS_FLOAT64;
    exact.no_fusion = true;
    network_result want = network_run(network, &exact, &data);
    exact.no_fusion = false;
    network_result joined = network_run(network, &exact, &data);
    assert_true(network_same(network, "double, joined", &joined, &want, 1e-9, true));
    network_result_free(&joined);
    capas_plan_options saving = options;
    saving.saves_memory = true;
    network_result small = network_run(network, &saving, &data);
    assert_true(network_same(network, "saving memory", &small, &want, 1e-4, true));
    network_result_free(&small);
    for (size_t l = 0; l < CAPAS_COUNT(levels); l++) {
        if (!capas_cpu_has(levels[l])) continue;
        assert_true(capas_cpu_force(levels[l]));
        network_result got = network_run(network, &options, &data);
        assert_true(
            network_same(network, capas_cpu_level_name(levels[l]), &got, &want, 1e-4, true));
        network_result_free(&got);
    }
    assert_true(capas_cpu_force(before));
    network_result_free(&want);
}

/* Twice by the same plans, in between with other weights. */
static void predictions_are_those_of_the_layers(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= NETWORKS + 2; seed++) {
        network network = seed <= NETWORKS       ? network_random(seed)
                          : seed == NETWORKS + 1 ? network_of(residual_model(), seed)
                                                 : network_of(cropped_model(), seed);
        assert_predicts(&network, 3);
        for (int w = 0; w < network.model->weight_count; w++) {
            float *values = network.start + network.model->weights[w].offset;
            for (int64_t i = 0; i < network.model->weights[w].count; i++)
                values[i] *= 0.75f;
        }
        assert_predicts(&network, 2);
        network_free(&network);
    }
}

static void a_block_is_three_convolutions(void **state)
{
    (void)state;
    network network = network_of(residual_model(), 1);
    capas_plan_options options = to_predict(1);
    capas_plan *plan;
    assert_int_equal(capas_model_plan(network.model, &options, &plan), CAPAS_OK);
    size_t arena = capas_plan_arena(plan);
    char *text = capas_plan_text(plan);
    int lines = 0;
    for (const char *at = text; *at != '\0'; at++)
        lines += *at == '\n';
    if (lines != 7) fail_msg("not 3 convolutions, 2 pools, dense and softmax, but\n%s", text);
    assert_non_null(strstr(text, "k1x1 f5 s1x1 normalised residual activation"));
    capas_release(text);
    options.no_fusion = true;
    assert_int_equal(capas_model_plan(network.model, &options, &plan), CAPAS_OK);
    assert_true(arena <= capas_plan_arena(plan));
    network_free(&network);
}

static void predict(capas_model *model, float *outputs)
{
    static float images[2 * SIDE * SIDE * 3];
    for (int i = 0; i < 2 * SIDE * SIDE * 3; i++)
        images[i] = (float)(i * 37 % 101) / 101;
    assert_int_equal(capas_predict(model, images, 2, outputs), CAPAS_OK);
}

/* What a model that was never asked before gives: a copy of it. */
static void assert_fresh(capas_model *model)
{
    float got[2 * CLASSES], want[2 * CLASSES];
    capas_model *copy = capas_model_until(model, "dense");
    assert_non_null(copy);
    predict(model, got);
    predict(copy, want);
    assert_memory_equal(got, want, sizeof got);
    capas_model_free(copy);
}

static void weights_are_never_those_of_before(void **state)
{
    (void)state;
    capas_model *model = residual_model();
    assert_fresh(model);
    float before[2 * CLASSES], after[2 * CLASSES];
    predict(model, before);
    assert_int_equal(capas_model_set_seed(model, 77), CAPAS_OK);
    predict(model, after);
    assert_memory_not_equal(before, after, sizeof before);
    assert_fresh(model);

    static float images[8 * SIDE * SIDE * 3];
    static const int32_t labels[8] = {0, 1, 2, 3, 0, 1, 2, 3};
    for (int i = 0; i < 8 * SIDE * SIDE * 3; i++)
        images[i] = (float)(i * 53 % 89) / 89;
    capas_tensor x = {CAPAS_FLOAT32, capas_shape_of(4, 8, SIDE, SIDE, 3), images};
    capas_tensor y = {CAPAS_INT32, capas_shape_of(1, 8), (void *)labels};
    assert_int_equal(capas_compile(model, .optimizer = capas_sgd(.learning_rate = 0.1),
                                   .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY),
                     CAPAS_OK);
    for (int step = 0; step < 3; step++) {
        capas_evaluation evaluation;
        assert_int_equal(capas_train_on_batch(model, &x, &y, 8, &evaluation), CAPAS_OK);
        assert_fresh(model);
    }
    float mean[CHANNELS] = {1, 2, 3, 4, 5};
    assert_int_equal(capas_model_set_weight(model, 4, mean), CAPAS_OK);
    assert_fresh(model);
    capas_model_free(model);
}

static void without_memory_nothing_is_lost(void **state)
{
    (void)state;
    float image[SIDE * SIDE * 3] = {0}, output[CLASSES];
    bool done = false;
    for (long allowed = 0; !done; allowed++) {
        capas_model *model = residual_model();
        assert_non_null(model);
        scarce_memory_begin(allowed);
        capas_status status = capas_predict(model, image, 1, output);
        scarce_memory_begin(-1);
        done = status == CAPAS_OK;
        if (!done) assert_int_equal(status, CAPAS_NO_MEMORY);
        assert_int_equal(capas_predict(model, image, 1, output), CAPAS_OK);
        capas_model_free(model);
        scarce_memory_end();
        assert_true(allowed < 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictions_are_those_of_the_layers),
        cmocka_unit_test(a_block_is_three_convolutions),
        cmocka_unit_test(weights_are_never_those_of_before),
        cmocka_unit_test(without_memory_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
