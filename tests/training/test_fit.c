/* Training against Keras: golden/training, networks on MNIST with every kernel set that this
 * processor runs. Twelve steps of train_on_batch, and again an epoch of fit, each with evaluate and
 * the weights afterwards; then predictions. */
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/values.h"

#include "base/cpu.h"
#include "training/dataset.h"
#include "training/trainer.h"
#include <capas/data.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_JANSSON

enum { PIXELS = 28 * 28, TRAIN = 768, TEST = 500, CLASSES = 10 };

/* MNIST's first images. */
static capas_dataset *whole_train, *whole_test, *train_set, *test_set;

static int load_mnist(void **state)
{
    (void)state;
    if (capas_load_idx(CAPAS_SOURCE_DIR "/data/mnist", &whole_train, &whole_test) != CAPAS_OK) {
        print_error("%s\n", capas_error());
        return 1;
    }
    train_set = capas_dataset_slice(whole_train, 0, TRAIN);
    test_set = capas_dataset_slice(whole_test, 0, TEST);
    return train_set && test_set ? 0 : 1;
}

static int unload_mnist(void **state)
{
    (void)state;
    capas_dataset_free(train_set);
    capas_dataset_free(test_set);
    capas_dataset_free(whole_train);
    capas_dataset_free(whole_test);
    return 0;
}

/* A run of golden/training under way. */
typedef struct golden_run {
    const char *path;
    capas_value *run;
    capas_model *model;
    double loss_rtol, weight_rtol, weight_atol;
    int batch;
} golden_run;

static void set_weights(const golden_run *g)
{
    const capas_value *weights = value_at(g->run, "weights");
    assert_int_equal(capas_model_weight_count(g->model), weights->count);
    for (size_t w = 0; w < weights->count; w++) {
        npy array = golden_npy("%s/%s", g->path, string_at(weights->items[w], "file"));
        assert_int_equal(capas_model_set_weight(g->model, (int)w, array.data), CAPAS_OK);
        npy_free(&array);
    }
}

/* The model as Keras wrote it, with the given weights and a fresh optimizer. */
static void start(golden_run *g)
{
    g->model = capas_model_from_config(value_at(g->run, "model"));
    if (!g->model) fail_msg("%s: %s", g->path, capas_error());
    const capas_value *compile = value_at(g->run, "model.compile_config");
    if (capas_compile_from_config(g->model, compile, "golden") != CAPAS_OK)
        fail_msg("%s: %s", g->path, capas_error());
    capas_value *written = capas_compile_config(g->model);
    assert_true(capas_value_equal(written, compile));
    capas_value_free(written);
    set_weights(g);
    capas_preprocessing bytes = {
        .scale = 1 / 255.0, .minimum = NAN, .maximum = NAN, .mean = NAN, .deviation = NAN};
    assert_int_equal(capas_model_set_preprocessing(g->model, &bytes), CAPAS_OK);
}

static void compare(const golden_run *g, const char *what, double got, double want, double rtol,
                    double atol)
{
    if (!(fabs(got - want) <= atol + rtol * fabs(want)))
        fail_msg("%s: %s is %.9g, Keras has %.9g", g->path, what, got, want);
}

/* A weight: mean, deviation, and some of its values. */
static void compare_weight(const golden_run *g, int number, const capas_value *want)
{
    capas_weight_info info;
    assert_int_equal(capas_model_weight_info(g->model, number, &info), CAPAS_OK);
    size_t count = 1;
    for (int i = 0; i < info.shape.rank; i++)
        count *= (size_t)info.shape.dims[i];
    float *values = malloc(count * sizeof *values);
    assert_int_equal(capas_model_get_weight(g->model, number, values), CAPAS_OK);
    double mean = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        mean += (double)values[i] / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += pow((double)values[i] - mean, 2) / (double)count;
    const char *path = string_at(want, "path");
    compare(g, path, mean, number_at(want, "mean"), g->weight_rtol, g->weight_atol);
    compare(g, path, sqrt(squares), number_at(want, "std"), g->weight_rtol, g->weight_atol);
    const capas_value *index = value_at(want, "index"), *value = value_at(want, "value");
    for (size_t i = 0; i < index->count; i++)
        compare(g, path, (double)values[index->items[i]->integer], value->items[i]->real,
                g->weight_rtol, g->weight_atol);
    free(values);
}

