/* The clock for measuring how long something takes. */
#ifndef CAPAS_BASE_CLOCK_H
#define CAPAS_BASE_CLOCK_H

#include <time.h>

/* Seconds since some moment; never goes back. */
static inline double capas_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

#endif
