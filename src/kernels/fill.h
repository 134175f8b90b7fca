/* Plain helpers that are no family of their own: random fills, sums, conversions. Float only unless
 * said. */
#ifndef CAPAS_KERNELS_FILL_H
#define CAPAS_KERNELS_FILL_H

#include "base/philox.h"
#include <capas/tensor.h>
#include <stdbool.h>
#include <stddef.h>

/* value[i] uniform in [low, high): word i of the sequence. */
void capas_fill_uniform(float *value, int64_t count, capas_random random, double low, double high);

/* Normal with the given mean and deviation (before truncation), redrawn outside +-2 deviations
 * (TensorFlow's truncated normal): element i uses blocks of its own, so it depends on i alone. */
void capas_fill_truncated_normal(float *value, int64_t count, capas_random random, double mean,
                                 double deviation);

/* Normal, not cut: element i uses words of its own. */
void capas_fill_normal(float *value, int64_t count, capas_random random, double mean,
                       double deviation);

/* `count` vectors of `length` numbers, element e of vector v at v * between + e * apart, become
 * orthogonal to one another and `gain` long (Gram and Schmidt, twice over). */
void capas_make_orthogonal(float *value, int64_t count, int64_t length, int64_t between,
                           int64_t apart, double gain);

/* A permutation of 0 .. count-1 (Fisher-Yates; draws without bias). */
void capas_fill_permutation(int64_t *index, int64_t count, capas_random random);

/* A batch's samples on their way in, by all threads: each has a part that it will read first. */
void capas_copy_samples(void *to, const void *from, size_t size);
/* output = (float)pixel * scale + offset, likewise. */
void capas_scale_bytes(float *output, const uint8_t *pixel, int64_t count, float scale,
                       float offset);

/* In fixed order, the same bits for any number of threads: sums in double of |w| and w^2. */
void capas_sum_absolute_and_squares(const float *value, int64_t count, double *absolute,
                                    double *squares);

/* gradient += l1 sign(w) + 2 l2 w */
void capas_add_weight_penalty(float *gradient, const float *weights, int64_t count, double l1,
                              double l2);

/* average = momentum average + (1 - momentum) value */
void capas_average_values(float *average, const float *value, int64_t count, double momentum);

/* value = scale (value + other) */
void capas_add_scaled(float *value, const float *other, int64_t count, double scale);

bool capas_all_finite(const float *value, int64_t count);

/* target += source; elements float32 or float64. */
void capas_accumulate(capas_element element, void *target, const void *source, int64_t count);

/* Between float32, float64, int32 and uint8 (rounding toward zero to integers). */
void capas_convert(capas_element to, void *target, capas_element from, const void *source,
                   int64_t count);

#endif
