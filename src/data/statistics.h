/* What pictures are like as a whole: range, mean and deviation of their scaled levels. They travel
 * with a model, so that data scaled otherwise are noticed. */
#ifndef CAPAS_DATA_STATISTICS_H
#define CAPAS_DATA_STATISTICS_H

#include <capas/model.h>

/* Of `count` levels, each byte * scale + offset. Fills all of `statistics`; `count` is at least 1.
 */
void capas_describe_bytes(const uint8_t *bytes, int64_t count, double scale, double offset,
                          capas_preprocessing *statistics);

#endif
