/* The scan, plain: lanes are single numbers, products those of the plain dense layers
 * (kernels/scan_cell.h). */
#include "kernels/scan.h"
#include "kernels/elementwise.h"
#include "kernels/plain/activation.h"
#include "kernels/plain/activation_of_input.h"

typedef capas_real scan_real, scan_lane;
enum { SCAN_WIDTH = 1 };

#define SCAN_DENSE_FORWARD CAPAS_PLAIN(capas_dense_forward_plain)

static void scan_outer(const void *problem, const void *arguments)
{
    CAPAS_PLAIN(capas_dense_backward_plain).run(problem, arguments);
}

static size_t scan_outer_workspace(const void *problem)
{
    return capas_kernel_workspace(&CAPAS_PLAIN(capas_dense_backward_plain), problem);
}

static inline scan_lane lane_zero(void)
{
    return 0;
}

static inline scan_lane lane_load(const scan_real *p, int count)
{
    (void)count;
    return *p;
}

static inline void lane_store(scan_real *p, scan_lane lane, int count)
{
    (void)count;
    *p = lane;
}

static inline scan_lane lane_value(capas_activation activation, scan_lane x)
{
    return capas_activation_reads_input(activation) ? activated_of(activation, x).value
                                                    : activation_value(activation, x);
}

static inline scan_lane lane_slope(capas_activation activation, scan_lane y)
{
    if (activation != CAPAS_HARD_SIGMOID) return activation_slope(activation, y);
    return y > 0 && y < 1 ? (capas_real)1 / 6 : 0;
}

static inline scan_lane lane_slope_of_input(capas_activation activation, scan_lane x)
{
    return capas_activation_reads_input(activation)
               ? activated_of(activation, x).slope
               : activation_slope(activation, activation_value(activation, x));
}

#include "kernels/scan_backward.h"
#include "kernels/scan_forward.h"

CAPAS_PLAIN_KERNEL(scan_forward, scan_forward_workspace, scan_forward);
CAPAS_PLAIN_KERNEL(scan_backward, scan_backward_workspace, scan_backward);
