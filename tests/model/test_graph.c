/* Building models: names, Keras's order, shared layers, weights and their places, freezing,
 * failures that are kept, and what is owned by whom when something goes wrong. */
#include "base/text.h"
#include "model/graph.h"
#include "model/model.h"
#include "support/cmocka.h"
#include "support/scarce_memory.h"
#include <capas/capas.h>
#include <math.h>
#include <string.h>

static capas_model *small(void)
{
    capas_model *model = capas_sequential(
        capas_input(8, 8, 1), capas_conv2d(4, 3, .activation = CAPAS_RELU), capas_max_pooling2d(2),
        capas_flatten(), capas_dense(5), capas_batch_normalization(), capas_dense(3));
    if (!model) fail_msg("%s", capas_error());
    return model;
}

static void assert_names(const capas_model *model, const char *const *names, int count)
{
    assert_int_equal(model->layer_count, count);
    for (int i = 0; i < count; i++)
        assert_string_equal(model->layers[i]->name, names[i]);
}

static void layers_are_numbered_by_class(void **state)
{
    (void)state;
    static const char *const names[] = {"input_layer", "dense",   "mine",   "dense_2",
                                        "dropout",     "dense_1", "dense_3"};
    for (int i = 0; i < 2; i++) { /* and the same in the next model */
        capas_model *model = capas_sequential(
            capas_input(4), capas_dense(2), capas_dense(2, .name = "mine"),
            capas_dense(2, .name = "dense_2"), capas_dropout(0.5), capas_dense(2), capas_dense(2));
        if (!model) fail_msg("%s", capas_error());
        assert_names(model, names, 7);
        assert_string_equal(capas_model_name(model), "sequential");
        capas_model_free(model);
    }
}

static void chains_say_what_is_wrong(void **state)
{
    (void)state;
    assert_null(capas_sequential(capas_dense(2), capas_dense(3)));
    assert_string_equal(capas_error(),
                        "layer dense: a sequential model must begin with an input, like "
                        "capas_input(28, 28, 1), and this is Dense");
    assert_null(capas_sequential(capas_input(3)));
    assert_string_equal(capas_error(), "a sequential model needs an input and at least one layer, "
                                       "found 1");
    assert_null(
        capas_sequential(capas_input(3), capas_dense(2, .name = "a"), capas_dense(2, .name = "a")));
    assert_string_equal(capas_error(), "layer a: another layer has that name already; names must "
                                       "differ");
    assert_null(capas_sequential(capas_input(3), capas_dense(2), capas_input(3)));
    assert_string_equal(capas_error(), "layer input_layer_1: an input layer begins a network and "
                                       "takes nothing, found 1 inputs");
    assert_null(capas_sequential(capas_input(3), NULL, capas_dense(2)));
    assert_string_equal(capas_error(), "a layer is NULL");
    assert_null(capas_sequential(capas_input(3, 3, 1), capas_conv2d(2, 3), capas_conv2d(2, 3)));
    assert_int_equal(capas_error_status(), CAPAS_SHAPE_MISMATCH);
    assert_string_equal(capas_error(),
                        "layer conv2d_1: the kernel 3x3 is larger than its input 1x1; use padding "
                        "\"same\", a smaller kernel_size, or less pooling before it");
    assert_null(capas_sequential(capas_input(3), capas_dense(2), capas_dense(0)));
    assert_string_equal(capas_error(),
                        "layer dense_1: units must be an integer of at least 1, found 0");
}

/* The first model of the semantics' example: ...2_relu, 0_conv, 3_conv, 0_bn, 3_bn, add, out. */
static void graphs_are_ordered_as_keras_does(void **state)
{
    (void)state;
    static const char *const names[] = {"input_layer", "2_relu", "0_conv", "3_conv",
                                        "0_bn",        "3_bn",   "add",    "out"};
    capas_graph *graph = capas_graph_new();
    capas_node input = capas_graph_apply(graph, capas_input(6, 6, 2), NULL, 0);
    capas_node relu =
        capas_graph_apply(graph, capas_activation_layer(CAPAS_RELU, .name = "2_relu"), &input, 1);
    capas_node right = capas_graph_apply(graph, capas_conv2d(2, 1, .name = "3_conv"), &relu, 1);
    right = capas_graph_apply(graph, capas_batch_normalization(.name = "3_bn"), &right, 1);
    capas_node left = capas_graph_apply(graph, capas_conv2d(2, 1, .name = "0_conv"), &relu, 1);
    left = capas_graph_apply(graph, capas_batch_normalization(.name = "0_bn"), &left, 1);
    capas_graph_apply(graph, capas_dense(2), &left, 1); /* leads nowhere: not in the model */
    capas_node both[] = {left, right};
    capas_node sum = capas_graph_apply(graph, capas_add(), both, 2);
    capas_node out =
        capas_graph_apply(graph, capas_activation_layer(CAPAS_RELU, .name = "out"), &sum, 1);
    capas_model *model = capas_functional(graph, NULL, &input, 1, &out, 1);
    if (!model) fail_msg("%s", capas_error());
    assert_names(model, names, 8);
    assert_string_equal(capas_model_name(model), "functional");
    for (int i = 0; i < model->use_count; i++) /* uses come after what they take */
        for (int k = 0; k < model->uses[i].input_count; k++)
            assert_true(model->uses[i].inputs[k] < i);
    capas_model_free(model);
}

