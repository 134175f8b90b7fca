/* Losses and metrics of the caller's own: they count and learn as built-in ones do, are saved as
 * Keras writes them and found again; what is not registered is told by name; and the check of
 * gradients tells a right backward function from a wrong one. */
#include "support/cmocka.h"
#include "support/said.h"

#include "base/text.h"
#include "base/value.h"
#include "files/json.h"
#include "training/trainer.h"
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N = 6, WIDTH = 3 };

/* Tilted(tau): the mean of max(tau d, (tau - 1) d), d = y - p. */
static void tilted(const capas_custom_loss_call *call)
{
    float tau = (float)call->options[0];
    for (int64_t row = 0; row < call->rows; row++) {
        call->values[row] = 0;
        for (int64_t i = row * call->width; i < (row + 1) * call->width; i++) {
            float d = call->targets[i] - call->predictions[i], slope = d > 0 ? tau : tau - 1;
            call->values[row] += slope * d / (float)call->width;
            if (call->gradients) call->gradients[i] = -slope / (float)call->width;
        }
    }
}

static void squared(const capas_custom_loss_call *call)
{
    const double *weight = call->context;
    for (int64_t row = 0; row < call->rows; row++) {
        call->values[row] = 0;
        for (int64_t i = row * call->width; i < (row + 1) * call->width; i++) {
            float d = call->predictions[i] - call->targets[i];
            call->values[row] += d * d / (float)call->width;
            if (call->gradients) call->gradients[i] = (float)*weight * d / (float)call->width;
        }
    }
}

static double two = 2, three = 3;

/* Within(width): the share of the numbers that are so near. */
static void within_update(const capas_custom_metric_call *call)
{
    for (int64_t i = 0; i < call->rows * call->width; i++) {
        double weight = call->weights ? (double)call->weights[i / call->width] : 1;
        double off = fabs((double)call->targets[i] - (double)call->predictions[i]);
        call->sums[0] += off <= call->options[0] ? weight : 0;
        call->sums[1] += weight;
    }
}

static double within_result(const capas_custom_metric_call *call)
{
    return call->sums[1] > 0 ? call->sums[0] / call->sums[1] : 0;
}

/* The smallest prediction of each column, summed up. */
static void least_reset(const capas_custom_metric_call *call)
{
    for (int c = 0; c < call->width; c++)
        call->sums[c] = HUGE_VAL;
}

static void least_update(const capas_custom_metric_call *call)
{
    for (int64_t i = 0; i < call->rows * call->width; i++)
        call->sums[i % call->width] =
            fmin(call->sums[i % call->width], (double)call->predictions[i]);
}

static double least_result(const capas_custom_metric_call *call)
{
    double sum = 0;
    for (int c = 0; c < call->width; c++)
        sum += call->sums[c];
    return sum;
}

static const capas_custom_loss losses[] = {
    {
        .struct_size = sizeof(capas_custom_loss),
        .name = "Tilted",
        .package = "tests",
        .options = {{"tau", 0.5, "how much too little counts"}},
        .compute = tilted,
    },
    {.struct_size = sizeof(capas_custom_loss),
     .name = "Squared",
     .context = &two,
     .compute = squared},
    {.struct_size = sizeof(capas_custom_loss),
     .name = "Wrong",
     .context = &three,
     .compute = squared},
    {.struct_size = sizeof(capas_custom_loss),
     .name = "squares",
     .package = "tests",
     .is_function = 1,
     .context = &two,
     .compute = squared},
};

static const capas_custom_metric within = {
    .struct_size = sizeof(capas_custom_metric),
    .name = "Within",
    .package = "tests",
    .options = {{"width", 1, NULL}},
    .sums = 2,
    .update = within_update,
    .result = within_result,
};

static const capas_custom_metric least = {
    .struct_size = sizeof(capas_custom_metric),
    .name = "LeastOfAll",
    .sums_for_each = 1,
    .smaller_is_better = 1,
    .reset = least_reset,
    .update = least_update,
    .result = least_result,
};

static int register_all(void **state)
{
    (void)state;
    int failures = 0;
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        failures += capas_register_loss(&losses[i]) != CAPAS_OK;
    failures += capas_register_metric(&within) != CAPAS_OK;
    return failures + (capas_register_metric(&least) != CAPAS_OK);
}

