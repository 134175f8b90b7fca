/* Each tuned convolution against its plain twin over many odd sizes, prints how many cases each
 * kernel ran. Arrays are pieces of memory of their own, so that a sanitizer sees a step outside. */
#include "support/cmocka.h"
#include "support/conv_twins.h"
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { RANDOM_CASES = 150 };

/* The shapes that matter, whatever chance brings. */
static const char *const known_cases[] = {
    "conv 5x28x28x1 k3 f32 relu pool2 nodx",
    "conv 2x28x28x1 k5 f32 same relu pool2 nodx",
    "conv 3x14x14x32 k5 f17 same relu pool2",
    "conv 2x12x13x32 k3 f64 relu pool2",
    "conv 2x28x28x1 k3 f32 relu nodx",
    "conv 2x9x11x16 k2 f32 same relu pool2",
    "conv 3x6x7x32 k1 f64 same relu pool2",
    "conv 2x9x9x5 k3 f40 same",
    "conv 17x5x5x16 k3 f16 s2 same",
    "conv 2x17x19x3 k7 f40 s2 same relu pool3s2",
    "conv 33x4x5x2 k2 f5 relu pool2s3x2",
    "conv 1x10x10x8 k3 f16 relu pool2s1",
    "conv 1x9x31x2 k3 f3 same pool1x3s2x1",
    "conv 1x30x5x32 k3 f33 s3 relu",
    "conv 2x8x8x17 k5x1 f17 relu nobias",
    "conv 2x8x8x4 k1x5 f33 same nobias inference pool2",
    "conv 1x20x20x33 k3 f16 relu pool2 inference",
    "conv 5x7x7x1 k7 f1 same relu pool7",
    "conv 1x3x3x1 k3 f1",
    "conv 2x12x12x3 k3 f9 s2x1 same relu pool2 nodx",
    "conv 2x10x9x130 k3 f8 relu",
    "conv 5x13x14x16 k3 f37 relu pool2",
    "conv 5x23x9x33 k3 f40 same",
    "conv 3x9x15x16 k5 f20 same relu nodx",
    "conv 2x40x35x16 k3 f16 same relu pool2 inference",
    "conv 9x11x13x19 k5 f17 relu pool2",
    "conv 3x17x13x24 k5 f9 same nobias",
    "conv 2x9x10x192 k5 f20 same",
    "conv 18x15x18x8 k3 f33 relu",
    "conv 3x9x11x19 k3 f19 g19 same relu",
    "conv 2x12x7x40 k3 f40 g40 s2 same",
    "conv 2x13x9x17 k5x3 f17 g17 d2 nobias",
    "conv 3x4x3x33 k3 f33 g33 s2x1 relu nodx",
    "conv 3x7x5x48 k3 f48 g48 s2 same relu",
    "conv 3x9x8x12 k3 f18 g3 same relu pool2",
    "conv 2x7x7x4 k3x1 f8 g4 s2 nobias nodx",
    "conv 5x10x9x32 k3 f32 g2 same relu",
    "conv 2x8x9x34 k1 f6 g2",
    "conv 4x12x12x64 k3 f64 g4 same inference",
    "conv 5x2x1x32 k3 f32 g32 same",
    "conv 2x9x8x16 k3 f16 g16 d2 same relu",
    "conv 6x6x7x144 k3 f144 g144 same nobias",
    "conv 2x9x8x17 k3 f19 d2 same relu",
    "conv 2x9x9x8 k3 f20 s2 same relu6",
    "conv 3x7x7x24 k1 f40 relu6 inference residual",
    "conv 2x9x8x16 k3 f16 g16 same relu6",
    "conv 3x14x13x16 k3 f32 d3x2 nodx",
    "conv 2x1x40x8 k1x2 f16 d1x7 relu nobias",
    "conv 5x7x6x12 k3 f24 g3 d2 same",
    "conv 2x5x5x3 k3 f4 d4 same relu",
    "conv 1x20x20x16 k3 f16 d2 same inference",
    "conv 3x5x9x17 k5 f17 g17 s2x3 same",
    "conv 2x7x7x40 k1 f33 relu inference residual",
    "conv 1x13x9x16 k3 f64 same relu inference residual",
    "conv 1x14x14x32 k1 f32 s2 inference",
    "conv 3x9x9x8 k3 f12 same inference residual",
    "conv 1x15x14x16 k3 f24 same relu inference residual",
    "conv 3x11x13x17 k5 f19 same inference residual",
};

