/* MT19937 by Matsumoto and Nishimura, seeded by one number as their init_genrand does, and numpy's
 * legacy shuffle: from the last on, each is exchanged with one before it or itself, drawn by
 * throwing away what is too large under a mask. */
#include "data/numpy_shuffle.h"

enum { STATE = 624, SHIFT = 397 };

typedef struct twister {
    uint32_t state[STATE];
    int used;
} twister;

static void seed_twister(twister *twister, uint32_t seed)
{
    for (uint32_t i = 0; i < STATE; i++) {
        twister->state[i] = seed;
        seed = 1812433253u * (seed ^ seed >> 30) + i + 1;
    }
    twister->used = STATE;
}

static void twist(twister *twister)
{
    uint32_t *state = twister->state;
    for (int i = 0; i < STATE; i++) {
        const uint32_t joined = (state[i] & 0x80000000u) | (state[(i + 1) % STATE] & 0x7fffffffu);
        state[i] = state[(i + SHIFT) % STATE] ^ joined >> 1 ^ (joined & 1 ? 0x9908b0dfu : 0);
    }
    twister->used = 0;
}

static uint32_t draw(twister *twister)
{
    if (twister->used == STATE) twist(twister);
    uint32_t drawn = twister->state[twister->used++];
    drawn ^= drawn >> 11;
    drawn ^= drawn << 7 & 0x9d2c5680u;
    drawn ^= drawn << 15 & 0xefc60000u;
    return drawn ^ drawn >> 18;
}

/* 0 to `most`, all alike. */
static uint32_t draw_to(twister *twister, uint32_t most)
{
    uint32_t mask = most, drawn;
    for (int shift = 1; shift < 32; shift *= 2)
        mask |= mask >> shift;
    do
        drawn = draw(twister) & mask;
    while (drawn > most);
    return drawn;
}

void capas_numpy_shuffle(int64_t *order, int64_t count, uint32_t seed)
{
    twister twister;
    seed_twister(&twister, seed);
    for (int64_t i = 0; i < count; i++)
        order[i] = i;
    for (int64_t i = count - 1; i > 0; i--) {
        const uint32_t other = draw_to(&twister, (uint32_t)i);
        const int64_t kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}
