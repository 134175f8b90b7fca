/* Writing a file so that, whatever happens, either the old one or the new one is there: into a file
 * beside it, to the disk, and then renamed over it.
 *
 * A full disk, a quota or a broken pipe must come back as a status, so the signals that go with
 * them are held back from the thread while it writes. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/memory.h"
#include "base/system.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MOST_ATTEMPTS = 100, SUFFIX_SIZE = 48, GATHERED = 4096 };

/* SIGXFSZ and SIGPIPE, whose default is the end of the process. */
typedef struct held_signals {
    sigset_t both, before, pending;
} held_signals;

static void hold_signals(held_signals *held)
{
    sigemptyset(&held->both);
    sigaddset(&held->both, SIGXFSZ);
    sigaddset(&held->both, SIGPIPE);
    sigpending(&held->pending);
    pthread_sigmask(SIG_BLOCK, &held->both, &held->before);
}

/* Takes away those that our own writing raised, not those that waited before. */
static void drop_signals(const held_signals *held)
{
    const struct timespec at_once = {0, 0};
    sigset_t ours = held->both;
    if (sigismember(&held->pending, SIGXFSZ)) sigdelset(&ours, SIGXFSZ);
    if (sigismember(&held->pending, SIGPIPE)) sigdelset(&ours, SIGPIPE);
    while (sigtimedwait(&ours, NULL, &at_once) > 0)
        ;
    pthread_sigmask(SIG_SETMASK, &held->before, NULL);
}

/* What is to be written. */
typedef struct contents {
    const capas_piece *pieces;
    size_t count;
    bool lasting; /* on the disk before anything else happens */
} contents;

/* A file that is being written: small pieces are gathered, so that they are one call. */
typedef struct writer {
    const char *path;
    int file;
    size_t size, written, gathered;
    char room[GATHERED];
} writer;

static capas_status write_now(writer *writer, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t now = capas_system.write(writer->file, data, size);
        if (now < 0 && errno == EINTR) continue;
        if (now == 0) errno = ENOSPC; /* a device that takes no more */
        if (now <= 0)
            return capas_fail(CAPAS_WRITE_FAILED,
                              "%s could not be written: %m (%zu of %zu bytes were)", writer->path,
                              writer->written, writer->size);
        writer->written += (size_t)now;
        data += now;
        size -= (size_t)now;
    }
    return CAPAS_OK;
}

static capas_status write_gathered(writer *writer)
{
    size_t size = writer->gathered;
    writer->gathered = 0;
    return write_now(writer, writer->room, size);
}

static capas_status write_piece(writer *writer, const capas_piece *piece)
{
    if (piece->size > GATHERED - writer->gathered) CAPAS_TRY(write_gathered(writer));
    if (piece->size > GATHERED) return write_now(writer, piece->data, piece->size);
    if (piece->size > 0) memcpy(writer->room + writer->gathered, piece->data, piece->size);
    writer->gathered += piece->size;
    return CAPAS_OK;
}

static capas_status write_all(const char *path, int file, const contents *contents)
{
    writer writer = {.path = path, .file = file};
    for (size_t i = 0; i < contents->count; i++)
        writer.size += contents->pieces[i].size;
    for (size_t i = 0; i < contents->count; i++)
        CAPAS_TRY(write_piece(&writer, &contents->pieces[i]));
    return write_gathered(&writer);
}

/* The folder of a path, for fsync; a rename is on the disk only when its folder is. Where folders
 * cannot be opened or fsynced, there is nothing that could be done. */
static capas_status sync_folder(char *path)
{
    char *slash = strrchr(path, '/');
    const char *folder = slash == path ? "/" : slash ? path : ".";
    if (slash) *slash = '\0';
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (slash) *slash = '/';
    if (file < 0) return CAPAS_OK;
    capas_status status = CAPAS_OK;
    if (capas_system.fsync(file) != 0 && errno != EINVAL && errno != ENOTSUP)
        status =
            capas_fail(CAPAS_WRITE_FAILED,
                       "%s is written, but its folder could not be brought to the disk: %m", path);
    close(file);
    return status;
}

/* Opens a new file beside `path`; its name goes into `name`. One that is there may be another
 * thread's, or what a killed process left. */
static int open_beside(const char *path, char *name, size_t size)
{
    int file = -1;
    for (int attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
        int length = snprintf(name, size, "%s.tmp-%ld", path, (long)getpid());
        if (attempt > 1) snprintf(name + length, size - (size_t)length, "-%d", attempt);
        file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file >= 0 || errno != EEXIST) break;
    }
    return file;
}

/* Whether a file's name is one that open_beside gave, in a process that is no more or is this one;
 * beside `of`, or beside anything when that is empty. */
static bool is_leftover(const char *name, const char *of)
{
    static const char mark[] = ".tmp-";
    if (strncmp(name, of, strlen(of)) != 0) return false;
    const char *at = *of ? name + strlen(of) : strstr(name, mark);
    if (!at || strncmp(at, mark, sizeof mark - 1) != 0) return false;
    char *end;
    long process = strtol(at + sizeof mark - 1, &end, 10);
    if (process <= 0 || (*end != '\0' && *end != '-')) return false;
    return process == (long)getpid() || (kill((pid_t)process, 0) != 0 && errno == ESRCH);
}

