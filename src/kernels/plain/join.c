/* Rows of two arrays one behind the other, and back; copies, so there is no tuned twin. */
#include "kernels/elementwise.h"
#include "kernels/plain/real.h"
#include <string.h>

/* Copies the part that begins at `offset` in each row of y, to y or from it. */
static void copy_part(const capas_join_problem *p, capas_real *y, capas_real *part, int64_t size,
                      int64_t offset, int64_t row, bool to_y)
{
    capas_real *in_y = y + row * (p->a + p->b) + offset, *in_part = part + row * size;
    if (part && size > 0)
        memcpy(to_y ? in_y : in_part, to_y ? in_part : in_y, (size_t)size * sizeof *y);
}

static void copy_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      bool to_y)
{
    const capas_join_problem *p = problem;
    const capas_join_arguments *a = arguments;
    for (int64_t row = begin; row < end; row++) {
        copy_part(p, a->output, a->a, p->a, 0, row, to_y);
        copy_part(p, a->output, a->b, p->b, p->a, row, to_y);
    }
}

static void join_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    (void)shard;
    copy_rows(problem, arguments, begin, end, true);
}

static void split_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                       int shard)
{
    (void)shard;
    copy_rows(problem, arguments, begin, end, false);
}

static void run(const void *problem, const void *arguments, capas_range_function *function)
{
    const capas_join_problem *p = problem;
    const capas_join_arguments *a = arguments;
    const int64_t row = p->a + p->b;
    capas_parallel_ranges(a->n * p->outer, CAPAS_PLAIN_GRAIN / (row > 0 ? row : 1) + 1, p->workers,
                          function, p, a);
}

static void join(const void *problem, const void *arguments)
{
    run(problem, arguments, join_rows);
}

static void split(const void *problem, const void *arguments)
{
    run(problem, arguments, split_rows);
}

CAPAS_PLAIN_KERNEL(join, NULL, join);
CAPAS_PLAIN_KERNEL(split, NULL, split);
