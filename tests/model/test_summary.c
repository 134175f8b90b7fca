/* Summaries against Keras's, character by character, and the table of costs. */
#include "base/text.h"
#include "model/model.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include <capas/capas.h>
#include <stdlib.h>
#include <string.h>

/* Frees the model. */
static void assert_prints(capas_model *model, int show_trainable, const char *name)
{
    char *text = NULL, *wanted = golden_text("text/summary_%s.txt", name);
    if (!model) fail_msg("%s", capas_error());
    if (capas_summary(model, &text, .show_trainable = show_trainable) != CAPAS_OK)
        fail_msg("%s", capas_error());
    if (strcmp(text, wanted) != 0) fail_msg("%s: got\n%swanted\n%s", name, text, wanted);
    free(wanted);
    capas_free(text);
    capas_model_free(model);
}

static capas_model *s2_cnn(void)
{
    return capas_sequential(capas_input(28, 28, 1), capas_conv2d(32, 3), capas_max_pooling2d(2),
                            capas_flatten(), capas_dense(100), capas_dense(10));
}

static capas_model *s3_model3(void)
{
    return capas_sequential(capas_input(28, 28, 1), capas_conv2d(16, 3),
                            capas_batch_normalization(), capas_dropout(0.1), capas_conv2d(32, 3),
                            capas_batch_normalization(), capas_max_pooling2d(2), capas_dropout(0.1),
                            capas_conv2d(64, 3), capas_batch_normalization(), capas_conv2d(64, 1),
                            capas_batch_normalization(), capas_max_pooling2d(2), capas_dropout(0.1),
                            capas_flatten(), capas_dense(128), capas_dropout(0.1), capas_dense(10));
}

static void chains_print_as_keras_prints_them(void **state)
{
    (void)state;
    assert_prints(s2_cnn(), 0, "s2_cnn");
    assert_prints(s3_model3(), 0, "s3_model3");
    assert_prints(capas_sequential(capas_input(784), capas_dense(2048, .name = "dense_layer"),
                                   capas_dropout(0.3), capas_dense(2048, .name = "dense_layer_2"),
                                   capas_dropout(0.3), capas_dense(10, .name = "dense_layer_3")),
                  0, "s1_mlp");
    assert_prints(capas_sequential(capas_input(28, 28, 1), capas_conv2d(32, 3), capas_conv2d(64, 3),
                                   capas_max_pooling2d(2), capas_dropout(0.25), capas_flatten(),
                                   capas_dense(128), capas_dropout(0.5), capas_dense(10)),
                  0, "s3_mnist_cnn");
    assert_prints(capas_sequential(capas_input(28, 28), capas_flatten(),
                                   capas_batch_normalization(), capas_dense(200),
                                   capas_batch_normalization(), capas_dense(100),
                                   capas_batch_normalization(), capas_dense(10)),
                  0, "s4b_selu");
}

static void a_frozen_layer_is_shown(void **state)
{
    (void)state;
    capas_model *model = s2_cnn();
    assert_int_equal(capas_model_set_trainable(model, "conv2d", 0), CAPAS_OK);
    assert_prints(model, CAPAS_TRUE, "s2_cnn_show_trainable_frozen_conv");
}

static void what_the_optimizer_keeps_is_counted(void **state)
{
    (void)state;
    capas_model *model = s2_cnn();
    model->optimizer_variable_count = 2 * 542230 + 2;
    assert_prints(model, 0, "s2_cnn_adam_built");
}

static void a_graph_that_is_a_chain_prints_like_one(void **state)
{
    (void)state;
    capas_graph *graph = capas_graph_new();
    capas_node input = capas_graph_apply(graph, capas_input(8, 8, 3), NULL, 0), node;
    node = capas_graph_apply(graph, capas_conv2d(2, 3), &input, 1);
    node = capas_graph_apply(graph, capas_flatten(), &node, 1);
    node = capas_graph_apply(graph, capas_dense(2), &node, 1);
    assert_prints(capas_functional(graph, NULL, &input, 1, &node, 1), 0, "functional_chain");
}

