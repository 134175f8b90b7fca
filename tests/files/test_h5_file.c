/* .h5 files: ours come back as they were, byte-equal when saved again, and a training goes on where
 * it stood; Keras 2's compile settings are understood; what is no model is told. */
#include "base/file.h"
#include "base/memory.h"
#include "base/system.h"
#include "files/hdf5.h"
#include "files/keras.h"
#include "model/model.h"
#include "support/cmocka.h"
#include "support/saved_model.h"
#include "support/scarce_memory.h"
#include "training/trainer.h"
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if CAPAS_WITH_KERAS_FILES
#include <hdf5.h>

static void comes_back_as_it_was(void **state)
{
    (void)state;
    const capas_optimizer optimizers[] = {
        capas_adam(.amsgrad = 1),
        capas_sgd(.momentum = 0.9, .gradient_accumulation_steps = 2, .use_ema = 1),
        capas_rmsprop(.centered = 1, .momentum = 0.5),
        capas_nadam(),
        capas_ftrl(),
        capas_adafactor(),
        capas_adadelta(),
    };
    for (size_t i = 0; i < sizeof optimizers / sizeof optimizers[0]; i++) {
        capas_model *model = small_graph();
        capas_compile(model, .optimizer = optimizers[i],
                      .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY, .metrics = {CAPAS_ACCURACY});
        save_model(model, "fresh.h5");
        train_step(model);
        train_step(model);
        save_model(model, "trained.h5");
        capas_model *again = open_model("trained.h5");
        assert_same_weights(model, again);
        save_model(again, "trained2.h5");
        assert_same_bytes("trained.h5", "trained2.h5");
        train_step(model);
        train_step(again);
        assert_same_weights(model, again);
        capas_model_free(again);
        capas_model_free(model);
        model = open_model("fresh.h5");
        train_step(model);
        capas_model_free(model);
    }
}

static void keeps_scale_and_class_names(void **state)
{
    (void)state;
    assert_keeps_meaning("named.hdf5");
}

/* As the networks by name have it, in both kinds of file. */
static void keeps_what_channels_mean(void **state)
{
    (void)state;
    static const char *const modes[] = {"caffe", "torch"}, *const files[] = {"c.h5", "c.keras"};
    for (int i = 0; i < 4; i++) {
        capas_preprocessing written, read;
        assert_int_equal(capas_preprocessing_by_name(modes[i / 2], &written), CAPAS_OK);
        capas_model *model = capas_sequential(capas_input(4, 4, 3), capas_flatten());
        assert_int_equal(capas_model_set_preprocessing(model, &written), CAPAS_OK);
        save_model(model, files[i % 2]);
        capas_model_free(model);
        model = open_model(files[i % 2]);
        assert_int_equal(capas_model_preprocessing(model, &read), CAPAS_OK);
        assert_int_equal(read.bgr, i / 2 == 0);
        assert_memory_equal(read.channel_mean, written.channel_mean, sizeof read.channel_mean);
        assert_memory_equal(read.channel_deviation, written.channel_deviation,
                            sizeof read.channel_deviation);
        capas_model_free(model);
    }
}

/* Of Keras 2 with its optimizer: compiled, and one step made. */
static void understands_compile_settings_of_keras_2(void **state)
{
    (void)state;
    capas_model *model = open_model(golden_path("files/cnn_k2_compiled.h5"));
    assert_non_null(model->trainer);
    assert_int_equal(model->trainer->iteration, 1);
    assert_true(model->trainer->slots_ready);
    assert_int_equal(model->trainer->metric_count, 1);
    capas_model_free(model);
}

static capas_value *parse(const char *key, capas_value *value)
{
    capas_value *map = capas_value_map();
    assert_int_equal(capas_value_set(map, key, value), CAPAS_OK);
    return map;
}

/* "lr" and "decay" of the Keras before TensorFlow's. */
static void turns_decay_into_a_schedule(void **state)
{
    (void)state;
    capas_value *settings = parse("lr", capas_value_real(0.5)), *optimizer;
    capas_value_set(settings, "decay", capas_value_real(0.25));
    capas_value_set(settings, "epsilon", capas_value_null());
    optimizer = parse("class_name", capas_value_string("SGD"));
    capas_value_set(optimizer, "config", settings);
    capas_value *training = parse("optimizer_config", optimizer);
    capas_value_set(training, "loss", capas_value_string("mse"));
    capas_value_set(training, "sample_weight_mode", capas_value_null());
    capas_value *compile = capas_keras_renew_compile(training);
    capas_model *model = capas_sequential(capas_input(2), capas_dense(1));
    assert_int_equal(capas_compile_from_config(model, compile, "test"), CAPAS_OK);
    assert_true(fabs(capas_optimizer_rate(model->trainer) - 0.5) < 1e-6);
    model->trainer->iteration = 4;
    assert_true(fabs(capas_optimizer_rate(model->trainer) - 0.25) < 1e-6);
    capas_model_free(model);
    capas_value_free(compile);
    capas_value_free(training);
}

