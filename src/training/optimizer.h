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
    /* The learning rate as the kernel takes it at step `step`, from 1. NULL: as it is. */
    double (*rate)(const capas_optimizer *optimizer, double learning_rate, int64_t step);
} capas_optimizer_type;

extern const capas_optimizer_type capas_optimizer_sgd, capas_optimizer_rmsprop,
    capas_optimizer_adam, capas_optimizer_adadelta;

/* A learning rate: a number, kept as the float32 that Keras keeps, or a schedule. */
extern const capas_option_kind capas_option_rate;

/* The options that all have, in the order of Keras's get_config. */
#define CAPAS_OPTIMIZER_ROWS(type, rate)                                                           \
    {.name = "learning_rate",                                                                      \
     .kind = &capas_option_rate,                                                                   \
     .offset = offsetof(type, learning_rate),                                                      \
     .standard = (rate),                                                                           \
     .maximum = HUGE_VAL,                                                                          \
     .help = "how far a step goes"},                                                               \
        {.name = "weight_decay",                                                                   \
         .kind = &capas_option_real,                                                               \
         .offset = offsetof(type, weight_decay),                                                   \
         .standard = CAPAS_NONE,                                                                   \
         .maximum = HUGE_VAL,                                                                      \
         .nullable = true,                                                                         \
         .help = "w -= w * weight_decay * learning_rate before each update"},                      \
        CAPAS_CLIP_ROW(type, clipnorm, "largest norm of each gradient"),                           \
        CAPAS_CLIP_ROW(type, global_clipnorm, "largest norm of all gradients together"),           \
        CAPAS_CLIP_ROW(type, clipvalue, "largest element of a gradient"),                          \
        {.name = "use_ema", .kind = &capas_option_only_false, .help = "averaged weights"},         \
        {.name = "ema_momentum",                                                                   \
         .kind = &capas_option_unused,                                                             \
         .standard = 0.99,                                                                         \
         .help = "momentum of the averaged weights"},                                              \
        {.name = "ema_overwrite_frequency",                                                        \
         .kind = &capas_option_only_none,                                                          \
         .help = "steps between taking over the averaged weights"},                                \
        {.name = "loss_scale_factor",                                                              \
         .kind = &capas_option_only_none,                                                          \
         .help = "factor on the loss"},                                                            \
    {                                                                                              \
        .name = "gradient_accumulation_steps", .kind = &capas_option_only_none,                    \
        .help = "batches before an update"                                                         \
    }

#define CAPAS_CLIP_ROW(type, field, what)                                                          \
    {                                                                                              \
        .name = #field, .kind = &capas_option_real, .offset = offsetof(type, field),               \
        .standard = CAPAS_NONE, .open_minimum = true, .nullable = true, .help = what               \
    }

/* The type of a resolved optimizer. */
const capas_optimizer_type *capas_optimizer_type_of(const capas_optimizer *optimizer);

/* Puts defaults in and checks; kind DEFAULT becomes Keras's RMSprop. */
capas_status capas_optimizer_resolve(capas_optimizer *optimizer);

/* Keras's {"class_name", "config"}, "adam", or {SGD: {learning_rate: 0.1}}. `name` gets the name of
 * the instance. */
capas_status capas_optimizer_read(const capas_value *value, capas_optimizer *optimizer,
                                  char name[CAPAS_NAME_SIZE], const char *where);
capas_value *capas_optimizer_write(const capas_trainer *trainer);

/* One step: weights of the model by its block of gradients, which is changed on the way
 * (regularisers). CAPAS_NOT_FINITE, naming the weight, when a new weight is not finite. */
capas_status capas_optimizer_step(capas_model *model, float *gradients);

/* The regularisers' penalties of the weights as they are: what the loss is more. */
double capas_weight_penalties(const capas_model *model);

#endif
