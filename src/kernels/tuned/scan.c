/* The scan over vectors: lanes along the units, products those of the tuned dense layers
 * (kernels/scan_cell.h). Activations whose slope must be kept are the plain kernel's. */
#include "kernels/tuned/dense_outer.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/kernels.h"
#include "kernels/tuned/math.h"

#include "kernels/scan_parts.h"

typedef float scan_real;
typedef vfloat scan_lane;
enum { SCAN_WIDTH = CAPAS_VECTOR };

#define SCAN_DENSE_FORWARD   CAPAS_TUNED(capas_dense_forward)
#define scan_outer           capas_outer
#define scan_outer_workspace capas_outer_workspace

CAPAS_INLINE vfloat lane_zero(void)
{
    return v_zero();
}

CAPAS_INLINE vfloat lane_load(const float *p, int count)
{
    return v_load_some(p, count);
}

CAPAS_INLINE void lane_store(float *p, vfloat lane, int count)
{
    v_store_some(p, lane, count);
}

CAPAS_INLINE vfloat lane_value(capas_activation activation, vfloat x)
{
    if (activation != CAPAS_HARD_SIGMOID) return v_activate(activation, x);
    return v_min(v_set(6.0f), v_max(v_zero(), x + 3.0f)) / 6.0f;
}

CAPAS_INLINE vfloat lane_slope(capas_activation activation, vfloat y)
{
    if (activation != CAPAS_HARD_SIGMOID) return v_activate_back(activation, y, v_set(1.0f));
    return v_select((y > 0.0f) & (y < 1.0f), v_set(1.0f / 6.0f), v_zero());
}

/* Of none that is accepted. */
CAPAS_INLINE vfloat lane_slope_of_input(capas_activation activation, vfloat x)
{
    (void)activation;
    return x;
}

#include "kernels/scan_backward.h"
#include "kernels/scan_forward.h"

static bool accepts(const void *problem)
{
    const capas_scan_problem *p = problem;
    return p->tile > 0 && p->tile % 16 == 0 && capas_scan_slopes(p) == 0;
}

CAPAS_TUNED_KERNEL(scan_forward, "panels", accepts, scan_forward_workspace, scan_forward);
CAPAS_TUNED_KERNEL(scan_backward, "panels", accepts, scan_backward_workspace, scan_backward);
