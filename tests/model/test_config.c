/* Configurations of models: Keras's files come back key by key, ours too; and nothing that a
 * file may hold does more harm than a sentence. */
#include "base/memory.h"
#include "files/json.h"
#include "model/model.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/scarce_memory.h"
#include "support/tree.h"
#include <capas/capas.h>
#include <stdio.h>
#include <string.h>

/* Reads, and writes the same again but for how it was compiled. */
static void assert_comes_back(capas_value *config)
{
    capas_model *model = capas_model_from_config(config);
    if (!model) fail_msg("%s", capas_error());
    capas_value_free(capas_value_take(config, "compile_config"));
    assert_model_writes(model, config);
    capas_model_free(model);
    capas_value_free(config);
}

static void keras_chain_comes_back(void **state)
{
    (void)state;
    assert_comes_back(golden_tree("files/cnn_k3.json"));
}

static void the_golden_networks_come_back(void **state)
{
    (void)state;
    static const char *const runs[] = {"conv_adam", "conv_bn_rmsprop_l2", "mlp_selu_sgd"};
    for (size_t i = 0; i < CAPAS_COUNT(runs); i++) {
        char path[128];
        snprintf(path, sizeof path, "training/%s/run.json", runs[i]);
        if (!golden_exists("%s", path)) continue;
        capas_value *run = golden_tree(path), *given = capas_value_take(run, "model");
        if (given->kind == CAPAS_VALUE_STRING) {
            capas_value *parsed = capas_json_read(given->string, strlen(given->string), path);
            capas_value_free(given);
            given = parsed;
        }
        assert_non_null(given);
        assert_comes_back(given);
        capas_value_free(run);
    }
}

static void layers_that_are_not_there_are_named(void **state)
{
    (void)state;
    capas_value *config = golden_tree("files/rnn_k3.json");
    capas_model *model = capas_model_from_config(config);
    if (!model) fail_msg("%s", capas_error());
    capas_model_free(model);
    const capas_value *layers = capas_value_get(capas_value_get(config, "config"), "layers");
    const capas_value *head = layers->items[layers->count - 1];
    layers = capas_value_get(capas_value_get(head, "config"), "layers");
    capas_value_set(layers->items[1], "class_name", capas_value_string("Dens"));
    assert_null(capas_model_from_config(config));
    assert_non_null(strstr(capas_error(), "layer head: layer h1: "));
    assert_non_null(strstr(capas_error(), "did you mean \"Dense\"?"));
    capas_value_free(config);
}

/* Two inputs and outputs, a layer used twice, dropout and batch normalisation with the arguments
 * that Keras writes for them: from Keras 3.15.1. */
#define TENSOR(shape, layer, use)                                                                  \
    "{'class_name': '__keras_tensor__', 'config': {'shape': " shape ", 'dtype': 'float32', "       \
    "'keras_history': ['" layer "', " use ", 0]}}"
#define POLICY                                                                                     \
    "'dtype': {'module': 'keras', 'class_name': 'DTypePolicy', 'config': {'name': 'float32'}, "    \
    "'registered_name': null}"
#define INPUT(name)                                                                                \
    "{'module': 'keras.layers', 'class_name': 'InputLayer', 'config': {'batch_shape': [null, 4], " \
    "'dtype': 'float32', 'sparse': false, 'ragged': false, 'name': '" name                         \
    "', 'optional': false}, 'registered_name': null, 'name': '" name "', 'inbound_nodes': []}"
#define LAYER(class, name, config, extra, nodes)                                                   \
    "{'module': 'keras.layers', 'class_name': '" class "', 'config': {'name': '" name              \
                                                       "', 'trainable': true, " POLICY config      \
                                                       "}, 'registered_name': null, " extra        \
                                                       "'name': '" name                            \
                                                       "', 'inbound_nodes': [" nodes "]}"
