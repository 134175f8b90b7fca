/* CSVLogger: its file byte for byte, what a real training writes, and going on after a kill. */
#include "base/file.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/small_network.h"
#include "training/callback.h"
#include "training/hooks.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct scene {
    capas_training training;
    capas_callback *callback;
    const capas_callback *callbacks[1];
    capas_logs logs;
} scene;

static void open_scene(scene *s, capas_callback *callback)
{
    if (!callback) fail_msg("%s", capas_error());
    *s = (scene){.callback = callback};
    s->callbacks[0] = callback;
    assert_int_equal(capas_training_gather(&s->training, s->callbacks, 1, NULL, 0, "test"),
                     CAPAS_OK);
    if (capas_hook_train_begin(&s->training, &s->logs) != CAPAS_OK) fail_msg("%s", capas_error());
}

static void close_scene(scene *s)
{
    capas_training_release(&s->training);
    capas_callback_free(s->callback);
    capas_logs_clear(&s->logs);
}

static void log_number(scene *s, const char *name, double value)
{
    assert_int_equal(capas_logs_set(&s->logs, name, value), CAPAS_OK);
}

static void end_epoch(scene *s, int epoch)
{
    s->training.epoch = epoch;
    if (capas_hook_epoch_end(&s->training, &s->logs) != CAPAS_OK) fail_msg("%s", capas_error());
    capas_logs_cut(&s->logs, 0);
}

static void assert_file(const char *path, const char *want)
{
    char *text;
    size_t size;
    assert_int_equal(capas_read_file(path, 1 << 16, &text, &size), CAPAS_OK);
    assert_string_equal(text, want);
    capas_release(text);
}

static void writes_as_keras(void **state)
{
    (void)state;
    scene s;
    open_scene(&s, capas_csv_logger("made/log.csv"));
    log_number(&s, "loss", 0.5);
    log_number(&s, "accuracy", 1);
    end_epoch(&s, 0);
    log_number(&s, "loss", 1e-7);
    log_number(&s, "val_loss", NAN);
    log_number(&s, "later", 3);
    end_epoch(&s, 1);
    assert_file("made/log.csv", "epoch,accuracy,loss,val_accuracy,val_loss\r\n"
                                "0,1.0,0.5,NA,NA\r\n"
                                "1,NA,1e-07,NA,nan\r\n");
    close_scene(&s);
    /* Anew; a separator that is in a number and a name. */
    open_scene(&s, capas_csv_logger("made/log.csv", .separator = "."));
    log_number(&s, "val_a\"b", 2.5);
    end_epoch(&s, 4);
    assert_file("made/log.csv", "epoch.\"val_a\"\"b\"\r\n4.\"2.5\"\r\n");
    close_scene(&s);
}

static void appends(void **state)
{
    (void)state;
    scene s;
    remove("append.csv"); /* of a run before */
    for (int i = 0; i < 2; i++) {
        open_scene(&s, capas_csv_logger("append.csv", .append = 1, .separator = ";"));
        log_number(&s, "val_loss", i);
        end_epoch(&s, i);
        close_scene(&s);
    }
    assert_file("append.csv", "epoch;val_loss\r\n0;0.0\r\n1;1.0\r\n");
}

/* Killed after an epoch that came behind the checkpoint. */
static void goes_on(void **state)
{
    (void)state;
    for (int append = 0; append < 2; append++) {
        scene s;
        capas_state_store store = {0};
        capas_state saved = capas_state_of(&store);
        assert_int_equal(capas_write_file("go.csv", "before\r\n", 8), CAPAS_OK);
        open_scene(&s, capas_csv_logger("go.csv", .append = append));
        log_number(&s, "loss", 1);
        end_epoch(&s, 0);
        assert_int_equal(s.callback->save_state(s.callback->context, &saved), CAPAS_OK);
        log_number(&s, "loss", 2);
        end_epoch(&s, 1);
        close_scene(&s);
        open_scene(&s, capas_csv_logger("go.csv", .append = append));
        assert_int_equal(s.callback->load_state(s.callback->context, &saved), CAPAS_OK);
        log_number(&s, "val_loss", 7);
        log_number(&s, "loss", 3);
        end_epoch(&s, 1);
        assert_file("go.csv", append ? "before\r\n0,1.0,NA\r\n1,3.0,7.0\r\n"
                                     : "epoch,loss,val_loss\r\n0,1.0,NA\r\n1,3.0,7.0\r\n");
        close_scene(&s);
        capas_state_clear(&store);
    }
}