static float x[N * WIDTH], y[N * WIDTH], weights[N];
static const capas_tensor inputs = {CAPAS_FLOAT32, {2, {N, WIDTH}}, x};
static const capas_tensor targets = {CAPAS_FLOAT32, {2, {N, WIDTH}}, y};
static const capas_tensor sample_weights = {CAPAS_FLOAT32, {1, {N}}, weights};

static capas_model *two_layers(void)
{
    for (int i = 0; i < N * WIDTH; i++) {
        x[i] = sinf((float)i * 2.3f) * 2;
        y[i] = cosf((float)i * 1.7f);
    }
    for (int i = 0; i < N; i++)
        weights[i] = (float)(i % 3) * 0.7f;
    capas_model *model =
        capas_sequential(capas_input(WIDTH), capas_dense(4, .activation = CAPAS_TANH),
                         capas_dense(WIDTH, .name = "out"));
    capas_model_set_seed(model, 3);
    if (!model) fail_msg("%s", capas_error());
    return model;
}

static capas_evaluation evaluated(capas_model *model)
{
    capas_evaluation result;
    const capas_batch_options weighted = {.struct_size = sizeof weighted,
                                          .sample_weights = &sample_weights};
    for (int step = 0; step < 3; step++)
        capas_train_on_batch_with(model, &inputs, &targets, N, &weighted, NULL);
    if (capas_test_on_batch_with(model, &inputs, &targets, N, &weighted, &result) != CAPAS_OK)
        fail_msg("%s", capas_error());
    return result;
}

/* Squared is mean_squared_error, Tilted(0.5) half the mean absolute error; with every reduction. */
static void learn_as_built_in_ones(void **state)
{
    (void)state;
    for (int reduction = CAPAS_SUM_OVER_BATCH_SIZE; reduction <= CAPAS_MEAN_WITH_SAMPLE_WEIGHT;
         reduction++) {
        capas_loss own = capas_registered_loss("Custom>Squared", NULL);
        capas_loss keras = {.name = CAPAS_MEAN_SQUARED_ERROR};
        own.reduction = keras.reduction = (capas_reduction)reduction;
        capas_model *a = two_layers(), *b = two_layers();
        capas_compile(a, .optimizer = capas_sgd(.learning_rate = 0.1), .losses = {own});
        capas_compile(b, .optimizer = capas_sgd(.learning_rate = 0.1), .losses = {keras});
        capas_evaluation got = evaluated(a), wanted = evaluated(b);
        assert_true(fabs(got.values[0] - wanted.values[0]) < 1e-6 * fabs(wanted.values[0]));
        capas_model_free(a);
        capas_model_free(b);
    }
    capas_model *model = two_layers();
    capas_compile(model, .losses = {capas_registered_loss("Tilted", NULL)},
                  .metrics = {CAPAS_METRIC_MEAN_ABSOLUTE_ERROR});
    capas_evaluation result;
    assert_int_equal(capas_test_on_batch(model, &inputs, &targets, N, &result), CAPAS_OK);
    assert_true(fabs(2 * capas_evaluation_get(&result, "loss") -
                     capas_evaluation_get(&result, "mean_absolute_error")) < 1e-6);
    capas_model_free(model);
}

static void metrics_count(void **state)
{
    (void)state;
    capas_model *model = two_layers();
    capas_compile(model, .loss = CAPAS_MEAN_SQUARED_ERROR,
                  .metric_configs = {capas_registered_metric("Within", (double[]){0.8}),
                                     capas_registered_metric("LeastOfAll", NULL)},
                  .weighted_metric_configs = {capas_registered_metric("Within", (double[]){0.8})});
    float p[N * WIDTH];
    double inside = 0, weighted = 0, all = 0, least_of[WIDTH] = {HUGE_VAL, HUGE_VAL, HUGE_VAL};
    capas_evaluation result = evaluated(model);
    assert_int_equal(capas_predict(model, x, N, p), CAPAS_OK);
    for (int i = 0; i < N * WIDTH; i++) {
        bool near = fabs((double)y[i] - (double)p[i]) <= 0.8;
        inside += near;
        weighted += near ? (double)weights[i / WIDTH] : 0;
        all += (double)weights[i / WIDTH];
        least_of[i % WIDTH] = fmin(least_of[i % WIDTH], (double)p[i]);
    }
    assert_true(fabs(capas_evaluation_get(&result, "within") - inside / (N * WIDTH)) < 1e-12);
    assert_true(fabs(capas_evaluation_get(&result, "weighted_within") - weighted / all) < 1e-9);
    assert_true(fabs(capas_evaluation_get(&result, "least_of_all") - least_of[0] - least_of[1] -
                     least_of[2]) < 1e-6);
    capas_model_free(model);
}