static void a_layer_may_be_used_again(void **state)
{
    (void)state;
    capas_graph *graph = capas_graph_new();
    capas_node a = capas_graph_apply(graph, capas_input(4), NULL, 0);
    capas_node b = capas_graph_apply(graph, capas_input(4), NULL, 0);
    capas_node unused = capas_graph_apply(graph, capas_input(2), NULL, 0);
    capas_layer *dense = capas_dense(3);
    capas_node first = capas_graph_apply(graph, dense, &a, 1);
    capas_node second = capas_graph_again(graph, first, &b, 1);
    capas_node third = capas_graph_apply(graph, dense, &a, 1); /* its pointer does as well */
    capas_node all[] = {first, second, third}, inputs[] = {a, b, unused};
    capas_node sum = capas_graph_apply(graph, capas_add(), all, 3);
    capas_node outputs[] = {sum, second};
    capas_model *model = capas_functional(graph, "twins", inputs, 3, outputs, 2);
    if (!model) fail_msg("%s", capas_error());
    assert_string_equal(capas_model_name(model), "twins");
    assert_int_equal(capas_model_weight_count(model), 2);
    assert_int_equal(capas_model_input_count(model), 3);
    assert_int_equal(capas_model_output_count(model), 2);
    int uses = 0;
    for (int i = 0; i < model->use_count; i++)
        if (strcmp(model->layers[model->uses[i].layer]->name, "dense") == 0) uses++;
    assert_int_equal(uses, 3);
    assert_int_equal(model->uses[model->outputs[1]].node_index, 1);
    capas_model_free(model);
}

static void a_layer_twice_in_a_chain_shares_its_weights(void **state)
{
    (void)state;
    capas_layer *dense = capas_dense(4);
    capas_model *model =
        capas_sequential(capas_input(4), dense, capas_activation_layer(CAPAS_RELU), dense);
    if (!model) fail_msg("%s", capas_error());
    assert_int_equal(model->layer_count, 3);
    assert_int_equal(model->use_count, 4);
    assert_int_equal(capas_model_weight_count(model), 2);
    capas_model_free(model);
    dense = capas_dense(4);
    assert_null(capas_sequential(capas_input(3), dense, dense));
    assert_string_equal(capas_error(),
                        "layer dense: used again on (None, 4) its kernel would be (4, 4), but it "
                        "is (3, 4) already; give this use a layer of its own");
}

static void graphs_say_what_is_wrong(void **state)
{
    (void)state;
    capas_graph *graph = capas_graph_new();
    capas_node a = capas_graph_apply(graph, capas_input(4), NULL, 0);
    capas_node b = capas_graph_apply(graph, capas_input(5), NULL, 0), both[] = {a, b};
    capas_node sum = capas_graph_apply(graph, capas_add(), both, 2);
    assert_int_equal(sum.index, -1);
    capas_node later = capas_graph_apply(graph, capas_dense(2), &sum, 1);
    assert_int_equal(later.index, -1);
    assert_null(capas_functional(graph, NULL, &a, 1, &later, 1));
    assert_string_equal(capas_error(), "layer add: (None, 4) and (None, 5) do not fit: sizes "
                                       "must be equal, or 1");

    graph = capas_graph_new();
    a = capas_graph_apply(graph, capas_input(4), NULL, 0);
    b = capas_graph_apply(graph, capas_input(4), NULL, 0);
    both[0] = a, both[1] = b;
    sum = capas_graph_apply(graph, capas_add(), both, 2);
    assert_null(capas_functional(graph, NULL, &a, 1, &sum, 1));
    assert_string_equal(capas_error(), "layer input_layer_1: the outputs depend on it, but it is "
                                       "not among the model's inputs");

    graph = capas_graph_new();
    a = capas_graph_apply(graph, capas_input(4), NULL, 0);
    b = capas_graph_apply(graph, capas_dense(4), &a, 1);
    assert_null(capas_functional(graph, NULL, &b, 1, &b, 1));
    assert_string_equal(capas_error(), "layer dense: a model's inputs must be input layers, and "
                                       "this is Dense");

    graph = capas_graph_new();
    a = capas_graph_apply(graph, capas_input(4), NULL, 0);
    both[0] = a, both[1] = a;
    assert_null(capas_functional(graph, NULL, both, 2, &a, 1));
    assert_string_equal(capas_error(), "layer input_layer: it is given as an input twice");

    graph = capas_graph_new();
    a = capas_graph_apply(graph, capas_input(4), NULL, 0);
    capas_node nowhere = {7};
    assert_int_equal(capas_graph_apply(graph, capas_dense(2), &nowhere, 1).index, -1);
    assert_null(capas_functional(graph, NULL, &a, 1, &a, 1));
    assert_string_equal(capas_error(), "layer dense: input 0 is no node of this graph");

    graph = capas_graph_new();
    a = capas_graph_apply(graph, capas_input(4), NULL, 0);
    assert_null(capas_functional(graph, NULL, &a, 1, &a, 0));
    assert_string_equal(capas_error(), "a model needs at least one output");
}

