/* Configurations of layers: those of all golden layer cases come back as Keras wrote them; short
 * forms that recipes use; older files; and the sentences of what is wrong. */
#include "base/memory.h"
#include "files/json.h"
#include "layers/layer.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/tree.h"
#include <stdio.h>
#include <string.h>

static capas_layer *read(const char *class_name, const char *json)
{
    capas_value *config = tree(json);
    capas_layer *layer = capas_layer_from_config(class_name, config, "layer x");
    capas_value_free(config);
    return layer;
}

static void assert_fails(const char *class_name, const char *json, const char *sentence)
{
    assert_null(read(class_name, json));
    assert_string_equal(capas_error(), sentence);
}

/* What a layer writes, as JSON. */
static void assert_writes(const char *class_name, const char *json, const char *wanted)
{
    capas_layer *layer = read(class_name, json);
    if (!layer) fail_msg("%s", capas_error());
    capas_value *config = capas_layer_config(layer), *want = tree(wanted);
    for (size_t i = 0; i < want->count; i++)
        if (!capas_value_equal(capas_value_get(config, want->keys[i]), want->items[i])) {
            char *text = capas_json_write(capas_value_get(config, want->keys[i]));
            fail_msg("%s: %s is written as %s", json, want->keys[i], text ? text : "nothing");
        }
    capas_value_free(config);
    capas_value_free(want);
    capas_layer_free(layer);
}

#if CAPAS_WITH_JANSSON
/* What a layer in a wrapper was built for is written once it is built. */
static void forget_build(capas_value *config)
{
    static const char *const inner[] = {"layer", "backward_layer"};
    for (size_t i = 0; i < 2; i++) {
        capas_value *layer = capas_value_get(config, inner[i]);
        if (layer) capas_value_free(capas_value_take(layer, "build_config"));
    }
}

static void assert_round_trip(const char *path, void *context)
{
    int *checked = context;
    char file[256];
    snprintf(file, sizeof file, "%s/config.json", path);
    capas_value *all = golden_tree(file);
    const capas_value *entry = capas_value_get(all, "layer");
    capas_value *config = capas_value_get(entry, "config");
    forget_build(config);
    const char *class_name = capas_value_get(entry, "class_name")->string;
    capas_layer *layer = capas_layer_from_config(class_name, config, path);
    if (layer) {
        capas_value *back = capas_layer_config(layer);
        if (!capas_value_equal(back, config))
            fail_msg("%s: got %s\nwanted %s", path, capas_json_write(back),
                     capas_json_write(config));
        capas_value_free(back);
        ++*checked;
    } else {
        char part[96];
        const capas_value *activation = capas_value_get(config, "activation");
        snprintf(part, sizeof part, "layers/%s", class_name);
        if (capas_layer_type_of(class_name) && activation)
            snprintf(part, sizeof part, "activations/%s", activation->string);
        if (!golden_may_skip(part)) fail_msg("%s: %s is in no list of skips", path, part);
    }
    capas_layer_free(layer);
    capas_value_free(all);
}

static void golden_layers_come_back(void **state)
{
    (void)state;
    int checked = 0;
    golden_cases("layers", assert_round_trip, &checked);
    print_message("%d configurations come back as Keras wrote them\n", checked);
    assert_true(checked > 0);
}
#endif

