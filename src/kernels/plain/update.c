/* Optimizer steps, plain: one element after another by the formulas of kernels/update.h. */
#include "kernels/update.h"
#include "kernels/plain/real.h"
#include <math.h>

/* The numbers of a step in the weights' type, and the slots. */
typedef struct step {
    const capas_update_problem *problem;
    capas_real rate, momentum, rho, rest_of_rho, beta_1, rest_of_beta_1, beta_2, rest_of_beta_2;
    capas_real epsilon, momentum_scale, gradient_share, velocity_scale;
    capas_real *slots[CAPAS_MAX_SLOTS], *direction;
} step;

static step step_of(const capas_update_problem *p, const capas_update_arguments *a)
{
    return (step){
        .problem = p,
        .rate = (capas_real)a->learning_rate,
        .momentum = (capas_real)p->momentum,
        .rho = (capas_real)p->rho,
        .rest_of_rho = (capas_real)(1 - p->rho),
        .beta_1 = (capas_real)p->beta_1,
        .rest_of_beta_1 = (capas_real)(1 - p->beta_1),
        .beta_2 = (capas_real)p->beta_2,
        .rest_of_beta_2 = (capas_real)(1 - p->beta_2),
        .epsilon = (capas_real)p->epsilon,
        .momentum_scale = (capas_real)a->momentum_scale,
        .gradient_share = (capas_real)a->gradient_share,
        .velocity_scale = (capas_real)a->velocity_scale,
        .slots = {a->slots[0], a->slots[1], a->slots[2]},
        .direction = a->direction,
    };
}

/* The gradient scaled and clipped; a NaN stays. */
static capas_real prepared(const capas_update_arguments *a, capas_real gradient)
{
    const capas_real limit = (capas_real)a->clip_value;
    const capas_real g = gradient * (capas_real)a->gradient_scale;
    if (!(limit > 0)) return g;
    return g > limit ? limit : g < -limit ? -limit : g;
}

/* Each rule returns what is added to weight i. */
static capas_real sgd(const step *s, int64_t i, capas_real g)
{
    const capas_real increment = s->rate * g;
    if (s->problem->momentum == 0) return -increment;
    capas_real *m = s->slots[0];
    m[i] = s->momentum * m[i] - increment;
    return s->problem->nesterov ? s->momentum * m[i] - increment : m[i];
}

static capas_real rmsprop(const step *s, int64_t i, capas_real g)
{
    const bool has_momentum = s->problem->momentum > 0;
    capas_real *v = s->slots[0], *b = s->slots[1], *average = s->slots[has_momentum ? 2 : 1];
    v[i] = s->rho * v[i] + s->rest_of_rho * (g * g);
    capas_real denominator = v[i] + s->epsilon;
    if (s->problem->centered) {
        average[i] = s->rho * average[i] + s->rest_of_rho * g;
        denominator = v[i] - average[i] * average[i] + s->epsilon;
    }
    const capas_real increment = s->rate * g / capas_real_sqrt(denominator);
    if (!has_momentum) return -increment;
    b[i] = s->momentum * b[i] + increment;
    return -b[i];
}

/* What Adam and its kin have in common. */
static void add_moments(const step *s, int64_t i, capas_real g)
{
    capas_real *m = s->slots[0], *v = s->slots[1];
    m[i] += (g - m[i]) * s->rest_of_beta_1;
    v[i] += (g * g - v[i]) * s->rest_of_beta_2;
}

static capas_real adam(const step *s, int64_t i, capas_real g)
{
    capas_real *m = s->slots[0], *v = s->slots[1], *largest = s->slots[2];
    add_moments(s, i, g);
    capas_real velocity = v[i];
    if (s->problem->amsgrad) {
        if (velocity > largest[i]) largest[i] = velocity;
        velocity = largest[i];
    }
    return -(s->rate * m[i] / (capas_real_sqrt(velocity) + s->epsilon));
}

static capas_real adadelta(const step *s, int64_t i, capas_real g)
{
    capas_real *a = s->slots[0], *d = s->slots[1];
    a[i] = s->rho * a[i] + s->rest_of_rho * (g * g);
    const capas_real delta =
        -(capas_real_sqrt(d[i] + s->epsilon) * g / capas_real_sqrt(a[i] + s->epsilon));
    d[i] = s->rho * d[i] + s->rest_of_rho * (delta * delta);
    return s->rate * delta;
}

static capas_real adagrad(const step *s, int64_t i, capas_real g)
{
    capas_real *a = s->slots[0];
    a[i] += g * g;
    return -(s->rate * g / capas_real_sqrt(a[i] + s->epsilon));
}

