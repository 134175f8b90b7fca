/* The plain losses: Keras's golden values and gradients, the clip at both ends, labels that are
 * ignored or wrong, gradients by differences, and the same bits for any number of threads. */
#include "kernels/loss.h"
#include "kernels/plain/kernels.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/kernels.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CATEGORICAL CAPAS_LOSS_KIND_CATEGORICAL_CROSSENTROPY
#define SPARSE      CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY
#define SQUARED     CAPAS_LOSS_KIND_MEAN_SQUARED_ERROR

/* yt=[[0,1,0],[1,0,0]], yp=[[.1,.7,.2],[.3,.4,.3]] (keras-semantics 3.1). */
static void as_keras(void **state)
{
    (void)state;
    const float prediction[6] = {.1f, .7f, .2f, .3f, .4f, .3f}, target[6] = {0, 1, 0, 1, 0, 0};
    const int32_t labels[2] = {1, 0};
    const struct {
        capas_loss_problem problem;
        double want;
    } cases[] = {
        {{.workers = 1, .kind = CATEGORICAL, .classes = 3}, .78032386},
        {{.workers = 1, .kind = CATEGORICAL, .classes = 3, .label_smoothing = .1}, .82884037},
        {{.workers = 1, .kind = CATEGORICAL, .classes = 3, .from_logits = true}, .95050919},
        {{.workers = 1, .kind = SPARSE, .classes = 3}, .78032386},
        {{.workers = 1, .kind = SPARSE, .classes = 3, .from_logits = true}, .95050919},
        {{.workers = 1, .kind = SQUARED, .classes = 3}, .14666668},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        float value[2];
        const bool sparse = cases[i].problem.kind == SPARSE;
        const capas_loss_arguments arguments = {
            .rows = 2,
            .prediction = prediction,
            .target = sparse ? (const void *)labels : target,
            .factor = .5,
            .value = value,
        };
        capas_run_kernel(&capas_loss_plain_f32, &cases[i].problem, &arguments, 0);
        assert_true(fabs((value[0] + value[1]) / 2 - cases[i].want) < 2e-7);
    }
}

/* In float a perfect prediction costs 1.19e-7 (sparse: 2.4e-7), a hopeless one 16.118. */
static void ends_of_the_clip(void **state)
{
    (void)state;
    const float prediction[6] = {1, 0, 0, 1, 0, 0}, target[6] = {1, 0, 0, 0, 1, 0};
    const int32_t labels[2] = {0, 1};
    float value[2], gradient[6];
    capas_loss_problem problem = {.workers = 1, .kind = CATEGORICAL, .classes = 3};
    capas_loss_arguments arguments = {.rows = 2,
                                      .prediction = prediction,
                                      .target = target,
                                      .factor = 1,
                                      .value = value,
                                      .prediction_gradient = gradient};
    capas_run_kernel(&capas_loss_plain_f32, &problem, &arguments, 0);
    assert_true(fabsf(value[0] - 1.192e-7f) < 1e-9f && fabsf(value[1] - 16.118095f) < 1e-5f);
    for (int i = 0; i < 6; i++)
        assert_true(gradient[i] == 0);
    problem.kind = SPARSE;
    arguments.target = labels;
    capas_run_kernel(&capas_loss_plain_f32, &problem, &arguments, 0);
    assert_true(value[0] > 0 && value[0] < 3.6e-7f && fabsf(value[1] - 16.118095f) < 1e-5f);
}

/* Logits are never clipped: [0,300,0] and class 0 cost 300. */
static void logits_are_not_clipped(void **state)
{
    (void)state;
    const float prediction[6] = {0, 300, 0, 0, INFINITY, 0};
    const int32_t labels[2] = {0, 0};
    float value[2], gradient[6], probability[6];
    const capas_loss_problem problem = {
        .workers = 1, .kind = SPARSE, .classes = 3, .from_logits = true};
    const capas_loss_arguments arguments = {2, prediction, labels,      NULL,
                                            1, value,      probability, gradient};
    capas_run_kernel(&capas_loss_plain_f32, &problem, &arguments, 0);
    assert_true(value[0] == 300 && gradient[0] == -1 && gradient[1] == 1 && gradient[2] == 0);
    assert_true(probability[0] == 0 && probability[1] == 1);
    assert_false(isfinite(value[1]));
}

