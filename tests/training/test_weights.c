/* What samples count for: sample_weight and class_weight in the loss, in its gradient and in
 * weighted metrics; validation_freq; metrics of one output alone. Expected losses are worked out
 * here from the model's predictions, by Keras's rule: sum of weight * value / samples. */
#include "support/cmocka.h"
#include "support/said.h"
#include "support/small_network.h"

#include "training/trainer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = SMALL_SAMPLES };

static const double class_weights[] = {1, 0, 2.5};

static void assert_near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-6 * fmax(1, fabs(want)))) fail_msg("%.9g, not %.9g", got, want);
}

/* The small data with labels of its own order, weighted by class or by `weights`. */
typedef struct samples {
    float x[N * SMALL_FEATURES], weights[N];
    uint8_t y[N];
    capas_dataset *plain, *weighted;
} samples;

static samples make_samples(void)
{
    samples s;
    for (int i = 0; i < N * SMALL_FEATURES; i++)
        s.x[i] = sinf((float)i * 1.7f);
    for (int i = 0; i < N; i++) {
        s.y[i] = (uint8_t)((i * i) % SMALL_CLASSES);
        s.weights[i] = (float)class_weights[s.y[i]];
    }
    capas_tensor x = {CAPAS_FLOAT32, {2, {N, SMALL_FEATURES}}, s.x};
    capas_tensor y = {CAPAS_UINT8, {1, {N}}, s.y}, w = {CAPAS_FLOAT32, {1, {N}}, s.weights};
    s.plain = capas_dataset_from_arrays(x, y, 1);
    s.weighted = capas_dataset_from_arrays(x, y, 1);
    assert_int_equal(capas_dataset_set_sample_weight(s.weighted, 0, w, 1), CAPAS_OK);
    return s;
}

static void free_samples(samples *s)
{
    capas_dataset_free(s->weighted);
    capas_dataset_free(s->plain);
}

static capas_model *weighted_network(void)
{
    capas_model *model = small_network();
    assert_int_equal(capas_compile(model, .optimizer = capas_sgd(.learning_rate = 0.1),
                                   .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
                                   .metrics = {CAPAS_ACCURACY, CAPAS_METRIC_MEAN_SQUARED_ERROR},
                                   .weighted_metrics = {CAPAS_ACCURACY}),
                     CAPAS_OK);
    return model;
}

static int largest(const float *row)
{
    int best = 0;
    for (int c = 1; c < SMALL_CLASSES; c++)
        if (row[c] > row[best]) best = c;
    return best;
}

static void counts_in_loss_and_metrics(void **state)
{
    (void)state;
    samples s = make_samples();
    capas_model *model = weighted_network();
    float p[N * SMALL_CLASSES];
    assert_int_equal(capas_predict(model, s.x, N, p), CAPAS_OK);
    double loss = 0, right = 0, weighted = 0, all = 0;
    for (int i = 0; i < N; i++) {
        bool hit = largest(p + i * SMALL_CLASSES) == s.y[i];
        loss -= (double)s.weights[i] * log((double)p[i * SMALL_CLASSES + s.y[i]]);
        right += hit;
        weighted += hit * (double)s.weights[i];
        all += (double)s.weights[i];
    }
    capas_evaluation e;
    for (int batch = 3; batch <= N; batch += N - 3) {
        assert_int_equal(capas_evaluate(model, s.weighted, &e, .batch_size = batch), CAPAS_OK);
        assert_near(capas_evaluation_get(&e, "loss"), loss / N);
        assert_near(capas_evaluation_get(&e, "accuracy"), right / N);
        assert_near(capas_evaluation_get(&e, "weighted_accuracy"), weighted / all);
    }
    capas_tensor x = {CAPAS_FLOAT32, {2, {N, SMALL_FEATURES}}, s.x};
    capas_tensor y = {CAPAS_UINT8, {1, {N}}, s.y}, w = {CAPAS_FLOAT32, {1, {N}}, s.weights};
    capas_batch_options options = {sizeof options, .sample_weights = &w};
    assert_int_equal(capas_test_on_batch_with(model, &x, &y, N, &options, &e), CAPAS_OK);
    assert_near(capas_evaluation_get(&e, "loss"), loss / N);
    capas_model_free(model);
    free_samples(&s);
}

static float *trained(capas_dataset *data, capas_fit_options options, double *loss)
{
    capas_model *model = weighted_network();
    capas_history *history;
    options.struct_size = sizeof options;
    options.epochs = 3;
    options.batch_size = 8;
    options.history = &history;
    if (capas_fit_with(model, data, &options) != CAPAS_OK) fail_msg("%s", capas_error());
    *loss = capas_history_values(history, "loss")[2];
    float *weights = small_weights(model, NULL);
    capas_history_free(history);
    capas_model_free(model);
    return weights;
}

