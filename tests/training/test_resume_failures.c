/* Checkpoints that are damaged, nonsense or cannot be written: a sentence, and the training is not
 * harmed; and folders that cannot be. */
#include "support/cmocka.h"
#include "support/lives.h"
#include "support/program.h"
#include "support/scarce_memory.h"

#include "base/system.h"
#include "training/store.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void damaged_checkpoints_are_passed_over(void **state)
{
    (void)state;
    training_plan plan = kept_plan(3);
    plan.backup.double_checkpoint = 1;
    training_outcome whole = live(&plan, -1, false), first = live(&plan, 5, true);
    assert_int_equal(first.status, CAPAS_BAD_DATA);
    assert_int_equal(truncate("backup/checkpoint", 300), 0);
    training_outcome second = live(&plan, 0, true); /* the damaged one must not replace the other */
    assert_int_equal(second.status, CAPAS_BAD_DATA);
    training_outcome third = live(&plan, -1, true);
    assert_same_outcome(&whole, &third);
    assert_int_equal(truncate("backup/checkpoint", 300), 0);
    assert_int_equal(unlink("backup/checkpoint.previous"), 0);
    training_outcome none = live(&plan, -1, true);
    assert_int_equal(none.status, CAPAS_BAD_FILE);
    assert_string_equal(none.sentence, "fit: backup/checkpoint is damaged or cut off; it is no "
                                       "whole checkpoint; remove it to train anew");
    put_file("backup/checkpoint", "something else");
    none = live(&plan, -1, true);
    assert_int_equal(none.status, CAPAS_BAD_FILE);
    forget_outcome(&whole), forget_outcome(&third);
    clear_backup();
}

/* What lies in a whole file may still be nonsense. */
static void foreign_values_are_a_sentence(void **state)
{
    (void)state;
    static const char *const names[] = {"epoch",          "step",     "pass",    "index",
                                        "stop",           "identity", "weights", "running",
                                        "callback/0/sum", "slots/0",  "kernels", "iteration"};
    training_plan plan = kept_plan(3);
    training_outcome first = live(&plan, 4, true);
    assert_int_equal(first.status, CAPAS_BAD_DATA);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (int kind = 0; kind < 3; kind++) {
            capas_state_store store = {0};
            assert_int_equal(capas_restore_state("backup/checkpoint", &store), CAPAS_OK);
            capas_state all = capas_state_of(&store);
            if (!capas_state_has(&all, names[i])) fail_msg("there is no %s", names[i]);
            if (kind == 0) capas_state_set_number(&all, names[i], -1.5);
            if (kind == 1) capas_state_set_number(&all, names[i], NAN);
            if (kind == 2) capas_state_set_data(&all, names[i], "abc", 3);
            mkdir("kept", 0777);
            assert_int_equal(rename("backup/checkpoint", "kept/checkpoint"), 0);
            assert_int_equal(capas_store_state(&store, "backup/checkpoint"), CAPAS_OK);
            capas_state_clear(&store);
            training_outcome outcome = live(&plan, 0, true);
            bool number = strcmp(names[i], "callback/0/sum") == 0; /* which may be any */
            if (!number && outcome.status != CAPAS_BAD_FILE)
                fail_msg("%s: %s", names[i], outcome.sentence);
            assert_int_equal(rename("kept/checkpoint", "backup/checkpoint"), 0);
        }
    clear_backup();
}

/* Failures of the system's calls, one after another, all life long. */
static long calls_left;

static bool out_of_calls(void)
{
    errno = EIO;
    return calls_left-- <= 0;
}

static ssize_t failing_write(int file, const void *data, size_t size)
{
    return out_of_calls() ? -1 : write(file, data, size);
}

static int failing_fsync(int file)
{
    (void)file;
    return out_of_calls() ? -1 : 0;
}

static int failing_rename(const char *from, const char *to)
{
    return out_of_calls() ? -1 : rename(from, to);
}

static int warnings;

static void count_warnings(capas_log_level level, const char *message, void *context)
{
    (void)context;
    if (level == CAPAS_LOG_WARNING && strstr(message, "the training goes on without it"))
        warnings++;
}

/* The training is not harmed, and the last checkpoint that was written can be gone on from. */
static void failing_writes_leave_the_old_one(void **state)
{
    (void)state;
    const capas_system_calls before = capas_system;
    training_plan plan = kept_plan(2);
    training_outcome whole = live(&plan, -1, false);
    for (int twice = 0; twice < 2; twice++)
        for (long allowed = 0; allowed < 24; allowed++) {
            plan.backup.double_checkpoint = twice;
            capas_set_log(count_warnings, NULL);
            warnings = 0;
            calls_left = allowed;
            capas_system.write = failing_write;
            capas_system.fsync = failing_fsync;
            capas_system.rename = failing_rename;
            training_outcome part = live(&plan, 7, true);
            capas_system = before;
            capas_set_log(NULL, NULL);
            assert_int_equal(part.status, CAPAS_BAD_DATA);
            assert_true(warnings > 0);
            training_outcome rest = live(&plan, -1, true);
            assert_same_outcome(&whole, &rest);
            forget_outcome(&rest);
            clear_backup();
        }
    forget_outcome(&whole);
}

/* Memory that runs out ends the training or is a warning; a checkpoint that is there stays whole.
 */
static void scarce_memory_leaves_the_old_one(void **state)
{
    (void)state;
    training_plan plan = kept_plan(2);
    training_outcome whole = live(&plan, -1, false), first = live(&plan, 4, true);
    assert_int_equal(first.status, CAPAS_BAD_DATA);
    training_outcome rest = {.status = CAPAS_NO_MEMORY};
    for (long allowed = 150; rest.status != CAPAS_OK && allowed < 20000; allowed += 11) {
        forget_outcome(&rest);
        scarce_memory_begin(allowed);
        capas_model *model = make_planned_model(&plan); /* plans and weights are others' tests */
        capas_model_free(model);
        rest = live(&plan, -1, true);
        assert_int_equal(scarce_memory_live() == 0 || rest.status == CAPAS_OK, true);
        scarce_memory_end();
    }
    assert_same_outcome(&whole, &rest);
    forget_outcome(&whole), forget_outcome(&rest);
    clear_backup();
}

static void folders_are_checked_at_once(void **state)
{
    (void)state;
    assert_null(capas_backup_and_restore(""));
    assert_string_equal(capas_error(), "BackupAndRestore: backup_dir must be a path, found \"\"");
    assert_null(capas_backup_and_restore("backup", .save_freq = -1));
    put_file("backup", "a file");
    training_plan plan = kept_plan(1);
    training_outcome outcome = live(&plan, -1, true);
    assert_int_equal(outcome.status, CAPAS_WRITE_FAILED);
    assert_string_equal(outcome.sentence, "backup is a file; a folder was to be made there");
    unlink("backup");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_checkpoints_are_passed_over),
        cmocka_unit_test(foreign_values_are_a_sentence),
        cmocka_unit_test(failing_writes_leave_the_old_one),
        cmocka_unit_test(scarce_memory_leaves_the_old_one),
        cmocka_unit_test(folders_are_checked_at_once),
    };
    return cmocka_run_group_tests(tests, begin_lives, NULL);
}
