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

static capas_model *open_model(const char *path)
{
    capas_model *model = capas_load(path);
    if (!model) fail_msg("%s", capas_error());
    return model;
}

static void save_model(capas_model *model, const char *path)
{
    if (capas_save(model, path) != CAPAS_OK) fail_msg("%s", capas_error());
}

/* The output for one of the recorded inputs, to be freed. */
static float *predict(capas_model *model, const npy *input, size_t count)
{
    float *x = npy_floats(input), *y = calloc(count, sizeof *y);
    if (capas_predict(model, x, input->shape[0], y) != CAPAS_OK) fail_msg("%s", capas_error());
    free(x);
    return y;
}

static void assert_output(capas_model *model, const char *input_name, const char *output_name)
{
    npy input = golden_npy("files/%s", input_name), output = golden_npy("files/%s", output_name);
    float *y = predict(model, &input, output.count);
    assert_true(golden_close(output_name, y, &output, 1e-4, 1e-5));
    free(y);
    npy_free(&input);
    npy_free(&output);
}

/* Files of layers or formats that capas has not yet may be skipped by name, all others must open:
 * the part of skips.txt, or NULL. */
static const char *skipped_part(const char *file)
{
    static const char *const parts[][2] = {
        {"residual_k3.keras", "layers/LeakyReLU"},
        {"rnn_k3.keras", "layers/LSTM"},
        {"residual_k2.keras", "layers/LeakyReLU"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(file, parts[i][0]) == 0) return parts[i][1];
    return NULL;
}

static void check_file(const json_t *entry, size_t *opened)
{
    const char *file = json_string_value(json_object_get(entry, "file"));
    const char *input = json_string_value(json_object_get(entry, "input"));
    const char *output = json_string_value(json_object_get(entry, "output"));
    size_t length = strlen(file);
    if (length < 6 || strcmp(file + length - 6, ".keras") != 0 || !input) return;
    if (skipped_part(file) && golden_may_skip(skipped_part(file))) return;
    capas_model *model = open_model(golden_path("files/%s", file));
    assert_output(model, input, output);
    save_model(model, "again.keras");
    capas_model_free(model);
    model = open_model("again.keras");
    assert_output(model, input, output);
    capas_model_free(model);
    ++*opened;
}

static void opens_keras_files(void **state)
{
    (void)state;
    json_t *files = golden_json("files/files.json"), *entry;
    size_t i, opened = 0;
    json_array_foreach(json_object_get(files, "files"), i, entry) check_file(entry, &opened);
    assert_true(opened >= 1);
    json_decref(files);
}

static void assert_goes_on(capas_model *model, const json_t *entry)
{
    npy x = golden_npy("files/%s", json_string_value(json_object_get(entry, "x")));
    npy y = golden_npy("files/%s", json_string_value(json_object_get(entry, "y")));
    const json_t *losses = json_object_get(entry, "next_three_losses_uninterrupted");
    int64_t batch = json_integer_value(json_object_get(entry, "batch"));
    size_t size = x.count / (size_t)x.shape[0];
    for (size_t step = 0; step < json_array_size(losses); step++) {
        /* The first two batches were trained before the file was saved. */
        size_t first = (step + 2) * (size_t)batch % (size_t)x.shape[0];
        capas_tensor inputs = {CAPAS_FLOAT32, {0}, (float *)x.data + first * size};
        capas_tensor targets = {CAPAS_INT32, {0}, (int32_t *)y.data + first};
        capas_evaluation evaluation;
        inputs.shape.rank = x.rank;
        for (int i = 0; i < x.rank; i++)
            inputs.shape.dims[i] = i == 0 ? batch : x.shape[i];
        targets.shape = capas_shape_of(1, (int)batch);
        if (capas_train_on_batch(model, &inputs, &targets, batch, &evaluation) != CAPAS_OK)
            fail_msg("%s", capas_error());
        double wanted = json_number_value(json_array_get(losses, step));
        double got = capas_evaluation_get(&evaluation, "loss");
        if (!(fabs(got - wanted) <= 1e-3 * fabs(wanted)))
            fail_msg("step %zu: loss %g, Keras has %g", step, got, wanted);
    }
    npy_free(&x);
    npy_free(&y);
}

static const json_t *find_file(const json_t *files, const char *name)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(files, "files"), i, entry)
    {
        if (strcmp(json_string_value(json_object_get(entry, "file")), name) == 0) return entry;
    }
    fail_msg("%s is not in files.json", name);
    return NULL;
}

static void goes_on_with_the_training(void **state)
{
    (void)state;
    static const char *const names[] = {"resume_adam.keras", "resume_sgd_momentum_schedule.keras"};
    json_t *files = golden_json("files/files.json");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const json_t *entry = find_file(files, names[i]);
        capas_model *model = open_model(golden_path("files/%s", names[i]));
        assert_goes_on(model, entry);
        capas_model_free(model);

        model = open_model(golden_path("files/%s", names[i]));
        save_model(model, "resumed.keras");
        capas_model_free(model);
        model = open_model("resumed.keras");
        assert_goes_on(model, entry);
        capas_model_free(model);
    }
    json_decref(files);
}

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

