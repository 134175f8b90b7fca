/* A trained network as a layer of a recipe: its weights, frozen or not, what bytes are to it; a
 * model from a file cut at a layer, and a network by name. */
#include "model/model.h"
#include "support/cmocka.h"
#include "support/program.h"

#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
#define HEAD                                                                                       \
    "compile: {optimizer: sgd, loss: sparse_categorical_crossentropy}\n"                           \
    "fit: {epochs: 1}\n"

static capas_model *open_recipe(const char *text)
{
    put_file("transfer.yaml", text);
    capas_recipe *recipe = capas_recipe_load("transfer.yaml", NULL, 0);
    if (!recipe) return NULL;
    capas_model *model = capas_recipe_model(recipe, 5);
    capas_recipe_free(recipe);
    return model;
}

static void save_base(const char *path)
{
    capas_preprocessing bytes;
    capas_model *base = capas_sequential(
        capas_input(8, 8, 3), capas_conv2d(4, 3, .activation = CAPAS_RELU, .name = "conv"),
        capas_batch_normalization(.name = "bn"), capas_global_average_pooling2d(.name = "features"),
        capas_dense(7, .name = "classes"));
    capas_preprocessing_by_name("caffe", &bytes);
    assert_int_equal(capas_model_set_preprocessing(base, &bytes), CAPAS_OK);
    capas_model_set_seed(base, 99);
    if (capas_save(base, path) != CAPAS_OK) fail_msg("%s", capas_error());
    capas_model_free(base);
}

static void assert_same_weight(const capas_model *a, const capas_model *b, const char *layer,
                               const char *weight, int count)
{
    static float first[2048], second[2048];
    int i = capas_model_find_weight(a, layer, weight),
        j = capas_model_find_weight(b, layer, weight);
    assert_true(i >= 0 && j >= 0 && count <= 2048);
    assert_int_equal(capas_model_get_weight(a, i, first), CAPAS_OK);
    assert_int_equal(capas_model_get_weight(b, j, second), CAPAS_OK);
    assert_memory_equal(first, second, (size_t)count * sizeof *first);
}

/* One epoch on a few pictures. */
static void train(capas_model *model)
{
    static uint8_t pictures[16 * 8 * 8 * 3];
    int32_t labels[16];
    for (size_t i = 0; i < sizeof pictures; i++)
        pictures[i] = (uint8_t)(i * 37);
    for (int i = 0; i < 16; i++)
        labels[i] = i % 3;
    capas_dataset *data = capas_dataset_from_arrays(
        (capas_tensor){CAPAS_UINT8, capas_shape_of(4, 16, 8, 8, 3), pictures},
        (capas_tensor){CAPAS_INT32, capas_shape_of(1, 16), labels}, 1);
    if (capas_fit(model, data, .epochs = 2, .batch_size = 4) != CAPAS_OK)
        fail_msg("%s", capas_error());
    capas_dataset_free(data);
}

static void keeps_what_was_learned(void **state)
{
    (void)state;
    save_base("base.keras");
    capas_model *base = capas_load("base.keras");
    for (int frozen = 0; frozen < 2; frozen++) {
        char text[512];
        snprintf(text, sizeof text,
                 "model:\n  - Input: {shape: [8, 8, 3]}\n"
                 "  - Network: {file: base.keras, until: features%s}\n"
                 "  - Dense: {units: 3, activation: softmax}\n" HEAD,
                 frozen ? ", trainable: false" : "");
        capas_model *model = open_recipe(text);
        if (!model) fail_msg("%s", capas_error());
        capas_preprocessing bytes;
        assert_int_equal(capas_model_preprocessing(model, &bytes), CAPAS_OK);
        assert_true(bytes.bgr && bytes.channel_mean[2] == 123.68 && isnan(bytes.mean));
        assert_same_weight(base, model, "conv", "kernel", 3 * 3 * 3 * 4);
        assert_same_weight(base, model, "bn", "moving_variance", 4);
        assert_int_equal(capas_model_find_weight(model, "classes", "kernel"), -1);
        float before[12], after[12], conv[108], kept[108];
        int head = capas_model_find_weight(model, "dense", "kernel"),
            first = capas_model_find_weight(model, "conv", "kernel");
        capas_model_get_weight(model, head, before);
        capas_model_get_weight(model, first, kept);
        train(model);
        capas_model_get_weight(model, head, after);
        capas_model_get_weight(model, first, conv);
        assert_memory_not_equal(before, after, sizeof before);
        assert_int_equal(memcmp(kept, conv, sizeof kept) == 0, frozen);
        if (frozen) assert_same_weight(base, model, "bn", "moving_mean", 4);
        capas_model_free(model);
    }
    capas_model_free(base);
}

