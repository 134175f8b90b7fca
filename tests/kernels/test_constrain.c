/* Constraints and the penalty on vectors that are not at right angles: Keras's formulas written
 * out, along any axes and however dense weights lie; gradients by differences; the same bits for
 * any number of threads. */
#include "kernels/constrain.h"
#include "kernels/dense.h"
#include "support/cmocka.h"
#include "support/kernels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 13, COLUMNS = 37, COUNT = ROWS * COLUMNS };

static double clipped(double norm, double minimum, double maximum)
{
    return fmin(fmax(norm, minimum), maximum);
}

/* The norms of a matrix along an axis, before and after. */
static void norms_go_where_they_should(void **state)
{
    (void)state;
    for (int axis = 0; axis < 2; axis++)
        for (int half = 0; half < 2; half++) {
            const capas_norm_problem p = {
                .workers = 2,
                .shape = {2, {ROWS, COLUMNS}},
                .summed = {axis == 0, axis == 1},
                .minimum = 1.5,
                .maximum = 2.5,
                .rate = half ? 0.5 : 1,
            };
            float *before = random_floats(COUNT, 7), *after = random_floats(COUNT, 7);
            capas_limit_norms(&p, after);
            const int sets = axis == 0 ? COLUMNS : ROWS, length = COUNT / sets;
            for (int set = 0; set < sets; set++) {
                double squares = 0, now = 0;
                for (int i = 0; i < length; i++) {
                    const int at = axis == 0 ? i * COLUMNS + set : set * COLUMNS + i;
                    squares += (double)before[at] * before[at];
                    now += (double)after[at] * after[at];
                }
                const double norm = sqrt(squares);
                const double want = p.rate * clipped(norm, 1.5, 2.5) + (1 - p.rate) * norm;
                assert_true(fabs(sqrt(now) - want) < 1e-5);
            }
            free(before);
            free(after);
        }
}

/* All but the last axis of a kernel together; and nothing summed, so that each number is a norm. */
static void any_axes(void **state)
{
    (void)state;
    capas_norm_problem p = {.workers = 2,
                            .shape = {4, {3, 2, 5, 4}},
                            .summed = {true, true, true, false},
                            .minimum = 1,
                            .maximum = 1,
                            .rate = 1};
    float *w = random_floats(120, 3);
    capas_limit_norms(&p, w);
    for (int filter = 0; filter < 4; filter++) {
        double squares = 0;
        for (int i = filter; i < 120; i += 4)
            squares += (double)w[i] * w[i];
        assert_true(fabs(squares - 1) < 1e-5);
    }
    memset(p.summed, 0, sizeof p.summed);
    capas_limit_norms(&p, w);
    for (int i = 0; i < 120; i++)
        assert_true(fabs(fabs((double)w[i]) - 1) < 1e-4);
    free(w);
}

static float *tiled(const float *plain, int tile)
{
    const int64_t count = capas_dense_tiled_count(ROWS, COLUMNS);
    float *block = calloc((size_t)count, sizeof *block);
    assert_non_null(block);
    for (int i = 0; i < COUNT; i++)
        block[capas_dense_tiled_index(i / COLUMNS, i % COLUMNS, COLUMNS, tile)] = plain[i];
    return block;
}

/* Weights that lie tiled come to the same numbers. */
static void tiled_weights(void **state)
{
    (void)state;
    const int tile = capas_dense_tile(ROWS, COLUMNS);
    float *plain = random_floats(COUNT, 5), *block = tiled(plain, tile);
    capas_norm_problem p = {.workers = 2,
                            .shape = {2, {ROWS, COLUMNS}},
                            .summed = {true, false},
                            .minimum = 0,
                            .maximum = 1.2,
                            .rate = 1};
    capas_limit_norms(&p, plain);
    p.tile = tile;
    capas_limit_norms(&p, block);
    float *want = tiled(plain, tile);
    assert_memory_equal(block, want, (size_t)capas_dense_tiled_count(ROWS, COLUMNS) * sizeof *want);
    free(plain);
    free(block);
    free(want);
}

static void below_zero_becomes_zero(void **state)
{
    (void)state;
    float w[5] = {-1, 2, 0, -0.5f, NAN};
    capas_limit_to_positive(w, 5, 2);
    assert_true(w[0] == 0 && w[1] == 2 && w[2] == 0 && w[3] == 0 && isnan(w[4]));
}

/* By the definition, over all pairs, in either mode; a column of zeros does no harm. */
static void right_angles(void **state)
{
    (void)state;
    const float w[6] = {3, 4, 0, 1, 0, 0}; /* rows (3 4 0), (1 0 0) */
    capas_orthogonal_problem p = {.workers = 1, .rows = 2, .columns = 3, .factor = 0.5};
    assert_true(fabs(capas_orthogonal_penalty(&p, w) - 0.5 * 0.6) < 1e-7);
    p.by_columns = true; /* (3 1), (4 0), (0 0): only the first two meet */
    assert_true(fabs(capas_orthogonal_penalty(&p, w) - 0.5 * (3 / sqrt(10)) / 3) < 1e-7);
    p = (capas_orthogonal_problem){.workers = 1, .rows = 1, .columns = 3, .factor = 0.5};
    assert_true(capas_orthogonal_penalty(&p, w) == 0);
}

static void right_angles_have_gradients(void **state)
{
    (void)state;
    for (int by_columns = 0; by_columns < 2; by_columns++) {
        capas_orthogonal_problem p = {
            .workers = 2, .rows = 6, .columns = 5, .by_columns = by_columns, .factor = 0.7};
        float *w = random_floats(30, 9), gradient[30] = {0};
        capas_add_orthogonal_gradient(&p, w, gradient);
        for (int i = 0; i < 30; i++) {
            const float kept = w[i], step = 1e-3f;
            w[i] = kept + step;
            const double above = capas_orthogonal_penalty(&p, w);
            w[i] = kept - step;
            const double below = capas_orthogonal_penalty(&p, w);
            w[i] = kept;
            assert_true(fabs((above - below) / (2 * step) - gradient[i]) < 2e-3);
        }
        free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(norms_go_where_they_should),
        cmocka_unit_test(any_axes),
        cmocka_unit_test(tiled_weights),
        cmocka_unit_test(below_zero_becomes_zero),
        cmocka_unit_test(right_angles),
        cmocka_unit_test(right_angles_have_gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
