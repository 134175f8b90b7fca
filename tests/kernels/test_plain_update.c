/* The plain optimizer step: Keras's golden sequences, scaling, clipping and decay, numbers that are
 * not finite, and the same bits for any number of threads. */
#include "kernels/plain/kernels.h"
#include "kernels/update.h"
#include "support/cmocka.h"
#include "support/kernels.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Three steps from w = [1, -2] (keras-semantics 4.3). */
enum { STEPS = 3, WEIGHTS = 2 };
static const double gradients[STEPS][WEIGHTS] = {{.1, -.5}, {-.2, .3}, {.05, .4}};

typedef struct sequence {
    const char *name;
    capas_update_problem problem;
    double rate, decay;
    double want[STEPS][WEIGHTS];
} sequence;

static const sequence sequences[] = {
    {"SGD", {.rule = CAPAS_UPDATE_SGD}, .1, 0, {{.99, -1.95}, {1.01, -1.98}, {1.005, -2.02}}},
    {"SGD, momentum",
     {.rule = CAPAS_UPDATE_SGD, .momentum = .9},
     .1,
     0,
     {{.99, -1.95}, {1.001, -1.935}, {1.0059, -1.9615}}},
    {"SGD, Nesterov",
     {.rule = CAPAS_UPDATE_SGD, .momentum = .9, .nesterov = true},
     .1,
     0,
     {{.981, -1.905}, {1.0109, -1.9215}, {1.0103101, -1.98535}}},
    {"SGD, decay",
     {.rule = CAPAS_UPDATE_SGD},
     .1,
     .01 * .1,
     {{.989, -1.948}, {1.008011, -1.976052}, {1.002003, -2.014076}}},
    {"RMSprop",
     {.rule = CAPAS_UPDATE_RMSPROP, .rho = .9, .epsilon = 1e-7},
     .001,
     0,
     {{.99683785, -1.9968377}, {.99969494, -1.998528}, {.99896252, -2.0004275}}},
    {"RMSprop, momentum, centered",
     {.rule = CAPAS_UPDATE_RMSPROP, .rho = .9, .epsilon = 1e-7, .momentum = .9, .centered = true},
     .001,
     0,
     {{.99666685, -1.9966667}, {.9965601, -1.995363}, {.99572968, -1.9961044}}},
    {"Adam",
     {.rule = CAPAS_UPDATE_ADAM, .beta_1 = .9, .beta_2 = .999, .epsilon = 1e-7},
     .001,
     0,
     {{.99900001, -1.9990001}, {.9993661, -1.9988086}, {.99950278, -1.9990481}}},
    {"AdamW",
     {.rule = CAPAS_UPDATE_ADAM, .beta_1 = .9, .beta_2 = .999, .epsilon = 1e-7},
     .001,
     .004 * .001,
     {{.99899602, -1.9989921}, {.99935812, -1.9987926}, {.9994908, -1.9990242}}},
    {"Adadelta",
     {.rule = CAPAS_UPDATE_ADADELTA, .rho = .95, .epsilon = 1e-7},
     1,
     0,
     {{.99858594, -1.9985858}, {1.0003837, -1.9996343}, {.99978375, -2.0009372}}},
    {"Lion",
     {.rule = CAPAS_UPDATE_LION, .beta_1 = .9, .beta_2 = .99},
     .001,
     0,
     {{.999, -1.999}, {1, -2}, {.999, -2.001}}},
    {"Adamax",
     {.rule = CAPAS_UPDATE_ADAMAX, .beta_1 = .9, .beta_2 = .999, .epsilon = 1e-7},
     .001,
     0,
     {{.999, -1.999}, {.99928951, -1.9988419}, {.99937999, -1.9990379}}},
};

/* Adam's rate corrected for step t = 1, 2, ... */
static double rate_at(const sequence *s, int t)
{
    if (s->problem.rule == CAPAS_UPDATE_ADAMAX) return s->rate / (1 - pow(s->problem.beta_1, t));
    if (s->problem.rule != CAPAS_UPDATE_ADAM) return s->rate;
    return s->rate * sqrt(1 - pow(s->problem.beta_2, t)) / (1 - pow(s->problem.beta_1, t));
}

static void run_sequence_f64(const sequence *s)
{
    double weights[WEIGHTS] = {1, -2}, slots[CAPAS_MAX_SLOTS][WEIGHTS] = {{0}};
    for (int t = 0; t < STEPS; t++) {
        const capas_update_arguments arguments = {
            .count = WEIGHTS,
            .weights = weights,
            .gradient = gradients[t],
            .slots = {slots[0], slots[1], slots[2]},
            .learning_rate = rate_at(s, t + 1),
            .decay = s->decay,
            .gradient_scale = 1,
        };
        capas_run_kernel(&capas_update_plain_f64, &s->problem, &arguments, 0);
        assert_true(doubles_close(s->name, weights, s->want[t], WEIGHTS, 2e-7));
    }
}

static void run_sequence_f32(const sequence *s)
{
    float weights[WEIGHTS] = {1, -2}, slots[CAPAS_MAX_SLOTS][WEIGHTS] = {{0}};
    for (int t = 0; t < STEPS; t++) {
        const float gradient[WEIGHTS] = {(float)gradients[t][0], (float)gradients[t][1]};
        const capas_update_arguments arguments = {
            .count = WEIGHTS,
            .weights = weights,
            .gradient = gradient,
            .slots = {slots[0], slots[1], slots[2]},
            .learning_rate = rate_at(s, t + 1),
            .decay = s->decay,
            .gradient_scale = 1,
        };
        capas_run_kernel(&capas_update_plain_f32, &s->problem, &arguments, 0);
        const double got[WEIGHTS] = {weights[0], weights[1]};
        assert_true(doubles_close(s->name, got, s->want[t], WEIGHTS, 3e-7));
    }
}

