/* Nadam: Adam that looks ahead by one step of momentum, which grows as training goes on
 * (keras-semantics 4.2). */
#include "training/optimizer.h"

static const capas_option options[] = {
    CAPAS_OPTIMIZER_ROWS(capas_nadam_options, 0.001),
    CAPAS_BETA_ROWS(capas_nadam_options, 0.999),
    CAPAS_EPSILON_ROW(capas_nadam_options, "added to the root"),
};

static int slots(const capas_optimizer *optimizer)
{
    (void)optimizer;
    return 2;
}

static void problem(const capas_optimizer *optimizer, capas_update_problem *problem)
{
    const capas_nadam_options *own = &optimizer->options.nadam;
    problem->rule = CAPAS_UPDATE_NADAM;
    problem->beta_1 = own->beta_1;
    problem->beta_2 = own->beta_2;
    problem->epsilon = own->epsilon;
}

/* u_t = beta_1 (1 - 0.96^t / 2); past SETTLED 0.96^t is lost beside 1. */
enum { SETTLED = 1000 };

static double momentum_at(const capas_optimizer *optimizer, int64_t step)
{
    return optimizer->options.nadam.beta_1 * (1 - 0.5 * pow(0.96, (double)step));
}

/* u_1 u_2 ... u_t */
static double product(const capas_optimizer *optimizer, int64_t updates)
{
    double all = 1;
    for (int64_t t = 1; t <= updates && t <= SETTLED; t++)
        all *= momentum_at(optimizer, t);
    if (updates <= SETTLED) return all;
    return all * pow(optimizer->options.nadam.beta_1, (double)(updates - SETTLED));
}

static void correct(const capas_optimizer *optimizer, int64_t step,
                    capas_update_arguments *arguments)
{
    double now = momentum_at(optimizer, step), next = momentum_at(optimizer, step + 1);
    double all = product(optimizer, step);
    arguments->momentum_scale = next / (1 - all * next);
    arguments->gradient_share = (1 - now) / (1 - all);
    arguments->velocity_scale = 1 / (1 - pow(optimizer->options.nadam.beta_2, (double)step));
}

const capas_optimizer_type capas_optimizer_nadam = {
    .kind = CAPAS_OPTIMIZER_NADAM,
    .name = "Nadam",
    .snake_name = "nadam",
    .table = {"Nadam", options, CAPAS_COUNT(options), sizeof(capas_nadam_options)},
    .slots = slots,
    .paired = 2,
    .problem = problem,
    .correct = correct,
    .product = product,
};
