/* The tiles of dense weights (kernels/dense.h): how wide, and how many elements in all. */
#include "kernels/dense.h"

/* Widths are whole vectors of 16 floats; 112 are the seven accumulators that fit the registers
 * twice. Narrow tiles waste registers, so a matrix that needs several has them 64 wide or more. */
enum { CAPAS_TILE_UNIT = 16, CAPAS_TILE_LEAST = 64, CAPAS_TILE_MOST = 112 };

static int64_t rounded_up(int64_t count, int64_t unit)
{
    return (count + unit - 1) / unit * unit;
}

/* One tile when that is enough, otherwise the width with the least padding, the widest of equals.
 */
int capas_dense_tile(int64_t inputs, int64_t units)
{
    (void)units;
    if (inputs <= CAPAS_TILE_MOST) return (int)rounded_up(inputs > 0 ? inputs : 1, CAPAS_TILE_UNIT);
    int best = CAPAS_TILE_MOST;
    for (int tile = CAPAS_TILE_MOST; tile >= CAPAS_TILE_LEAST; tile -= CAPAS_TILE_UNIT)
        if (rounded_up(inputs, tile) < rounded_up(inputs, best)) best = tile;
    return best;
}

int64_t capas_dense_tiled_count(int64_t inputs, int64_t units)
{
    return units * rounded_up(inputs, capas_dense_tile(inputs, units));
}
