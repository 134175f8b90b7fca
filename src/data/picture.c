/* Pictures from files: the format is told by the first bytes, its decoder hands the rows over, and
 * they are resized at once, or kept as a whole when the picture is wanted in its own size or must
 * be turned (EXIF). */
#include "data/picture.h"
#include "base/file.h"
#include "base/memory.h"
#include "data/picture_file.h"
#include "data/resize.h"
#include "training/trainer.h"
#include <math.h>
#include <string.h>

static const size_t largest_file = (size_t)256 << 20;

/* A picture on its way from a decoder. */
typedef struct loading {
    capas_picture_sink sink;
    const char *path;
    const capas_picture_options *options;
    capas_picture_info info; /* as it is stored */
    int channels;            /* of the result */
    int row;                 /* the next */
    capas_picture whole; /* upright when that is wanted; without pixels while rows are resized */
    capas_resizer resizer;
    bool resizing, describing; /* describing: only the header is wanted */
    uint8_t *line;             /* a row in the result's channels */
} loading;

/* Channels ----------------------------------------------------------------------------------------
 */

/* ITU-R 601's share of red, green and blue in 65536ths. */
static uint8_t gray_of(const uint8_t *rgb)
{
    return (uint8_t)((19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + 32768) >> 16);
}

static void convert_row(const uint8_t *row, int from, int width, int channels, uint8_t *line)
{
    const int colours = from < 3 ? 1 : 3, wanted = channels < 3 ? 1 : 3;
    for (int x = 0; x < width; x++, row += from, line += channels) {
        if (wanted == 1)
            line[0] = colours == 3 ? gray_of(row) : row[0];
        else
            for (int c = 0; c < 3; c++)
                line[c] = row[colours == 3 ? c : 0];
        if (channels > wanted) line[wanted] = from > colours ? row[colours] : 255;
    }
}

/* Rows --------------------------------------------------------------------------------------------
 */

/* Where the pixel at row y and column x of what is stored stands upright: EXIF's eight ways. */
static size_t place_of(const loading *loading, int y, int x)
{
    const int last_row = loading->info.height - 1, last_column = loading->info.width - 1;
    const int orientation = loading->options->upright ? loading->info.orientation : 1;
    const bool across =
        orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool down = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    if (across) x = last_column - x;
    if (down) y = last_row - y;
    if (orientation <= 4) return (size_t)y * (size_t)loading->info.width + (size_t)x;
    return (size_t)x * (size_t)loading->info.height + (size_t)y;
}

static void keep_row(loading *loading, const uint8_t *line)
{
    const size_t channels = (size_t)loading->channels;
    const int width = loading->info.width;
    if (!loading->options->upright || loading->info.orientation == 1) {
        memcpy(loading->whole.pixels + (size_t)loading->row * (size_t)width * channels, line,
               (size_t)width * channels);
        return;
    }
    for (int x = 0; x < width; x++)
        memcpy(loading->whole.pixels + place_of(loading, loading->row, x) * channels,
               line + (size_t)x * channels, channels);
}

static void take_row(capas_picture_sink *sink, const uint8_t *row)
{
    loading *loading = (struct loading *)sink;
    if (loading->info.channels != loading->channels) {
        convert_row(row, loading->info.channels, loading->info.width, loading->channels,
                    loading->line);
        row = loading->line;
    }
    if (loading->resizing)
        capas_resizer_take(&loading->resizer, row);
    else
        keep_row(loading, row);
    loading->row++;
}

static bool is_another_size(const capas_picture_options *options, int height, int width)
{
    return (options->height > 0 && options->height != height) ||
           (options->width > 0 && options->width != width);
}