void capas_remove_leftovers(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];
    if (!slash || (size_t)(slash - path) >= sizeof folder - 1) return;
    snprintf(folder, sizeof folder, "%.*s/", (int)(slash - path), path);
    DIR *open_folder = opendir(folder);
    if (!open_folder) return;
    for (const struct dirent *entry; (entry = readdir(open_folder));)
        if (is_leftover(entry->d_name, slash + 1)) unlinkat(dirfd(open_folder), entry->d_name, 0);
    closedir(open_folder);
}

static capas_status fill_and_close(const char *path, int file, const contents *contents)
{
    capas_status status = write_all(path, file, contents);
    if (status == CAPAS_OK && contents->lasting && capas_system.fsync(file) != 0)
        status = capas_fail(CAPAS_WRITE_FAILED, "%s could not be brought to the disk: %m", path);
    if (close(file) != 0 && status == CAPAS_OK)
        status = capas_fail(CAPAS_WRITE_FAILED, "%s could not be written: %m", path);
    return status;
}

static capas_status replace(char *path, const struct stat *old, const contents *contents)
{
    size_t room = strlen(path) + SUFFIX_SIZE;
    char *beside = capas_allocate(room, 1);
    if (!beside) return CAPAS_NO_MEMORY;
    capas_status status;
    int file = open_beside(path, beside, room);
    if (file < 0) {
        status = capas_fail(CAPAS_WRITE_FAILED, "%s could not be made: %m", beside);
        capas_release(beside);
        return status;
    }
    if (old && fchmod(file, old->st_mode & 07777) != 0)
        capas_note("%s: the mode of the old file could not be kept", path);
    status = fill_and_close(path, file, contents);
    if (status == CAPAS_OK && capas_system.rename(beside, path) != 0)
        status = capas_fail(CAPAS_WRITE_FAILED, "%s could not be renamed to %s: %m", beside, path);
    if (status != CAPAS_OK) unlink(beside);
    capas_release(beside);
    return status == CAPAS_OK && contents->lasting ? sync_folder(path) : status;
}

/* A pipe or a device: a rename would put a file in its place. */
static capas_status write_in_place(const char *path, const contents *contents)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return capas_fail(CAPAS_WRITE_FAILED, "%s cannot be opened: %m", path);
    capas_status status = write_all(path, file, contents);
    close(file);
    return status;
}

static bool is_link(const char *path)
{
    struct stat found;
    return lstat(path, &found) == 0 && S_ISLNK(found.st_mode);
}

static capas_status write_somewhere(const char *path, const contents *contents)
{
    struct stat old;
    bool exists = stat(path, &old) == 0;
    if (exists && S_ISDIR(old.st_mode))
        return capas_fail(CAPAS_WRITE_FAILED, "%s is a folder; a file was to be written there",
                          path);
    if (exists && !S_ISREG(old.st_mode)) return write_in_place(path, contents);
    char target[PATH_MAX];
    bool followed = is_link(path) && realpath(path, target);
    char *name = capas_copy_string(followed ? target : path);
    if (!name) return CAPAS_NO_MEMORY;
    capas_status status = replace(name, exists ? &old : NULL, contents);
    capas_release(name);
    return status;
}

static capas_status write_contents(const char *path, const contents *contents)
{
    held_signals held;
    hold_signals(&held);
    capas_status status = write_somewhere(path, contents);
    drop_signals(&held);
    return status;
}

capas_status capas_write_pieces(const char *path, const capas_piece *pieces, size_t count)
{
    return write_contents(path, &(contents){pieces, count, true});
}

capas_status capas_write_in_passing(const char *path, const capas_piece *pieces, size_t count)
{
    return write_contents(path, &(contents){pieces, count, false});
}

capas_status capas_write_file(const char *path, const void *data, size_t size)
{
    capas_piece piece = {data, size};
    return capas_write_pieces(path, &piece, 1);
}

capas_status capas_extend_file(const char *path, int64_t length, const void *data, size_t size)
{
    const capas_piece piece = {data, size};
    const contents contents = {&piece, 1, false};
    held_signals held;
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) return capas_fail(CAPAS_WRITE_FAILED, "%s cannot be opened to write: %m", path);
    hold_signals(&held);
    capas_status status = CAPAS_OK;
    bool placed = ftruncate(file, (off_t)length) == 0 && lseek(file, 0, SEEK_END) == length;
    if (!placed)
        status = capas_fail(CAPAS_WRITE_FAILED, "%s cannot be cut to %lld bytes: %m", path,
                            (long long)length);
    else
        status = write_all(path, file, &contents);
    if (placed && status != CAPAS_OK && ftruncate(file, (off_t)length) != 0)
        capas_fail_in("%s keeps a part of a line", path);
    drop_signals(&held);
    if (close(file) != 0 && status == CAPAS_OK)
        status = capas_fail(CAPAS_WRITE_FAILED, "%s could not be written: %m", path);
    return status;
}
