/* The activations, one element at a time: the value, and the slope seen from the value. Softmax is
 * not one of them: it is over a row. */
#ifndef CAPAS_KERNELS_PLAIN_ACTIVATION_H
#define CAPAS_KERNELS_PLAIN_ACTIVATION_H

#include "kernels/plain/real.h"
#include <capas/options.h>

#define CAPAS_SELU_SCALE 1.0507009873554804934
#define CAPAS_SELU_ALPHA 1.6732632423543772848

/* y = f(x) */
static inline capas_real activation_value(capas_activation activation, capas_real x)
{
    const capas_real scale = (capas_real)CAPAS_SELU_SCALE;
    const capas_real scale_alpha = (capas_real)(CAPAS_SELU_SCALE * CAPAS_SELU_ALPHA);
    switch (activation) {
    case CAPAS_RELU:
        return x < 0 ? 0 : x; /* keeps a NaN */
    case CAPAS_SIGMOID:
        return CAPAS_PLAIN(capas_sigmoid)(x);
    case CAPAS_TANH:
        return CAPAS_PLAIN(capas_tanh)(x);
    case CAPAS_ELU:
        return x > 0 ? x : CAPAS_PLAIN(capas_expm1)(x);
    case CAPAS_SELU:
        return x > 0 ? scale * x : scale_alpha * CAPAS_PLAIN(capas_expm1)(x);
    case CAPAS_RELU6:
        return x <= 0 ? 0 : x >= 6 ? 6 : x;
    default:
        break;
    }
    return x;
}

/* dy/dx as a function of y; at the corner points as TensorFlow has it. */
static inline capas_real activation_slope(capas_activation activation, capas_real y)
{
    const capas_real scale = (capas_real)CAPAS_SELU_SCALE;
    const capas_real scale_alpha = (capas_real)(CAPAS_SELU_SCALE * CAPAS_SELU_ALPHA);
    switch (activation) {
    case CAPAS_RELU:
        return y > 0 ? 1 : 0;
    case CAPAS_SIGMOID:
        return y * (1 - y);
    case CAPAS_TANH:
        return 1 - y * y;
    case CAPAS_ELU:
        return y >= 0 ? 1 : y + 1;
    case CAPAS_SELU:
        return y >= 0 ? scale : y + scale_alpha;
    case CAPAS_RELU6:
        return y <= 0 || y >= 6 ? 0 : 1;
    default:
        break;
    }
    return 1;
}

#endif