static capas_status begin(capas_picture_sink *sink, const capas_picture_info *info)
{
    loading *loading = (struct loading *)sink;
    const capas_picture_options *options = loading->options;
    const bool turned = options->upright && info->orientation != 1;
    const bool lies = turned && info->orientation > 4;
    loading->info = *info;
    loading->channels = options->channels > 0 ? options->channels : info->channels;
    loading->whole = (capas_picture){.height = lies ? info->width : info->height,
                                     .width = lies ? info->height : info->width,
                                     .channels = loading->channels};
    loading->line = capas_allocate((size_t)info->width, (size_t)loading->channels);
    if (!loading->line) return capas_fail_in("%s", loading->path);
    if (loading->describing) return CAPAS_UNSUPPORTED; /* ends the decoding; load() knows */
    loading->resizing = !turned && is_another_size(options, info->height, info->width);
    if (loading->resizing) {
        if (capas_resizer_open(&loading->resizer, options, info->height, info->width,
                               loading->channels) == CAPAS_OK)
            return CAPAS_OK;
        loading->resizing = false;
        return capas_fail_in("%s", loading->path);
    }
    loading->whole.pixels =
        capas_allocate((size_t)info->height * (size_t)info->width, (size_t)loading->channels);
    return loading->whole.pixels ? CAPAS_OK : capas_fail_in("%s", loading->path);
}

/* Files -------------------------------------------------------------------------------------------
 */

capas_status capas_check_picture_size(const capas_picture_file *file, int64_t height, int64_t width)
{
    if (height >= 1 && width >= 1 && height <= CAPAS_PICTURE_SIDE && width <= CAPAS_PICTURE_SIDE &&
        height * width <= CAPAS_PICTURE_PIXELS)
        return CAPAS_OK;
    return capas_fail(CAPAS_BAD_FILE,
                      "%s says it is a picture of %lldx%lld pixels; pictures of 1 to %d pixels a "
                      "side and at most %d in all are read",
                      file->path, (long long)width, (long long)height, CAPAS_PICTURE_SIDE,
                      CAPAS_PICTURE_PIXELS);
}

/* What is no picture of ours may still be known. */
static capas_status fail_unknown(const capas_picture_file *file)
{
    static const struct {
        size_t at;
        const char *bytes, *name;
    } others[] = {{0, "GIF8", "a GIF"},      {0, "BM", "a BMP"},         {0, "II*", "a TIFF"},
                  {0, "MM", "a TIFF"},       {4, "ftypavif", "an AVIF"}, {4, "ftyp", "a HEIC"},
                  {0, "\x89HDF", "an HDF5"}, {0, "%PDF", "a PDF"}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const size_t length = strlen(others[i].bytes);
        if (file->size >= others[i].at + length &&
            memcmp(file->data + others[i].at, others[i].bytes, length) == 0)
            return capas_fail(CAPAS_BAD_FILE,
                              "%s is %s file; capas reads PNG, JPEG and WebP, convert it to PNG",
                              file->path, others[i].name);
    }
    return capas_fail(CAPAS_BAD_FILE,
                      "%s is no picture that capas reads (PNG, JPEG, WebP)%s; convert it to PNG",
                      file->path, file->size < 8 ? ": it is too short" : "");
}

static capas_status decode(const capas_picture_file *file, loading *loading)
{
    if (capas_is_png(file)) return capas_decode_png(file, &loading->sink);
    if (capas_is_jpeg(file)) return capas_decode_jpeg(file, &loading->sink);
    if (capas_is_webp(file)) return capas_decode_webp(file, &loading->sink);
    return fail_unknown(file);
}

static void close_loading(loading *loading)
{
    capas_release(loading->line);
    capas_release(loading->whole.pixels);
    if (loading->resizing) capas_resizer_close(&loading->resizer);
}

