/* Reading a zip archive. Sizes are looked at before memory is asked for; libzip compares each
 * entry's checksum at its end. */
#include "base/memory.h"
#include "files/archive.h"

#if CAPAS_WITH_KERAS_FILES
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

struct capas_archive {
    zip_t *zip;
    char *path;
};

/* Says what is there instead, when it can be recognised. */
static capas_status fail_no_zip(const char *path)
{
    unsigned char start[4] = {0};
    FILE *file = fopen(path, "rbe");
    size_t got = file ? fread(start, 1, sizeof start, file) : 0;
    if (file) fclose(file);
    if (got == 4 && memcmp(start, "PK\3\4", 4) == 0)
        return capas_fail(CAPAS_BAD_FILE,
                          "%s is truncated: it begins as a .keras file, but its end is missing",
                          path);
    return capas_fail(CAPAS_BAD_FILE,
                      "%s is no file of Keras: it is neither a zip archive (.keras) nor HDF5 (.h5)",
                      path);
}

static capas_status fail_open(const char *path, int code)
{
    struct stat found;
    if (stat(path, &found) != 0)
        return capas_fail(CAPAS_NO_FILE, "%s cannot be opened: %s", path, strerror(errno));
    if (S_ISDIR(found.st_mode))
        return capas_fail(CAPAS_NO_FILE, "%s is a folder; a model's file was expected", path);
    if (code == ZIP_ER_OPEN || code == ZIP_ER_READ)
        return capas_fail(CAPAS_NO_FILE, "%s cannot be opened for reading", path);
    if (code == ZIP_ER_MEMORY) return capas_fail(CAPAS_NO_MEMORY, "%s: no memory to open it", path);
    return fail_no_zip(path);
}

capas_archive *capas_archive_open(const char *path)
{
    int code = 0;
    capas_archive *archive = capas_allocate_zeroed(1, sizeof *archive);
    if (!archive) return NULL;
    archive->path = capas_copy_string(path);
    if (archive->path) archive->zip = zip_open(path, ZIP_RDONLY, &code);
    if (archive->zip) return archive;
    if (archive->path) fail_open(path, code);
    capas_archive_close(archive);
    return NULL;
}

void capas_archive_close(capas_archive *archive)
{
    if (!archive) return;
    if (archive->zip) zip_discard(archive->zip);
    capas_release(archive->path);
    capas_release(archive);
}

const char *capas_archive_name(const capas_archive *archive, size_t index)
{
    return zip_get_name(archive->zip, index, 0);
}

bool capas_archive_has(const capas_archive *archive, const char *name)
{
    return zip_name_locate(archive->zip, name, 0) >= 0;
}

static capas_status entry_size(const capas_archive *archive, const char *name, size_t limit,
                               size_t *size)
{
    zip_stat_t stat;
    if (zip_stat(archive->zip, name, 0, &stat) != 0 || !(stat.valid & ZIP_STAT_SIZE))
        return capas_fail(CAPAS_BAD_FILE, "%s is no .keras file: it holds no %s", archive->path,
                          name);
    if (stat.size > limit)
        return capas_fail(CAPAS_BAD_FILE,
                          "%s: %s has %llu bytes, which is more than the %zu that can be right",
                          archive->path, name, (unsigned long long)stat.size, limit);
    *size = (size_t)stat.size;
    return CAPAS_OK;
}

/* One more byte is asked for than there may be: at the end libzip compares the checksum. */
static bool read_whole(zip_file_t *file, char *data, size_t size)
{
    size_t got = 0;
    for (;;) {
        zip_int64_t more = zip_fread(file, data + got, size + 1 - got);
        if (more < 0 || got + (size_t)more > size) return false;
        if (more == 0) break;
        got += (size_t)more;
    }
    data[size] = '\0';
    return got == size;
}

capas_status capas_archive_read(capas_archive *archive, const char *name, size_t limit, char **data,
                                size_t *size)
{
    *data = NULL;
    CAPAS_TRY(entry_size(archive, name, limit, size));
    char *memory = capas_allocate(*size + 1, 1);
    if (!memory) return capas_fail_in("%s", archive->path);
    zip_file_t *file = zip_fopen(archive->zip, name, 0);
    bool done = file && read_whole(file, memory, *size);
    if (file) zip_fclose(file);
    if (done) {
        *data = memory;
        return CAPAS_OK;
    }
    capas_release(memory);
    return capas_fail(CAPAS_BAD_FILE, "%s: %s in it is damaged; get the file again", archive->path,
                      name);
}
#endif
