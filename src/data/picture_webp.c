/* WebP through libwebp, still pictures: decoded as a whole and handed on row by row. */
#include "base/memory.h"
#include "data/picture_file.h"
#include <string.h>

bool capas_is_webp(const capas_picture_file *file)
{
    return file->size >= 12 && memcmp(file->data, "RIFF", 4) == 0 &&
           memcmp(file->data + 8, "WEBP", 4) == 0;
}

#if CAPAS_WITH_WEBP
#include <webp/decode.h>

static const char *describe(VP8StatusCode code)
{
    switch (code) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
        return "the file is truncated";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return "it uses a feature that libwebp does not know";
    case VP8_STATUS_BITSTREAM_ERROR:
        return "its data are no WebP stream";
    default:
        return "libwebp refuses it";
    }
}

static capas_status fail(const capas_picture_file *file, VP8StatusCode code)
{
    if (code == VP8_STATUS_OUT_OF_MEMORY)
        return capas_fail(CAPAS_NO_MEMORY, "%s: no memory to decode it", file->path);
    return capas_fail(CAPAS_BAD_FILE, "%s is a damaged WebP picture: %s (of %zu bytes)", file->path,
                      describe(code), file->size);
}

static size_t little_endian(const unsigned char *bytes)
{
    return bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
}

/* The chunks behind "RIFF....WEBP" are a name, a size and so many bytes, made even. */
static int orientation_of(const capas_picture_file *file)
{
    for (size_t at = 12; file->size >= 8 && at <= file->size - 8;) {
        const unsigned char *chunk = file->data + at;
        const size_t size = little_endian(chunk + 4), left = file->size - at - 8;
        if (size > left) break;
        if (memcmp(chunk, "EXIF", 4) == 0) {
            const size_t name = size > 6 && memcmp(chunk + 8, "Exif\0", 6) == 0 ? 6 : 0;
            return capas_exif_orientation(chunk + 8 + name, size - name);
        }
        at += 8 + size + size % 2;
    }
    return 1;
}

static capas_status read_pixels(const capas_picture_file *file, const capas_picture_info *info,
                                WebPDecoderConfig *config, capas_picture_sink *sink)
{
    const size_t stride = (size_t)info->width * (size_t)info->channels;
    uint8_t *pixels = capas_allocate((size_t)info->height, stride);
    if (!pixels) return capas_fail_in("%s", file->path);
    config->output.colorspace = info->channels == 4 ? MODE_RGBA : MODE_RGB;
    config->output.is_external_memory = 1;
    config->output.u.RGBA.rgba = pixels;
    config->output.u.RGBA.stride = (int)stride;
    config->output.u.RGBA.size = (size_t)info->height * stride;
    const VP8StatusCode code = WebPDecode(file->data, file->size, config);
    capas_status status = code == VP8_STATUS_OK ? CAPAS_OK : fail(file, code);
    for (int y = 0; status == CAPAS_OK && y < info->height; y++)
        sink->take(sink, pixels + (size_t)y * stride);
    WebPFreeDecBuffer(&config->output);
    capas_release(pixels);
    return status;
}

capas_status capas_decode_webp(const capas_picture_file *file, capas_picture_sink *sink)
{
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return capas_fail(CAPAS_UNSUPPORTED, "%s: libwebp is of another version than its header",
                          file->path);
    const VP8StatusCode code = WebPGetFeatures(file->data, file->size, &config.input);
    if (code != VP8_STATUS_OK) return fail(file, code);
    if (config.input.has_animation)
        return capas_fail(CAPAS_UNSUPPORTED,
                          "%s is a WebP animation; save one of its pictures as a file of its own",
                          file->path);
    const capas_picture_info info = {config.input.height, config.input.width,
                                     config.input.has_alpha ? 4 : 3, orientation_of(file)};
    CAPAS_TRY(capas_check_picture_size(file, info.height, info.width));
    CAPAS_TRY(sink->begin(sink, &info));
    return read_pixels(file, &info, &config, sink);
}
#else
capas_status capas_decode_webp(const capas_picture_file *file, capas_picture_sink *sink)
{
    (void)sink;
    return capas_fail(CAPAS_UNSUPPORTED,
                      "%s cannot be read: capas was built without WebP pictures; build it with "
                      "-DCAPAS_WITH_WEBP=ON (package libwebp-dev)",
                      file->path);
}
#endif