/* The very JSON that Keras 3.15 writes of a class and of a function that are registered so. */
static void are_written_as_keras_does(void **state)
{
    (void)state;
    static const struct {
        const char *loss, *metrics;
    } cases[] = {
        {"{\"module\": null, \"class_name\": \"Tilted\", \"config\": {\"name\": \"tilted\", "
         "\"reduction\": \"sum_over_batch_size\", \"tau\": 0.9}, \"registered_name\": "
         "\"tests>Tilted\"}",
         "[{\"module\": null, \"class_name\": \"Within\", \"config\": {\"name\": \"within\", "
         "\"dtype\": \"float32\", \"width\": 0.3}, \"registered_name\": \"tests>Within\"}]"},
        {"{\"module\": \"builtins\", \"class_name\": \"function\", \"config\": \"tests>squares\", "
         "\"registered_name\": \"function\"}",
         "null"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1200];
        snprintf(text, sizeof text, "{\"optimizer\": \"sgd\", \"loss\": %s, \"metrics\": %s}",
                 cases[i].loss, cases[i].metrics);
        capas_value *config = capas_json_read(text, strlen(text), "test");
        capas_model *model = two_layers();
        assert_non_null(config);
        if (capas_compile_from_config(model, config, "test") != CAPAS_OK)
            fail_msg("%s", capas_error());
        capas_value *written = capas_compile_config(model);
        assert_true(
            capas_value_equal(capas_value_get(written, "loss"), capas_value_get(config, "loss")));
        assert_true(capas_value_equal(capas_value_get(written, "metrics"),
                                      capas_value_get(config, "metrics")));
        capas_value_free(written);
        capas_value_free(config);
        capas_model_free(model);
    }
}

static void go_through_a_file(void **state)
{
    (void)state;
    capas_model *model = two_layers();
    capas_compile(model, .losses = {capas_registered_loss("Tilted", (double[]){0.8})},
                  .metric_configs = {capas_registered_metric("Within", NULL)});
    capas_evaluation before = evaluated(model), after;
    if (capas_save(model, "own.h5") != CAPAS_OK) fail_msg("%s", capas_error());
    capas_model *again = capas_load("own.h5");
    if (!again) fail_msg("%s", capas_error());
    const capas_batch_options weighted = {.struct_size = sizeof weighted,
                                          .sample_weights = &sample_weights};
    assert_int_equal(capas_test_on_batch_with(again, &inputs, &targets, N, &weighted, &after),
                     CAPAS_OK);
    assert_true(capas_evaluation_get(&before, "loss") == capas_evaluation_get(&after, "loss"));
    assert_true(capas_evaluation_get(&before, "within") == capas_evaluation_get(&after, "within"));
    capas_model_free(again);
    capas_model_free(model);
}

static void read_fails(const char *text, const char *piece)
{
    capas_value *config = capas_json_read(text, strlen(text), "test");
    capas_model *model = two_layers();
    assert_non_null(config);
    assert_int_not_equal(capas_compile_from_config(model, config, "test"), CAPAS_OK);
    assert_said(piece);
    capas_value_free(config);
    capas_model_free(model);
}

