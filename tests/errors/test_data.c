/* What is wrong with data, as a user of the program meets it: IDX files that are missing, cut, long
 * or no IDX files, labels that no class has, a loss that becomes NaN, pictures that are none. */
#include "support/cmocka.h"
#include "support/idx_set.h"
#include "support/program.h"

#include "base/option.h"
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { TEXTS = 5 };

static const char recipe[] =
    "data: {folder: set, scale: 1/255}\n"
    "model: [Flatten, {Dense: {units: 2, activation: softmax}}]\n"
    "compile: {optimizer: sgd, loss: sparse_categorical_crossentropy, metrics: [accuracy]}\n";

static void assert_train_fails(const char *arguments, const char *const *texts)
{
    int count = 0;
    while (count < TEXTS && texts[count] != NULL)
        count++;
    program_run run = run_program("train t.yaml --verbose 0 --fresh --out failed %s", arguments);
    assert_true(program_fails(&run, 1, texts, count));
    assert_memory_equal(run.errors, "capas train: ", strlen("capas train: "));
    assert_int_not_equal(access("failed/model.keras", F_OK), 0);
    program_run_free(&run);
}

#define TRAIN_FAILS(arguments, ...)                                                                \
    assert_train_fails(arguments, (const char *const[TEXTS]){__VA_ARGS__})

static const char images[] = "set/train-images-idx3-ubyte",
                  labels[] = "set/train-labels-idx1-ubyte";

/* The whole set again. */
static void mend(void)
{
    unlink("set/train-images-idx3-ubyte.gz");
    idx_set_write("set", "train", 0);
    idx_set_write("set", "t10k", 0);
    put_file("t.yaml", recipe);
}

static void idx_files_are_checked(void **state)
{
    (void)state;
    long size;
    mend();
    char *whole = get_file(images, &size);
    put_bytes(images, whole, (size_t)size - 100);
    TRAIN_FAILS("", images, "is truncated");
    put_bytes(images, whole, 10);
    TRAIN_FAILS("", images, "truncated");
    char *longer = calloc(1, (size_t)size + 50);
    memcpy(longer, whole, (size_t)size);
    put_bytes(images, longer, (size_t)size + 50);
    TRAIN_FAILS("", images, "longer than");
    whole[3] = 7;
    put_bytes(images, whole, (size_t)size);
    TRAIN_FAILS("", images, "is no IDX file", "0x00000807", "0x00000803");
    whole[3] = 3;
    memset(whole + 4, 0x7f, 12); /* 2 billion pictures of 2 billion rows */
    put_bytes(images, whole, (size_t)size);
    TRAIN_FAILS("", images, "too large");
    unlink(images);
    TRAIN_FAILS("", "set",
                "there is neither train-images-idx3-ubyte nor "
                "train-images-idx3-ubyte.gz");
    free(longer);
    free(whole);
}

static void gzip_is_checked(void **state)
{
    (void)state;
    long size, packed_size;
    char path[256];
    mend();
    char *whole = get_file(images, &size);
    snprintf(path, sizeof path, "%s.gz", images);
    gzFile stream = gzopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(gzwrite(stream, whole, (unsigned)size), size);
    assert_int_equal(gzclose(stream), Z_OK);
    unlink(images);
    program_run run = run_program("train t.yaml --verbose 0 --out good --fresh");
    assert_int_equal(run.status, 0);
    program_run_free(&run);
    char *packed = get_file(path, &packed_size);
    put_bytes(path, packed, (size_t)packed_size - 9);
    TRAIN_FAILS("", path, "truncated");
    packed[packed_size / 2] ^= 0x55;
    put_bytes(path, packed, (size_t)packed_size);
    TRAIN_FAILS("", path, "damaged");
    free(packed);
    free(whole);
}

static void folders_are_checked(void **state)
{
    (void)state;
    mend();
    TRAIN_FAILS("--data nowhere", "nowhere", "is not there");
    TRAIN_FAILS("--data t.yaml", "t.yaml");
    put_file("t.yaml", "model: [Flatten, {Dense: {units: 2}}]\ncompile: {loss: mse}\n");
    TRAIN_FAILS("", "t.yaml", "data");
}

