/* The tests' own eyes: the .npy reader, the golden folder, the comparison with a tolerance. */
#include "support/cmocka.h"
#include "support/golden.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes x.npy in the test's own folder: the magic and a header, padded, then the values. */
static const char *write_npy(const char *header, const void *values, size_t size)
{
    FILE *file = fopen("x.npy", "wb");
    assert_non_null(file);
    char text[118];
    memset(text, ' ', sizeof text);
    memcpy(text, header, strlen(header));
    text[sizeof text - 1] = '\n';
    fwrite("\x93NUMPY\1\0\x76\0", 1, 10, file);
    fwrite(text, 1, sizeof text, file);
    fwrite(values, 1, size, file);
    assert_int_equal(fclose(file), 0);
    return "x.npy";
}

static void reads_every_type(void **state)
{
    (void)state;
    npy array;
    const float f4[6] = {1, 2, 3, -4, 5, 6.5f};
    assert_true(npy_read(
        write_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", f4, sizeof f4),
        &array));
    assert_int_equal(array.rank, 2);
    assert_int_equal(array.shape[0], 2);
    assert_int_equal(array.shape[1], 3);
    assert_int_equal(array.count, 6);
    assert_true(npy_at(&array, 5) == 6.5);
    float *floats = npy_floats(&array);
    assert_memory_equal(floats, f4, sizeof f4);
    free(floats);
    npy_free(&array);

    const double f8[1] = {0.1};
    assert_true(npy_read(
        write_npy("{'descr': '<f8', 'fortran_order': False, 'shape': (), }", f8, sizeof f8),
        &array));
    assert_int_equal(array.rank, 0);
    assert_int_equal(array.count, 1);
    double *doubles = npy_doubles(&array);
    assert_true(doubles[0] == 0.1);
    free(doubles);
    npy_free(&array);

    const int32_t i4[2] = {-7, 8};
    const int64_t i8[2] = {-7, 8};
    const uint8_t u1[2] = {7, 255};
    const uint16_t u2[2] = {7, 65535};
    const struct {
        const char *header;
        const void *values;
        size_t size;
        double first, second;
    } cases[] = {
        {"{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", i4, sizeof i4, -7, 8},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }", i8, sizeof i8, -7, 8},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", u1, sizeof u1, 7, 255},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (2,), }", u2, sizeof u2, 7, 65535},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *path = write_npy(cases[i].header, cases[i].values, cases[i].size);
        assert_true(npy_read(path, &array));
        assert_true(npy_at(&array, 0) == cases[i].first);
        assert_true(npy_at(&array, 1) == cases[i].second);
        npy_free(&array);
    }
}

static void refuses_what_is_not_npy(void **state)
{
    (void)state;
    const float values[6] = {0};
    const struct {
        const char *header, *reason;
        size_t size;
    } cases[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", "ends before", 20},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", "goes on", 24},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", "C order", 24},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (3,), }", "not known", 24},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-6,), }", "bad shape", 24},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }",
         "too large", 24},
    };
    npy array;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(npy_read(write_npy(cases[i].header, values, cases[i].size), &array));
        if (!strstr(array.error, cases[i].reason) || !strstr(array.error, "x.npy"))
            fail_msg("said: %s", array.error);
    }
    assert_false(npy_read("there is none", &array));
    assert_false(npy_read(golden_path("index.json"), &array));
}

static void compares_with_tolerance(void **state)
{
    (void)state;
    float values[3] = {1, NAN, INFINITY};
    npy want = {.element = NPY_F4, .element_size = 4, .rank = 1, .count = 3, .data = values};
    assert_true(golden_close("equal", values, &want, 0, 0));
    float got[3] = {1.05f, NAN, INFINITY};
    assert_true(golden_close("near", got, &want, 0.1, 0));
    assert_true(golden_close("near", got, &want, 0, 0.1));
    assert_false(golden_close("(expected) far", got, &want, 0.01, 0.01));
    got[0] = NAN;
    assert_false(golden_close("(expected) NaN", got, &want, 1, 1));
    got[0] = 1;
    got[2] = -INFINITY;
    assert_false(golden_close("(expected) infinity", got, &want, 1, 1));
}

static void knows_the_allowed_skips(void **state)
{
    (void)state;
    assert_false(golden_may_skip("layers/Dense"));
    assert_false(golden_may_skip(""));
}

#if CAPAS_WITH_JANSSON
static void visit(const char *path, void *context)
{
    assert_true(golden_exists("%s", path));
    ++*(size_t *)context;
}

static void reads_the_golden_folder(void **state)
{
    (void)state;
    static const char *const kinds[] = {"layers",   "losses", "metrics", "optimizers",
                                        "training", "files",  "images",  "text"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t visits = 0;
        assert_int_not_equal(golden_cases(kinds[i], visit, &visits), 0);
        assert_int_not_equal(visits, 0);
    }
    assert_true(golden_exists("callbacks/callbacks.json"));
    json_t *config = golden_json("layers/%s/config.json", "add");
    assert_string_equal(json_string_value(json_object_get(config, "case")), "add");
    json_decref(config);
    npy array = golden_npy("layers/add/out0.npy");
    assert_true(golden_close("itself", array.data, &array, 0, 0));
    npy_free(&array);
    char *text = golden_text("index.json");
    assert_true(text[0] == '{');
    free(text);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_type),
        cmocka_unit_test(refuses_what_is_not_npy),
        cmocka_unit_test(compares_with_tolerance),
        cmocka_unit_test(knows_the_allowed_skips),
#if CAPAS_WITH_JANSSON
        cmocka_unit_test(reads_the_golden_folder),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
