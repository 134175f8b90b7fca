/* The calls into the system that can fail, in one table, so that tests make each fail in turn. */
#ifndef CAPAS_BASE_SYSTEM_H
#define CAPAS_BASE_SYSTEM_H

#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct capas_system_calls {
    int (*create_thread)(pthread_t *thread, void *(*start)(void *), void *argument);
    ssize_t (*write)(int file, const void *data, size_t size);
    int (*fsync)(int file);
    int (*rename)(const char *from, const char *to);
    pid_t (*fork)(void);
} capas_system_calls;

/* The system's own at the start; a test may replace entries. */
extern capas_system_calls capas_system;

#endif
