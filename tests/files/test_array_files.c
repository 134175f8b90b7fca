/* Weights from npz and safetensors: by order and by name, of every kind of number, in C's order and
 * Fortran's; what is broken or hostile is told by its place, and leaves the model as it was. */
#include "base/file.h"
#include "files/archive.h"
#include "model/model.h"
#include "support/cmocka.h"
#include "support/scarce_memory.h"
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
enum { ROOM = 1 << 16, KERNEL = 6, BIAS = 3 };

static const float kernel[KERNEL] = {1, 2, 3, 4, 5, 6}, bias[BIAS] = {-1, 0.5f, 40};

static capas_model *dense(const char *name)
{
    capas_model *model = capas_sequential(capas_input(2), capas_dense(BIAS, .name = name));
    if (!model) fail_msg("%s", capas_error());
    return model;
}

/* A .npy in `to`; its size. */
static size_t npy_bytes(char *to, const char *header, const void *data, size_t size)
{
    size_t length = strlen(header);
    memcpy(to, "\x93NUMPY\1\0", 8);
    to[8] = (char)(length & 255);
    to[9] = (char)(length >> 8);
    memcpy(to + 10, header, length);
    memcpy(to + 10 + length, data, size);
    return 10 + length + size;
}

static void write_npz(const char *path, const capas_archive_entry *entries, size_t count)
{
    if (capas_archive_write(path, entries, count) != CAPAS_OK) fail_msg("%s", capas_error());
}

/* Kernel and bias; `header` is that of the kernel. */
static void write_pair(const char *path, const char *first, const char *second, const char *header,
                       const void *numbers, size_t size)
{
    char kernels[1024], biases[1024];
    capas_archive_entry entries[] = {
        {first, kernels, npy_bytes(kernels, header, numbers, size)},
        {second, biases,
         npy_bytes(biases, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n", bias,
                   sizeof bias)},
    };
    write_npz(path, entries, 2);
}

static void write_safetensors(const char *path, const char *header, const void *data, size_t size)
{
    static char bytes[ROOM];
    size_t length = strlen(header);
    memset(bytes, 0, 8);
    bytes[0] = (char)(length & 255);
    bytes[1] = (char)(length >> 8);
    memcpy(bytes + 8, header, length);
    memcpy(bytes + 8 + length, data, size);
    assert_int_equal(capas_write_file(path, bytes, 8 + length + size), CAPAS_OK);
}

static void assert_holds_pair(capas_model *model)
{
    float found[KERNEL];
    assert_int_equal(capas_model_get_weight(model, 0, found), CAPAS_OK);
    assert_memory_equal(found, kernel, sizeof kernel);
    assert_int_equal(capas_model_get_weight(model, 1, found), CAPAS_OK);
    assert_memory_equal(found, bias, sizeof bias);
}

static void loads_pair(const char *path, const char *layer)
{
    capas_model *model = dense(layer);
    if (capas_load_weights(model, path) != CAPAS_OK) fail_msg("%s", capas_error());
    assert_holds_pair(model);
    capas_model_free(model);
}

#define C_ORDER "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n"

static void reads_npz(void **state)
{
    (void)state;
    static const double doubles[] = {1, 2, 3, 4, 5, 6};
    static const int64_t whole[] = {1, 2, 3, 4, 5, 6};
    static const int32_t short_ones[] = {1, 2, 3, 4, 5, 6};
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6};
    static const uint16_t halves[] = {0x3C00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600};
    static const float columns[] = {1, 4, 2, 5, 3, 6};
    static const struct {
        const char *header;
        const void *numbers;
        size_t size;
    } cases[] = {
        {C_ORDER, kernel, sizeof kernel},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}", doubles, sizeof doubles},
        {"{'shape': (2,3), 'fortran_order':False, 'descr':'<i8'}", whole, sizeof whole},
        {"{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }", short_ones,
         sizeof short_ones},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", bytes, sizeof bytes},
        {"{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }", halves, sizeof halves},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", columns, sizeof columns},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_pair("order.npz", "arr_0.npy", "arr_1.npy", cases[i].header, cases[i].numbers,
                   cases[i].size);
        loads_pair("order.npz", "dense");
    }
    /* By name the order of the file does not matter. */
    char kernels[256], biases[256];
    size_t size = npy_bytes(kernels, C_ORDER, kernel, sizeof kernel);
    capas_archive_entry entries[] = {
        {"net/top/bias:0.npy", biases,
         npy_bytes(biases, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", bias,
                   sizeof bias)},
        {"net/top/kernel:0.npy", kernels, size},
    };
    write_npz("names.npz", entries, 2);
    loads_pair("names.npz", "top");
    write_pair("dots.npz", "top.kernel.npy", "top.bias.npy", C_ORDER, kernel, sizeof kernel);
    loads_pair("dots.npz", "top");
}

