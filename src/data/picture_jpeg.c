/* JPEG through libjpeg-turbo: baseline and progressive; gray, YCbCr at every subsampling, RGB, CMYK
 * and YCCK. libjpeg reports errors by jumping: everything that outlives a jump is in `reader`, and
 * what jumps is called only from decode(). What it would print is kept: a warning of damaged data
 * goes to the log, as TensorFlow and Pillow accept such pictures, but one whose data end early is
 * refused. A progressive file keeps its coefficients in memory until its last scan has come. */
#include "base/memory.h"
#include "data/picture_file.h"
#include <stdio.h>
#include <string.h>

bool capas_is_jpeg(const capas_picture_file *file)
{
    return file->size >= 3 && memcmp(file->data, "\xFF\xD8\xFF", 3) == 0;
}

#if CAPAS_WITH_JPEG
#include <jpeglib.h>

#include <jerror.h>
#include <setjmp.h>

/* Scans cost time and no bytes: a progressive picture has about ten. */
enum { MOST_SCANS = 100, EXIF_SIZE = 0xFFFF, EXIF_NAME = 6 };

typedef struct reader {
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct jpeg;
    const capas_picture_file *file;
    capas_picture_sink *sink;
    jmp_buf failed;
    char message[JMSG_LENGTH_MAX], warning[JMSG_LENGTH_MAX];
    capas_status status; /* of the failure, when it is not the file's */
    uint8_t *row;
} reader;

static void on_error(j_common_ptr jpeg)
{
    reader *reader = jpeg->client_data;
    jpeg->err->format_message(jpeg, reader->message);
    if (jpeg->err->msg_code == JERR_OUT_OF_MEMORY)
        reader->status =
            capas_fail(CAPAS_NO_MEMORY, "%s: no memory to decode it", reader->file->path);
    longjmp(reader->failed, 1);
}

/* Below 0 are warnings, of which the first is kept. */
static void on_message(j_common_ptr jpeg, int level)
{
    reader *reader = jpeg->client_data;
    if (level >= 0) return;
    if (jpeg->err->msg_code == JWRN_JPEG_EOF || jpeg->err->msg_code == JWRN_HIT_MARKER)
        on_error(jpeg);
    if (jpeg->err->num_warnings++ == 0) jpeg->err->format_message(jpeg, reader->warning);
}

