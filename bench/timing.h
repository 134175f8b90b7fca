/* How long a call takes, for the programs that measure: of those within some seconds. */
#ifndef CAPAS_BENCH_TIMING_H
#define CAPAS_BENCH_TIMING_H

#include "base/clock.h"
#include <capas/status.h>
#include <stdlib.h>

enum { TIMING_WARM_CALLS = 3, TIMING_LEAST_CALLS = 3, TIMING_MOST_CALLS = 1 << 20 };

typedef struct timing {
    double median, fastest; /* seconds of a call */
    int calls;              /* that were counted */
} timing;

typedef double timing_clock(void); /* seconds; capas_seconds, or */

/* what the process has computed, whoever else ran meanwhile. */
static inline double timing_processor_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline int timing_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Calls `call` some times, and then for about `seconds`, and says what its calls took. */
static inline capas_status timing_of(capas_status (*call)(void *context), void *context,
                                     double seconds, timing_clock *clock, timing *result)
{
    double *times = malloc(TIMING_MOST_CALLS * sizeof *times), began = 0;
    capas_status status = times != NULL ? CAPAS_OK : CAPAS_NO_MEMORY;
    int calls = -TIMING_WARM_CALLS;
    while (status == CAPAS_OK && calls < TIMING_MOST_CALLS) {
        double start = clock();
        if (calls == 0) began = start;
        if (calls >= TIMING_LEAST_CALLS && start - began >= seconds) break;
        status = call(context);
        if (calls >= 0) times[calls] = clock() - start;
        calls++;
    }
    if (status == CAPAS_OK) {
        qsort(times, (size_t)calls, sizeof *times, timing_compare);
        *result = (timing){times[calls / 2], times[0], calls};
    }
    free(times);
    return status;
}

#endif