#define PAIR                                                                                       \
    "{\"__metadata__\":{\"format\":\"keras\"},"                                                    \
    "\"top/bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,36]},"                     \
    "\"top/kernel\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}"

static void reads_safetensors(void **state)
{
    (void)state;
    char data[64];
    memcpy(data, kernel, sizeof kernel);
    memcpy(data + sizeof kernel, bias, sizeof bias);
    write_safetensors("pair.safetensors", PAIR, data, 36);
    loads_pair("pair.safetensors", "top");
    loads_pair("pair.safetensors", "other"); /* no name fits: in the order of the data */

    static const uint16_t brain[] = {0x3F80, 0x4000, 0x4040, 0x4080, 0x40A0, 0x40C0};
    memcpy(data, brain, sizeof brain);
    memcpy(data + sizeof brain, bias, sizeof bias);
    write_safetensors(
        "brain.safetensors",
        "{\"top.kernel\":{\"dtype\":\"BF16\",\"shape\":[2,3],\"data_offsets\":[0,12]},"
        "\"top.bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[12,24]}}    ",
        data, 24);
    loads_pair("brain.safetensors", "top");
}

/* Without the top, and with one that has other classes. */
static void takes_what_is_named(void **state)
{
    (void)state;
    capas_weights_options options = {.struct_size = sizeof options, .by_name = CAPAS_TRUE};
    capas_model *model = capas_sequential(capas_input(2), capas_dense(BIAS, .name = "top"),
                                          capas_dense(4, .name = "new"));
    write_pair("pair.npz", "top/kernel.npy", "top/bias.npy", C_ORDER, kernel, sizeof kernel);
    assert_int_equal(capas_load_weights(model, "pair.npz"), CAPAS_BAD_FILE);
    assert_non_null(strstr(capas_error(), "layer new: weight kernel is missing in the file"));
    assert_int_equal(capas_load_weights_with(model, "pair.npz", &options), CAPAS_OK);
    assert_holds_pair(model);
    capas_model_free(model);

    model = capas_sequential(capas_input(2), capas_dense(4, .name = "top"));
    assert_int_equal(capas_load_weights_with(model, "pair.npz", &options), CAPAS_SHAPE_MISMATCH);
    assert_non_null(strstr(capas_error(), "must have the shape (2, 4), found (2, 3)"));
    options.skip_mismatch = CAPAS_TRUE;
    assert_int_equal(capas_load_weights_with(model, "pair.npz", &options), CAPAS_UNKNOWN_NAME);
    capas_model_free(model);

    model =
        capas_sequential(capas_input(2), capas_dense(BIAS, .name = "top", .use_bias = CAPAS_FALSE));
    assert_int_equal(capas_load_weights(model, "pair.npz"), CAPAS_SHAPE_MISMATCH);
    assert_non_null(strstr(capas_error(), "holds 2 arrays, and model sequential has 1"));
    capas_model_free(model);
}

/* The two layers of a Bidirectional have weights of one name. */
static void tells_what_names_cannot(void **state)
{
    (void)state;
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }",
                      short_header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
    static const char *const names[] = {
        "bi/forward/kernel.npy",  "bi/forward/recurrent_kernel.npy",  "bi/forward/bias.npy",
        "bi/backward/kernel.npy", "bi/backward/recurrent_kernel.npy", "bi/backward/bias.npy"};
    char data[6][128];
    capas_archive_entry entries[6];
    for (int i = 0; i < 6; i++) {
        float value = (float)i + 1;
        entries[i] = (capas_archive_entry){
            names[i], data[i],
            npy_bytes(data[i], i % 3 == 2 ? short_header : header, &value, sizeof value)};
    }
    write_npz("bi.npz", entries, 6);
    capas_weights_options options = {.struct_size = sizeof options, .by_name = CAPAS_TRUE};
    capas_model *model =
        capas_sequential(capas_input(4, 1), capas_bidirectional(capas_simple_rnn(1), .name = "bi"));
    assert_int_equal(capas_load_weights(model, "bi.npz"), CAPAS_OK);
    for (int i = 0; i < 6; i++) {
        float value;
        assert_int_equal(capas_model_get_weight(model, i, &value), CAPAS_OK);
        assert_true(value == (float)i + 1);
    }
    assert_int_equal(capas_load_weights_with(model, "bi.npz", &options), CAPAS_UNSUPPORTED);
    assert_non_null(strstr(capas_error(), "layer bi: weight kernel has several arrays"));
    capas_model_free(model);
}

