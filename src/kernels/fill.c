/* Random fills, sums and conversions of arrays of numbers. Random element i depends on the sequence
 * and on i alone; sums are made in fixed order, so threads change nothing. */
#include "kernels/fill.h"
#include "kernels/kernel.h"
#include "kernels/math.h"
#include <float.h>
#include <math.h>

/* Elements of a shard when an element costs little. */
enum { CAPAS_FILL_GRAIN = 16384 };

/* A random fill: the arguments of all shards. */
typedef struct fill {
    float *value;
    capas_random random;
    double low, high; /* or mean and deviation */
} fill;

/* value[i] = low + (high - low) * u, and never high itself. */
static void uniform_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const fill *f = arguments;
    const float high = (float)f->high;
    uint32_t word[4];
    (void)problem;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        if (i == begin || i % 4 == 0) capas_philox(f->random, (uint64_t)i / 4, word);
        float value = (float)(f->low + (f->high - f->low) * capas_uniform(word[i % 4]));
        if (value >= high && f->high > f->low) value = nextafterf(high, -HUGE_VALF);
        f->value[i] = value;
    }
}

void capas_fill_uniform(float *value, int64_t count, capas_random random, double low, double high)
{
    const fill f = {value, random, low, high};
    capas_parallel_ranges(count, CAPAS_FILL_GRAIN, capas_threads(), uniform_range, NULL, &f);
}

/* Element i of a standard normal cut at +-2: points uniform under the box [-2, 2] x [0, 1) are
 * drawn until one lies under e^(-x^2 / 2). Try t takes half of block i + (t / 2) 2^40; six of ten
 * succeed. */
static double truncated_normal(capas_random random, int64_t i)
{
    uint32_t word[4];
    for (uint64_t block = (uint64_t)i;; block += (uint64_t)1 << 40) {
        capas_philox(random, block, word);
        for (int half = 0; half < 4; half += 2) {
            double x = ((double)word[half] + 0.5) * 0x1p-30 - 2;
            if (capas_uniform(word[half + 1]) < capas_exp_f32((float)(-0.5 * x * x))) return x;
        }
    }
}

static void normal_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                         int shard)
{
    const fill *f = arguments;
    (void)problem;
    (void)shard;
    for (int64_t i = begin; i < end; i++)
        f->value[i] = (float)(f->low + f->high * truncated_normal(f->random, i));
}

void capas_fill_truncated_normal(float *value, int64_t count, capas_random random, double mean,
                                 double deviation)
{
    const fill f = {value, random, mean, deviation};
    capas_parallel_ranges(count, CAPAS_FILL_GRAIN / 4, capas_threads(), normal_range, NULL, &f);
}

/* Two words make one number (Box and Muller). */
void capas_fill_normal(float *value, int64_t count, capas_random random, double mean,
                       double deviation)
{
    uint32_t word[4];
    for (int64_t i = 0; i < count; i++) {
        if (i % 2 == 0) capas_philox(random, (uint64_t)i / 2, word);
        const int half = (int)(i % 2) * 2;
        const double radius = sqrt(-2 * log(((double)word[half] + 0.5) * 0x1p-32));
        const double turn = 6.283185307179586 * ((double)word[half + 1] + 0.5) * 0x1p-32;
        value[i] = (float)(mean + deviation * radius * cos(turn));
    }
}

static double inner_product(const float *a, const float *b, int64_t length, int64_t apart)
{
    double sum = 0;
    for (int64_t e = 0; e < length; e++)
        sum += (double)a[e * apart] * b[e * apart];
    return sum;
}

void capas_make_orthogonal(float *value, int64_t count, int64_t length, int64_t between,
                           int64_t apart, double gain)
{
    for (int64_t v = 0; v < count; v++) {
        float *vector = value + v * between;
        for (int pass = 0; pass < 2; pass++)
            for (int64_t other = 0; other < v; other++) {
                const float *before = value + other * between;
                const double share = inner_product(vector, before, length, apart);
                for (int64_t e = 0; e < length; e++)
                    vector[e * apart] = (float)(vector[e * apart] - share * before[e * apart]);
            }
        const double size = sqrt(inner_product(vector, vector, length, apart));
        for (int64_t e = 0; e < length && size > 0; e++)
            vector[e * apart] = (float)(vector[e * apart] / size);
    }
    for (int64_t v = 0; v < count; v++)
        for (int64_t e = 0; e < length; e++)
            value[v * between + e * apart] *= (float)gain;
}

/* The next 64-bit number of a sequence; `next` counts them. */
static uint64_t next_number(capas_random random, uint64_t *next)
{
    uint32_t word[4];
    capas_philox(random, *next / 2, word);
    const int first = (int)(*next % 2) * 2;
    *next += 1;
    return (uint64_t)word[first] << 32 | word[first + 1];
}