static void networks_by_name_are_keras_own(void **state)
{
    (void)state;
    assert_prints(capas_resnet50(), 0, "resnet50");
    capas_model *body =
        capas_resnet50(.include_top = CAPAS_FALSE, .input_shape = {3, {32, 40, 3}}, .name = "body");
    capas_shape shape;
    assert_int_equal(capas_model_output_shape(body, 0, &shape), CAPAS_OK);
    assert_true(capas_shape_equal(&shape, &(capas_shape){4, {CAPAS_ANY, 1, 2, 2048}}));
    assert_string_equal(capas_model_name(body), "body");
    capas_model_free(body);
}

static void a_network_by_name_says_what_it_wants(void **state)
{
    (void)state;
    assert_null(capas_resnet50(.include_top = CAPAS_FALSE, .input_shape = {3, {31, 40, 3}}));
    assert_string_equal(capas_error(), "resnet50: input_shape must be a height and a width of at "
                                       "least 32 and channels, found (31, 40, 3)");
    assert_null(capas_resnet50(.classes = -1));
    assert_string_equal(capas_error(), "resnet50: classes must be at least 1, found -1");
}

/* Printed by Keras 3.15.1. */
static const char shared[] =
    "Model: \"functional\"\n"
    "┏━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━┓\n"
    "┃ Layer (type)          ┃ Output Shape      ┃     Param # ┃ Connected to       ┃\n"
    "┡━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━┩\n"
    "│ input_layer           │ (None, 4)         │           0 │ -                  │\n"
    "│ (InputLayer)          │                   │             │                    │\n"
    "├───────────────────────┼───────────────────┼─────────────┼────────────────────┤\n"
    "│ other (InputLayer)    │ (None, 4)         │           0 │ -                  │\n"
    "├───────────────────────┼───────────────────┼─────────────┼────────────────────┤\n"
    "│ dense (Dense)         │ (None, 3)         │          15 │ input_layer[0][0], │\n"
    "│                       │                   │             │ other[0][0]        │\n"
    "├───────────────────────┼───────────────────┼─────────────┼────────────────────┤\n"
    "│ batch_normalization   │ (None, 3)         │          12 │ dense[0][0]        │\n"
    "│ (BatchNormalization)  │                   │             │                    │\n"
    "├───────────────────────┼───────────────────┼─────────────┼────────────────────┤\n"
    "│ dropout (Dropout)     │ (None, 3)         │           0 │ dense[1][0]        │\n"
    "├───────────────────────┼───────────────────┼─────────────┼────────────────────┤\n"
    "│ add (Add)             │ (None, 3)         │           0 │ batch_normalizati… │\n"
    "│                       │                   │             │ dropout[0][0]      │\n"
    "├───────────────────────┼───────────────────┼─────────────┼────────────────────┤\n"
    "│ first (Dense)         │ (None, 2)         │           8 │ add[0][0]          │\n"
    "├───────────────────────┼───────────────────┼─────────────┼────────────────────┤\n"
    "│ dense_1 (Dense)       │ (None, 2)         │           8 │ dropout[0][0]      │\n"
    "└───────────────────────┴───────────────────┴─────────────┴────────────────────┘\n"
    " Total params: 43 (172.00 B)\n"
    " Trainable params: 37 (148.00 B)\n"
    " Non-trainable params: 6 (24.00 B)\n";