/* Ignored rows cost nothing and pull at nothing; a label that is no class gives NaN in its row
 * alone. */
static void ignored_and_wrong_labels(void **state)
{
    (void)state;
    const double prediction[10] = {.1, .9, .1, .9, .1, .9, .1, .9, .1, .9};
    const int32_t labels[5] = {1, -1, 2, -2, 0};
    for (int from_logits = 0; from_logits < 2; from_logits++) {
        double value[5], gradient[10], probability[10];
        const capas_loss_problem problem = {.workers = 1,
                                            .kind = SPARSE,
                                            .classes = 2,
                                            .from_logits = from_logits,
                                            .has_ignore_class = true,
                                            .ignore_class = -1};
        const capas_loss_arguments arguments = {
            5, prediction, labels, NULL, 1, value, from_logits ? probability : NULL, gradient};
        capas_run_kernel(&capas_loss_plain_f64, &problem, &arguments, 0);
        assert_true(value[0] > 0 && value[4] > 0);
        assert_true(value[1] == 0 && gradient[2] == 0 && gradient[3] == 0);
        assert_true(isnan(value[2]) && isnan(gradient[4]) && isnan(value[3]));
        assert_false(isnan(gradient[8]));
        for (int row = 1; row < 5 && from_logits; row++)
            assert_memory_equal(probability, probability + 2 * row, 2 * sizeof *probability);
    }
}

typedef struct loss_case {
    capas_loss_problem problem;
    int64_t rows, count;
    double *prediction, *target, *weight, *value, *gradient;
    int32_t *labels;
} loss_case;

static double loss_objective(void *context)
{
    loss_case *c = context;
    const capas_loss_arguments arguments = {
        .rows = c->rows,
        .prediction = c->prediction,
        .target = c->problem.kind == SPARSE ? (void *)c->labels : c->target,
        .weight = c->weight,
        .factor = .3,
        .value = c->value,
        .prediction_gradient = c->gradient,
    };
    capas_run_kernel(&capas_loss_plain_f64, &c->problem, &arguments, 0);
    return .3 * (c->weight ? inner_product(c->value, c->weight, c->rows)
                           : inner_product(c->value, c->target + c->count, c->rows));
}

/* Predictions in .05 .. 1.05, targets in 0 .. 1; a row of ones behind the targets stands for no
 * weights. */
static loss_case loss_case_of(capas_loss_problem problem, int64_t rows, bool weighted)
{
    loss_case c = {.problem = problem, .rows = rows, .count = rows * problem.classes};
    c.prediction = random_doubles(c.count, 1);
    c.target = random_doubles(c.count + rows, 2);
    c.weight = weighted ? random_doubles(rows, 3) : NULL;
    c.value = unwritten(rows, sizeof(double));
    c.gradient = unwritten(c.count, sizeof(double));
    c.labels = unwritten(rows, sizeof(int32_t));
    for (int64_t i = 0; i < c.count; i++) {
        c.prediction[i] = .55 + .5 * c.prediction[i];
        c.target[i] = .5 + .5 * c.target[i];
    }
    for (int64_t row = 0; row < rows; row++) {
        c.labels[row] = (int32_t)(row % problem.classes);
        c.target[c.count + row] = 1;
    }
    if (problem.kind == SPARSE && !problem.from_logits) c.prediction[0] = -1; /* clipped */
    return c;
}

static void loss_case_free(loss_case *c)
{
    free(c->prediction);
    free(c->target);
    free(c->weight);
    free(c->value);
    free(c->gradient);
    free(c->labels);
}