static void refused(const char *path, capas_status status, const char *part)
{
    capas_model *model = dense("top");
    float before[16], after[16];
    memcpy(before, model->values, sizeof before);
    assert_int_equal(capas_load_weights(model, path), status);
    if (!strstr(capas_error(), path) || !strstr(capas_error(), part))
        fail_msg("\"%s\" lacks \"%s\" or \"%s\"", capas_error(), path, part);
    memcpy(after, model->values, sizeof after);
    assert_memory_equal(before, after, sizeof before);
    capas_model_free(model);
}

static void says_what_is_wrong_with_npz(void **state)
{
    (void)state;
    static const float broken[KERNEL] = {1, 2, 3, 4, 5, NAN};
    static const struct {
        const char *header, *part;
        capas_status status;
    } cases[] = {
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", "found descr '>f4'",
         CAPAS_BAD_FILE},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3), }", "its numbers must",
         CAPAS_BAD_FILE},
        {"{'fortran_order': False, 'shape': (2, 3), }", "found descr missing", CAPAS_BAD_FILE},
        {"{'descr': '<f4', 'shape': (2, 3), }", "fortran_order", CAPAS_BAD_FILE},
        {"{'descr': '<f4', 'fortran_order': False, }", "no shape", CAPAS_BAD_FILE},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3), }", "no shape",
         CAPAS_BAD_FILE},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3", "no shape", CAPAS_BAD_FILE},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 3), }",
         "no shape", CAPAS_BAD_FILE},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999, 999999999999999), }",
         "no shape", CAPAS_BAD_FILE},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,2,3), }", "no shape",
         CAPAS_BAD_FILE},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }",
         "array arr_0.npy: its shape (2, 4) needs 32 bytes, found 24", CAPAS_BAD_FILE},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }",
         "layer top: weight kernel must have the shape (2, 3), found (3, 2)", CAPAS_SHAPE_MISMATCH},
        {C_ORDER, "weight kernel is not finite at place 5 (array arr_0.npy)", CAPAS_NOT_FINITE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_pair("bad.npz", "arr_0.npy", "arr_1.npy", cases[i].header, broken, sizeof broken);
        refused("bad.npz", cases[i].status, cases[i].part);
    }
    capas_archive_entry entries[] = {{"arr_0.npy", "\x93NUMPY\1\0\xff\xff{   ", 14},
                                     {"arr_1.npy", "PK", 2}};
    write_npz("bad.npz", entries, 2);
    refused("bad.npz", CAPAS_BAD_FILE, "arr_0.npy: its header of 65535 bytes does not fit");
    entries[0] = (capas_archive_entry){"arr_0.npy", "short", 5};
    write_npz("bad.npz", entries, 2);
    refused("bad.npz", CAPAS_BAD_FILE, "arr_0.npy: it is no .npy array");
    write_npz("bad.npz", entries, 1);
    refused("bad.npz", CAPAS_SHAPE_MISMATCH, "holds 1 arrays, and model sequential has 2 weights");
    entries[0].name = "readme.txt";
    write_npz("bad.npz", entries, 1);
    refused("bad.npz", CAPAS_BAD_FILE, "neither a model of Keras (.keras) nor arrays of NumPy");
    /* A megabyte of zeros, far more than the model's nine weights can be. */
    char *large = calloc(1, 1 << 20);
    entries[0] = (capas_archive_entry){"arr_0.npy", large, 1 << 20};
    entries[1].name = "arr_1.npy";
    write_npz("bad.npz", entries, 2);
    refused("bad.npz", CAPAS_BAD_FILE, "which is more than the");
    free(large);
}

