/* WebP pictures, written here with libwebp's own encoder: lossless ones come back level by level,
 * with and without alpha; those cut anywhere are refused. */
#include "base/file.h"
#include "support/cmocka.h"
#include "support/missing_format.h"
#include <capas/model.h>
#include <capas/pictures.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_WEBP
#include <webp/encode.h>

enum { HEIGHT = 23, WIDTH = 41 };

static void paint(uint8_t *pixels, int channels)
{
    for (int i = 0; i < HEIGHT * WIDTH * channels; i++)
        pixels[i] = (uint8_t)(i * 7 + i / WIDTH * 3);
    for (int i = 3; channels == 4 && i < HEIGHT * WIDTH * 4; i += 4)
        pixels[i] |= 1; /* what is wholly transparent has no colour */
}

static size_t encode(uint8_t *pixels, int channels, uint8_t **file)
{
    paint(pixels, channels);
    const size_t size = channels == 4
                            ? WebPEncodeLosslessRGBA(pixels, WIDTH, HEIGHT, WIDTH * 4, file)
                            : WebPEncodeLosslessRGB(pixels, WIDTH, HEIGHT, WIDTH * 3, file);
    assert_true(size > 0);
    return size;
}

static void decodes_what_was_encoded(void **state)
{
    (void)state;
    uint8_t pixels[HEIGHT * WIDTH * 4], *file;
    for (int channels = 3; channels <= 4; channels++) {
        capas_picture picture;
        const size_t size = encode(pixels, channels, &file);
        assert_int_equal(capas_write_file("a.webp", file, size), CAPAS_OK);
        WebPFree(file);
        if (capas_load_picture_with("a.webp", NULL, &picture) != CAPAS_OK)
            fail_msg("%s", capas_error());
        assert_int_equal(picture.height, HEIGHT);
        assert_int_equal(picture.width, WIDTH);
        assert_int_equal(picture.channels, channels);
        assert_memory_equal(picture.pixels, pixels, HEIGHT * WIDTH * channels);
        capas_free(picture.pixels);
    }
}

/* The same stream in a container with an EXIF chunk: turned by half. */
static void turns_upright(void **state)
{
    (void)state;
    enum { BEGIN = 12, BLOCK = 26 };
    uint8_t pixels[HEIGHT * WIDTH * 4], *file;
    const size_t size = encode(pixels, 3, &file);
    unsigned char begin[] = {'R', 'I', 'F', 'F', 0,         0,   0,  0,          'W', 'E',
                             'B', 'P', 'V', 'P', '8',       'X', 10, 0,          0,   0,
                             8,   0,   0,   0,   WIDTH - 1, 0,   0,  HEIGHT - 1, 0,   0};
    static const unsigned char exif[8 + BLOCK] = {'E', 'X', 'I', 'F', BLOCK, 0, 0, 0, 'M', 'M',
                                                  0,   42,  0,   0,   0,     8, 0, 1, 1,   18,
                                                  0,   3,   0,   0,   0,     1, 0, 3};
    const size_t riff = sizeof begin - 8 + size - BEGIN + sizeof exif;
    begin[4] = (unsigned char)riff;
    begin[5] = (unsigned char)(riff >> 8);
    const capas_piece pieces[] = {
        {begin, sizeof begin}, {file + BEGIN, size - BEGIN}, {exif, sizeof exif}};
    assert_int_equal(capas_write_pieces("held.webp", pieces, 3), CAPAS_OK);
    WebPFree(file);
    capas_picture upright;
    if (capas_load_picture_as("held.webp", &upright, .upright = 1) != CAPAS_OK)
        fail_msg("%s", capas_error());
    const int last = HEIGHT * WIDTH - 1;
    for (int i = 0; i <= last; i++)
        assert_memory_equal(upright.pixels + 3 * i, pixels + 3 * (last - i), 3);
    capas_free(upright.pixels);
}

static void refuses_what_ends_early(void **state)
{
    (void)state;
    uint8_t pixels[HEIGHT * WIDTH * 4], *file;
    const size_t size = encode(pixels, 4, &file);
    for (size_t length = 12; length < size - 8; length += 13) {
        capas_picture picture;
        assert_int_equal(capas_write_file("cut.webp", file, length), CAPAS_OK);
        assert_int_equal(capas_load_picture("cut.webp", 3, &picture), CAPAS_BAD_FILE);
        assert_non_null(strstr(capas_error(), "cut.webp is a damaged WebP picture"));
        assert_null(picture.pixels);
    }
    WebPFree(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_what_was_encoded),
        cmocka_unit_test(turns_upright),
        cmocka_unit_test(refuses_what_ends_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
MISSING_FORMAT_TEST("a.webp", "RIFF....WEBP....", "-DCAPAS_WITH_WEBP=ON")
#endif
