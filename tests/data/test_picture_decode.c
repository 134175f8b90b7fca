/* Pictures of every kind among the golden ones, decoded as TensorFlow does it, level by level: with
 * the channels that a file has, with three of them, and JPEGs with both transforms. */
#include "support/cmocka.h"
#include "support/golden.h"
#include <capas/model.h>
#include <capas/pictures.h>
#include <string.h>

#if CAPAS_WITH_PNG && CAPAS_WITH_JPEG && CAPAS_WITH_JANSSON
static bool is_jpeg(const char *file)
{
    return strstr(file, ".jpg") != NULL;
}

/* Whether the answer that an entry has under `key` is ours; true when it has none. */
static int check_answer(const json_t *entry, const char *key, int channels, bool fast)
{
    const char *file = json_string_value(json_object_get(entry, "file"));
    const char *array = json_string_value(json_object_get(entry, key));
    if (!array) return 0;
    npy expected = golden_npy("images/%s", array);
    capas_picture picture;
    if (capas_load_picture_as(golden_path("images/%s", file), &picture, .channels = channels,
                              .fast_dct = fast) != CAPAS_OK)
        fail_msg("%s", capas_error());
    assert_int_equal(picture.height, expected.shape[0]);
    assert_int_equal(picture.width, expected.shape[1]);
    assert_int_equal(picture.channels, expected.shape[2]);
    for (size_t i = 0; i < expected.count; i++)
        if (picture.pixels[i] != ((const uint8_t *)expected.data)[i])
            fail_msg("%s, %s: number %zu is %d, expected %d", file, key, i, picture.pixels[i],
                     ((const uint8_t *)expected.data)[i]);
    capas_free(picture.pixels);
    npy_free(&expected);
    return 1;
}

static void decodes_as_tensorflow(void **state)
{
    (void)state;
    json_t *images = golden_json("images/images.json"), *entry;
    size_t i;
    int checked = 0;
    json_array_foreach(json_object_get(images, "decode"), i, entry)
    {
        const bool fast = is_jpeg(json_string_value(json_object_get(entry, "file")));
        checked += check_answer(entry, "decode_image", 0, fast);
        checked += check_answer(entry, "decode_image_channels3", 3, fast);
        checked += check_answer(entry, "decode_jpeg_integer_accurate", 0, false);
    }
    assert_true(checked >= 22);
    json_decref(images);
}

/* Of 16 bits the upper ones. */
static void keeps_the_upper_bits(void **state)
{
    (void)state;
    npy expected = golden_npy("images/gray16_png_uint16.npy");
    capas_picture picture;
    assert_int_equal(capas_load_picture(golden_path("images/gray16.png"), 1, &picture), CAPAS_OK);
    for (size_t i = 0; i < expected.count; i++)
        assert_int_equal(picture.pixels[i], ((const uint16_t *)expected.data)[i] >> 8);
    capas_free(picture.pixels);
    npy_free(&expected);
}

/* What a fourth and a second channel hold, and that gray is the same whoever makes it. */
static void converts_channels(void **state)
{
    (void)state;
    static const char *const files[] = {"rgba.png", "gray_alpha.png", "rgb.png", "gray.png"};
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        capas_picture as[5];
        for (int channels = 1; channels <= 4; channels++) {
            assert_int_equal(capas_load_picture_as(golden_path("images/%s", files[f]),
                                                   &as[channels], .channels = channels),
                             CAPAS_OK);
            assert_int_equal(as[channels].channels, channels);
        }
        for (int i = 0; i < as[1].height * as[1].width; i++) {
            assert_int_equal(as[2].pixels[2 * i], as[1].pixels[i]);
            assert_int_equal(as[2].pixels[2 * i + 1], as[4].pixels[4 * i + 3]);
            assert_memory_equal(as[3].pixels + 3 * i, as[4].pixels + 4 * i, 3);
            if (f >= 2) assert_int_equal(as[4].pixels[4 * i + 3], 255);
        }
        for (int channels = 1; channels <= 4; channels++)
            capas_free(as[channels].pixels);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_as_tensorflow),
        cmocka_unit_test(keeps_the_upper_bits),
        cmocka_unit_test(converts_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
/* What a build without a format says is test_picture.c's and test_picture_jpeg.c's matter. */
int main(void)
{
    return 0;
}
#endif
