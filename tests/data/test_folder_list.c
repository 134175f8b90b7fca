/* Folders of pictures, what is in them: the files, order and split that Keras's index_directory
 * gives (recorded from Keras 3.15), NumPy's shuffle, and what is wrong told by name. */
#include "base/file.h"
#include "data/folder_list.h"
#include "data/numpy_shuffle.h"
#include "support/cmocka.h"
#include "support/program.h"
#include "training/dataset.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int make_tree(void **state)
{
    static const char *const files[] = {
        "b/1.png",      "b/10.PNG",   "b/2.jpg",       "b/sub/z.png", "b/sub-x/y.jpeg",
        "b/.hid/w.png", "b/.dot.png", "b/no.txt",      "a/3.png",     "a/B.png",
        "a/a.webp",     "a-x/q.png",  ".hidden/h.png", "top.png",     "c/x/empty"};
    char path[128];
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "tree/%s", files[i]);
        put_bytes(path, "x", 1);
    }
    if (access("tree/b/link", F_OK) != 0) assert_int_equal(symlink("../a", "tree/b/link"), 0);
    if (access("tree/zlink", F_OK) != 0) assert_int_equal(symlink("a", "tree/zlink"), 0);
    return 0;
}

/* Names and labels as "a/3.png 0, b/1.png 2". */
static void assert_lists(const capas_folder_options *options, const char *expected)
{
    char found[2048] = "", *end = found;
    capas_folder_list list;
    if (capas_folder_list_read("tree", options, &list) != CAPAS_OK) fail_msg("%s", capas_error());
    for (size_t i = 0; i < list.count; i++)
        end += sprintf(end, "%s%s %d", i ? ", " : "", list.files[i].path + 5, list.files[i].label);
    assert_string_equal(found, expected);
    capas_folder_list_free(&list);
}

static void lists_as_keras(void **state)
{
    (void)state;
    static const char *const named[] = {"b", "a"};
    capas_folder_options options = {.label_mode = CAPAS_LABELS_INT};
    assert_lists(&options,
                 "a/3.png 0, a/B.png 0, a/a.webp 0, a-x/q.png 1, b/.dot.png 2, b/1.png 2, "
                 "b/10.PNG 2, b/2.jpg 2, b/.hid/w.png 2, b/sub/z.png 2, b/sub-x/y.jpeg 2, "
                 "zlink/3.png 4, zlink/B.png 4, zlink/a.webp 4");
    options.follow_links = 1;
    assert_lists(&options,
                 "a/3.png 0, a/B.png 0, a/a.webp 0, a-x/q.png 1, b/.dot.png 2, b/1.png 2, "
                 "b/10.PNG 2, b/2.jpg 2, b/.hid/w.png 2, b/link/3.png 2, b/link/B.png 2, "
                 "b/link/a.webp 2, b/sub/z.png 2, b/sub-x/y.jpeg 2, zlink/3.png 4, "
                 "zlink/B.png 4, zlink/a.webp 4");
    options = (capas_folder_options){
        .label_mode = CAPAS_LABELS_INT, .class_names = named, .class_count = 2};
    assert_lists(&options, "b/.dot.png 0, b/1.png 0, b/10.PNG 0, b/2.jpg 0, b/.hid/w.png 0, "
                           "b/sub/z.png 0, b/sub-x/y.jpeg 0, a/3.png 1, a/B.png 1, a/a.webp 1");
    options = (capas_folder_options){.label_mode = CAPAS_LABELS_NONE};
    assert_lists(&options, "top.png 0, .hidden/h.png 0, a/3.png 0, a/B.png 0, a/a.webp 0, "
                           "a-x/q.png 0, b/.dot.png 0, b/1.png 0, b/10.PNG 0, b/2.jpg 0, "
                           "b/.hid/w.png 0, b/sub/z.png 0, b/sub-x/y.jpeg 0");
}

