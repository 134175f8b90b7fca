/* Configurations of models: Keras's files come back key by key, ours too; older forms are read; and
 * nothing that a file may hold does more harm than a sentence. */
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

static capas_model *read(const char *json)
{
    capas_value *config = tree(json);
    capas_model *model = capas_model_from_config(config);
    capas_value_free(config);
    return model;
}

static void assert_writes(const capas_model *model, const capas_value *wanted)
{
    capas_value *config = capas_model_config(model);
    if (!config) fail_msg("%s", capas_error());
    if (!capas_value_equal(config, wanted)) {
        char *got = capas_json_write(config), *want = capas_json_write(wanted);
        fail_msg("got %s\nwanted %s", got, want);
    }
    capas_value_free(config);
}

/* Reads, and writes the same again but for how it was compiled. */
static void assert_comes_back(capas_value *config)
{
    capas_model *model = capas_model_from_config(config);
    if (!model) fail_msg("%s", capas_error());
    capas_value_free(capas_value_take(config, "compile_config"));
    assert_writes(model, config);
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

/* The same network as cnn_k3.json, as Keras 2 writes it. */
static void keras_2_chain_is_read(void **state)
{
    (void)state;
    capas_value *old = golden_tree("files/cnn_k2.json"), *new = golden_tree("files/cnn_k3.json");
    capas_model *from_old = capas_model_from_config(old), *from_new = capas_model_from_config(new);
    if (!from_old || !from_new) fail_msg("%s", capas_error());
    assert_int_equal(capas_model_weight_count(from_old), capas_model_weight_count(from_new));
    assert_int_equal(from_old->layer_count, from_new->layer_count);
    for (int i = 1; i < from_old->layer_count; i++) {
        assert_string_equal(from_old->layers[i]->name, from_new->layers[i]->name);
        assert_ptr_equal(from_old->layers[i]->type, from_new->layers[i]->type);
    }
    capas_model_free(from_old);
    capas_model_free(from_new);
    capas_value_free(old);
    capas_value_free(new);
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

#define CHAIN(layers)                                                                              \
    "{'class_name': 'Sequential', 'config': {'name': 'm', 'layers': [" layers "]}}"
#define IN           "{'class_name': 'InputLayer', 'config': {'batch_shape': [null, 4], 'name': 'in'}}"
#define DENSE(extra) "{'class_name': 'Dense', 'config': {'units': 2" extra "}}"

static void short_forms_are_read(void **state)
{
    (void)state;
    static const char *const forms[] = {
        CHAIN(IN ", " DENSE("")),
        "{'class_name': 'Sequential', 'config': [{'class_name': 'Dense', 'config': {'units': 2, "
        "'batch_input_shape': [null, 4]}}]}",
        "{'class_name': 'Sequential', 'config': {'layers': [" DENSE("") "], 'build_input_shape': "
                                                                        "[null, 4]}}",
        "{'class_name': 'Sequential', 'config': {'layers': [" DENSE(
            "") "]}, 'build_config': "
                "{'input_shape': [null, 4]}}",
        "{'class_name': 'Model', 'config': {'layers': [{'name': 'i', 'class_name': 'InputLayer', "
        "'config': {'batch_input_shape': [null, 4]}, 'inbound_nodes': []}, {'name': 'd', "
        "'class_name': 'Dense', 'config': {'units': 2}, 'inbound_nodes': [[['i', 0, 0, {}]]]}], "
        "'input_layers': [['i', 0, 0]], 'output_layers': [['d', 0, 0]]}}",
    };
    for (size_t i = 0; i < CAPAS_COUNT(forms); i++) {
        capas_model *model = read(forms[i]);
        capas_shape output;
        if (!model) fail_msg("%s: %s", forms[i], capas_error());
        assert_int_equal(capas_model_weight_count(model), 2);
        assert_int_equal(capas_model_output_shape(model, 0, &output), CAPAS_OK);
        assert_int_equal(output.dims[1], 2);
        capas_model_free(model);
    }
}

/* The dtype of an input travels on; what is computed is float32 all the same. */
static void an_input_of_bytes_is_computed_in_floats(void **state)
{
    (void)state;
    capas_model *model = read(
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
        read("{'class_name': 'Sequential', 'config': {'trainable': false, 'layers': [" IN
             ", " DENSE("") "]}}");
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

/* The same networks in the words of Keras 1 and of today. */
static const char *const keras_1[][2] = {
    {"{'class_name': 'Sequential', 'config': ["
     "{'class_name': 'Convolution2D', 'config': {'name': 'c', 'trainable': true, "
     "'batch_input_shape': [null, 9, 8, 2], 'input_dtype': 'float32', 'nb_filter': 4, "
     "'nb_row': 3, 'nb_col': 2, 'init': 'glorot_uniform', 'activation': 'relu', "
     "'border_mode': 'same', 'subsample': [2, 1], 'dim_ordering': 'tf', 'bias': true, "
     "'W_regularizer': {'name': 'WeightRegularizer', 'l1': 0.0, 'l2': 0.5}, "
     "'b_regularizer': null, 'activity_regularizer': null, 'W_constraint': null, "
     "'b_constraint': null}}, "
     "{'class_name': 'BatchNormalization', 'config': {'name': 'b', 'epsilon': 0.001, 'mode': 0, "
     "'axis': -1, 'momentum': 0.99, 'beta_init': 'zero', 'gamma_init': 'one', "
     "'gamma_regularizer': null, 'beta_regularizer': null}}, "
     "{'class_name': 'MaxPooling2D', 'config': {'name': 'm', 'pool_size': [2, 2], "
     "'strides': [2, 2], 'border_mode': 'valid', 'dim_ordering': 'tf'}}, "
     "{'class_name': 'Flatten', 'config': {'name': 'f'}}, "
     "{'class_name': 'Dropout', 'config': {'name': 'p', 'p': 0.25}}, "
     "{'class_name': 'Dense', 'config': {'name': 'd', 'output_dim': 3, 'input_dim': null, "
     "'init': 'he_normal', 'activation': 'softmax', 'bias': false}}]}",
     "{'class_name': 'Sequential', 'config': ["
     "{'class_name': 'Conv2D', 'config': {'name': 'c', 'batch_input_shape': [null, 9, 8, 2], "
     "'filters': 4, 'kernel_size': [3, 2], 'activation': 'relu', 'padding': 'same', "
     "'strides': [2, 1], 'kernel_regularizer': {'class_name': 'L1L2', 'config': {'l1': 0.0, "
     "'l2': 0.5}}}}, "
     "{'class_name': 'BatchNormalization', 'config': {'name': 'b'}}, "
     "{'class_name': 'MaxPooling2D', 'config': {'name': 'm'}}, "
     "{'class_name': 'Flatten', 'config': {'name': 'f'}}, "
     "{'class_name': 'Dropout', 'config': {'name': 'p', 'rate': 0.25}}, "
     "{'class_name': 'Dense', 'config': {'name': 'd', 'units': 3, 'kernel_initializer': "
     "'he_normal', 'activation': 'softmax', 'use_bias': false}}]}"},
    {"{'class_name': 'Model', 'config': {'name': 'm', 'layers': ["
     "{'class_name': 'InputLayer', 'config': {'name': 'i', 'batch_input_shape': [null, 4], "
     "'input_dtype': 'float32', 'sparse': false}, 'inbound_nodes': [], 'name': 'i'}, "
     "{'class_name': 'Dense', 'config': {'name': 'd', 'output_dim': 4}, 'inbound_nodes': "
     "[[['i', 0, 0]]], 'name': 'd'}, "
     "{'class_name': 'Merge', 'config': {'name': 's', 'layers': [], 'mode': 'concat', "
     "'concat_axis': 1, 'dot_axes': -1, 'output_shape': null, 'arguments': {}}, "
     "'inbound_nodes': [[['i', 0, 0], ['d', 0, 0]]], 'name': 's'}], "
     "'input_layers': [['i', 0, 0]], 'output_layers': [['s', 0, 0]]}}",
     "{'class_name': 'Model', 'config': {'name': 'm', 'layers': ["
     "{'class_name': 'InputLayer', 'config': {'name': 'i', 'batch_input_shape': [null, 4]}, "
     "'inbound_nodes': [], 'name': 'i'}, "
     "{'class_name': 'Dense', 'config': {'name': 'd', 'units': 4}, 'inbound_nodes': "
     "[[['i', 0, 0, {}]]], 'name': 'd'}, "
     "{'class_name': 'Concatenate', 'config': {'name': 's', 'axis': 1}, "
     "'inbound_nodes': [[['i', 0, 0, {}], ['d', 0, 0, {}]]], 'name': 's'}], "
     "'input_layers': [['i', 0, 0]], 'output_layers': [['s', 0, 0]]}}"},
};

static void keras_1_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < CAPAS_COUNT(keras_1); i++) {
        capas_model *then = read(keras_1[i][0]), *now = read(keras_1[i][1]);
        if (!then || !now) fail_msg("%s", capas_error());
        capas_value *wanted = capas_model_config(now);
        assert_writes(then, wanted);
        capas_value_free(wanted);
        capas_model_free(then);
        capas_model_free(now);
    }
    assert_null(read("{'class_name': 'Sequential', 'config': [{'class_name': 'BatchNormalization', "
                     "'config': {'name': 'b', 'mode': 2, 'batch_input_shape': [null, 4]}}]}"));
    assert_non_null(strstr(capas_error(), "layer b: BatchNormalization of Keras 1"));
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
    capas_model *model = read(SCALED("[2, 0.5, -1]"));
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
    assert_null(read(SCALED("[2, 0.5]")));
    assert_non_null(strstr(capas_error(), "there are 2 scales, and its input has 3 channels"));
    assert_null(read(SCALED("[[2, 0.5, 1]]")));
    assert_non_null(strstr(capas_error(), "scale must be a number or one for each channel"));
    assert_null(read(SCALED("['2']")));
    assert_non_null(strstr(capas_error(), "a number or a list of numbers"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scale_for_each_channel),
        cmocka_unit_test(keras_chain_comes_back),
        cmocka_unit_test(the_golden_networks_come_back),
        cmocka_unit_test(keras_2_chain_is_read),
        cmocka_unit_test(keras_1_is_read),
        cmocka_unit_test(layers_that_are_not_there_are_named),
        cmocka_unit_test(keras_graph_comes_back),
        cmocka_unit_test(short_forms_are_read),
        cmocka_unit_test(an_input_of_bytes_is_computed_in_floats),
        cmocka_unit_test(a_frozen_model_is_frozen),
        cmocka_unit_test(damaged_configurations_do_no_harm),
        cmocka_unit_test(nothing_is_lost_without_memory),
    };
    if (!trees_can_be_read()) return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
