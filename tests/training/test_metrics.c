/* Metrics against Keras: golden/metrics, batch after batch, the last of them shorter. */
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/values.h"

#include "training/metric.h"
#include "training/metrics.h"
#include "training/trainer.h"
#include <capas/tensor.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 64 };

static capas_shape sample_of(const npy *array)
{
    capas_shape shape = {.rank = array->rank - 1};
    for (int i = 0; i < shape.rank; i++)
        shape.dims[i] = array->shape[i + 1];
    return shape;
}

/* Targets are taken as the loss of a model would take them: class numbers beside a row for each
 * sample, otherwise vectors. */
static capas_target target_of(capas_loss *loss, const npy *truth, const npy *prediction)
{
    bool numbers = truth->element == NPY_I4;
    *loss = (capas_loss){.name = numbers ? CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY
                                         : CAPAS_MEAN_SQUARED_ERROR};
    assert_int_equal(capas_loss_resolve(loss, "test"), CAPAS_OK);
    capas_target target;
    capas_shape sample = sample_of(truth), full = sample_of(prediction);
    memmove(full.dims + 1, full.dims, (size_t)full.rank * sizeof full.dims[0]);
    full.dims[0] = CAPAS_ANY;
    full.rank++;
    if (capas_target_prepare(&target, loss, "out", &full, &sample,
                             numbers ? CAPAS_INT32 : CAPAS_FLOAT32, "test") != CAPAS_OK)
        fail_msg("%s", capas_error());
    return target;
}

static void check_batches(const capas_value *entry, const capas_value *sizes,
                          capas_metric_state *state, const npy *truth, const npy *prediction,
                          const npy *weights)
{
    const capas_value *wanted = value_at(entry, weights ? "weighted" : "plain");
    int64_t first = 0;
    for (int again = 0; again < 2; again++, first = 0)
        for (size_t b = 0; b < sizes->count; b++) {
            int64_t n = sizes->items[b]->integer;
            size_t row = prediction->count / (size_t)prediction->shape[0];
            size_t label = truth->count / (size_t)truth->shape[0];
            if (b == 0) capas_metric_reset(state);
            capas_metric_add(state, (const float *)prediction->data + (size_t)first * row,
                             (const char *)truth->data + (size_t)first * label * sizeof(float),
                             weights ? (const float *)weights->data + first : NULL, n);
            double got = capas_metric_value(state), want = wanted->items[b]->real;
            if (!(fabs(got - want) <= 2e-6 + 1e-5 * fabs(want)))
                fail_msg("%s%s: after batch %zu it is %.9g, Keras has %.9g",
                         string_at(entry, "case"), weights ? ", weighted" : "", b + 1, got, want);
            first += n;
        }
}

/* What Keras counts and capas has one number for. */
static bool is_ours(const capas_value *entry)
{
    static const char *const others[] = {"accuracy", "mean_io_u", "auc_multilabel",
                                         "f1_none_argmax"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(string_at(entry, "case"), others[i]) == 0) return false;
    return true;
}

static bool run_case(const capas_value *entry, const capas_value *sizes)
{
    if (!is_ours(entry)) return false;
    capas_metric_config config;
    char name[NAME];
    bool by_name;
    const capas_value *metric = value_at(entry, "metric");
    if (capas_metric_read(metric, &config, name, sizeof name, &by_name, "test") != CAPAS_OK)
        fail_msg("%s", capas_error());
    assert_false(by_name);
    assert_string_equal(name, string_at(value_at(metric, "config"), "name"));
    capas_value *written = capas_metric_write(&config, name);
    capas_metric_config again;
    assert_int_equal(capas_metric_read(written, &again, name, sizeof name, &by_name, "test"),
                     CAPAS_OK);
    assert_memory_equal(&again, &config, sizeof config);
    capas_value_free(written);
    npy truth = golden_npy("metrics/%s", string_at(entry, "y_true"));
    npy prediction = golden_npy("metrics/%s", string_at(entry, "y_pred"));
    capas_loss loss;
    capas_target target = target_of(&loss, &truth, &prediction);
    capas_metric_state state;
    assert_int_equal(capas_metric_open(&state, &config, &target, truth.shape[0], "test"), CAPAS_OK);
    check_batches(entry, sizes, &state, &truth, &prediction, NULL);
    npy weights = golden_npy("metrics/sw.npy");
    check_batches(entry, sizes, &state, &truth, &prediction, &weights);
    npy_free(&weights);
    capas_metric_close(&state);
    npy_free(&truth);
    npy_free(&prediction);
    return true;
}

