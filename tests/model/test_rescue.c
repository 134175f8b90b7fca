/* Losses in plans: cross-entropies behind a softmax start from the numbers before it, as Keras on
 * TensorFlow does (losses/rescue.json of the golden answers), unless a Flatten lies between; sample
 * weights and factors multiply the gradient and not the values. Fused and not. */
#include "support/cmocka.h"
#include "support/golden.h"

#include "base/option.h"
#include "files/json.h"
#include "model/plan.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 3, ROWS = 3 };

typedef enum ending { DENSE_SOFTMAX, ACTIVATION, IDLE_LAYERS, FLATTEN, CHANGED } ending;

/* A network that hands its input to a softmax in one of several ways. */
static capas_model *model_with(ending ending)
{
    capas_model *model = NULL;
    capas_layer *input = capas_input(CLASSES), *dense = capas_dense(CLASSES);
    capas_layer *softmax = capas_activation_layer(CAPAS_SOFTMAX);
    switch (ending) {
    case DENSE_SOFTMAX:
        capas_layer_free(softmax);
        capas_layer_free(dense);
        model = capas_sequential(input, capas_dense(CLASSES, .activation = CAPAS_SOFTMAX));
        break;
    case ACTIVATION:
        model = capas_sequential(input, dense, softmax);
        break;
    case IDLE_LAYERS: /* give the very tensor on */
        model = capas_sequential(input, dense, softmax, capas_activation_layer(CAPAS_LINEAR),
                                 capas_dropout(0));
        break;
    case FLATTEN:
        model = capas_sequential(input, dense, softmax, capas_flatten());
        break;
    case CHANGED:
        model = capas_sequential(input, dense, softmax, capas_rescaling(1.0));
        break;
    }
    assert_non_null(model);
    static const float identity[] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, none[CLASSES];
    assert_int_equal(capas_model_set_weight(model, 0, identity), CAPAS_OK);
    assert_int_equal(capas_model_set_weight(model, 1, none), CAPAS_OK);
    assert_int_equal(capas_model_place_gradients(model), CAPAS_OK);
    return model;
}

typedef struct question {
    capas_loss_kind kind;
    bool no_fusion;
    int rows;
    float input[ROWS * CLASSES], target[ROWS * CLASSES];
    int32_t labels[ROWS];
    const float *weights; /* of the rows; NULL: none */
    const double *factor; /* NULL: 1 / rows */
} question;

typedef struct answer {
    double mean;
    float values[ROWS], output[ROWS * CLASSES], input_gradient[ROWS * CLASSES];
} answer;

static answer ask(capas_model *model, const question *q)
{
    answer answer = {0};
    capas_plan_options options;
    memset(&options, 0, sizeof options);
    options.batch = ROWS;
    options.training = options.backward = options.input_gradients = true;
    options.no_fusion = q->no_fusion;
    options.loss_count = 1;
    options.losses[0].kind = q->kind;
    options.loss_weights[0] = 1;
    options.sample_weights = q->weights != NULL;
    capas_plan *plan;
    capas_run *run;
    assert_int_equal(capas_model_plan(model, &options, &plan), CAPAS_OK);
    assert_int_equal(capas_plan_acquire(plan, &run), CAPAS_OK);
    size_t size = (size_t)(q->rows * CLASSES) * sizeof(float);
    memcpy(capas_run_input(run, 0), q->input, size);
    if (q->kind == CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY)
        memcpy(capas_run_target(run, 0), q->labels, (size_t)q->rows * sizeof *q->labels);
    else
        memcpy(capas_run_target(run, 0), q->target, size);
    if (q->weights != NULL)
        memcpy(capas_run_sample_weight(run, 0), q->weights, (size_t)q->rows * sizeof(float));
    assert_int_equal(capas_run_forward(run, q->rows, 0, q->factor, NULL), CAPAS_OK);
    assert_int_equal(capas_run_backward(run), CAPAS_OK);
    memcpy(answer.values, capas_run_loss_values(run, 0, NULL), (size_t)q->rows * sizeof(float));
    memcpy(answer.output, capas_run_output(run, 0), size);
    memcpy(answer.input_gradient, capas_run_input_gradient(run, 0), size);
    for (int row = 0; row < q->rows; row++)
        answer.mean += answer.values[row] / (double)q->rows;
    capas_plan_release(run);
    return answer;
}

static void assert_near(const char *what, double got, double want)
{
    if (fabs(got - want) > 1e-5 * (1 + fabs(want)))
        fail_msg("%s: %.9g, expected %.9g", what, got, want);
}

