/* IDX sets: read as they are, gzipped or not; every way of being damaged is told apart; MNIST's
 * checksums are kept. */
#include "base/file.h"
#include "base/memory.h"
#include "data/idx.h"
#include "data/sha256.h"
#include "support/cmocka.h"
#include "support/scarce_memory.h"
#include "training/dataset.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { COUNT = 5, HEIGHT = 3, WIDTH = 2, IMAGES = 16 + COUNT * HEIGHT * WIDTH, LABELS = 8 + COUNT };

static const char images_name[] = "set/train-images-idx3-ubyte";
static const char labels_name[] = "set/train-labels-idx1-ubyte";

static uint8_t images[IMAGES] = {0, 0, 8, 3, 0, 0, 0, COUNT, 0, 0, 0, HEIGHT, 0, 0, 0, WIDTH};
static uint8_t labels[LABELS] = {0, 0, 8, 1, 0, 0, 0, COUNT, 3, 0, 9, 1, 7};

static void write_plain(const char *path, const void *data, size_t size)
{
    if (capas_write_file(path, data, size) != CAPAS_OK) fail_msg("%s", capas_error());
}

static void write_gzip(const char *path, const void *data, size_t size)
{
    gzFile file = gzopen(path, "wb9");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, data, (unsigned)size), (int)size);
    assert_int_equal(gzclose(file), Z_OK);
}

static void remove_set(void)
{
    static const char *const parts[] = {"train-images-idx3", "train-labels-idx1",
                                        "t10k-images-idx3", "t10k-labels-idx1"};
    char path[64];
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "set/%s-ubyte", parts[i]);
        unlink(path);
        strcat(path, ".gz");
        unlink(path);
    }
}

/* A right set to begin with. */
static int make_set(void **state)
{
    (void)state;
    for (int i = 16; i < IMAGES; i++)
        images[i] = (uint8_t)(i * 7);
    capas_make_folder("set");
    remove_set();
    write_plain(images_name, images, IMAGES);
    write_plain(labels_name, labels, LABELS);
    return 0;
}

static void assert_loaded(void)
{
    capas_idx_place place;
    capas_idx idx;
    assert_int_equal(capas_idx_find("set", &place), CAPAS_OK);
    if (capas_idx_load(&place, CAPAS_IDX_TRAIN, &idx) != CAPAS_OK) fail_msg("%s", capas_error());
    assert_int_equal(idx.count, COUNT);
    assert_int_equal(idx.height, HEIGHT);
    assert_int_equal(idx.width, WIDTH);
    assert_memory_equal(idx.images, images + 16, IMAGES - 16);
    assert_memory_equal(idx.labels, labels + 8, LABELS - 8);
    capas_idx_free(&idx);
}

static void reads_plain_files(void **state)
{
    (void)state;
    assert_loaded();
}

static void reads_gzipped_files(void **state)
{
    (void)state;
    unlink(images_name);
    unlink(labels_name);
    write_gzip("set/train-images-idx3-ubyte.gz", images, IMAGES);
    write_gzip("set/train-labels-idx1-ubyte.gz", labels, LABELS);
    assert_loaded();
}

static void makes_a_data_set(void **state)
{
    (void)state;
    capas_dataset *train = NULL;
    capas_dataset_spec spec;
    assert_int_equal(capas_load_idx("set", &train, NULL), CAPAS_OK);
    assert_int_equal(capas_dataset_describe(train, &spec), CAPAS_OK);
    assert_int_equal(spec.count, COUNT);
    assert_int_equal(spec.input_elements[0], CAPAS_UINT8);
    assert_int_equal(spec.input_shapes[0].rank, 3);
    assert_int_equal(spec.input_shapes[0].dims[1], WIDTH);
    assert_int_equal(spec.input_shapes[0].dims[2], 1);
    assert_int_equal(spec.target_shapes[0].rank, 0);
    int count = 1;
    assert_null(capas_dataset_class_names(train, &count));
    capas_dataset_free(train);
}

static void assert_refused(const char *folder, capas_status status, const char *sentence)
{
    capas_dataset *train = (capas_dataset *)&status;
    assert_int_equal(capas_load_idx(folder, &train, NULL), status);
    assert_null(train);
    if (!strstr(capas_error(), sentence)) fail_msg("\"%s\" lacks \"%s\"", capas_error(), sentence);
}

