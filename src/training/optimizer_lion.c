/* Lion: steps of one length, in the direction that momentum and gradient agree on (keras-semantics
 * 4.2). */
#include "training/optimizer.h"

static const capas_option options[] = {
    CAPAS_OPTIMIZER_ROWS(capas_lion_options, 0.001),
    CAPAS_BETA_ROWS(capas_lion_options, 0.99),
};

static int slots(const capas_optimizer *optimizer)
{
    (void)optimizer;
    return 1;
}

static void problem(const capas_optimizer *optimizer, capas_update_problem *problem)
{
    const capas_lion_options *own = &optimizer->options.lion;
    problem->rule = CAPAS_UPDATE_LION;
    problem->beta_1 = own->beta_1;
    problem->beta_2 = own->beta_2;
}

const capas_optimizer_type capas_optimizer_lion = {
    .kind = CAPAS_OPTIMIZER_LION,
    .name = "Lion",
    .snake_name = "lion",
    .table = {"Lion", options, CAPAS_COUNT(options), sizeof(capas_lion_options)},
    .slots = slots,
    .paired = 1,
    .problem = problem,
};
