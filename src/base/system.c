/* The table of system calls as it is outside tests. */
#include "base/system.h"
#include <stdio.h>
#include <unistd.h>

static int create_thread(pthread_t *thread, void *(*start)(void *), void *argument)
{
    return pthread_create(thread, NULL, start, argument);
}

capas_system_calls capas_system = {
    .create_thread = create_thread,
    .write = write,
    .fsync = fsync,
    .rename = rename,
    .fork = fork,
};
