/* compile: options, what is refused and in which words, and the configuration that Keras writes. */
#include "support/cmocka.h"
#include "support/said.h"
#include "support/small_network.h"

#include "training/losses.h"
#include "training/optimizer.h"
#include <stdio.h>
#include <string.h>

/* {a: b} from alternating keys and values, ended by NULL; values may be NULL for null. */
static capas_value *map_of(const char *key, capas_value *value)
{
    capas_value *map = capas_value_map();
    assert_int_equal(capas_value_set(map, key, value), CAPAS_OK);
    return map;
}

static capas_model *plain_network(void)
{
    capas_model *model =
        capas_sequential(capas_input(SMALL_FEATURES), capas_dense(3, .activation = CAPAS_SOFTMAX));
    assert_non_null(model);
    return model;
}

static capas_model *two_outputs(void)
{
    capas_graph *graph = capas_graph_new();
    capas_node input = capas_graph_apply(graph, capas_input(2), NULL, 0), outputs[2];
    outputs[0] = capas_graph_apply(
        graph, capas_dense(3, .name = "kind", .activation = CAPAS_SOFTMAX), &input, 1);
    outputs[1] = capas_graph_apply(graph, capas_dense(1, .name = "size"), &input, 1);
    capas_model *model = capas_functional(graph, NULL, &input, 1, outputs, 2);
    if (!model) fail_msg("%s", capas_error());
    return model;
}

static void takes_keras_defaults(void **state)
{
    (void)state;
    capas_model *model = plain_network();
    assert_int_equal(capas_compile(model, .loss = CAPAS_MEAN_SQUARED_ERROR), CAPAS_OK);
    const capas_trainer *trainer = model->trainer;
    assert_string_equal(capas_optimizer_name(trainer), "rm_sprop");
    assert_true(trainer->learning_rate == (double)0.001f);
    assert_true(trainer->optimizer.options.rmsprop.rho == 0.9);
    assert_true(trainer->optimizer.options.rmsprop.weight_decay == CAPAS_NONE);
    assert_int_equal(trainer->slot_count, 1);
    assert_int_equal(trainer->losses[0].reduction, CAPAS_SUM_OVER_BATCH_SIZE);
    assert_true(trainer->loss_weights[0] == 1);
    assert_int_equal(trainer->metric_count, 0);
    assert_false(trainer->slots_ready);
    capas_model_free(model);
}

/* Every option of an optimizer: left out, zero, and a value. */
static void reads_option_structs(void **state)
{
    (void)state;
    capas_optimizer adam = capas_adam(.beta_1 = CAPAS_ZERO, .epsilon = 0.5, .amsgrad = CAPAS_TRUE,
                                      .clipnorm = 2, .weight_decay = CAPAS_ZERO);
    assert_int_equal(capas_optimizer_resolve(&adam), CAPAS_OK);
    assert_true(adam.options.adam.beta_1 == 0 && adam.options.adam.beta_2 == 0.999);
    assert_true(adam.options.adam.epsilon == 0.5 && adam.options.adam.amsgrad == 1);
    assert_true(adam.options.adam.clipnorm == 2 && adam.options.adam.weight_decay == 0);
    assert_true(adam.options.adam.clipvalue == CAPAS_NONE);
    capas_optimizer sgd = capas_sgd(.learning_rate = CAPAS_ZERO, .nesterov = CAPAS_TRUE);
    assert_int_equal(capas_optimizer_resolve(&sgd), CAPAS_OK);
    assert_true(sgd.options.sgd.learning_rate == 0 && sgd.options.sgd.nesterov == 1);
    assert_int_equal(capas_sgd_with(NULL).kind, CAPAS_OPTIMIZER_SGD);
    assert_int_equal(capas_rmsprop_with(NULL).kind, CAPAS_OPTIMIZER_RMSPROP);
    assert_int_equal(capas_adam_with(NULL).kind, CAPAS_OPTIMIZER_ADAM);
}

static void check_refused(capas_optimizer optimizer, const char *said)
{
    capas_model *model = plain_network();
    assert_int_equal(capas_compile(model, .optimizer = optimizer, .loss = CAPAS_MEAN_SQUARED_ERROR),
                     CAPAS_INVALID_ARGUMENT);
    assert_said(said);
    assert_int_equal(capas_model_status(model), CAPAS_INVALID_ARGUMENT);
    capas_model_free(model);
}

