/* .keras files: Keras's open here and give its outputs; ours come back as they were, byte-equal
 * when saved again, and a training goes on where it stood. */
#define _GNU_SOURCE /* memmem */
#include "base/file.h"
#include "base/memory.h"
#include "base/system.h"
#include "files/archive.h"
#include "model/model.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/saved_model.h"
#include "support/scarce_memory.h"
#include <capas/capas.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if CAPAS_WITH_KERAS_FILES
enum { LIMIT = 1 << 24 };

static void opens_only_to_predict(void **state)
{
    (void)state;
    const capas_load_options options = {.struct_size = sizeof options, .compile = CAPAS_FALSE};
    capas_model *model = capas_load_with(golden_path("files/resume_adam.keras"), &options);
    if (!model) fail_msg("%s", capas_error());
    assert_null(model->trainer);
    capas_model_free(model);
}

static char last_warning[1024];

static void keep_warning(capas_log_level level, const char *message, void *context)
{
    (void)context;
    if (level == CAPAS_LOG_WARNING) snprintf(last_warning, sizeof last_warning, "%s", message);
}

/* A copy of a file whose optimizer scales the loss. */
static void save_with_scale(const char *from, const char *to)
{
    static const char *const names[] = {"metadata.json", "config.json", "model.weights.h5"};
    static const char word[] = "\"loss_scale_factor\": null";
    capas_archive_entry entries[3];
    capas_archive *archive = capas_archive_open(from);
    for (int i = 0; i < 3; i++) {
        char *data;
        size_t size;
        assert_int_equal(capas_archive_read(archive, names[i], LIMIT, &data, &size), CAPAS_OK);
        entries[i] = (capas_archive_entry){names[i], data, size};
        char *at = memmem(data, size, word, strlen(word));
        if (i == 1) memcpy(at, "\"loss_scale_factor\": 2.00", strlen(word));
    }
    capas_archive_close(archive);
    assert_int_equal(capas_archive_write(to, entries, 3), CAPAS_OK);
    for (int i = 0; i < 3; i++)
        capas_release((void *)entries[i].data);
}

/* A scaled loss is not there: the model opens to predict_recorded, and says so. */
static void opens_what_it_cannot_train(void **state)
{
    (void)state;
    save_with_scale(golden_path("files/resume_adam.keras"), "scaled.keras");
    capas_set_log(keep_warning, NULL);
    capas_model *model = open_model("scaled.keras");
    capas_set_log(NULL, NULL);
    assert_non_null(strstr(last_warning, "without its compile settings"));
    npy x = golden_npy("files/resume_x.npy");
    free(predict_recorded(model, &x, (size_t)x.shape[0] * 3));
    npy_free(&x);
    capas_model_free(model);
}

/* Saved, opened, saved: the same bytes; trained on: the same bits as without the stop. */
static void assert_comes_back(capas_optimizer optimizer)
{
    capas_model *model = small_graph();
    capas_compile(model, .optimizer = optimizer, .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
                  .metrics = {CAPAS_ACCURACY});
    save_model(model, "fresh.keras");
    for (int i = 0; i < 3; i++)
        train_step(model);
    save_model(model, "trained.keras");
    capas_model *again = open_model("trained.keras");
    assert_same_weights(model, again);
    save_model(again, "trained2.keras");
    assert_same_bytes("trained.keras", "trained2.keras");
    for (int i = 0; i < 2; i++) {
        train_step(model);
        train_step(again);
    }
    assert_same_weights(model, again);
    save_model(model, "on.keras");
    save_model(again, "on2.keras");
    assert_same_bytes("on.keras", "on2.keras");
    capas_model_free(model);
    capas_model_free(again);

    model = open_model("fresh.keras"); /* compiled, never trained */
    train_step(model);
    capas_model_free(model);
}

static void comes_back_as_it_was(void **state)
{
    (void)state;
    const capas_optimizer optimizers[] = {
        capas_adam(.learning_rate = 0.01),
        capas_sgd(.momentum = 0.9, .gradient_accumulation_steps = 2, .use_ema = 1),
        capas_rmsprop(.use_ema = 1, .ema_overwrite_frequency = 2),
        capas_adadelta(),
        capas_adamw(.amsgrad = 1),
        capas_adamax(),
        capas_nadam(),
        capas_lamb(),
        capas_adafactor(.learning_rate = 0.01),
        capas_lion(.gradient_accumulation_steps = 3),
        capas_adagrad(),
        capas_ftrl(.l1_regularization_strength = 1e-4),
    };
    for (size_t i = 0; i < sizeof optimizers / sizeof optimizers[0]; i++)
        assert_comes_back(optimizers[i]);
}

static void keeps_what_keras_has_no_word_for(void **state)
{
    (void)state;
    assert_keeps_meaning("named.keras");
}

