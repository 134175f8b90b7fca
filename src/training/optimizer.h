/* What an optimizer is inside: its options, its slots, and how they become an update problem. A new
 * optimizer is one file that defines a capas_optimizer_type, and one line in the list of
 * optimizer.c. The arithmetic is the kernels' (kernels/update.h). */
#ifndef CAPAS_TRAINING_OPTIMIZER_H
#define CAPAS_TRAINING_OPTIMIZER_H

#include "base/option.h"
#include "training/schedule.h"
#include "training/trainer.h"
#include <math.h>

typedef struct capas_optimizer_type {
    capas_optimizer_kind kind;
    const char *name;       /* Keras's class: "RMSprop" */
    const char *snake_name; /* "rm_sprop" */
    capas_option_table table;
    /* Slots that these options need, ordered as capas_update_arguments has them. */
    int (*slots)(const capas_optimizer *optimizer);
    /* In files the first `paired` slots come weight by weight, the others slot by slot. */
    int paired;
    /* Sets the rule and its numbers. */
    void (*problem)(const capas_optimizer *optimizer, capas_update_problem *problem);
    /* Turns the learning rate into the numbers that the kernel takes at update `step`, from 1.
     * NULL: as it is. */
    void (*correct)(const capas_optimizer *optimizer, int64_t step,
                    capas_update_arguments *arguments);
    /* Takes the step of one whole weight in place of the kernel and of `problem`. NULL: the kernel
     * does. */
    capas_status (*apply)(const capas_optimizer *optimizer, const capas_weight *weight,
                          int64_t step, const capas_update_arguments *arguments);
    /* The shape that files have of a weight's slot, for slots that are not like their weight. Their
     * numbers lie in plain order where the weight's would begin. NULL: all are like it. */
    void (*slot_shape)(const capas_shape *weight, int slot, capas_shape *shape);
    /* What the first slot starts with. NULL: 0, as all others. */
    double (*initial)(const capas_optimizer *optimizer);
    /* A number that files hold behind the slots, after so many updates. NULL: none. */
    double (*product)(const capas_optimizer *optimizer, int64_t updates);
} capas_optimizer_type;

extern const capas_optimizer_type capas_optimizer_sgd, capas_optimizer_rmsprop,
    capas_optimizer_adam, capas_optimizer_adadelta, capas_optimizer_adamw, capas_optimizer_adamax,
    capas_optimizer_nadam, capas_optimizer_lamb, capas_optimizer_lion, capas_optimizer_adagrad,
    capas_optimizer_ftrl, capas_optimizer_adafactor;

/* A learning rate: a number, kept as the float32 that Keras keeps, or a schedule. */
extern const capas_option_kind capas_option_rate;

/* The options that all have, in the order of Keras's get_config. */
#define CAPAS_OPTIMIZER_ROWS(type, rate) CAPAS_OPTIMIZER_ROWS_DECAYED(type, rate, CAPAS_NONE)
#define CAPAS_OPTIMIZER_ROWS_DECAYED(type, rate, decay)                                            \
    {.name = "learning_rate",                                                                      \
     .kind = &capas_option_rate,                                                                   \
     .offset = offsetof(type, learning_rate),                                                      \
     .standard = (rate),                                                                           \
     .maximum = HUGE_VAL,                                                                          \
     .help = "how far a step goes"},                                                               \
        {.name = "weight_decay",                                                                   \
         .kind = &capas_option_real,                                                               \
         .offset = offsetof(type, weight_decay),                                                   \
         .standard = (decay),                                                                      \
         .maximum = HUGE_VAL,                                                                      \
         .nullable = (decay) == CAPAS_NONE,                                                        \
         .help = "w -= w * weight_decay * learning_rate before each update"},                      \
        CAPAS_CLIP_ROW(type, clipnorm, "largest norm of each gradient"),                           \
        CAPAS_CLIP_ROW(type, global_clipnorm, "largest norm of all gradients together"),           \
        CAPAS_CLIP_ROW(type, clipvalue, "largest element of a gradient"),                          \
        {.name = "use_ema",                                                                        \
         .kind = &capas_option_bool,                                                               \
         .offset = offsetof(type, use_ema),                                                        \
         .help = "keeps a moving average of the weights, which they become at the end of fit"},    \
        {.name = "ema_momentum",                                                                   \
         .kind = &capas_option_real,                                                               \
         .offset = offsetof(type, ema_momentum),                                                   \
         .standard = 0.99,                                                                         \
         .maximum = 1,                                                                             \
         .help = "share of the old average in the new"},                                           \
        {.name = "ema_overwrite_frequency",                                                        \
         .kind = &capas_option_integer,                                                            \
         .offset = offsetof(type, ema_overwrite_frequency),                                        \
         .standard = CAPAS_NONE,                                                                   \
         .minimum = 1,                                                                             \
         .nullable = true,                                                                         \
         .help = "every so many steps the weights become the average"},                            \
        {.name = "loss_scale_factor",                                                              \
         .kind = &capas_option_only_none,                                                          \
         .help = "factor on the loss"},                                                            \
    {                                                                                              \
        .name = "gradient_accumulation_steps", .kind = &capas_option_integer,                      \
        .offset = offsetof(type, gradient_accumulation_steps), .standard = CAPAS_NONE,             \
        .minimum = 2, .nullable = true,                                                            \
        .help = "so many batches' gradients, averaged, make an update"                             \
    }

