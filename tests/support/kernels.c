/* Helpers of the kernel tests; see the header. */
#include "support/kernels.h"
#include "base/philox.h"
#include "support/cmocka.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *memory_for(int64_t count, size_t size)
{
    void *memory = malloc(count > 0 ? (size_t)count * size : 1);
    assert_non_null(memory);
    return memory;
}

double *random_doubles(int64_t count, uint64_t seed)
{
    const capas_random random = {.seed = seed, .stream = 0x7e57};
    double *value = memory_for(count, sizeof *value);
    for (int64_t i = 0; i < count; i++) {
        uint32_t word[4];
        capas_philox(random, (uint64_t)i, word);
        value[i] = 2.0 * capas_uniform(word[0]) - 1.0 + 0x1p-40 * capas_uniform(word[1]);
    }
    return value;
}

float *floats_of(const double *values, int64_t count)
{
    float *narrow = memory_for(count, sizeof *narrow);
    for (int64_t i = 0; i < count; i++)
        narrow[i] = (float)values[i];
    return narrow;
}

float *random_floats(int64_t count, uint64_t seed)
{
    double *wide = random_doubles(count, seed);
    float *narrow = floats_of(wide, count);
    free(wide);
    return narrow;
}

void *unwritten(int64_t count, size_t size)
{
    void *memory = memory_for(count, size);
    memset(memory, 0xff, count > 0 ? (size_t)count * size : 1);
    return memory;
}

void *workspace_for(const capas_kernel *kernel, const void *problem)
{
    return unwritten((int64_t)capas_kernel_workspace(kernel, problem), 1);
}

void *prepared_for(const capas_kernel *kernel, const void *problem, const void *arguments)
{
    const size_t size = capas_kernel_prepared(kernel, problem);
    void *prepared = size > 0 ? unwritten((int64_t)size, 1) : NULL;
    if (prepared) kernel->prepare(problem, arguments, prepared);
    return prepared;
}

bool doubles_close(const char *what, const double *got, const double *want, int64_t count,
                   double tolerance)
{
    for (int64_t i = 0; i < count; i++) {
        if (fabs(got[i] - want[i]) <= tolerance * (1 + fabs(want[i]))) continue;
        printf("%s: element %lld is %.12g, expected %.12g\n", what, (long long)i, got[i], want[i]);
        return false;
    }
    return true;
}

bool gradient_fits(const char *what, double *value, const double *gradient, int64_t count,
                   objective_function *objective, void *context)
{
    const double step = 1e-5;
    const int64_t stride = count / 150 + 1;
    for (int64_t i = 0; i < count; i += stride) {
        const double kept = value[i];
        value[i] = kept + step;
        const double above = objective(context);
        value[i] = kept - step;
        const double below = objective(context);
        value[i] = kept;
        const double want = (above - below) / (2 * step);
        if (fabs(gradient[i] - want) <= 1e-6 * (1 + fabs(want))) continue;
        printf("gradient of %s: element %lld is %.12g, by differences %.12g\n", what, (long long)i,
               gradient[i], want);
        return false;
    }
    return true;
}

double inner_product(const double *a, const double *b, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

bool same_bits_for_any_threads(void (*run)(void *context, int workers), void *context,
                               const void *result, size_t size)
{
    static const int threads[] = {1, 2, 3, 8};
    void *first = memory_for((int64_t)size, 1);
    bool same = true;
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        assert_int_equal(capas_set_threads(threads[i]), CAPAS_OK);
        run(context, threads[i]);
        if (i == 0) memcpy(first, result, size);
        if (memcmp(first, result, size) == 0) continue;
        printf("%d threads give other bits than 1\n", threads[i]);
        same = false;
    }
    free(first);
    assert_int_equal(capas_set_threads(0), CAPAS_OK);
    return same;
}