static void initializers_are_read(void **state)
{
    (void)state;
#define NORMAL                                                                                     \
    "{'module': 'keras.initializers', 'class_name': 'HeNormal', 'config': {'seed': null, "         \
    "'input_axes': null, 'output_axes': null}, 'registered_name': null}"
#define WRITES(given, wanted)                                                                      \
    assert_writes("Dense", "{'units': 1, 'kernel_initializer': " given "}",                        \
                  "{'kernel_initializer': " wanted "}")
    WRITES("'he_normal'", NORMAL);
    WRITES("'HeNormal'", NORMAL);
    WRITES("{'class_name': 'HeNormal'}", NORMAL);
    WRITES("{'HeNormal': {}}", NORMAL);
    WRITES("{'class_name': 'HeNormal', 'config': {'seed': null, 'dtype': 'float32'}}", NORMAL);
    WRITES("{'class_name': 'VarianceScaling', 'config': {'scale': 2.0, 'mode': 'fan_in', "
           "'distribution': 'normal', 'seed': null}}",
           NORMAL);
    WRITES("{'glorot_uniform': {'seed': 4}}",
           "{'module': 'keras.initializers', 'class_name': 'GlorotUniform', 'config': {'seed': 4, "
           "'input_axes': null, 'output_axes': null}, 'registered_name': null}");
    WRITES("'zeros'", "{'module': 'keras.initializers', 'class_name': 'Zeros', 'config': {}, "
                      "'registered_name': null}");
    WRITES("'one'", "{'module': 'keras.initializers', 'class_name': 'Ones', 'config': {}, "
                    "'registered_name': null}");
    WRITES("{'constant': 0.5}",
           "{'module': 'keras.initializers', 'class_name': 'Constant', 'config': {'value': 0.5}, "
           "'registered_name': null}");
    WRITES("{'VarianceScaling': {'scale': 0.3, 'mode': 'fan_out', 'distribution': 'uniform'}}",
           "{'module': 'keras.initializers', 'class_name': 'VarianceScaling', 'config': {'scale': "
           "0.3, 'mode': 'fan_out', 'distribution': 'uniform', 'seed': null, 'input_axes': null, "
           "'output_axes': null}, 'registered_name': null}");
#undef WRITES
    assert_null(
        read("Dense", "{'units': 1, 'kernel_initializer': {'VarianceScaling': {'scale': 0}}}"));
    assert_null(
        read("Dense", "{'units': 1, 'kernel_initializer': {'VarianceScaling': {'mode': 'in'}}}"));
    assert_fails("Dense", "{'units': 1, 'kernel_initializer': 'glorot_unifrom'}",
                 "layer x: kernel_initializer must be zeros, ones, constant, identity, orthogonal, "
                 "truncated_normal, or one of glorot, he, lecun and random with _uniform or "
                 "_normal, or VarianceScaling, found \"glorot_unifrom\"; did you mean "
                 "\"GlorotUniform\"?");
    assert_fails("Dense", "{'units': 1, 'kernel_initializer': {'constant': {'vale': 1}}}",
                 "layer x: kernel_initializer must be an initializer, found constant with an "
                 "unknown or wrong \"vale\"");
    assert_null(read("Dense", "{'units': 1, 'kernel_initializer': 3}"));
    assert_null(read("Dense", "{'units': 1, 'kernel_initializer': {'zeros': 3}}"));
    assert_null(read("Dense", "{'units': 1, 'kernel_initializer': {'a': 3, 'b': 4}}"));
    assert_null(read("Dense", "{'units': 1, 'kernel_initializer': {'class_name': 4}}"));
}

static void constraints_are_read(void **state)
{
    (void)state;
#define CONSTRAINT(name, config)                                                                   \
    "{'module': 'keras.constraints', 'class_name': '" name "', 'config': {" config                 \
    "}, 'registered_name': null}"
#define WRITES(given, wanted)                                                                      \
    assert_writes("Dense", "{'units': 1, 'kernel_constraint': " given "}",                         \
                  "{'kernel_constraint': " wanted "}")
    WRITES("null", "null");
    WRITES("'max_norm'", CONSTRAINT("MaxNorm", "'max_value': 2.0, 'axis': 0"));
    WRITES("{'MaxNorm': {'max_value': 3, 'axis': [0, 1]}}",
           CONSTRAINT("MaxNorm", "'max_value': 3.0, 'axis': [0, 1]"));
    WRITES("'NonNeg'", CONSTRAINT("NonNeg", ""));
    WRITES("{'class_name': 'UnitNorm', 'config': {'axis': 1}}",
           CONSTRAINT("UnitNorm", "'axis': 1"));
    WRITES("{'MinMaxNorm': {'rate': 0.5}}",
           CONSTRAINT("MinMaxNorm", "'min_value': 0.0, 'max_value': 1.0, 'rate': 0.5, 'axis': 0"));
#undef WRITES
    assert_null(read("Dense", "{'units': 1, 'kernel_constraint': {'UnitNorm': {'max_value': 1}}}"));
    assert_null(read("Dense", "{'units': 1, 'kernel_constraint': {'MaxNorm': {'axis': []}}}"));
    assert_null(read("Dense", "{'units': 1, 'kernel_constraint': {'MaxNorm': 3}}"));
}

