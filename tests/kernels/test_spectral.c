/* Spectral normalisation: power iteration written out, for kernels of any size however they lie;
 * the largest singular value is 1 in the end; zeros stay; the same bits for any number of threads.
 */
#include "kernels/dense.h"
#include "kernels/spectral.h"
#include "support/cmocka.h"
#include "support/kernels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct matrix {
    capas_spectral_problem problem;
    int64_t count; /* of the block */
    float *weights, *vector;
} matrix;

static matrix matrix_of(int64_t rows, int64_t columns, int iterations, bool tiled)
{
    matrix m = {.vector = random_floats(columns, 6)};
    m.problem = (capas_spectral_problem){
        .workers = 2, .rows = rows, .columns = columns, .iterations = iterations};
    m.problem.tile = tiled ? capas_dense_tile(rows, columns) : 0;
    m.count = tiled ? capas_dense_tiled_count(rows, columns) : rows * columns;
    float *values = random_floats(rows * columns, 5);
    m.weights = calloc((size_t)m.count, sizeof *m.weights);
    assert_non_null(m.weights);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++)
            m.weights[tiled ? capas_dense_tiled_index(r, c, columns, m.problem.tile)
                            : r * columns + c] = values[r * columns + c];
    free(values);
    return m;
}

static void release(matrix *m)
{
    free(m->weights);
    free(m->vector);
}

static double weight_at(const matrix *m, int64_t r, int64_t c)
{
    const capas_spectral_problem *p = &m->problem;
    return m->weights[p->tile ? capas_dense_tiled_index(r, c, p->columns, p->tile)
                              : r * p->columns + c];
}

static void normalise(matrix *m)
{
    double *workspace = unwritten((int64_t)capas_spectral_workspace(&m->problem), sizeof(double));
    capas_normalise_spectrum(&m->problem, m->count, m->weights, m->vector, workspace);
    free(workspace);
}

static void scale_to_one(double *x, int64_t count)
{
    double squares = 0;
    for (int64_t i = 0; i < count; i++)
        squares += x[i] * x[i];
    for (int64_t i = 0; i < count; i++)
        x[i] /= fmax(sqrt(squares), 1e-7);
}

/* u and v as Keras has them, product by product; returns v W u^T. */
static double written_out(const matrix *m, double *u, double *v)
{
    const int64_t rows = m->problem.rows, columns = m->problem.columns;
    double sigma = 0;
    for (int i = 0; i < m->problem.iterations; i++) {
        for (int64_t r = 0; r < rows; r++) {
            v[r] = 0;
            for (int64_t c = 0; c < columns; c++)
                v[r] += u[c] * weight_at(m, r, c);
        }
        scale_to_one(v, rows);
        for (int64_t c = 0; c < columns; c++) {
            u[c] = 0;
            for (int64_t r = 0; r < rows; r++)
                u[c] += v[r] * weight_at(m, r, c);
        }
        scale_to_one(u, columns);
    }
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++)
            sigma += v[r] * weight_at(m, r, c) * u[c];
    return sigma;
}

static void is_what_keras_writes(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {{1, 1}, {1, 5}, {7, 1}, {5, 3}, {113, 17}, {300, 130}};
    for (int i = 0; i < 6; i++)
        for (int tiled = 0; tiled < 2; tiled++) {
            matrix m = matrix_of(sizes[i][0], sizes[i][1], 1 + i % 3, tiled);
            matrix before = matrix_of(sizes[i][0], sizes[i][1], 1 + i % 3, tiled);
            const int64_t rows = m.problem.rows, columns = m.problem.columns;
            double *u = calloc((size_t)(rows + columns), sizeof *u);
            assert_non_null(u);
            for (int64_t c = 0; c < columns; c++)
                u[c] = m.vector[c];
            const double sigma = written_out(&before, u, u + columns);
            normalise(&m);
            for (int64_t c = 0; c < columns; c++)
                assert_true(fabs(m.vector[c] - u[c]) < 1e-6);
            for (int64_t k = 0; k < m.count; k++)
                assert_true(fabs(m.weights[k] - before.weights[k] / sigma) < 1e-6);
            free(u);
            release(&m);
            release(&before);
        }
}

static void the_largest_becomes_one(void **state)
{
    (void)state;
    matrix m = matrix_of(31, 12, 400, false);
    normalise(&m);
    m.problem.iterations = 1;
    for (int again = 0; again < 2; again++) {
        float *before = unwritten(m.count, sizeof *before);
        memcpy(before, m.weights, (size_t)m.count * sizeof *before);
        normalise(&m);
        for (int64_t k = 0; k < m.count; k++)
            assert_true(fabs(m.weights[k] - before[k]) < 1e-6);
        free(before);
    }
    release(&m);
}

static void zeros_stay(void **state)
{
    (void)state;
    matrix m = matrix_of(9, 4, 2, true), same = matrix_of(9, 4, 2, true);
    memset(m.weights, 0, (size_t)m.count * sizeof *m.weights);
    normalise(&m);
    for (int64_t k = 0; k < m.count; k++)
        assert_true(m.weights[k] == 0);
    assert_memory_equal(m.vector, same.vector, 4 * sizeof(float));
    release(&m);
    release(&same);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    matrix one = matrix_of(700, 90, 2, false), many = matrix_of(700, 90, 2, false);
    one.problem.workers = 1;
    many.problem.workers = 7;
    normalise(&one);
    normalise(&many);
    assert_memory_equal(one.weights, many.weights, (size_t)one.count * sizeof(float));
    assert_memory_equal(one.vector, many.vector, 90 * sizeof(float));
    release(&one);
    release(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_what_keras_writes),
        cmocka_unit_test(the_largest_becomes_one),
        cmocka_unit_test(zeros_stay),
        cmocka_unit_test(threads_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