static void compare_weights(const golden_run *g, const char *part)
{
    const capas_value *after = value_at(value_at(g->run, part), "weights_after");
    assert_int_equal(after->count, capas_model_weight_count(g->model));
    for (size_t w = 0; w < after->count; w++)
        if (!value_at(after->items[w], "noise")->boolean)
            compare_weight(g, (int)w, after->items[w]);
}

static void compare_evaluation(const golden_run *g, const char *part)
{
    capas_evaluation got;
    const capas_value *want = value_at(value_at(g->run, part), "evaluate");
    if (capas_evaluate(g->model, test_set, &got, .batch_size = 64) != CAPAS_OK)
        fail_msg("%s: %s", g->path, capas_error());
    assert_int_equal(got.samples, TEST);
    assert_int_equal(got.count, 2);
    assert_string_equal(got.names[0], "accuracy");
    assert_string_equal(got.names[1], "loss");
    compare(g, "test loss", capas_evaluation_get(&got, "loss"), number_at(want, "loss"),
            g->loss_rtol, 0);
    compare(g, "test accuracy", capas_evaluation_get(&got, "accuracy"), number_at(want, "accuracy"),
            0, 3.01 / TEST);
}

/* Bytes of the next images, and the same as floats, by turns: both go in. */
static void take_batch(const golden_run *g, int number, uint8_t *bytes, float *floats,
                       uint8_t *labels)
{
    capas_batch batch = {.capacity = g->batch, .inputs = {bytes}, .targets = {labels}};
    capas_dataset_place place = {.index = (int64_t)number * g->batch};
    assert_int_equal(train_set->type->seek(train_set, &place), CAPAS_OK);
    assert_int_equal(train_set->type->next(train_set, &batch), CAPAS_OK);
    assert_int_equal(batch.count, g->batch);
    for (int i = 0; i < g->batch * PIXELS; i++)
        floats[i] = (float)bytes[i] / 255;
}

static void run_steps(golden_run *g)
{
    start(g);
    const capas_value *loss = value_at(g->run, "steps12.loss");
    const capas_value *accuracy = value_at(g->run, "steps12.accuracy");
    uint8_t *bytes = malloc((size_t)g->batch * PIXELS), *labels = malloc((size_t)g->batch);
    float *floats = malloc((size_t)g->batch * PIXELS * sizeof *floats);
    for (int i = 0; i < (int)loss->count; i++) {
        take_batch(g, i, bytes, floats, labels);
        capas_tensor x = {CAPAS_UINT8, {4, {g->batch, 28, 28, 1}}, bytes};
        if (i % 2) x = (capas_tensor){CAPAS_FLOAT32, x.shape, floats};
        capas_tensor y = {CAPAS_UINT8, {1, {g->batch}}, labels};
        capas_evaluation got;
        if (capas_train_on_batch(g->model, &x, &y, g->batch, &got) != CAPAS_OK)
            fail_msg("%s: step %d: %s", g->path, i, capas_error());
        compare(g, "loss of a step", capas_evaluation_get(&got, "loss"), loss->items[i]->real,
                g->loss_rtol, 0);
        compare(g, "accuracy of a step", capas_evaluation_get(&got, "accuracy"),
                accuracy->items[i]->real, 0, 1.01 / g->batch);
    }
    free(bytes);
    free(labels);
    free(floats);
    assert_int_equal(g->model->trainer->iteration, loss->count);
    compare_evaluation(g, "steps12");
    compare_weights(g, "steps12");
    capas_model_free(g->model);
}

