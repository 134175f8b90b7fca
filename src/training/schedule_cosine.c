/* Schedules that fall as a cosine does: CosineDecay, with a warm-up before it, and
 * CosineDecayRestarts (keras-semantics 4.4). */
#include "training/schedule.h"
#include <math.h>

static const double pi = 3.14159265358979323846;

#define DECAY(name)   offsetof(capas_cosine_decay_options, name)
#define RESTART(name) offsetof(capas_cosine_decay_restarts_options, name)

static const capas_option decay_options[] = {
    {.name = "initial_learning_rate",
     .kind = &capas_option_real,
     .offset = DECAY(initial_learning_rate),
     .maximum = HUGE_VAL,
     .help = "the rate at step 0"},
    {.name = "decay_steps",
     .kind = &capas_option_steps,
     .offset = DECAY(decay_steps),
     .open_minimum = true,
     .help = "steps of the fall"},
    {.name = "alpha",
     .kind = &capas_option_real,
     .offset = DECAY(alpha),
     .maximum = HUGE_VAL,
     .help = "the share that remains"},
    {.name = "warmup_target",
     .kind = &capas_option_real,
     .offset = DECAY(warmup_target),
     .standard = CAPAS_NONE,
     .maximum = HUGE_VAL,
     .nullable = true,
     .help = "the rate after the warm-up; None: no warm-up"},
    {.name = "warmup_steps",
     .kind = &capas_option_steps,
     .offset = DECAY(warmup_steps),
     .maximum = HUGE_VAL,
     .help = "steps of the warm-up"},
};

static double wave(double completed, double alpha)
{
    return (1 - alpha) * 0.5 * (1 + cos(pi * completed)) + alpha;
}

static double decay_rate(const capas_schedule *schedule, double step)
{
    const capas_cosine_decay_options *own = &schedule->options.cosine_decay;
    bool warms_up = own->warmup_target != CAPAS_NONE;
    double top = warms_up ? own->warmup_target : own->initial_learning_rate;
    if (warms_up && step < own->warmup_steps)
        return (top - own->initial_learning_rate) * (step / own->warmup_steps) +
               own->initial_learning_rate;
    if (warms_up) step -= own->warmup_steps;
    return top * wave(fmin(step, own->decay_steps) / own->decay_steps, own->alpha);
}

const capas_schedule_type capas_schedule_cosine_decay = {
    .kind = CAPAS_COSINE_DECAY,
    .table = {"CosineDecay", decay_options, CAPAS_COUNT(decay_options),
              sizeof(capas_cosine_decay_options)},
    .required = 2,
    .rate = decay_rate,
};

static const capas_option restart_options[] = {
    {.name = "initial_learning_rate",
     .kind = &capas_option_real,
     .offset = RESTART(initial_learning_rate),
     .maximum = HUGE_VAL,
     .help = "the rate at step 0"},
    {.name = "first_decay_steps",
     .kind = &capas_option_steps,
     .offset = RESTART(first_decay_steps),
     .open_minimum = true,
     .help = "steps of the first fall"},
    {.name = "t_mul",
     .kind = &capas_option_real,
     .offset = RESTART(t_mul),
     .standard = 2,
     .minimum = 1,
     .maximum = HUGE_VAL,
     .help = "how much longer each fall is than the one before"},
    {.name = "m_mul",
     .kind = &capas_option_real,
     .offset = RESTART(m_mul),
     .standard = 1,
     .open_minimum = true,
     .help = "the height of each beginning by the one before"},
    {.name = "alpha",
     .kind = &capas_option_real,
     .offset = RESTART(alpha),
     .maximum = HUGE_VAL,
     .help = "the share of the initial rate that remains"},
};

/* The sum of the first `count` falls, the first being 1: 1 + t + t^2 + ... */
static double length_of(double count, double t)
{
    return (pow(t, count) - 1) / (t - 1);
}

/* Which fall it is, and how much of it is done; `completed` counts in first falls. The logarithm
 * may miss a whole number by its rounding, which the sums put right. */
static double restarts_before(double *completed, double t)
{
    double restarts = floor(*completed);
    if (t == 1) {
        *completed -= restarts;
        return restarts;
    }
    restarts = floor(log(1 + *completed * (t - 1)) / log(t));
    if (length_of(restarts + 1, t) <= *completed) restarts++;
    if (length_of(restarts, t) > *completed) restarts--;
    *completed = (*completed - length_of(restarts, t)) / pow(t, restarts);
    return restarts;
}

static double restarts_rate(const capas_schedule *schedule, double step)
{
    const capas_cosine_decay_restarts_options *own = &schedule->options.cosine_decay_restarts;
    double completed = step / own->first_decay_steps;
    double height = pow(own->m_mul, restarts_before(&completed, own->t_mul));
    double fallen = 0.5 * height * (1 + cos(pi * completed));
    return own->initial_learning_rate * ((1 - own->alpha) * fallen + own->alpha);
}

const capas_schedule_type capas_schedule_cosine_decay_restarts = {
    .kind = CAPAS_COSINE_DECAY_RESTARTS,
    .instance_name = "SGDRDecay",
    .table = {"CosineDecayRestarts", restart_options, CAPAS_COUNT(restart_options),
              sizeof(capas_cosine_decay_restarts_options)},
    .required = 2,
    .rate = restarts_rate,
};
