/* PNG through libpng. libpng reports errors by jumping: everything that outlives a jump is in
 * `reader`, and what jumps is called only from decode(). Its printing is off, its memory is ours,
 * and sizes are limited before anything is allocated. Everything becomes 8 bits a channel, of 16
 * the upper ones; palettes and transparent colours become channels. */
#include "base/memory.h"
#include "data/picture_file.h"
#include <stdio.h>
#include <string.h>

bool capas_is_png(const capas_picture_file *file)
{
    return file->size >= 8 && memcmp(file->data, "\x89PNG\r\n\x1A\n", 8) == 0;
}

#if CAPAS_WITH_PNG
#include <png.h>
#include <setjmp.h>

enum { LARGEST_CHUNK = 8 << 20, MOST_TEXTS = 100 };

typedef struct reader {
    const capas_picture_file *file;
    capas_picture_sink *sink;
    size_t used; /* bytes of the file */
    png_structp png;
    png_infop info;
    jmp_buf failed;
    char message[128];
    capas_status status; /* of the failure, when it is not the file's */
    int height, row;
    unsigned char *pixels, **rows; /* one row, or all of them when they come interlaced */
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
    if (!memory) reader->status = CAPAS_NO_MEMORY;
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
    if (size > reader->file->size - reader->used) png_error(png, "the file is truncated");
    memcpy(bytes, reader->file->data + reader->used, size);
    reader->used += size;
}

static void make_reader(reader *reader)
{
    reader->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning,
                                           reader, on_allocate, on_release);
    if (!reader->png) return;
    png_set_read_fn(reader->png, reader, on_read);
    png_set_user_limits(reader->png, CAPAS_PICTURE_SIDE, CAPAS_PICTURE_SIDE);
    png_set_chunk_malloc_max(reader->png, LARGEST_CHUNK);
    png_set_chunk_cache_max(reader->png, MOST_TEXTS);
    reader->info = png_create_info_struct(reader->png);
}

static int orientation_of(reader *reader)
{
#ifdef PNG_eXIf_SUPPORTED
    png_uint_32 size = 0;
    png_bytep exif = NULL;
    if (png_get_eXIf_1(reader->png, reader->info, &size, &exif) && exif)
        return capas_exif_orientation(exif, size);
#else
    (void)reader;
#endif
    return 1;
}

/* A failure of ours, on the way out of libpng's calls. */
static void check(reader *reader, capas_status status)
{
    if (status == CAPAS_OK) return;
    reader->status = status;
    longjmp(reader->failed, 1);
}

/* Returns how often the rows are gone through. */
static int read_header(reader *reader)
{
    png_read_info(reader->png, reader->info);
    const png_uint_32 height = png_get_image_height(reader->png, reader->info);
    const png_uint_32 width = png_get_image_width(reader->png, reader->info);
    check(reader, capas_check_picture_size(reader->file, height, width));
    png_set_expand(reader->png);
    png_set_strip_16(reader->png);
    const int passes = png_set_interlace_handling(reader->png);
    png_read_update_info(reader->png, reader->info);
    reader->height = (int)height;
    const capas_picture_info info = {(int)height, (int)width,
                                     png_get_channels(reader->png, reader->info),
                                     orientation_of(reader)};
    check(reader, reader->sink->begin(reader->sink, &info));
    return passes;
}

static void read_pixels(reader *reader, int passes)
{
    const size_t stride = png_get_rowbytes(reader->png, reader->info);
    const size_t kept = passes > 1 ? (size_t)reader->height : 1;
    reader->pixels = png_malloc(reader->png, stride * kept);
    reader->rows = png_malloc(reader->png, kept * sizeof *reader->rows);
    for (size_t y = 0; y < kept; y++)
        reader->rows[y] = reader->pixels + y * stride;
    if (passes > 1) png_read_image(reader->png, reader->rows);
    for (; reader->row < reader->height; reader->row++) {
        if (passes == 1) png_read_row(reader->png, reader->pixels, NULL);
        reader->sink->take(reader->sink, reader->rows[passes > 1 ? reader->row : 0]);
    }
    png_read_end(reader->png, NULL);
}

/* Nothing of this function's own is used after the jump. */
static capas_status decode(reader *reader)
{
    if (setjmp(reader->failed)) {
        if (reader->status == CAPAS_NO_MEMORY) return capas_fail_in("%s", reader->file->path);
        if (reader->status != CAPAS_OK) return reader->status;
        return capas_fail(CAPAS_BAD_FILE,
                          "%s is a damaged PNG picture: %s (row %d of %d, byte %zu of %zu)",
                          reader->file->path, reader->message, reader->row, reader->height,
                          reader->used, reader->file->size);
    }
    make_reader(reader);
    if (!reader->png || !reader->info) {
        reader->status = CAPAS_NO_MEMORY;
        return capas_fail(CAPAS_NO_MEMORY, "%s: no memory to decode it", reader->file->path);
    }
    read_pixels(reader, read_header(reader));
    return CAPAS_OK;
}

capas_status capas_decode_png(const capas_picture_file *file, capas_picture_sink *sink)
{
    reader reader = {.file = file, .sink = sink};
    capas_status status = decode(&reader);
    capas_release(reader.rows);
    capas_release(reader.pixels);
    if (reader.png) png_destroy_read_struct(&reader.png, &reader.info, NULL);
    return status;
}
#else
capas_status capas_decode_png(const capas_picture_file *file, capas_picture_sink *sink)
{
    (void)sink;
    return capas_fail(CAPAS_UNSUPPORTED,
                      "%s cannot be read: capas was built without PNG pictures; build it with "
                      "-DCAPAS_WITH_PNG=ON (package libpng-dev)",
                      file->path);
}
#endif
