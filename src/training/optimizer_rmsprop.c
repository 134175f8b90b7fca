/* RMSprop: steps divided by a running root of squared gradients (keras-semantics 4.2). */
#include "training/optimizer.h"

static const capas_option options[] = {
    CAPAS_OPTIMIZER_ROWS(capas_rmsprop_options, 0.001),
    {.name = "rho",
     .kind = &capas_option_real,
     .offset = offsetof(capas_rmsprop_options, rho),
     .standard = 0.9,
     .maximum = 1,
     .help = "how slowly the squared gradients are forgotten"},
    {.name = "momentum",
     .kind = &capas_option_real,
     .offset = offsetof(capas_rmsprop_options, momentum),
     .maximum = 1,
     .help = "share of the last step that is gone again"},
    {.name = "epsilon",
     .kind = &capas_option_real,
     .offset = offsetof(capas_rmsprop_options, epsilon),
     .standard = 1e-7,
     .open_minimum = true,
     .help = "added below the root"},
    {.name = "centered",
     .kind = &capas_option_bool,
     .offset = offsetof(capas_rmsprop_options, centered),
     .help = "divides by the variance in place of the mean square"},
};

static int slots(const capas_optimizer *optimizer)
{
    const capas_rmsprop_options *own = &optimizer->options.rmsprop;
    return 1 + (own->momentum > 0) + (own->centered != 0);
}

static void problem(const capas_optimizer *optimizer, capas_update_problem *problem)
{
    const capas_rmsprop_options *own = &optimizer->options.rmsprop;
    problem->rule = CAPAS_UPDATE_RMSPROP;
    problem->rho = own->rho;
    problem->momentum = own->momentum;
    problem->epsilon = own->epsilon;
    problem->centered = own->centered;
}

const capas_optimizer_type capas_optimizer_rmsprop = {
    .kind = CAPAS_OPTIMIZER_RMSPROP,
    .name = "RMSprop",
    .snake_name = "rm_sprop",
    .table = {"RMSprop", options, CAPAS_COUNT(options), sizeof(capas_rmsprop_options)},
    .slots = slots,
    .problem = problem,
};
