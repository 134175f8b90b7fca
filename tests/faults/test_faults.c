/* One short run of everything, in which each thing that can fail does so in turn: every allocation
 * of ours, every thread, write, fsync and rename, and the disk is full. Each time there is a status
 * and a sentence, nothing leaks, the old file is still there, and none is left beside it. */
#define _GNU_SOURCE
#include "support/cmocka.h"
#include "support/kernels.h"
#include "support/program.h"
#include "support/scarce_memory.h"

#include "base/system.h"
#include <capas/capas.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAMPLES = 20, SIDE = 5, CLASSES = 3, SENTENCE = 400 };

static const char *const folder = "kept", *const path = "kept/model.keras";
static const char old_file[] = "what was here before";
static float *pixels;
static uint8_t labels[SAMPLES];

/* What came of a run. */
typedef struct outcome {
    capas_status status;
    char sentence[SENTENCE];
    bool saved;
    float output[SAMPLES * CLASSES];
} outcome;

static capas_model *make_model(void)
{
    capas_model *model = capas_sequential(
        capas_input(SIDE, SIDE, 1),
        capas_conv2d(3, 2, .activation = CAPAS_RELU, .kernel_regularizer = capas_l2(0.01)),
        capas_max_pooling2d(2), capas_batch_normalization(), capas_flatten(), capas_dropout(0.2),
        capas_dense(CLASSES, .activation = CAPAS_SOFTMAX, .name = "out"));
    capas_compile(model, .optimizer = capas_adam(), .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
                  .metrics = {CAPAS_ACCURACY});
    return model;
}

static capas_dataset *make_set(void)
{
    capas_tensor x = {.element = CAPAS_FLOAT32,
                      .shape = capas_shape_of(4, SAMPLES, SIDE, SIDE, 1),
                      .data = pixels};
    capas_tensor y = {.element = CAPAS_UINT8, .shape = capas_shape_of(1, SAMPLES), .data = labels};
    return capas_dataset_from_arrays(x, y, 1);
}

static capas_status fit_and_evaluate(capas_model *model, capas_dataset *set)
{
    capas_history *history = NULL;
    capas_evaluation evaluation;
    char *csv = NULL, *summary = NULL, *json = NULL;
    capas_status status = capas_fit(model, set, .batch_size = 8, .epochs = 1,
                                    .validation_split = 0.25, .history = &history);
    if (status == CAPAS_OK) status = capas_history_csv(history, &csv);
    if (status == CAPAS_OK) status = capas_evaluate(model, set, &evaluation);
    if (status == CAPAS_OK) status = capas_summary(model, &summary, .show_cost = 1);
    if (status == CAPAS_OK) status = capas_model_to_json(model, &json);
    capas_history_free(history);
    capas_free(csv);
    capas_free(summary);
    capas_free(json);
    return status;
}

static capas_status load_and_predict(outcome *outcome)
{
    capas_model *model = capas_load(path);
    capas_status status = model != NULL ? CAPAS_OK : capas_error_status();
    if (status == CAPAS_OK) status = capas_predict(model, pixels, SAMPLES, outcome->output);
    capas_model_free(model);
    return status;
}

static outcome run_everything(void)
{
    outcome outcome = {.status = CAPAS_OK};
    capas_dataset *set = make_set();
    capas_model *model = set != NULL ? make_model() : NULL;
    outcome.status = model != NULL ? capas_model_status(model) : capas_error_status();
    if (outcome.status == CAPAS_OK) outcome.status = fit_and_evaluate(model, set);
    if (outcome.status == CAPAS_OK) outcome.status = capas_save(model, path);
    outcome.saved = outcome.status == CAPAS_OK;
    if (outcome.status == CAPAS_OK) outcome.status = load_and_predict(&outcome);
    snprintf(outcome.sentence, sizeof outcome.sentence, "%s",
             outcome.status == CAPAS_OK ? "" : capas_error());
    capas_model_free(model);
    capas_dataset_free(set);
    return outcome;
}

static void put_old_file(void)
{
    mkdir(folder, 0755);
    put_file(path, old_file);
}

