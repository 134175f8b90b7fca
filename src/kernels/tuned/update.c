/* Optimizer steps over vectors: the formulas of kernels/update.h, operation by operation as in the
 * plain kernel, so that the bits are the same. One pass reads gradient, weights and slots and
 * writes weights and slots; memory is what it waits for. Each rule and its variants are a loop of
 * their own. */
#include "kernels/update.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/kernels.h"

enum { GRAIN = 16384 /* elements */ };

typedef struct step {
    const capas_update_problem *problem;
    float rate, momentum, rho, rest_of_rho, rest_of_beta_1, rest_of_beta_2, epsilon;
    float scale, limit, decay;
    const float *gradient;
    float *weights, *slots[CAPAS_MAX_SLOTS];
} step;

static step step_of(const capas_update_problem *p, const capas_update_arguments *a)
{
    return (step){
        .problem = p,
        .rate = (float)a->learning_rate,
        .momentum = (float)p->momentum,
        .rho = (float)p->rho,
        .rest_of_rho = (float)(1 - p->rho),
        .rest_of_beta_1 = (float)(1 - p->beta_1),
        .rest_of_beta_2 = (float)(1 - p->beta_2),
        .epsilon = (float)p->epsilon,
        .scale = (float)a->gradient_scale,
        .limit = (float)a->clip_value,
        .decay = (float)a->decay,
        .gradient = a->gradient,
        .weights = a->weights,
        .slots = {a->slots[0], a->slots[1], a->slots[2]},
    };
}

/* The gradient scaled and clipped; a NaN stays. */
CAPAS_INLINE vfloat prepared(const step *s, int64_t i, int count)
{
    vfloat g = v_load_some(s->gradient + i, count) * s->scale;
    if (!(s->limit > 0)) return g;
    return v_max(v_set(-s->limit), v_min(v_set(s->limit), g));
}

/* Each rule returns what is added to the weights. */
CAPAS_INLINE vfloat sgd(const step *s, bool has_momentum, int64_t i, int count, vfloat g)
{
    vfloat increment = s->rate * g;
    if (!has_momentum) return -increment;
    vfloat m = s->momentum * v_load_some(s->slots[0] + i, count) - increment;
    v_store_some(s->slots[0] + i, m, count);
    if (s->problem->nesterov) return s->momentum * m - increment;
    return m;
}

CAPAS_INLINE vfloat rmsprop(const step *s, bool has_momentum, int64_t i, int count, vfloat g)
{
    vfloat v = s->rho * v_load_some(s->slots[0] + i, count) + s->rest_of_rho * (g * g);
    vfloat denominator = v + s->epsilon;
    v_store_some(s->slots[0] + i, v, count);
    if (s->problem->centered) {
        float *slot = s->slots[has_momentum ? 2 : 1] + i;
        vfloat average = s->rho * v_load_some(slot, count) + s->rest_of_rho * g;
        denominator = v - average * average + s->epsilon;
        v_store_some(slot, average, count);
    }
    vfloat increment = s->rate * g / v_sqrt(denominator);
    if (!has_momentum) return -increment;
    vfloat b = s->momentum * v_load_some(s->slots[1] + i, count) + increment;
    v_store_some(s->slots[1] + i, b, count);
    return -b;
}

CAPAS_INLINE vfloat adam(const step *s, int64_t i, int count, vfloat g)
{
    vfloat m = v_load_some(s->slots[0] + i, count), v = v_load_some(s->slots[1] + i, count);
    m += (g - m) * s->rest_of_beta_1;
    v += (g * g - v) * s->rest_of_beta_2;
    v_store_some(s->slots[0] + i, m, count);
    v_store_some(s->slots[1] + i, v, count);
    if (s->problem->amsgrad) {
        v = v_max(v, v_load_some(s->slots[2] + i, count));
        v_store_some(s->slots[2] + i, v, count);
    }
    return -(s->rate * m / (v_sqrt(v) + s->epsilon));
}

