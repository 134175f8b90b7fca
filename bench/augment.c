/* How fast pictures are warped: for each kernel that the processor can run, microseconds of one
 * core an image, for pictures turned by 10 degrees.
 *
 *     bench_augment
 *
 * Each figure is the best of some runs over 64 images. */
#include "base/clock.h"
#include "kernels/warp.h"
#include <capas/runtime.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { IMAGES = 64 };

static const capas_warp_problem problems[] = {
    {1, 28, 28, 1, 28, 28, CAPAS_FILL_NEAREST, CAPAS_INTERPOLATE_BILINEAR, 0, true},
    {1, 28, 28, 1, 28, 28, CAPAS_FILL_CONSTANT, CAPAS_INTERPOLATE_BILINEAR, 0, true},
    {1, 28, 28, 1, 28, 28, CAPAS_FILL_REFLECT, CAPAS_INTERPOLATE_BILINEAR, 0, true},
    {1, 28, 28, 1, 28, 28, CAPAS_FILL_REFLECT, CAPAS_INTERPOLATE_BILINEAR, 0, false},
    {1, 28, 28, 1, 28, 28, CAPAS_FILL_NEAREST, CAPAS_INTERPOLATE_NEAREST, 0, true},
    {1, 32, 32, 3, 32, 32, CAPAS_FILL_NEAREST, CAPAS_INTERPOLATE_BILINEAR, 0, true},
};
static const char *const fills[] = {"", "constant", "nearest", "reflect", "wrap"};

static void measure(const capas_kernel *kernel, const capas_warp_problem *p)
{
    size_t size = (size_t)p->height * (size_t)p->width * (size_t)p->channels;
    capas_warp_arguments a = {.n = IMAGES};
    float map[IMAGES][6], angle = 0.17f;
    void *input = calloc(size * IMAGES, sizeof(float)), *output = malloc(size * IMAGES * 4);
    a.workspace = malloc(capas_kernel_workspace(kernel, p) + 1);
    for (int i = 0; i < IMAGES; i++) {
        const float of_map[6] = {cosf(angle), -sinf(angle), 2, sinf(angle), cosf(angle), -2};
        for (int k = 0; k < 6; k++)
            map[i][k] = of_map[k];
    }
    a.input = input, a.output = output, a.map = map;
    double best = 1e30, begin = capas_seconds();
    while (input && output && a.workspace && capas_seconds() - begin < 0.2) {
        double start = capas_seconds();
        kernel->run(p, &a);
        double took = capas_seconds() - start;
        if (took < best) best = took;
    }
    printf("  %-24s %8.2f us/image\n", kernel->name, best / IMAGES * 1e6);
    free(input);
    free(output);
    free(a.workspace);
}

int main(void)
{
    size_t count;
    const capas_kernel *const *kernels = capas_kernels_of(CAPAS_FAMILY_warp, &count);
    capas_set_threads(1);
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) {
        const capas_warp_problem *p = &problems[i];
        printf("warp %dx%dx%d %s %s %s\n", p->height, p->width, p->channels,
               p->bytes ? "bytes" : "floats", fills[p->fill_mode],
               p->interpolation == CAPAS_INTERPOLATE_NEAREST ? "nearest" : "bilinear");
        for (size_t k = 0; k < count; k++)
            if (kernels[k]->element == CAPAS_FLOAT32 && capas_cpu_has(kernels[k]->level))
                measure(kernels[k], p);
    }
    return 0;
}
