/* Files as a whole: reading one within a limit, making folders. Writing is in file_write.c. Formats
 * are not known here. */
#include "base/file.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct buffer {
    char *data;
    size_t size, capacity;
} buffer;

static capas_status fail_too_large(const char *path, size_t limit)
{
    return capas_fail(CAPAS_BAD_FILE, "%s: the file is larger than the %zu bytes allowed", path,
                      limit);
}

/* One more byte than is there is asked for, so that a file that fits exactly ends without growing,
 * and the 0 behind it has its place. */
static capas_status make_room(buffer *buffer, size_t expected)
{
    if (buffer->data && buffer->size + 1 < buffer->capacity) return CAPAS_OK;
    size_t capacity = buffer->capacity * 2;
    if (capacity < 4096) capacity = 4096;
    if (!buffer->data && expected > capacity - 2) capacity = expected + 2;
    char *data = capas_allocate(capacity, 1);
    if (!data) return CAPAS_NO_MEMORY;
    if (buffer->size > 0) memcpy(data, buffer->data, buffer->size);
    capas_release(buffer->data);
    buffer->data = data;
    buffer->capacity = capacity;
    return CAPAS_OK;
}

/* To the end, which for a pipe or /proc the size does not tell. */
static capas_status read_all(const char *path, int file, size_t expected, size_t limit,
                             buffer *buffer)
{
    for (;;) {
        CAPAS_TRY(make_room(buffer, expected));
        size_t room = buffer->capacity - buffer->size - 1;
        ssize_t got = read(file, buffer->data + buffer->size, room);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return capas_fail(CAPAS_BAD_FILE, "%s: reading failed: %m", path);
        if (got == 0) break;
        buffer->size += (size_t)got;
        if (buffer->size > limit) return fail_too_large(path, limit);
    }
    buffer->data[buffer->size] = '\0';
    return CAPAS_OK;
}

static capas_status read_open_file(const char *path, int file, size_t limit, buffer *buffer)
{
    struct stat found;
    if (fstat(file, &found) != 0) return capas_fail(CAPAS_NO_FILE, "%s: %m", path);
    if (S_ISDIR(found.st_mode))
        return capas_fail(CAPAS_NO_FILE, "%s is a folder; a file was expected", path);
    if (found.st_size > 0 && (uintmax_t)found.st_size > limit) return fail_too_large(path, limit);
    return read_all(path, file, found.st_size > 0 ? (size_t)found.st_size : 0, limit, buffer);
}

capas_status capas_read_file(const char *path, size_t limit, char **data, size_t *size)
{
    *data = NULL;
    *size = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return capas_fail(CAPAS_NO_FILE, "%s cannot be opened: %m", path);
    buffer buffer = {0};
    capas_status status = read_open_file(path, file, limit, &buffer);
    close(file);
    if (status != CAPAS_OK) {
        capas_release(buffer.data);
        return status;
    }
    *data = buffer.data;
    *size = buffer.size;
    return CAPAS_OK;
}

static bool is_folder(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

static capas_status make_one_folder(const char *path)
{
    if (mkdir(path, 0777) == 0) return CAPAS_OK;
    int error = errno; /* looking at what is there changes it */
    if (is_folder(path)) return CAPAS_OK;
    if (error == EEXIST)
        return capas_fail(CAPAS_WRITE_FAILED, "%s is a file; a folder was to be made there", path);
    errno = error;
    return capas_fail(CAPAS_WRITE_FAILED, "the folder %s cannot be made: %m", path);
}

capas_status capas_make_folder(const char *path)
{
    if (*path == '\0')
        return capas_fail(CAPAS_INVALID_ARGUMENT, "the folder to be made has no name");
    char *part = capas_copy_string(path);
    if (!part) return CAPAS_NO_MEMORY;
    capas_status status = CAPAS_OK;
    for (char *slash = strchr(part + 1, '/'); slash && status == CAPAS_OK;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        status = make_one_folder(part);
        *slash = '/';
    }
    if (status == CAPAS_OK) status = make_one_folder(part);
    capas_release(part);
    return status;
}

capas_status capas_make_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path) return CAPAS_OK;
    char *folder = capas_copy_memory(path, (size_t)(slash - path) + 1);
    if (!folder) return CAPAS_NO_MEMORY;
    folder[slash - path] = '\0';
    capas_status status = capas_make_folder(folder);
    capas_release(folder);
    return status;
}

int64_t capas_file_size(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 ? (int64_t)about.st_size : 0;
}