static void agrees_on_known_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(known_cases); i++) {
        capas_conv_problem problem;
        assert_true(conv_case_parse(known_cases[i], &problem));
        problem.workers = 8;
        conv_twins_case c = {known_cases[i], &problem, problem.batch, 1, i, CONV_SMOOTH, 0};
        conv_twins_check(&c);
        c.live = 1;
        c.values = CONV_WHOLE;
        conv_twins_check(&c);
        c.live = 0.5;
        c.values = CONV_SMOOTH;
        c.runs = 4;
        conv_twins_check(&c);
        c.n = 0;
        conv_twins_check(&c);
    }
}

/* Numbers drawn one after another. */
typedef struct dice {
    capas_random random;
    uint64_t thrown;
} dice;

static int draw(dice *dice, const int *from, size_t count)
{
    uint32_t word[4];
    capas_philox(dice->random, dice->thrown++, word);
    return from[word[0] % count];
}
#define DRAW(dice, ...) draw(dice, (const int[]){__VA_ARGS__}, COUNT(((const int[]){__VA_ARGS__})))

/* A line for a random problem. The larger its numbers of channels and filters, the smaller its
 * images. */
static void random_line(dice *dice, char *line, size_t size)
{
    const int channels = DRAW(dice, 1, 1, 2, 3, 4, 5, 8, 16, 17, 32);
    const int filters = DRAW(dice, 1, 5, 16, 17, 32, 40, 64);
    const int kernel = DRAW(dice, 1, 2, 3, 3, 5, 7), other = DRAW(dice, 1, 2, 3, 5);
    const int kernel_width = DRAW(dice, 0, 0, 1) ? other : kernel;
    const int most = channels * filters > 256 ? 5 : channels * filters > 64 ? 9 : 14;
    const int height = kernel + DRAW(dice, 0, 1, 2, 3, 5, 8, 13) % most;
    const int width = kernel_width + DRAW(dice, 0, 1, 3, 4, 6, 7, 11, 12, 13) % most;
    const int batch = DRAW(dice, 1, 2, 5, channels * filters * kernel < 300 ? 33 : 3);
    const int down = DRAW(dice, 1, 1, 1, 2, 3), right = DRAW(dice, 1, 1, 1, 2, 3);
    const char *padding = DRAW(dice, 0, 1) ? "same" : "",
               *activation = DRAW(dice, 0, 1) ? "relu" : "";
    static const char *const pools[] = {"", "pool2", "pool3s2", "pool2s1"};
    const char *pool = pools[DRAW(dice, 0, 0, 1, 1, 1, 2, 3)];
    const char *bias = DRAW(dice, 0, 0, 0, 1) ? "nobias" : "",
               *input = DRAW(dice, 0, 1) ? "nodx" : "";
    const char *purpose = DRAW(dice, 0, 0, 1) ? "inference residual" : "";
    snprintf(line, size, "conv %dx%dx%dx%d k%dx%d f%d s%dx%d %s %s %s %s %s %s", batch, height,
             width, channels, kernel, kernel_width, filters, down, right, padding, activation, pool,
             bias, input, purpose);
}

static void agrees_on_random_shapes(void **state)
{
    (void)state;
    dice dice = {{.seed = 20}, 0};
    for (int i = 0; i < RANDOM_CASES; i++) {
        char line[200];
        capas_conv_problem problem;
        random_line(&dice, line, sizeof line);
        if (!conv_case_parse(line, &problem)) continue; /* the pool does not fit */
        problem.workers = DRAW(&dice, 1, 2, 8);
        const conv_values values = DRAW(&dice, 0, 0, 1) ? CONV_WHOLE : CONV_SMOOTH;
        const double live = DRAW(&dice, 1, 3, 10) / 10.0;
        conv_twins_check(
            &(conv_twins_case){line, &problem, problem.batch, 2, (uint64_t)i, values, live});
    }
}

/* Last: no kernel that this processor has went without a case. */
static void every_kernel_ran(void **state)
{
    (void)state;
    conv_twins_report();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_on_known_shapes),
        cmocka_unit_test(agrees_on_random_shapes),
        cmocka_unit_test(every_kernel_ran),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