/* A softmax that is sure of the wrong class: 300, and not what a clip at 1e-7 leaves of it. */
static void the_loss_of_a_sure_mistake_is_not_clipped(void **state)
{
    (void)state;
    const struct {
        ending ending;
        double loss;
    } expected[] = {{DENSE_SOFTMAX, 300},
                    {ACTIVATION, 300},
                    {IDLE_LAYERS, 300},
                    {FLATTEN, -log(1e-7)},
                    {CHANGED, -log(1e-7)}};
    for (size_t e = 0; e < CAPAS_COUNT(expected); e++) {
        capas_model *model = model_with(expected[e].ending);
        question q = {.rows = 1, .input = {0, 300, 0}, .target = {1, 0, 0}};
        for (int way = 0; way < 4; way++) {
            q.no_fusion = way % 2;
            q.kind = way / 2 ? CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY
                             : CAPAS_LOSS_KIND_CATEGORICAL_CROSSENTROPY;
            answer answer = ask(model, &q);
            assert_near("loss", answer.mean, expected[e].loss);
            assert_near("the sure class", answer.output[1], 1);
            assert_near("the right class", answer.output[0], 0);
            double slope = expected[e].loss == 300 ? 1 : 0; /* a clip passes no gradient */
            assert_near("slope of the right class", answer.input_gradient[0], -slope);
            assert_near("slope of the sure class", answer.input_gradient[1], slope);
        }
        capas_model_free(model);
    }
}

static void read_rows(const capas_value *rows, question *q)
{
    q->rows = (int)rows->count;
    assert_int_equal(q->rows, ROWS);
    for (int i = 0; i < ROWS * CLASSES; i++)
        q->input[i] = (float)rows->items[i / CLASSES]->items[i % CLASSES]->real;
}

static bool read_case(const capas_value *entry, question *q)
{
    const char *loss = capas_value_get(entry, "loss")->string;
    const capas_value *targets = capas_value_get(entry, "y");
    if (strcmp(capas_value_get(entry, "activation")->string, "softmax") != 0) return false;
    if (strcmp(loss, "categorical_crossentropy") == 0)
        q->kind = CAPAS_LOSS_KIND_CATEGORICAL_CROSSENTROPY;
    else if (strcmp(loss, "sparse_categorical_crossentropy") == 0)
        q->kind = CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY;
    else if (strcmp(loss, "mean_squared_error") == 0)
        q->kind = CAPAS_LOSS_KIND_MEAN_SQUARED_ERROR;
    else
        return false;
    read_rows(capas_value_get(entry, "x"), q);
    for (int row = 0; row < ROWS; row++) {
        if (q->kind == CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY)
            q->labels[row] = (int32_t)targets->items[row]->integer;
        for (int c = 0; c < CLASSES && targets->items[row]->kind == CAPAS_VALUE_LIST; c++)
            q->target[row * CLASSES + c] = (float)targets->items[row]->items[c]->real;
    }
    return true;
}

static void rescued_logits_are_keras(void **state)
{
    (void)state;
    char *text = golden_text("losses/rescue.json");
    capas_value *document = capas_json_read(text, strlen(text), "rescue.json");
    free(text);
    if (document == NULL) fail_msg("%s", capas_error());
    const capas_value *cases = capas_value_get(document, "cases");
    int compared = 0;
    for (size_t i = 0; i < cases->count; i++) {
        question q = {0};
        if (!read_case(cases->items[i], &q)) continue;
        double direct = capas_value_get(cases->items[i], "value_direct")->real;
        double through = capas_value_get(cases->items[i], "value_through_reshape")->real;
        for (int e = DENSE_SOFTMAX; e <= CHANGED; e++) {
            capas_model *model = model_with((ending)e);
            for (int no_fusion = 0; no_fusion < 2; no_fusion++, compared++) {
                q.no_fusion = no_fusion;
                assert_near("rescue.json", ask(model, &q).mean, e < FLATTEN ? direct : through);
            }
            capas_model_free(model);
        }
    }
    capas_value_free(document);
    assert_int_equal(compared, 3 * 5 * 2);
}

/* A weight of a row and a factor of the whole change gradients in proportion, and no value. */
static void weights_and_factors_multiply_gradients(void **state)
{
    (void)state;
    static const float weights[ROWS] = {0.5f, 0, 3};
    static const double factor = 2.25;
    static const capas_loss_kind kinds[] = {CAPAS_LOSS_KIND_CATEGORICAL_CROSSENTROPY,
                                            CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY,
                                            CAPAS_LOSS_KIND_MEAN_SQUARED_ERROR};
    for (int e = DENSE_SOFTMAX; e <= CHANGED; e++) {
        capas_model *model = model_with((ending)e);
        for (size_t k = 0; k < CAPAS_COUNT(kinds); k++) {
            question q = {.kind = kinds[k],
                          .rows = ROWS,
                          .input = {0.3f, -0.2f, 1, 2, 0.1f, -1, 0.5f, 0.5f, 0.4f},
                          .target = {0, 1, 0, 0.2f, 0.3f, 0.5f, 1, 0, 0},
                          .labels = {2, 0, 1}};
            answer plain = ask(model, &q);
            q.weights = weights;
            q.factor = &factor;
            answer weighted = ask(model, &q);
            for (int i = 0; i < ROWS * CLASSES; i++)
                assert_near("gradient", weighted.input_gradient[i],
                            plain.input_gradient[i] * ROWS * factor * weights[i / CLASSES]);
            assert_memory_equal(weighted.values, plain.values, sizeof plain.values);
            assert_true(fabs((double)plain.input_gradient[0]) > 1e-4);
        }
        capas_model_free(model);
    }
}

int main(void)
{
    capas_enable_training();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loss_of_a_sure_mistake_is_not_clipped),
        cmocka_unit_test(rescued_logits_are_keras),
        cmocka_unit_test(weights_and_factors_multiply_gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
