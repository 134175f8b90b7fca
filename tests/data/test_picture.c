/* PNG pictures, and what is no picture: gray by ITU-R 601, interlaced ones, damaged ones, which are
 * refused with a sentence at whatever byte they break. */
#include "base/file.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/missing_format.h"
#include "support/scarce_memory.h"
#include <capas/data.h>
#include <capas/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#if CAPAS_WITH_PNG
static const char *image_path(const char *name)
{
    return golden_path("images/%s", name);
}

static capas_picture load(const char *name, int channels)
{
    capas_picture picture;
    if (capas_load_picture(image_path(name), channels, &picture) != CAPAS_OK)
        fail_msg("%s", capas_error());
    assert_int_equal(picture.channels, channels);
    return picture;
}

static void makes_gray_of_colours(void **state)
{
    (void)state;
    npy colours = golden_npy("images/rgb_png_decoded.npy");
    capas_picture picture = load("rgb.png", 1);
    const uint8_t *rgb = colours.data;
    for (size_t i = 0; i < colours.count / 3; i++, rgb += 3) {
        double gray = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
        assert_true(abs(picture.pixels[i] - (int)(gray + 0.5)) <= 1);
    }
    capas_free(picture.pixels);
    npy_free(&colours);
}

/* An eXIf chunk behind the header, as of a picture that lies on its right side. */
static void turns_upright(void **state)
{
    (void)state;
    enum { HEADER = 33, BLOCK = 26 };
    unsigned char chunk[12 + BLOCK] = {0, 0, 0, BLOCK, 'e', 'X', 'I', 'f', 'I', 'I', '*', 0, 8, 0,
                                       0, 0, 1, 0,     18,  1,   3,   0,   1,   0,   0,   0, 6};
    const uint32_t sum = (uint32_t)crc32(0, chunk + 4, 4 + BLOCK);
    for (int i = 0; i < 4; i++)
        chunk[8 + BLOCK + i] = (unsigned char)(sum >> (24 - 8 * i));
    char *data;
    size_t size;
    assert_int_equal(capas_read_file(image_path("gray.png"), 1 << 20, &data, &size), CAPAS_OK);
    const capas_piece pieces[] = {
        {data, HEADER}, {chunk, sizeof chunk}, {data + HEADER, size - HEADER}};
    assert_int_equal(capas_write_pieces("held.png", pieces, 3), CAPAS_OK);
    capas_release(data);
    capas_picture stored = load("gray.png", 1), upright;
    assert_int_equal(capas_load_picture_as("held.png", &upright, .upright = 1), CAPAS_OK);
    assert_int_equal(upright.height, stored.width);
    for (int y = 0; y < upright.height; y++)
        for (int x = 0; x < upright.width; x++)
            assert_int_equal(upright.pixels[y * upright.width + x],
                             stored.pixels[(stored.height - 1 - x) * stored.width + y]);
    capas_free(stored.pixels);
    capas_free(upright.pixels);
}

static void assert_refused(const char *path, int channels, capas_status status,
                           const char *sentence)
{
    capas_picture picture;
    assert_int_equal(capas_load_picture(path, channels, &picture), status);
    assert_null(picture.pixels);
    if (!strstr(capas_error(), sentence)) fail_msg("\"%s\" lacks \"%s\"", capas_error(), sentence);
}

static void assert_no_picture(const char *path, const char *bytes, size_t size,
                              const char *sentence)
{
    assert_int_equal(capas_write_file(path, bytes, size), CAPAS_OK);
    assert_refused(path, 1, CAPAS_BAD_FILE, path);
    assert_refused(path, 1, CAPAS_BAD_FILE, sentence);
}

static void refuses_what_is_no_picture(void **state)
{
    (void)state;
    assert_no_picture("a.gif", "GIF89a..", 8, "is a GIF file");
    assert_no_picture("a.bmp", "BM......", 8, "is a BMP file");
    assert_no_picture("a.heic",
                      "\0\0\0\x18"
                      "ftypheic",
                      12, "is a HEIC file");
    assert_no_picture("short.png", "\x89PNG", 4, "too short");
    assert_no_picture("empty.png", "", 0, "too short");
    assert_no_picture("text.png", "not a picture", 13, "is no picture that capas reads");
    assert_refused("missing.png", 1, CAPAS_NO_FILE, "missing.png");
    assert_refused(".", 1, CAPAS_NO_FILE, "folder");
    assert_refused(image_path("gray.png"), 2, CAPAS_INVALID_ARGUMENT, "channels must be 1");
    assert_int_equal(capas_load_picture(NULL, 1, NULL), CAPAS_INVALID_ARGUMENT);
}

/* Cut anywhere, or with any byte changed, a picture is refused or decoded, and nothing else. */
static void survives_damage(void **state)
{
    (void)state;
    char *data;
    size_t size;
    assert_int_equal(capas_read_file(image_path("palette.png"), 1 << 20, &data, &size), CAPAS_OK);
    for (size_t length = 0; length < size; length += 7) {
        assert_int_equal(capas_write_file("cut.png", data, length), CAPAS_OK);
        assert_refused("cut.png", 3, CAPAS_BAD_FILE, "cut.png");
    }
    for (size_t i = 0; i < size; i += 5) {
        capas_picture picture;
        data[i] ^= 0x55;
        assert_int_equal(capas_write_file("hurt.png", data, size), CAPAS_OK);
        data[i] ^= 0x55;
        if (capas_load_picture("hurt.png", 3, &picture) == CAPAS_OK)
            capas_free(picture.pixels);
        else
            assert_int_equal(capas_error_status(), CAPAS_BAD_FILE);
    }
    capas_release(data);
}

/* An IHDR that announces `width` x `height` gray pixels, with the right checksum. */
static void refuses_pictures_that_are_too_large(void **state)
{
    (void)state;
    static const unsigned char huge[] = {
        0x89, 'P',  'N',  'G',  '\r', '\n', 0x1A, '\n', /* signature */
        0,    0,    0,    13,   'I',  'H',  'D',  'R',  /* header */
        0,    0,    0x7F, 0xFF, 0,    0,    0x7F, 0xFF, 8,    0,    0,    0,
        0,                      /* 32767 x 32767 */
        0x6C, 0x99, 0x59, 0xE1, /* its checksum */
        0,    0,    0,    0,    'I',  'D',  'A',  'T',  0x35, 0xAF, 0x06, 0x1E,
    };
    assert_int_equal(capas_write_file("huge.png", huge, sizeof huge), CAPAS_OK);
    assert_refused("huge.png", 1, CAPAS_BAD_FILE, "huge.png");
}

static void survives_without_memory(void **state)
{
    (void)state;
    bool done = false;
    for (long allowed = 0; !done; allowed++) {
        capas_picture picture;
        assert_true(allowed < 1000);
        scarce_memory_begin(allowed);
        done = capas_load_picture(image_path("rgb.png"), 1, &picture) == CAPAS_OK;
        if (done)
            capas_free(picture.pixels);
        else
            assert_int_equal(capas_error_status(), CAPAS_NO_MEMORY);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_gray_of_colours),
        cmocka_unit_test(turns_upright),
        cmocka_unit_test(refuses_what_is_no_picture),
        cmocka_unit_test(survives_damage),
        cmocka_unit_test(refuses_pictures_that_are_too_large),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
MISSING_FORMAT_TEST("a.png", "\x89PNG\r\n\x1A\n", "-DCAPAS_WITH_PNG=ON")
#endif
