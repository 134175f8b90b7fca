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
    float rate, momentum, rho, rest_of_rho, beta_1, rest_of_beta_1, beta_2, rest_of_beta_2, epsilon;
    float momentum_scale, gradient_share, velocity_scale, scale, limit, decay;
    const float *gradient;
    float *weights, *slots[CAPAS_MAX_SLOTS], *direction;
} step;

static step step_of(const capas_update_problem *p, const capas_update_arguments *a)
{
    return (step){
        .problem = p,
        .rate = (float)a->learning_rate,
        .momentum = (float)p->momentum,
        .rho = (float)p->rho,
        .rest_of_rho = (float)(1 - p->rho),
        .beta_1 = (float)p->beta_1,
        .rest_of_beta_1 = (float)(1 - p->beta_1),
        .beta_2 = (float)p->beta_2,
        .rest_of_beta_2 = (float)(1 - p->beta_2),
        .epsilon = (float)p->epsilon,
        .momentum_scale = (float)a->momentum_scale,
        .gradient_share = (float)a->gradient_share,
        .velocity_scale = (float)a->velocity_scale,
        .scale = (float)a->gradient_scale,
        .limit = (float)a->clip_value,
        .decay = (float)a->decay,
        .gradient = a->gradient,
        .weights = a->weights,
        .slots = {a->slots[0], a->slots[1], a->slots[2]},
        .direction = a->direction,
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

/* What Adam and its kin have in common. */
CAPAS_INLINE void add_moments(const step *s, int64_t i, int count, vfloat g, vfloat *m, vfloat *v)
{
    *m = v_load_some(s->slots[0] + i, count);
    *v = v_load_some(s->slots[1] + i, count);
    *m += (g - *m) * s->rest_of_beta_1;
    *v += (g * g - *v) * s->rest_of_beta_2;
    v_store_some(s->slots[0] + i, *m, count);
    v_store_some(s->slots[1] + i, *v, count);
}

CAPAS_INLINE vfloat adam(const step *s, int64_t i, int count, vfloat g)
{
    vfloat m, v;
    add_moments(s, i, count, g, &m, &v);
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

CAPAS_INLINE vfloat adagrad(const step *s, int64_t i, int count, vfloat g)
{
    vfloat a = v_load_some(s->slots[0] + i, count) + g * g;
    v_store_some(s->slots[0] + i, a, count);
    return -(s->rate * g / v_sqrt(a + s->epsilon));
}

CAPAS_INLINE vfloat adamax(const step *s, int64_t i, int count, vfloat g)
{
    vfloat m = v_load_some(s->slots[0] + i, count), size = v_abs(g);
    vfloat u = v_load_some(s->slots[1] + i, count) * s->beta_2;
    m += (g - m) * s->rest_of_beta_1;
    u = v_select(u > size, u, size);
    v_store_some(s->slots[0] + i, m, count);
    v_store_some(s->slots[1] + i, u, count);
    return -(s->rate * m / (u + s->epsilon));
}

CAPAS_INLINE vfloat nadam(const step *s, int64_t i, int count, vfloat g)
{
    vfloat m, v;
    add_moments(s, i, count, g, &m, &v);
    vfloat ahead = s->momentum_scale * m + s->gradient_share * g;
    return -(s->rate * ahead / (v_sqrt(s->velocity_scale * v) + s->epsilon));
}

/* A NaN stays. */
CAPAS_INLINE vfloat lion(const step *s, int64_t i, int count, vfloat g)
{
    vfloat m = v_load_some(s->slots[0] + i, count);
    vfloat c = s->beta_1 * m + s->rest_of_beta_1 * g;
    v_store_some(s->slots[0] + i, s->beta_2 * m + s->rest_of_beta_2 * g, count);
    vfloat sign = v_select(c > 0, v_set(1), v_select(c < 0, v_set(-1), c));
    return -(s->rate * sign);
}

/* The new weight, not its change. The power is -1/2: others are the plain kernel's. */
CAPAS_INLINE vfloat ftrl(const step *s, int64_t i, int count, vfloat g, vfloat w)
{
    const capas_update_problem *p = s->problem;
    const float l1 = (float)p->l1;
    vfloat a = v_load_some(s->slots[0] + i, count), z = v_load_some(s->slots[1] + i, count);
    vfloat shrunk = g + (float)(2 * p->shrinkage) * w, before = v_sqrt(a);
    a += g * g;
    vfloat after = v_sqrt(a);
    z += shrunk - (after - before) / s->rate * w;
    v_store_some(s->slots[0] + i, a, count);
    v_store_some(s->slots[1] + i, z, count);
    vfloat far = v_max(v_set(-l1), v_min(v_set(l1), z)) - z;
    vfloat quotient = far / (after / s->rate + ((float)(2 * p->l2) + (float)p->beta / s->rate));
    return v_select(far == 0, v_zero(), quotient); /* also 0 / 0, where there was no gradient yet */
}

CAPAS_INLINE vfloat lamb(const step *s, int64_t i, int count, vfloat g)
{
    vfloat m, v;
    add_moments(s, i, count, g, &m, &v);
    v_store_some(s->direction + i,
                 s->momentum_scale * m / (v_sqrt(s->velocity_scale * v) + s->epsilon), count);
    return v_zero();
}

CAPAS_INLINE vfloat new_weight(const step *s, capas_update_rule rule, bool has_momentum, int64_t i,
                               int count, vfloat g, vfloat w)
{
    switch (rule) {
    case CAPAS_UPDATE_SGD:
        return w + sgd(s, has_momentum, i, count, g);
    case CAPAS_UPDATE_RMSPROP:
        return w + rmsprop(s, has_momentum, i, count, g);
    case CAPAS_UPDATE_ADAM:
        return w + adam(s, i, count, g);
    case CAPAS_UPDATE_ADADELTA:
        return w + adadelta(s, i, count, g);
    case CAPAS_UPDATE_ADAGRAD:
        return w + adagrad(s, i, count, g);
    case CAPAS_UPDATE_ADAMAX:
        return w + adamax(s, i, count, g);
    case CAPAS_UPDATE_NADAM:
        return w + nadam(s, i, count, g);
    case CAPAS_UPDATE_LION:
        return w + lion(s, i, count, g);
    case CAPAS_UPDATE_FTRL:
        return ftrl(s, i, count, g, w);
    case CAPAS_UPDATE_LAMB:
        return w + lamb(s, i, count, g);
    }
    return w;
}

/* Updates a vector; the answer is all ones where the new weight is not finite. */
CAPAS_INLINE vint update_vector(const step *s, capas_update_rule rule, bool has_momentum, int64_t i,
                                int count)
{
    const int32_t exponent = 0x7f800000;
    vfloat g = prepared(s, i, count), w = v_load_some(s->weights + i, count);
    w -= w * s->decay;
    w = new_weight(s, rule, has_momentum, i, count, g, w);
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

/* Each rule's loop; rules with momentum or without have two. */
static bool update_pieces(const step *s, int64_t first, int64_t last)
{
    const capas_update_problem *p = s->problem;
    switch (p->rule) {
    case CAPAS_UPDATE_SGD:
        return p->momentum != 0 ? update_range(s, CAPAS_UPDATE_SGD, true, first, last)
                                : update_range(s, CAPAS_UPDATE_SGD, false, first, last);
    case CAPAS_UPDATE_RMSPROP:
        return p->momentum > 0 ? update_range(s, CAPAS_UPDATE_RMSPROP, true, first, last)
                               : update_range(s, CAPAS_UPDATE_RMSPROP, false, first, last);
    case CAPAS_UPDATE_ADAM:
        return update_range(s, CAPAS_UPDATE_ADAM, false, first, last);
    case CAPAS_UPDATE_ADADELTA:
        return update_range(s, CAPAS_UPDATE_ADADELTA, false, first, last);
    case CAPAS_UPDATE_ADAGRAD:
        return update_range(s, CAPAS_UPDATE_ADAGRAD, false, first, last);
    case CAPAS_UPDATE_ADAMAX:
        return update_range(s, CAPAS_UPDATE_ADAMAX, false, first, last);
    case CAPAS_UPDATE_NADAM:
        return update_range(s, CAPAS_UPDATE_NADAM, false, first, last);
    case CAPAS_UPDATE_LION:
        return update_range(s, CAPAS_UPDATE_LION, false, first, last);
    case CAPAS_UPDATE_FTRL:
        return update_range(s, CAPAS_UPDATE_FTRL, false, first, last);
    case CAPAS_UPDATE_LAMB:
        return update_range(s, CAPAS_UPDATE_LAMB, false, first, last);
    }
    return true;
}

/* Begin and end count pieces. */
static void run_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    const capas_update_arguments *a = arguments;
    const step s = step_of(problem, a);
    (void)shard;
    bool finite = update_pieces(&s, begin * CAPAS_PIECE, capas_pieces_end(end, a->count));
    if (!finite && a->finite) __atomic_store_n(a->finite, false, __ATOMIC_RELAXED);
}

/* Ftrl's power is a root, all but always. */
static bool accepts(const void *problem)
{
    const capas_update_problem *p = problem;
    return p->rule != CAPAS_UPDATE_FTRL || p->power == -0.5;
}

static void run(const void *problem, const void *arguments)
{
    const capas_update_problem *p = problem;
    const capas_update_arguments *a = arguments;
    capas_parallel_pieces(a->count, GRAIN, p->workers, run_range, p, a);
}

CAPAS_TUNED_KERNEL(update, "one pass", accepts, NULL, run);