static void refuses_wrong_numbers(void **state)
{
    (void)state;
    check_refused(capas_sgd(.learning_rate = -1),
                  "optimizer SGD: learning_rate must be a number of at least 0, found -1");
    check_refused(capas_sgd(.momentum = 1.5),
                  "optimizer SGD: momentum must be a number from 0 to 1");
    check_refused(capas_adam(.epsilon = CAPAS_ZERO),
                  "optimizer Adam: epsilon must be a number above 0");
    check_refused(capas_adam(.clipnorm = CAPAS_ZERO), "clipnorm must be a number above 0, or None");
    check_refused(capas_rmsprop(.clipnorm = 1, .clipvalue = 1), "at most one of clipnorm");
    check_refused((capas_optimizer){.kind = (capas_optimizer_kind)77},
                  "no optimizer of the kind 77");
}

static void refuses_wrong_losses(void **state)
{
    (void)state;
    capas_model *model = plain_network();
    assert_int_equal(capas_compile(model, .loss = (capas_loss_name)99), CAPAS_INVALID_ARGUMENT);
    capas_model_clear_error(model);
    assert_int_equal(capas_compile(model, .loss = CAPAS_MEAN_SQUARED_ERROR,
                                   .losses = {{.name = CAPAS_MEAN_SQUARED_ERROR}}),
                     CAPAS_INVALID_ARGUMENT);
    assert_said("said twice");
    capas_model_clear_error(model);
    assert_int_equal(capas_compile(model, .losses = {{.name = CAPAS_MEAN_SQUARED_ERROR,
                                                      .label_smoothing = 0.1}}),
                     CAPAS_INVALID_ARGUMENT);
    assert_said("mean_squared_error has no option label_smoothing");
    capas_model_clear_error(model);
    assert_int_equal(capas_compile(model, .losses = {{.name = CAPAS_CATEGORICAL_CROSSENTROPY,
                                                      .label_smoothing = 2}}),
                     CAPAS_INVALID_ARGUMENT);
    assert_said("label_smoothing must be a number from 0 to 1");
    capas_model_clear_error(model);
    assert_int_equal(capas_compile(model, .loss = CAPAS_MEAN_SQUARED_ERROR,
                                   .metrics = {CAPAS_ACCURACY, CAPAS_ACCURACY}),
                     CAPAS_INVALID_ARGUMENT);
    capas_model_clear_error(model);
    assert_int_equal(capas_compile(model, .loss = CAPAS_MEAN_SQUARED_ERROR, .loss_weights = {1, 2}),
                     CAPAS_INVALID_ARGUMENT);
    capas_model_clear_error(model);
    capas_compile_options unset = {.loss = CAPAS_MEAN_SQUARED_ERROR};
    assert_int_equal(capas_compile_with(model, &unset), CAPAS_INVALID_ARGUMENT);
    assert_said("struct_size");
    capas_model_free(model);
}

static void compares_config(const capas_model *model, const capas_value *want)
{
    capas_value *got = capas_compile_config(model);
    char text[200];
    if (!capas_value_equal(got, want)) fail_msg("%s", capas_value_describe(got, text, sizeof text));
    capas_value_free(got);
}

/* compile, written, read into another model, written: the same. */
static void round_trip(capas_model *model, capas_model *other)
{
    capas_value *config = capas_compile_config(model);
    assert_non_null(config);
    if (capas_compile_from_config(other, config, "test") != CAPAS_OK) fail_msg("%s", capas_error());
    compares_config(other, config);
    capas_value_free(config);
    capas_model_free(model);
    capas_model_free(other);
}

static void survives_a_round_trip(void **state)
{
    (void)state;
    capas_model *model = plain_network();
    assert_int_equal(capas_compile(model, .optimizer = capas_adam(.clipvalue = 0.5),
                                   .losses = {{.name = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
                                               .ignore_class = CAPAS_ZERO,
                                               .reduction = CAPAS_SUM}},
                                   .loss_weights = {0.5}, .metrics = {CAPAS_ACCURACY}),
                     CAPAS_OK);
    assert_int_equal(model->trainer->losses[0].ignore_class, 0);
    round_trip(model, plain_network());
    model = two_outputs();
    assert_int_equal(
        capas_compile(model,
                      .losses = {{.name = CAPAS_CATEGORICAL_CROSSENTROPY, .from_logits = 1},
                                 {.name = CAPAS_MEAN_SQUARED_ERROR}},
                      .metrics = {CAPAS_ACCURACY}),
        CAPAS_OK);
    round_trip(model, two_outputs());
    model = plain_network();
    capas_value *empty = capas_value_map();
    compares_config(model, empty);
    assert_int_equal(capas_compile_from_config(model, empty, "test"), CAPAS_OK);
    assert_null(model->trainer);
    capas_value_free(empty);
    capas_model_free(model);
}

