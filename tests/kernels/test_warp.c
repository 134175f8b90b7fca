/* Warping pictures: the plain kernel on a picture of 4x4 numbers, where each place can be read off
 * (keras-semantics 1.7), and the tuned kernels against it, bit for bit, over odd sizes, all fill
 * modes, bytes and floats, in memory of exactly the size. */
#include "kernels/warp.h"
#include "support/cmocka.h"
#include "support/kernels.h"
#include <capas/runtime.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SIDE = 4, SIZE = SIDE * SIDE };

static const capas_fill_mode fill_modes[] = {CAPAS_FILL_CONSTANT, CAPAS_FILL_NEAREST,
                                             CAPAS_FILL_REFLECT, CAPAS_FILL_WRAP};

static const capas_kernel *plain_kernel(void)
{
    size_t count;
    const capas_kernel *const *kernels = capas_kernels_of(CAPAS_FAMILY_warp, &count);
    return kernels[count - 2];
}

/* 0 .. 15 in rows of four, warped. */
static void warp_numbers(capas_fill_mode fill_mode, double value, const float map[6],
                         float output[SIZE])
{
    float input[SIZE];
    for (int i = 0; i < SIZE; i++)
        input[i] = (float)i;
    const capas_warp_problem p = {
        1, SIDE, SIDE, 1, SIDE, SIDE, fill_mode, CAPAS_INTERPOLATE_BILINEAR, value, false};
    const capas_warp_arguments a = {.n = 1, .input = input, .output = output, .map = map};
    plain_kernel()->run(&p, &a);
}

static void expect(const float *got, const float *want, int count)
{
    for (int i = 0; i < count; i++)
        if (got[i] != want[i]) fail_msg("number %d is %.9g, not %.9g", i, got[i], want[i]);
}

static void a_quarter_turn_is_exact(void **state)
{
    static const float want[SIZE] = {3, 7, 11, 15, 2, 6, 10, 14, 1, 5, 9, 13, 0, 4, 8, 12};
    const float cosine = (float)cos(acos(-1) / 2); /* not quite 0 */
    float output[SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT(fill_modes); i++) {
        warp_numbers(fill_modes[i], 7, (float[6]){0, 1, 0, -1, 0, SIDE - 1}, output);
        expect(output, want, SIZE);
        warp_numbers(fill_modes[i], 7, (float[6]){cosine, 1, 0, -1, cosine, SIDE - 1}, output);
        for (int k = 0; k < SIZE; k++)
            assert_true(fabsf(output[k] - want[k]) < 1e-6f);
    }
}

static void whole_shifts_are_exact(void **state)
{
    static const float right[][SIDE] = {{7, 7, 0, 1}, {0, 0, 0, 1}, {1, 0, 0, 1}, {2, 3, 0, 1}};
    static const float left[][SIDE] = {{3, 7, 7, 7}, {3, 3, 3, 3}, {3, 3, 2, 1}, {3, 0, 1, 2}};
    static const float far[][SIDE] = {{7, 7, 7, 7}, {0, 0, 0, 0}, {0, 1, 2, 3}, {0, 1, 2, 3}};
    float output[SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT(fill_modes); i++) {
        warp_numbers(fill_modes[i], 7, (float[6]){1, 0, 0, 0, 1, -2}, output);
        expect(output, right[i], SIDE);
        warp_numbers(fill_modes[i], 7, (float[6]){1, 0, 0, 0, 1, 3}, output);
        expect(output, left[i], SIDE);
        warp_numbers(fill_modes[i], 7, (float[6]){1, 0, 0, 0, 1, -800}, output);
        expect(output, far[i], SIDE);
        warp_numbers(fill_modes[i], 7, (float[6]){0, 1, 0, 1, 0, -2}, output); /* on its side, */
        for (int x = 0; x < SIDE; x++)                                         /* down */
            assert_true(output[x * SIDE] == right[i][x]);
    }
}

/* Half the size about the middle: steps of a half; twice: blends with what is outside. */
static void zoom_interpolates(void **state)
{
    static const float larger[] = {3.75f, 4.25f, 4.75f, 5.25f};
    float output[SIZE];
    (void)state;
    warp_numbers(CAPAS_FILL_REFLECT, 0, (float[6]){0.5f, 0, 0.75f, 0, 0.5f, 0.75f}, output);
    expect(output, larger, SIDE);
    warp_numbers(CAPAS_FILL_CONSTANT, -3, (float[6]){1, 0, -0.75f, 0, 1, -0.75f}, output);
    assert_true(output[0] == -3 + 0.25f * 0.25f * 3);
    assert_true(output[1] == -3 + 0.25f * 3.25f);
}

/* Twins. */

typedef struct sizes {
    int n, height, width, channels, out_height, out_width;
} sizes;

