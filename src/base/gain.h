/* Whether sharing work pays: decided by two things that are measured on the way.
 *
 * An account of the time that a region's helpers saved its caller and of what they cost it, by
 * waking them and waiting for their last shards. Where threads do not get the processors that are
 * shown (other programs run on them, or a container grants less), a helper is stopped with a shard
 * in its hands, and the caller waits some milliseconds for microseconds of work; where regions are
 * small and far apart, waking costs more than the work. Then regions run in their caller for a
 * while: a millisecond, and twice as long each time that another attempt ends in the same way, up to
 * a quarter of a second.
 *
 * A comparison, for regions of a few microseconds: what the account cannot see is that each thread
 * must fetch from the other's cache what that one has written. Now and then some milliseconds are
 * worked with the others and without in turn; where regions follow each other faster without them,
 * each time, they stay out until a later comparison says otherwise.
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
    int64_t alone_until; /* 0: no pause */

    int turn;           /* of the comparison under way: odd ones are shared; 0: none is under way */
    int64_t turn_begin; /* 0: not known */
    int64_t regions;    /* begun in this turn, after its first part */
    int64_t shared_ns;  /* from region to region in the last shared turn */
    int wins;           /* turns without the others that were faster than the one before */
    bool small_alone;   /* what the last comparison said */
    int64_t interval, next; /* between comparisons, and when the next one is due */
} capas_gain;

/* Whether the region that begins now is to run in its caller. */
bool capas_gain_alone(capas_gain *gain, int64_t now);

/* A shared region is over: the caller ran `own` of `shards` shards in `working`, and lost `lost`
 * with waking and waiting. */
void capas_gain_add(capas_gain *gain, int64_t now, int own, int shards, int64_t working,
                    int64_t lost);

#endif