static void as_keras(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        run_sequence_f64(&sequences[i]);
        run_sequence_f32(&sequences[i]);
    }
}

/* Centered without momentum: the average gradient comes right behind the velocity. */
static void centered_without_momentum(void **state)
{
    (void)state;
    double weight = 1, velocity = 0, average = 0;
    const double gradient = .5;
    const capas_update_problem problem = {
        .rule = CAPAS_UPDATE_RMSPROP, .rho = .9, .epsilon = 1e-7, .centered = true};
    const capas_update_arguments arguments = {
        .count = 1,
        .weights = &weight,
        .gradient = &gradient,
        .slots = {&velocity, &average},
        .learning_rate = .01,
        .gradient_scale = 1,
    };
    capas_run_kernel(&capas_update_plain_f64, &problem, &arguments, 0);
    assert_true(fabs(velocity - .025) < 1e-15 && fabs(average - .05) < 1e-15);
    assert_true(fabs(weight - (1 - .005 / sqrt(.025 - .0025 + 1e-7))) < 1e-15);
}

/* The largest velocity so far divides. */
static void amsgrad_remembers(void **state)
{
    (void)state;
    double weight = 0, momentum = 0, velocity = 0, largest = 0;
    const capas_update_problem problem = {
        .rule = CAPAS_UPDATE_ADAM, .beta_1 = 0, .beta_2 = .5, .epsilon = 0, .amsgrad = true};
    const double first = 2, second = .5;
    capas_update_arguments arguments = {.count = 1,
                                        .weights = &weight,
                                        .gradient = &first,
                                        .slots = {&momentum, &velocity, &largest},
                                        .learning_rate = 1,
                                        .gradient_scale = 1};
    capas_run_kernel(&capas_update_plain_f64, &problem, &arguments, 0);
    assert_true(largest == 2 && fabs(weight + 2 / sqrt(2)) < 1e-15);
    arguments.gradient = &second;
    capas_run_kernel(&capas_update_plain_f64, &problem, &arguments, 0);
    assert_true(velocity == 1.125 && largest == 2);
    assert_true(fabs(weight + 2.5 / sqrt(2)) < 1e-15);
}

/* First the scale, then the clip. */
static void scale_and_clip(void **state)
{
    (void)state;
    double weights[3] = {0, 0, 0};
    const double gradient[3] = {4, -4, 1}, want[3] = {-1.5, 1.5, -.5};
    const capas_update_problem problem = {.rule = CAPAS_UPDATE_SGD};
    const capas_update_arguments arguments = {
        .count = 3,
        .weights = weights,
        .gradient = gradient,
        .learning_rate = 1,
        .gradient_scale = .5,
        .clip_value = 1.5,
    };
    capas_run_kernel(&capas_update_plain_f64, &problem, &arguments, 0);
    assert_memory_equal(weights, want, sizeof want);
}

/* A NaN or infinite weight clears the flag; nothing sets it. */
static void finite_is_noted(void **state)
{
    (void)state;
    const double gradient[4] = {0, 1, NAN, 0};
    const capas_update_problem problem = {.rule = CAPAS_UPDATE_SGD};
    for (int count = 0; count <= 4; count++) {
        double weights[4] = {1, 2, 3, 4};
        bool finite = true;
        const capas_update_arguments arguments = {
            .count = count,
            .weights = weights,
            .gradient = gradient,
            .learning_rate = 1,
            .gradient_scale = 1,
            .clip_value = 10,
            .finite = &finite,
        };
        capas_run_kernel(&capas_update_plain_f64, &problem, &arguments, 0);
        assert_int_equal(finite, count < 3);
        finite = false;
        capas_run_kernel(&capas_update_plain_f64, &problem, &arguments, 0);
        assert_false(finite);
    }
}

enum { COUNT = 50000 };

typedef struct float_run {
    float *start, *gradient, *results; /* weights and two slots */
} float_run;

static void run_in_float(void *context, int workers)
{
    float_run *f = context;
    const capas_update_problem problem = {.workers = workers,
                                          .rule = CAPAS_UPDATE_ADAM,
                                          .beta_1 = .9,
                                          .beta_2 = .999,
                                          .epsilon = 1e-7};
    memcpy(f->results, f->start, COUNT * sizeof(float));
    memset(f->results + COUNT, 0, 2 * COUNT * sizeof(float));
    bool finite = true;
    const capas_update_arguments arguments = {
        .count = COUNT,
        .weights = f->results,
        .gradient = f->gradient,
        .slots = {f->results + COUNT, f->results + 2 * COUNT},
        .learning_rate = .01,
        .gradient_scale = 1,
        .finite = &finite,
    };
    capas_run_kernel(&capas_update_plain_f32, &problem, &arguments, 0);
    assert_true(finite);
}

static void same_bits(void **state)
{
    (void)state;
    float_run f = {random_floats(COUNT, 1), random_floats(COUNT, 2),
                   unwritten(3 * COUNT, sizeof(float))};
    assert_true(same_bits_for_any_threads(run_in_float, &f, f.results, 3 * COUNT * sizeof(float)));
    free(f.start);
    free(f.gradient);
    free(f.results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_keras),          cmocka_unit_test(centered_without_momentum),
        cmocka_unit_test(amsgrad_remembers), cmocka_unit_test(scale_and_clip),
        cmocka_unit_test(finite_is_noted),   cmocka_unit_test(same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
