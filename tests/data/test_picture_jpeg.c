/* JPEG pictures beside the golden values (test_picture_decode.c): how the camera was held, the same
 * levels whether a picture is resized while it comes or as a whole, and files that end early, lie
 * about their size or never end. */
#include "base/file.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/missing_format.h"
#include "support/scarce_memory.h"
#include <capas/model.h>
#include <capas/pictures.h>
#include <capas/runtime.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_JPEG
#include <jpeglib.h>

enum { LIMIT = 1 << 20 };

static const char *const files[] = {"gray.jpg", "cmyk.jpg", "rgb_420.jpg",
                                    "rgb_422_progressive.jpg", "rgb_444.jpg"};
enum { FILES = sizeof files / sizeof files[0] };

static char *read_golden(const char *name, size_t *size)
{
    char *data;
    assert_int_equal(capas_read_file(golden_path("images/%s", name), LIMIT, &data, size), CAPAS_OK);
    return data;
}

static capas_picture load(const char *path, const capas_picture_options *options)
{
    capas_picture picture;
    if (capas_load_picture_with(path, options, &picture) != CAPAS_OK) fail_msg("%s", capas_error());
    return picture;
}

static void assert_refused(const char *path, const char *sentence)
{
    capas_picture picture;
    assert_int_equal(capas_load_picture(path, 3, &picture), CAPAS_BAD_FILE);
    assert_null(picture.pixels);
    if (!strstr(capas_error(), sentence) || !strstr(capas_error(), path))
        fail_msg("\"%s\" lacks \"%s\"", capas_error(), sentence);
}

/* Orientation -------------------------------------------------------------------------------------
 */

/* A golden picture with an EXIF block behind its first two bytes. */
static void write_held(const char *path, int orientation, bool little)
{
    const uint8_t high = little ? 0 : (uint8_t)orientation, low = little ? (uint8_t)orientation : 0;
    unsigned char block[] = {0xFF, 0xE1, 0, 34, 'E', 'x',  'i', 'f', 0, 0,  'M', 'M',
                             0,    42,   0, 0,  0,   8,    0,   1,   1, 18, 0,   3,
                             0,    0,    0, 1,  low, high, 0,   0,   0, 0,  0,   0};
    if (little) memcpy(block + 10, "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0", 18);
    size_t size;
    char *data = read_golden("rgb_444.jpg", &size);
    capas_piece pieces[] = {{data, 2}, {block, sizeof block}, {data + 2, size - 2}};
    assert_int_equal(capas_write_pieces(path, pieces, 3), CAPAS_OK);
    capas_release(data);
}

/* Where EXIF says that the first row and column of what is stored are. */
static const uint8_t *upright_pixel(const capas_picture *stored, int orientation, int y, int x)
{
    const int bottom = stored->height - 1, right = stored->width - 1;
    const int rows[] = {y, y, bottom - y, bottom - y, x, bottom - x, bottom - x, x};
    const int columns[] = {x, right - x, right - x, x, y, y, right - y, right - y};
    const int row = rows[orientation - 1], column = columns[orientation - 1];
    return stored->pixels + 3 * (row * stored->width + column);
}

static void turns_upright(void **state)
{
    (void)state;
    const capas_picture_options options = {.struct_size = sizeof options, .upright = 1};
    for (int i = 0; i < 16; i++) {
        const int orientation = i / 2 + 1;
        write_held("held.jpg", orientation, i % 2);
        capas_picture stored = load("held.jpg", NULL), upright = load("held.jpg", &options), told;
        assert_int_equal(upright.height, orientation > 4 ? stored.width : stored.height);
        assert_int_equal(upright.width, orientation > 4 ? stored.height : stored.width);
        for (int y = 0; y < upright.height; y++)
            for (int x = 0; x < upright.width; x++)
                assert_memory_equal(upright.pixels + 3 * (y * upright.width + x),
                                    upright_pixel(&stored, orientation, y, x), 3);
        assert_int_equal(capas_describe_picture("held.jpg", &options, &told), CAPAS_OK);
        assert_int_equal(told.height, upright.height);
        assert_int_equal(told.width, upright.width);
        assert_null(told.pixels);
        capas_free(stored.pixels);
        capas_free(upright.pixels);
    }
}

/* Resizing ----------------------------------------------------------------------------------------
 */

static void assert_same_resized(const char *path, const capas_picture_options *options)
{
    capas_picture_options whole_options = {.struct_size = sizeof whole_options,
                                           .channels = options->channels,
                                           .upright = options->upright};
    capas_picture at_once = load(path, options), whole = load(path, &whole_options), later;
    assert_int_equal(capas_resize_picture_with(&whole, options, &later), CAPAS_OK);
    const size_t count = (size_t)at_once.height * at_once.width * at_once.channels;
    assert_memory_equal(at_once.pixels, later.pixels, count);
    float *levels = capas_allocate(count, sizeof *levels);
    assert_int_equal(capas_load_picture_levels(path, options, levels), CAPAS_OK);
    for (size_t i = 0; i < count; i++)
        assert_true(fabsf(fminf(fmaxf(levels[i], 0), 255) - at_once.pixels[i]) <= 0.5f);
    capas_release(levels);
    capas_free(at_once.pixels);
    capas_free(whole.pixels);
    capas_free(later.pixels);
}