CAPAS_INLINE vfloat adadelta(const step *s, int64_t i, int count, vfloat g)
{
    vfloat d = v_load_some(s->slots[1] + i, count);
    vfloat a = s->rho * v_load_some(s->slots[0] + i, count) + s->rest_of_rho * (g * g);
    vfloat delta = -(v_sqrt(d + s->epsilon) * g / v_sqrt(a + s->epsilon));
    v_store_some(s->slots[0] + i, a, count);
    v_store_some(s->slots[1] + i, s->rho * d + s->rest_of_rho * (delta * delta), count);
    return s->rate * delta;
}

/* Updates a vector; the answer is all ones where the new weight is not finite. */
CAPAS_INLINE vint update_vector(const step *s, capas_update_rule rule, bool has_momentum, int64_t i,
                                int count)
{
    const int32_t exponent = 0x7f800000;
    vfloat g = prepared(s, i, count), w = v_load_some(s->weights + i, count), change = v_zero();
    switch (rule) {
    case CAPAS_UPDATE_SGD:
        change = sgd(s, has_momentum, i, count, g);
        break;
    case CAPAS_UPDATE_RMSPROP:
        change = rmsprop(s, has_momentum, i, count, g);
        break;
    case CAPAS_UPDATE_ADAM:
        change = adam(s, i, count, g);
        break;
    case CAPAS_UPDATE_ADADELTA:
        change = adadelta(s, i, count, g);
        break;
    }
    w -= w * s->decay;
    w += change;
    v_store_some(s->weights + i, w, count);
    return ((vint)w & exponent) == exponent;
}

CAPAS_INLINE bool update_range(const step *s, capas_update_rule rule, bool has_momentum,
                               int64_t begin, int64_t end)
{
    vint wrong = v_set_int(0);
    int64_t i = begin;
    for (; i + CAPAS_VECTOR <= end; i += CAPAS_VECTOR)
        wrong |= update_vector(s, rule, has_momentum, i, CAPAS_VECTOR);
    if (i < end) {
        vint last = update_vector(s, rule, has_momentum, i, (int)(end - i));
        wrong |= last & (v_lanes() < (int32_t)(end - i));
    }
    return v_bits(wrong) == 0;
}

/* Begin and end count pieces. */
static void run_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    const capas_update_problem *p = problem;
    const capas_update_arguments *a = arguments;
    const step s = step_of(p, a);
    const int64_t first = begin * CAPAS_PIECE, last = capas_pieces_end(end, a->count);
    bool finite = true;
    (void)shard;
    switch (p->rule) {
    case CAPAS_UPDATE_SGD:
        finite = p->momentum != 0 ? update_range(&s, CAPAS_UPDATE_SGD, true, first, last)
                                  : update_range(&s, CAPAS_UPDATE_SGD, false, first, last);
        break;
    case CAPAS_UPDATE_RMSPROP:
        finite = p->momentum > 0 ? update_range(&s, CAPAS_UPDATE_RMSPROP, true, first, last)
                                 : update_range(&s, CAPAS_UPDATE_RMSPROP, false, first, last);
        break;
    case CAPAS_UPDATE_ADAM:
        finite = update_range(&s, CAPAS_UPDATE_ADAM, false, first, last);
        break;
    case CAPAS_UPDATE_ADADELTA:
        finite = update_range(&s, CAPAS_UPDATE_ADADELTA, false, first, last);
        break;
    }
    if (!finite && a->finite) __atomic_store_n(a->finite, false, __ATOMIC_RELAXED);
}

static void run(const void *problem, const void *arguments)
{
    const capas_update_problem *p = problem;
    const capas_update_arguments *a = arguments;
    capas_parallel_pieces(a->count, GRAIN, p->workers, run_range, p, a);
}

CAPAS_TUNED_KERNEL(update, "one pass", NULL, NULL, run);
