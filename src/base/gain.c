/* The account of shared work; see gain.h. */
#include "base/gain.h"

/* So much may be lost before a pause, and so much of what was saved counts against it. An attempt
 * begins with helpers asleep, which on a virtual machine take some tenths of a millisecond to wake
 * and must not end it; a helper that the system stops for one of its slices does. */
static const int64_t most_lost = 1000000, most_saved = 1000000;

static const int64_t first_pause = 1000000, longest_pause = 250000000;

bool capas_gain_alone(capas_gain *gain, int64_t now)
{
    if (gain->alone_until == 0) return false;
    if (now < gain->alone_until) return true;
    gain->alone_until = 0;
    return false;
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