static capas_real adamax(const step *s, int64_t i, capas_real g)
{
    capas_real *m = s->slots[0], *u = s->slots[1];
    const capas_real size = g < 0 ? -g : g;
    m[i] += (g - m[i]) * s->rest_of_beta_1;
    u[i] *= s->beta_2;
    if (!(u[i] > size)) u[i] = size;
    return -(s->rate * m[i] / (u[i] + s->epsilon));
}

static capas_real nadam(const step *s, int64_t i, capas_real g)
{
    add_moments(s, i, g);
    const capas_real *m = s->slots[0], *v = s->slots[1];
    const capas_real ahead = s->momentum_scale * m[i] + s->gradient_share * g;
    return -(s->rate * ahead / (capas_real_sqrt(s->velocity_scale * v[i]) + s->epsilon));
}

/* A NaN stays. */
static capas_real lion(const step *s, int64_t i, capas_real g)
{
    capas_real *m = s->slots[0];
    const capas_real c = s->beta_1 * m[i] + s->rest_of_beta_1 * g;
    m[i] = s->beta_2 * m[i] + s->rest_of_beta_2 * g;
    return -(s->rate * (c > 0 ? 1 : c < 0 ? -1 : c));
}

/* a^-power; a is not negative. */
static capas_real power_of(const capas_update_problem *p, capas_real a)
{
    return p->power == -0.5 ? capas_real_sqrt(a) : (capas_real)pow((double)a, -p->power);
}

/* The new weight, not its change. */
static capas_real ftrl(const step *s, int64_t i, capas_real g, capas_real w)
{
    const capas_update_problem *p = s->problem;
    const capas_real l1 = (capas_real)p->l1;
    const capas_real shrunk = g + (capas_real)(2 * p->shrinkage) * w;
    capas_real *a = s->slots[0], *z = s->slots[1];
    const capas_real before = power_of(p, a[i]);
    a[i] += g * g;
    const capas_real after = power_of(p, a[i]);
    z[i] += shrunk - (after - before) / s->rate * w;
    const capas_real far = (z[i] < -l1 ? -l1 : z[i] > l1 ? l1 : z[i]) - z[i];
    if (far == 0) return 0; /* also 0 / 0, where there was no gradient yet */
    return far / (after / s->rate + ((capas_real)(2 * p->l2) + (capas_real)p->beta / s->rate));
}

static capas_real lamb(const step *s, int64_t i, capas_real g)
{
    add_moments(s, i, g);
    const capas_real *m = s->slots[0], *v = s->slots[1];
    s->direction[i] =
        s->momentum_scale * m[i] / (capas_real_sqrt(s->velocity_scale * v[i]) + s->epsilon);
    return 0;
}

static capas_real new_weight(const step *s, int64_t i, capas_real g, capas_real w)
{
    switch (s->problem->rule) {
    case CAPAS_UPDATE_SGD:
        return w + sgd(s, i, g);
    case CAPAS_UPDATE_RMSPROP:
        return w + rmsprop(s, i, g);
    case CAPAS_UPDATE_ADAM:
        return w + adam(s, i, g);
    case CAPAS_UPDATE_ADADELTA:
        return w + adadelta(s, i, g);
    case CAPAS_UPDATE_ADAGRAD:
        return w + adagrad(s, i, g);
    case CAPAS_UPDATE_ADAMAX:
        return w + adamax(s, i, g);
    case CAPAS_UPDATE_NADAM:
        return w + nadam(s, i, g);
    case CAPAS_UPDATE_LION:
        return w + lion(s, i, g);
    case CAPAS_UPDATE_FTRL:
        return ftrl(s, i, g, w);
    case CAPAS_UPDATE_LAMB:
        return w + lamb(s, i, g);
    }
    return w;
}

static void run_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    const capas_update_arguments *a = arguments;
    const step s = step_of(problem, a);
    const capas_real *gradient = a->gradient;
    const capas_real decay = (capas_real)a->decay;
    capas_real *w = a->weights;
    bool finite = true;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        capas_real g = prepared(a, gradient[i]);
        w[i] -= w[i] * decay;
        w[i] = new_weight(&s, i, g, w[i]);
        finite &= isfinite(w[i]) != 0;
    }
    if (!finite && a->finite) __atomic_store_n(a->finite, false, __ATOMIC_RELAXED);
}

static void run(const void *problem, const void *arguments)
{
    const capas_update_problem *p = problem;
    const capas_update_arguments *a = arguments;
    capas_parallel_ranges(a->count, CAPAS_PLAIN_GRAIN, p->workers, run_range, p, a);
}

CAPAS_PLAIN_KERNEL(update, NULL, run);
