/* How fast the kernels of dense layers and optimizers are, level by level:
 *
 *   dense_kernels [THREADS [SECONDS]]
 *
 * One line a kernel and problem: the least time of a call, and the rate counted as if no zero were
 * skipped. `live` is the share of the gradient that is not zero. Least times, because other
 * programs disturb. */
#include "base/memory.h"
#include "kernels/dense.h"
#include "kernels/update.h"
#include <capas/runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds_per_problem = 0.2;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *random_floats(int64_t count, double live, uint32_t stream)
{
    float *value = capas_allocate((size_t)count + 16, sizeof(float));
    if (!value) exit(1);
    for (int64_t i = 0; i < count; i++) {
        uint32_t word[4];
        capas_philox((capas_random){.stream = stream}, (uint64_t)i, word);
        value[i] = capas_uniform(word[0]) < live ? 2 * capas_uniform(word[1]) - 1 : 0;
    }
    return value;
}

/* The least time of a call. */
static double measure(const capas_kernel *kernel, const void *problem, const void *arguments)
{
    double best = 1e9, end = now() + seconds_per_problem;
    do {
        double start = now();
        capas_run_kernel(kernel, problem, arguments, 0);
        double time = now() - start;
        if (time < best) best = time;
    } while (now() < end);
    return best;
}

static bool usable(const capas_kernel *kernel, const void *problem)
{
    return kernel->element == CAPAS_FLOAT32 && capas_cpu_has(kernel->level) &&
           kernel->level != CAPAS_CPU_PLAIN && (!kernel->accepts || kernel->accepts(problem));
}

static void bench_dense(int rows, int inputs, int units, double live_input, double live)
{
    capas_dense_problem p = {.rows = rows,
                             .workers = capas_threads(),
                             .inputs = inputs,
                             .units = units,
                             .tile = capas_dense_tile(inputs, units),
                             .activation = CAPAS_RELU,
                             .has_bias = true,
                             .for_training = true,
                             .wants_input_gradient = true};
    const int64_t weights = capas_dense_tiled_count(inputs, units);
    float *x = random_floats((int64_t)rows * inputs, live_input, 1),
          *w = random_floats(weights, 1, 2);
    float *b = random_floats(units, 1, 3), *y = random_floats((int64_t)rows * units, 1, 4);
    float *dy = random_floats((int64_t)rows * units, live, 5);
    float *dx = random_floats((int64_t)rows * inputs, 0, 6), *dw = random_floats(weights, 0, 7);
    float *db = random_floats(units, 0, 8), *ones = random_floats((int64_t)rows * units, 1, 9);
    for (int64_t i = 0; i < (int64_t)rows * units; i++)
        ones[i] = 1;
    capas_dense_forward_arguments forward = {
        .rows = rows, .input = x, .weights = w, .bias = b, .output = y};
    capas_dense_backward_arguments backward = {rows, x, w, ones, dy, dx, dw, db, NULL};
    const double work = 2.0 * rows * inputs * units * 1e-9;
    for (int family = CAPAS_FAMILY_dense_forward; family <= CAPAS_FAMILY_dense_backward; family++) {
        size_t count;
        const capas_kernel *const *kernels = capas_kernels_of((capas_kernel_family)family, &count);
        for (size_t i = 0; i < count; i++) {
            if (!usable(kernels[i], &p)) continue;
            void *workspace = capas_allocate(capas_kernel_workspace(kernels[i], &p), 1);
            forward.workspace = backward.workspace = workspace;
            const bool is_forward = family == CAPAS_FAMILY_dense_forward;
            double time = measure(kernels[i], &p,
                                  is_forward ? (const void *)&forward : (const void *)&backward);
            printf("%4d x %4d -> %4d T %3d live %.2f %.2f  %-28s %9.1f us %7.1f GFLOP/s\n", rows,
                   inputs, units, p.tile, live_input, live, kernels[i]->name, time * 1e6,
                   work * (is_forward ? 1 : 2) / time);
            capas_release(workspace);
        }
    }
    float *all[] = {x, w, b, y, dy, dx, dw, db, ones};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        capas_release(all[i]);
}

static void bench_update(int64_t count, capas_update_rule rule)
{
    static const char *const names[] = {"SGD", "RMSprop", "Adam"};
    capas_update_problem p = {.workers = capas_threads(),
                              .rule = rule,
                              .rho = 0.9,
                              .beta_1 = 0.9,
                              .beta_2 = 0.999,
                              .epsilon = 1e-7};
    bool finite = true;
    capas_update_arguments a = {.count = count,
                                .weights = random_floats(count, 1, 1),
                                .gradient = random_floats(count, 1, 2),
                                .learning_rate = 1e-3,
                                .gradient_scale = 1,
                                .finite = &finite};
    for (int i = 0; i < CAPAS_MAX_SLOTS; i++)
        a.slots[i] = random_floats(count, 0, 3);
    size_t kernels_count;
    const capas_kernel *const *kernels = capas_kernels_of(CAPAS_FAMILY_update, &kernels_count);
    for (size_t i = 0; i < kernels_count; i++) {
        if (!usable(kernels[i], &p)) continue;
        double time = measure(kernels[i], &p, &a);
        printf("%s over %ld weights  %-28s %9.1f us\n", names[rule], (long)count, kernels[i]->name,
               time * 1e6);
    }
    capas_release(a.weights);
    capas_release((void *)a.gradient);
    for (int i = 0; i < CAPAS_MAX_SLOTS; i++)
        capas_release(a.slots[i]);
}

int main(int argc, char **argv)
{
    if (argc > 1) capas_set_threads(atoi(argv[1]));
    if (argc > 2) seconds_per_problem = atof(argv[2]);
    bench_dense(32, 5408, 100, 0.7, 0.5);
    bench_dense(32, 5408, 100, 0.7, 1.0);
    bench_dense(32, 100, 10, 0.5, 1.0);
    bench_dense(32, 784, 100, 0.19, 1.0);
    bench_dense(100, 3136, 1024, 0.9, 0.25);
    bench_dense(128, 784, 512, 0.19, 0.4);
    bench_dense(128, 512, 512, 0.4, 0.4);
    bench_dense(220, 2048, 2048, 0.25, 0.25);
    for (int rows = 1; rows <= 6; rows++)
        bench_dense(rows, 5408, 100, 0.7, 0.5);
    bench_update(542230, CAPAS_UPDATE_SGD);
    bench_update(542230, CAPAS_UPDATE_RMSPROP);
    bench_update(542230, CAPAS_UPDATE_ADAM);
    return 0;
}
