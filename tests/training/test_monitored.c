/* The callbacks that watch a number, held against Keras's decisions epoch by epoch; each case also
 * with a callback that is saved, freed and made anew after every epoch, which must decide the same.
 */
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/values.h"

#include "base/memory.h"
#include "training/callback.h"
#include "training/hooks.h"
#include "training/state.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if CAPAS_WITH_JANSSON
static const char saved_path[] = "saved.keras";

typedef struct scene {
    const capas_callback_type *type;
    const capas_value *entry; /* of the golden file */
    capas_callback *callback;
    const capas_callback *callbacks[1];
    capas_training training;
    capas_logs logs;
} scene;

/* One weight, so that one can see which epoch's weights are there. */
static capas_model *one_weight(double learning_rate)
{
    capas_model *model = capas_sequential(capas_input(1), capas_dense(1, .use_bias = CAPAS_FALSE));
    if (!model) fail_msg("%s", capas_error());
    assert_int_equal(capas_compile(model, .optimizer = capas_sgd(.learning_rate = learning_rate),
                                   .loss = CAPAS_MEAN_SQUARED_ERROR, .metrics = {CAPAS_ACCURACY}),
                     CAPAS_OK);
    return model;
}

static const capas_callback_type *type_of(const capas_value *entry)
{
    static const capas_callback_type *const types[] = {
        &capas_early_stopping_type,
        &capas_reduce_lr_on_plateau_type,
#if CAPAS_WITH_KERAS_FILES
        &capas_model_checkpoint_type,
#endif
    };
    for (size_t i = 0; i < CAPAS_COUNT(types); i++)
        if (strcmp(string_at(entry, "callback"), types[i]->table.owner) == 0) return types[i];
    return NULL;
}

static void make_callback(scene *s)
{
    capas_value *arguments = capas_value_clone(value_at(s->entry, "arguments"));
    if (s->type == &capas_model_checkpoint_type)
        capas_value_set(arguments, "filepath", capas_value_string(saved_path));
    s->callback = capas_callback_read(s->type, arguments, "test");
    capas_value_free(arguments);
    if (!s->callback) fail_msg("%s", capas_error());
    s->callbacks[0] = s->callback;
    assert_int_equal(capas_training_gather(&s->training, s->callbacks, 1, NULL, 0, "test"),
                     CAPAS_OK);
    assert_int_equal(capas_hook_train_begin(&s->training, &s->logs), CAPAS_OK);
}

static void free_callback(scene *s)
{
    capas_training_release(&s->training);
    capas_callback_free(s->callback);
}

/* What a kill between two epochs is to a callback. */
static void make_anew(scene *s)
{
    capas_state_store store = {0};
    capas_state state = capas_state_of(&store);
    assert_int_equal(s->callback->save_state(s->callback->context, &state), CAPAS_OK);
    free_callback(s);
    make_callback(s);
    if (s->callback->load_state(s->callback->context, &state) != CAPAS_OK)
        fail_msg("%s", capas_error());
    capas_state_clear(&store);
}

static double value_of(const capas_value *epoch)
{
    const capas_value *value = value_find(epoch, "value");
    return value->kind == CAPAS_VALUE_NULL ? NAN : value->real;
}

/* The hooks of one epoch, as fit calls them. */
static void run_epoch(scene *s, const capas_value *epoch)
{
    float weight = (float)number_at(epoch, "epoch");
    s->training.epoch = (int)weight;
    capas_logs_cut(&s->logs, 0);
    assert_int_equal(capas_model_set_weight(s->training.model, 0, &weight), CAPAS_OK);
    assert_int_equal(capas_hook_epoch_begin(&s->training, &s->logs), CAPAS_OK);
    assert_int_equal(capas_logs_set(&s->logs, string_at(s->entry, "metric"), value_of(epoch)),
                     CAPAS_OK);
    remove(saved_path);
    if (capas_hook_epoch_end(&s->training, &s->logs) != CAPAS_OK) fail_msg("%s", capas_error());
    const capas_value *saved = value_find(epoch, "saved");
    if (saved) assert_int_equal(access(saved_path, F_OK) == 0, saved->boolean);
    assert_int_equal(s->training.stop, value_at(epoch, "stop")->boolean);
    double rate = capas_training_learning_rate(&s->training);
    assert_true(fabs(rate - number_at(epoch, "learning_rate")) <= 1e-6 * rate);
}

static void check_case(const capas_callback_type *type, const capas_value *entry, bool kill)
{
    scene s = {.type = type, .entry = entry, .training = {.epochs = 1000}};
    s.training.model = one_weight(number_at(entry, "learning_rate_at_start"));
    make_callback(&s);
    const capas_value *epochs = value_at(entry, "epochs");
    for (size_t i = 0; i < epochs->count; i++) {
        run_epoch(&s, epochs->items[i]);
        if (kill) make_anew(&s);
    }
    assert_int_equal(capas_hook_train_end(&s.training, &s.logs), CAPAS_OK);
    float weight;
    assert_int_equal(capas_model_get_weight(s.training.model, 0, &weight), CAPAS_OK);
    assert_true(weight == (float)number_at(entry, "weight_after"));
    if (type == &capas_early_stopping_type)
        assert_int_equal(capas_early_stopping_epoch(s.callback),
                         (int)number_at(entry, "stopped_epoch"));
    free_callback(&s);
    capas_logs_clear(&s.logs);
    capas_model_free(s.training.model);
}

static void decide_as_keras(void **state)
{
    (void)state;
    capas_value *file = golden_value("callbacks/callbacks.json");
    const capas_value *cases = value_at(file, "cases");
    size_t checked = 0;
    for (size_t i = 0; i < cases->count; i++) {
        const capas_callback_type *type = type_of(cases->items[i]);
        if (!type) continue;
        check_case(type, cases->items[i], false);
        check_case(type, cases->items[i], true);
        checked++;
    }
    assert_int_equal(checked, CAPAS_WITH_KERAS_FILES ? 90 : 60);
    capas_value_free(file);
}

/* A file may be damaged. */
static void refuses_a_wrong_state(void **state)
{
    (void)state;
    capas_state_store store = {0};
    capas_state saved = capas_state_of(&store);
    capas_callback *callback = capas_reduce_lr_on_plateau();
    assert_non_null(callback);
    assert_int_equal(callback->load_state(callback->context, &saved), CAPAS_BAD_FILE);
    assert_non_null(strstr(capas_error(), "has no \"wait\""));
    capas_state_set_number(&saved, "wait", NAN);
    assert_int_equal(callback->load_state(callback->context, &saved), CAPAS_BAD_FILE);
    assert_non_null(strstr(capas_error(), "\"wait\" must be a whole number of at least 0"));
    capas_callback_free(callback);
    capas_state_clear(&store);
}
#endif

int main(void)
{
#if CAPAS_WITH_JANSSON
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decide_as_keras),
        cmocka_unit_test(refuses_a_wrong_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
#else
    return 0;
#endif
}