static void tells_what_is_missing(void **state)
{
    (void)state;
    assert_refused("nowhere", CAPAS_NO_FILE, "the data folder nowhere is not there");
    unlink(labels_name);
    assert_refused("set", CAPAS_NO_FILE, "neither train-labels-idx1-ubyte nor");
    capas_make_folder(labels_name);
    assert_refused("set", CAPAS_NO_FILE, "is a folder");
    rmdir(labels_name);
    capas_dataset *train, *test;
    write_plain(labels_name, labels, LABELS);
    assert_int_equal(capas_load_idx("set", &train, &test), CAPAS_NO_FILE);
    assert_null(train);
    assert_null(test);
}

static void tells_a_wrong_magic(void **state)
{
    (void)state;
    write_plain(images_name, labels, LABELS);
    assert_refused("set", CAPAS_BAD_FILE, "begins with 0x00000801, and 0x00000803 (2051)");
    write_plain(images_name, "\x89PNG\r\n\x1a\n", 8);
    assert_refused("set", CAPAS_BAD_FILE, "is no IDX file of pictures");
    write_plain(images_name, "\0\0\x0d\3\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\0", 20);
    assert_refused("set", CAPAS_BAD_FILE, "0x00000d03");
    write_plain(images_name, "", 0);
    assert_refused("set", CAPAS_BAD_FILE, "truncated");
}

static void tells_truncated_files(void **state)
{
    (void)state;
    for (size_t size = 4; size < IMAGES; size++) {
        write_plain(images_name, images, size);
        assert_refused("set", CAPAS_BAD_FILE, "is truncated: it ends after");
    }
    unlink(images_name);
    write_gzip("set/train-images-idx3-ubyte.gz", images, IMAGES - 1);
    assert_refused("set", CAPAS_BAD_FILE, "is truncated: it ends after 45 of 46 bytes");
}

static void tells_damaged_gzip(void **state)
{
    (void)state;
    char *data;
    size_t size;
    unlink(images_name);
    static const char path[] = "set/train-images-idx3-ubyte.gz";
    write_gzip(path, images, IMAGES);
    assert_int_equal(capas_read_file(path, 1000, &data, &size), CAPAS_OK);
    for (size_t length = 10; length < size; length++) {
        write_plain(path, data, length);
        assert_refused("set", CAPAS_BAD_FILE, path);
    }
    data[size - 6] ^= 1; /* the checksum */
    write_plain(path, data, size);
    assert_refused("set", CAPAS_BAD_FILE, "the gzip data is damaged");
    capas_release(data);
}

static void tells_what_is_too_long(void **state)
{
    (void)state;
    uint8_t longer[IMAGES + 1] = {0};
    memcpy(longer, images, IMAGES);
    write_plain(images_name, longer, IMAGES + 1);
    assert_refused("set", CAPAS_BAD_FILE, "is longer than the 46 bytes");
    unlink(images_name);
    write_gzip("set/train-images-idx3-ubyte.gz", longer, IMAGES + 1);
    assert_refused("set", CAPAS_BAD_FILE, "is longer than the 46 bytes");
}

