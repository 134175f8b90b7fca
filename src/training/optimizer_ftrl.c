/* Ftrl: the weights follow the leader, with penalties that keep most of them at zero
 * (keras-semantics 4.2). */
#include "training/optimizer.h"

static const capas_option options[] = {
    CAPAS_OPTIMIZER_ROWS(capas_ftrl_options, 0.001),
    {.name = "learning_rate_power",
     .kind = &capas_option_real,
     .offset = offsetof(capas_ftrl_options, learning_rate_power),
     .standard = -0.5,
     .minimum = -HUGE_VAL,
     .help = "how the steps become shorter; 0: not at all"},
    {.name = "initial_accumulator_value",
     .kind = &capas_option_real,
     .offset = offsetof(capas_ftrl_options, initial_accumulator_value),
     .standard = 0.1,
     .maximum = HUGE_VAL,
     .help = "what the sums of squared gradients start with"},
    {.name = "l1_regularization_strength",
     .kind = &capas_option_real,
     .offset = offsetof(capas_ftrl_options, l1_regularization_strength),
     .maximum = HUGE_VAL,
     .help = "penalty on sizes, which makes zeros"},
    {.name = "l2_regularization_strength",
     .kind = &capas_option_real,
     .offset = offsetof(capas_ftrl_options, l2_regularization_strength),
     .maximum = HUGE_VAL,
     .help = "penalty on squares"},
    {.name = "l2_shrinkage_regularization_strength",
     .kind = &capas_option_real,
     .offset = offsetof(capas_ftrl_options, l2_shrinkage_regularization_strength),
     .maximum = HUGE_VAL,
     .help = "penalty on squares that enters the gradient"},
    {.name = "beta",
     .kind = &capas_option_real,
     .offset = offsetof(capas_ftrl_options, beta),
     .maximum = HUGE_VAL,
     .help = "shortens the first steps"},
};

static int slots(const capas_optimizer *optimizer)
{
    (void)optimizer;
    return 2;
}

static void problem(const capas_optimizer *optimizer, capas_update_problem *problem)
{
    const capas_ftrl_options *own = &optimizer->options.ftrl;
    problem->rule = CAPAS_UPDATE_FTRL;
    problem->power = own->learning_rate_power;
    problem->l1 = own->l1_regularization_strength;
    problem->l2 = own->l2_regularization_strength;
    problem->shrinkage = own->l2_shrinkage_regularization_strength;
    problem->beta = own->beta;
}

static double initial(const capas_optimizer *optimizer)
{
    return optimizer->options.ftrl.initial_accumulator_value;
}

const capas_optimizer_type capas_optimizer_ftrl = {
    .kind = CAPAS_OPTIMIZER_FTRL,
    .name = "Ftrl",
    .snake_name = "ftrl",
    .table = {"Ftrl", options, CAPAS_COUNT(options), sizeof(capas_ftrl_options)},
    .slots = slots,
    .paired = 2,
    .problem = problem,
    .initial = initial,
};
