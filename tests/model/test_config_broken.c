/* Configurations of models that cannot be: each has its sentence; and long ones, which take no long
 * time. */
#include "model/model.h"
#include "support/cmocka.h"
#include "support/tree.h"
#include <capas/capas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void assert_fails(const char *json, const char *sentence)
{
    capas_model *model = tree_model(json);
    if (model) fail_msg("a model was made of %s", json);
    assert_string_equal(capas_error(), sentence);
}

#define CHAIN(layers)                                                                              \
    "{'class_name': 'Sequential', 'config': {'name': 'm', 'layers': [" layers "]}}"
#define IN           "{'class_name': 'InputLayer', 'config': {'batch_shape': [null, 4], 'name': 'in'}}"
#define DENSE(extra) "{'class_name': 'Dense', 'config': {'units': 2" extra "}}"

static void broken_chains_say_so(void **state)
{
    (void)state;
    assert_fails("[]", "model: class_name must be \"Sequential\" or \"Functional\", found nothing");
    assert_fails("{'class_name': 'Sequentail', 'config': {}}",
                 "model: class_name must be \"Sequential\" or \"Functional\", found "
                 "\"Sequentail\"");
    assert_fails("{'class_name': 'Sequential'}", "model: \"layers\" must be a list, found nothing");
    assert_fails("{'class_name': 'Sequential', 'config': {'layers': 3}}",
                 "model: \"layers\" must be a list, found 3");
    assert_fails(CHAIN(""), "model: its first layer must be an InputLayer, or build_input_shape "
                            "must say what it takes");
    assert_fails(CHAIN(IN), "model: a chain needs at least one layer after its input");
    assert_fails(CHAIN(IN ", 7"), "model: each layer must be a map with a class_name and a config, "
                                  "found 7");
    assert_fails(CHAIN(IN ", {'class_name': 'Dens', 'config': {}}"),
                 "layer 2 (Dens): no layer \"Dens\"; did you mean \"Dense\"?");
    assert_fails(CHAIN(IN ", {'class_name': 'Sequential', 'config': {'name': 'inner'}}"),
                 "layer inner: model: \"layers\" must be a list, found nothing");
    assert_fails(CHAIN(IN ", {'class_name': 'Dense', 'config': {'name': 'd', 'units': 0}}"),
                 "layer d: units must be an integer of at least 1, found 0");
    assert_fails(CHAIN(IN ", " DENSE(", 'name': 'in'")),
                 "layer in: another layer has that name already; names must differ");
    assert_fails(CHAIN(IN ", {'class_name': 'Flatten', 'config': {'name': 'f'}}, {'class_name': "
                          "'Conv2D', 'config': {'name': 'c', 'filters': 1, 'kernel_size': 2}}"),
                 "layer c: takes images (None, height, width, channels), found (None, 4); it must "
                 "come before a Flatten or Dense");
    assert_fails(
        CHAIN(IN ", {'class_name': 'Dense', 'config': {'name': 'd', 'units': 2147483647}}"),
        "layer d: its kernel would be (4, 2147483647); capas has no weight of more than "
        "536870912 numbers");
    assert_fails("{'class_name': 'Sequential', 'config': {'name': 'a/b', 'layers': [" IN
                 ", " DENSE("") "]}}",
                 "a model's name must not be empty nor have a \"/\" in it, found \"a/b\"");
}

#define GRAPH(layers, ends)                                                                        \
    "{'class_name': 'Functional', 'config': {'name': 'm', 'layers': [{'name': 'i', 'class_name': " \
    "'InputLayer', 'config': {'batch_shape': [null, 4]}, 'inbound_nodes': []}, " layers            \
    "], 'input_layers': ['i', 0, 0], 'output_layers': " ends "}}"
#define NODE(name, nodes)                                                                          \
    "{'name': '" name "', 'class_name': 'Dense', 'config': {'units': 4}, 'inbound_nodes': [" nodes \
    "]}"
#define OLD(name, use, output) "[['" name "', " use ", " output ", {}]]"