static void says_what_is_wrong_with_safetensors(void **state)
{
    (void)state;
    static const struct {
        const char *header, *part;
    } cases[] = {
        {"{\"top/kernel\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,25]}}",
         "array top/kernel: its shape (2, 3) does not need the 25 bytes"},
        {"{\"top/kernel\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[40,64]}}",
         "array top/kernel ends at byte 64, but there are 36"},
        {"{\"top/kernel\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[24,0]}}",
         "array top/kernel: data_offsets must be"},
        {"{\"top/kernel\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[-1,23]}}",
         "data_offsets must be"},
        {"{\"top/kernel\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,"
         "0]}}",
         "does not need the 0 bytes"},
        {"{\"top/kernel\":{\"dtype\":\"F32\",\"shape\":[2,-3],\"data_offsets\":[0,24]}}",
         "shape must be at most 8 whole numbers"},
        {"{\"top/kernel\":{\"dtype\":\"C64\",\"shape\":[3],\"data_offsets\":[0,24]}}",
         "found dtype C64"},
        {"{\"top/kernel\":{\"shape\":[3],\"data_offsets\":[0,24]}}", "found dtype missing"},
        {"{\"top/kernel\":7}", "array top/kernel: it must be a map"},
        {"{}", "it holds no array"},
        {"{\"top/kernel\":", "its header, line 1"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
         "its header, line 1"},
    };
    char data[36] = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_safetensors("bad.safetensors", cases[i].header, data, sizeof data);
        refused("bad.safetensors", CAPAS_BAD_FILE, cases[i].part);
    }
    assert_int_equal(capas_write_file("bad.safetensors", "\xff\xff\0\0\0\0\0\0{\"a\"", 12),
                     CAPAS_OK);
    refused("bad.safetensors", CAPAS_BAD_FILE, "header of 65535 bytes does not fit");
    write_safetensors("bad.safetensors", PAIR, data, 35);
    refused("bad.safetensors", CAPAS_BAD_FILE, "ends at byte 36, but there are 35");
}

/* Every byte of the header and of the zip's own, changed: refused or read, and never harm. */
static void survives_changed_bytes(void **state)
{
    (void)state;
    static const char *const files[] = {"pair.safetensors", "names.npz"};
    for (int f = 0; f < 2; f++) {
        char *data;
        size_t size;
        assert_int_equal(capas_read_file(files[f], ROOM, &data, &size), CAPAS_OK);
        for (size_t i = 0; i < size * 3; i++) {
            static const char changes[] = {0, (char)0xff, '9'};
            char kept = data[i / 3];
            data[i / 3] = changes[i % 3];
            assert_int_equal(capas_write_in_passing("changed", &(capas_piece){data, size}, 1),
                             CAPAS_OK);
            data[i / 3] = kept;
            capas_model *model = dense("top");
            if (capas_load_weights(model, "changed") != CAPAS_OK)
                assert_non_null(strstr(capas_error(), "changed"));
            capas_model_free(model);
        }
        for (size_t length = 0; length < size; length++) {
            assert_int_equal(capas_write_in_passing("changed", &(capas_piece){data, length}, 1),
                             CAPAS_OK);
            capas_model *model = dense("top");
            assert_int_not_equal(capas_load_weights(model, "changed"), CAPAS_OK);
            capas_model_free(model);
        }
        capas_free(data);
    }
}

static void loses_nothing_without_memory(void **state)
{
    (void)state;
    static const char *const files[] = {"pair.safetensors", "names.npz"};
    for (int f = 0; f < 2; f++)
        for (long allowed = 0;; allowed++) {
            capas_model *model = dense("top");
            scarce_memory_begin(allowed);
            capas_status status = capas_load_weights(model, files[f]);
            long live = scarce_memory_live();
            scarce_memory_end();
            capas_model_free(model);
            assert_int_equal(live, 0);
            if (status == CAPAS_OK) break;
            assert_int_equal(status, CAPAS_NO_MEMORY);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_npz),
        cmocka_unit_test(reads_safetensors),
        cmocka_unit_test(takes_what_is_named),
        cmocka_unit_test(tells_what_names_cannot),
        cmocka_unit_test(says_what_is_wrong_with_npz),
        cmocka_unit_test(says_what_is_wrong_with_safetensors),
        cmocka_unit_test(survives_changed_bytes),
        cmocka_unit_test(loses_nothing_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
    return 0;
}
#endif