static void resizes_while_rows_come(void **state)
{
    (void)state;
    write_held("held.jpg", 6, false);
    for (int i = 0; i < 24; i++) {
        const capas_picture_options options = {.struct_size = sizeof options,
                                               .channels = i % 2 ? 1 : 3,
                                               .height = 20 + 7 * (i % 5),
                                               .width = i % 3 ? 31 : 150,
                                               .interpolation = 1 + i % 8,
                                               .antialias = i / 8 % 2,
                                               .crop_to_aspect_ratio = i % 4 == 1,
                                               .pad_to_aspect_ratio = i % 4 == 2,
                                               .upright = 1};
        for (int f = 0; f < FILES; f++)
            assert_same_resized(golden_path("images/%s", files[f]), &options);
        assert_same_resized("held.jpg", &options);
    }
}

/* Subsampling -------------------------------------------------------------------------------------
 */

static uint8_t level_at(int y, int x, int c)
{
    return (uint8_t)(x / 64 + y / 64 + 30 * c);
}

/* In YCbCr, with across x down levels of brightness for one of colour. */
static void write_jpeg(const char *path, int height, int width, int across, int down)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    uint8_t *row = capas_allocate((size_t)width, 3);
    FILE *stream = fopen(path, "wb");
    assert_true(row && stream);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, stream);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg.comp_info[0].h_samp_factor = across;
    jpeg.comp_info[0].v_samp_factor = down;
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width * 3; x++)
            row[x] = level_at(y, x / 3, x % 3);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    fclose(stream);
    capas_release(row);
}

static void decodes_every_subsampling(void **state)
{
    (void)state;
    enum { HEIGHT = 70, WIDTH = 130 };
    for (int i = 0; i < 12; i++) {
        const int across = 1 + i % 4, down = 1 + i / 4;
        if (across * down > 8) continue; /* a block has room for ten in all */
        write_jpeg("sampled.jpg", HEIGHT, WIDTH, across, down);
        capas_picture picture = load("sampled.jpg", NULL);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++)
                for (int c = 0; c < 3; c++)
                    assert_true(abs(picture.pixels[(y * WIDTH + x) * 3 + c] - level_at(y, x, c)) <=
                                4);
        capas_free(picture.pixels);
    }
}

/* Memory ------------------------------------------------------------------------------------------
 */

enum { LARGE_HEIGHT = 4000, LARGE_WIDTH = 6000 };

/* Bytes that capas holds, and the most that it held; each block says its size in front. */
typedef struct held {
    size_t now, most;
} held;

static void *allocate_counted(size_t size, size_t alignment, void *context)
{
    held *held = context;
    char *memory;
    if (posix_memalign((void **)&memory, alignment, size + alignment) != 0) return NULL;
    const size_t block[] = {size, alignment};
    memcpy(memory + alignment - sizeof block, block, sizeof block);
    held->now += size;
    if (held->now > held->most) held->most = held->now;
    return memory + alignment;
}

static void release_counted(void *memory, void *context)
{
    held *held = context;
    size_t block[2];
    memcpy(block, (char *)memory - sizeof block, sizeof block);
    held->now -= block[0];
    free((char *)memory - block[1]);
}

/* 72 MB of pixels never lie there at once. */
static void needs_little_memory(void **state)
{
    (void)state;
    held held = {0, 0};
    capas_picture picture;
    write_jpeg("large.jpg", LARGE_HEIGHT, LARGE_WIDTH, 2, 2);
    capas_set_allocator(&(capas_allocator){allocate_counted, release_counted, &held});
    const capas_status status = capas_load_picture_as("large.jpg", &picture, .channels = 3,
                                                      .height = 224, .width = 224, .antialias = 1);
    if (status == CAPAS_OK) capas_free(picture.pixels);
    capas_set_allocator(NULL);
    assert_int_equal(status, CAPAS_OK);
    assert_int_equal(held.now, 0);
    if (held.most > 30 << 20) fail_msg("%zu bytes were held at once", held.most);
    remove("large.jpg");
}

/* Damage ------------------------------------------------------------------------------------------
 */

static void refuses_what_ends_early(void **state)
{
    (void)state;
    for (int f = 0; f < FILES; f++) {
        size_t size;
        char *data = read_golden(files[f], &size);
        for (size_t length = 3; length < size - 40; length += 61) {
            assert_int_equal(capas_write_file("cut.jpg", data, length), CAPAS_OK);
            assert_refused("cut.jpg", "cut.jpg is a damaged JPEG picture");
        }
        assert_refused("cut.jpg", "byte ");
        capas_release(data);
    }
}

