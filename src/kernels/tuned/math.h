/* exp, expm1, log, tanh, the sigmoid and the activations over vectors: the formulas and polynomials
 * of kernels/math.h, step by step and without fused multiply-add, so that an element has the same
 * bits here, in the plain kernels and in any lane. */
#ifndef CAPAS_KERNELS_TUNED_MATH_H
#define CAPAS_KERNELS_TUNED_MATH_H

#include "kernels/math.h"
#include "kernels/tuned/vector.h"
#include <capas/options.h>

/* x = k ln 2 + r; e^x = 2^k (1 + r + r^2 P(r)), the 2^k put into the exponent. */
CAPAS_INLINE vfloat v_exp(vfloat x)
{
    const uint32_t rounder = 0x4b400000u; /* CAPAS_ROUNDER's bits */
    vfloat shifted = x * CAPAS_LOG2_E + CAPAS_ROUNDER;
    vfloat k = shifted - CAPAS_ROUNDER;
    vfloat r = (x - k * CAPAS_LN2_HIGH) - k * CAPAS_LN2_LOW;
    vfloat y = (CAPAS_EXP_POLYNOMIAL(r) * (r * r) + r) + 1.0f;
    y = (vfloat)((vuint)y + (((vuint)shifted - rounder) << 23));
    y = v_select(x < CAPAS_EXP_LOWEST, v_zero(), y);
    y = v_select(x > CAPAS_EXP_HIGHEST, v_set(HUGE_VALF), y);
    return v_select(x == x, y, x);
}

CAPAS_INLINE vfloat v_expm1(vfloat x)
{
    vfloat small = CAPAS_EXP_POLYNOMIAL(x) * (x * x) + x;
    return v_select((x > -0.34f) & (x < 0.34f), small, v_exp(x) - 1.0f);
}

/* x = 2^e (1 + f), sqrt(1/2) <= 1 + f < sqrt(2); ln x = e ln 2 + f - f^2 / 2 + f^3 P(f). */
CAPAS_INLINE vfloat v_log(vfloat x)
{
    const uint32_t root = 0x3f3504f3u; /* sqrt(1/2) */
    vuint bits = (vuint)x - root;
    vfloat e = v_from_int((vint)bits >> 23);
    vfloat f = (vfloat)((bits & 0x7fffffu) + root) - 1.0f;
    vfloat z = f * f;
    vfloat y = (CAPAS_LOG_POLYNOMIAL(f) * f) * z;
    y = y + e * CAPAS_LN2_LOW;
    y = y - 0.5f * z;
    y = (f + y) + e * CAPAS_LN2_HIGH;
    y = v_select(x < 1.17549435e-38f, v_set(-HUGE_VALF), y);
    y = v_select(x < 0.0f, v_set(NAN), y);
    return v_select(x <= 3.40282347e38f, y, x); /* infinity and NaN stay */
}

/* x + x^3 P(x^2) when small, otherwise 1 - 2 / (e^(2|x|) + 1) with the sign of x. */
CAPAS_INLINE vfloat v_tanh(vfloat x)
{
    vfloat size = v_abs(x);
    vfloat z = size * size;
    vfloat small = CAPAS_TANH_POLYNOMIAL(z) * (z * size) + size;
    vfloat large = 1.0f - 2.0f / (v_exp(size + size) + 1.0f);
    vfloat y = v_select(size < CAPAS_TANH_SMALL, small, large);
    return (vfloat)((vint)y | ((vint)x & INT32_MIN));
}

CAPAS_INLINE vfloat v_sigmoid(vfloat x)
{
    return 1.0f / (1.0f + v_exp(-x));
}

#define CAPAS_VECTOR_SELU_SCALE       1.0507009873554804934f
#define CAPAS_VECTOR_SELU_SCALE_ALPHA ((float)(1.0507009873554804934 * 1.6732632423543772848))

/* y = f(x). Written so that a constant activation leaves only its own branch. */
CAPAS_INLINE vfloat v_activate(capas_activation activation, vfloat x)
{
    switch (activation) {
    case CAPAS_RELU:
        return v_max(v_zero(), x); /* keeps a NaN */
    case CAPAS_SIGMOID:
        return v_sigmoid(x);
    case CAPAS_TANH:
        return v_tanh(x);
    case CAPAS_ELU:
        return v_select(x > 0.0f, x, v_expm1(x));
    case CAPAS_SELU:
        return v_select(x > 0.0f, CAPAS_VECTOR_SELU_SCALE * x,
                        CAPAS_VECTOR_SELU_SCALE_ALPHA * v_expm1(x));
    case CAPAS_RELU6:
        return v_min(v_set(6.0f), v_max(v_zero(), x));
    default:
        break;
    }
    return x;
}

/* dy times the slope of the activation, seen from its value y. */
CAPAS_INLINE vfloat v_activate_back(capas_activation activation, vfloat y, vfloat dy)
{
    switch (activation) {
    case CAPAS_RELU:
        return dy * v_select(y > 0.0f, v_set(1.0f), v_zero());
    case CAPAS_SIGMOID:
        return dy * (y * (1.0f - y));
    case CAPAS_TANH:
        return dy * (1.0f - y * y);
    case CAPAS_ELU:
        return dy * v_select(y >= 0.0f, v_set(1.0f), y + 1.0f);
    case CAPAS_SELU:
        return dy * v_select(y >= 0.0f, v_set(CAPAS_VECTOR_SELU_SCALE),
                             y + CAPAS_VECTOR_SELU_SCALE_ALPHA);
    case CAPAS_RELU6:
        return dy * v_select((vint)((y <= 0.0f) | (y >= 6.0f)), v_zero(), v_set(1.0f));
    default:
        break;
    }
    return dy;
}

#endif