static void splits_as_keras(void **state)
{
    (void)state;
    capas_folder_options options = {
        .label_mode = CAPAS_LABELS_INT, .shuffle = 1, .seed = 1337, .validation_split = 0.25};
    options.subset = CAPAS_SUBSET_TRAINING;
    assert_lists(&options,
                 "b/1.png 2, a-x/q.png 1, a/B.png 0, a/3.png 0, b/.dot.png 2, b/10.PNG 2, "
                 "zlink/3.png 4, a/a.webp 0, b/sub-x/y.jpeg 2, b/sub/z.png 2, "
                 "zlink/a.webp 4");
    options.subset = CAPAS_SUBSET_VALIDATION;
    assert_lists(&options, "b/.hid/w.png 2, zlink/B.png 4, b/2.jpg 2");
}

static void shuffles_as_numpy(void **state)
{
    (void)state;
    static const int64_t ten[] = {2, 8, 4, 9, 1, 6, 7, 3, 0, 5};
    static const int64_t thirteen[] = {5, 3, 1, 0, 4, 6, 11, 2, 10, 9, 12, 8, 7};
    int64_t order[700], sum = 0;
    capas_numpy_shuffle(order, 10, 0);
    assert_memory_equal(order, ten, sizeof ten);
    capas_numpy_shuffle(order, 13, 1337);
    assert_memory_equal(order, thirteen, sizeof thirteen);
    capas_numpy_shuffle(order, 700, 123);
    for (int i = 0; i < 700; i++)
        sum += (i + 1) * order[i];
    assert_int_equal(sum, 85910632);
}

static void assert_refused(const char *folder, capas_folder_options options, capas_status status,
                           const char *sentence)
{
    options.struct_size = sizeof options;
    assert_null(capas_dataset_from_folder_with(folder, &options));
    assert_int_equal(capas_error_status(), status);
    if (!strstr(capas_error(), sentence)) fail_msg("\"%s\" lacks \"%s\"", capas_error(), sentence);
}

static void refuses_what_is_wrong(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "nobody"};
    const capas_folder_options none = {0};
    put_bytes("gifs/one/a.gif", "GIF", 3);
    put_bytes("empty/one/readme.txt", "x", 1);
    put_bytes("flat/a.png", "x", 1);
    assert_refused("gifs", none, CAPAS_UNSUPPORTED, "gifs/one/a.gif: capas reads PNG");
    assert_refused("empty", none, CAPAS_BAD_DATA, "has no pictures");
    assert_refused("flat", none, CAPAS_BAD_DATA, "has no sub folders");
    assert_refused("nowhere", none, CAPAS_NO_FILE, "nowhere");
    assert_null(capas_dataset_from_folder(NULL));
    capas_folder_options wrong = {.class_names = names, .class_count = 2};
    assert_refused("tree", wrong, CAPAS_INVALID_ARGUMENT, "\"nobody\"");
    wrong.label_mode = CAPAS_LABELS_NONE;
    assert_refused("tree", wrong, CAPAS_INVALID_ARGUMENT, "no labels");
    assert_refused("tree", (capas_folder_options){.label_mode = CAPAS_LABELS_BINARY},
                   CAPAS_INVALID_ARGUMENT, "exactly 2 classes, found 5");
    assert_refused("tree", (capas_folder_options){.validation_split = 0.5}, CAPAS_INVALID_ARGUMENT,
                   "go together");
    assert_refused("tree", (capas_folder_options){.subset = 1}, CAPAS_INVALID_ARGUMENT,
                   "go together");
    assert_refused("tree", (capas_folder_options){.validation_split = 0.01, .subset = 1},
                   CAPAS_BAD_DATA, "leaves 14 for training and 0 for validation");
    assert_refused("tree", (capas_folder_options){.seed = -1}, CAPAS_INVALID_ARGUMENT, "seed");
    assert_refused("tree", (capas_folder_options){.channels = 2}, CAPAS_INVALID_ARGUMENT,
                   "channels");
    assert_refused("tree", (capas_folder_options){.height = -3}, CAPAS_INVALID_ARGUMENT, "-3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lists_as_keras, make_tree),
        cmocka_unit_test_setup(splits_as_keras, make_tree),
        cmocka_unit_test(shuffles_as_numpy),
        cmocka_unit_test_setup(refuses_what_is_wrong, make_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
