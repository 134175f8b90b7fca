/* ModelCheckpoint: its file names, what it writes and when, and what it says. Its decisions:
 * test_monitored.c. */
#include "support/cmocka.h"
#include "support/small_network.h"
#include "training/callback.h"
#include "training/format_path.h"
#include "training/logs.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static capas_logs some_logs(void)
{
    capas_logs logs = {0};
    assert_int_equal(capas_logs_set(&logs, "accuracy", 0.98765), CAPAS_OK);
    assert_int_equal(capas_logs_set(&logs, "val_loss", 0.1), CAPAS_OK);
    return logs;
}

/* What Python's format gives for epoch 3, batch 70. */
static void formats_as_python(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"plain.keras", "plain.keras"},
        {"{epoch}-{batch}", "3-70"},
        {"{epoch:02d}-{val_loss:.2f}", "03-0.10"},
        {"{epoch:03}|{epoch:4d}|{epoch:.1f}", "003|   3|3.0"},
        {"{val_loss}", "0.1"},
        {"{accuracy:.3e} {accuracy:g} {accuracy:.1%}", "9.877e-01 0.98765 98.8%"},
        {"{accuracy:08.3f}|{accuracy:8.3f}", "0000.988|   0.988"},
        {"{{epoch}} {{{epoch}}}", "{epoch} {3}"},
    };
    capas_logs logs = some_logs();
    char path[CAPAS_PATH_SIZE];
    for (size_t i = 0; i < CAPAS_COUNT(cases); i++) {
        assert_int_equal(capas_check_path_format(cases[i][0]), CAPAS_OK);
        if (capas_format_path(cases[i][0], 3, 70, &logs, path) != CAPAS_OK)
            fail_msg("%s", capas_error());
        assert_string_equal(path, cases[i][1]);
    }
    capas_logs_clear(&logs);
}

static void refuses_wrong_formats(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{",         "}",          "{}",        "{epoch",       "{epoch:}",  "{epoch:2q}",
        "{loss:.2}", "{loss:.2d}", "{loss:.f}", "{epoch:200d}", "{epoch!r}", "{0}x}"};
    for (size_t i = 0; i < CAPAS_COUNT(wrong); i++)
        if (capas_check_path_format(wrong[i]) != CAPAS_INVALID_ARGUMENT)
            fail_msg("%s is taken", wrong[i]);
    capas_logs logs = some_logs();
    char path[CAPAS_PATH_SIZE];
    assert_int_equal(capas_format_path("{val_los}", 1, 1, &logs, path), CAPAS_UNKNOWN_NAME);
    assert_string_equal(capas_error(), "\"{val_los}\" names val_los, which the logs do not have at "
                                       "this moment; did you mean \"val_loss\"?");
    assert_int_equal(capas_format_path("{val_loss:d}", 1, 1, &logs, path), CAPAS_INVALID_ARGUMENT);
    char *long_pattern = calloc(CAPAS_PATH_SIZE + 1, 1);
    memset(long_pattern, 'x', CAPAS_PATH_SIZE);
    assert_int_equal(capas_format_path(long_pattern, 1, 1, &logs, path), CAPAS_INVALID_ARGUMENT);
    free(long_pattern);
    capas_logs_clear(&logs);
}

static void assert_refused(capas_callback *callback, const char *sentence)
{
    assert_null(callback);
    assert_int_equal(capas_error_status(), CAPAS_INVALID_ARGUMENT);
    if (!strstr(capas_error(), sentence)) fail_msg("\"%s\" lacks \"%s\"", capas_error(), sentence);
}

static void checks_its_options(void **state)
{
    (void)state;
    assert_refused(capas_model_checkpoint("model.h5"),
                   "ModelCheckpoint: filepath must end in .keras, found \"model.h5\"");
    assert_refused(capas_model_checkpoint("model.keras", .save_weights_only = 1),
                   "must end in .weights.h5 with save_weights_only");
    assert_refused(capas_model_checkpoint("{epoch.keras"), "field that is not closed");
    assert_refused(capas_model_checkpoint(NULL), "filepath must be a path, found none");
    assert_refused(capas_model_checkpoint("m.keras", .save_freq = -1), "save_freq must be");
    capas_callback *callback = capas_model_checkpoint_with("m.keras", NULL);
    assert_non_null(callback);
    capas_callback_free(callback);
    capas_callback_free(NULL);
}

#if CAPAS_WITH_KERAS_FILES
static char said[4096];

static void keep(capas_log_level level, const char *message, void *context)
{
    size_t length = strlen(said);
    (void)context;
    if (strncmp(message, "fit: ", 5) == 0) return; /* what it says of so few samples */
    snprintf(said + length, sizeof said - length, "%s%s\n",
             level == CAPAS_LOG_WARNING ? "warning: " : "", message);
}

