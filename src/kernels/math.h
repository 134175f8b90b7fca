/* exp, expm1, log, tanh and the sigmoid in float, our own: the same bits on every machine, whatever
 * the element's place in a vector. Products and sums are rounded one by one (no fused
 * multiply-add), so that tuned code that repeats them over vectors agrees with the plain kernels.
 *
 * Errors in last bits: exp and log 1, tanh 1.2, sigmoid 2.2, expm1 3.3. Denormals count as 0, in
 * and out, as in every parallel region. Infinities and NaN are as in C's library. The double
 * versions are the C library's. The polynomials (after S. Moshier's Cephes) are macros, because
 * they serve scalars and vectors alike. */
#ifndef CAPAS_KERNELS_MATH_H
#define CAPAS_KERNELS_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* ln 2 in two parts; the first has so few bits that k times it is exact. */
#define CAPAS_LN2_HIGH 0.693359375f
#define CAPAS_LN2_LOW  -2.12194440e-4f
#define CAPAS_LOG2_E   1.44269504088896341f

/* Added to a float of size below 2^22 it leaves the nearest whole number in the lowest bits. */
#define CAPAS_ROUNDER 12582912.0f

/* e^x is 0 below, infinite above. */
#define CAPAS_EXP_LOWEST  -87.3365448f
#define CAPAS_EXP_HIGHEST 88.7228317f

/* (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2 */
#define CAPAS_EXP_POLYNOMIAL(r)                                                                    \
    (((((1.9875691500e-4f * (r) + 1.3981999507e-3f) * (r) + 8.3334519073e-3f) * (r) +              \
       4.1665795894e-2f) *                                                                         \
          (r) +                                                                                    \
      1.6666665459e-1f) *                                                                          \
         (r) +                                                                                     \
     5.0000001201e-1f)

/* (ln(1 + f) - f + f^2 / 2) / f^3 for sqrt(1/2) <= 1 + f < sqrt(2) */
#define CAPAS_LOG_POLYNOMIAL(f)                                                                    \
    ((((((((7.0376836292e-2f * (f)-1.1514610310e-1f) * (f) + 1.1676998740e-1f) *                   \
          (f)-1.2420140846e-1f) *                                                                  \
             (f) +                                                                                 \
         1.4249322787e-1f) *                                                                       \
        (f)-1.6668057665e-1f) *                                                                    \
           (f) +                                                                                   \
       2.0000714765e-1f) *                                                                         \
      (f)-2.4999993993e-1f) *                                                                      \
         (f) +                                                                                     \
     3.3333331174e-1f)

/* (tanh(x) - x) / x^3 as a function of z = x^2, for |x| < CAPAS_TANH_SMALL */
#define CAPAS_TANH_SMALL 0.625f
#define CAPAS_TANH_POLYNOMIAL(z)                                                                   \
    ((((-5.70498872745e-3f * (z) + 2.06390887954e-2f) * (z)-5.37397155531e-2f) * (z) +             \
      1.33314422036e-1f) *                                                                         \
     (z)-3.33332819422e-1f)

static inline uint32_t capas_bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float capas_float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* x = k ln 2 + r; e^x = 2^k (1 + r + r^2 P(r)), the 2^k put into the exponent. */
static inline float capas_exp_f32(float x)
{
    float shifted = x * CAPAS_LOG2_E + CAPAS_ROUNDER;
    float k = shifted - CAPAS_ROUNDER;
    float r = (x - k * CAPAS_LN2_HIGH) - k * CAPAS_LN2_LOW;
    float y = (CAPAS_EXP_POLYNOMIAL(r) * (r * r) + r) + 1.0f;
    uint32_t power = (capas_bits_of(shifted) - capas_bits_of(CAPAS_ROUNDER)) << 23;
    y = capas_float_of(capas_bits_of(y) + power);
    if (x < CAPAS_EXP_LOWEST) return 0.0f;
    if (x > CAPAS_EXP_HIGHEST) return HUGE_VALF;
    return x == x ? y : x;
}

/* e^x - 1 without cancellation near 0. */
static inline float capas_expm1_f32(float x)
{
    if (x > -0.34f && x < 0.34f) return CAPAS_EXP_POLYNOMIAL(x) * (x * x) + x;
    return capas_exp_f32(x) - 1.0f;
}

/* x = 2^e (1 + f), sqrt(1/2) <= 1 + f < sqrt(2); ln x = e ln 2 + f - f^2 / 2 + f^3 P(f). */
static inline float capas_log_f32(float x)
{
    const uint32_t root = 0x3f3504f3u; /* sqrt(1/2) */
    uint32_t bits = capas_bits_of(x) - root;
    float e = (float)((int32_t)bits >> 23);
    float f = capas_float_of((bits & 0x7fffffu) + root) - 1.0f;
    float z = f * f;
    float y = (CAPAS_LOG_POLYNOMIAL(f) * f) * z;
    y = y + e * CAPAS_LN2_LOW;
    y = y - 0.5f * z;
    y = (f + y) + e * CAPAS_LN2_HIGH;
    if (!(x >= 1.17549435e-38f)) return x >= 0.0f ? -HUGE_VALF : (x == x ? NAN : x);
    return x > 3.40282347e38f ? x : y;
}

/* x + x^3 P(x^2) when small, otherwise 1 - 2 / (e^(2|x|) + 1) with the sign of x. */
static inline float capas_tanh_f32(float x)
{
    uint32_t sign = capas_bits_of(x) & 0x80000000u;
    float size = capas_float_of(capas_bits_of(x) ^ sign);
    float z = size * size;
    float y = CAPAS_TANH_POLYNOMIAL(z) * (z * size) + size;
    if (!(size < CAPAS_TANH_SMALL)) y = 1.0f - 2.0f / (capas_exp_f32(size + size) + 1.0f);
    return capas_float_of(capas_bits_of(y) | sign);
}

static inline float capas_sigmoid_f32(float x)
{
    return 1.0f / (1.0f + capas_exp_f32(-x));
}

static inline double capas_exp_f64(double x)
{
    return exp(x);
}

static inline double capas_expm1_f64(double x)
{
    return expm1(x);
}

static inline double capas_log_f64(double x)
{
    return log(x);
}

static inline double capas_tanh_f64(double x)
{
    return tanh(x);
}

static inline double capas_sigmoid_f64(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

#endif