static void takes_networks_by_name(void **state)
{
    (void)state;
    capas_shape small = {3, {32, 32, 3}};
    capas_model *body =
        capas_mobilenet_v2(.alpha = 0.35, .input_shape = small, .include_top = CAPAS_FALSE);
    assert_int_equal(capas_save_weights(body, "body.weights.h5"), CAPAS_OK);
    capas_model *model = open_recipe(
        "model:\n  - Input: {shape: [32, 32, 3]}\n"
        "  - Network: {application: MobileNetV2, alpha: 0.35, input_shape: [32, 32, 3],\n"
        "              pooling: avg, weights: body.weights.h5, trainable: false}\n"
        "  - Dense: {units: 3, activation: softmax}\n" HEAD);
    if (!model) fail_msg("%s", capas_error());
    assert_same_weight(body, model, "Conv1", "kernel", 432);
    assert_same_weight(body, model, "Conv_1_bn", "gamma", 1280);
    capas_preprocessing bytes;
    assert_int_equal(capas_model_preprocessing(model, &bytes), CAPAS_OK);
    assert_true(bytes.scale == 1 / 127.5 && bytes.offset == -1);
    int trained = 0;
    for (int w = 0; w < capas_model_weight_count(model); w++) {
        capas_weight_info info;
        assert_int_equal(capas_model_weight_info(model, w, &info), CAPAS_OK);
        trained += info.trainable;
    }
    assert_int_equal(trained, 2);
    capas_model_free(body);
    capas_model_free(model);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *network, *part;
    } cases[] = {
        {"Network", "line 2: Network: it needs an application"},
        {"Network: {aplication: vgg16}", "it needs an application"},
        {"Network: {application: vgg17}", "did you mean \"vgg16\"?"},
        {"Network: {application: vgg16, top: true}", "top"},
        {"Network: {application: vgg16, alpha: wide}", "alpha must be a number"},
        {"Network: {application: vgg16, alpha: 0.5}", "it has no option alpha"},
        {"Network: {application: vgg16, input_shape: [32, 32]}", "a height, a width and channels"},
        {"Network: {application: vgg16, pooling: mean}", "pooling must be avg or max"},
        {"Network: {file: base.keras, trainable: 1}", "trainable must be true or false"},
        {"Network: {file: base.keras, until: feature}", "did you mean \"features\"?"},
        {"Network: {file: none.keras}", "none.keras cannot be opened"},
        {"Network: {file: base.keras, weights: none.h5}", "none.h5 cannot be opened"},
        {"Network: {file: 7}", "file must be a text"},
    };
    save_base("base.keras");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, "model:\n  - %s\n  - Dense: {units: 3}\n" HEAD,
                 cases[i].network);
        capas_model *model = open_recipe(text);
        assert_null(model);
        if (!strstr(capas_error(), cases[i].part) || !strstr(capas_error(), "transfer.yaml"))
            fail_msg("\"%s\" lacks \"%s\"", capas_error(), cases[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_was_learned),
        cmocka_unit_test(takes_networks_by_name),
        cmocka_unit_test(says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
    return 0;
}
#endif
