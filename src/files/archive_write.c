/* Writing a zip archive: built in memory by libzip, then handed to capas_write_file, which alone
 * touches the disk. */
#include "base/file.h"
#include "base/memory.h"
#include "files/archive.h"

#if CAPAS_WITH_KERAS_FILES
#include <zip.h>

enum {
    DOS_DATE = 1 << 5 | 1, /* 1980-01-01, the first that a zip can say */
    DOS_TIME = 0,
};

/* What a user's own file has: readable and writable by the owner. */
static const zip_uint32_t file_mode = 0600u << 16;

static capas_status fail_zip(const char *path, zip_error_t *error)
{
    capas_status status =
        zip_error_code_zip(error) == ZIP_ER_MEMORY ? CAPAS_NO_MEMORY : CAPAS_WRITE_FAILED;
    return capas_fail(status, "%s cannot be packed: %s", path, zip_error_strerror(error));
}

static bool add_entry(zip_t *zip, const capas_archive_entry *entry)
{
    zip_source_t *source = zip_source_buffer(zip, entry->data, entry->size, 0);
    if (!source) return false;
    zip_int64_t index = zip_file_add(zip, entry->name, source, ZIP_FL_ENC_GUESS);
    if (index < 0) {
        zip_source_free(source);
        return false;
    }
    zip_uint64_t i = (zip_uint64_t)index;
    return zip_set_file_compression(zip, i, ZIP_CM_STORE, 0) == 0 &&
           zip_file_set_dostime(zip, i, DOS_TIME, DOS_DATE, 0) == 0 &&
           zip_file_set_external_attributes(zip, i, 0, ZIP_OPSYS_UNIX, file_mode) == 0;
}

/* Fills `sink`, which stays the caller's. */
static capas_status pack(const char *path, zip_source_t *sink, const capas_archive_entry *entries,
                         size_t count)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_t *zip = zip_open_from_source(sink, ZIP_CREATE | ZIP_TRUNCATE, &error);
    if (!zip) return fail_zip(path, &error);
    zip_source_keep(sink);
    bool done = true;
    for (size_t i = 0; i < count && done; i++)
        done = add_entry(zip, &entries[i]);
    if (done && zip_close(zip) == 0) return CAPAS_OK;
    capas_status status = fail_zip(path, zip_get_error(zip));
    zip_discard(zip);
    return status;
}

static bool read_sink(zip_source_t *sink, void *data, zip_uint64_t size)
{
    if (zip_source_open(sink) != 0) return false;
    zip_int64_t got = zip_source_read(sink, data, size);
    zip_source_close(sink);
    return got >= 0 && (zip_uint64_t)got == size;
}

static capas_status write_sink(const char *path, zip_source_t *sink)
{
    zip_stat_t stat;
    if (zip_source_stat(sink, &stat) != 0 || !(stat.valid & ZIP_STAT_SIZE))
        return fail_zip(path, zip_source_error(sink));
    void *data = capas_allocate(stat.size, 1);
    if (!data) return capas_fail_in("%s", path);
    capas_status status = CAPAS_OK;
    if (!read_sink(sink, data, stat.size)) status = fail_zip(path, zip_source_error(sink));
    if (status == CAPAS_OK) status = capas_write_file(path, data, stat.size);
    capas_release(data);
    return status;
}

capas_status capas_archive_write(const char *path, const capas_archive_entry *entries, size_t count)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *sink = zip_source_buffer_create(NULL, 0, 0, &error);
    if (!sink) return fail_zip(path, &error);
    capas_status status = pack(path, sink, entries, count);
    if (status == CAPAS_OK) status = write_sink(path, sink);
    zip_source_free(sink);
    return status;
}
#endif