/* A scaled loss is not there: the model opens to predict, and says so. */
static void opens_what_it_cannot_train(void **state)
{
    (void)state;
    save_with_scale(golden_path("files/resume_adam.keras"), "scaled.keras");
    capas_set_log(keep_warning, NULL);
    capas_model *model = open_model("scaled.keras");
    capas_set_log(NULL, NULL);
    assert_non_null(strstr(last_warning, "without its compile settings"));
    npy x = golden_npy("files/resume_x.npy");
    free(predict(model, &x, (size_t)x.shape[0] * 3));
    npy_free(&x);
    capas_model_free(model);
}

/* A small graph with a branch, compiled and trained for one step. */
static capas_model *make_model(void)
{
    capas_graph *graph = capas_graph_new();
    capas_node in = capas_graph_apply(graph, capas_input(6, 5, 2), NULL, 0);
    capas_node conv = capas_graph_apply(
        graph, capas_conv2d(3, 3, .padding = CAPAS_SAME, .activation = CAPAS_RELU), &in, 1);
    capas_node norm = capas_graph_apply(graph, capas_batch_normalization(), &conv, 1);
    capas_node both[] = {conv, norm};
    capas_node sum = capas_graph_apply(graph, capas_add(), both, 2);
    capas_node flat = capas_graph_apply(graph, capas_flatten(), &sum, 1);
    capas_node out =
        capas_graph_apply(graph, capas_dense(4, .activation = CAPAS_SOFTMAX), &flat, 1);
    capas_model *model = capas_functional(graph, "small", &in, 1, &out, 1);
    if (!model) fail_msg("%s", capas_error());
    capas_compile(model, .optimizer = capas_adam(.learning_rate = 0.01),
                  .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY, .metrics = {CAPAS_ACCURACY});
    return model;
}

static void train_step(capas_model *model)
{
    static float x[8 * 60];
    static int32_t y[8];
    for (int i = 0; i < 8 * 60; i++)
        x[i] = (float)(i % 17) / 17;
    for (int i = 0; i < 8; i++)
        y[i] = i % 4;
    capas_tensor inputs = {CAPAS_FLOAT32, {4, {8, 6, 5, 2}}, x};
    capas_tensor targets = {CAPAS_INT32, {1, {8}}, y};
    capas_evaluation evaluation;
    if (capas_train_on_batch(model, &inputs, &targets, 8, &evaluation) != CAPAS_OK)
        fail_msg("%s", capas_error());
}

static void assert_same_bytes(const char *a, const char *b)
{
    char *first, *second;
    size_t first_size, second_size;
    assert_int_equal(capas_read_file(a, LIMIT, &first, &first_size), CAPAS_OK);
    assert_int_equal(capas_read_file(b, LIMIT, &second, &second_size), CAPAS_OK);
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    capas_release(first);
    capas_release(second);
}

static void assert_same_weights(capas_model *a, capas_model *b)
{
    assert_int_equal(capas_model_weight_count(a), capas_model_weight_count(b));
    for (int i = 0; i < capas_model_weight_count(a); i++) {
        float first[1024], second[1024];
        capas_weight_info info, other;
        assert_int_equal(capas_model_weight_info(a, i, &info), CAPAS_OK);
        assert_int_equal(capas_model_weight_info(b, i, &other), CAPAS_OK);
        assert_string_equal(info.layer, other.layer);
        assert_string_equal(info.name, other.name);
        size_t count = 1;
        for (int d = 0; d < info.shape.rank; d++)
            count *= (size_t)info.shape.dims[d];
        assert_true(count <= 1024);
        capas_model_get_weight(a, i, first);
        capas_model_get_weight(b, i, second);
        assert_memory_equal(first, second, count * sizeof(float));
    }
}

/* Saved, opened, saved: the same bytes; trained on: the same bits as without the stop. */
static void assert_comes_back(capas_optimizer optimizer)
{
    capas_model *model = make_model();
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
    static const char *const names[] = {"one", "zwei", "drei \xe2\x82\xac", "\"four\""};
    capas_preprocessing written = {1.0 / 255, -0.5, -0.5, 0.5, NAN, 0.25}, read;
    capas_model *model = make_model();
    assert_int_equal(capas_model_set_preprocessing(model, &written), CAPAS_OK);
    assert_int_equal(capas_model_set_class_names(model, names, 4), CAPAS_OK);
    save_model(model, "named.keras");
    capas_model_free(model);
    model = open_model("named.keras");
    assert_int_equal(capas_model_preprocessing(model, &read), CAPAS_OK);
    assert_true(read.scale == written.scale && read.offset == written.offset);
    assert_true(read.minimum == written.minimum && read.maximum == written.maximum);
    assert_true(isnan(read.mean) && read.deviation == written.deviation);
    int count;
    const char *const *found = capas_model_class_names(model, &count);
    assert_int_equal(count, 4);
    for (int i = 0; i < count; i++)
        assert_string_equal(found[i], names[i]);
    capas_model_free(model);
}

static void writes_what_keras_expects(void **state)
{
    (void)state;
    static const char *const names[] = {"metadata.json", "config.json", "model.weights.h5",
                                        "capas.json"};
    capas_model *model = make_model();
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
    capas_model *model = make_model();
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
    capas_model *model = make_model();
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
    capas_model *model = make_model();
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
        cmocka_unit_test(opens_keras_files),
        cmocka_unit_test(goes_on_with_the_training),
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
