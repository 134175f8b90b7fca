/* Softmax over rows: y[c] = e^(x[c] - max) / sum, dx = y (dy - sum(dy y)). Short rows are worked on
 * CAPAS_VECTOR at a time, each in a lane (rows.h); long ones along the row. */
#include "kernels/elementwise.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/kernels.h"
#include "kernels/tuned/math.h"
#include "kernels/tuned/rows.h"

enum { GRAIN = 4096 /* elements */ };

static void forward_lanes(const float *x, float *y, int classes, int rows)
{
    capas_lanes lanes;
    capas_load_rows(&lanes, x, classes, rows);
    vfloat largest = capas_largest_class(&lanes, classes), sum = v_zero();
    for (int c = 0; c < classes; c++) {
        vfloat e = v_exp(capas_class(&lanes, c) - largest);
        sum += e;
        capas_set_class(&lanes, c, e);
    }
    for (int c = 0; c < classes; c++)
        capas_set_class(&lanes, c, capas_class(&lanes, c) / sum);
    capas_store_rows(&lanes, y, classes, rows);
}

static float largest_of(const float *x, int classes)
{
    vfloat largest = v_set(x[0]);
    int c = 0;
    for (; c + CAPAS_VECTOR <= classes; c += CAPAS_VECTOR)
        largest = v_max(v_load(x + c), largest);
    float most = largest[0];
    for (int i = 1; i < CAPAS_VECTOR; i++)
        most = largest[i] > most ? largest[i] : most;
    for (; c < classes; c++)
        most = x[c] > most ? x[c] : most;
    return most;
}

static void forward_row(const float *x, float *y, int classes)
{
    const float largest = largest_of(x, classes);
    vfloat sums = v_zero();
    for (int c = 0; c < classes; c += CAPAS_VECTOR) {
        const int count = classes - c < CAPAS_VECTOR ? classes - c : CAPAS_VECTOR;
        vfloat e = v_exp(v_load_some(x + c, count) - largest);
        v_store_some(y + c, e, count);
        sums += v_select(v_lanes() < count, e, v_zero());
    }
    const float sum = v_sum(sums);
    for (int c = 0; c < classes; c += CAPAS_VECTOR) {
        const int count = classes - c < CAPAS_VECTOR ? classes - c : CAPAS_VECTOR;
        v_store_some(y + c, v_load_some(y + c, count) / sum, count);
    }
}

static void backward_lanes(const float *y, const float *dy, float *dx, int classes, int rows)
{
    capas_lanes value, gradient;
    vfloat sum = v_zero();
    capas_load_rows(&value, y, classes, rows);
    capas_load_rows(&gradient, dy, classes, rows);
    for (int c = 0; c < classes; c++)
        sum += capas_class(&gradient, c) * capas_class(&value, c);
    for (int c = 0; c < classes; c++)
        capas_set_class(&value, c, capas_class(&value, c) * (capas_class(&gradient, c) - sum));
    capas_store_rows(&value, dx, classes, rows);
}

static void backward_row(const float *y, const float *dy, float *dx, int classes)
{
    vfloat sums = v_zero();
    for (int c = 0; c < classes; c += CAPAS_VECTOR) {
        const int count = classes - c < CAPAS_VECTOR ? classes - c : CAPAS_VECTOR;
        sums += v_load_some(dy + c, count) * v_load_some(y + c, count);
    }
    const float sum = v_sum(sums);
    for (int c = 0; c < classes; c += CAPAS_VECTOR) {
        const int count = classes - c < CAPAS_VECTOR ? classes - c : CAPAS_VECTOR;
        vfloat d = v_load_some(y + c, count) * (v_load_some(dy + c, count) - sum);
        v_store_some(dx + c, d, count);
    }
}

/* Rows at once: each in a lane, or one alone. */
static int64_t rows_together(const capas_softmax_problem *p)
{
    return p->classes <= CAPAS_MOST_CLASSES ? CAPAS_VECTOR : 1;
}

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_softmax_problem *p = problem;
    const capas_softmax_arguments *a = arguments;
    const int64_t together = rows_together(p);
    (void)shard;
    for (int64_t i = begin * together; i < end * together && i < a->rows; i += together) {
        const float *x = (const float *)a->input + i * p->classes;
        float *y = (float *)a->output + i * p->classes;
        const int64_t left = a->rows - i;
        if (together > 1)
            forward_lanes(x, y, p->classes, (int)(left < together ? left : together));
        else
            forward_row(x, y, p->classes);
    }
}

static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_softmax_problem *p = problem;
    const capas_softmax_arguments *a = arguments;
    const int64_t together = rows_together(p);
    (void)shard;
    for (int64_t i = begin * together; i < end * together && i < a->rows; i += together) {
        const float *y = (const float *)a->output + i * p->classes;
        const float *dy = (const float *)a->output_gradient + i * p->classes;
        float *dx = (float *)a->input_gradient + i * p->classes;
        const int64_t left = a->rows - i;
        if (together > 1)
            backward_lanes(y, dy, dx, p->classes, (int)(left < together ? left : together));
        else
            backward_row(y, dy, dx, p->classes);
    }
}

static void run(const void *problem, const void *arguments, capas_range_function *function)
{
    const capas_softmax_problem *p = problem;
    const capas_softmax_arguments *a = arguments;
    const int64_t together = rows_together(p);
    capas_parallel_ranges((a->rows + together - 1) / together, GRAIN / (together * p->classes) + 1,
                          p->workers, function, p, a);
}

static void forward(const void *problem, const void *arguments)
{
    run(problem, arguments, forward_range);
}

static void backward(const void *problem, const void *arguments)
{
    run(problem, arguments, backward_range);
}

CAPAS_TUNED_KERNEL(softmax_forward, "vectors", NULL, NULL, forward);
CAPAS_TUNED_KERNEL(softmax_backward, "vectors", NULL, NULL, backward);
