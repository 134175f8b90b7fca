/* Adam: momentum and squared gradients, both corrected for their start at zero; epsilon is not, as
 * Keras has it (keras-semantics 4.2). */
#include "training/optimizer.h"

static const capas_option options[] = {
    CAPAS_OPTIMIZER_ROWS(capas_adam_options, 0.001),
    {.name = "beta_1",
     .kind = &capas_option_real,
     .offset = offsetof(capas_adam_options, beta_1),
     .standard = 0.9,
     .maximum = 1,
     .help = "how slowly the gradients are forgotten"},
    {.name = "beta_2",
     .kind = &capas_option_real,
     .offset = offsetof(capas_adam_options, beta_2),
     .standard = 0.999,
     .maximum = 1,
     .help = "how slowly the squared gradients are forgotten"},
    {.name = "epsilon",
     .kind = &capas_option_real,
     .offset = offsetof(capas_adam_options, epsilon),
     .standard = 1e-7,
     .open_minimum = true,
     .help = "added to the root"},
    {.name = "amsgrad",
     .kind = &capas_option_bool,
     .offset = offsetof(capas_adam_options, amsgrad),
     .help = "divides by the largest root so far"},
};

static int slots(const capas_optimizer *optimizer)
{
    return optimizer->options.adam.amsgrad ? 3 : 2;
}

static void problem(const capas_optimizer *optimizer, capas_update_problem *problem)
{
    const capas_adam_options *own = &optimizer->options.adam;
    problem->rule = CAPAS_UPDATE_ADAM;
    problem->beta_1 = own->beta_1;
    problem->beta_2 = own->beta_2;
    problem->epsilon = own->epsilon;
    problem->amsgrad = own->amsgrad;
}

/* alpha = lr sqrt(1 - beta_2^t) / (1 - beta_1^t) */
static double rate(const capas_optimizer *optimizer, double learning_rate, int64_t step)
{
    const capas_adam_options *own = &optimizer->options.adam;
    return learning_rate * sqrt(1 - pow(own->beta_2, (double)step)) /
           (1 - pow(own->beta_1, (double)step));
}

const capas_optimizer_type capas_optimizer_adam = {
    .kind = CAPAS_OPTIMIZER_ADAM,
    .name = "Adam",
    .snake_name = "adam",
    .table = {"Adam", options, CAPAS_COUNT(options), sizeof(capas_adam_options)},
    .slots = slots,
    .paired = 2,
    .problem = problem,
    .rate = rate,
};