static void assert_refused(const char *path, capas_status status, const char *part)
{
    assert_null(capas_load(path));
    assert_int_equal(capas_error_status(), status);
    if (!strstr(capas_error(), path) || !strstr(capas_error(), part))
        fail_msg("\"%s\" lacks \"%s\" or \"%s\"", capas_error(), path, part);
}

static void write_hdf5(const char *path, const char *attribute, const char *text)
{
    void *image;
    size_t size;
    capas_hdf5 *file = capas_hdf5_create();
    if (attribute) assert_int_equal(capas_hdf5_set_text(file, "/", attribute, text), CAPAS_OK);
    assert_int_equal(capas_hdf5_image(file, &image, &size), CAPAS_OK);
    capas_hdf5_close(file);
    assert_int_equal(capas_write_file(path, image, size), CAPAS_OK);
    capas_release(image);
}

static void tells_what_is_no_model(void **state)
{
    (void)state;
    assert_refused(golden_path("files/cnn_k2_weights.h5"), CAPAS_BAD_FILE, "holds weights only");
    assert_refused(golden_path("files/cnn_k3.weights.h5"), CAPAS_BAD_FILE, "holds weights only");
    write_hdf5("empty.h5", NULL, NULL);
    assert_refused("empty.h5", CAPAS_BAD_FILE, "none of Keras");
    write_hdf5("half.h5", "model_config", "{\"class_name\": ");
    assert_refused("half.h5", CAPAS_BAD_FILE, "model_config, line 1");
    capas_model *model = capas_sequential(capas_input(2), capas_dense(1));
    assert_int_equal(capas_save(model, "dense.weights.h5"), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_save(model, "nowhere/dense.h5"), CAPAS_WRITE_FAILED);
    assert_non_null(strstr(capas_error(), "nowhere/dense.h5"));
    capas_model_free(model);
}

