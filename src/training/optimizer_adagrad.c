/* Adagrad: steps divided by the root of all squared gradients so far (keras-semantics 4.2). */
#include "training/optimizer.h"

static const capas_option options[] = {
    CAPAS_OPTIMIZER_ROWS(capas_adagrad_options, 0.001),
    {.name = "initial_accumulator_value",
     .kind = &capas_option_real,
     .offset = offsetof(capas_adagrad_options, initial_accumulator_value),
     .standard = 0.1,
     .maximum = HUGE_VAL,
     .help = "what the sums of squared gradients start with"},
    CAPAS_EPSILON_ROW(capas_adagrad_options, "added below the root"),
};

static int slots(const capas_optimizer *optimizer)
{
    (void)optimizer;
    return 1;
}

static void problem(const capas_optimizer *optimizer, capas_update_problem *problem)
{
    const capas_adagrad_options *own = &optimizer->options.adagrad;
    problem->rule = CAPAS_UPDATE_ADAGRAD;
    problem->epsilon = own->epsilon;
}

static double initial(const capas_optimizer *optimizer)
{
    return optimizer->options.adagrad.initial_accumulator_value;
}

const capas_optimizer_type capas_optimizer_adagrad = {
    .kind = CAPAS_OPTIMIZER_ADAGRAD,
    .name = "Adagrad",
    .snake_name = "adagrad",
    .table = {"Adagrad", options, CAPAS_COUNT(options), sizeof(capas_adagrad_options)},
    .slots = slots,
    .paired = 1,
    .problem = problem,
    .initial = initial,
};