static void agrees_with_keras(void **state)
{
    (void)state;
    capas_value *document = golden_value("metrics/metrics.json");
    const capas_value *cases = value_at(document, "cases");
    size_t ran = 0;
    for (size_t i = 0; i < cases->count; i++)
        ran += run_case(cases->items[i], value_at(document, "batch_sizes"));
    print_message("%zu metrics\n", ran);
    assert_true(ran >= 61);
    capas_value_free(document);
}

static void refuses_options_of_others(void **state)
{
    (void)state;
    capas_metric_config config = {.metric = CAPAS_METRIC_AUC, .k = 3};
    assert_int_equal(capas_metric_resolve(&config, "compile"), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(), "compile: the metric auc has no option k");
    config = (capas_metric_config){.metric = CAPAS_METRIC_AUC, .num_thresholds = 1};
    assert_int_equal(capas_metric_resolve(&config, "compile"), CAPAS_INVALID_ARGUMENT);
    assert_non_null(strstr(capas_error(), "num_thresholds must be"));
    config = (capas_metric_config){.metric = (capas_metric)99};
    assert_int_equal(capas_metric_resolve(&config, "compile"), CAPAS_INVALID_ARGUMENT);
    config = (capas_metric_config){.metric = CAPAS_METRIC_RECALL, .class_id = 4};
    assert_int_equal(capas_metric_resolve(&config, "compile"), CAPAS_OK);
    capas_target target = {.output = "digits", .classes = 4, .rows = 1};
    capas_metric_state opened;
    assert_int_equal(capas_metric_open(&opened, &config, &target, 1, "fit"),
                     CAPAS_INVALID_ARGUMENT);
    assert_non_null(strstr(capas_error(), "class_id of the metric recall is 4"));
}

/* Keras opens no file that leaves the classes of an overlap out. */
static void writes_the_classes(void **state)
{
    (void)state;
    capas_model *model = capas_sequential(capas_input(2), capas_dense(3));
    assert_int_equal(capas_compile(model, .loss = CAPAS_CATEGORICAL_CROSSENTROPY,
                                   .metrics = {CAPAS_METRIC_ONE_HOT_IOU, CAPAS_METRIC_MEAN_IOU,
                                               CAPAS_METRIC_BINARY_IOU, CAPAS_METRIC_PRECISION}),
                     CAPAS_OK);
    capas_value *config = capas_compile_config(model);
    const capas_value *metrics = capas_value_get(config, "metrics");
    const capas_value *written[3];
    for (int i = 0; i < 3; i++)
        written[i] = capas_value_get(metrics->items[i], "config");
    assert_true(capas_value_get(written[0], "num_classes")->integer == 3);
    assert_true(capas_value_get(written[0], "target_class_ids")->items[2]->integer == 2);
    assert_true(capas_value_get(written[1], "num_classes")->integer == 3);
    assert_true(capas_value_get(written[2], "target_class_ids")->count == 2);
    assert_string_equal(metrics->items[3]->string, "precision");
    capas_model *again = capas_sequential(capas_input(2), capas_dense(3));
    assert_int_equal(capas_compile_from_config(again, config, "test"), CAPAS_OK);
    capas_value *second = capas_compile_config(again);
    assert_true(capas_value_equal(config, second));
    capas_value_free(config);
    capas_value_free(second);
    capas_model_free(model);
    capas_model_free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if CAPAS_WITH_JANSSON
        cmocka_unit_test(agrees_with_keras),
#endif
        cmocka_unit_test(refuses_options_of_others),
        cmocka_unit_test(writes_the_classes),
    };
    (void)agrees_with_keras;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