static void check_gradient(capas_loss_problem problem, bool weighted)
{
    loss_case c = loss_case_of(problem, 9, weighted);
    double *gradient = unwritten(c.count, sizeof *gradient);
    char name[32];
    loss_objective(&c);
    memcpy(gradient, c.gradient, (size_t)c.count * sizeof *gradient);
    snprintf(name, sizeof name, "loss of kind %d", (int)problem.kind);
    assert_true(gradient_fits(name, c.prediction, gradient, c.count, loss_objective, &c));
    free(gradient);
    loss_case_free(&c);
}

/* Losses of elements, of vectors and of the whole, with what each of them is told. */
static void other_gradients_fit(void **state)
{
    (void)state;
    for (int kind = CAPAS_LOSS_KIND_MEAN_ABSOLUTE_ERROR; kind <= CAPAS_LOSS_KIND_TVERSKY; kind++)
        for (int variant = 0; variant < 4; variant++) {
            const capas_loss_problem problem = {.workers = 2,
                                                .kind = (capas_loss_kind)kind,
                                                .classes = variant % 2 ? 1 : 5,
                                                .from_logits = variant > 1,
                                                .label_smoothing = variant == 2 ? .1 : 0,
                                                .delta = .3,
                                                .alpha = .4,
                                                .beta = .7,
                                                .gamma = 1.5 + .5 * variant,
                                                .balanced = variant > 1};
            check_gradient(problem, variant == 1);
        }
}

static void gradients_fit(void **state)
{
    (void)state;
    const capas_loss_problem problems[] = {
        {.workers = 2,
         .kind = CATEGORICAL,
         .classes = 4,
         .from_logits = true,
         .label_smoothing = .1},
        {.workers = 2, .kind = CATEGORICAL, .classes = 5, .label_smoothing = .2},
        {.workers = 2, .kind = CATEGORICAL, .classes = 1, .from_logits = true},
        {.workers = 2, .kind = CATEGORICAL, .classes = 3},
        {.workers = 2,
         .kind = SPARSE,
         .classes = 4,
         .from_logits = true,
         .has_ignore_class = true,
         .ignore_class = 1},
        {.workers = 2, .kind = SPARSE, .classes = 5},
        {.workers = 2, .kind = SPARSE, .classes = 1, .from_logits = true},
        {.workers = 2, .kind = SQUARED, .classes = 7},
        {.workers = 2, .kind = SQUARED, .classes = 1},
    };
    for (size_t i = 0; i < 2 * sizeof problems / sizeof problems[0]; i++)
        check_gradient(problems[i / 2], i % 2);
}

typedef struct float_run {
    float *prediction, *results; /* values, probabilities, gradients */
    int32_t *labels;
} float_run;

enum { ROWS = 3000, CLASSES = 10 };

static void run_in_float(void *context, int workers)
{
    float_run *f = context;
    const capas_loss_problem problem = {
        .workers = workers, .kind = SPARSE, .classes = CLASSES, .from_logits = true};
    const capas_loss_arguments arguments = {
        ROWS,       f->prediction, f->labels,         NULL,
        1.0 / ROWS, f->results,    f->results + ROWS, f->results + ROWS * (1 + CLASSES),
    };
    capas_run_kernel(&capas_loss_plain_f32, &problem, &arguments, 0);
}

static void same_bits(void **state)
{
    (void)state;
    const int64_t count = ROWS * (1 + 2 * CLASSES);
    float_run f = {random_floats(ROWS * CLASSES, 1), unwritten(count, sizeof(float)),
                   calloc(ROWS, sizeof(int32_t))};
    assert_non_null(f.labels);
    for (int row = 0; row < ROWS; row++)
        f.labels[row] = row % CLASSES;
    assert_true(
        same_bits_for_any_threads(run_in_float, &f, f.results, (size_t)count * sizeof(float)));
    free(f.prediction);
    free(f.results);
    free(f.labels);
}

