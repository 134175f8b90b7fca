/* Files as a whole: read one with a limit on its size, write one so that nothing is ever lost. */
#ifndef CAPAS_BASE_FILE_H
#define CAPAS_BASE_FILE_H

#include "base/status.h"
#include <stddef.h>
#include <stdint.h>

/* Reads a whole file. *data (one more byte than *size, which is 0) belongs to the caller. A file
 * over `limit` bytes is refused. */
capas_status capas_read_file(const char *path, size_t limit, char **data, size_t *size);

/* Writes beside the file (path.tmp-PID), fsyncs, renames over it, fsyncs the folder. On failure the
 * old file is untouched and the new one is removed. */
capas_status capas_write_file(const char *path, const void *data, size_t size);

/* The same from several pieces, one after another, so that large ones need no second place in
 * memory. */
typedef struct capas_piece {
    const void *data;
    size_t size;
} capas_piece;
capas_status capas_write_pieces(const char *path, const capas_piece *pieces, size_t count);

/* The same without waiting for the disk: after a power cut the file may be there without its bytes.
 * For what is checked when it is read and can be made again. */
capas_status capas_write_in_passing(const char *path, const capas_piece *pieces, size_t count);

/* Removes the files that processes which are no more left beside `path` when they were killed while
 * writing it; with a folder and a "/" at its end, beside all files in it. */
void capas_remove_leftovers(const char *path);

/* Cuts a file, which is made when it is not there, to its first `length` bytes and writes more
 * behind them. What could not be written whole is cut off again. */
capas_status capas_extend_file(const char *path, int64_t length, const void *data, size_t size);

/* Bytes; 0 when there is no such file. */
int64_t capas_file_size(const char *path);

/* Makes a folder and those above it; one that exists is fine. */
capas_status capas_make_folder(const char *path);
/* The same for the folder that a file lies in. */
capas_status capas_make_folder_of(const char *path);

#endif