static int files_in(const char *name)
{
    DIR *directory = opendir(name);
    assert_non_null(directory);
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

/* The file is the old one, or a whole new one. */
static bool file_is_old(void)
{
    long size;
    char *found = get_file(path, &size);
    assert_non_null(found);
    bool is_old = strcmp(found, old_file) == 0;
    bool is_archive = size > 100 && memcmp(found, "PK", 2) == 0;
    free(found);
    assert_true(is_old || is_archive);
    return is_old;
}

static void assert_failed_well(const outcome *outcome, const char *what, long number)
{
    if (outcome->status == CAPAS_OK) fail_msg("%s %ld failed and nobody said so", what, number);
    if (outcome->sentence[0] == '\0')
        fail_msg("%s %ld failed with %s and without a sentence", what, number,
                 capas_status_name(outcome->status));
    assert_int_equal(files_in(folder), 1);
}

static outcome whole_run(void)
{
    outcome whole = run_everything();
    if (whole.status != CAPAS_OK) fail_msg("%s", whole.sentence);
    return whole;
}

/* All of the first allocations, then every few: the rest are the same places again. */
static void every_allocation_fails(void **state)
{
    (void)state;
    enum { ALL = 600, STRIDE = 6 };
    long asked = 0, tried = 0;
    put_old_file();
    for (long allowed = 0;; allowed += allowed < ALL ? 1 : STRIDE) {
        put_file(path, old_file);
        scarce_memory_begin(allowed);
        outcome outcome = run_everything();
        asked = scarce_memory_asked();
        long live = scarce_memory_live();
        scarce_memory_end();
        if (live != 0)
            fail_msg("allocation %ld failed, %ld blocks were lost (%s): %s", allowed, live,
                     capas_status_name(outcome.status), outcome.sentence);
        if (asked <= allowed) break;
        tried++;
        assert_failed_well(&outcome, "allocation", allowed);
        if (outcome.status != CAPAS_NO_MEMORY)
            fail_msg("allocation %ld failed with %s: %s", allowed,
                     capas_status_name(outcome.status), outcome.sentence);
        assert_true(file_is_old() == !outcome.saved);
    }
    print_message("%ld of %ld allocations failed in turn\n", tried, asked);
    assert_true(tried > ALL);
}

/* The system's calls, of which number `failing` fails, and what they are counted in. */
static long calls, failing;
static int error_number;
static bool halves; /* writes take half of what they are given */

static bool fails_now(void)
{
    if (calls++ != failing) return false;
    errno = error_number;
    return true;
}

static ssize_t write_or_not(int file, const void *data, size_t size)
{
    if (fails_now()) return -1;
    return write(file, data, halves && size > 1 ? size / 2 : size);
}

static int fsync_or_not(int file)
{
    return fails_now() ? -1 : fsync(file);
}

static int rename_or_not(const char *from, const char *to)
{
    return fails_now() ? -1 : rename(from, to);
}

/* Replaces one of the calls; runs until none is left to fail; gives back how many were made. */
static long fail_each(capas_system_calls replaced, const char *what, int error)
{
    const capas_system_calls own = capas_system;
    error_number = error;
    for (failing = 0;; failing++) {
        put_old_file();
        calls = 0;
        capas_system = replaced;
        outcome outcome = run_everything();
        capas_system = own;
        if (calls <= failing) {
            assert_int_equal(outcome.status, CAPAS_OK);
            return failing;
        }
        assert_failed_well(&outcome, what, failing);
        assert_int_equal(outcome.status, CAPAS_WRITE_FAILED);
        if (strstr(outcome.sentence, path) == NULL ||
            strstr(outcome.sentence, strerror(error)) == NULL)
            fail_msg("%s failed: \"%s\"", what, outcome.sentence);
        /* What comes after the rename can only say that the disk may not have it. */
        assert_true(file_is_old() || strstr(outcome.sentence, "is written, but") != NULL);
    }
}

static void every_call_to_the_system_fails(void **state)
{
    (void)state;
    capas_system_calls replaced = capas_system;
    replaced.write = write_or_not;
    assert_true(fail_each(replaced, "write", ENOSPC) >= 1);
    assert_true(fail_each(replaced, "write", EIO) >= 1);
    halves = true;
    assert_true(fail_each(replaced, "half a write", EDQUOT) > 5);
    halves = false;
    replaced = capas_system;
    replaced.fsync = fsync_or_not;
    assert_true(fail_each(replaced, "fsync", EIO) == 2); /* the file's and the folder's */
    replaced = capas_system;
    replaced.rename = rename_or_not;
    assert_true(fail_each(replaced, "rename", EACCES) == 1);
}

/* Threads that cannot be made are done without: fewer work, with the same bits, and a warning. */
static long threads_allowed, threads_made;
static int warnings;

static int make_thread_or_not(pthread_t *thread, void *(*start)(void *), void *argument)
{
    if (threads_made >= threads_allowed) return EAGAIN;
    threads_made++;
    return pthread_create(thread, NULL, start, argument);
}

static void hear(capas_log_level level, const char *message, void *context)
{
    (void)context;
    warnings += level == CAPAS_LOG_WARNING && strstr(message, "could not be made") != NULL;
}

static void every_thread_fails(void **state)
{
    (void)state;
    enum { N = 128, WIDE = 28, UNITS = 10 };
    static float few[N * UNITS], all[N * UNITS];
    const capas_system_calls own = capas_system;
    float *pictures = random_floats(N * WIDE * WIDE, 3);
    capas_model *model =
        capas_sequential(capas_input(WIDE, WIDE, 1), capas_conv2d(16, 3, .activation = CAPAS_RELU),
                         capas_max_pooling2d(2), capas_flatten(), capas_dense(UNITS));
    assert_int_equal(capas_set_threads(1), CAPAS_OK);
    assert_int_equal(capas_predict(model, pictures, N, all), CAPAS_OK);
    capas_set_log(hear, NULL);
    capas_system.create_thread = make_thread_or_not;
    for (threads_allowed = 0; threads_allowed < 4; threads_allowed++) {
        warnings = 0;
        memset(few, 0xff, sizeof few);
        assert_int_equal(capas_set_threads(4), CAPAS_OK);
        assert_int_equal(capas_predict(model, pictures, N, few), CAPAS_OK);
        assert_memory_equal(few, all, sizeof all);
        assert_int_equal(warnings, threads_allowed < 3 ? 1 : 0);
        assert_int_equal(run_everything().status, CAPAS_OK);
    }
    assert_int_equal(threads_made, 3);
    capas_system = own;
    capas_set_log(NULL, NULL);
    assert_int_equal(capas_set_threads(0), CAPAS_OK);
    capas_model_free(model);
    free(pictures);
}

/* A limit on the size of files, as a full disk would be: no signal, a sentence, the old file. */
static void the_disk_is_full(void **state)
{
    (void)state;
    struct rlimit before, small;
    put_old_file();
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    for (small.rlim_cur = 0; small.rlim_cur < 5000; small.rlim_cur += 1700) {
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        outcome outcome = run_everything();
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_failed_well(&outcome, "limit", (long)small.rlim_cur);
        assert_int_equal(outcome.status, CAPAS_WRITE_FAILED);
        assert_non_null(strstr(outcome.sentence, path));
        assert_non_null(strstr(outcome.sentence, strerror(EFBIG)));
        assert_true(file_is_old());
    }
}

enum { RIGHT = 0, WRONG = 1, NOT_ALLOWED = 2 };

/* In a process of its own: a disk of 8 KB over the folder. */
static int save_on_small_disk(void)
{
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=8k") != 0)
        return NOT_ALLOWED;
    capas_model *model = make_model();
    put_file(path, old_file);
    capas_status status = capas_save(model, path);
    bool right = status == CAPAS_WRITE_FAILED && strstr(capas_error(), strerror(ENOSPC)) != NULL &&
                 strstr(capas_error(), path) != NULL && files_in(folder) == 1 && file_is_old();
    if (!right) print_error("%s: %s\n", capas_status_name(status), capas_error());
    capas_model_free(model);
    return right ? RIGHT : WRONG;
}

static void a_small_disk_is_full(void **state)
{
    (void)state;
    put_old_file();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(save_on_small_disk());
    int ended;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    if (WEXITSTATUS(ended) == NOT_ALLOWED) {
        print_message("only root may mount a small disk; the limit on files stands for it\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(ended), RIGHT);
}

static int make_data(void **state)
{
    (void)state;
    pixels = random_floats(SAMPLES * SIDE * SIDE, 2);
    for (int i = 0; i < SAMPLES; i++)
        labels[i] = (uint8_t)(i % CLASSES);
    put_old_file();
    assert_int_equal(capas_set_threads(1), CAPAS_OK); /* no thread is made before its test */
    outcome first = whole_run(), second = whole_run();
    assert_memory_equal(first.output, second.output, sizeof first.output);
    return 0;
}

static int free_data(void **state)
{
    (void)state;
    free(pixels);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_thread_fails), /* first: threads are made once */
        cmocka_unit_test(every_allocation_fails), cmocka_unit_test(every_call_to_the_system_fails),
        cmocka_unit_test(the_disk_is_full),       cmocka_unit_test(a_small_disk_is_full),
    };
    return cmocka_run_group_tests(tests, make_data, free_data);
}
