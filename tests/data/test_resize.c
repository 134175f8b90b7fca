/* Resizing, held against keras.ops.image.resize(interpolation="bilinear", antialias=True), and what
 * must come out whatever the sizes. */
#include "base/memory.h"
#include "data/resize.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include <capas/model.h>
#include <stdlib.h>
#include <string.h>

static void check_case(const json_t *entry)
{
    npy input = golden_npy("images/%s", json_string_value(json_object_get(entry, "input")));
    npy expected = golden_npy("images/%s", json_string_value(json_object_get(entry, "output")));
    double atol = json_number_value(json_object_get(json_object_get(entry, "tol"), "atol"));
    assert_int_equal(input.element, NPY_U1);
    capas_picture picture = {(int)input.shape[0], (int)input.shape[1], (int)input.shape[2],
                             input.data};
    float *resized = malloc(expected.count * sizeof *resized);
    assert_non_null(resized);
    assert_int_equal(
        capas_resize_bilinear(&picture, (int)expected.shape[0], (int)expected.shape[1], resized),
        CAPAS_OK);
    assert_true(golden_close("resized", resized, &expected, 0, atol));
    free(resized);
    npy_free(&input);
    npy_free(&expected);
}

/* JPEGs and what was made of them do not travel in the packed golden answers. */
static bool is_ours(const json_t *entry)
{
    if (!golden_exists("images/%s", json_string_value(json_object_get(entry, "input"))))
        return false;
    const char *op = json_string_value(json_object_get(entry, "op"));
    const char *how = json_string_value(json_object_get(entry, "interpolation"));
    return strcmp(op, "keras.ops.image.resize") == 0 && how && strcmp(how, "bilinear") == 0 &&
           json_is_true(json_object_get(entry, "antialias"));
}

static void equals_keras(void **state)
{
    (void)state;
    json_t *images = golden_json("images/images.json");
    size_t i, checked = 0;
    json_t *entry;
    json_array_foreach(json_object_get(images, "resize"), i, entry)
    {
        if (!is_ours(entry)) continue;
        check_case(entry);
        checked++;
    }
    assert_true(checked >= 1);
    json_decref(images);
}

static void keeps_a_flat_picture_flat(void **state)
{
    (void)state;
    uint8_t pixels[13 * 7 * 3];
    memset(pixels, 201, sizeof pixels);
    const capas_picture picture = {13, 7, 3, pixels};
    static const int sizes[][2] = {{1, 1}, {13, 7}, {28, 28}, {5, 100}, {100, 2}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        capas_picture resized;
        assert_int_equal(capas_resize_picture(&picture, sizes[i][0], sizes[i][1], &resized),
                         CAPAS_OK);
        assert_int_equal(resized.height, sizes[i][0]);
        assert_int_equal(resized.width, sizes[i][1]);
        assert_int_equal(resized.channels, 3);
        for (int p = 0; p < sizes[i][0] * sizes[i][1] * 3; p++)
            assert_int_equal(resized.pixels[p], 201);
        capas_free(resized.pixels);
    }
}

static void keeps_a_picture_of_the_same_size(void **state)
{
    (void)state;
    uint8_t pixels[9 * 11];
    for (int i = 0; i < 99; i++)
        pixels[i] = (uint8_t)(i * 37);
    const capas_picture picture = {9, 11, 1, pixels};
    capas_picture resized;
    assert_int_equal(capas_resize_picture(&picture, 9, 11, &resized), CAPAS_OK);
    assert_memory_equal(resized.pixels, pixels, sizeof pixels);
    capas_free(resized.pixels);
}

static void refuses_sizes_that_cannot_be(void **state)
{
    (void)state;
    uint8_t pixel = 1;
    const capas_picture picture = {1, 1, 1, &pixel};
    capas_picture resized;
    assert_int_equal(capas_resize_picture(&picture, 0, 5, &resized), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_resize_picture(&picture, 5, 1 << 20, &resized), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_resize_picture(NULL, 5, 5, &resized), CAPAS_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_keras),
        cmocka_unit_test(keeps_a_flat_picture_flat),
        cmocka_unit_test(keeps_a_picture_of_the_same_size),
        cmocka_unit_test(refuses_sizes_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
