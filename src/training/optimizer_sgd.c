/* SGD: plain, with momentum, with Nesterov's momentum (keras-semantics 4.2). */
#include "training/optimizer.h"

static const capas_option options[] = {
    CAPAS_OPTIMIZER_ROWS(capas_sgd_options, 0.01),
    {.name = "momentum",
     .kind = &capas_option_real,
     .offset = offsetof(capas_sgd_options, momentum),
     .minimum = 0,
     .maximum = 1,
     .help = "share of the last step that is gone again"},
    {.name = "nesterov",
     .kind = &capas_option_bool,
     .offset = offsetof(capas_sgd_options, nesterov),
     .help = "looks ahead by one step of momentum"},
};

static int slots(const capas_optimizer *optimizer)
{
    return optimizer->options.sgd.momentum != 0;
}

static void problem(const capas_optimizer *optimizer, capas_update_problem *problem)
{
    problem->rule = CAPAS_UPDATE_SGD;
    problem->momentum = optimizer->options.sgd.momentum;
    problem->nesterov = optimizer->options.sgd.nesterov;
}

const capas_optimizer_type capas_optimizer_sgd = {
    .kind = CAPAS_OPTIMIZER_SGD,
    .name = "SGD",
    .snake_name = "sgd",
    .table = {"SGD", options, CAPAS_COUNT(options), sizeof(capas_sgd_options)},
    .slots = slots,
    .paired = 1,
    .problem = problem,
};
