/* The contrast and brightness of pictures, plain:
 *   Y = min(max((X - mean) contrast + mean + brightness, minimum), maximum)
 *   dX = contrast dZ + (1 - contrast) mean(dZ), dZ = dY where Z was not cut off, else 0 */
#include "kernels/plain/real.h"
#include "kernels/warp.h"

/* Of one channel of a picture. */
typedef struct adjustment {
    double mean;
    capas_real contrast, brightness;
} adjustment;

static adjustment adjustment_of(const capas_adjust_problem *p, const capas_real *x,
                                const capas_real factor[2], int channel)
{
    adjustment a = {0, factor[0], factor[1]};
    if (a.contrast == 1) return a;
    for (int64_t i = 0; i < p->pixels; i++)
        a.mean += (double)x[i * p->channels + channel];
    a.mean /= (double)p->pixels;
    return a;
}

/* Before it is cut off. */
static capas_real adjusted(const adjustment *a, capas_real x)
{
    const capas_real mean = (capas_real)a->mean;
    return (a->contrast == 1 ? x : (x - mean) * a->contrast + mean) + a->brightness;
}

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_adjust_problem *p = problem;
    const capas_adjust_arguments *a = arguments;
    const capas_real minimum = (capas_real)p->minimum, maximum = (capas_real)p->maximum;
    (void)shard;
    for (int64_t n = begin; n < end; n++) {
        const int64_t first = n * p->pixels * p->channels;
        const capas_real *x = (const capas_real *)a->input + first;
        capas_real *y = (capas_real *)a->output + first;
        for (int c = 0; c < p->channels; c++) {
            const adjustment all = adjustment_of(p, x, (const capas_real *)a->factor + 2 * n, c);
            for (int64_t i = c; i < p->pixels * p->channels; i += p->channels) {
                capas_real value = adjusted(&all, x[i]);
                value = value < minimum ? minimum : value;
                y[i] = value > maximum ? maximum : value;
            }
        }
    }
}

static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_adjust_problem *p = problem;
    const capas_adjust_arguments *a = arguments;
    const capas_real minimum = (capas_real)p->minimum, maximum = (capas_real)p->maximum;
    const int64_t size = p->pixels * p->channels;
    (void)shard;
    for (int64_t n = begin; n < end; n++) {
        const capas_real *x = (const capas_real *)a->input + n * size;
        const capas_real *dy = (const capas_real *)a->output_gradient + n * size;
        capas_real *dx = (capas_real *)a->input_gradient + n * size;
        for (int c = 0; c < p->channels; c++) {
            const adjustment all = adjustment_of(p, x, (const capas_real *)a->factor + 2 * n, c);
            double sum = 0;
            for (int64_t i = c; i < size; i += p->channels) {
                const capas_real value = adjusted(&all, x[i]);
                const capas_real dz = value >= minimum && value <= maximum ? dy[i] : 0;
                dx[i] = all.contrast * dz;
                sum += (double)dz;
            }
            const capas_real mean = (capas_real)(sum / (double)p->pixels);
            for (int64_t i = c; i < size && all.contrast != 1; i += p->channels)
                dx[i] += (1 - all.contrast) * mean;
        }
    }
}

static void run_forward(const void *problem, const void *arguments)
{
    const capas_adjust_problem *p = problem;
    const capas_adjust_arguments *a = arguments;
    capas_parallel_ranges(a->n, 1, p->workers, forward_range, p, a);
}

static void run_backward(const void *problem, const void *arguments)
{
    const capas_adjust_problem *p = problem;
    const capas_adjust_arguments *a = arguments;
    capas_parallel_ranges(a->n, 1, p->workers, backward_range, p, a);
}

CAPAS_PLAIN_KERNEL(adjust, NULL, run_forward);
CAPAS_PLAIN_KERNEL(adjust_backward, NULL, run_backward);
