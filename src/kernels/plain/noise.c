/* Noise, plain: y = x * factor + offset, both drawn; there is no tuned twin. */
#include "kernels/noise.h"
#include "kernels/plain/real.h"
#include "kernels/plain/walk.h"

/* What alpha dropout puts in the place of a number: selu's value of minus infinity. */
static const double dropped = -1.0507009873554804934 * 1.6732632423543772848;

typedef struct drawn {
    double factor, offset;
} drawn;

static double normal(const capas_noise_arguments *a, int64_t i)
{
    uint32_t word[4];
    capas_philox(a->random, (uint64_t)i / 2, word);
    const int half = (int)(i % 2) * 2;
    const double radius = sqrt(-2 * log(((double)word[half] + 0.5) * 0x1p-32));
    return radius * cos(6.283185307179586 * ((double)word[half + 1] + 0.5) * 0x1p-32);
}

static drawn alpha(const capas_noise_problem *p, const capas_noise_arguments *a, int64_t i)
{
    uint32_t word[4];
    const double rate = p->amount;
    const double scale = 1 / sqrt((1 - rate) * (1 + rate * dropped * dropped));
    const double shift = -scale * dropped * rate;
    capas_philox(a->random, (uint64_t)i / 4, word);
    if (capas_uniform(word[i % 4]) >= rate) return (drawn){scale, shift};
    return (drawn){0, scale * dropped + shift};
}

static drawn draw(const capas_noise_problem *p, const capas_noise_arguments *a, int64_t i)
{
    if (p->kind == CAPAS_NOISE_ADDED) return (drawn){1, p->amount * normal(a, i)};
    if (p->kind == CAPAS_NOISE_MULTIPLIED) return (drawn){1 + p->amount * normal(a, i), 0};
    return alpha(p, a, i);
}

static void run_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    const capas_noise_problem *p = problem;
    const capas_noise_arguments *a = arguments;
    const capas_real *x = a->input;
    capas_real *y = a->output;
    int64_t strides[CAPAS_MAX_RANK];
    repeating_strides(&p->draws, strides);
    walk place = walk_from(&p->shape, strides, begin);
    (void)shard;
    for (int64_t i = begin; i < end; i++, walk_on(&place)) {
        const drawn d = draw(p, a, place.offset);
        y[i] = (capas_real)(x[i] * d.factor + (p->without_offset ? 0 : d.offset));
    }
}

static void run(const void *problem, const void *arguments)
{
    const capas_noise_problem *p = problem;
    const capas_noise_arguments *a = arguments;
    capas_parallel_ranges(a->n * sample_size(&p->shape), CAPAS_PLAIN_GRAIN / 16, p->workers,
                          run_range, p, a);
}

CAPAS_PLAIN_KERNEL(noise, NULL, run);