static void a_layer_belongs_to_one_model(void **state)
{
    (void)state;
    capas_layer *dense = capas_dense(2);
    capas_model *model = capas_sequential(capas_input(4), dense);
    assert_non_null(model);
    assert_null(capas_sequential(capas_input(4), dense));
    assert_string_equal(capas_error(), "layer dense: it belongs to another model already; make a "
                                       "layer for each");
    capas_model_free(model);
}

static void weights_lie_apart_and_are_numbered_in_order(void **state)
{
    (void)state;
    static const char *const names[] = {"kernel", "bias", "kernel",      "bias",
                                        "gamma",  "beta", "moving_mean", "moving_variance",
                                        "kernel", "bias"};
    capas_model *model = small();
    assert_int_equal(capas_model_weight_count(model), 10);
    int64_t end = 0;
    for (int i = 0; i < 10; i++) {
        const capas_model_weight *entry = &model->weights[i];
        capas_weight_info info;
        assert_int_equal(capas_model_weight_info(model, i, &info), CAPAS_OK);
        assert_string_equal(info.name, names[i]);
        assert_int_equal(info.trainable, i != 6 && i != 7);
        assert_int_equal(entry->weight->index, i);
        assert_int_equal(entry->offset % 16, 0);
        assert_true(entry->offset >= end);
        end = entry->offset + entry->count;
    }
    assert_true(end <= model->value_count);
    capas_model_free(model);
}

static void weights_are_got_and_set(void **state)
{
    (void)state;
    capas_model *model = small();
    float kernel[36 * 5], back[36 * 5];
    uint64_t version = model->version;
    for (int i = 0; i < 36 * 5; i++)
        kernel[i] = (float)i;
    assert_int_equal(capas_model_set_weight(model, 2, kernel), CAPAS_OK);
    assert_int_equal(capas_model_get_weight(model, 2, back), CAPAS_OK);
    assert_memory_equal(kernel, back, sizeof kernel);
    assert_true(model->version > version);
    assert_int_equal(capas_model_get_weight(model, 10, back), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(), "model sequential: there is no weight 10; it has 10");
    assert_int_equal(capas_model_status(model), CAPAS_OK);
    capas_model_free(model);
}

static void seeds_draw_weights(void **state)
{
    (void)state;
    float first[36], again[36], other[36];
    capas_set_random_seed(11);
    capas_model *a = small(), *b = small();
    capas_set_random_seed(12);
    capas_model *c = small();
    capas_set_random_seed(0);
    assert_int_equal(capas_model_seed(a), 11);
    capas_model_get_weight(a, 0, first);
    capas_model_get_weight(b, 0, again);
    capas_model_get_weight(c, 0, other);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
    assert_int_equal(capas_model_set_seed(c, 11), CAPAS_OK);
    capas_model_get_weight(c, 0, other);
    assert_memory_equal(first, other, sizeof first);
    capas_model_free(a);
    capas_model_free(b);
    capas_model_free(c);
}

static void gradients_are_of_what_trains(void **state)
{
    (void)state;
    capas_model *model = small();
    assert_int_equal(capas_model_set_trainable(model, "conv2d", 0), CAPAS_OK);
    assert_int_equal(capas_model_set_trainable(model, "dense", CAPAS_FALSE), CAPAS_OK);
    assert_int_equal(capas_model_place_gradients(model), CAPAS_OK);
    int64_t end = 0;
    for (int i = 0; i < 10; i++) {
        int64_t offset = model->weights[i].gradient_offset;
        bool trained = i == 4 || i == 5 || i >= 8;
        assert_int_equal(offset >= 0, trained);
        if (!trained) continue;
        assert_int_equal(offset, end);
        end += (model->weights[i].count + 15) / 16 * 16;
    }
    assert_int_equal(model->gradient_count, end);
    assert_int_equal(capas_model_set_trainable(model, "dens", 1), CAPAS_UNKNOWN_NAME);
    assert_string_equal(capas_error(), "model sequential has no layer \"dens\"; did you mean "
                                       "\"dense\"?");
    capas_model_free(model);
}