static void broken_graphs_say_so(void **state)
{
    (void)state;
    assert_fails(GRAPH(NODE("d", OLD("d", "0", "0")), "['d', 0, 0]"),
                 "layer d: what it takes depends on itself; a network has no cycles");
    assert_fails(
        GRAPH(NODE("d", OLD("e", "0", "0")) ", " NODE("e", OLD("d", "0", "0")), "['d', 0, 0]"),
        "layer d: what it takes depends on itself; a network has no cycles");
    assert_fails(GRAPH(NODE("d", OLD("x", "0", "0")), "['d', 0, 0]"),
                 "layer d: it takes \"x\", and there is no such layer");
    assert_fails(GRAPH(NODE("d", OLD("i", "1", "0")), "['d', 0, 0]"),
                 "layer d: it takes output 0 of use 1 of layer i, which has 1 use of 1 output");
    assert_fails(GRAPH(NODE("d", OLD("i", "0", "2")), "['d', 0, 0]"),
                 "layer d: it takes output 2 of use 0 of layer i, which has 1 use of 1 output");
    assert_fails(GRAPH(NODE("d", OLD("i", "-1", "0")), "['d', 0, 0]"),
                 "layer d: it takes output 0 of use -1 of layer i, which has 1 use of 1 output");
    assert_fails(GRAPH(NODE("d", "7"), "['d', 0, 0]"),
                 "layer d: its inputs must be [layer, use, output], found 7");
    assert_fails(GRAPH(NODE("d", "[['i', 0]]"), "['d', 0, 0]"),
                 "layer d: its inputs must be [layer, use, output], found [\"i\", 0]");
    assert_fails(GRAPH(NODE("d", "[['i', 0, 0, {'mask': 3}]]"), "['d', 0, 0]"),
                 "layer d: it is called with mask 3, which capas does not have yet");
    assert_fails(GRAPH(NODE("d", "[]"), "['d', 0, 0]"), "layer d: Dense takes 1 input, found 0");
    assert_fails(GRAPH(NODE("d", ""), "['d', 0, 0]"),
                 "layer output_layers: it takes output 0 of use 0 of layer d, which has 0 uses of "
                 "1 output");
    assert_fails(GRAPH(NODE("d", OLD("i", "0", "0")), "['x', 0, 0]"),
                 "layer output_layers: it takes \"x\", and there is no such layer");
    assert_fails(GRAPH(NODE("d", OLD("i", "0", "0")), "{}"),
                 "model: input_layers and output_layers must be lists, found a map");
    assert_fails(GRAPH(NODE("d", OLD("i", "0", "0")), "[]"),
                 "model: input_layers and output_layers must be lists, found an empty list");
    assert_fails(GRAPH(NODE("i", OLD("i", "0", "0")), "['i', 0, 0]"),
                 "layer i: another layer has that name already; names must differ");
    assert_fails(GRAPH("{'class_name': 'Dense', 'config': {'units': 4}}", "['i', 0, 0]"),
                 "model: each layer of a graph must have a name, found a map");
    assert_fails(
        GRAPH("{'class_name': 'Dense', 'name': 'd', 'config': {'units': 4}}", "['i', 0, 0]"),
        "model: inbound_nodes of each layer must be a list, found nothing");
    assert_fails(GRAPH(NODE("d", "{'args': [], 'kwargs': {}}"), "['d', 0, 0]"),
                 "layer d: its inputs must be [layer, use, output], found an empty list");
    assert_fails(GRAPH(NODE("d", "{'args': [3]}"), "['d', 0, 0]"),
                 "layer d: its inputs must be [layer, use, output], found 3");
}

/* A chain of many layers, listed last first: no recursion, and no long wait. */
static void long_graphs_are_read(void **state)
{
    (void)state;
    enum { LAYERS = 3000 };
    size_t size = 0, room = (size_t)LAYERS * 200 + 1000;
    char *json = malloc(room);
    assert_non_null(json);
    size += (size_t)snprintf(json + size, room - size,
                             "{'class_name': 'Functional', 'config': {'name': 'm', 'layers': [");
    for (int i = LAYERS; i > 0; i--)
        size +=
            (size_t)snprintf(json + size, room - size,
                             "{'name': 'l%d', 'class_name': 'Activation', 'config': "
                             "{'activation': 'relu'}, 'inbound_nodes': [[['l%d', 0, 0, {}]]]}, ",
                             i, i - 1);
    snprintf(json + size, room - size,
             "{'name': 'l0', 'class_name': 'InputLayer', 'config': {'batch_shape': [null, 4]}, "
             "'inbound_nodes': []}], 'input_layers': ['l0', 0, 0], 'output_layers': ['l%d', 0, "
             "0]}}",
             LAYERS);
    capas_model *model = tree_model(json);
    if (!model) fail_msg("%s", capas_error());
    assert_int_equal(model->layer_count, LAYERS + 1);
    assert_string_equal(model->layers[0]->name, "l0");
    assert_string_equal(model->layers[LAYERS]->name, "l3000");
    capas_model_free(model);
    free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_chains_say_so),
        cmocka_unit_test(broken_graphs_say_so),
        cmocka_unit_test(long_graphs_are_read),
    };
    if (!trees_can_be_read()) return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
