/* Statistics of bytes by counting each level: exact, and the same for any number of threads. */
#include "data/statistics.h"
#include "base/pool.h"
#include <math.h>
#include <string.h>

enum { LEVELS = CAPAS_LEVELS, SHARDS = 16 };

typedef struct counting {
    const uint8_t *bytes;
    int64_t count;
    int64_t levels[SHARDS][LEVELS];
} counting;

/* Two tables in turn: runs of equal levels, as paper has them, do not wait for themselves. */
static void count_shard(void *context, int shard, int worker)
{
    counting *counting = context;
    (void)worker;
    int64_t even[LEVELS] = {0}, odd[LEVELS] = {0};
    int64_t first = counting->count * shard / SHARDS, end = counting->count * (shard + 1) / SHARDS;
    for (; first + 1 < end; first += 2) {
        even[counting->bytes[first]]++;
        odd[counting->bytes[first + 1]]++;
    }
    if (first < end) even[counting->bytes[first]]++;
    for (int i = 0; i < LEVELS; i++)
        counting->levels[shard][i] = even[i] + odd[i];
}

void capas_count_levels(const uint8_t *bytes, int64_t count, int64_t levels[CAPAS_LEVELS])
{
    counting counting = {.bytes = bytes, .count = count};
    capas_parallel(SHARDS, CAPAS_MAX_THREADS, count_shard, &counting);
    memset(levels, 0, CAPAS_LEVELS * sizeof *levels);
    for (int shard = 0; shard < SHARDS; shard++)
        for (int i = 0; i < LEVELS; i++)
            levels[i] += counting.levels[shard][i];
}

void capas_describe_levels(const int64_t levels[CAPAS_LEVELS], double scale, double offset,
                           capas_preprocessing *statistics)
{
    double count = 0, sum = 0, squares = 0, least = INFINITY, most = -INFINITY;
    for (int i = 0; i < LEVELS; i++) {
        if (levels[i] == 0) continue;
        double value = i * scale + offset;
        count += (double)levels[i];
        sum += (double)levels[i] * value;
        least = fmin(least, value);
        most = fmax(most, value);
    }
    double mean = sum / count;
    for (int i = 0; i < LEVELS; i++) {
        double distance = i * scale + offset - mean;
        squares += (double)levels[i] * distance * distance;
    }
    *statistics = (capas_preprocessing){.scale = scale,
                                        .offset = offset,
                                        .minimum = least,
                                        .maximum = most,
                                        .mean = mean,
                                        .deviation = sqrt(squares / count)};
}