/* {"optimizer": optimizer, "loss": loss, "metrics": ["accuracy"]}; takes both over. */
static capas_status compile_short(capas_model *model, capas_value *optimizer, capas_value *loss)
{
    capas_value *config = map_of("optimizer", optimizer), *metrics = capas_value_list();
    capas_value_append(metrics, capas_value_string("accuracy"));
    capas_value_set(config, "loss", loss);
    capas_value_set(config, "metrics", metrics);
    capas_status status = capas_compile_from_config(model, config, "recipe x");
    capas_value_free(config);
    return status;
}

static void reads_short_words(void **state)
{
    (void)state;
    capas_model *model = plain_network();
    capas_value *options = map_of("learning_rate", capas_value_real(0.1));
    capas_value_set(options, "momentum", capas_value_real(0.9));
    assert_int_equal(compile_short(model, map_of("SGD", options), capas_value_string("mse")),
                     CAPAS_OK);
    assert_true(model->trainer->optimizer.options.sgd.momentum == 0.9);
    assert_true(model->trainer->learning_rate == (double)0.1f);
    assert_int_equal(model->trainer->losses[0].name, CAPAS_MEAN_SQUARED_ERROR);
    assert_true(model->trainer->one_loss);
    options = map_of("label_smoothing", capas_value_real(0.25));
    assert_int_equal(compile_short(model, capas_value_string("adam"),
                                   map_of("CategoricalCrossentropy", options)),
                     CAPAS_OK);
    assert_true(model->trainer->losses[0].label_smoothing == 0.25);
    assert_int_equal(model->trainer->optimizer.kind, CAPAS_OPTIMIZER_ADAM);
    capas_model_free(model);
    model = two_outputs();
    capas_value *by_output = map_of("size", capas_value_string("mean_squared_error"));
    capas_value_set(by_output, "kind", capas_value_string("sparse_categorical_crossentropy"));
    assert_int_equal(compile_short(model, capas_value_string("RMSprop"), by_output), CAPAS_OK);
    assert_int_equal(model->trainer->losses[1].name, CAPAS_MEAN_SQUARED_ERROR);
    assert_false(model->trainer->one_loss);
    capas_model_free(model);
}

static void check_config(capas_value *optimizer, capas_value *loss, capas_status status,
                         const char *said)
{
    capas_model *model = plain_network();
    assert_int_equal(compile_short(model, optimizer, loss), status);
    assert_said("recipe x: ");
    assert_said(said);
    assert_null(model->trainer);
    capas_model_free(model);
}

static capas_value *mse(void)
{
    return capas_value_string("mse");
}

static void names_what_is_wrong(void **state)
{
    (void)state;
    check_config(capas_value_string("adma"), mse(), CAPAS_UNKNOWN_NAME, "did you mean \"Adam\"?");
    check_config(capas_value_string("Frobnicator"), mse(), CAPAS_UNKNOWN_NAME,
                 "there are SGD, RMSprop, Adam, Adadelta, ");
    check_config(capas_value_integer(3), mse(), CAPAS_INVALID_ARGUMENT, "optimizer must be a name");
    check_config(map_of("SGD", map_of("learning_rat", capas_value_real(0.1))), mse(),
                 CAPAS_UNKNOWN_NAME, "did you mean \"learning_rate\"?");
    check_config(map_of("SGD", map_of("momentum", capas_value_string("much"))), mse(),
                 CAPAS_INVALID_ARGUMENT, "momentum must be a number");
    check_config(capas_value_string("sgd"), capas_value_string("categorical_crosentropy"),
                 CAPAS_UNKNOWN_NAME, "did you mean \"categorical_crossentropy\"?");
    check_config(capas_value_string("sgd"), capas_value_string("frobnication"), CAPAS_UNKNOWN_NAME,
                 "there are categorical_crossentropy");
    check_config(capas_value_string("sgd"),
                 map_of("MeanSquaredError", map_of("reduction", capas_value_string("none"))),
                 CAPAS_INVALID_ARGUMENT, "reduction must be");
}