/* More names than one attribute holds. */
static void splits_long_lists(void **state)
{
    (void)state;
    enum { COUNT = 9001 };
    static char texts[COUNT][32];
    static const char *list[COUNT];
    void *image;
    size_t size;
    capas_texts read;
    for (int i = 0; i < COUNT; i++) {
        snprintf(texts[i], sizeof texts[i], "layer_number_%d", i);
        list[i] = texts[i];
    }
    capas_hdf5 *file = capas_hdf5_create();
    assert_int_equal(capas_hdf5_make_group(file, "a/b"), CAPAS_OK);
    assert_int_equal(capas_hdf5_set_texts(file, "a/b", "layer_names", list, COUNT), CAPAS_OK);
    assert_int_equal(capas_hdf5_set_texts(file, "a", "none", NULL, 0), CAPAS_OK);
    assert_int_equal(capas_hdf5_image(file, &image, &size), CAPAS_OK);
    capas_hdf5_close(file);
    capas_hdf5_contents *contents = capas_hdf5_open(&(capas_hdf5_bytes){image, size, false});
    assert_non_null(contents);
    capas_release(image);
    assert_int_equal(capas_hdf5_read_texts(contents, "a/b", "layer_names", &read), CAPAS_OK);
    assert_int_equal(read.count, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_string_equal(read.items[i], texts[i]);
    capas_hdf5_release_texts(&read);
    assert_int_equal(capas_hdf5_read_texts(contents, "a", "none", &read), CAPAS_OK);
    assert_int_equal(read.count, 0);
    assert_int_equal(capas_hdf5_read_texts(contents, "a", "layer_names", &read), CAPAS_BAD_FILE);
    capas_hdf5_close_contents(contents);
}

/* Names of `size` bytes each, filled up with zeros, as h5py 2 wrote them. */
static void set_short_texts(hid_t file, const char *group, const char *name, const char *texts,
                            size_t size, hsize_t count)
{
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &count, NULL);
    H5Tset_size(type, size);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    hid_t attribute =
        H5Acreate_by_name(file, group, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(attribute >= 0 && H5Awrite(attribute, type, texts) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
}

static void reads_files_of_the_oldest_keras(void **state)
{
    (void)state;
    void *image;
    size_t size;
    capas_shape kernel = {2, {2, 1}}, bias = {1, {1}};
    const float numbers[] = {3, 5};
    capas_hdf5 *file = capas_hdf5_create();
    assert_int_equal(capas_hdf5_make_group(file, "flatten_1"), CAPAS_OK);
    assert_int_equal(capas_hdf5_make_group(file, "fc/dense_1"), CAPAS_OK);
    capas_hdf5_write_floats(file, "fc/dense_1/kernel:0", &kernel, numbers);
    capas_hdf5_write_floats(file, "fc/dense_1/bias:0", &bias, numbers);
    capas_hdf5_set_texts(file, "flatten_1", "weight_names", NULL, 0);
    assert_int_equal(capas_hdf5_image(file, &image, &size), CAPAS_OK);
    capas_hdf5_close(file);
    assert_int_equal(capas_write_file("old.h5", image, size), CAPAS_OK);
    capas_release(image);
    hid_t open = H5Fopen("old.h5", H5F_ACC_RDWR, H5P_DEFAULT);
    set_short_texts(open, "/", "layer_names", "flatten_1\0fc\0\0\0\0\0\0\0\0", 10, 2);
    set_short_texts(open, "fc", "weight_names", "dense_1/kernel:0dense_1/bias:0\0\0", 16, 2);
    H5Fclose(open);
    capas_model *model = capas_sequential(capas_input(2), capas_dense(1));
    if (capas_load_weights(model, "old.h5") != CAPAS_OK) fail_msg("%s", capas_error());
    float x[2] = {1, 10}, y;
    assert_int_equal(capas_predict(model, x, 1, &y), CAPAS_OK);
    assert_true(y == 3 + 50 + 3);
    capas_model_free(model);
}

static pid_t failing_fork(void)
{
    errno = EAGAIN;
    return -1;
}

/* As libhdf5 does over some files. */
static pid_t falling_fork(void)
{
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
    }
    return child;
}

static pid_t ending_fork(void)
{
    pid_t child = fork();
    if (child == 0) _exit(0);
    return child;
}

static void survives_what_libhdf5_does_not(void **state)
{
    (void)state;
    const capas_system_calls right = capas_system;
    const char *const files[] = {golden_path("files/cnn_k2.h5"), golden_path("files/cnn_k3.keras")};
    for (int i = 0; i < 2; i++) {
        capas_system.fork = failing_fork;
        assert_refused(files[i], CAPAS_NO_THREAD, "no process could be made");
        capas_system.fork = falling_fork;
        assert_refused(files[i], CAPAS_BAD_FILE, "fell over it");
        capas_system.fork = ending_fork;
        assert_refused(files[i], CAPAS_BAD_FILE, "fell over it");
        capas_system = right;
        capas_model_free(open_model(files[i]));
    }
}

/* A file whose weights are somewhere else. */
static void follows_no_links_out_of_the_file(void **state)
{
    (void)state;
    void *image;
    size_t size;
    capas_shape shape = {1, {2}};
    const float two[] = {1, 2};
    capas_hdf5 *file = capas_hdf5_create();
    assert_int_equal(capas_hdf5_make_group(file, "a"), CAPAS_OK);
    assert_int_equal(capas_hdf5_write_floats(file, "a/here", &shape, two), CAPAS_OK);
    assert_int_equal(capas_hdf5_image(file, &image, &size), CAPAS_OK);
    capas_hdf5_close(file);
    assert_int_equal(capas_write_file("linked.h5", image, size), CAPAS_OK);
    assert_int_equal(capas_write_file("other.h5", image, size), CAPAS_OK);
    capas_release(image);
    hid_t open = H5Fopen("linked.h5", H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(open >= 0);
    assert_true(H5Lcreate_external("other.h5", "a/here", open, "away", H5P_DEFAULT, H5P_DEFAULT) >=
                0);
    assert_true(H5Lcreate_soft("a/here", open, "soft", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_hard(open, "/", open, "a/round", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    H5Fclose(open);
    capas_hdf5_contents *contents = capas_h5_open("linked.h5");
    if (!contents) fail_msg("%s", capas_error());
    assert_true(capas_hdf5_has(contents, "a/here"));
    assert_true(capas_hdf5_has(contents, "a/round/a/here")); /* a ring, as often as it is let */
    assert_false(capas_hdf5_has(contents, "away"));
    assert_false(capas_hdf5_has(contents, "soft"));
    capas_hdf5_close_contents(contents);
}

static void survives_without_memory(void **state)
{
    (void)state;
    capas_model *model = small_graph();
    train_step(model);
    save_model(model, "scarce.h5");
    save_model(model, "before.h5");
    bool saved = false, opened = false;
    for (long allowed = 0; !saved; allowed++) {
        scarce_memory_begin(allowed);
        saved = capas_save(model, "scarce.h5") == CAPAS_OK;
        if (!saved) assert_int_equal(capas_error_status(), CAPAS_NO_MEMORY);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
        assert_same_bytes("scarce.h5", "before.h5");
    }
    capas_model_free(model);
    /* Each opening makes a process, so that not every allocation can be tried. */
    for (long allowed = 0; !opened; allowed += 1 + allowed / 16) {
        scarce_memory_begin(allowed);
        model = capas_load("scarce.h5");
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
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(keeps_scale_and_class_names),
        cmocka_unit_test(keeps_what_channels_mean),
        cmocka_unit_test(understands_compile_settings_of_keras_2),
        cmocka_unit_test(turns_decay_into_a_schedule),
        cmocka_unit_test(tells_what_is_no_model),
        cmocka_unit_test(splits_long_lists),
        cmocka_unit_test(reads_files_of_the_oldest_keras),
        cmocka_unit_test(survives_what_libhdf5_does_not),
        cmocka_unit_test(follows_no_links_out_of_the_file),
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
