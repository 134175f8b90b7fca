/* What a learning rate schedule is inside: its options and its formula. A new schedule is a
 * capas_schedule_type, one line in the list of schedule.c, and its options in
 * capas/schedules.h. */
#ifndef CAPAS_TRAINING_SCHEDULE_H
#define CAPAS_TRAINING_SCHEDULE_H

#include "base/option.h"
#include <capas/schedules.h>

typedef struct capas_schedule_type {
    capas_schedule_kind kind;
    const char *instance_name; /* Keras's config "name"; NULL: the class's */
    capas_option_table table;  /* its owner is Keras's class */
    int required;              /* the table's first options, which must be said */
    double (*rate)(const capas_schedule *schedule, double step);
    /* What goes over one option at a time; NULL: nothing. */
    capas_status (*check)(const capas_schedule *schedule, const char *where);
} capas_schedule_type;

extern const capas_schedule_type capas_schedule_exponential_decay,
    capas_schedule_inverse_time_decay, capas_schedule_polynomial_decay,
    capas_schedule_piecewise_constant_decay, capas_schedule_cosine_decay,
    capas_schedule_cosine_decay_restarts;

/* A double that Keras writes as an integer when it is one; capas_numbers of such. */
extern const capas_option_kind capas_option_steps;
extern const capas_option_kind capas_option_steps_list, capas_option_rates_list;

/* Number `index` of the list; NULL past the last. */
const capas_option_table *capas_schedule_table(size_t index);

/* Puts defaults in and checks; once only. */
capas_status capas_schedule_resolve(capas_schedule *schedule, const char *where);

/* Keras's {"class_name", "config"}, or {ExponentialDecay: {decay_steps: 10}}; resolved. */
capas_status capas_schedule_read(const capas_value *value, capas_schedule *schedule,
                                 const char *where);
capas_value *capas_schedule_write(const capas_schedule *schedule);

/* Of a resolved schedule. */
double capas_schedule_at(const capas_schedule *schedule, int64_t step);

#endif
