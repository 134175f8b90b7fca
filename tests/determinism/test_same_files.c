/* The same seed gives the same files byte for byte, whatever the number of threads: recipes as they
 * come, on few pictures and for few steps, trained by the program with CAPAS_THREADS=1, 2, 3 and 8.
 */
#include "support/cmocka.h"
#include "support/program.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/option.h"
#include "base/philox.h"
#include "files/archive.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, TRAIN = 130, TEST = 40, LIMIT = 1 << 26 };

/* Noise with a bright bar whose place is the class: something that can be learned. */
static void write_part(const char *part, int count, uint64_t seed)
{
    char path[64];
    size_t image_bytes = 16 + (size_t)count * SIDE * SIDE, label_bytes = 8 + (size_t)count;
    uint8_t *images = calloc(1, image_bytes), *labels = calloc(1, label_bytes);
    assert_true(images != NULL && labels != NULL);
    memcpy(images, (uint8_t[]){0, 0, 8, 3, 0, 0, 0, (uint8_t)count, 0, 0, 0, SIDE, 0, 0, 0, SIDE},
           16);
    memcpy(labels, (uint8_t[]){0, 0, 8, 1, 0, 0, 0, (uint8_t)count}, 8);
    for (int i = 0; i < count; i++) {
        labels[8 + i] = (uint8_t)(i % 10);
        for (int p = 0; p < SIDE * SIDE; p++) {
            uint32_t word[4];
            capas_philox((capas_random){.seed = seed}, (uint64_t)(i * SIDE * SIDE + p), word);
            images[16 + i * SIDE * SIDE + p] =
                (uint8_t)(p / SIDE / 2 == i % 10 + 2 ? 200 + word[0] % 50 : word[0] % 80);
        }
    }
    snprintf(path, sizeof path, "set/%s-images-idx3-ubyte", part);
    assert_int_equal(capas_write_file(path, images, image_bytes), CAPAS_OK);
    snprintf(path, sizeof path, "set/%s-labels-idx1-ubyte", part);
    assert_int_equal(capas_write_file(path, labels, label_bytes), CAPAS_OK);
    free(images);
    free(labels);
}

static void train(const char *recipe, int threads, int seed, const char *folder)
{
    program_run run = run_line("CAPAS_THREADS=%d \"$CAPAS_PROGRAM\" train %s --data set --seed %d "
                               "--fresh --verbose 0 --out %s --set fit.epochs=2 "
                               "--set fit.steps_per_epoch=3",
                               threads, recipe, seed, folder);
    if (run.status != 0) fail_msg("%s with %d threads: %s", recipe, threads, run.errors);
    program_run_free(&run);
}

static bool same_bytes(const char *file, const char *a, const char *b)
{
    char path[128];
    long size_a, size_b;
    snprintf(path, sizeof path, "%s/%s", a, file);
    char *text_a = get_file(path, &size_a);
    snprintf(path, sizeof path, "%s/%s", b, file);
    char *text_b = get_file(path, &size_b);
    assert_true(text_a != NULL && text_b != NULL && size_a > 0);
    bool same = size_a == size_b && memcmp(text_a, text_b, (size_t)size_a) == 0;
    free(text_a);
    free(text_b);
    return same;
}

/* A member of the .keras file. */
static bool same_member(const char *name, const char *a, const char *b)
{
    const char *const folders[] = {a, b};
    char *data[2];
    size_t size[2];
    for (int i = 0; i < 2; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/model.keras", folders[i]);
        capas_archive *archive = capas_archive_open(path);
        assert_non_null(archive);
        assert_int_equal(capas_archive_read(archive, name, LIMIT, &data[i], &size[i]), CAPAS_OK);
        capas_archive_close(archive);
    }
    bool same = size[0] == size[1] && memcmp(data[0], data[1], size[0]) == 0;
    capas_release(data[0]);
    capas_release(data[1]);
    return same;
}

static void assert_same_run(const char *recipe, const char *a, const char *b)
{
    static const char *const members[] = {"config.json", "model.weights.h5", "capas.json"};
    for (size_t m = 0; m < CAPAS_COUNT(members); m++)
        if (!same_member(members[m], a, b))
            fail_msg("%s: %s differs between %s and %s", recipe, members[m], a, b);
    if (!same_bytes("history.csv", a, b))
        fail_msg("%s: history.csv differs between %s and %s", recipe, a, b);
    if (!same_bytes("loss.svg", a, b))
        fail_msg("%s: loss.svg differs between %s and %s", recipe, a, b);
    if (!same_bytes("model.keras", a, b))
        fail_msg("%s: model.keras differs between %s and %s", recipe, a, b);
}

static void any_number_of_threads_gives_the_same_files(void **state)
{
    (void)state;
    train("cnn-simple", 1, 7, "one");
    train("cnn-simple", 2, 7, "two");
    train("cnn-simple", 3, 7, "three");
    train("cnn-simple", 8, 7, "eight");
    assert_same_run("cnn-simple", "one", "two");
    assert_same_run("cnn-simple", "one", "three");
    assert_same_run("cnn-simple", "one", "eight");
}

/* Dropout, batch normalisation, callbacks; model3 has augmented pictures as well. */
static void other_recipes_too(void **state)
{
    (void)state;
    static const char *const recipes[] = {"crash-bn", "keras-mlp", "model3"};
    for (size_t i = 0; i < CAPAS_COUNT(recipes); i++) {
        train(recipes[i], 1, 0, "one");
        train(recipes[i], 2, 0, "two");
        train(recipes[i], 3, 0, "three");
        assert_same_run(recipes[i], "one", "two");
        assert_same_run(recipes[i], "one", "three");
    }
}

static void another_seed_gives_another_model(void **state)
{
    (void)state;
    train("cnn-simple", 2, 7, "one");
    train("cnn-simple", 2, 8, "other");
    assert_true(same_member("config.json", "one", "other"));
    assert_false(same_member("model.weights.h5", "one", "other"));
    assert_false(same_bytes("history.csv", "one", "other"));
}

static int make_set(void **state)
{
    char recipes[4096];
    (void)state;
    snprintf(recipes, sizeof recipes, "%s/recipes", CAPAS_SOURCE_DIR);
    setenv("CAPAS_RECIPES", recipes, 1);
    assert_int_equal(capas_make_folder("set"), CAPAS_OK);
    write_part("train", TRAIN, 1);
    write_part("t10k", TEST, 2);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_threads_gives_the_same_files),
        cmocka_unit_test(other_recipes_too),
        cmocka_unit_test(another_seed_gives_another_model),
    };
    return cmocka_run_group_tests(tests, make_set, NULL);
}
