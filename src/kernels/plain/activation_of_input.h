/* The activations whose slope is seen from the input alone, one element at a time
 * (keras-semantics 2.1). */
#ifndef CAPAS_KERNELS_PLAIN_ACTIVATION_OF_INPUT_H
#define CAPAS_KERNELS_PLAIN_ACTIVATION_OF_INPUT_H

#include "kernels/plain/real.h"
#include <capas/options.h>
#include <math.h>

/* A value, and its slope. */
typedef struct activated {
    capas_real value, slope;
} activated;

static inline capas_real softplus_of(capas_real x)
{
    const capas_real size = x < 0 ? -x : x;
    return (x < 0 ? 0 : x) + CAPAS_PLAIN(capas_log)(1 + CAPAS_PLAIN(capas_exp)(-size));
}

/* x between low and high; flat at the ends and beyond when `open`, at the ends still steep when
 * not. */
static inline activated clamped(capas_real x, capas_real low, capas_real high, bool open)
{
    if (open ? x <= low : x < low) return (activated){low, 0};
    if (open ? x >= high : x > high) return (activated){high, 0};
    return (activated){x, 1};
}

static inline activated hard_sigmoid_of(capas_real x)
{
    const activated a = clamped(x + 3, 0, 6, true);
    return (activated){a.value / 6, a.slope / 6};
}

static inline activated silu_of(capas_real x)
{
    const capas_real s = CAPAS_PLAIN(capas_sigmoid)(x);
    return (activated){x * s, s + x * s * (1 - s)};
}

/* x Phi(x), Phi the normal distribution; the slope is Phi(x) + x phi(x) */
static inline activated gelu_of(capas_real x)
{
    const double phi = 0.3989422804014327 * exp(-0.5 * (double)x * x);
    const double below = 0.5 * (1 + erf((double)x * 0.7071067811865476));
    return (activated){(capas_real)(x * below), (capas_real)(below + x * phi)};
}

/* x / 2 (1 + tanh(u)), u = sqrt(2 / pi) (x + 0.044715 x^3) */
static inline activated gelu_approximate_of(capas_real x)
{
    const capas_real root = (capas_real)0.7978845608028654, cubic = (capas_real)0.044715;
    const capas_real t = CAPAS_PLAIN(capas_tanh)(root * (x + cubic * x * x * x));
    const capas_real steepness = root * (1 + 3 * cubic * x * x);
    return (activated){x * (1 + t) / 2, (1 + t + x * (1 - t * t) * steepness) / 2};
}

static inline activated mish_of(capas_real x)
{
    const capas_real t = CAPAS_PLAIN(capas_tanh)(softplus_of(x));
    return (activated){x * t, t + x * (1 - t * t) * CAPAS_PLAIN(capas_sigmoid)(x)};
}

static inline activated soft_shrink_of(capas_real x)
{
    const capas_real edge = (capas_real)0.5;
    if (x > edge) return (activated){x - edge, 1};
    return x < -edge ? (activated){x + edge, 1} : (activated){x != x ? x : 0, 0};
}

static inline activated sparse_plus_of(capas_real x)
{
    if (x <= -1) return (activated){0, 0};
    return x < 1 ? (activated){(x + 1) * (x + 1) / 4, (x + 1) / 2} : (activated){x, 1};
}

static inline activated sparse_sigmoid_of(capas_real x)
{
    const activated a = clamped(x, -1, 1, true);
    return (activated){(a.value + 1) / 2, a.slope / 2};
}

static inline activated squareplus_of(capas_real x)
{
    const capas_real root = capas_real_sqrt(x * x + 4);
    return (activated){(x + root) / 2, (1 + x / root) / 2};
}

static inline activated activated_of(capas_activation activation, capas_real x)
{
    const capas_real size = x < 0 ? -x : x;
    switch (activation) {
    case CAPAS_LEAKY_RELU:
        return x > 0 ? (activated){x, 1} : (activated){(capas_real)0.2 * x, (capas_real)0.2};
    case CAPAS_EXPONENTIAL:
        return (activated){CAPAS_PLAIN(capas_exp)(x), CAPAS_PLAIN(capas_exp)(x)};
    case CAPAS_SOFTPLUS:
        return (activated){softplus_of(x), CAPAS_PLAIN(capas_sigmoid)(x)};
    case CAPAS_SOFTSIGN:
        return (activated){x / (1 + size), 1 / ((1 + size) * (1 + size))};
    case CAPAS_SILU:
        return silu_of(x);
    case CAPAS_GELU:
        return gelu_of(x);
    case CAPAS_MISH:
        return mish_of(x);
    case CAPAS_HARD_SIGMOID:
        return hard_sigmoid_of(x);
    case CAPAS_HARD_SILU: {
        const activated h = hard_sigmoid_of(x);
        return (activated){x * h.value, h.value + x * h.slope};
    }
    case CAPAS_HARD_TANH:
        return clamped(x, -1, 1, false);
    case CAPAS_TANH_SHRINK: {
        const capas_real t = CAPAS_PLAIN(capas_tanh)(x);
        return (activated){x - t, t * t};
    }
    case CAPAS_SOFT_SHRINK:
        return soft_shrink_of(x);
    case CAPAS_HARD_SHRINK:
        return size <= (capas_real)0.5 ? (activated){0, 0} : (activated){x, 1};
    case CAPAS_SQUAREPLUS:
        return squareplus_of(x);
    case CAPAS_LOG_SIGMOID:
        return (activated){-softplus_of(-x), CAPAS_PLAIN(capas_sigmoid)(-x)};
    case CAPAS_CELU:
        return x > 0 ? (activated){x, 1}
                     : (activated){CAPAS_PLAIN(capas_expm1)(x), CAPAS_PLAIN(capas_exp)(x)};
    case CAPAS_GELU_APPROXIMATE:
        return gelu_approximate_of(x);
    case CAPAS_SPARSE_PLUS:
        return sparse_plus_of(x);
    case CAPAS_SPARSE_SIGMOID:
        return sparse_sigmoid_of(x);
    default:
        return (activated){x, 1};
    }
}

#endif
