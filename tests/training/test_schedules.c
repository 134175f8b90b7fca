/* Learning rate schedules: golden/optimizers/schedules.json, what the API makes and refuses, and an
 * optimizer that takes its rates from one. */
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/small_network.h"
#include "support/values.h"

#include "training/hooks.h"
#include "training/optimizer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_JANSSON
static void check_case(const capas_value *entry)
{
    const capas_value *config = value_at(entry, "schedule");
    const capas_value *steps = value_at(entry, "steps"), *values = value_at(entry, "values");
    capas_schedule schedule;
    if (capas_schedule_read(config, &schedule, "test") != CAPAS_OK) fail_msg("%s", capas_error());
    for (size_t i = 0; i < steps->count; i++) {
        double got = capas_schedule_at(&schedule, steps->items[i]->integer);
        double want = values->items[i]->real;
        if (fabs(got - want) > 1e-8 + 1e-5 * fabs(want))
            fail_msg("%s at step %lld: %.9g, Keras has %.9g", string_at(config, "class_name"),
                     (long long)steps->items[i]->integer, got, want);
    }
    capas_value *written = capas_schedule_write(&schedule);
    assert_true(capas_value_equal(written, config));
    capas_value_free(written);
}

static void agrees_with_keras(void **state)
{
    (void)state;
    capas_value *file = golden_value("optimizers/schedules.json");
    const capas_value *cases = value_at(file, "cases");
    for (size_t i = 0; i < cases->count; i++)
        check_case(cases->items[i]);
    assert_true(cases->count >= 14);
    capas_value_free(file);
}
#endif

static void assert_rates(capas_schedule schedule, const double *steps, const double *want,
                         int count)
{
    for (int i = 0; i < count; i++) {
        double got;
        if (capas_schedule_rate(&schedule, (int64_t)steps[i], &got) != CAPAS_OK)
            fail_msg("%s", capas_error());
        if (fabs(got - want[i]) > 3e-8)
            fail_msg("kind %d, step %g: %.9g, expected %.9g", (int)schedule.kind, steps[i], got,
                     want[i]);
    }
}

/* The numbers of keras-semantics 4.4. */
static void makes_them_in_c(void **state)
{
    (void)state;
    static const double steps[] = {0, 5, 10, 11, 15, 20, 25, 30};
    const struct {
        capas_schedule schedule;
        double want[8];
    } cases[] = {
        {capas_exponential_decay(.1, 10, .5),
         {.1, .07071068, .05, .04665165, .03535534, .025, .01767767, .0125}},
        {capas_exponential_decay(.1, 10, .5, .staircase = 1),
         {.1, .1, .05, .05, .05, .025, .025, .0125}},
        {capas_piecewise_constant_decay(2, (double[]){10, 20}, (double[]){1, .5, .1}),
         {1, 1, 1, .5, .5, .5, .1, .1}},
        {capas_cosine_decay(.1, 20, .alpha = .1),
         {.1, .08681981, .055, .04796045, .0231802, .01, .01, .01}},
        {capas_cosine_decay(0, 20, .warmup_target = .1, .warmup_steps = 5),
         {0, .1, .08535534, .07938927, .05, .01464466, 0, 0}},
        {capas_cosine_decay_restarts(.1, 10),
         {.1, .05, .1, .09938442, .08535534, .05, .01464466, .1}},
        {capas_polynomial_decay(.1, 20, .end_learning_rate = .01, .power = 2),
         {.1, .060625, .0325, .028225, .015625, .01, .01, .01}},
        {capas_inverse_time_decay(.1, 10, .5),
         {.1, .08, .06666667, .06451613, .05714286, .05, .04444445, .04}},
    };
    for (size_t i = 0; i < CAPAS_COUNT(cases); i++)
        assert_rates(cases[i].schedule, steps, cases[i].want, 8);
}

