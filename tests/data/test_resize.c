/* Resizing, held against keras.ops.image.resize and tf.image.resize_with_pad for every kernel with
 * and without antialiasing, and what must come out whatever the sizes. */
#include "base/memory.h"
#include "data/resize.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include <capas/applications.h>
#include <capas/model.h>
#include <capas/pictures.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"nearest",  "bilinear", "bicubic",  "lanczos3",
                                    "lanczos5", "area",     "gaussian", "mitchellcubic"};
enum { KERNELS = sizeof names / sizeof names[0] };

/* Not rounded; to be released. */
static float *resize(const capas_picture *picture, const capas_picture_options *options)
{
    capas_resizer resizer;
    assert_int_equal(
        capas_resizer_open(&resizer, options, picture->height, picture->width, picture->channels),
        CAPAS_OK);
    for (int y = 0; y < picture->height; y++)
        capas_resizer_take(&resizer,
                           picture->pixels + (size_t)y * picture->width * picture->channels);
    float *resized = capas_allocate((size_t)options->height * options->width * picture->channels,
                                    sizeof *resized);
    assert_non_null(resized);
    capas_resizer_finish(&resizer, resized);
    capas_resizer_close(&resizer);
    return resized;
}

#if CAPAS_WITH_JANSSON
static const char *text_of(const json_t *entry, const char *key)
{
    const char *text = json_string_value(json_object_get(entry, key));
    return text ? text : "";
}

static capas_picture_options options_of(const json_t *entry, const npy *expected)
{
    capas_picture_options options = {.struct_size = sizeof options,
                                     .height = (int)expected->shape[0],
                                     .width = (int)expected->shape[1],
                                     .antialias =
                                         json_is_true(json_object_get(entry, "antialias"))};
    options.pad_to_aspect_ratio = strcmp(text_of(entry, "op"), "tf.image.resize_with_pad") == 0;
    for (int i = 0; i < KERNELS; i++)
        if (strcmp(text_of(entry, "interpolation"), names[i]) == 0) options.interpolation = i + 1;
    return options;
}

static void check_case(const json_t *entry)
{
    npy input = golden_npy("images/%s", text_of(entry, "input"));
    npy expected = golden_npy("images/%s", text_of(entry, "output"));
    const double atol = json_number_value(json_object_get(json_object_get(entry, "tol"), "atol"));
    const capas_picture_options options = options_of(entry, &expected);
    assert_int_equal(input.element, NPY_U1);
    const capas_picture picture = {(int)input.shape[0], (int)input.shape[1], (int)input.shape[2],
                                   input.data};
    if (expected.element == NPY_U1) {
        capas_picture resized;
        assert_int_equal(capas_resize_picture_with(&picture, &options, &resized), CAPAS_OK);
        for (size_t i = 0; i < expected.count; i++)
            assert_true(abs(resized.pixels[i] - ((const uint8_t *)expected.data)[i]) <= atol);
        capas_free(resized.pixels);
    } else {
        float *resized = resize(&picture, &options);
        assert_true(golden_close(text_of(entry, "output"), resized, &expected, 0, atol));
        capas_release(resized);
    }
    npy_free(&input);
    npy_free(&expected);
}

/* keras.applications' preprocess_input of mode caffe, of a picture that was resized. */
static void check_preprocessing(const json_t *entry)
{
    npy input = golden_npy("images/%s", text_of(entry, "input"));
    npy expected = golden_npy("images/%s", text_of(entry, "output"));
    const double atol = json_number_value(json_object_get(json_object_get(entry, "tol"), "atol"));
    capas_preprocessing caffe;
    assert_int_equal(capas_preprocessing_by_name("caffe", &caffe), CAPAS_OK);
    assert_int_equal(capas_preprocess(&caffe, input.data, (int64_t)input.count / 3, 3, input.data),
                     CAPAS_OK);
    assert_true(golden_close(text_of(entry, "output"), input.data, &expected, 0, atol));
    npy_free(&input);
    npy_free(&expected);
}

static void equals_keras(void **state)
{
    (void)state;
    json_t *images = golden_json("images/images.json"), *entry;
    size_t i, checked = 0;
    json_array_foreach(json_object_get(images, "resize"), i, entry)
    {
        if (strcmp(text_of(entry, "op"), "caffe preprocess_input") == 0)
            check_preprocessing(entry);
        else
            check_case(entry);
        checked++;
    }
    assert_true(checked >= 26);
    json_decref(images);
}
#endif

/* Area and the two kernels that have no golden answer, in double and as a sum over all pixels:
 * tf.image.resize's definitions. */
static double kernel_of(capas_interpolation interpolation, double t)
{
    t = fabs(t);
    if (interpolation == CAPAS_INTERPOLATE_GAUSSIAN) return t < 1.5 ? exp(-2 * t * t) : 0;
    if (t >= 2) return 0;
    if (t >= 1) return (-7 * t * t * t + 36 * t * t - 60 * t + 32) / 18;
    return (21 * t * t * t - 36 * t * t + 16) / 18;
}

static double weight_of(capas_interpolation interpolation, int i, int j, double scale)
{
    if (interpolation != CAPAS_INTERPOLATE_AREA)
        return kernel_of(interpolation, (j + 0.5 - (i + 0.5) * scale) / fmax(scale, 1));
    const double from = fmax(i * scale, j), to = fmin((i + 1) * scale, j + 1);
    return to > from ? to - from : 0;
}

