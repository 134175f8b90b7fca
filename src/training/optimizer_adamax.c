/* Adamax: Adam with the largest gradient in place of the root of their squares (keras-semantics
 * 4.2). */
#include "training/optimizer.h"

static const capas_option options[] = {
    CAPAS_OPTIMIZER_ROWS(capas_adamax_options, 0.001),
    CAPAS_BETA_ROWS(capas_adamax_options, 0.999),
    CAPAS_EPSILON_ROW(capas_adamax_options, "added to the largest gradient"),
};

static int slots(const capas_optimizer *optimizer)
{
    (void)optimizer;
    return 2;
}

static void problem(const capas_optimizer *optimizer, capas_update_problem *problem)
{
    const capas_adamax_options *own = &optimizer->options.adamax;
    problem->rule = CAPAS_UPDATE_ADAMAX;
    problem->beta_1 = own->beta_1;
    problem->beta_2 = own->beta_2;
    problem->epsilon = own->epsilon;
}

/* alpha = lr / (1 - beta_1^t) */
static void correct(const capas_optimizer *optimizer, int64_t step,
                    capas_update_arguments *arguments)
{
    arguments->learning_rate /= 1 - pow(optimizer->options.adamax.beta_1, (double)step);
}

const capas_optimizer_type capas_optimizer_adamax = {
    .kind = CAPAS_OPTIMIZER_ADAMAX,
    .name = "Adamax",
    .snake_name = "adamax",
    .table = {"Adamax", options, CAPAS_COUNT(options), sizeof(capas_adamax_options)},
    .slots = slots,
    .paired = 2,
    .problem = problem,
    .correct = correct,
};
