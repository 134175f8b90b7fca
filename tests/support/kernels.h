/* What the tests of kernels share: random numbers, exact workspaces, gradients by differences, and
 * runs with several numbers of threads. Everything that allocates ends the test when memory runs
 * out; the caller frees. */
#ifndef CAPAS_TESTS_KERNELS_H
#define CAPAS_TESTS_KERNELS_H

#include "kernels/kernel.h"

/* Uniform in [-1, 1), the same for the same seed. */
double *random_doubles(int64_t count, uint64_t seed);
float *random_floats(int64_t count, uint64_t seed);

/* All bits set: a NaN wherever a kernel forgets to write. */
void *unwritten(int64_t count, size_t size);
float *floats_of(const double *values, int64_t count);

/* As many bytes as the kernel asks for and not one more, all bits set. */
void *workspace_for(const capas_kernel *kernel, const void *problem);
/* What it makes of the weights in `arguments`; NULL: nothing. */
void *prepared_for(const capas_kernel *kernel, const void *problem, const void *arguments);

/* Whether two arrays agree: |got - want| <= tolerance (1 + |want|). Prints the first place where
 * not. */
bool doubles_close(const char *what, const double *got, const double *want, int64_t count,
                   double tolerance);

/* Whether `gradient` is that of objective(context) with respect to value[0 .. count-1], by central
 * differences (of 1e-5) at up to 150 places. */
typedef double objective_function(void *context);
bool gradient_fits(const char *what, double *value, const double *gradient, int64_t count,
                   objective_function *objective, void *context);

/* sum of a[i] b[i] */
double inner_product(const double *a, const double *b, int64_t count);

/* Calls run(context, workers) with 1, 2, 3 and 8 threads; it fills `result` (of `size` bytes).
 * Whether the bytes are the same each time. */
bool same_bits_for_any_threads(void (*run)(void *context, int workers), void *context,
                               const void *result, size_t size);

#endif
