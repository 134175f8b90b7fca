/* Configurations of models in older and in shorter forms: of Keras 1, of Keras 2, and with much
 * left out; they are the same networks. */
#include "base/option.h"
#include "model/model.h"
#include "support/cmocka.h"
#include "support/tree.h"
#include <capas/capas.h>
#include <string.h>

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
        capas_model *model = tree_model(forms[i]);
        capas_shape output;
        if (!model) fail_msg("%s: %s", forms[i], capas_error());
        assert_int_equal(capas_model_weight_count(model), 2);
        assert_int_equal(capas_model_output_shape(model, 0, &output), CAPAS_OK);
        assert_int_equal(output.dims[1], 2);
        capas_model_free(model);
    }
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
        capas_model *then = tree_model(keras_1[i][0]), *now = tree_model(keras_1[i][1]);
        if (!then || !now) fail_msg("%s", capas_error());
        capas_value *wanted = capas_model_config(now);
        assert_model_writes(then, wanted);
        capas_value_free(wanted);
        capas_model_free(then);
        capas_model_free(now);
    }
    assert_null(
        tree_model("{'class_name': 'Sequential', 'config': [{'class_name': 'BatchNormalization', "
                   "'config': {'name': 'b', 'mode': 2, 'batch_input_shape': [null, 4]}}]}"));
    assert_non_null(strstr(capas_error(), "layer b: BatchNormalization of Keras 1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keras_2_chain_is_read),
        cmocka_unit_test(keras_1_is_read),
        cmocka_unit_test(short_forms_are_read),
    };
    if (!trees_can_be_read()) return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
