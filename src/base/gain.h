/* Whether sharing work pays: an account of the time that a region's helpers saved its caller and of
 * what they cost it, by waking them and waiting for their last shards. Where threads do not get the
 * processors that are shown (other programs run on them, or a container grants less), a helper is
 * stopped with a shard in its hands, and the caller waits some milliseconds for microseconds of
 * work; where regions are small and far apart, waking costs more than the work. Then regions run in
 * their caller for a while: a millisecond, and twice as long each time that another attempt ends in
 * the same way, up to a quarter of a second.
 *
 * Only how long something takes is decided here, never a result. Times are nanoseconds of a clock
 * that does not go back; one caller at a time. */
#ifndef CAPAS_BASE_GAIN_H
#define CAPAS_BASE_GAIN_H

#include <stdbool.h>
#include <stdint.h>

/* All zero at the start. */
typedef struct capas_gain {
    int64_t balance;     /* saved less lost */
    int64_t pause;       /* the last one's length; 0 when sharing pays */
    int64_t alone_until; /* 0: shared work is wanted */
} capas_gain;

/* Whether the region that begins now is to run in its caller. */
bool capas_gain_alone(capas_gain *gain, int64_t now);

/* A shared region is over: the caller ran `own` of `shards` shards in `working`, and lost `lost`
 * with waking and waiting. */
void capas_gain_add(capas_gain *gain, int64_t now, int own, int shards, int64_t working,
                    int64_t lost);

#endif
