/* How fast the kernels are. Each argument (or line of standard input) is a problem as the tests
 * write it (tests/support/conv_case.h); for each kernel that accepts it and that the processor can
 * run, forward and backward:
 *
 *     bench_kernels --threads 1 --live 0.3 "conv 32x28x28x1 k3 f32 relu pool2 nodx"
 *
 * prints microseconds an image and GFLOP/s, which count all multiplications, skipped or not
 * (backward twice the forward's, or once without an input gradient). --live is the share of the
 * output's gradient that is not zero. Each figure is the best of some runs. */
#include "base/clock.h"
#include "support/conv_case.h"
#include <capas/runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void conv_run(const capas_kernel *kernel, const capas_conv_problem *problem, int n,
                      conv_data *data);

/* Seconds of the fastest run within about a third of a second. */
static double best_time(conv_run *run, const capas_kernel *kernel, const capas_conv_problem *p,
                        conv_data *data)
{
    double best = 1e30, begin = capas_seconds();
    for (int i = 0; i < 3 || capas_seconds() - begin < 0.3; i++) {
        run(kernel, p, p->batch, data);
        if (data->seconds < best) best = data->seconds;
    }
    return best;
}

static void measure(const capas_kernel *kernel, const capas_conv_problem *p, double flops,
                    conv_run *run, conv_data *data)
{
    if (kernel->element != CAPAS_FLOAT32 || !capas_cpu_has(kernel->level)) return;
    if (kernel->accepts && !kernel->accepts(p)) return;
    if (kernel->level == CAPAS_CPU_PLAIN && flops * p->batch > 1e9) return;
    double seconds = best_time(run, kernel, p, data);
    printf("  %-36s %10.2f us/image %8.1f GFLOP/s\n", kernel->name, seconds / p->batch * 1e6,
           flops * p->batch / seconds * 1e-9);
}

static int bench(const char *line, int threads, double live)
{
    capas_conv_problem problem;
    if (!conv_case_parse(line, &problem)) {
        fprintf(stderr, "not a problem: %s\n", line);
        return 1;
    }
    problem.workers = threads;
    printf("%s  (%d threads, live %.2f)\n", line, threads, live);
    conv_data data = conv_data_make(&problem, 1, CONV_SMOOTH, live);
    size_t count;
    double flops = conv_case_flops(&problem);
    conv_data_forward(capas_choose_kernel(CAPAS_FAMILY_conv_forward, CAPAS_FLOAT32, &problem),
                      &problem, problem.batch, &data);
    const capas_kernel *const *kernels = capas_kernels_of(CAPAS_FAMILY_conv_forward, &count);
    for (size_t i = 0; i < count; i++)
        measure(kernels[i], &problem, flops, conv_data_forward, &data);
    kernels = capas_kernels_of(CAPAS_FAMILY_conv_backward, &count);
    for (size_t i = 0; i < count && problem.for_training; i++)
        measure(kernels[i], &problem, problem.wants_input_gradient ? 2 * flops : flops,
                conv_data_backward, &data);
    conv_data_free(&data);
    return 0;
}

int main(int count, char **words)
{
    int threads = 1, failed = 0, first = 1;
    double live = 1;
    for (; first + 1 < count && strncmp(words[first], "--", 2) == 0; first += 2)
        if (strcmp(words[first], "--threads") == 0)
            threads = atoi(words[first + 1]);
        else if (strcmp(words[first], "--live") == 0)
            live = atof(words[first + 1]);
    capas_set_threads(threads);
    char line[256];
    for (int i = first; i < count; i++)
        failed |= bench(words[i], threads, live);
    while (first == count && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#') failed |= bench(line, threads, live);
    }
    return failed;
}