/* Weights of classes are sample weights by another name, shuffled and cut like them; and a sample
 * of weight 0 teaches nothing. */
static void teaches_by_weight(void **state)
{
    (void)state;
    samples s = make_samples();
    double losses[4];
    capas_fit_options plain = {0};
    capas_fit_options classes = {.class_weight = class_weights, .class_weight_count = 3};
    float *by_class = trained(s.plain, classes, &losses[0]);
    float *by_sample = trained(s.weighted, plain, &losses[1]);
    float *unweighted = trained(s.plain, plain, &losses[2]);
    size_t size = (SMALL_FEATURES * 4 + 4 + 4 * 3 + 3) * sizeof(float);
    assert_memory_equal(by_class, by_sample, size);
    assert_true(losses[0] == losses[1]);
    assert_memory_not_equal(by_class, unweighted, size);
    capas_model *model = weighted_network();
    float *fresh = small_weights(model, NULL);
    capas_tensor none = {CAPAS_FLOAT32, {1, {N}}, calloc(N, sizeof(float))};
    assert_int_equal(capas_dataset_set_sample_weight(s.plain, 0, none, 0), CAPAS_OK);
    float *untaught = trained(s.plain, plain, &losses[3]);
    assert_memory_equal(untaught, fresh, size);
    assert_true(losses[3] == 0);
    free(none.data), free(fresh), free(untaught);
    free(by_class), free(by_sample), free(unweighted);
    capas_model_free(model);
    free_samples(&s);
}

/* The gradient is that of the loss: two weights of one are one weight of two. */
static void weighs_gradients(void **state)
{
    (void)state;
    float x[] = {0.5f, -1, 0.5f, -1, 2, 1}, two[] = {2, 0, 0}, ones[] = {1, 1, 0};
    uint8_t y[] = {1, 1, 2};
    capas_tensor inputs = {CAPAS_FLOAT32, {2, {3, 2}}, x}, targets = {CAPAS_UINT8, {1, {3}}, y};
    float *weights[2];
    for (int k = 0; k < 2; k++) {
        capas_model *model = weighted_network();
        capas_tensor w = {CAPAS_FLOAT32, {1, {3}}, k ? ones : two};
        capas_batch_options options = {sizeof options, .sample_weights = &w};
        assert_int_equal(capas_train_on_batch_with(model, &inputs, &targets, 3, &options, NULL),
                         CAPAS_OK);
        weights[k] = small_weights(model, NULL);
        capas_model_free(model);
    }
    for (int i = 0; i < SMALL_FEATURES * 4 + 4 + 4 * 3 + 3; i++)
        assert_near((double)weights[0][i], (double)weights[1][i]);
    free(weights[0]), free(weights[1]);
}

static void check_fails(capas_model *model, capas_dataset *data, capas_fit_options options,
                        capas_status status, const char *said)
{
    options.struct_size = sizeof options;
    assert_int_equal(capas_fit_with(model, data, &options), status);
    assert_said(said);
    capas_model_clear_error(model);
}

static void refuses(void **state)
{
    (void)state;
    samples s = make_samples();
    capas_model *model = weighted_network();
    capas_fit_options classes = {.class_weight = class_weights, .class_weight_count = 3};
    check_fails(model, s.weighted, classes, CAPAS_INVALID_ARGUMENT,
                "fit: class_weight and sample weights exclude each other");
    classes.class_weight_count = 0;
    check_fails(model, s.plain, classes, CAPAS_INVALID_ARGUMENT, "needs a weight for each");
    const double nan[] = {NAN};
    check_fails(model, s.plain, (capas_fit_options){.class_weight = nan, .class_weight_count = 1},
                CAPAS_INVALID_ARGUMENT, "class_weight of class 0 must be a finite number");
    float w[2 * N] = {0};
    capas_tensor pairs = {CAPAS_FLOAT32, {2, {N, 2}}, w}, few = {CAPAS_FLOAT32, {1, {N - 1}}, w};
    assert_int_equal(capas_dataset_set_sample_weight(s.plain, 0, few, 0), CAPAS_SHAPE_MISMATCH);
    assert_said("sample weights must be float32 of the shape (20)");
    assert_int_equal(capas_dataset_set_sample_weight(s.plain, 1, few, 0), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_dataset_set_sample_weight(s.plain, 0, pairs, 1), CAPAS_OK);
    check_fails(model, s.plain, (capas_fit_options){0}, CAPAS_SHAPE_MISMATCH,
                "has 1 values of the loss a sample; its sample weights must be one or as many, "
                "found the shape (2,)");
    capas_model_free(model);
    free_samples(&s);
}