static void branches_say_what_they_are_connected_to(void **state)
{
    (void)state;
    capas_graph *graph = capas_graph_new();
    capas_node inputs[2], outputs[2], sides[2];
    inputs[0] = capas_graph_apply(graph, capas_input(4), NULL, 0);
    inputs[1] = capas_graph_apply(
        graph,
        capas_input_with(&(capas_input_options){
            .struct_size = sizeof(capas_input_options), .name = "other", .shape = {1, {4}}}),
        NULL, 0);
    capas_node first = capas_graph_apply(graph, capas_dense(3), &inputs[0], 1);
    capas_node second = capas_graph_again(graph, first, &inputs[1], 1);
    sides[0] = capas_graph_apply(graph, capas_batch_normalization(), &first, 1);
    sides[1] = capas_graph_apply(graph, capas_dropout(0.25), &second, 1);
    capas_node sum = capas_graph_apply(graph, capas_add(), sides, 2);
    outputs[0] = capas_graph_apply(graph, capas_dense(2, .name = "first"), &sum, 1);
    outputs[1] = capas_graph_apply(graph, capas_dense(2), &sides[1], 1);
    capas_model *model = capas_functional(graph, NULL, inputs, 2, outputs, 2);
    char *text = NULL;
    if (!model || capas_summary(model, &text) != CAPAS_OK) fail_msg("%s", capas_error());
    if (strcmp(text, shared) != 0) fail_msg("got\n%s", text);
    capas_free(text);
    capas_model_free(model);
}

/* Cells of every line: characters, not bytes. */
static int cells_of(const char *line, size_t size)
{
    int count = 0;
    for (size_t i = 0; i < size; i++)
        count += ((unsigned char)line[i] & 0xC0) != 0x80;
    return count;
}

static void lines_are_as_long_as_asked(void **state)
{
    (void)state;
    static const int lengths[] = {36, 50, 77, 80, 101, 1000};
    capas_model *model = s3_model3();
    for (size_t i = 0; i < CAPAS_COUNT(lengths); i++) {
        char *text = NULL;
        if (capas_summary(model, &text, .line_length = lengths[i], .show_cost = CAPAS_TRUE) !=
            CAPAS_OK)
            fail_msg("%s", capas_error());
        const char *line = text;
        for (const char *end; (end = strchr(line, '\n')); line = end + 1)
            if (strncmp(line, "│", 3) == 0 || strncmp(line, "├", 3) == 0)
                assert_int_equal(cells_of(line, (size_t)(end - line)), lengths[i]);
        capas_free(text);
    }
    char *text = NULL;
    assert_int_equal(capas_summary(model, &text, .line_length = 12), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(), "line_length 12 is too short for the summary's 3 columns; "
                                       "give 80 or leave it out");
    assert_null(text);
    capas_model_free(model);
}

static void costs_are_shown(void **state)
{
    (void)state;
    capas_model *model = capas_sequential(capas_input(100), capas_dense(50), capas_dense(10));
    char *text = NULL;
    if (capas_summary(model, &text, .show_cost = CAPAS_TRUE) != CAPAS_OK)
        fail_msg("%s", capas_error());
    const char *costs = strstr(text, "Cost of one sample:\n");
    assert_non_null(costs);
    assert_non_null(strstr(costs, "│ dense  "));
    assert_non_null(strstr(costs, "│ total "));
    assert_non_null(strstr(costs, "10.00 K"));  /* 2 * 100 * 50 */
    assert_non_null(strstr(costs, "19.73 KB")); /* 100 * 50 + 50 weights */
    assert_non_null(strstr(costs, "200.00 B"));
    capas_free(text);
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_print_as_keras_prints_them),
        cmocka_unit_test(a_frozen_layer_is_shown),
        cmocka_unit_test(what_the_optimizer_keeps_is_counted),
        cmocka_unit_test(networks_by_name_are_keras_own),
        cmocka_unit_test(a_network_by_name_says_what_it_wants),
        cmocka_unit_test(a_graph_that_is_a_chain_prints_like_one),
        cmocka_unit_test(branches_say_what_they_are_connected_to),
        cmocka_unit_test(lines_are_as_long_as_asked),
        cmocka_unit_test(costs_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