/* Trains with one callback, which stays the caller's. */
static capas_status train(capas_model *model, capas_callback *callback, int epochs)
{
    if (!callback) fail_msg("%s", capas_error());
    capas_dataset *data = small_dataset();
    const capas_callback *callbacks[] = {callback};
    said[0] = '\0';
    capas_set_log(keep, NULL);
    capas_status status = capas_fit(model, data, .batch_size = 4, .epochs = epochs,
                                    .callbacks = callbacks, .callback_count = 1);
    capas_set_log(NULL, NULL);
    capas_dataset_free(data);
    return status;
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void saves_each_epoch(void **state)
{
    (void)state;
    capas_model *model = small_network();
    capas_callback *callback =
        capas_model_checkpoint("made/here/{epoch:02d}-{accuracy:.0f}.keras", .verbose = 1);
    assert_int_equal(train(model, callback, 2), CAPAS_OK);
    char first[64], second[64], want[512];
    for (int accuracy = 0; accuracy < 2; accuracy++) {
        char path[64];
        for (int epoch = 1; epoch <= 2; epoch++) {
            snprintf(path, sizeof path, "made/here/%02d-%d.keras", epoch, accuracy);
            if (exists(path)) strcpy(epoch == 1 ? first : second, path);
        }
    }
    snprintf(want, sizeof want,
             "Epoch 1: saving model to %s\nEpoch 1: finished saving model to %s\n"
             "Epoch 2: saving model to %s\nEpoch 2: finished saving model to %s\n",
             first, first, second, second);
    assert_string_equal(said, want);
    size_t count;
    capas_model *saved = capas_load(second);
    if (!saved) fail_msg("%s", capas_error());
    float *one = small_weights(model, &count), *two = small_weights(saved, NULL);
    assert_memory_equal(one, two, count * sizeof *one);
    free(one);
    free(two);
    capas_model_free(saved);
    capas_callback_free(callback);
    capas_model_free(model);
}

static void says_what_improved(void **state)
{
    (void)state;
    capas_model *model = small_network();
    capas_callback *callback =
        capas_model_checkpoint("best.weights.h5", .monitor = "loss", .save_best_only = 1,
                               .save_weights_only = 1, .verbose = 1);
    assert_int_equal(train(model, callback, 1), CAPAS_OK);
    assert_non_null(strstr(said, "Epoch 1: loss improved from None to "));
    assert_non_null(strstr(said, ", saving model to best.weights.h5\nEpoch 1: finished saving "
                                 "model to best.weights.h5\n"));
    assert_true(exists("best.weights.h5"));
    /* The best stays for the next training, and nothing is better than this. */
    capas_callback_free(callback);
    callback = capas_model_checkpoint("never.keras", .monitor = "loss", .save_best_only = 1,
                                      .initial_value_threshold = -1, .verbose = 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(train(model, callback, 1), CAPAS_OK);
        assert_string_equal(said, "Epoch 1: loss did not improve from -1.00000\n");
    }
    assert_false(exists("never.keras"));
    capas_callback_free(callback);
    capas_model_free(model);
}

/* 20 samples in batches of 4 are 5 an epoch. */
static void saves_between_batches(void **state)
{
    (void)state;
    capas_model *model = small_network();
    capas_callback *callback = capas_model_checkpoint("b{epoch}-{batch}.keras", .save_freq = 3);
    assert_int_equal(train(model, callback, 2), CAPAS_OK);
    static const char *const paths[] = {"b1-3.keras", "b2-1.keras", "b2-4.keras"};
    for (size_t i = 0; i < CAPAS_COUNT(paths); i++)
        assert_true(exists(paths[i]));
    assert_false(exists("b1-5.keras") || exists("b2-5.keras") || exists("b2-3.keras"));
    capas_callback_free(callback);
    callback = capas_model_checkpoint("t{epoch}-{batch}.keras", .every_seconds = 1e-9);
    assert_int_equal(train(model, callback, 1), CAPAS_OK);
    assert_true(exists("t1-1.keras") && exists("t1-4.keras"));
    capas_callback_free(callback);
    callback = capas_model_checkpoint("s{epoch}-{batch}.keras", .every_seconds = 3600);
    assert_int_equal(train(model, callback, 1), CAPAS_OK);
    assert_true(exists("s1-5.keras") && !exists("s1-4.keras"));
    capas_callback_free(callback);
    capas_model_free(model);
}

static void tells_what_goes_wrong(void **state)
{
    (void)state;
    capas_model *model = small_network();
    capas_callback *callback = capas_model_checkpoint("every.keras", .save_best_only = 1);
    assert_int_equal(train(model, callback, 3), CAPAS_OK);
    assert_string_equal(said, "warning: ModelCheckpoint watches val_loss, which this training does "
                              "not have (it has accuracy and others); every file is written\n");
    assert_true(exists("every.keras"));
    capas_callback_free(callback);
    callback = capas_model_checkpoint("{val_loss}.keras");
    assert_int_equal(train(model, callback, 1), CAPAS_UNKNOWN_NAME);
    assert_non_null(strstr(capas_error(), "ModelCheckpoint: filepath: \"{val_loss}.keras\" names"));
    capas_callback_free(callback);
    capas_model_clear_error(model);
    callback = capas_model_checkpoint("every.keras/model.keras");
    assert_int_not_equal(train(model, callback, 1), CAPAS_OK);
    assert_non_null(strstr(capas_error(), "ModelCheckpoint: "));
    capas_callback_free(callback);
    capas_model_free(model);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_as_python),
        cmocka_unit_test(refuses_wrong_formats),
        cmocka_unit_test(checks_its_options),
#if CAPAS_WITH_KERAS_FILES
        cmocka_unit_test(saves_each_epoch),
        cmocka_unit_test(says_what_improved),
        cmocka_unit_test(saves_between_batches),
        cmocka_unit_test(tells_what_goes_wrong),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