/* Before the first line nothing was ours: what was there is still replaced. */
static void goes_on_from_the_start(void **state)
{
    (void)state;
    scene s;
    capas_state_store store = {0};
    capas_state saved = capas_state_of(&store);
    assert_int_equal(capas_write_file("start.csv", "old", 3), CAPAS_OK);
    open_scene(&s, capas_csv_logger("start.csv"));
    assert_int_equal(s.callback->save_state(s.callback->context, &saved), CAPAS_OK);
    close_scene(&s);
    assert_file("start.csv", "old");
    open_scene(&s, capas_csv_logger("start.csv"));
    assert_int_equal(s.callback->load_state(s.callback->context, &saved), CAPAS_OK);
    log_number(&s, "val_a", 1);
    end_epoch(&s, 0);
    assert_file("start.csv", "epoch,val_a\r\n0,1.0\r\n");
    close_scene(&s);
    capas_state_clear(&store);
}

static int warnings;

static void count_warning(capas_log_level level, const char *message, void *context)
{
    (void)context;
    warnings += level == CAPAS_LOG_WARNING && strstr(message, "CSVLogger: short.csv has 0 bytes");
}

static void says_when_the_file_was_cut(void **state)
{
    (void)state;
    scene s;
    capas_state_store store = {0};
    capas_state saved = capas_state_of(&store);
    open_scene(&s, capas_csv_logger("short.csv"));
    log_number(&s, "val_a", 1);
    end_epoch(&s, 0);
    assert_int_equal(s.callback->save_state(s.callback->context, &saved), CAPAS_OK);
    close_scene(&s);
    remove("short.csv");
    open_scene(&s, capas_csv_logger("short.csv"));
    capas_set_log(count_warning, NULL);
    assert_int_equal(s.callback->load_state(s.callback->context, &saved), CAPAS_OK);
    capas_set_log(NULL, NULL);
    assert_int_equal(warnings, 1);
    log_number(&s, "val_a", 2);
    end_epoch(&s, 1);
    assert_file("short.csv", "1,2.0\r\n");
    close_scene(&s);
    capas_state_clear(&store);
}

static void tells_before_the_work(void **state)
{
    (void)state;
    assert_null(capas_csv_logger(NULL));
    assert_non_null(strstr(capas_error(), "filename must be a path, found none"));
    assert_null(capas_csv_logger("a.csv", .separator = "::"));
    assert_non_null(strstr(capas_error(), "separator must be one character, found \"::\""));
    assert_int_equal(capas_write_file("file", "", 0), CAPAS_OK);
    capas_callback *callback = capas_csv_logger("file/log.csv");
    const capas_callback *callbacks[] = {callback};
    capas_model *model = small_network();
    capas_dataset *data = small_dataset();
    assert_int_equal(capas_fit(model, data, .callbacks = callbacks, .callback_count = 1),
                     CAPAS_WRITE_FAILED);
    assert_non_null(strstr(capas_error(), "CSVLogger: file is a file"));
    capas_callback_free(callback);
    capas_dataset_free(data);
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_as_keras),
        cmocka_unit_test(appends),
        cmocka_unit_test(goes_on),
        cmocka_unit_test(goes_on_from_the_start),
        cmocka_unit_test(says_when_the_file_was_cut),
        cmocka_unit_test(tells_before_the_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