#if CAPAS_WITH_JANSSON
/* What a golden case's config says, as a problem; false when it is another loss. */
static bool golden_problem(const char *path, capas_loss_problem *problem)
{
    json_t *document = golden_json("%s/config.json", path);
    json_t *loss = json_object_get(document, "loss"), *config = json_object_get(loss, "config");
    const char *name = json_string_value(json_object_get(loss, "class_name"));
    static const char *const names[] = {"CategoricalCrossentropy", "SparseCategoricalCrossentropy",
                                        "MeanSquaredError"};
    const json_t *ignored = json_object_get(config, "ignore_class");
    bool known = false;
    *problem = (capas_loss_problem){
        .workers = 2,
        .from_logits = json_is_true(json_object_get(config, "from_logits")),
        .label_smoothing = json_number_value(json_object_get(config, "label_smoothing")),
        .has_ignore_class = json_is_integer(ignored),
        .ignore_class = (int)json_integer_value(ignored),
    };
    for (int kind = 0; kind < 3; kind++) {
        if (!name || strcmp(name, names[kind]) != 0) continue;
        problem->kind = (capas_loss_kind)kind;
        known = true;
    }
    json_decref(document);
    return known;
}

/* Labels as they are; other targets in float. */
static void *golden_target(const char *path, const capas_loss_problem *problem, int64_t rows,
                           double *counted)
{
    npy file = golden_npy("%s/y_true.npy", path);
    int32_t *labels = unwritten(rows, sizeof *labels);
    *counted = (double)rows;
    if (problem->kind != SPARSE) {
        free(labels);
        labels = (void *)npy_floats(&file);
    } else {
        assert_int_equal(file.count, rows);
        for (int64_t i = 0; i < rows; i++) {
            labels[i] = (int32_t)npy_at(&file, (size_t)i);
            if (problem->has_ignore_class && labels[i] == problem->ignore_class) *counted -= 1;
        }
    }
    npy_free(&file);
    return labels;
}

static void compare_golden(const char *path, const char *file, const float *got)
{
    npy want = golden_npy("%s/%s", path, file);
    char what[300];
    snprintf(what, sizeof what, "%s/%s", path, file);
    assert_true(golden_close(what, got, &want, 1e-4, 1e-5));
    npy_free(&want);
}

static void golden_case(const char *path, void *context)
{
    capas_loss_problem problem;
    if (!golden_problem(path, &problem)) return;
    *(int *)context += 1;
    npy predictions = golden_npy("%s/y_pred.npy", path), weights = {0};
    problem.classes = (int)predictions.shape[predictions.rank - 1];
    const int64_t rows = (int64_t)predictions.count / problem.classes;
    double counted;
    float *prediction = npy_floats(&predictions), *weight = NULL;
    void *target = golden_target(path, &problem, rows, &counted);
    float *value = unwritten(rows, sizeof *value);
    float *gradient = unwritten((int64_t)predictions.count, sizeof *gradient);
    capas_loss_arguments arguments = {
        .rows = rows,
        .prediction = prediction,
        .target = target,
        .factor = 1 / counted,
        .value = value,
        .prediction_gradient = gradient,
    };
    capas_run_kernel(&capas_loss_plain_f32, &problem, &arguments, 0);
    compare_golden(path, "per_sample.npy", value);
    compare_golden(path, "grad.npy", gradient);
    if (golden_exists("%s/sample_weight.npy", path)) {
        weights = golden_npy("%s/sample_weight.npy", path);
        arguments.weight = weight = npy_floats(&weights);
        capas_run_kernel(&capas_loss_plain_f32, &problem, &arguments, 0);
        compare_golden(path, "grad_weighted.npy", gradient);
    }
    void *all[] = {prediction, weight, target, value, gradient};
    for (int i = 0; i < 5; i++)
        free(all[i]);
    npy_free(&predictions);
    npy_free(&weights);
}

static void golden_losses(void **state)
{
    (void)state;
    int compared = 0;
    golden_cases("losses", golden_case, &compared);
    assert_true(compared >= 15);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_keras),
        cmocka_unit_test(ends_of_the_clip),
        cmocka_unit_test(logits_are_not_clipped),
        cmocka_unit_test(ignored_and_wrong_labels),
        cmocka_unit_test(gradients_fit),
        cmocka_unit_test(other_gradients_fit),
        cmocka_unit_test(same_bits),
#if CAPAS_WITH_JANSSON
        cmocka_unit_test(golden_losses),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