static void validates_seldom(void **state)
{
    (void)state;
    samples s = make_samples();
    capas_model *model = weighted_network();
    capas_history *history;
    assert_int_equal(capas_fit(model, s.plain, .epochs = 5, .validation_data = s.plain,
                               .validation_freq = 2, .history = &history),
                     CAPAS_OK);
    const double *values = capas_history_values(history, "val_loss");
    for (int epoch = 0; epoch < 5; epoch++)
        assert_int_equal(isnan(values[epoch]), epoch % 2 == 0);
    capas_history_free(history);
    capas_model_free(model);
    free_samples(&s);
}

/* Keras's list: after these epochs, the first is 1. */
static void validates_after_epochs(void **state)
{
    (void)state;
    samples s = make_samples();
    capas_model *model = weighted_network();
    capas_history *history;
    const int epochs[] = {4, 1, 9}, wrong[] = {2, 0};
    assert_int_equal(capas_fit(model, s.plain, .epochs = 5, .validation_data = s.plain,
                               .validation_epochs = epochs, .validation_epoch_count = 3,
                               .history = &history),
                     CAPAS_OK);
    const double *values = capas_history_values(history, "val_loss");
    for (int epoch = 0; epoch < 5; epoch++)
        assert_int_equal(isnan(values[epoch]), epoch != 0 && epoch != 3);
    capas_history_free(history);
    check_fails(model, s.plain,
                (capas_fit_options){.validation_epochs = wrong, .validation_epoch_count = 2},
                CAPAS_INVALID_ARGUMENT, "validation_epochs count from 1, found 0");
    check_fails(model, s.plain,
                (capas_fit_options){
                    .validation_epochs = epochs, .validation_epoch_count = 3, .validation_freq = 2},
                CAPAS_INVALID_ARGUMENT, "exclude each other");
    check_fails(model, s.plain, (capas_fit_options){.validation_epoch_count = 3},
                CAPAS_INVALID_ARGUMENT, "found none (NULL)");
    capas_model_free(model);
    free_samples(&s);
}

/* Several outputs may have different metrics, as Keras's files say them. */
static void has_metrics_of_one_output(void **state)
{
    (void)state;
    capas_graph *graph = capas_graph_new();
    capas_node in = capas_graph_apply(graph, capas_input(2), NULL, 0);
    capas_node a = capas_graph_apply(graph, capas_dense(3, .name = "a"), &in, 1);
    capas_node b = capas_graph_apply(graph, capas_dense(1, .name = "b"), &in, 1);
    capas_model *model = capas_functional(graph, "two", &in, 1, (capas_node[]){a, b}, 2);
    capas_value *config = capas_value_map(), *metrics = capas_value_map();
    capas_value *accuracy = capas_value_list(), *error = capas_value_list();
    capas_value_append(accuracy, capas_value_string("accuracy"));
    capas_value_append(error, capas_value_string("mae"));
    capas_value_set(metrics, "a", accuracy);
    capas_value_set(metrics, "b", error);
    capas_value_set(config, "loss", capas_value_string("mse"));
    capas_value_set(config, "metrics", metrics);
    if (capas_compile_from_config(model, config, "test") != CAPAS_OK) fail_msg("%s", capas_error());
    capas_value *written = capas_compile_config(model);
    const capas_value *list = capas_value_get(written, "metrics");
    assert_int_equal(list->count, 2);
    assert_string_equal(list->items[0]->items[0]->string, "accuracy");
    assert_string_equal(list->items[1]->items[0]->string, "mae");
    float x[8] = {1, 2, 3}, y[12] = {0, 1, 0}, z[4] = {1};
    capas_tensor inputs = {CAPAS_FLOAT32, {2, {4, 2}}, x};
    capas_tensor targets[] = {{CAPAS_FLOAT32, {2, {4, 3}}, y}, {CAPAS_FLOAT32, {2, {4, 1}}, z}};
    capas_evaluation e;
    assert_int_equal(capas_test_on_batch(model, &inputs, targets, 4, &e), CAPAS_OK);
    assert_false(isnan(capas_evaluation_get(&e, "a_accuracy")));
    assert_false(isnan(capas_evaluation_get(&e, "b_mae")));
    assert_true(isnan(capas_evaluation_get(&e, "a_mae")));
    assert_true(isnan(capas_evaluation_get(&e, "b_accuracy")));
    capas_value_free(written);
    capas_value_free(config);
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_in_loss_and_metrics), cmocka_unit_test(teaches_by_weight),
        cmocka_unit_test(weighs_gradients),           cmocka_unit_test(refuses),
        cmocka_unit_test(validates_seldom),           cmocka_unit_test(validates_after_epochs),
        cmocka_unit_test(has_metrics_of_one_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
