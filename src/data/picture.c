/* PNG pictures through libpng. libpng reports errors by jumping: everything that outlives a jump is
 * in `reader`, and what jumps is called only from decode(). Its printing is off, its memory is
 * ours, and sizes are limited before anything is allocated. Gamma and colour profiles are not
 * applied: levels are taken as they are stored, as TensorFlow and Pillow do. */
#include "base/file.h"
#include "base/memory.h"
#include <capas/data.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#if CAPAS_WITH_PNG
#include <png.h>
#include <setjmp.h>

enum { LARGEST_SIDE = 32768, LARGEST_CHUNK = 8 << 20, MOST_TEXTS = 100 };

static const size_t largest_file = (size_t)256 << 20, most_pixels = (size_t)64 << 20;

typedef struct reader {
    const char *path;
    const unsigned char *data; /* the file */
    size_t size, used;
    png_structp png;
    png_infop info;
    jmp_buf failed;
    char message[128];
    bool no_memory;
    png_uint_32 height, width;
    int channels; /* 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha */
    unsigned char *pixels, **rows;
} reader;

static void on_error(png_structp png, png_const_charp message)
{
    reader *reader = png_get_error_ptr(png);
    snprintf(reader->message, sizeof reader->message, "%s", message);
    longjmp(reader->failed, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static png_voidp on_allocate(png_structp png, png_alloc_size_t size)
{
    reader *reader = png_get_mem_ptr(png);
    void *memory = capas_allocate(size, 1);
    if (!memory) reader->no_memory = true;
    return memory;
}

static void on_release(png_structp png, png_voidp memory)
{
    (void)png;
    capas_release(memory);
}

static void on_read(png_structp png, png_bytep bytes, size_t size)
{
    reader *reader = png_get_io_ptr(png);
    if (size > reader->size - reader->used) png_error(png, "the file is truncated");
    memcpy(bytes, reader->data + reader->used, size);
    reader->used += size;
}

static void make_reader(reader *reader)
{
    reader->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning,
                                           reader, on_allocate, on_release);
    if (!reader->png) return;
    png_set_read_fn(reader->png, reader, on_read);
    png_set_user_limits(reader->png, LARGEST_SIDE, LARGEST_SIDE);
    png_set_chunk_malloc_max(reader->png, LARGEST_CHUNK);
    png_set_chunk_cache_max(reader->png, MOST_TEXTS);
    reader->info = png_create_info_struct(reader->png);
}

/* Everything becomes 8 bits a channel; palettes and transparent colours become channels. */
static void read_header(reader *reader)
{
    png_read_info(reader->png, reader->info);
    reader->height = png_get_image_height(reader->png, reader->info);
    reader->width = png_get_image_width(reader->png, reader->info);
    if ((size_t)reader->height * reader->width > most_pixels)
        png_error(reader->png, "the picture is too large");
    png_set_expand(reader->png);
    png_set_strip_16(reader->png);
    png_set_interlace_handling(reader->png);
    png_read_update_info(reader->png, reader->info);
    reader->channels = png_get_channels(reader->png, reader->info);
}

static void read_pixels(reader *reader)
{
    size_t stride = png_get_rowbytes(reader->png, reader->info);
    reader->pixels = on_allocate(reader->png, stride * reader->height);
    reader->rows = on_allocate(reader->png, reader->height * sizeof *reader->rows);
    if (!reader->pixels || !reader->rows) png_error(reader->png, "memory ran out");
    for (png_uint_32 y = 0; y < reader->height; y++)
        reader->rows[y] = reader->pixels + y * stride;
    png_read_image(reader->png, reader->rows);
    png_read_end(reader->png, NULL);
}

/* Nothing of this function's own is used after the jump. */
static capas_status decode(reader *reader)
{
    if (setjmp(reader->failed)) {
        if (reader->no_memory) return capas_fail_in("%s", reader->path);
        return capas_fail(CAPAS_BAD_FILE, "%s is a damaged PNG picture: %s", reader->path,
                          reader->message);
    }
    make_reader(reader);
    if (!reader->png || !reader->info) {
        reader->no_memory = true;
        return capas_fail(CAPAS_NO_MEMORY, "%s: no memory to decode it", reader->path);
    }
    read_header(reader);
    read_pixels(reader);
    return CAPAS_OK;
}

static uint8_t over_black(int level, int alpha)
{
    return (uint8_t)((level * alpha + 127) / 255);
}

/* ITU-R 601's share of red, green and blue in 65536ths. */
static uint8_t gray_of(const uint8_t *rgb)
{
    return (uint8_t)((19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + 32768) >> 16);
}

static void convert_pixel(const uint8_t *from, int from_channels, int channels, uint8_t *to)
{
    int colours = from_channels < 3 ? 1 : 3;
    int alpha = from_channels == colours ? 255 : from[colours];
    uint8_t rgb[3];
    for (int c = 0; c < 3; c++)
        rgb[c] = over_black(from[colours == 3 ? c : 0], alpha);
    if (channels == 3)
        memcpy(to, rgb, 3);
    else
        to[0] = colours == 3 ? gray_of(rgb) : rgb[0];
}

static capas_status convert(const reader *reader, int channels, capas_picture *picture)
{
    size_t count = (size_t)reader->height * reader->width;
    uint8_t *pixels = capas_allocate(count, (size_t)channels);
    if (!pixels) return capas_fail_in("%s", reader->path);
    for (size_t i = 0; i < count; i++)
        convert_pixel(reader->pixels + i * (size_t)reader->channels, reader->channels, channels,
                      pixels + i * (size_t)channels);
    *picture = (capas_picture){(int)reader->height, (int)reader->width, channels, pixels};
    return CAPAS_OK;
}

static capas_status fail_no_png(const reader *reader)
{
    static const unsigned char jpeg[] = {0xFF, 0xD8, 0xFF};
    bool is_jpeg = reader->size >= 3 && memcmp(reader->data, jpeg, 3) == 0;
    return capas_fail(CAPAS_BAD_FILE, "%s is no PNG picture%s; convert it to PNG", reader->path,
                      is_jpeg            ? " but a JPEG"
                      : reader->size < 8 ? ": it is too short"
                                         : "");
}

static capas_status read_png(reader *reader, int channels, capas_picture *picture)
{
    if (reader->size < 8 || png_sig_cmp(reader->data, 0, 8) != 0) return fail_no_png(reader);
    capas_status status = decode(reader);
    if (status == CAPAS_OK) status = convert(reader, channels, picture);
    capas_release(reader->rows);
    capas_release(reader->pixels);
    if (reader->png) png_destroy_read_struct(&reader->png, &reader->info, NULL);
    return status;
}

static capas_status load_png(const char *path, int channels, capas_picture *picture)
{
    char *data;
    reader reader = {.path = path};
    CAPAS_TRY(capas_read_file(path, largest_file, &data, &reader.size));
    reader.data = (const unsigned char *)data;
    capas_status status = read_png(&reader, channels, picture);
    capas_release(data);
    return status;
}
#else
static capas_status load_png(const char *path, int channels, capas_picture *picture)
{
    (void)channels;
    (void)picture;
    return capas_fail(CAPAS_UNSUPPORTED,
                      "%s cannot be read: capas was built without PNG pictures; build it with "
                      "-DCAPAS_WITH_PNG=ON (package libpng-dev)",
                      path);
}
#endif

capas_status capas_load_picture(const char *path, int channels, capas_picture *picture)
{
    if (!path || !picture)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "the path of a picture is missing");
    *picture = (capas_picture){0};
    if (channels != 1 && channels != 3)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: channels must be 1 (gray) or 3 (RGB), found %d", path, channels);
    return load_png(path, channels, picture);
}