/* The place of a marker 0xFF `kind`, behind `from`. */
static size_t find_marker(const char *data, size_t size, size_t from, int kind)
{
    for (size_t i = from; i + 1 < size; i++)
        if ((unsigned char)data[i] == 0xFF && (unsigned char)data[i + 1] == kind) return i;
    fail_msg("there is no marker %x", kind);
    return 0;
}

static void refuses_sizes_that_lie(void **state)
{
    (void)state;
    size_t size;
    char *data = read_golden("rgb_444.jpg", &size);
    const size_t frame = find_marker(data, size, 0, 0xC0);
    memset(data + frame + 5, 0xFF, 4);
    assert_int_equal(capas_write_file("huge.jpg", data, size), CAPAS_OK);
    assert_refused("huge.jpg", "huge.jpg");
    memcpy(data + frame + 5, "\xEA\x60\xEA\x60", 4);
    assert_int_equal(capas_write_file("huge.jpg", data, size), CAPAS_OK);
    assert_refused("huge.jpg", "60000x60000");
    memset(data + frame + 5, 0, 4);
    assert_int_equal(capas_write_file("none.jpg", data, size), CAPAS_OK);
    assert_refused("none.jpg", "none.jpg");
    memcpy(data + frame + 5, "\x10\0\x10\0", 4);
    assert_int_equal(capas_write_file("more.jpg", data, size), CAPAS_OK);
    assert_refused("more.jpg", "row ");
    capas_release(data);
}

/* The second scan of a progressive picture, over and over. */
static void refuses_scans_without_end(void **state)
{
    (void)state;
    size_t size;
    char *data = read_golden("rgb_422_progressive.jpg", &size);
    const size_t first = find_marker(data, size, 0, 0xDA);
    const size_t scan = find_marker(data, size, first + 2, 0xDA);
    const size_t next = find_marker(data, size, scan + 2, 0xC4);
    capas_piece pieces[1002] = {{data, scan}};
    for (int i = 1; i <= 1000; i++)
        pieces[i] = (capas_piece){data + scan, next - scan};
    pieces[1001] = (capas_piece){data + next, size - next};
    assert_int_equal(capas_write_pieces("endless.jpg", pieces, 1002), CAPAS_OK);
    assert_refused("endless.jpg", "more than 100 scans");
    capas_release(data);
}

static void take_log(capas_log_level level, const char *message, void *context)
{
    if (level == CAPAS_LOG_WARNING) snprintf(context, 512, "%s", message);
}

/* Damage that other programs show is shown and told. */
static void tells_of_damaged_data(void **state)
{
    (void)state;
    char told[512] = "";
    size_t size;
    char *data = read_golden("rgb_444.jpg", &size);
    const size_t tables = find_marker(data, size, 0, 0xDB);
    const capas_piece pieces[] = {{data, tables}, {"what", 4}, {data + tables, size - tables}};
    capas_picture picture;
    assert_int_equal(capas_write_pieces("hurt.jpg", pieces, 3), CAPAS_OK);
    capas_release(data);
    capas_set_log(take_log, told);
    assert_int_equal(capas_load_picture("hurt.jpg", 3, &picture), CAPAS_OK);
    capas_set_log(NULL, NULL);
    capas_free(picture.pixels);
    assert_non_null(strstr(told, "hurt.jpg: part of the picture may be wrong: Corrupt JPEG data"));
}

static void survives_without_memory(void **state)
{
    (void)state;
    write_held("held.jpg", 6, false);
    const capas_picture_options options = {
        .struct_size = sizeof options, .height = 20, .width = 20, .upright = 1};
    const char *paths[] = {golden_path("images/rgb_420.jpg"), "held.jpg"};
    for (int p = 0; p < 2; p++) {
        bool done = false;
        for (long allowed = 0; !done; allowed++) {
            capas_picture picture;
            scarce_memory_begin(allowed);
            done = capas_load_picture_with(paths[p], &options, &picture) == CAPAS_OK;
            if (done)
                capas_free(picture.pixels);
            else
                assert_int_equal(capas_error_status(), CAPAS_NO_MEMORY);
            assert_int_equal(scarce_memory_live(), 0);
            scarce_memory_end();
            assert_true(allowed < 100);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_upright),
        cmocka_unit_test(resizes_while_rows_come),
        cmocka_unit_test(decodes_every_subsampling),
        cmocka_unit_test(needs_little_memory),
        cmocka_unit_test(refuses_what_ends_early),
        cmocka_unit_test(refuses_sizes_that_lie),
        cmocka_unit_test(refuses_scans_without_end),
        cmocka_unit_test(tells_of_damaged_data),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
MISSING_FORMAT_TEST("a.jpg", "\xFF\xD8\xFF\xE0....", "-DCAPAS_WITH_JPEG=ON")
#endif