static void labels_are_checked(void **state)
{
    (void)state;
    mend();
    idx_set_write("set", "train", 1); /* 1 and 2 for classes 0 and 1 */
    TRAIN_FAILS("", "label", "2", "0", "1");
    mend();
    idx_set_write("set", "t10k", 7);
    program_run run = run_program("train t.yaml --verbose 0 --out failed --fresh");
    const char *const texts[] = {"label", "7", "1"};
    assert_true(program_fails(&run, 1, texts, 3));
    program_run_free(&run);
    mend();
    long size;
    char *all = get_file(labels, &size);
    put_bytes(labels, all, (size_t)size);
    free(all);
}

static void a_loss_that_is_no_number_stops_the_training(void **state)
{
    (void)state;
    mend();
    put_file("t.yaml", "data: {folder: set}\n"
                       "model: [Flatten, {Dense: {units: 2}}]\n"
                       "compile: {optimizer: {SGD: {learning_rate: 1.0e+30}}, loss: mse}\n");
    put_file("t.yaml",
             "data: {folder: set, one_hot: true}\n"
             "model: [Flatten, {Dense: {units: 9}}, {Dense: {units: 2}}]\n"
             "compile: {optimizer: {SGD: {learning_rate: 1000.0}}, loss: mean_squared_error}\n"
             "fit: {batch_size: 2, epochs: 3}\n");
    TRAIN_FAILS("", "epoch 1, batch ", "the inputs reach 255", "1/255", "learning rate");
    put_file("t.yaml",
             "data: {folder: set, one_hot: true, scale: 1/255}\n"
             "model: [Flatten, {Dense: {units: 9}}, {Dense: {units: 2}}]\n"
             "compile: {optimizer: {SGD: {learning_rate: 5000.0}}, loss: mean_squared_error}\n"
             "fit: {batch_size: 2, epochs: 9}\n");
    TRAIN_FAILS("", "epoch ", "batch ", "likely the learning rate (5000) is too high",
                "try a tenth");
}

/* predict: pictures of another size are resized, and it is said; what is no picture is told, and
 * the others are answered all the same. */
static void pictures_are_checked(void **state)
{
    (void)state;
    mend();
    program_run run = run_program("train t.yaml --verbose 0 --out good --fresh");
    if (run.status != 0) fail_msg("%s", run.errors);
    program_run_free(&run);
    put_file("text.png", "this is no picture at all, but long enough for one\n");
    put_file("short.png", "abc");
    run = run_program("predict good/model.keras \"%s/data/digits/digit-3.png\"", CAPAS_SOURCE_DIR);
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.errors, "resized from 28x28 to the model's 6x6"));
    assert_non_null(strstr(run.output, "digit-3.png"));
    program_run_free(&run);
    run = run_program("predict good/model.keras text.png missing.png short.png "
                      "\"%s/data/digits/digit-3.png\"",
                      CAPAS_SOURCE_DIR);
    const char *const texts[] = {"capas predict: text.png is no picture that capas reads",
                                 "missing.png", "short.png is no picture that capas reads",
                                 "resized"};
    assert_true(program_fails(&run, 1, texts, 4));
    assert_non_null(strstr(run.output, "digit-3.png"));
    program_run_free(&run);
    long size;
    char source[4096];
    snprintf(source, sizeof source, "%s/data/digits/digit-3.png", CAPAS_SOURCE_DIR);
    char *png = get_file(source, &size);
    put_bytes("cut.png", png, (size_t)size / 2);
    run = run_program("predict good/model.keras cut.png");
    const char *const cut[] = {"capas predict: cut.png is a damaged PNG picture"};
    assert_true(program_fails(&run, 1, cut, 1));
    assert_string_equal(run.output, "");
    program_run_free(&run);
    free(png);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idx_files_are_checked),
        cmocka_unit_test(gzip_is_checked),
        cmocka_unit_test(folders_are_checked),
        cmocka_unit_test(labels_are_checked),
        cmocka_unit_test(a_loss_that_is_no_number_stops_the_training),
        cmocka_unit_test(pictures_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
