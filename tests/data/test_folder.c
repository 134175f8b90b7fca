/* Folders of pictures as data sets: the numbers of single pictures in every epoch whatever the
 * threads, the cache, each kind of label, and a broken picture told by name.
 * Labels: threads */
#include "base/file.h"
#include "base/memory.h"
#include "data/folder_list.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/program.h"
#include "support/scarce_memory.h"
#include "training/dataset.h"
#include <capas/model.h>
#include <capas/runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT = 1 << 20, SIDE = 24 };

#if CAPAS_WITH_PNG && CAPAS_WITH_JPEG
enum { FILES = 10 };

static const char *const golden_files[] = {"rgb.png",     "gray.png",   "palette.png", "rgba.png",
                                           "bilevel.png", "gray16.png", "rgb_420.jpg", "gray.jpg",
                                           "cmyk.jpg",    "rgb_444.jpg"};

/* The first six are class "drawn", the others "taken". */
static int make_pictures(void **state)
{
    char path[128];
    (void)state;
    for (int i = 0; i < FILES; i++) {
        char *data;
        size_t size;
        assert_int_equal(
            capas_read_file(golden_path("images/%s", golden_files[i]), LIMIT, &data, &size),
            CAPAS_OK);
        snprintf(path, sizeof path, "pictures/%s/%s", i < 6 ? "drawn" : "taken", golden_files[i]);
        put_bytes(path, data, size);
        capas_release(data);
    }
    return 0;
}

static capas_dataset *open_set(const capas_folder_options *options)
{
    capas_dataset *set = capas_dataset_from_folder_with("pictures", options);
    if (!set) fail_msg("%s", capas_error());
    return set;
}

/* All samples of an epoch in batches of 3; `x` has room for FILES pictures of floats. */
static int64_t read_epoch(capas_dataset *set, const capas_dataset_place *place, float *x, float *y)
{
    const size_t size = (size_t)SIDE * SIDE * 3, targets = 2;
    capas_batch batch;
    int64_t count = 0;
    assert_int_equal(capas_batch_new(&set->spec, 3, &batch), CAPAS_OK);
    assert_int_equal(set->type->seek(set, place), CAPAS_OK);
    do {
        if (set->type->next(set, &batch) != CAPAS_OK) fail_msg("%s", capas_error());
        memcpy(x + (size_t)count * size, batch.inputs[0],
               (size_t)batch.count * size * sizeof(float));
        if (y)
            memcpy(y + (size_t)count * targets, batch.targets[0],
                   (size_t)batch.count * targets * sizeof(float));
        count += batch.count;
    } while (batch.count > 0);
    capas_batch_free(&batch);
    return count;
}

static float *new_pictures(void)
{
    float *x = capas_allocate_zeroed(FILES, (size_t)SIDE * SIDE * 3 * sizeof *x);
    assert_non_null(x);
    return x;
}

static const capas_folder_options categorical = {.struct_size = sizeof categorical,
                                                 .label_mode = CAPAS_LABELS_CATEGORICAL,
                                                 .height = SIDE,
                                                 .width = SIDE,
                                                 .seed = 7};

/* In the list's order: each picture as capas_load_picture_levels gives it, with its label. */
static void gives_what_the_files_hold(void **state)
{
    (void)state;
    capas_folder_options all = categorical;
    capas_folder_list list;
    capas_dataset *set = open_set(&all);
    float *x = new_pictures(), y[2 * FILES], *one = new_pictures();
    assert_int_equal(read_epoch(set, &(capas_dataset_place){0}, x, y), FILES);
    all.shuffle = 1;
    assert_int_equal(capas_folder_list_read("pictures", &all, &list), CAPAS_OK);
    for (int i = 0; i < FILES; i++) {
        const capas_picture_options picture = {.struct_size = sizeof picture,
                                               .channels = 3,
                                               .height = SIDE,
                                               .width = SIDE,
                                               .fast_dct = 1};
        assert_int_equal(capas_load_picture_levels(list.files[i].path, &picture, one), CAPAS_OK);
        assert_memory_equal(one, x + (size_t)i * SIDE * SIDE * 3, SIDE * SIDE * 3 * sizeof *one);
        assert_true(y[2 * i + list.files[i].label] == 1 && y[2 * i] + y[2 * i + 1] == 1);
    }
    int count;
    const char *const *names = capas_dataset_class_names(set, &count);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "drawn");
    assert_string_equal(names[1], "taken");
    capas_folder_list_free(&list);
    capas_release(x);
    capas_release(one);
    capas_dataset_free(set);
}