static void on_output(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void on_progress(j_common_ptr jpeg)
{
    reader *reader = jpeg->client_data;
    if (reader->jpeg.input_scan_number <= MOST_SCANS) return;
    snprintf(reader->message, sizeof reader->message, "it has more than %d scans", MOST_SCANS);
    longjmp(reader->failed, 1);
}

static void make_reader(reader *reader)
{
    reader->jpeg.err = jpeg_std_error(&reader->errors);
    reader->errors.error_exit = on_error;
    reader->errors.emit_message = on_message;
    reader->errors.output_message = on_output;
    reader->jpeg.client_data = reader;
    jpeg_create_decompress(&reader->jpeg);
    reader->progress.progress_monitor = on_progress;
    reader->jpeg.progress = &reader->progress;
    jpeg_mem_src(&reader->jpeg, reader->file->data, reader->file->size);
    jpeg_save_markers(&reader->jpeg, JPEG_APP0 + 1, EXIF_SIZE);
}

/* A failure of ours, on the way out of libjpeg's calls. */
static void check(reader *reader, capas_status status)
{
    if (status == CAPAS_OK) return;
    reader->status = status;
    longjmp(reader->failed, 1);
}

static int orientation_of(const reader *reader)
{
    const struct jpeg_marker_struct *marker = reader->jpeg.marker_list;
    for (; marker; marker = marker->next)
        if (marker->marker == JPEG_APP0 + 1 && marker->data_length > EXIF_NAME &&
            memcmp(marker->data, "Exif\0", EXIF_NAME) == 0)
            return capas_exif_orientation(marker->data + EXIF_NAME,
                                          marker->data_length - EXIF_NAME);
    return 1;
}

/* Four inks are turned into colours by us; libjpeg does the rest. */
static J_COLOR_SPACE colours_of(const reader *reader)
{
    const J_COLOR_SPACE stored = reader->jpeg.jpeg_color_space;
    if (stored == JCS_CMYK || stored == JCS_YCCK) return JCS_CMYK;
    return stored == JCS_GRAYSCALE || reader->file->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
}

static void read_header(reader *reader)
{
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;
    jpeg_read_header(jpeg, TRUE);
    check(reader, capas_check_picture_size(reader->file, jpeg->image_height, jpeg->image_width));
    jpeg->out_color_space = colours_of(reader);
    jpeg->dct_method = reader->file->fast_dct ? JDCT_IFAST : JDCT_ISLOW;
    const capas_picture_info info = {(int)jpeg->image_height, (int)jpeg->image_width,
                                     jpeg->out_color_space == JCS_GRAYSCALE ? 1 : 3,
                                     orientation_of(reader)};
    check(reader, reader->sink->begin(reader->sink, &info));
    jpeg_start_decompress(jpeg);
    reader->row = capas_allocate(jpeg->output_width, (size_t)jpeg->output_components);
    check(reader, reader->row ? CAPAS_OK : capas_fail_in("%s", reader->file->path));
}

/* What the inks leave of white. Adobe's files hold what they leave, not what they cover. */
static void colours_of_inks(uint8_t *row, size_t count, bool left)
{
    const uint8_t *inks = row;
    for (size_t i = 0; i < count; i++, inks += 4)
        for (int c = 0; c < 3; c++) {
            const int colour = left ? inks[c] : 255 - inks[c], key = left ? inks[3] : 255 - inks[3];
            row[3 * i + (size_t)c] = (uint8_t)(colour * key / 255);
        }
}

static void read_pixels(reader *reader)
{
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;
    while (jpeg->output_scanline < jpeg->output_height) {
        jpeg_read_scanlines(jpeg, &reader->row, 1);
        if (jpeg->out_color_space == JCS_CMYK)
            colours_of_inks(reader->row, jpeg->output_width, jpeg->saw_Adobe_marker);
        reader->sink->take(reader->sink, reader->row);
    }
}

static capas_status fail_damaged(const reader *reader)
{
    const size_t left = reader->jpeg.src ? reader->jpeg.src->bytes_in_buffer : 0;
    const size_t size = reader->file->size;
    return capas_fail(CAPAS_BAD_FILE,
                      "%s is a damaged JPEG picture: %s (row %u of %u, byte %zu of %zu)",
                      reader->file->path, reader->message, reader->jpeg.output_scanline,
                      reader->jpeg.image_height, left <= size ? size - left : size, size);
}

/* Nothing of this function's own is used after the jump. */
static capas_status decode(reader *reader)
{
    if (setjmp(reader->failed))
        return reader->status != CAPAS_OK ? reader->status : fail_damaged(reader);
    make_reader(reader);
    read_header(reader);
    read_pixels(reader);
    return CAPAS_OK;
}

capas_status capas_decode_jpeg(const capas_picture_file *file, capas_picture_sink *sink)
{
    reader reader = {.file = file, .sink = sink};
    capas_status status = decode(&reader);
    if (status == CAPAS_OK && reader.errors.num_warnings > 0)
        capas_warn("%s: part of the picture may be wrong: %s", file->path, reader.warning);
    jpeg_destroy_decompress(&reader.jpeg);
    capas_release(reader.row);
    return status;
}
#else
capas_status capas_decode_jpeg(const capas_picture_file *file, capas_picture_sink *sink)
{
    (void)sink;
    return capas_fail(CAPAS_UNSUPPORTED,
                      "%s cannot be read: capas was built without JPEG pictures; build it with "
                      "-DCAPAS_WITH_JPEG=ON (package libjpeg-dev)",
                      file->path);
}
#endif
