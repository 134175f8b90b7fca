/* Activations over vectors: y = f(x), dx = dy f'(y). The bits are the plain kernel's
 * (tuned/math.h). Those past relu6 are the plain kernel's. */
#include "kernels/elementwise.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/kernels.h"
#include "kernels/tuned/math.h"

enum { GRAIN = 8192 /* elements */ };

CAPAS_INLINE void forward_loop(capas_activation activation, const float *x, float *y, int64_t count)
{
    int64_t i = 0;
    for (; i + CAPAS_VECTOR <= count; i += CAPAS_VECTOR)
        v_store(y + i, v_activate(activation, v_load(x + i)));
    if (i < count) {
        vfloat last = v_load_part(x + i, (int)(count - i));
        v_store_part(y + i, v_activate(activation, last), (int)(count - i));
    }
}

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_activate_problem *p = problem;
    const capas_activate_arguments *a = arguments;
    const int64_t first = begin * CAPAS_PIECE, count = capas_pieces_end(end, a->count) - first;
    const float *x = (const float *)a->input + first;
    float *y = (float *)a->output + first;
    (void)shard;
    switch (p->activation) {
    case CAPAS_RELU:
        forward_loop(CAPAS_RELU, x, y, count);
        break;
    case CAPAS_SIGMOID:
        forward_loop(CAPAS_SIGMOID, x, y, count);
        break;
    case CAPAS_TANH:
        forward_loop(CAPAS_TANH, x, y, count);
        break;
    case CAPAS_ELU:
        forward_loop(CAPAS_ELU, x, y, count);
        break;
    case CAPAS_SELU:
        forward_loop(CAPAS_SELU, x, y, count);
        break;
    case CAPAS_RELU6:
        forward_loop(CAPAS_RELU6, x, y, count);
        break;
    default:
        forward_loop(CAPAS_LINEAR, x, y, count);
        break;
    }
}

static void forward(const void *problem, const void *arguments)
{
    const capas_activate_problem *p = problem;
    const capas_activate_arguments *a = arguments;
    capas_parallel_pieces(a->count, GRAIN, p->workers, forward_range, p, a);
}

CAPAS_INLINE void backward_loop(capas_activation activation, const float *y, const float *dy,
                                float *dx, int64_t count)
{
    int64_t i = 0;
    for (; i + CAPAS_VECTOR <= count; i += CAPAS_VECTOR)
        v_store(dx + i, v_activate_back(activation, v_load(y + i), v_load(dy + i)));
    if (i < count) {
        const int left = (int)(count - i);
        vfloat last_y = v_load_part(y + i, left), last_dy = v_load_part(dy + i, left);
        v_store_part(dx + i, v_activate_back(activation, last_y, last_dy), left);
    }
}

static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_activate_problem *p = problem;
    const capas_activate_arguments *a = arguments;
    const int64_t first = begin * CAPAS_PIECE, count = capas_pieces_end(end, a->count) - first;
    const float *y = (const float *)a->output + first;
    const float *dy = (const float *)a->output_gradient + first;
    float *dx = (float *)a->input_gradient + first;
    (void)shard;
    switch (p->activation) {
    case CAPAS_RELU:
        backward_loop(CAPAS_RELU, y, dy, dx, count);
        break;
    case CAPAS_SIGMOID:
        backward_loop(CAPAS_SIGMOID, y, dy, dx, count);
        break;
    case CAPAS_TANH:
        backward_loop(CAPAS_TANH, y, dy, dx, count);
        break;
    case CAPAS_ELU:
        backward_loop(CAPAS_ELU, y, dy, dx, count);
        break;
    case CAPAS_SELU:
        backward_loop(CAPAS_SELU, y, dy, dx, count);
        break;
    case CAPAS_RELU6:
        backward_loop(CAPAS_RELU6, y, dy, dx, count);
        break;
    default:
        backward_loop(CAPAS_LINEAR, y, dy, dx, count);
        break;
    }
}

static void backward(const void *problem, const void *arguments)
{
    const capas_activate_problem *p = problem;
    const capas_activate_arguments *a = arguments;
    capas_parallel_pieces(a->count, GRAIN, p->workers, backward_range, p, a);
}

static bool accepts(const void *problem)
{
    const capas_activation activation = ((const capas_activate_problem *)problem)->activation;
    return activation != CAPAS_SOFTMAX && !capas_activation_reads_input(activation);
}

CAPAS_TUNED_KERNEL(activate_forward, "vectors", accepts, NULL, forward);
CAPAS_TUNED_KERNEL(activate_backward, "vectors", accepts, NULL, backward);