/* Decoded: either `whole` has the picture, or the resizer its rows. */
static capas_status load(const char *path, const capas_picture_options *options, bool describing,
                         loading *loading)
{
    char *data;
    capas_picture_file file = {
        .path = path, .channels = options->channels, .fast_dct = options->fast_dct != 0};
    *loading = (struct loading){
        .sink = {begin, take_row}, .path = path, .options = options, .describing = describing};
    CAPAS_TRY(capas_read_file(path, largest_file, &data, &file.size));
    file.data = (const unsigned char *)data;
    capas_status status = decode(&file, loading);
    capas_release(data);
    if (describing && loading->line) status = CAPAS_OK;
    if (status != CAPAS_OK) close_loading(loading);
    return status;
}

/* Resizing what is there as a whole. */
static capas_status resize_whole(const capas_picture *picture, const capas_picture_options *options,
                                 capas_resizer *resizer)
{
    CAPAS_TRY(
        capas_resizer_open(resizer, options, picture->height, picture->width, picture->channels));
    const size_t stride = (size_t)picture->width * (size_t)picture->channels;
    for (int y = 0; y < picture->height; y++)
        capas_resizer_take(resizer, picture->pixels + (size_t)y * stride);
    return CAPAS_OK;
}

/* A picture that had to be turned first. */
static capas_status resize_turned(loading *loading)
{
    if (loading->resizing ||
        !is_another_size(loading->options, loading->whole.height, loading->whole.width))
        return CAPAS_OK;
    capas_status status = resize_whole(&loading->whole, loading->options, &loading->resizer);
    if (status != CAPAS_OK) return capas_fail_in("%s", loading->path);
    loading->resizing = true;
    return CAPAS_OK;
}

/* Decoded and as large as wanted: the resizer has it, or `whole` where its own size is. */
static capas_status load_resized(const char *path, const capas_picture_options *options,
                                 loading *loading)
{
    CAPAS_TRY(load(path, options, false, loading));
    capas_status status = resize_turned(loading);
    if (status != CAPAS_OK) close_loading(loading);
    return status;
}

/* Results -----------------------------------------------------------------------------------------
 */

static uint8_t nearest_level(float value)
{
    return (uint8_t)(fminf(fmaxf(value, 0), 255) + 0.5f);
}

static capas_status round_levels(const capas_resizer *resizer, capas_picture *picture)
{
    const capas_placement *placement = &resizer->placement;
    const size_t count = (size_t)placement->result_height * (size_t)placement->result_width *
                         (size_t)resizer->channels;
    float *levels = capas_allocate(count, sizeof *levels);
    uint8_t *pixels = capas_allocate(count, 1);
    if (!levels || !pixels) {
        capas_release(levels);
        capas_release(pixels);
        return CAPAS_NO_MEMORY;
    }
    capas_resizer_finish(resizer, levels);
    for (size_t i = 0; i < count; i++)
        pixels[i] = nearest_level(levels[i]);
    capas_release(levels);
    *picture = (capas_picture){placement->result_height, placement->result_width, resizer->channels,
                               pixels};
    return CAPAS_OK;
}

capas_status capas_picture_options_take(capas_picture_options *all,
                                        const capas_picture_options *given, const char *where)
{
    CAPAS_TRY(capas_copy_options(all, sizeof *all, given, where));
    if (all->channels < 0 || all->channels > 4)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: channels must be 1 (gray), 2 (gray and alpha), 3 (RGB) or 4 (RGB "
                          "and alpha), found %d",
                          where, all->channels);
    if (all->height < 0 || all->width < 0 || all->height > CAPAS_PICTURE_SIDE ||
        all->width > CAPAS_PICTURE_SIDE || (int64_t)all->height * all->width > CAPAS_PICTURE_PIXELS)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: a picture cannot be brought to %dx%d; each side must be 1 to %d, "
                          "with at most %d pixels in all",
                          where, all->height, all->width, CAPAS_PICTURE_SIDE, CAPAS_PICTURE_PIXELS);
    if (all->interpolation < 0 || all->interpolation > CAPAS_INTERPOLATE_MITCHELLCUBIC)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: there is no interpolation of the number %d",
                          where, (int)all->interpolation);
    if (all->crop_to_aspect_ratio && all->pad_to_aspect_ratio)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: crop_to_aspect_ratio and pad_to_aspect_ratio cannot both be true",
                          where);
    return CAPAS_OK;
}