/* The same bits for any number of threads, with a cache and without, from any place of any epoch,
 * and in a part of a set. */
static void does_not_depend_on_threads(void **state)
{
    (void)state;
    const size_t size = (size_t)SIDE * SIDE * 3 * sizeof(float);
    const capas_dataset_place place = {.epoch = 3, .shuffle = true, .seed = 11};
    const capas_dataset_place later = {.epoch = 3, .shuffle = true, .seed = 11, .index = 4};
    float *x[3] = {new_pictures(), new_pictures(), new_pictures()};
    for (int i = 0; i < 3; i++) {
        static const int threads[] = {1, 2, 5};
        capas_set_threads(threads[i]);
        capas_folder_options options = categorical;
        options.cache = i > 0;
        capas_dataset *set = open_set(&options);
        if (i == 2) /* seeking in the middle throws away what was made ahead */
            for (int more = 0; more < 5; more++) {
                capas_batch batch;
                assert_int_equal(capas_batch_new(&set->spec, 2, &batch), CAPAS_OK);
                assert_int_equal(set->type->seek(set, &(capas_dataset_place){.epoch = more}), 0);
                assert_int_equal(set->type->next(set, &batch), CAPAS_OK);
                capas_batch_free(&batch);
            }
        assert_int_equal(read_epoch(set, &place, x[i], NULL), FILES);
        if (i > 0) assert_memory_equal(x[0], x[i], FILES * size);
        assert_int_equal(read_epoch(set, &later, x[i], NULL), FILES - 4);
        if (i > 0)
            assert_memory_equal((char *)x[0] + 4 * size, x[i], (FILES - 4) * size);
        else
            read_epoch(set, &place, x[0], NULL);
        capas_dataset_free(set);
    }
    capas_set_threads(0);
    capas_dataset *set = open_set(&categorical), *part = capas_dataset_slice(set, 6, 3);
    assert_non_null(part);
    assert_int_equal(read_epoch(set, &(capas_dataset_place){0}, x[0], NULL), FILES);
    assert_int_equal(read_epoch(part, &(capas_dataset_place){0}, x[1], NULL), 3);
    assert_memory_equal((char *)x[0] + 6 * size, x[1], 3 * size);
    assert_true(set->type->fingerprint(set) != part->type->fingerprint(part));
    capas_dataset_free(part);
    capas_dataset_free(set);
    for (int i = 0; i < 3; i++)
        capas_release(x[i]);
}

static void goes_on_in_a_fork(void **state)
{
    (void)state;
    float *x = new_pictures(), *again = new_pictures();
    capas_dataset *set = open_set(&categorical);
    read_epoch(set, &(capas_dataset_place){0}, x, NULL);
    const pid_t child = fork();
    if (child == 0) {
        read_epoch(set, &(capas_dataset_place){0}, again, NULL);
        _exit(memcmp(x, again, (size_t)FILES * SIDE * SIDE * 3 * sizeof *x) != 0);
    }
    int status = 1;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    capas_dataset_free(set);
    capas_release(x);
    capas_release(again);
}

