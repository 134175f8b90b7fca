/* Losses that are the mean of something over a row's elements, plain (keras-semantics 3.1). Each
 * function gives an element's share and its slope with respect to the prediction. */
#include "kernels/plain/loss_row.h"
#include <math.h>

typedef struct element {
    const loss_row *row;
    double target, prediction, slope;
} element;

static double log_of(double x)
{
    return CAPAS_PLAIN(capas_log)((capas_real)x);
}

static double exp_of(double x)
{
    return CAPAS_PLAIN(capas_exp)((capas_real)x);
}

/* -1, 0 or 1; a NaN stays. */
static double sign_of(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : x;
}

static double squared(element *e)
{
    double difference = e->prediction - e->target;
    e->slope = 2 * difference;
    return difference * difference;
}

static double absolute(element *e)
{
    double difference = e->prediction - e->target;
    e->slope = sign_of(difference);
    return fabs(difference);
}

/* 100 |y - p| / max(|y|, 1e-7) */
static double percentage(element *e)
{
    double size = fabs(e->target), part = 100 / (size > 1e-7 ? size : 1e-7);
    double difference = e->prediction - e->target;
    e->slope = part * sign_of(difference);
    return part * fabs(difference);
}

/* (log(max(p, 1e-7) + 1) - log(max(y, 1e-7) + 1))^2 */
static double logarithmic(element *e)
{
    double p = e->prediction > 1e-7 ? e->prediction : 1e-7, y = e->target > 1e-7 ? e->target : 1e-7;
    if (isnan(e->prediction)) p = e->prediction;
    double difference = log_of(p + 1) - log_of(y + 1);
    e->slope = e->prediction < 1e-7 ? 0 : 2 * difference / (p + 1);
    return difference * difference;
}

static double huber(element *e)
{
    const double delta = e->row->problem->delta, difference = e->prediction - e->target;
    if (fabs(difference) > delta) {
        e->slope = delta * sign_of(difference);
        return delta * fabs(difference) - 0.5 * delta * delta;
    }
    e->slope = difference;
    return 0.5 * difference * difference;
}

/* x + softplus(-2 x) - log 2, which is log cosh x */
static double log_cosh(element *e)
{
    double size = fabs(e->prediction - e->target), low = exp_of(-2 * size);
    e->slope = CAPAS_PLAIN(capas_tanh)((capas_real)(e->prediction - e->target));
    return size + log_of(1 + low) - log_of(2);
}

static double poisson(element *e)
{
    double above = e->prediction + 1e-7;
    e->slope = 1 - e->target / above;
    return e->prediction - e->target * log_of(above);
}

/* max(1 - y p, 0) */
static double hinge(element *e)
{
    double y = e->row->zero_one ? 2 * e->target - 1 : e->target, short_of = 1 - y * e->prediction;
    e->slope = short_of < 0 ? 0 : -y;
    return short_of < 0 ? 0 : short_of;
}

static double squared_hinge(element *e)
{
    double short_of = hinge(e);
    e->slope *= 2 * short_of;
    return short_of * short_of;
}

/* max(x, 0) - x y + log(1 + e^-|x|);  the slope is sigmoid(x) - y */
static double binary_of_logit(element *e)
{
    double x = e->prediction;
    e->slope = CAPAS_PLAIN(capas_sigmoid)((capas_real)x) - e->target;
    return (x < 0 ? 0 : x) - x * e->target + log_of(1 + exp_of(-fabs(x)));
}

/* -y log p - (1 - y) log(1 - p), p clipped in the type */
static double binary_of_probability(element *e)
{
    capas_real p = clipped((capas_real)e->prediction), rest = 1 - p;
    double y = e->target;
    e->slope = passes((capas_real)e->prediction) ? (1 - y) / rest - y / p : 0;
    return -y * log_of(p) - (1 - y) * log_of(rest);
}

static double binary(element *e)
{
    return e->row->problem->from_logits ? binary_of_logit(e) : binary_of_probability(e);
}

/* base^gamma of a base from 0 to 1, and its slope */
static double power_of(double base, double gamma, double *slope)
{
    if (base <= 0) {
        *slope = gamma == 1;
        return gamma == 0;
    }
    double power = exp_of(gamma * log_of(base));
    *slope = gamma * power / base;
    return power;
}

/* (1 - p_t)^gamma bce,  p_t = y p + (1 - y)(1 - p);  with balance times y alpha + (1-y)(1-alpha) */
static double binary_focal(element *e)
{
    const capas_loss_problem *p = e->row->problem;
    const bool logits = p->from_logits;
    double x = e->prediction, y = e->target, power_slope;
    double q = logits ? CAPAS_PLAIN(capas_sigmoid)((capas_real)x) : x;
    element inner = {.row = e->row, .target = y, .prediction = q};
    double entropy = binary_of_probability(&inner);
    double wrong = 1 - (y * q + (1 - y) * (1 - q));
    double power = power_of(wrong, p->gamma, &power_slope);
    double weight = p->balanced ? y * p->alpha + (1 - y) * (1 - p->alpha) : 1;
    e->slope = weight * (power * inner.slope + power_slope * (1 - 2 * y) * entropy);
    if (logits) e->slope *= q * (1 - q);
    return weight * power * entropy;
}

static double value_of(element *e)
{
    switch (e->row->problem->kind) {
    case CAPAS_LOSS_KIND_MEAN_ABSOLUTE_ERROR:
        return absolute(e);
    case CAPAS_LOSS_KIND_MEAN_ABSOLUTE_PERCENTAGE_ERROR:
        return percentage(e);
    case CAPAS_LOSS_KIND_MEAN_SQUARED_LOGARITHMIC_ERROR:
        return logarithmic(e);
    case CAPAS_LOSS_KIND_HUBER:
        return huber(e);
    case CAPAS_LOSS_KIND_LOG_COSH:
        return log_cosh(e);
    case CAPAS_LOSS_KIND_POISSON:
        return poisson(e);
    case CAPAS_LOSS_KIND_HINGE:
        return hinge(e);
    case CAPAS_LOSS_KIND_SQUARED_HINGE:
        return squared_hinge(e);
    case CAPAS_LOSS_KIND_BINARY_CROSSENTROPY:
        return binary(e);
    case CAPAS_LOSS_KIND_BINARY_FOCAL_CROSSENTROPY:
        return binary_focal(e);
    default:
        return squared(e);
    }
}

/* value = mean of the elements' shares;  dp = slope / K. Smoothing: y (1 - s) + s / 2. */
double CAPAS_PLAIN(capas_loss_of_elements)(const loss_row *row)
{
    const int count = row->problem->classes;
    const double smoothing = row->problem->label_smoothing;
    double sum = 0;
    for (int c = 0; c < count; c++) {
        element e = {.row = row, .prediction = row->prediction[c]};
        e.target = row->target[c] * (1 - smoothing) + 0.5 * smoothing;
        sum += value_of(&e);
        if (row->gradient) row->gradient[c] = (capas_real)(row->factor * e.slope / count);
    }
    return sum / count;
}