/* Options of Keras that capas does not have: their defaults pass, anything else is named. */
static void refuses_what_is_not_there(void **state)
{
    (void)state;
    const struct {
        const char *name;
        capas_value *value;
        const char *said;
    } cases[] = {
        {"loss_scale_factor", capas_value_real(2), "loss_scale_factor must be None"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_config(map_of("Adam", map_of(cases[i].name, cases[i].value)), mse(),
                     CAPAS_UNSUPPORTED, cases[i].said);
    check_config(map_of("Adam", map_of("gradient_accumulation_steps", capas_value_integer(1))),
                 mse(), CAPAS_INVALID_ARGUMENT, "of at least 2");
    check_config(map_of("AdamW", map_of("weight_decay", capas_value_null())), mse(),
                 CAPAS_INVALID_ARGUMENT, "weight_decay must be a number");
    capas_model *model = plain_network();
    assert_int_equal(
        compile_short(model, map_of("Adam", map_of("use_ema", capas_value_bool(false))), mse()),
        CAPAS_OK);
    capas_model_free(model);
}

static capas_status compile_key(const char *key, capas_value *value)
{
    capas_model *model = plain_network();
    capas_value *config = map_of(key, value);
    capas_status status = capas_compile_from_config(model, config, "recipe x");
    capas_value_free(config);
    capas_model_free(model);
    return status;
}

static void checks_the_keys(void **state)
{
    (void)state;
    assert_int_equal(compile_key("optimzer", mse()), CAPAS_UNKNOWN_NAME);
    assert_said("did you mean \"optimizer\"?");
    assert_int_equal(compile_key("run_eagerly", capas_value_bool(true)), CAPAS_OK);
    assert_int_equal(compile_key("metrics", capas_value_string("precision")), CAPAS_OK);
    assert_int_equal(compile_key("metrics", capas_value_string("xyzzy")), CAPAS_UNKNOWN_NAME);
    assert_said("there are accuracy, binary_accuracy");
    assert_int_equal(
        compile_key("metrics", map_of("Precision", map_of("k", capas_value_integer(2)))),
        CAPAS_UNKNOWN_NAME);
    assert_said("metric precision");
    assert_int_equal(compile_key("metrics", capas_value_string("acuracy")), CAPAS_UNKNOWN_NAME);
    assert_said("did you mean \"accuracy\"?");
    assert_int_equal(compile_key("loss_weights", capas_value_string("x")), CAPAS_INVALID_ARGUMENT);
    capas_value *weighted = capas_value_list();
    capas_value_append(weighted, mse());
    assert_int_equal(compile_key("weighted_metrics", weighted), CAPAS_OK);
}

/* A recipe's `fit` map becomes options as a program writes them. */
static void reads_fit_options(void **state)
{
    (void)state;
    capas_value *map = map_of("batch_size", capas_value_integer(64));
    capas_value_set(map, "shuffle", capas_value_bool(false));
    capas_value_set(map, "steps_per_epoch", capas_value_integer(7));
    capas_fit_options options = {0};
    assert_int_equal(capas_fit_options_read(&options, map, "fit"), CAPAS_OK);
    assert_int_equal(options.batch_size, 64);
    assert_int_equal(options.epochs, 0); /* not said: 1, or what `steps` needs */
    assert_int_equal(options.shuffle, CAPAS_FALSE);
    assert_int_equal(options.steps_per_epoch, 7);
    assert_int_equal(options.struct_size, sizeof options);
    capas_value_set(map, "epochz", capas_value_integer(3));
    options = (capas_fit_options){0};
    assert_int_equal(capas_fit_options_read(&options, map, "fit"), CAPAS_UNKNOWN_NAME);
    assert_said("did you mean \"epochs\"?");
    capas_value_free(map);
    map = map_of("validation_steps", capas_value_integer(0));
    options = (capas_fit_options){0};
    assert_int_equal(capas_fit_options_read(&options, map, "fit"), CAPAS_INVALID_ARGUMENT);
    assert_said("validation_steps must be an integer of at least 1, or None, found 0");
    capas_value_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_keras_defaults),  cmocka_unit_test(reads_option_structs),
        cmocka_unit_test(refuses_wrong_numbers), cmocka_unit_test(refuses_wrong_losses),
        cmocka_unit_test(survives_a_round_trip), cmocka_unit_test(reads_short_words),
        cmocka_unit_test(names_what_is_wrong),   cmocka_unit_test(refuses_what_is_not_there),
        cmocka_unit_test(checks_the_keys),       cmocka_unit_test(reads_fit_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