/* Keras's running means at the end of each batch. */
static capas_status check_running(void *context, capas_training *training, int64_t batch,
                                  capas_logs *logs)
{
    const golden_run *g = context;
    (void)training;
    const capas_value *want = value_at(g->run, "epoch1.running")->items[batch];
    compare(g, "running loss", capas_logs_get(logs, "loss"), want->items[0]->real, g->loss_rtol, 0);
    compare(g, "running accuracy", capas_logs_get(logs, "accuracy"), want->items[1]->real, 0,
            1.01 / g->batch);
    return CAPAS_OK;
}

static void compare_predictions(const golden_run *g)
{
    npy want = golden_npy("%s/%s", g->path, string_at(g->run, "epoch1.predict"));
    int n = (int)want.shape[0];
    float *pixels = malloc((size_t)n * PIXELS * sizeof *pixels), got[64 * CLASSES];
    uint8_t *bytes = malloc((size_t)n * PIXELS), labels[64];
    capas_batch batch = {.capacity = n, .inputs = {bytes}, .targets = {labels}};
    capas_dataset_place place = {0};
    assert_int_equal(test_set->type->seek(test_set, &place), CAPAS_OK);
    assert_int_equal(test_set->type->next(test_set, &batch), CAPAS_OK);
    for (int i = 0; i < n * PIXELS; i++)
        pixels[i] = (float)bytes[i] / 255;
    assert_int_equal(capas_predict(g->model, pixels, n, got), CAPAS_OK);
    assert_true(golden_close(g->path, got, &want, 10 * g->loss_rtol, 1e-3));
    free(pixels);
    free(bytes);
    npy_free(&want);
}

static void run_epoch(golden_run *g)
{
    start(g);
    capas_callback check = {.context = g, .on_train_batch_end = check_running};
    const capas_callback *callbacks[] = {&check};
    capas_history *history;
    if (capas_fit(g->model, train_set, .batch_size = g->batch, .shuffle = CAPAS_FALSE,
                  .callbacks = callbacks, .callback_count = 1, .history = &history) != CAPAS_OK)
        fail_msg("%s: %s", g->path, capas_error());
    compare(g, "history's loss", capas_history_values(history, "loss")[0],
            number_at(g->run, "epoch1.history.loss"), g->loss_rtol, 0);
    compare(g, "history's accuracy", capas_history_values(history, "accuracy")[0],
            number_at(g->run, "epoch1.history.accuracy"), 0, 3.01 / TRAIN);
    capas_history_free(history);
    compare_evaluation(g, "epoch1");
    compare_weights(g, "epoch1");
    compare_predictions(g);
    capas_model_free(g->model);
}

static void run_golden(const char *path, void *context)
{
    golden_run g = {.path = path, .run = golden_value("%s/run.json", path)};
    g.loss_rtol = number_at(g.run, "tol.loss_rtol");
    g.weight_rtol = number_at(g.run, "tol.weight_rtol");
    g.weight_atol = number_at(g.run, "tol.weight_atol");
    g.batch = (int)number_at(g.run, "batch_size");
    run_steps(&g);
    run_epoch(&g);
    capas_value_free(g.run);
    ++*(int *)context;
}

static void trains_as_keras(void **state)
{
    (void)state;
    capas_cpu_level before = capas_cpu();
    for (int level = CAPAS_CPU_PLAIN; level <= CAPAS_CPU_NEON; level++) {
        if (!capas_cpu_force((capas_cpu_level)level)) continue;
        int ran = 0;
        golden_cases("training", run_golden, &ran);
        print_message("%s: %d networks\n", capas_cpu_level_name((capas_cpu_level)level), ran);
        assert_true(ran > 0);
    }
    capas_cpu_force(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(trains_as_keras)};
    return cmocka_run_group_tests(tests, load_mnist, unload_mnist);
}

#else

static void needs_jansson(void **state)
{
    (void)state;
    skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(needs_jansson)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