static void what_is_unknown_is_named(void **state)
{
    (void)state;
    capas_model *model = two_layers();
    assert_int_equal(capas_compile(model, .losses = {capas_registered_loss("Tilt", NULL)}),
                     CAPAS_UNKNOWN_NAME);
    assert_said("no loss \"Tilt\" is registered; capas_register_loss");
    capas_model_clear_error(model);
    assert_int_equal(capas_compile(model, .loss = CAPAS_MEAN_SQUARED_ERROR,
                                   .metric_configs = {capas_registered_metric("Near", NULL)}),
                     CAPAS_UNKNOWN_NAME);
    assert_said("no metric \"Near\" is registered; capas_register_metric");
    capas_model_clear_error(model);
    capas_loss function = capas_registered_loss("squares", NULL);
    function.reduction = CAPAS_SUM;
    assert_int_equal(capas_compile(model, .losses = {function}), CAPAS_INVALID_ARGUMENT);
    assert_said("is a function in Keras");
    capas_model_free(model);
    read_fails("{\"loss\": {\"module\": null, \"class_name\": \"Huber\", \"config\": {}, "
               "\"registered_name\": \"mine>Huber\"}}",
               "the loss \"mine>Huber\" is a program's own");
    read_fails("{\"loss\": {\"module\": \"builtins\", \"class_name\": \"function\", \"config\": "
               "\"mine>fn\", \"registered_name\": \"function\"}}",
               "register one of that name (capas_register_loss");
    read_fails("{\"metrics\": [{\"module\": null, \"class_name\": \"Near\", \"config\": {}, "
               "\"registered_name\": \"mine>Near\"}]}",
               "the metric \"mine>Near\" is a program's own");
    read_fails(
        "{\"metrics\": [{\"module\": \"builtins\", \"class_name\": \"function\", \"config\": "
        "\"mine>fn\", \"registered_name\": \"function\"}]}",
        "the metric \"mine>fn\" is a function");
    read_fails("{\"loss\": {\"Tilted\": {\"tao\": 1}}}", "did you mean \"tau\"?");
}

static void wrong_definitions_are_refused(void **state)
{
    (void)state;
    assert_int_equal(capas_register_loss(&losses[0]), CAPAS_INVALID_ARGUMENT);
    assert_said("there is a loss \"Tilted\" already");
    capas_custom_loss loss = losses[0];
    loss.name = "Huber";
    assert_int_equal(capas_register_loss(&loss), CAPAS_INVALID_ARGUMENT);
    loss.name = "Other";
    loss.is_function = 1;
    assert_int_equal(capas_register_loss(&loss), CAPAS_INVALID_ARGUMENT);
    assert_said("which has no options");
    loss.compute = NULL;
    assert_int_equal(capas_register_loss(&loss), CAPAS_INVALID_ARGUMENT);
    assert_said("the loss \"Other\" has no compute function");
    capas_custom_metric metric = within;
    metric.name = "Other";
    metric.sums = 0;
    assert_int_equal(capas_register_metric(&metric), CAPAS_INVALID_ARGUMENT);
    assert_said("must keep a number at least");
    metric.result = NULL;
    assert_int_equal(capas_register_metric(&metric), CAPAS_INVALID_ARGUMENT);
    assert_said("has no result function");
}

static capas_status checked(capas_loss loss)
{
    capas_model *model = two_layers();
    float before[4 * WIDTH], after[4 * WIDTH];
    int kernel = capas_model_find_weight(model, "out", "kernel");
    capas_compile(model, .losses = {loss});
    capas_model_get_weight(model, kernel, before);
    capas_status status = capas_check_gradients(model, &inputs, &targets, N, 0);
    capas_model_get_weight(model, kernel, after);
    assert_memory_equal(before, after, sizeof before);
    capas_model_free(model);
    return status;
}

static void gradients_are_checked(void **state)
{
    (void)state;
    if (checked(capas_registered_loss("Tilted", (double[]){0.2})) != CAPAS_OK)
        fail_msg("%s", capas_error());
    if (checked(capas_registered_loss("Squared", NULL)) != CAPAS_OK) fail_msg("%s", capas_error());
    assert_int_equal(checked(capas_registered_loss("Wrong", NULL)), CAPAS_INVALID_ARGUMENT);
    assert_said("with respect to input 0 of model");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learn_as_built_in_ones),
        cmocka_unit_test(metrics_count),
        cmocka_unit_test(are_written_as_keras_does),
        cmocka_unit_test(go_through_a_file),
        cmocka_unit_test(what_is_unknown_is_named),
        cmocka_unit_test(wrong_definitions_are_refused),
        cmocka_unit_test(gradients_are_checked),
    };
    return cmocka_run_group_tests(tests, register_all, NULL);
}