/* Of those that forget gradients and their squares. */
#define CAPAS_BETA_ROWS(type, second)                                                              \
    {.name = "beta_1",                                                                             \
     .kind = &capas_option_real,                                                                   \
     .offset = offsetof(type, beta_1),                                                             \
     .standard = 0.9,                                                                              \
     .maximum = 1,                                                                                 \
     .help = "how slowly the gradients are forgotten"},                                            \
    {                                                                                              \
        .name = "beta_2", .kind = &capas_option_real, .offset = offsetof(type, beta_2),            \
        .standard = (second), .maximum = 1, .help = "how slowly their sizes are forgotten"         \
    }
#define CAPAS_EPSILON_ROW(type, what)                                                              \
    {                                                                                              \
        .name = "epsilon", .kind = &capas_option_real, .offset = offsetof(type, epsilon),          \
        .standard = 1e-7, .open_minimum = true, .help = what                                       \
    }

#define CAPAS_CLIP_ROW(type, field, what)                                                          \
    {                                                                                              \
        .name = #field, .kind = &capas_option_real, .offset = offsetof(type, field),               \
        .standard = CAPAS_NONE, .open_minimum = true, .nullable = true, .help = what               \
    }

/* Number `index` of the list; NULL past the last. */
const capas_option_table *capas_optimizer_table(size_t index);
/* The type of a resolved optimizer. */
const capas_optimizer_type *capas_optimizer_type_of(const capas_optimizer *optimizer);

/* Puts defaults in and checks; kind DEFAULT becomes Keras's RMSprop. */
capas_status capas_optimizer_resolve(capas_optimizer *optimizer);

/* Keras's {"class_name", "config"}, "adam", or {SGD: {learning_rate: 0.1}}. `name` gets the name of
 * the instance. */
capas_status capas_optimizer_read(const capas_value *value, capas_optimizer *optimizer,
                                  char name[CAPAS_NAME_SIZE], const char *where);
capas_value *capas_optimizer_write(const capas_trainer *trainer);

/* What the optimizer keeps beside its rule's slots: the first one behind them, or -1. */
int capas_optimizer_average_slot(const capas_trainer *trainer);
int capas_optimizer_accumulator_slot(const capas_trainer *trainer);
/* All slots, and what slot `slot` starts with. */
int capas_optimizer_slots(const capas_optimizer *optimizer);
double capas_optimizer_initial(const capas_optimizer *optimizer, int slot);
/* Updates made by so many steps. */
int64_t capas_optimizer_updates(const capas_trainer *trainer);

/* The end of a training: where there are averages, the weights become them. */
void capas_optimizer_finish(capas_model *model);
/* Weights and averages, which there must be, change places; the averages become the weights. */
void capas_optimizer_swap_averages(capas_model *model);
void capas_optimizer_keep_averages(capas_model *model);

/* One step: weights of the model by its block of gradients, which is changed on the way
 * (regularisers). CAPAS_NOT_FINITE, naming the weight, when a new weight is not finite. */
capas_status capas_optimizer_step(capas_model *model, float *gradients);

/* The regularisers' penalties of the weights as they are: what the loss is more. */
double capas_weight_penalties(const capas_model *model);

#endif