static const char graph[] =
    "{'module': 'keras.src.models.functional', 'class_name': 'Functional', 'config': {'name': "
    "'functional', 'trainable': true, 'layers': [" INPUT("a") ", " INPUT("b") ", " LAYER(
        "Activation", "act", ", 'activation': 'elu'", "",
        "{'args': [" TENSOR(
            "[null, 4]", "a",
            "0") "], 'kwargs': {}}, "
                 "{'args': [" TENSOR(
                     "[null, 4]", "b",
                     "0") "], 'kwargs': {}}") ", " LAYER("Dropout", "drop",
                                                         ", 'rate': 0.25, 'seed': 3, "
                                                         "'noise_shape': null",
                                                         "",
                                                         "{'args': [" TENSOR(
                                                             "[null, 4]", "act",
                                                             "1") "], 'kwargs': {'training': "
                                                                  "false}}") ", " LAYER("Add",
                                                                                        "add", "",
                                                                                        "'build_"
                                                                                        "config': "
                                                                                        "{'input_"
                                                                                        "shape': "
                                                                                        "[[null, "
                                                                                        "4], "
                                                                                        "[null, "
                                                                                        "4]]}, ",
                                                                                        "{'args': "
                                                                                        "[[" TENSOR("[null, 4]", "act", "0") ", " TENSOR(
                                                                                            "[null,"
                                                                                            " 4]",
                                                                                            "drop",
                                                                                            "0") "]"
                                                                                                 "]"
                                                                                                 ","
                                                                                                 " "
                                                                                                 "'"
                                                                                                 "k"
                                                                                                 "w"
                                                                                                 "a"
                                                                                                 "r"
                                                                                                 "g"
                                                                                                 "s"
                                                                                                 "'"
                                                                                                 ":"
                                                                                                 " "
                                                                                                 "{"
                                                                                                 "}"
                                                                                                 "}") "], 'input_layers': [['a', 0, 0], ['b', 0, 0]], 'output_layers': [['add', 0, 0], ['drop', 0, "
                                                                                                      "0]]}, 'registered_name': 'Functional', 'build_config': {'input_shape': null}}";

static void keras_graph_comes_back(void **state)
{
    (void)state;
    assert_comes_back(tree(graph));
}

/* The dtype of an input travels on; what is computed is float32 all the same. */
static void an_input_of_bytes_is_computed_in_floats(void **state)
{
    (void)state;
    capas_model *model = tree_model(
        "{'class_name': 'Sequential', 'config': {'layers': [{'class_name': 'InputLayer', 'config': "
        "{'batch_shape': [null, 4], 'dtype': 'uint8'}}, {'class_name': 'Rescaling', 'config': "
        "{'scale': 0.5}}]}}");
    const float x[8] = {1, 2, 3, 4, 5, 6, 7, 255};
    float y[8] = {0};
    if (!model || capas_predict(model, x, 2, y) != CAPAS_OK) fail_msg("%s", capas_error());
    for (int i = 0; i < 8; i++)
        assert_true(y[i] == x[i] / 2);
    capas_value *config = capas_layer_config(model->layers[0]);
    assert_string_equal(capas_value_get(config, "dtype")->string, "uint8");
    capas_value_free(config);
    capas_model_free(model);
}

static void a_frozen_model_is_frozen(void **state)
{
    (void)state;
    capas_model *model =
        tree_model("{'class_name': 'Sequential', 'config': {'trainable': false, 'layers': ["
                   "{'class_name': 'InputLayer', 'config': {'batch_shape': [null, 4]}}, "
                   "{'class_name': 'Dense', 'config': {'units': 2}}]}}");
    capas_weight_info info;
    assert_int_equal(capas_model_weight_info(model, 0, &info), CAPAS_OK);
    assert_false(info.trainable);
    capas_model_free(model);
}

/* Every value of a good configuration replaced by others in turn: a sentence or a model, no more.
 */