static double expected_at(capas_interpolation interpolation, const uint8_t *row, int size, int i,
                          double scale)
{
    double sum = 0, weights = 0;
    for (int j = 0; j < size; j++) {
        const double weight = weight_of(interpolation, i, j, scale);
        sum += weight * row[j];
        weights += weight;
    }
    return sum / weights;
}

static void equals_the_definitions(void **state)
{
    (void)state;
    static const capas_interpolation kinds[] = {CAPAS_INTERPOLATE_AREA, CAPAS_INTERPOLATE_GAUSSIAN,
                                                CAPAS_INTERPOLATE_MITCHELLCUBIC};
    static const int sizes[][2] = {{50, 7}, {50, 50 / 2}, {13, 12}, {5, 11}, {1, 4}, {50, 1}};
    uint8_t row[50];
    for (int j = 0; j < 50; j++)
        row[j] = (uint8_t)(j * 97 + 31);
    for (size_t k = 0; k < 3; k++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            const int size = sizes[s][0], out = sizes[s][1];
            const capas_picture picture = {1, size, 1, row};
            float *resized =
                resize(&picture,
                       &(capas_picture_options){
                           .height = 1, .width = out, .interpolation = kinds[k], .antialias = 1});
            for (int i = 0; i < out; i++)
                assert_true(fabs(resized[i] -
                                 expected_at(kinds[k], row, size, i, (double)size / out)) < 2e-3);
            capas_release(resized);
        }
}

static void keeps_a_flat_picture_flat(void **state)
{
    (void)state;
    uint8_t pixels[13 * 7 * 3];
    memset(pixels, 201, sizeof pixels);
    const capas_picture picture = {13, 7, 3, pixels};
    static const int sizes[][2] = {{1, 1}, {13, 7}, {28, 28}, {5, 100}, {100, 2}};
    for (size_t i = 0; i < 2 * KERNELS * sizeof sizes / sizeof sizes[0]; i++) {
        const int *size = sizes[i / (2 * KERNELS)];
        capas_picture resized;
        const capas_picture_options options = {.struct_size = sizeof options,
                                               .height = size[0],
                                               .width = size[1],
                                               .interpolation = 1 + (i / 2) % KERNELS,
                                               .antialias = i % 2,
                                               .crop_to_aspect_ratio = i % 3 == 0};
        assert_int_equal(capas_resize_picture_with(&picture, &options, &resized), CAPAS_OK);
        assert_int_equal(resized.height, size[0]);
        assert_int_equal(resized.width, size[1]);
        assert_int_equal(resized.channels, 3);
        for (int p = 0; p < size[0] * size[1] * 3; p++)
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
    for (int i = 1; i <= KERNELS; i++) {
        const capas_picture_options options = {
            .struct_size = sizeof options, .height = 9, .width = 11, .interpolation = i};
        assert_int_equal(capas_resize_picture_with(&picture, &options, &resized), CAPAS_OK);
        assert_memory_equal(resized.pixels, pixels, sizeof pixels);
        capas_free(resized.pixels);
    }
}

/* smart_resize: of 4 x 10 pixels the middle 4 x 4 are left for a square, of 10 x 4 likewise. */
static void crops_to_the_proportions(void **state)
{
    (void)state;
    uint8_t pixels[40];
    for (int i = 0; i < 40; i++)
        pixels[i] = (uint8_t)i;
    for (int lies = 0; lies < 2; lies++) {
        const capas_picture picture = {lies ? 4 : 10, lies ? 10 : 4, 1, pixels};
        capas_picture resized;
        const capas_picture_options options = {
            .struct_size = sizeof options, .height = 4, .width = 4, .crop_to_aspect_ratio = 1};
        assert_int_equal(capas_resize_picture_with(&picture, &options, &resized), CAPAS_OK);
        for (int y = 0; y < 4; y++)
            for (int x = 0; x < 4; x++)
                assert_int_equal(resized.pixels[4 * y + x],
                                 lies ? 10 * y + x + 3 : 4 * (y + 3) + x);
        capas_free(resized.pixels);
    }
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    uint8_t pixel = 1;
    const capas_picture picture = {1, 1, 1, &pixel};
    capas_picture resized;
    assert_int_equal(capas_resize_picture(&picture, 0, 5, &resized), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_resize_picture(&picture, 5, 1 << 20, &resized), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_resize_picture(NULL, 5, 5, &resized), CAPAS_INVALID_ARGUMENT);
    static const capas_picture_options wrong[] = {
        {.struct_size = 0},
        {.struct_size = sizeof wrong[0], .interpolation = 9},
        {.struct_size = sizeof wrong[0], .channels = 3},
        {.struct_size = sizeof wrong[0], .channels = 5},
        {.struct_size = sizeof wrong[0], .height = -1},
        {.struct_size = sizeof wrong[0], .crop_to_aspect_ratio = 1, .pad_to_aspect_ratio = 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(capas_resize_picture_with(&picture, &wrong[i], &resized),
                         CAPAS_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if CAPAS_WITH_JANSSON
        cmocka_unit_test(equals_keras),
#endif
        cmocka_unit_test(equals_the_definitions),
        cmocka_unit_test(keeps_a_flat_picture_flat),
        cmocka_unit_test(keeps_a_picture_of_the_same_size),
        cmocka_unit_test(crops_to_the_proportions),
        cmocka_unit_test(refuses_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
