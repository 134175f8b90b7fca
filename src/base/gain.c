/* The account of shared work, and the comparison; see gain.h. */
#include "base/gain.h"

/* So much may be lost before a pause, and so much of what was saved counts against it. An attempt
 * begins with helpers asleep, which on a virtual machine take some tenths of a millisecond to wake
 * and must not end it; a helper that the system stops for one of its slices does. */
static const int64_t most_lost = 1000000, most_saved = 1000000;

static const int64_t first_pause = 1000000, longest_pause = 250000000;

/* A turn's first part wakes the others and fills the caches; the rest is measured, and long enough
 * for some steps of a program whose regions, with what is between them, are not longer than this. */
enum { TURNS = 6, SETTLING_NS = 300000, TURN_NS = 700000, TURN_REGIONS = 64 };
static const int64_t longest_region = 100000;

static const int64_t first_interval = 200000000, longest_interval = 800000000;

static void begin_turn(capas_gain *gain, int turn)
{
    gain->turn = turn;
    gain->turn_begin = gain->regions = 0;
}

/* The comparison is over and says `alone`; comparisons that say the same become rare. */
static void decide(capas_gain *gain, int64_t now, bool alone)
{
    const bool same = alone == gain->small_alone && gain->interval > 0;
    gain->interval = same ? 2 * gain->interval : first_interval;
    if (gain->interval > longest_interval) gain->interval = longest_interval;
    gain->small_alone = alone;
    gain->next = now + gain->interval;
    gain->wins = 0;
    begin_turn(gain, 0);
}

/* A turn has lasted so long. */
static void end_turn(capas_gain *gain, int64_t now, int64_t measured)
{
    const int64_t each = measured / gain->regions;
    const bool shared = gain->turn % 2 == 1;
    if (each > longest_region) {
        decide(gain, now, false);
        return;
    }
    if (shared)
        gain->shared_ns = each;
    else if (each * 20 < gain->shared_ns * 19)
        gain->wins++;
    if (gain->turn == TURNS)
        decide(gain, now, gain->wins == TURNS / 2);
    else
        begin_turn(gain, gain->turn + 1);
}

/* A turn without the others that is far slower needs no end. */
static bool is_hopeless(const capas_gain *gain, int64_t measured)
{
    return gain->turn % 2 == 0 && gain->regions >= TURN_REGIONS / 4 &&
           measured * 4 > gain->regions * gain->shared_ns * 5;
}

/* Whether the others stay out of small regions. */
static bool compare(capas_gain *gain, int64_t now)
{
    if (gain->turn == 0) {
        if (now < gain->next) return gain->small_alone;
        begin_turn(gain, 1);
    }
    if (gain->turn_begin == 0) gain->turn_begin = now;
    const int64_t measured = now - gain->turn_begin - SETTLING_NS;
    if (measured >= 0) gain->regions++;
    if (is_hopeless(gain, measured))
        decide(gain, now, false);
    else if (measured >= TURN_NS && gain->regions >= TURN_REGIONS)
        end_turn(gain, now, measured);
    return gain->turn == 0 ? gain->small_alone : gain->turn % 2 == 0;
}

bool capas_gain_alone(capas_gain *gain, int64_t now)
{
    if (gain->alone_until > 0) {
        if (now < gain->alone_until) return true;
        gain->alone_until = 0;
        if (gain->turn > 0) decide(gain, now, gain->small_alone);
    }
    return compare(gain, now);
}

static void pause(capas_gain *gain, int64_t now)
{
    gain->pause = gain->pause == 0 ? first_pause : 2 * gain->pause;
    if (gain->pause > longest_pause) gain->pause = longest_pause;
    gain->alone_until = now + gain->pause;
    gain->balance = 0;
}

void capas_gain_add(capas_gain *gain, int64_t now, int own, int shards, int64_t working,
                    int64_t lost)
{
    /* Where nothing was left for the caller, all was done while it woke the others. */
    int64_t saved = own > 0 ? working / own * (shards - own) : 0;
    gain->balance += saved - lost;
    if (gain->balance < -most_lost) {
        pause(gain, now);
    } else if (gain->balance > most_saved) {
        gain->balance = most_saved;
        gain->pause = 0;
    }
}