static void regularizers_are_read(void **state)
{
    (void)state;
#define L2(factor)                                                                                 \
    "{'module': 'keras.regularizers', 'class_name': 'L2', 'config': {'l2': " factor                \
    "}, 'registered_name': null}"
#define WRITES(given, wanted)                                                                      \
    assert_writes("Dense", "{'units': 1, 'kernel_regularizer': " given "}",                        \
                  "{'kernel_regularizer': " wanted "}")
    WRITES("null", "null");
    WRITES("'l2'", L2("0.01"));
    WRITES("'L2'", L2("0.01"));
    WRITES("{'OrthogonalRegularizer': {'factor': 0.5, 'mode': 'columns'}}",
           "{'module': 'keras.regularizers', 'class_name': 'OrthogonalRegularizer', 'config': "
           "{'factor': 0.5, 'mode': 'columns'}, 'registered_name': null}");
    WRITES("{'L2': 0.001}", L2("0.001"));
    WRITES("{'l2': 0.001}", L2("0.001"));
    WRITES("{'l2': {'l2': 0.001}}", L2("0.001"));
    WRITES("{'class_name': 'L2', 'config': {'l2': 0.001}}", L2("0.001"));
    /* Keras keeps this one in float32. */
    WRITES("{'L1': 0.01}", "{'module': 'keras.regularizers', 'class_name': 'L1', 'config': {'l1': "
                           "0.009999999776482582}, 'registered_name': null}");
    WRITES("{'l1': 0.01, 'l2': 0.02}",
           "{'module': 'keras.regularizers', 'class_name': 'L1L2', 'config': {'l1': 0.01, 'l2': "
           "0.02}, 'registered_name': null}");
#undef WRITES
    assert_fails("Dense", "{'units': 1, 'kernel_regularizer': 'l3'}",
                 "layer x: kernel_regularizer must be null, L1, L2, L1L2 or OrthogonalRegularizer, "
                 "found \"l3\"");
    assert_null(read("Dense", "{'units': 1, 'kernel_regularizer': {'l2': -1}}"));
    assert_null(read("Dense", "{'units': 1, 'kernel_regularizer': {'L2': {'l1': 1}}}"));
    assert_null(read("Dense", "{'units': 1, 'kernel_regularizer': {'L1L2': 0.1}}"));
    assert_null(read("Dense", "{'units': 1, 'kernel_regularizer': {'l2': 'much'}}"));
}

static void a_penalty_on_the_output_is_written_when_there_is_one(void **state)
{
    (void)state;
    capas_layer *with = read("Dense", "{'units': 1, 'activity_regularizer': 'l2'}"),
                *without = read("Dense", "{'units': 1, 'activity_regularizer': null}");
    capas_value *one = capas_layer_config(with), *none = capas_layer_config(without);
    assert_non_null(capas_value_get(one, "activity_regularizer"));
    assert_null(capas_value_get(none, "activity_regularizer"));
    capas_value_free(one);
    capas_value_free(none);
    capas_layer_free(with);
    capas_layer_free(without);
}

static void older_files_are_read(void **state)
{
    (void)state;
    assert_writes("BatchNormalization", "{'axis': [3], 'dtype': 'float32'}", "{'axis': 3}");
    assert_writes("InputLayer", "{'batch_input_shape': [null, 8, 7, 1], 'dtype': 'float32'}",
                  "{'batch_shape': [null, 8, 7, 1]}");
    assert_writes("Input", "{'shape': [28, 28, 1]}", "{'batch_shape': [null, 28, 28, 1]}");
    assert_writes("Input", "{'shape': 784}", "{'batch_shape': [null, 784]}");
    assert_writes("Dense", "{'units': 2, 'batch_input_shape': [null, 4]}", "{'units': 2}");
    assert_writes("Dense", "{'units': 2, 'activation': null}", "{'activation': 'linear'}");
    assert_writes("Dense",
                  "{'units': 2, 'activation': {'class_name': 'function', 'config': 'relu'}}",
                  "{'activation': 'relu'}");
    assert_writes("MaxPooling2D", "{'pool_size': [3, 2], 'strides': null}", "{'strides': [3, 2]}");
}