static void has_each_kind_of_label(void **state)
{
    (void)state;
    static const int ranks[] = {0, 1, 1};
    for (int mode = CAPAS_LABELS_INT; mode <= CAPAS_LABELS_NONE; mode++) {
        capas_batch batch;
        capas_dataset *set = capas_dataset_from_folder(
            "pictures", .label_mode = mode, .height = 8, .width = 9, .channels = 1,
            .shuffle = CAPAS_FALSE, .element = CAPAS_UINT8);
        assert_non_null(set);
        const capas_dataset_spec *spec = &set->spec;
        assert_int_equal(spec->input_elements[0], CAPAS_UINT8);
        assert_int_equal(spec->input_shapes[0].dims[1], 9);
        assert_int_equal(spec->target_count, mode != CAPAS_LABELS_NONE);
        if (mode != CAPAS_LABELS_NONE)
            assert_int_equal(spec->target_shapes[0].rank, ranks[mode - 1]);
        assert_int_equal(capas_batch_new(spec, FILES, &batch), CAPAS_OK);
        assert_int_equal(set->type->seek(set, &(capas_dataset_place){0}), CAPAS_OK);
        assert_int_equal(set->type->next(set, &batch), CAPAS_OK);
        assert_int_equal(batch.count, FILES);
        for (int i = 0; i < FILES; i++) {
            if (mode == CAPAS_LABELS_INT) assert_int_equal(((int *)batch.targets[0])[i], i >= 6);
            if (mode == CAPAS_LABELS_BINARY)
                assert_true(((float *)batch.targets[0])[i] == (i >= 6));
        }
        const void *labels = set->type->target(set, 0);
        if (mode == CAPAS_LABELS_INT || mode == CAPAS_LABELS_BINARY)
            assert_memory_equal(labels, batch.targets[0], FILES * 4);
        capas_batch_free(&batch);
        capas_dataset_free(set);
    }
}

static void names_a_picture_that_is_broken(void **state)
{
    (void)state;
    capas_batch batch;
    put_bytes("broken/one/a.png", "\x89PNG\r\n\x1A\nand no more", 19);
    capas_dataset *set = capas_dataset_from_folder("broken");
    assert_non_null(set);
    assert_int_equal(capas_batch_new(&set->spec, 4, &batch), CAPAS_OK);
    assert_int_equal(set->type->seek(set, &(capas_dataset_place){0}), CAPAS_OK);
    assert_int_equal(set->type->next(set, &batch), CAPAS_BAD_FILE);
    assert_non_null(strstr(capas_error(), "broken/one/a.png is a damaged PNG picture"));
    capas_batch_free(&batch);
    capas_dataset_free(set);
}

/* What is cached is not read again: the files may go. */
static void keeps_what_is_cached(void **state)
{
    (void)state;
    float *x = new_pictures(), *again = new_pictures();
    capas_folder_options options = categorical;
    options.cache = 1;
    capas_dataset *set = open_set(&options);
    read_epoch(set, &(capas_dataset_place){0}, x, NULL);
    assert_int_equal(rename("pictures", "elsewhere"), 0);
    read_epoch(set, &(capas_dataset_place){.epoch = 1}, again, NULL);
    assert_int_equal(rename("elsewhere", "pictures"), 0);
    assert_memory_equal(x, again, (size_t)FILES * SIDE * SIDE * 3 * sizeof *x);
    capas_dataset_free(set);
    capas_release(x);
    capas_release(again);
}

static void survives_without_memory(void **state)
{
    (void)state;
    bool done = false;
    capas_folder_options options = categorical;
    options.cache = 1;
    capas_set_threads(1);
    for (long allowed = 0; !done; allowed++) {
        scarce_memory_begin(allowed);
        capas_dataset *set = capas_dataset_from_folder_with("pictures", &options), *part = NULL;
        if (set) part = capas_dataset_slice(set, 0, 2);
        done = part != NULL;
        if (!done) assert_int_equal(capas_error_status(), CAPAS_NO_MEMORY);
        capas_dataset_free(part);
        capas_dataset_free(set);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
        assert_true(allowed < 200);
    }
    capas_set_threads(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(gives_what_the_files_hold, make_pictures),
        cmocka_unit_test(does_not_depend_on_threads),
        cmocka_unit_test(goes_on_in_a_fork),
        cmocka_unit_test(keeps_what_is_cached),
        cmocka_unit_test(has_each_kind_of_label),
        cmocka_unit_test(names_a_picture_that_is_broken),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
    print_message("built without libpng or libjpeg: nothing is tested here\n");
    return 0;
}
#endif
