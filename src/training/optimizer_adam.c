/* Adam and AdamW: momentum and squared gradients, both corrected for their start at zero; epsilon
 * is not, as Keras has it (keras-semantics 4.2). */
#include "training/optimizer.h"

#define AMSGRAD_ROW                                                                                \
    {                                                                                              \
        .name = "amsgrad", .kind = &capas_option_bool,                                             \
        .offset = offsetof(capas_adam_options, amsgrad),                                           \
        .help = "divides by the largest root so far"                                               \
    }

static const capas_option options[] = {
    CAPAS_OPTIMIZER_ROWS(capas_adam_options, 0.001),
    CAPAS_BETA_ROWS(capas_adam_options, 0.999),
    CAPAS_EPSILON_ROW(capas_adam_options, "added to the root"),
    AMSGRAD_ROW,
};

/* AdamW is Adam that always decays. */
static const capas_option decayed_options[] = {
    CAPAS_OPTIMIZER_ROWS_DECAYED(capas_adamw_options, 0.001, 0.004),
    CAPAS_BETA_ROWS(capas_adamw_options, 0.999),
    CAPAS_EPSILON_ROW(capas_adamw_options, "added to the root"),
    AMSGRAD_ROW,
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
static void correct(const capas_optimizer *optimizer, int64_t step,
                    capas_update_arguments *arguments)
{
    const capas_adam_options *own = &optimizer->options.adam;
    arguments->learning_rate *=
        sqrt(1 - pow(own->beta_2, (double)step)) / (1 - pow(own->beta_1, (double)step));
}

const capas_optimizer_type capas_optimizer_adam = {
    .kind = CAPAS_OPTIMIZER_ADAM,
    .name = "Adam",
    .snake_name = "adam",
    .table = {"Adam", options, CAPAS_COUNT(options), sizeof(capas_adam_options)},
    .slots = slots,
    .paired = 2,
    .problem = problem,
    .correct = correct,
};

const capas_optimizer_type capas_optimizer_adamw = {
    .kind = CAPAS_OPTIMIZER_ADAMW,
    .name = "AdamW",
    .snake_name = "adam_w",
    .table = {"AdamW", decayed_options, CAPAS_COUNT(decayed_options), sizeof(capas_adamw_options)},
    .slots = slots,
    .paired = 2,
    .problem = problem,
    .correct = correct,
};