static void wrong_configurations_say_so(void **state)
{
    (void)state;
    assert_fails("MaxPoolingXD", "{}",
                 "layer x: no layer \"MaxPoolingXD\"; did you mean \"MaxPooling2D\"?");
    assert_fails("Dense", "{}", "layer x: units is missing; it must be an integer of at least 1");
    assert_fails(
        "Conv2D", "{'filters': 3}",
        "layer x: kernel_size is missing; it must be an integer of at least 1 or a list of "
        "two");
    assert_fails("Dropout", "{}", "layer x: rate is missing; it must be a number from 0 to 1");
    assert_fails("Dense", "{'unit': 3}", "layer x: no option \"unit\"; did you mean \"units\"?");
    assert_fails("Dense", "{'units': 'many'}",
                 "layer x: units must be an integer of at least 1, found \"many\"");
    assert_fails(
        "Dense", "{'units': 3, 'activation': 'rleu'}",
        "layer x: activation must be a name like \"linear\", \"relu\", \"sigmoid\", \"tanh\", "
        "\"softmax\", \"elu\", \"silu\" or \"gelu\", found \"rleu\"; did you mean \"relu\"?");
    assert_fails("Dense", "{'units': 3, 'dtype': 'float16'}",
                 "layer x: dtype must be \"float32\" (capas computes in nothing else), found "
                 "\"float16\"");
    assert_fails("Dense",
                 "{'units': 3, 'dtype': {'class_name': 'DTypePolicy', 'config': {'name': "
                 "'mixed_float16'}}}",
                 "layer x: dtype must be \"float32\" (capas computes in nothing else), found "
                 "\"mixed_float16\"");
    assert_fails(
        "Dense", "{'units': 3, 'kernel_constraint': 'max_nrom'}",
        "layer x: kernel_constraint must be null, MaxNorm, NonNeg, UnitNorm or MinMaxNorm, "
        "found \"max_nrom\"; did you mean \"MaxNorm\"?");
    assert_fails("Dense", "{'units': 3, 'kernel_constraint': {'NonNeg': {'axis': 1}}}",
                 "layer x: kernel_constraint must be null or a constraint like \"non_neg\", "
                 "{MaxNorm: {max_value: 3}} or {\"class_name\": \"UnitNorm\", \"config\": "
                 "{\"axis\": 0}}, found a map");
    assert_fails("BatchNormalization", "{'renorm': true}",
                 "layer x: renorm must be false (capas does not have this part yet), found true");
    assert_fails(
        "Dense", "{'units': 3, 'quantization_config': {}}",
        "layer x: quantization_config must be None (capas does not have this part yet), found a "
        "map");
    assert_fails("Dense", "{'units': 3, 'trainable': 1}",
                 "layer x: trainable must be true or false, found 1");
    assert_fails("Dense", "{'units': 3, 'name': 7}",
                 "layer x: a layer's name must be a text, found 7");
    assert_fails("Dense", "{'units': 3, 'name': 'a/b'}",
                 "layer x: a layer's name must not be empty nor have a \"/\" in it, found \"a/b\"");
    assert_fails(
        "InputLayer", "{'batch_shape': [null, null, 3]}",
        "layer x: batch_shape must be sizes of at least 1 (capas needs to know all but the "
        "batch's), found (None, 3)");
    assert_fails(
        "InputLayer", "{}",
        "layer x: batch_shape is missing; it must be a list of 1 to 7 sizes, the batch not "
        "among them");
    assert_fails("Dense", "[]",
                 "layer x: the options must be a map of names and values, found an empty list");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if CAPAS_WITH_JANSSON
        cmocka_unit_test(golden_layers_come_back),
#endif
        cmocka_unit_test(initializers_are_read),
        cmocka_unit_test(constraints_are_read),
        cmocka_unit_test(regularizers_are_read),
        cmocka_unit_test(a_penalty_on_the_output_is_written_when_there_is_one),
        cmocka_unit_test(older_files_are_read),
        cmocka_unit_test(wrong_configurations_say_so),
    };
    if (!trees_can_be_read()) return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
