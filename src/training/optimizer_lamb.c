/* Lamb: Adam whose step is as long, for each weight, as the weight is (keras-semantics 4.2); the
 * lengths are measured in optimizer_step.c. */
#include "training/optimizer.h"

static const capas_option options[] = {
    CAPAS_OPTIMIZER_ROWS(capas_lamb_options, 0.001),
    CAPAS_BETA_ROWS(capas_lamb_options, 0.999),
    CAPAS_EPSILON_ROW(capas_lamb_options, "added to the root"),
};

static int slots(const capas_optimizer *optimizer)
{
    (void)optimizer;
    return 2;
}

static void problem(const capas_optimizer *optimizer, capas_update_problem *problem)
{
    const capas_lamb_options *own = &optimizer->options.lamb;
    problem->rule = CAPAS_UPDATE_LAMB;
    problem->beta_1 = own->beta_1;
    problem->beta_2 = own->beta_2;
    problem->epsilon = own->epsilon;
}

static void correct(const capas_optimizer *optimizer, int64_t step,
                    capas_update_arguments *arguments)
{
    const capas_lamb_options *own = &optimizer->options.lamb;
    arguments->momentum_scale = 1 / (1 - pow(own->beta_1, (double)step));
    arguments->velocity_scale = 1 / (1 - pow(own->beta_2, (double)step));
}

const capas_optimizer_type capas_optimizer_lamb = {
    .kind = CAPAS_OPTIMIZER_LAMB,
    .name = "Lamb",
    .snake_name = "lamb",
    .table = {"Lamb", options, CAPAS_COUNT(options), sizeof(capas_lamb_options)},
    .slots = slots,
    .paired = 2,
    .problem = problem,
    .correct = correct,
};