/* Sizes that no file can have are refused before memory is asked for. */
static void believes_no_header(void **state)
{
    (void)state;
    static const uint8_t sizes[][12] = {
        {0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 28, 0, 0, 0, 28},
        {0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
        {0, 0xFF, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF},
        {0, 1, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28},
        {0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28},
        {0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 28},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t changed[IMAGES];
        memcpy(changed, images, IMAGES);
        memcpy(changed + 4, sizes[i], 12);
        write_plain(images_name, changed, IMAGES);
        assert_refused("set", CAPAS_BAD_FILE, images_name);
        unlink(images_name);
        write_gzip("set/train-images-idx3-ubyte.gz", changed, IMAGES);
        assert_refused("set", CAPAS_BAD_FILE, images_name);
        unlink("set/train-images-idx3-ubyte.gz");
    }
}

static void tells_counts_that_differ(void **state)
{
    (void)state;
    uint8_t fewer[LABELS - 1];
    memcpy(fewer, labels, sizeof fewer);
    fewer[7] = COUNT - 1;
    write_plain(labels_name, fewer, sizeof fewer);
    assert_refused("set", CAPAS_BAD_FILE, "holds 5 pictures, but");
}

static void survives_without_memory(void **state)
{
    (void)state;
    capas_dataset *train = NULL;
    for (long allowed = 0; !train; allowed++) {
        assert_true(allowed < 100);
        scarce_memory_begin(allowed);
        capas_status status = capas_load_idx("set", &train, NULL);
        assert_int_equal(status, train ? CAPAS_OK : CAPAS_NO_MEMORY);
        capas_dataset_free(train);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
    }
}

static void counts_the_published_sums(void **state)
{
    (void)state;
    char text[CAPAS_SHA256_TEXT], zeros[200] = {0};
    static const struct {
        size_t length;
        const char *sum;
    } cases[] = {
        {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"},
        {56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"},
        {64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"},
        {200, "6d9c54dee5660c46886f32d80e57e9dd0ffa57ee0cd2a762b036d9c8e0c3a33a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        capas_sha256 sum;
        capas_sha256_start(&sum);
        for (size_t done = 0; done < cases[i].length; done += 11)
            capas_sha256_add(&sum, zeros,
                             cases[i].length - done < 11 ? cases[i].length - done : 11);
        capas_sha256_finish(&sum, text);
        assert_string_equal(text, cases[i].sum);
    }
}

static void loads_mnist(void **state)
{
    (void)state;
    char data[4000];
    snprintf(data, sizeof data, "%s/data", CAPAS_SOURCE_DIR);
    setenv("CAPAS_DATA", data, 1);
    capas_dataset *train = capas_mnist(), *test = capas_mnist_test();
    if (!train || !test) fail_msg("%s", capas_error());
    capas_dataset_spec spec;
    int count;
    capas_dataset_describe(train, &spec);
    assert_int_equal(spec.count, 60000);
    assert_int_equal(spec.input_shapes[0].dims[0], 28);
    capas_dataset_describe(test, &spec);
    assert_int_equal(spec.count, 10000);
    assert_string_equal(capas_dataset_class_names(test, &count)[7], "7");
    assert_int_equal(count, 10);
    capas_dataset_free(train);
    capas_dataset_free(test);
    unsetenv("CAPAS_DATA");
}

/* What calls itself MNIST, and is not. */
static void refuses_another_mnist(void **state)
{
    (void)state;
    unlink("mnist");
    assert_int_equal(symlink("set", "mnist"), 0);
    setenv("CAPAS_DATA", ".", 1);
    assert_refused(NULL, CAPAS_BAD_FILE, "is not the published file: its SHA-256 is");
    assert_refused("mnist", CAPAS_BAD_FILE, "is not the published file");
    capas_dataset *train;
    assert_int_equal(capas_load_idx("./mnist", &train, NULL), CAPAS_OK); /* as a folder, as it is */
    capas_dataset_free(train);
    unsetenv("CAPAS_DATA");
    unlink("mnist");
}

static void finds_fashion_mnist(void **state)
{
    (void)state;
    unlink("fashion-mnist");
    assert_int_equal(symlink("set", "fashion-mnist"), 0);
    setenv("CAPAS_DATA", ".", 1);
    capas_dataset *train;
    assert_int_equal(capas_load_idx("fashion-mnist", &train, NULL), CAPAS_OK);
    assert_string_equal(capas_dataset_class_names(train, NULL)[9], "Ankle boot");
    capas_dataset_free(train);
    unsetenv("CAPAS_DATA");
    unlink("fashion-mnist");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reads_plain_files, make_set),
        cmocka_unit_test_setup(reads_gzipped_files, make_set),
        cmocka_unit_test_setup(makes_a_data_set, make_set),
        cmocka_unit_test_setup(tells_what_is_missing, make_set),
        cmocka_unit_test_setup(tells_a_wrong_magic, make_set),
        cmocka_unit_test_setup(tells_truncated_files, make_set),
        cmocka_unit_test_setup(tells_damaged_gzip, make_set),
        cmocka_unit_test_setup(tells_what_is_too_long, make_set),
        cmocka_unit_test_setup(believes_no_header, make_set),
        cmocka_unit_test_setup(tells_counts_that_differ, make_set),
        cmocka_unit_test_setup(survives_without_memory, make_set),
        cmocka_unit_test(counts_the_published_sums),
        cmocka_unit_test(loads_mnist),
        cmocka_unit_test_setup(refuses_another_mnist, make_set),
        cmocka_unit_test_setup(finds_fashion_mnist, make_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