static void writes_what_keras_expects(void **state)
{
    (void)state;
    static const char *const names[] = {"metadata.json", "config.json", "model.weights.h5",
                                        "capas.json"};
    capas_model *model = small_graph();
    save_model(model, "expected.keras");
    char *data;
    size_t size;
    assert_int_equal(capas_read_file("expected.keras", LIMIT, &data, &size), CAPAS_OK);
    const char *at = data;
    for (int i = 0; i < 4; i++) {
        at = memmem(at, size - (size_t)(at - data), names[i], strlen(names[i]));
        assert_non_null(at);
        const unsigned char *header = (const unsigned char *)at - 30;
        assert_memory_equal(header, "PK\3\4", 4);
        assert_int_equal(header[8] | header[9] << 8, 0);            /* stored */
        assert_int_equal(header[10] | header[11] << 8, 0);          /* 00:00:00 */
        assert_int_equal(header[12] | header[13] << 8, 1 << 5 | 1); /* 1980-01-01 */
    }
    capas_release(data);
    char *json;
    assert_int_equal(capas_model_to_json(model, &json), CAPAS_OK);
    capas_archive *archive = capas_archive_open("expected.keras");
    assert_int_equal(capas_archive_read(archive, "config.json", LIMIT, &data, &size), CAPAS_OK);
    assert_string_equal(data, json);
    capas_archive_close(archive);
    capas_release(data);
    capas_model *fresh = capas_model_from_json(json);
    assert_non_null(fresh);
    assert_string_equal(capas_model_name(fresh), "small");
    train_step(fresh);
    capas_model_free(fresh);
    capas_free(json);
    capas_model_free(model);
}

static void says_why_it_cannot_save(void **state)
{
    (void)state;
    capas_model *model = small_graph();
    assert_int_equal(capas_save(model, "nowhere/model.keras"), CAPAS_WRITE_FAILED);
    assert_non_null(strstr(capas_error(), "nowhere/model.keras"));
    assert_int_equal(capas_save(model, ""), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_save(model, NULL), CAPAS_INVALID_ARGUMENT);
    save_model(model, "elsewhere.keras"); /* the model is still good */
    capas_model_free(model);
    assert_null(capas_load("nowhere/model.keras"));
    assert_int_equal(capas_error_status(), CAPAS_NO_FILE);
    assert_null(capas_load("."));
    assert_int_equal(capas_error_status(), CAPAS_NO_FILE);
    assert_null(capas_load(NULL));
    assert_int_equal(capas_error_status(), CAPAS_INVALID_ARGUMENT);
}

static ssize_t full_disk(int file, const void *data, size_t size)
{
    (void)file;
    (void)data;
    (void)size;
    errno = ENOSPC;
    return -1;
}

static int failing_fsync(int file)
{
    (void)file;
    errno = EIO;
    return -1;
}

static int failing_rename(const char *from, const char *to)
{
    (void)from;
    (void)to;
    errno = EACCES;
    return -1;
}

/* The disk is full, or fails: the old file is still there. */
static void loses_no_old_file(void **state)
{
    (void)state;
    const capas_system_calls right = capas_system;
    capas_model *model = small_graph();
    save_model(model, "kept.keras");
    save_model(model, "copy.keras");
    train_step(model);
    for (int i = 0; i < 3; i++) {
        capas_system = right;
        if (i == 0) capas_system.write = full_disk;
        if (i == 1) capas_system.fsync = failing_fsync;
        if (i == 2) capas_system.rename = failing_rename;
        assert_int_equal(capas_save(model, "kept.keras"), CAPAS_WRITE_FAILED);
        assert_non_null(strstr(capas_error(), "kept.keras"));
        assert_same_bytes("kept.keras", "copy.keras");
    }
    capas_system = right;
    save_model(model, "kept.keras");
    capas_model_free(model);
}

/* With each allocation of ours failed in turn: a sentence, no leak, and the old file stays. */
static void survives_without_memory(void **state)
{
    (void)state;
    capas_model *model = small_graph();
    train_step(model);
    save_model(model, "scarce.keras");
    save_model(model, "before.keras");
    bool saved = false, opened = false;
    for (long allowed = 0; !saved; allowed++) {
        scarce_memory_begin(allowed);
        saved = capas_save(model, "scarce.keras") == CAPAS_OK;
        if (!saved) assert_int_equal(capas_error_status(), CAPAS_NO_MEMORY);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
        assert_same_bytes("scarce.keras", "before.keras");
    }
    capas_model_free(model);
    for (long allowed = 0; !opened; allowed++) {
        scarce_memory_begin(allowed);
        model = capas_load("scarce.keras");
        opened = model != NULL;
        if (!opened) assert_int_equal(capas_error_status(), CAPAS_NO_MEMORY);
        capas_model_free(model);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_only_to_predict),
        cmocka_unit_test(opens_what_it_cannot_train),
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(keeps_what_keras_has_no_word_for),
        cmocka_unit_test(writes_what_keras_expects),
        cmocka_unit_test(says_why_it_cannot_save),
        cmocka_unit_test(loses_no_old_file),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
/* A build without Keras's files has nothing to test here; test_broken.c sees that it says so. */
int main(void)
{
    return 0;
}
#endif
