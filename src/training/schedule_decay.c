/* Schedules that fall steadily or in steps: ExponentialDecay, InverseTimeDecay, PolynomialDecay,
 * PiecewiseConstantDecay (keras-semantics 4.4). */
#include "training/schedule.h"
#include <math.h>

#define FIELD(type, name) offsetof(capas_##type##_options, name)
#define RATE_ROW(type)                                                                             \
    {                                                                                              \
        .name = "initial_learning_rate", .kind = &capas_option_real,                               \
        .offset = FIELD(type, initial_learning_rate), .maximum = HUGE_VAL,                         \
        .help = "the rate at step 0"                                                               \
    }
#define STEPS_ROW(type)                                                                            \
    {                                                                                              \
        .name = "decay_steps", .kind = &capas_option_steps, .offset = FIELD(type, decay_steps),    \
        .open_minimum = true, .help = "steps in which it falls once"                               \
    }

static const capas_option exponential_options[] = {
    RATE_ROW(exponential_decay),
    STEPS_ROW(exponential_decay),
    {.name = "decay_rate",
     .kind = &capas_option_real,
     .offset = FIELD(exponential_decay, decay_rate),
     .maximum = HUGE_VAL,
     .help = "what remains of the rate after decay_steps"},
    {.name = "staircase",
     .kind = &capas_option_bool,
     .offset = FIELD(exponential_decay, staircase),
     .help = "falls only every decay_steps"},
};

static double exponential_rate(const capas_schedule *schedule, double step)
{
    const capas_exponential_decay_options *own = &schedule->options.exponential_decay;
    double p = step / own->decay_steps;
    return own->initial_learning_rate * pow(own->decay_rate, own->staircase ? floor(p) : p);
}

const capas_schedule_type capas_schedule_exponential_decay = {
    .kind = CAPAS_EXPONENTIAL_DECAY,
    .table = {"ExponentialDecay", exponential_options, CAPAS_COUNT(exponential_options),
              sizeof(capas_exponential_decay_options)},
    .required = 3,
    .rate = exponential_rate,
};

static const capas_option inverse_time_options[] = {
    RATE_ROW(inverse_time_decay),
    STEPS_ROW(inverse_time_decay),
    {.name = "decay_rate",
     .kind = &capas_option_real,
     .offset = FIELD(inverse_time_decay, decay_rate),
     .maximum = HUGE_VAL,
     .help = "how much the divisor grows in decay_steps"},
    {.name = "staircase",
     .kind = &capas_option_bool,
     .offset = FIELD(inverse_time_decay, staircase),
     .help = "falls only every decay_steps"},
};

static double inverse_time_rate(const capas_schedule *schedule, double step)
{
    const capas_inverse_time_decay_options *own = &schedule->options.inverse_time_decay;
    double p = step / own->decay_steps;
    return own->initial_learning_rate / (1 + own->decay_rate * (own->staircase ? floor(p) : p));
}

const capas_schedule_type capas_schedule_inverse_time_decay = {
    .kind = CAPAS_INVERSE_TIME_DECAY,
    .table = {"InverseTimeDecay", inverse_time_options, CAPAS_COUNT(inverse_time_options),
              sizeof(capas_inverse_time_decay_options)},
    .required = 3,
    .rate = inverse_time_rate,
};

static const capas_option polynomial_options[] = {
    RATE_ROW(polynomial_decay),
    STEPS_ROW(polynomial_decay),
    {.name = "end_learning_rate",
     .kind = &capas_option_real,
     .offset = FIELD(polynomial_decay, end_learning_rate),
     .standard = 0.0001,
     .maximum = HUGE_VAL,
     .help = "the rate after decay_steps"},
    {.name = "power",
     .kind = &capas_option_real,
     .offset = FIELD(polynomial_decay, power),
     .standard = 1,
     .open_minimum = true,
     .help = "1: a straight line; above: fast at first"},
    {.name = "cycle",
     .kind = &capas_option_bool,
     .offset = FIELD(polynomial_decay, cycle),
     .help = "up again after decay_steps, and on to twice, three times as many"},
};

static double polynomial_rate(const capas_schedule *schedule, double step)
{
    const capas_polynomial_decay_options *own = &schedule->options.polynomial_decay;
    double steps = own->decay_steps;
    if (own->cycle && step > 0) steps *= ceil(step / steps);
    double left = 1 - fmin(step, steps) / steps;
    return (own->initial_learning_rate - own->end_learning_rate) * pow(left, own->power) +
           own->end_learning_rate;
}

const capas_schedule_type capas_schedule_polynomial_decay = {
    .kind = CAPAS_POLYNOMIAL_DECAY,
    .table = {"PolynomialDecay", polynomial_options, CAPAS_COUNT(polynomial_options),
              sizeof(capas_polynomial_decay_options)},
    .required = 2,
    .rate = polynomial_rate,
};

static const capas_option piecewise_options[] = {
    {.name = "boundaries",
     .kind = &capas_option_steps_list,
     .offset = FIELD(piecewise_constant_decay, boundaries),
     .help = "the last step of each value but the last"},
    {.name = "values",
     .kind = &capas_option_rates_list,
     .offset = FIELD(piecewise_constant_decay, values),
     .help = "the rates, one more than boundaries"},
};

static capas_status check_piecewise(const capas_schedule *schedule, const char *where)
{
    const capas_piecewise_constant_decay_options *own = &schedule->options.piecewise_constant_decay;
    const double *boundaries = own->boundaries.numbers;
    if (own->values.count != own->boundaries.count + 1)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: there must be one value more than boundaries, found %d boundaries "
                          "and %d values",
                          where, own->boundaries.count, own->values.count);
    for (int i = 1; i < own->boundaries.count; i++)
        if (boundaries[i] <= boundaries[i - 1])
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "%s: boundaries must rise, found %.15g after %.15g", where,
                              boundaries[i], boundaries[i - 1]);
    return CAPAS_OK;
}

static double piecewise_rate(const capas_schedule *schedule, double step)
{
    const capas_piecewise_constant_decay_options *own = &schedule->options.piecewise_constant_decay;
    int i = 0;
    while (i < own->boundaries.count && step > own->boundaries.numbers[i])
        i++;
    return own->values.numbers[i];
}

const capas_schedule_type capas_schedule_piecewise_constant_decay = {
    .kind = CAPAS_PIECEWISE_CONSTANT_DECAY,
    .instance_name = "PiecewiseConstant",
    .table = {"PiecewiseConstantDecay", piecewise_options, CAPAS_COUNT(piecewise_options),
              sizeof(capas_piecewise_constant_decay_options)},
    .required = 2,
    .rate = piecewise_rate,
    .check = check_piecewise,
};
