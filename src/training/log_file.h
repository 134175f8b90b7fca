/* A text file that grows line by line while a model is trained: emptied at the first line unless it
 * is to be appended to, and cut back to where it stood when a training goes on from a checkpoint.
 */
#ifndef CAPAS_TRAINING_LOG_FILE_H
#define CAPAS_TRAINING_LOG_FILE_H

#include "base/status.h"
#include <capas/state.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct capas_log_file {
    const char *owner; /* the callback's class, constant */
    char *path;        /* released by capas_log_file_close */
    bool append;
    bool started;   /* a line was written in this training */
    int64_t length; /* then: of what is ours or was there before */
} capas_log_file;

/* The first three are the caller's, `path` borrowed; it is copied. */
capas_status capas_log_file_open(capas_log_file *file);
void capas_log_file_close(capas_log_file *file);

/* When a training begins: makes the file when there is none, so that one that cannot be written is
 * told before the work. What is in it stays for now. */
capas_status capas_log_file_begin(capas_log_file *file);
/* Whether it holds nothing that stays. */
bool capas_log_file_is_empty(const capas_log_file *file);
capas_status capas_log_file_put(capas_log_file *file, const char *text, size_t size);

capas_status capas_log_file_save(const capas_log_file *file, capas_state *state);
capas_status capas_log_file_load(capas_log_file *file, const capas_state *state);

#endif
