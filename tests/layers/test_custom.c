/* Layers of the caller's own: they compute, learn, are saved and found again as all others; what
 * does not fit is told. */
#include "support/cmocka.h"
#include "support/said.h"

#include <capas/capas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 4, WIDTH = 3 };

/* Swish(beta): x sigmoid(beta x); 1 is Keras's silu. */
static void swish(const capas_custom_call *call)
{
    int64_t count = call->n * call->output_shape->dims[1];
    float beta = (float)call->options[0];
    for (int64_t i = 0; i < count; i++) {
        float x = call->inputs[0][i];
        call->output[i] = x / (1 + expf(-beta * x));
    }
}

static void swish_backward(const capas_custom_call *call)
{
    int64_t count = call->n * call->output_shape->dims[1];
    float beta = (float)call->options[0];
    for (int64_t i = 0; i < count && call->input_gradients[0]; i++) {
        float x = call->inputs[0][i], s = 1 / (1 + expf(-beta * x));
        call->input_gradients[0][i] = call->output_gradient[i] * (s + beta * x * s * (1 - s));
    }
}

/* Mix(a, b): a * w + b, w for each place of the last axis. */
static int mix_shape(void *context, const double *options, const capas_shape *inputs,
                     capas_shape *output, const char **reason)
{
    (void)context, (void)options;
    *output = inputs[0];
    *reason = "Mix takes two inputs of one shape";
    return inputs[0].dims[1] != inputs[1].dims[1];
}

static int mix_weight(void *context, const double *options, const capas_shape *inputs, int weight,
                      capas_shape *shape, const char **reason)
{
    (void)context, (void)options, (void)weight, (void)reason;
    *shape = (capas_shape){1, {inputs[0].dims[1]}};
    return 0;
}

static void mix(const capas_custom_call *call)
{
    int64_t width = call->output_shape->dims[1];
    for (int64_t i = 0; i < call->n * width; i++)
        call->output[i] = call->inputs[0][i] * call->weights[0][i % width] + call->inputs[1][i];
}

static void mix_backward(const capas_custom_call *call)
{
    int64_t width = call->output_shape->dims[1];
    float *by_weight = call->weight_gradients[0];
    if (by_weight) memset(by_weight, 0, (size_t)width * sizeof(float));
    for (int64_t i = 0; i < call->n * width; i++) {
        float g = call->output_gradient[i];
        if (call->input_gradients[0]) call->input_gradients[0][i] = g * call->weights[0][i % width];
        if (call->input_gradients[1]) call->input_gradients[1][i] = g;
        if (by_weight) by_weight[i % width] += g * call->inputs[0][i];
    }
}

static const capas_custom_layer swish_layer = {
    .struct_size = sizeof(capas_custom_layer),
    .name = "Swish",
    .package = "tests",
    .options = {{"beta", 1, "the steepness"}},
    .forward = swish,
    .backward = swish_backward,
};

static const capas_custom_layer mix_layer = {
    .struct_size = sizeof(capas_custom_layer),
    .name = "Mix",
    .inputs = 2,
    .weights = {{"scale", {.kind = CAPAS_INITIALIZER_ONES}, 0}},
    .output_shape = mix_shape,
    .weight_shape = mix_weight,
    .forward = mix,
    .backward = mix_backward,
};

static const capas_custom_layer forward_only = {
    .struct_size = sizeof(capas_custom_layer), .name = "ForwardOnly", .forward = swish};

static int register_all(void **state)
{
    (void)state;
    return capas_register_layer(&swish_layer) != CAPAS_OK ||
           capas_register_layer(&mix_layer) != CAPAS_OK ||
           capas_register_layer(&forward_only) != CAPAS_OK;
}

static float x[N * WIDTH];

static void fill_x(void)
{
    for (int i = 0; i < N * WIDTH; i++)
        x[i] = sinf((float)i * 2.3f) * 2;
}

/* Dense(3), silu or Swish, Dense(2), two steps of SGD on fixed numbers. */
static capas_model *trained(capas_layer *activation)
{
    fill_x();
    capas_model *model = capas_sequential(capas_input(WIDTH), capas_dense(WIDTH), activation,
                                          capas_dense(2, .activation = CAPAS_SOFTMAX));
    uint8_t y[N] = {0, 1, 1, 0};
    capas_tensor inputs = {CAPAS_FLOAT32, {2, {N, WIDTH}}, x}, targets = {CAPAS_UINT8, {1, {N}}, y};
    capas_compile(model, .optimizer = capas_sgd(.learning_rate = 0.5),
                  .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY);
    for (int step = 0; step < 2; step++)
        capas_train_on_batch(model, &inputs, &targets, N, NULL);
    if (capas_model_status(model) != CAPAS_OK) fail_msg("%s", capas_error());
    return model;
}

static void learns_as_the_built_in_one(void **state)
{
    (void)state;
    capas_model *own = trained(capas_custom("Swish", NULL, NULL));
    capas_model *keras = trained(capas_activation_layer(CAPAS_SILU));
    float p[N * 2], q[N * 2];
    assert_int_equal(capas_predict(own, x, N, p), CAPAS_OK);
    assert_int_equal(capas_predict(keras, x, N, q), CAPAS_OK);
    for (int i = 0; i < N * 2; i++)
        assert_true(fabsf(p[i] - q[i]) < 2e-6f);
    capas_model_free(own);
    capas_model_free(keras);
}

