/* The plain losses: the clip at both ends, labels that are ignored or wrong, gradients by
 * differences, and the same bits for any number of threads. All of them against Keras's golden
 * values: tests/training/test_losses.c. */
#include "kernels/loss.h"
#include "kernels/plain/kernels.h"
#include "support/cmocka.h"
#include "support/kernels.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CATEGORICAL CAPAS_LOSS_KIND_CATEGORICAL_CROSSENTROPY
#define SPARSE      CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY
#define CIRCLE      CAPAS_LOSS_KIND_CIRCLE
#define CTC         CAPAS_LOSS_KIND_CTC
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
    const capas_loss_arguments arguments = {2,     prediction,  labels,   NULL, 1,
                                            value, probability, gradient, NULL};
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
            5,        prediction, labels, NULL, 1, value, from_logits ? probability : NULL,
            gradient, NULL};
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
    void *workspace;
} loss_case;

static double loss_objective(void *context)
{
    loss_case *c = context;
    const capas_loss_arguments arguments = {
        .rows = c->rows,
        .prediction = c->prediction,
        .target = capas_loss_kind_takes_numbers(c->problem.kind) ? (void *)c->labels : c->target,
        .weight = c->weight,
        .factor = .3,
        .value = c->value,
        .prediction_gradient = c->gradient,
        .workspace = c->workspace,
    };
    capas_run_kernel(&capas_loss_plain_f64, &c->problem, &arguments, 0);
    return .3 * (c->weight ? inner_product(c->value, c->weight, c->rows)
                           : inner_product(c->value, c->target + c->count, c->rows));
}

/* Predictions in .05 .. 1.05, targets in 0 .. 1; a row of ones behind the targets stands for no
 * weights. */
static loss_case loss_case_of(capas_loss_problem problem, int64_t rows, bool weighted)
{
    const int steps = problem.kind == CTC ? problem.steps : 1;
    loss_case c = {.problem = problem, .rows = rows, .count = rows * steps * problem.classes};
    c.problem.batch = (int)rows;
    c.workspace =
        unwritten((int64_t)capas_kernel_workspace(&capas_loss_plain_f64, &c.problem) + 1, 1);
    c.prediction = random_doubles(c.count, 1);
    c.target = random_doubles(c.count + rows, 2);
    c.weight = weighted ? random_doubles(rows, 3) : NULL;
    c.value = unwritten(rows, sizeof(double));
    c.gradient = unwritten(c.count, sizeof(double));
    c.labels = unwritten(rows * (problem.labels + 1), sizeof(int32_t));
    for (int64_t i = 0; i < c.count; i++) {
        c.prediction[i] = .55 + .5 * c.prediction[i];
        c.target[i] = .5 + .5 * c.target[i];
    }
    for (int64_t row = 0; row < rows; row++) {
        c.labels[row] = (int32_t)(row % problem.classes);
        c.target[c.count + row] = 1;
    }
    for (int64_t i = 0; i < rows * problem.labels; i++) { /* of all lengths, some repeated */
        int64_t row = i / problem.labels, at = i % problem.labels;
        c.labels[i] = at < row % (problem.labels + 1)
                          ? 1 + (int32_t)((row + at / 2) % (problem.classes - 1))
                          : 0;
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
    free(c->workspace);
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
        {.workers = 2, .kind = CAPAS_LOSS_KIND_GENERALIZED_CROSS_ENTROPY, .classes = 4, .q = .3},
        {.workers = 2, .kind = CIRCLE, .classes = 4, .gamma = 3, .margin = .4, .share = 1},
        {.workers = 2,
         .kind = CIRCLE,
         .classes = 5,
         .gamma = 5,
         .margin = .1,
         .remove_diagonal = true,
         .share = CAPAS_LOSS_SHARE_WEIGHTS},
        {.workers = 2, .kind = CTC, .classes = 4, .steps = 9, .labels = 4},
        {.workers = 2, .kind = CTC, .classes = 2, .steps = 3, .labels = 2},
        {.workers = 2, .kind = CTC, .classes = 3, .steps = 1, .labels = 1},
        {.workers = 2, .kind = SQUARED, .classes = 7},
        {.workers = 2, .kind = SQUARED, .classes = 1},
    };
    for (size_t i = 0; i < 2 * sizeof problems / sizeof problems[0]; i++)
        check_gradient(problems[i / 2], i % 2);
}

typedef struct float_run {
    capas_loss_problem problem;
    int64_t rows;
    float *prediction, *results; /* values, gradients */
    int32_t *labels;
    void *workspace;
} float_run;

static void run_in_float(void *context, int workers)
{
    float_run *f = context;
    f->problem.workers = workers;
    const capas_loss_arguments arguments = {
        .rows = f->rows,
        .prediction = f->prediction,
        .target = f->labels,
        .factor = 1.0 / (double)f->rows,
        .value = f->results,
        .prediction_gradient = f->results + f->rows,
        .workspace = f->workspace,
    };
    capas_run_kernel(&capas_loss_plain_f32, &f->problem, &arguments, 0);
}

static void check_bits(capas_loss_problem problem, int64_t rows)
{
    const int64_t each = problem.classes * (problem.steps + !problem.steps);
    const int64_t labels = rows * (problem.labels + !problem.labels);
    const int64_t count = rows * (1 + each);
    problem.batch = (int)rows;
    float_run f = {.problem = problem, .rows = rows};
    f.prediction = random_floats(rows * each, 1);
    f.results = unwritten(count, sizeof(float));
    f.labels = unwritten(labels, sizeof(int32_t));
    f.workspace =
        unwritten((int64_t)capas_kernel_workspace(&capas_loss_plain_f32, &problem) + 1, 1);
    for (int64_t i = 0; i < labels; i++)
        f.labels[i] = (int32_t)(i % problem.classes);
    assert_true(
        same_bits_for_any_threads(run_in_float, &f, f.results, (size_t)count * sizeof(float)));
    free(f.prediction);
    free(f.results);
    free(f.labels);
    free(f.workspace);
}

static void same_bits(void **state)
{
    (void)state;
    check_bits((capas_loss_problem){.kind = SPARSE, .classes = 10, .from_logits = true}, 3000);
    check_bits((capas_loss_problem){.kind = CIRCLE, .classes = 6, .gamma = 9, .margin = .4}, 101);
    check_bits((capas_loss_problem){.kind = CTC, .classes = 5, .steps = 13, .labels = 4}, 37);
}

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
