/* The multiply-add loop whose rate is the peak: independent chains in registers, enough of them to
 * hide the latency of one. Returns a number that depends on all of them, so that none is left out.
 */
#include "kernels/tuned/vector.h"
#include <stdint.h>

enum { CHAINS = CAPAS_VECTOR >= 8 ? 12 : 10 };

/* FLOPs of one turn of the loop. */
const int CAPAS_TUNED(capas_peak_flops) = 2 * CHAINS * CAPAS_VECTOR;

float CAPAS_TUNED(capas_peak_loop)(int64_t turns);
float CAPAS_TUNED(capas_peak_loop)(int64_t turns)
{
    vfloat chain[CHAINS], factor = v_set(0.999999f), step = v_set(1e-6f), sum = v_zero();
    CAPAS_UNROLL for (int i = 0; i < CHAINS; i++) chain[i] = v_set((float)i);
    for (int64_t t = 0; t < turns; t++)
        CAPAS_UNROLL for (int i = 0; i < CHAINS; i++) chain[i] = v_fma(chain[i], factor, step);
    CAPAS_UNROLL for (int i = 0; i < CHAINS; i++) sum += chain[i];
    return v_sum(sum);
}
