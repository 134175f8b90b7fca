/* Where an axis has its marks, and what is written there. */
#ifndef CAPAS_REPORT_TICKS_H
#define CAPAS_REPORT_TICKS_H

#include <stdbool.h>
#include <stddef.h>

enum { CAPAS_MOST_TICKS = 16 };

typedef struct capas_tick_list {
    double values[CAPAS_MOST_TICKS];
    int count;
    double step; /* 1, 2 or 5 times a power of ten; 0: there is one tick */
} capas_tick_list;

/* The round numbers from `low` to `high`, at most `most` of them (2 to CAPAS_MOST_TICKS); whole:
 * only integers. At least one: `low` itself when the range is empty or holds none. */
capas_tick_list capas_ticks(double low, double high, int most, bool whole);

/* With as many decimals as tell one tick from the next; very large and small ones as 2e6. */
const char *capas_tick_text(double value, double step, char *text, size_t size);

#endif