/* Each restart begins at its step, wherever the logarithm's rounding falls. */
static void restarts_on_the_step(void **state)
{
    (void)state;
    for (int t_mul = 2; t_mul <= 7; t_mul++) {
        capas_schedule schedule = capas_cosine_decay_restarts(1, 3, .t_mul = t_mul);
        int64_t step = 0, length = 3;
        for (int restart = 0; restart < 8; restart++) {
            double rate;
            assert_int_equal(capas_schedule_rate(&schedule, step, &rate), CAPAS_OK);
            assert_true(rate == 1);
            if (step > 0) {
                assert_int_equal(capas_schedule_rate(&schedule, step - 1, &rate), CAPAS_OK);
                assert_true(rate < 0.3);
            }
            step += length;
            length *= t_mul;
        }
    }
}

static void assert_refused(capas_schedule schedule, const char *sentence)
{
    double rate;
    assert_int_equal(capas_schedule_rate(&schedule, 0, &rate), CAPAS_INVALID_ARGUMENT);
    if (!strstr(capas_error(), sentence)) fail_msg("\"%s\" lacks \"%s\"", capas_error(), sentence);
}

static void checks_its_options(void **state)
{
    (void)state;
    static const double numbers[40] = {1, 2, 3};
    assert_refused(capas_exponential_decay(.1, 0, .5),
                   "schedule: ExponentialDecay: decay_steps must be a number above 0, found 0");
    assert_refused(capas_cosine_decay_restarts(.1, 5, .t_mul = .5), "t_mul must be");
    assert_refused(capas_piecewise_constant_decay(2, (double[]){3, 3}, numbers),
                   "boundaries must rise, found 3 after 3");
    assert_refused(capas_piecewise_constant_decay(33, numbers, numbers), "one value more");
    assert_refused(capas_piecewise_constant_decay(40, numbers, numbers),
                   "a list of 1 to 33 numbers of at least 0, found 40");
    assert_refused(capas_piecewise_constant_decay(2, NULL, numbers), "found none");
    assert_refused((capas_schedule){.kind = 77}, "no schedule of the kind 77");
    capas_schedule right = capas_cosine_decay(.1, 5);
    double rate;
    assert_int_equal(capas_schedule_rate(&right, -1, &rate), CAPAS_INVALID_ARGUMENT);
}

static capas_value *map_of(const char *key, capas_value *value)
{
    capas_value *map = capas_value_map();
    assert_int_equal(capas_value_set(map, key, value), CAPAS_OK);
    return map;
}

static void assert_unread(capas_value *settings, const char *name, const char *sentence)
{
    capas_value *config =
        map_of("SGD", map_of("learning_rate", name ? map_of(name, settings) : settings));
    capas_optimizer optimizer;
    char instance[CAPAS_NAME_SIZE];
    assert_true(capas_optimizer_read(config, &optimizer, instance, "recipe") != CAPAS_OK);
    if (!strstr(capas_error(), sentence)) fail_msg("\"%s\" lacks \"%s\"", capas_error(), sentence);
    capas_value_free(config);
}

static void says_what_a_recipe_got_wrong(void **state)
{
    (void)state;
    assert_unread(capas_value_null(), "ExponentialDekay",
                  "no schedule \"ExponentialDekay\"; did you mean \"ExponentialDecay\"?");
    assert_unread(capas_value_null(), "Frobnicator",
                  "there are ExponentialDecay, InverseTimeDecay, PolynomialDecay, "
                  "PiecewiseConstantDecay, CosineDecay and CosineDecayRestarts");
    assert_unread(map_of("decay_steps", capas_value_integer(3)), "CosineDecay",
                  "CosineDecay: initial_learning_rate is missing");
    assert_unread(map_of("decay_step", capas_value_integer(3)), "CosineDecay", "missing");
    capas_value *boundaries = map_of("boundaries", capas_value_list());
    capas_value_set(boundaries, "values", capas_value_list());
    assert_unread(boundaries, "PiecewiseConstantDecay", "a list of 1 to 33 numbers");
    assert_unread(capas_value_string("much"), NULL, "learning_rate must be a number");
}

