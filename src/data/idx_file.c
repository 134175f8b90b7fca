/* Reading one IDX file through zlib, which takes plain files as they are. The header is trusted
 * only as far as the file's size allows, so that a damaged one cannot ask for much memory. Bytes
 * are unpacked straight to where they stay; the checksum of one piece is made while the next is
 * unpacked. */
#include "data/idx_file.h"
#include "base/pool.h"
#include "data/sha256.h"
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PIECE = 1 << 20, INPUT_BUFFER = 1 << 17, MOST_DEFLATE_GAINS = 1032, LARGEST_DIM = 65535 };

static const int64_t largest_size = INT64_C(1) << 33;

static capas_status fail_reading(const capas_idx_file *file)
{
    int error = Z_OK;
    gzerror(file->stream, &error);
    if (error == Z_ERRNO && errno == EISDIR)
        return capas_fail(CAPAS_NO_FILE, "%s is a folder; a file was expected", file->path);
    if (error == Z_ERRNO)
        return capas_fail(CAPAS_BAD_FILE, "%s: reading failed: %s", file->path, strerror(errno));
    if (error == Z_MEM_ERROR)
        return capas_fail(CAPAS_NO_MEMORY, "%s: no memory to unpack it", file->path);
    return capas_fail(CAPAS_BAD_FILE, "%s: the gzip data is damaged; get the file again",
                      file->path);
}

static capas_status fail_truncated(const capas_idx_file *file, int64_t got, int64_t wanted)
{
    return capas_fail(CAPAS_BAD_FILE,
                      "%s is truncated: it ends after %" PRId64 " of %" PRId64
                      " bytes; get the file again",
                      file->path, got, wanted);
}

static bool is_there(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0;
}

/* The plain file wins over the gzipped one. */
static capas_status find_file(capas_idx_file *file, const char *folder, const char *name)
{
    static const char *const endings[] = {"", ".gz"};
    for (int i = 0; i < 2; i++) {
        int length = snprintf(file->path, sizeof file->path, "%s/%s%s", folder, name, endings[i]);
        if (length < 0 || (size_t)length >= sizeof file->path)
            return capas_fail(CAPAS_INVALID_ARGUMENT, "the data folder's path is too long");
        if (is_there(file->path)) return CAPAS_OK;
    }
    if (!is_there(folder))
        return capas_fail(CAPAS_NO_FILE, "the data folder %s is not there", folder);
    return capas_fail(CAPAS_NO_FILE, "%s: there is neither %s nor %s.gz in this folder", folder,
                      name, name);
}

static capas_status open_stream(capas_idx_file *file)
{
    errno = 0;
    file->stream = gzopen(file->path, "rbe");
    if (!file->stream && errno == 0)
        return capas_fail(CAPAS_NO_MEMORY, "%s: no memory to unpack it", file->path);
    if (!file->stream)
        return capas_fail(CAPAS_NO_FILE, "%s cannot be opened: %s", file->path, strerror(errno));
    gzbuffer(file->stream, INPUT_BUFFER);
    return CAPAS_OK;
}

/* As many bytes as there are, at most `size`; negative when the gzip data is damaged. */
static int64_t read_some(capas_idx_file *file, uint8_t *bytes, int64_t size)
{
    int64_t got = 0;
    while (got < size) {
        int64_t take = size - got < PIECE ? size - got : PIECE;
        int count = gzread(file->stream, bytes + got, (unsigned)take);
        if (count < 0) return -1;
        if (count == 0) break;
        got += count;
    }
    return got;
}

static uint32_t word_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static capas_status check_magic(const capas_idx_file *file)
{
    uint32_t magic = word_at(file->header), expected = 0x0800u + (uint32_t)file->rank;
    if (magic == expected) return CAPAS_OK;
    const char *what = file->rank == 1 ? "labels" : "pictures";
    return capas_fail(CAPAS_BAD_FILE,
                      "%s is no IDX file of %s: it begins with 0x%08" PRIx32 ", and 0x%08" PRIx32
                      " (%" PRIu32 ") was expected",
                      file->path, what, magic, expected, expected);
}

/* How many bytes the file can hold at most. */
static int64_t most_bytes(const capas_idx_file *file)
{
    struct stat found;
    if (stat(file->path, &found) != 0) return 0;
    return gzdirect(file->stream) ? found.st_size
                                  : ((int64_t)found.st_size + 1) * MOST_DEFLATE_GAINS;
}

