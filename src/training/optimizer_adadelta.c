/* Adadelta: steps as long as the steps before them, by a running root of squared steps over one of
 * squared gradients (keras-semantics 4.2). */
#include "training/optimizer.h"

static const capas_option options[] = {
    CAPAS_OPTIMIZER_ROWS(capas_adadelta_options, 0.001),
    {.name = "rho",
     .kind = &capas_option_real,
     .offset = offsetof(capas_adadelta_options, rho),
     .standard = 0.95,
     .maximum = 1,
     .help = "how slowly squared gradients and steps are forgotten"},
    {.name = "epsilon",
     .kind = &capas_option_real,
     .offset = offsetof(capas_adadelta_options, epsilon),
     .standard = 1e-7,
     .open_minimum = true,
     .help = "added below both roots"},
};

static int slots(const capas_optimizer *optimizer)
{
    (void)optimizer;
    return 2;
}

static void problem(const capas_optimizer *optimizer, capas_update_problem *problem)
{
    const capas_adadelta_options *own = &optimizer->options.adadelta;
    problem->rule = CAPAS_UPDATE_ADADELTA;
    problem->rho = own->rho;
    problem->epsilon = own->epsilon;
}

const capas_optimizer_type capas_optimizer_adadelta = {
    .kind = CAPAS_OPTIMIZER_ADADELTA,
    .name = "Adadelta",
    .snake_name = "adadelta",
    .table = {"Adadelta", options, CAPAS_COUNT(options), sizeof(capas_adadelta_options)},
    .slots = slots,
    .paired = 2,
    .problem = problem,
};
