/* What pictures are like as a whole: range, mean and deviation of their scaled levels. They travel
 * with a model, so that data scaled otherwise are noticed. */
#ifndef CAPAS_DATA_STATISTICS_H
#define CAPAS_DATA_STATISTICS_H

#include <capas/model.h>

enum { CAPAS_LEVELS = 256 };

/* How often each level occurs. */
void capas_count_levels(const uint8_t *bytes, int64_t count, int64_t levels[CAPAS_LEVELS]);

/* Of bytes that were counted, each byte * scale + offset. Fills all of `statistics`; at least one
 * level must occur. */
void capas_describe_levels(const int64_t levels[CAPAS_LEVELS], double scale, double offset,
                           capas_preprocessing *statistics);

#endif