/* Its options go with the file, and Keras finds its class by the registered name. */
static void is_saved_and_found_again(void **state)
{
    (void)state;
    const double beta[] = {2.5};
    capas_model *model = trained(capas_custom("Swish", beta, "bend")), *again;
    char *json;
    assert_int_equal(capas_model_to_json(model, &json), CAPAS_OK);
    assert_non_null(strstr(json, "\"registered_name\": \"tests>Swish\""));
    assert_non_null(strstr(json, "\"beta\": 2.5"));
    again = capas_model_from_json(json);
    if (!again) fail_msg("%s", capas_error());
    for (int w = 0; w < capas_model_weight_count(model); w++) {
        float values[WIDTH * WIDTH];
        capas_model_get_weight(model, w, values);
        capas_model_set_weight(again, w, values);
    }
    float p[N * 2], q[N * 2];
    assert_int_equal(capas_predict(model, x, N, p), CAPAS_OK);
    assert_int_equal(capas_predict(again, x, N, q), CAPAS_OK);
    assert_memory_equal(p, q, sizeof p);
    capas_free(json);
    capas_model_free(again);
    capas_model_free(model);
}

static capas_model *mixed(int width)
{
    capas_graph *graph = capas_graph_new();
    capas_node in = capas_graph_apply(graph, capas_input(WIDTH), NULL, 0);
    capas_node both[] = {capas_graph_apply(graph, capas_dense(WIDTH, .name = "a"), &in, 1),
                         capas_graph_apply(graph, capas_dense(width, .name = "b"), &in, 1)};
    capas_node out = capas_graph_apply(graph, capas_custom("Mix", NULL, "mix"), both, 2);
    return capas_functional(graph, "mixed", &in, 1, &out, 1);
}

/* Two inputs and a weight: gradients against small differences of the loss. */
static void gradients_are_the_functions(void **state)
{
    (void)state;
    fill_x();
    capas_model *model = mixed(WIDTH);
    if (!model) fail_msg("%s", capas_error());
    float y[N * WIDTH] = {1, 0, 2};
    capas_tensor inputs = {CAPAS_FLOAT32, {2, {N, WIDTH}}, x};
    capas_tensor targets = {CAPAS_FLOAT32, {2, {N, WIDTH}}, y};
    assert_int_equal(capas_compile(model, .loss = CAPAS_MEAN_SQUARED_ERROR), CAPAS_OK);
    if (capas_check_gradients(model, &inputs, &targets, N, 0.002) != CAPAS_OK)
        fail_msg("%s", capas_error());
    capas_model_free(model);
}

static void tells_what_does_not_fit(void **state)
{
    (void)state;
    assert_int_equal(capas_register_layer(&swish_layer), CAPAS_INVALID_ARGUMENT);
    assert_said("there is a layer \"Swish\" already");
    capas_custom_layer other = swish_layer;
    other.name = "Dense";
    assert_int_equal(capas_register_layer(&other), CAPAS_INVALID_ARGUMENT);
    other.name = "Other";
    other.forward = NULL;
    assert_int_equal(capas_register_layer(&other), CAPAS_INVALID_ARGUMENT);
    assert_said("has no forward function");
    assert_null(capas_custom("Swoosh", NULL, NULL));
    assert_said("no layer \"Swoosh\" is registered");
    assert_null(mixed(WIDTH + 1));
    assert_said("layer mix: Mix takes two inputs of one shape");
    assert_null(capas_model_from_json(
        "{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": "
        "\"InputLayer\", \"config\": {\"batch_shape\": [null, 3]}}, {\"class_name\": \"Swish\", "
        "\"config\": {\"betta\": 1}}]}}"));
    assert_said("did you mean \"beta\"?");
}

static void needs_a_way_back_to_train(void **state)
{
    (void)state;
    fill_x();
    capas_model *model = capas_sequential(capas_input(WIDTH), capas_dense(WIDTH, .name = "front"),
                                          capas_custom("ForwardOnly", (double[]){0}, "one_way"),
                                          capas_dense(1, .name = "back"));
    float y[N] = {0}, p[N];
    capas_tensor inputs = {CAPAS_FLOAT32, {2, {N, WIDTH}}, x};
    capas_tensor targets = {CAPAS_FLOAT32, {2, {N, 1}}, y};
    capas_compile(model, .loss = CAPAS_MEAN_SQUARED_ERROR);
    assert_int_equal(capas_train_on_batch(model, &inputs, &targets, N, NULL), CAPAS_UNSUPPORTED);
    assert_said("layer one_way: ForwardOnly has no backward function");
    capas_model_clear_error(model);
    assert_int_equal(capas_predict(model, x, N, p), CAPAS_OK);
    capas_model_set_trainable(model, "front", 0);
    capas_compile(model, .loss = CAPAS_MEAN_SQUARED_ERROR);
    if (capas_train_on_batch(model, &inputs, &targets, N, NULL) != CAPAS_OK)
        fail_msg("%s", capas_error());
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_as_the_built_in_one),  cmocka_unit_test(is_saved_and_found_again),
        cmocka_unit_test(gradients_are_the_functions), cmocka_unit_test(tells_what_does_not_fit),
        cmocka_unit_test(needs_a_way_back_to_train),
    };
    return cmocka_run_group_tests(tests, register_all, NULL);
}