static const sizes all_sizes[] = {
    {1, 1, 1, 1, 1, 1},     {3, 1, 7, 1, 1, 7},   {2, 9, 1, 1, 9, 1},
    {5, 5, 3, 3, 5, 3},     {2, 4, 17, 2, 4, 17}, {9, 28, 28, 1, 28, 28},
    {3, 31, 33, 3, 31, 33}, {2, 6, 8, 1, 11, 40}, {2, 30, 20, 4, 3, 2},
};

/* Maps of all kinds: none, turned, far outside, and garbage. */
static void draw_map(int i, const sizes *s, float map[6])
{
    static const float special[][6] = {
        {1, 0, 0, 0, 1, 0},          {-1, 0, 0, 0, 1, 0},       {1e9f, 0, -1e30f, 0, 3e9f, 1e20f},
        {0, 0, NAN, INFINITY, 1, 0}, {1, 0, -2, 0, 1, -0.999f},
    };
    if (i % 4 == 3) {
        memcpy(map, special[i / 4 % (int)COUNT(special)], 6 * sizeof *map);
        return;
    }
    float *random = random_floats(6, (uint64_t)i);
    for (int k = 0; k < 6; k++)
        map[k] = random[k] * (k % 3 == 2 ? 2 * (float)s->height : 2);
    free(random);
}

/* Input, maps and shifts of one case. */
typedef struct twins {
    capas_warp_problem problem;
    capas_warp_arguments arguments;
    size_t out_size;
    void *output;
    const capas_kernel *kernel;
} twins;

static void run_twin(void *context, int workers)
{
    twins *t = context;
    t->problem.workers = workers;
    void *workspace = workspace_for(t->kernel, &t->problem);
    t->arguments.workspace = workspace;
    t->arguments.output = t->output;
    memset(t->output, 0xff, t->out_size);
    capas_run_kernel(t->kernel, &t->problem, &t->arguments, 0);
    free(workspace);
}

static int check_kernels(twins *t)
{
    size_t count;
    const capas_kernel *const *kernels = capas_kernels_of(CAPAS_FAMILY_warp, &count);
    void *want = malloc(t->out_size);
    int checked = 0;
    assert_non_null(want);
    t->kernel = plain_kernel();
    run_twin(t, 8);
    memcpy(want, t->output, t->out_size);
    for (size_t i = 0; i < t->out_size / sizeof(float) && !t->problem.bytes; i++)
        assert_true(isfinite(((float *)want)[i]));
    for (size_t k = 0; k < count; k++) {
        t->kernel = kernels[k];
        if (t->kernel->element != CAPAS_FLOAT32 || !capas_cpu_has(t->kernel->level)) continue;
        assert_true(same_bits_for_any_threads(run_twin, t, t->output, t->out_size));
        if (memcmp(want, t->output, t->out_size) != 0)
            fail_msg("%s differs from the plain kernel", t->kernel->name);
        checked++;
    }
    free(want);
    return checked;
}

static int check_sizes(const sizes *s, capas_fill_mode fill_mode, int variant)
{
    const int64_t in = (int64_t)s->n * s->height * s->width * s->channels;
    const int64_t pixels = (int64_t)s->n * s->out_height * s->out_width;
    const bool bytes = variant & 1;
    float *numbers = random_floats(in, 1), *shift = random_floats(2 * pixels, 2);
    float *maps = unwritten(6 * s->n, sizeof *maps);
    uint8_t *levels = unwritten(in, 1);
    for (int64_t i = 0; i < in; i++)
        levels[i] = (uint8_t)(127.5f + 127.5f * numbers[i]);
    for (int i = 0; i < s->n; i++)
        draw_map(i + variant, s, maps + (size_t)i * 6);
    twins t = {
        .problem = {8, s->height, s->width, s->channels, s->out_height, s->out_width, fill_mode,
                    variant & 2 ? CAPAS_INTERPOLATE_NEAREST : CAPAS_INTERPOLATE_BILINEAR, 100,
                    bytes},
        .arguments = {.n = s->n,
                      .input = bytes ? (void *)levels : numbers,
                      .map = maps,
                      .shift = variant & 4 ? shift : NULL},
        .out_size = (size_t)(pixels * s->channels) * (bytes ? 1 : sizeof(float)),
    };
    t.output = unwritten((int64_t)t.out_size, 1);
    int checked = check_kernels(&t);
    free(t.output);
    free(levels);
    free(maps);
    free(shift);
    free(numbers);
    return checked;
}

static void twins_agree(void **state)
{
    (void)state;
    int checked = 0;
    for (size_t s = 0; s < COUNT(all_sizes); s++)
        for (size_t f = 0; f < COUNT(fill_modes); f++)
            for (int variant = 0; variant < 8; variant++)
                checked += check_sizes(&all_sizes[s], fill_modes[f], variant);
    printf("%d runs of a kernel\n", checked);
    assert_true(checked > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quarter_turn_is_exact),
        cmocka_unit_test(whole_shifts_are_exact),
        cmocka_unit_test(zoom_interpolates),
        cmocka_unit_test(twins_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