static capas_status fail_missing(void)
{
    return capas_fail(CAPAS_INVALID_ARGUMENT, "the path of a picture is missing");
}

capas_status capas_describe_picture(const char *path, const capas_picture_options *options,
                                    capas_picture *picture)
{
    capas_picture_options all;
    loading loading;
    if (picture) *picture = (capas_picture){0};
    if (!path || !picture) return fail_missing();
    CAPAS_TRY(capas_picture_options_take(&all, options, path));
    CAPAS_TRY(load(path, &all, true, &loading));
    *picture = loading.whole;
    close_loading(&loading);
    return CAPAS_OK;
}

capas_status capas_load_picture_with(const char *path, const capas_picture_options *options,
                                     capas_picture *picture)
{
    capas_picture_options all;
    loading loading;
    if (picture) *picture = (capas_picture){0};
    if (!path || !picture) return fail_missing();
    CAPAS_TRY(capas_picture_options_take(&all, options, path));
    CAPAS_TRY(load_resized(path, &all, &loading));
    capas_status status = CAPAS_OK;
    if (loading.resizing) {
        status = round_levels(&loading.resizer, picture);
        if (status != CAPAS_OK) capas_fail_in("%s", path);
    } else {
        *picture = loading.whole;
        loading.whole.pixels = NULL;
    }
    close_loading(&loading);
    return status;
}

capas_status capas_load_picture_levels(const char *path, const capas_picture_options *options,
                                       float *levels)
{
    capas_picture_options all;
    loading loading;
    if (!path || !levels) return fail_missing();
    CAPAS_TRY(capas_picture_options_take(&all, options, path));
    if (all.channels == 0 || all.height == 0 || all.width == 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: height, width and channels must be said, found %dx%dx%d", path,
                          all.height, all.width, all.channels);
    CAPAS_TRY(load_resized(path, &all, &loading));
    if (loading.resizing) {
        capas_resizer_finish(&loading.resizer, levels);
    } else {
        const size_t count = (size_t)all.height * (size_t)all.width * (size_t)all.channels;
        for (size_t i = 0; i < count; i++)
            levels[i] = (float)loading.whole.pixels[i];
    }
    close_loading(&loading);
    return CAPAS_OK;
}

capas_status capas_load_picture(const char *path, int channels, capas_picture *picture)
{
    if (picture) *picture = (capas_picture){0};
    if (path && channels != 1 && channels != 3)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: channels must be 1 (gray) or 3 (RGB), found %d", path, channels);
    return capas_load_picture_as(path, picture, .channels = channels);
}

capas_status capas_resize_picture_with(const capas_picture *picture,
                                       const capas_picture_options *options, capas_picture *resized)
{
    capas_picture_options all;
    capas_resizer resizer;
    if (!picture || !picture->pixels || !resized)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "a picture to be resized is missing");
    CAPAS_TRY(capas_picture_options_take(&all, options, "picture"));
    if (all.channels != 0 && all.channels != picture->channels)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "picture: resizing keeps the %d channels, found %d in the options",
                          picture->channels, all.channels);
    CAPAS_TRY(resize_whole(picture, &all, &resizer));
    capas_status status = round_levels(&resizer, resized);
    capas_resizer_close(&resizer);
    return status;
}

capas_status capas_resize_picture(const capas_picture *picture, int height, int width,
                                  capas_picture *resized)
{
    if (height < 1 || width < 1)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "a picture cannot be resized to %dx%d; each side must be at least 1",
                          height, width);
    const capas_picture_options options = {
        .struct_size = sizeof options, .height = height, .width = width, .antialias = 1};
    return capas_resize_picture_with(picture, &options, resized);
}
