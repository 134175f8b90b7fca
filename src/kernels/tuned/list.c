/* The tuned kernels of one level, in order of preference within their family. libcapas-predict.a
 * has those alone that predict, and is to stay small: Winograd's way, which is large where vectors
 * are short, is left out for SSE2, for processors before 2013. */
#include "kernels/tuned/kernels.h"

#if CAPAS_PREDICTION_HALF && CAPAS_VECTOR == 4 && !defined(__ARM_NEON)
#define CAPAS_NO_WINOGRAD 1
#endif

static const capas_kernel *const kernels[] = {
    &CAPAS_TUNED(capas_conv_forward_windows),
#if !CAPAS_NO_WINOGRAD
    &CAPAS_TUNED(capas_conv_forward_winograd),
#endif
    &CAPAS_TUNED(capas_conv_forward_points),
    &CAPAS_TUNED(capas_conv_forward_direct),
    &CAPAS_TUNED(capas_conv_forward_depthwise),
    &CAPAS_TUNED(capas_conv_forward_groups),
    &CAPAS_TUNED(capas_conv_forward_phases),
    &CAPAS_TUNED(capas_dense_forward),
    &CAPAS_TUNED(capas_pool_forward),
    &CAPAS_TUNED(capas_activate_forward),
    &CAPAS_TUNED(capas_softmax_forward),
    &CAPAS_TUNED(capas_rectify_forward),
    &CAPAS_TUNED(capas_normalise_forward),
    &CAPAS_TUNED(capas_standardise_forward),
    &CAPAS_TUNED(capas_combine_forward),
    &CAPAS_TUNED(capas_combine_forward_rows),
    &CAPAS_TUNED(capas_affine),
    &CAPAS_TUNED(capas_scan_forward),
#if CAPAS_PREDICTION_HALF && !CAPAS_NO_WINOGRAD
    &CAPAS_TUNED(capas_conv_backward_input),
#endif
#if !CAPAS_PREDICTION_HALF
    &CAPAS_TUNED(capas_conv_backward_few),
    &CAPAS_TUNED(capas_conv_backward_live),
    &CAPAS_TUNED(capas_conv_backward_depthwise),
    &CAPAS_TUNED(capas_conv_backward_groups),
    &CAPAS_TUNED(capas_conv_backward_phases),
    &CAPAS_TUNED(capas_dense_backward),
    &CAPAS_TUNED(capas_pool_backward),
    &CAPAS_TUNED(capas_activate_backward),
    &CAPAS_TUNED(capas_softmax_backward),
    &CAPAS_TUNED(capas_rectify_backward),
    &CAPAS_TUNED(capas_normalise_backward),
    &CAPAS_TUNED(capas_standardise_backward),
    &CAPAS_TUNED(capas_combine_backward),
    &CAPAS_TUNED(capas_combine_backward_rows),
    &CAPAS_TUNED(capas_dropout),
    &CAPAS_TUNED(capas_warp),
    &CAPAS_TUNED(capas_scan_backward),
    &CAPAS_TUNED(capas_loss),
    &CAPAS_TUNED(capas_update),
#endif
};

/* Kernels of one family stand together. */
const capas_kernel *const *CAPAS_TUNED(capas_tuned_kernels)(capas_kernel_family family,
                                                            size_t *count)
{
    const size_t all = sizeof kernels / sizeof kernels[0];
    size_t begin = 0, end;
    while (begin < all && kernels[begin]->family != family)
        begin++;
    for (end = begin; end < all && kernels[end]->family == family; end++)
        ;
    *count = end - begin;
    return kernels + begin;
}

const capas_kernel *CAPAS_TUNED(capas_tuned_kernel)(capas_kernel_family family, const void *problem)
{
    size_t count;
    const capas_kernel *const *of_family = CAPAS_TUNED(capas_tuned_kernels)(family, &count);
    for (size_t i = 0; i < count; i++)
        if (!of_family[i]->accepts || of_family[i]->accepts(problem)) return of_family[i];
    return NULL;
}