static void the_first_failure_is_kept(void **state)
{
    (void)state;
    capas_model *model = small();
    capas_shape shape;
    assert_int_equal(capas_model_set_name(model, "a/b"), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_model_set_trainable(model, "none", 1), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(), "a model's name must not be empty nor have a \"/\" in it, "
                                       "found \"a/b\"");
    assert_int_equal(capas_model_input_shape(model, 0, &shape), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_model_status(model), CAPAS_INVALID_ARGUMENT);
    capas_model_clear_error(model);
    assert_int_equal(capas_model_status(model), CAPAS_OK);
    assert_int_equal(capas_model_input_shape(model, 0, &shape), CAPAS_OK);
    assert_int_equal(shape.rank, 4);
    assert_int_equal(capas_model_output_shape(model, 1, &shape), CAPAS_INVALID_ARGUMENT);
    capas_model_free(model);
    /* Without a model there is only what went wrong before. */
    model = capas_sequential(capas_input(3), capas_dense(-1));
    assert_int_equal(capas_model_set_name(model, "x"), CAPAS_INVALID_ARGUMENT);
    assert_non_null(strstr(capas_error(), "units"));
    capas_model_free(NULL);
}

static void small_settings_are_kept(void **state)
{
    (void)state;
    static const char *const names[] = {"cat", "dog", "owl"};
    capas_model *model = small();
    capas_preprocessing preprocessing;
    int count = 7;
    assert_int_equal(capas_model_preprocessing(model, &preprocessing), CAPAS_OK);
    assert_true(isnan(preprocessing.scale));
    preprocessing =
        (capas_preprocessing){.scale = 1.0 / 255, .maximum = 1, .mean = 0.13, .deviation = 0.3};
    assert_int_equal(capas_model_set_preprocessing(model, &preprocessing), CAPAS_OK);
    preprocessing.scale = 0;
    assert_int_equal(capas_model_preprocessing(model, &preprocessing), CAPAS_OK);
    assert_true(preprocessing.scale == 1.0 / 255);
    assert_null(capas_model_class_names(model, &count));
    assert_int_equal(count, 0);
    assert_int_equal(capas_model_set_class_names(model, names, 3), CAPAS_OK);
    assert_string_equal(capas_model_class_names(model, &count)[2], "owl");
    assert_int_equal(count, 3);
    assert_int_equal(capas_model_set_class_names(model, NULL, 0), CAPAS_OK);
    assert_null(capas_model_class_names(model, &count));
    preprocessing.offset = INFINITY;
    assert_int_equal(capas_model_set_preprocessing(model, &preprocessing), CAPAS_INVALID_ARGUMENT);
    capas_model_free(model);
}

/* Layers given to a model that cannot be made are freed, whatever allocation failed. */
static void nothing_is_lost_without_memory(void **state)
{
    (void)state;
    long allowed = 0;
    for (bool made = false; !made; allowed++) {
        scarce_memory_begin(allowed);
        capas_layer *twice = capas_dense(5);
        capas_model *model =
            capas_sequential(capas_input(5), twice, twice, capas_batch_normalization(.name = "b"));
        char *text = NULL;
        made = model && capas_summary(model, &text) == CAPAS_OK;
        if (!made) assert_int_equal(capas_error_status(), CAPAS_NO_MEMORY);
        capas_free(text);
        capas_model_free(model);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
    }
    print_message("memory ran out at %ld places\n", allowed - 1);
    assert_true(allowed > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_numbered_by_class),
        cmocka_unit_test(chains_say_what_is_wrong),
        cmocka_unit_test(graphs_are_ordered_as_keras_does),
        cmocka_unit_test(a_layer_may_be_used_again),
        cmocka_unit_test(a_layer_twice_in_a_chain_shares_its_weights),
        cmocka_unit_test(graphs_say_what_is_wrong),
        cmocka_unit_test(a_layer_belongs_to_one_model),
        cmocka_unit_test(weights_lie_apart_and_are_numbered_in_order),
        cmocka_unit_test(weights_are_got_and_set),
        cmocka_unit_test(seeds_draw_weights),
        cmocka_unit_test(gradients_are_of_what_trains),
        cmocka_unit_test(the_first_failure_is_kept),
        cmocka_unit_test(small_settings_are_kept),
        cmocka_unit_test(nothing_is_lost_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