static capas_status check_dims(capas_idx_file *file)
{
    file->size = 1;
    for (int i = 0; i < file->rank; i++) {
        file->dims[i] = word_at(file->header + 4 + 4 * i);
        if (file->dims[i] == 0)
            return capas_fail(CAPAS_BAD_FILE, "%s holds nothing: dimension %d is 0", file->path, i);
        if ((i > 0 && file->dims[i] > LARGEST_DIM) || file->dims[i] > largest_size / file->size)
            return capas_fail(CAPAS_BAD_FILE,
                              "%s: dimension %d is %" PRId64
                              ", which is too large; is it an IDX file?",
                              file->path, i, file->dims[i]);
        file->size *= file->dims[i];
    }
    int64_t most = most_bytes(file), wanted = file->size + 4 + 4 * file->rank;
    return wanted <= most ? CAPAS_OK : fail_truncated(file, most, wanted);
}

static capas_status read_header(capas_idx_file *file)
{
    int64_t size = 4 + 4 * file->rank;
    int64_t got = read_some(file, file->header, size);
    if (got < 0) return fail_reading(file);
    if (got >= 4) CAPAS_TRY(check_magic(file));
    if (got < size) return fail_truncated(file, got, size);
    return check_dims(file);
}

capas_status capas_idx_open(capas_idx_file *file, const char *folder, const char *name, int rank)
{
    memset(file, 0, sizeof *file);
    file->rank = rank;
    CAPAS_TRY(find_file(file, folder, name));
    CAPAS_TRY(open_stream(file));
    capas_status status = read_header(file);
    if (status != CAPAS_OK) capas_idx_close(file);
    return status;
}

void capas_idx_close(capas_idx_file *file)
{
    if (file->stream) gzclose(file->stream);
    file->stream = NULL;
}

/* Reading and hashing, a piece apart. */
typedef struct reading {
    capas_idx_file *file;
    uint8_t *bytes;
    int64_t unpacked, hashed; /* bytes done */
    int64_t piece, got;       /* asked for in this region, and come; negative: damaged */
    capas_sha256 sum;
} reading;

static void read_or_hash(void *context, int shard, int worker)
{
    reading *reading = context;
    (void)worker;
    if (shard == 0)
        reading->got = read_some(reading->file, reading->bytes + reading->unpacked, reading->piece);
    else
        capas_sha256_add(&reading->sum, reading->bytes + reading->hashed,
                         (size_t)(reading->unpacked - reading->hashed));
}

/* Unpacks one piece while the piece before it is hashed. */
static capas_status read_piece(reading *reading, bool hash)
{
    const capas_idx_file *file = reading->file;
    int64_t left = file->size - reading->unpacked;
    reading->piece = left < PIECE ? left : PIECE;
    capas_parallel(hash ? 2 : 1, 2, read_or_hash, reading);
    if (reading->got < 0) return fail_reading(file);
    reading->hashed = reading->unpacked;
    reading->unpacked += reading->got;
    if (reading->got == reading->piece) return CAPAS_OK;
    int64_t header = 4 + 4 * file->rank;
    return fail_truncated(file, header + reading->unpacked, header + file->size);
}

/* Asking for one more byte also makes zlib compare its own checksum. */
static capas_status check_end(capas_idx_file *file)
{
    uint8_t more;
    int64_t got = read_some(file, &more, 1);
    int error = Z_OK;
    gzerror(file->stream, &error);
    if (got < 0) return fail_reading(file);
    if (error == Z_BUF_ERROR)
        return capas_fail(CAPAS_BAD_FILE, "%s is truncated: its end is missing; get the file again",
                          file->path);
    if (got == 0) return CAPAS_OK;
    return capas_fail(CAPAS_BAD_FILE,
                      "%s is longer than the %" PRId64 " bytes that its header announces",
                      file->path, file->size + 4 + 4 * file->rank);
}

static capas_status check_sum(reading *reading, const char *expected)
{
    char found[CAPAS_SHA256_TEXT];
    capas_sha256_add(&reading->sum, reading->bytes + reading->hashed,
                     (size_t)(reading->unpacked - reading->hashed));
    capas_sha256_finish(&reading->sum, found);
    if (strcmp(found, expected) == 0) return CAPAS_OK;
    return capas_fail(CAPAS_BAD_FILE,
                      "%s is not the published file: its SHA-256 is %.8s..., and %.8s... was "
                      "expected; get it again, or name its folder to use it as it is",
                      reading->file->path, found, expected);
}

capas_status capas_idx_read(capas_idx_file *file, uint8_t *bytes, const char *sum)
{
    reading reading = {.file = file, .bytes = bytes};
    capas_sha256_start(&reading.sum);
    capas_sha256_add(&reading.sum, file->header, (size_t)(4 + 4 * file->rank));
    while (reading.unpacked < file->size)
        CAPAS_TRY(read_piece(&reading, sum != NULL));
    CAPAS_TRY(check_end(file));
    return sum ? check_sum(&reading, sum) : CAPAS_OK;
}