static void damage(capas_value *root, capas_value *at, int *tried)
{
    static const char *const others[] = {"null", "[]",   "{}",    "-1",       "'x'",
                                         "1e30", "true", "[[0]]", "[null, 4]"};
    for (size_t i = 0; i < at->count; i++) {
        capas_value *kept = at->items[i];
        for (size_t k = 0; k < CAPAS_COUNT(others); k++) {
            at->items[i] = tree(others[k]);
            capas_model *model = capas_model_from_config(root);
            capas_model_free(model);
            capas_value_free(at->items[i]);
            ++*tried;
        }
        at->items[i] = kept;
        damage(root, kept, tried);
    }
}

static void damaged_configurations_do_no_harm(void **state)
{
    (void)state;
    int tried = 0;
    capas_value *root = tree(graph), *chain = golden_tree("files/cnn_k3.json");
    damage(root, root, &tried);
    damage(chain, chain, &tried);
    print_message("%d damaged configurations\n", tried);
    capas_value_free(root);
    capas_value_free(chain);
}

static void nothing_is_lost_without_memory(void **state)
{
    (void)state;
    capas_value *config = tree(graph);
    long allowed = 0;
    for (bool done = false; !done; allowed++) {
        scarce_memory_begin(allowed);
        capas_model *model = capas_model_from_config(config);
        capas_value *written = model ? capas_model_config(model) : NULL;
        done = written != NULL;
        if (!done) assert_int_equal(capas_error_status(), CAPAS_NO_MEMORY);
        capas_value_free(written);
        capas_model_free(model);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
    }
    print_message("memory ran out at %ld places\n", allowed - 1);
    capas_value_free(config);
}

#define SCALED(scale)                                                                              \
    "{'class_name': 'Sequential', 'config': {'layers': ["                                          \
    "{'class_name': 'InputLayer', 'config': {'batch_shape': [null, 2, 3]}}, "                      \
    "{'class_name': 'Rescaling', 'config': {'name': 'r', 'scale': " scale ", 'offset': 1}}]}}"

/* As Keras's EfficientNet for ImageNet has it: one for each channel, of any sign. */
static void a_scale_for_each_channel(void **state)
{
    (void)state;
    static const float input[] = {1, 1, 1, 2, 3, 4}, wanted[] = {3, 1.5f, 0, 5, 2.5f, -3};
    float output[6];
    capas_model *model = tree_model(SCALED("[2, 0.5, -1]"));
    if (!model) fail_msg("%s", capas_error());
    for (int again = 0; again < 2; again++) {
        assert_int_equal(capas_predict(model, input, 1, output), CAPAS_OK);
        assert_memory_equal(output, wanted, sizeof output);
        capas_value *config = capas_model_config(model);
        capas_model_free(model);
        model = capas_model_from_config(config);
        if (!model) fail_msg("%s", capas_error());
        capas_value_free(config);
    }
    capas_model_free(model);
    assert_null(tree_model(SCALED("[2, 0.5]")));
    assert_non_null(strstr(capas_error(), "there are 2 scales, and its input has 3 channels"));
    assert_null(tree_model(SCALED("[[2, 0.5, 1]]")));
    assert_non_null(strstr(capas_error(), "scale must be a number or one for each channel"));
    assert_null(tree_model(SCALED("['2']")));
    assert_non_null(strstr(capas_error(), "a number or a list of numbers"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scale_for_each_channel),
        cmocka_unit_test(keras_chain_comes_back),
        cmocka_unit_test(the_golden_networks_come_back),
        cmocka_unit_test(layers_that_are_not_there_are_named),
        cmocka_unit_test(keras_graph_comes_back),
        cmocka_unit_test(an_input_of_bytes_is_computed_in_floats),
        cmocka_unit_test(a_frozen_model_is_frozen),
        cmocka_unit_test(damaged_configurations_do_no_harm),
        cmocka_unit_test(nothing_is_lost_without_memory),
    };
    if (!trees_can_be_read()) return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