/* Uniform in 0 .. most: draws with as many bits as `most` has, until one is not above it. */
static uint64_t draw_up_to(uint64_t most, capas_random random, uint64_t *next)
{
    uint64_t mask = most;
    for (int shift = 1; shift < 64; shift *= 2)
        mask |= mask >> shift;
    uint64_t draw;
    do
        draw = next_number(random, next) & mask;
    while (draw > most);
    return draw;
}

void capas_fill_permutation(int64_t *index, int64_t count, capas_random random)
{
    uint64_t next = 0;
    for (int64_t i = 0; i < count; i++)
        index[i] = i;
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t j = (int64_t)draw_up_to((uint64_t)i, random, &next);
        int64_t kept = index[i];
        index[i] = index[j];
        index[j] = kept;
    }
}

/* The two sums of each shard. */
typedef struct sums {
    const float *value;
    double absolute[CAPAS_MAX_SHARDS], squares[CAPAS_MAX_SHARDS];
} sums;

/* Eight running sums, so that they can be made side by side; element i belongs to sum (i - begin)
 * % 8. */
static void sum_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    sums *s = *(sums *const *)arguments;
    double absolute[8] = {0}, squares[8] = {0};
    int64_t i = begin;
    (void)problem;
    for (; i + 8 <= end; i += 8)
        for (int lane = 0; lane < 8; lane++) {
            double value = s->value[i + lane];
            absolute[lane] += fabs(value);
            squares[lane] += value * value;
        }
    for (int lane = 0; i < end; i++, lane++) {
        double value = s->value[i];
        absolute[lane] += fabs(value);
        squares[lane] += value * value;
    }
    s->absolute[shard] = s->squares[shard] = 0;
    for (int lane = 0; lane < 8; lane++) {
        s->absolute[shard] += absolute[lane];
        s->squares[shard] += squares[lane];
    }
}

void capas_sum_absolute_and_squares(const float *value, int64_t count, double *absolute,
                                    double *squares)
{
    sums s = {.value = value};
    sums *const shared = &s;
    capas_parallel_ranges(count, CAPAS_FILL_GRAIN, capas_threads(), sum_range, NULL, &shared);
    *absolute = *squares = 0;
    for (int shard = 0; shard < capas_shard_count(count, CAPAS_FILL_GRAIN); shard++) {
        *absolute += s.absolute[shard];
        *squares += s.squares[shard];
    }
}

typedef struct weight_penalty {
    float *gradient;
    const float *weights;
    float l1, l2;
} weight_penalty;

static void penalty_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const weight_penalty *p = arguments;
    (void)problem;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        float w = p->weights[i];
        float sign = (float)((w > 0) - (w < 0));
        p->gradient[i] += p->l1 * sign + p->l2 * w;
    }
}

void capas_add_weight_penalty(float *gradient, const float *weights, int64_t count, double l1,
                              double l2)
{
    const weight_penalty p = {gradient, weights, (float)l1, (float)(2 * l2)};
    capas_parallel_ranges(count, CAPAS_FILL_GRAIN, capas_threads(), penalty_range, NULL, &p);
}

/* value = mine value + others other */
typedef struct mixture {
    float *value;
    const float *other;
    float mine, others;
} mixture;

static void mix_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    const mixture *m = arguments;
    (void)problem;
    (void)shard;
    for (int64_t i = begin; i < end; i++)
        m->value[i] = m->mine * m->value[i] + m->others * m->other[i];
}

void capas_average_values(float *average, const float *value, int64_t count, double momentum)
{
    const mixture m = {average, value, (float)momentum, (float)(1 - momentum)};
    capas_parallel_ranges(count, CAPAS_FILL_GRAIN, capas_threads(), mix_range, NULL, &m);
}

void capas_add_scaled(float *value, const float *other, int64_t count, double scale)
{
    const mixture m = {value, other, (float)scale, (float)scale};
    capas_parallel_ranges(count, CAPAS_FILL_GRAIN, capas_threads(), mix_range, NULL, &m);
}

/* A float is not finite when all bits of its exponent are set. Some at a time without a branch, so
 * that the compiler takes vectors. */
bool capas_all_finite(const float *value, int64_t count)
{
    enum { TOGETHER = 256 };
    const uint32_t exponent = 0x7f800000u;
    for (int64_t first = 0; first < count; first += TOGETHER) {
        const int64_t end = count - first < TOGETHER ? count : first + TOGETHER;
        unsigned found = 0;
        for (int64_t i = first; i < end; i++)
            found |= (capas_bits_of(value[i]) & exponent) == exponent;
        if (found) return false;
    }
    return true;
}