/* SGD on a schedule moves the weights as SGD whose rate is set by hand before each step. */

static capas_status set_rate(void *context, capas_training *training, int64_t batch,
                             capas_logs *logs)
{
    double rate;
    (void)batch, (void)logs;
    int64_t step = training->model->trainer->iteration;
    assert_int_equal(capas_schedule_rate(context, step, &rate), CAPAS_OK);
    return capas_training_set_learning_rate(training, rate);
}

static capas_status ask_rate(void *context, capas_training *training, int64_t batch,
                             capas_logs *logs)
{
    double rate;
    (void)batch, (void)logs;
    int64_t step = training->model->trainer->iteration;
    assert_int_equal(capas_schedule_rate(context, step, &rate), CAPAS_OK);
    assert_true(capas_training_learning_rate(training) == rate);
    assert_int_equal(capas_training_set_learning_rate(training, 0.1), CAPAS_WRONG_STATE);
    return CAPAS_OK;
}

static float *train(capas_optimizer optimizer, capas_callback *callback, size_t *count,
                    int64_t *variables)
{
    capas_model *model = small_network();
    capas_dataset *data = small_dataset();
    const capas_callback *callbacks[] = {callback};
    capas_history *history;
    assert_int_equal(
        capas_compile(model, .optimizer = optimizer, .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY),
        CAPAS_OK);
    if (capas_fit(model, data, .batch_size = 4, .epochs = 3, .callbacks = callbacks,
                  .callback_count = 1, .history = &history) != CAPAS_OK)
        fail_msg("%s", capas_error());
    assert_int_equal(capas_history_count(history), 1); /* the loss: no learning_rate */
    capas_history_free(history);
    float *weights = small_weights(model, count);
    *variables = model->optimizer_variable_count;
    capas_dataset_free(data);
    capas_model_free(model);
    return weights;
}

static void moves_an_optimizer(void **state)
{
    (void)state;
    capas_schedule schedule = capas_exponential_decay(.2, 4, .5);
    capas_callback by_hand = {.context = &schedule, .on_train_batch_begin = set_rate};
    capas_callback asks = {.context = &schedule, .on_train_batch_begin = ask_rate};
    size_t count;
    int64_t one_more, variables;
    float *want = train(capas_adam(), &by_hand, &count, &one_more);
    float *got = train(capas_adam(.schedule = schedule), &asks, &count, &variables);
    assert_memory_equal(got, want, count * sizeof *got);
    assert_int_equal(variables, one_more - 1); /* the rate is no variable */
    free(want);
    free(got);
}

static void refuses_two_rates(void **state)
{
    (void)state;
    capas_model *model = small_network();
    assert_int_equal(capas_compile(model, .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
                                   .optimizer = capas_sgd(.learning_rate = .1,
                                                          .schedule = capas_cosine_decay(.1, 5))),
                     CAPAS_INVALID_ARGUMENT);
    assert_non_null(strstr(capas_error(), "said twice"));
    capas_model_clear_error(model);
    assert_int_equal(capas_compile(model, .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
                                   .optimizer = capas_sgd(.schedule = capas_cosine_decay(.1, -5))),
                     CAPAS_INVALID_ARGUMENT);
    assert_non_null(strstr(capas_error(), "optimizer SGD: CosineDecay: decay_steps must be"));
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if CAPAS_WITH_JANSSON
        cmocka_unit_test(agrees_with_keras),
#endif
        cmocka_unit_test(makes_them_in_c),
        cmocka_unit_test(restarts_on_the_step),
        cmocka_unit_test(checks_its_options),
        cmocka_unit_test(says_what_a_recipe_got_wrong),
        cmocka_unit_test(moves_an_optimizer),
        cmocka_unit_test(refuses_two_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
