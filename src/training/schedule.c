/* Schedules by name: the list of them, the value functions of the API, checking, and Keras's
 * configuration. The formulas are in schedule_decay.c and schedule_cosine.c. */
#include "training/schedule.h"
#include "base/text.h"
#include "layers/object.h"
#include "training/trainer.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The one list of schedules. */
static const capas_schedule_type *const types[] = {
    &capas_schedule_exponential_decay, &capas_schedule_inverse_time_decay,
    &capas_schedule_polynomial_decay,  &capas_schedule_piecewise_constant_decay,
    &capas_schedule_cosine_decay,      &capas_schedule_cosine_decay_restarts,
};

const capas_option_table *capas_schedule_table(size_t index)
{
    return index < CAPAS_COUNT(types) ? &types[index]->table : NULL;
}

/* Options that do not say their size are left out; checking then finds what is missing. */
#define TAKE_OPTIONS(schedule, member, given)                                                      \
    capas_copy_options(&(schedule).options.member, sizeof(schedule).options.member, (given),       \
                       "schedule")

capas_schedule capas_exponential_decay_with(double initial_learning_rate, double decay_steps,
                                            double decay_rate,
                                            const capas_exponential_decay_options *options)
{
    capas_schedule schedule = {.kind = CAPAS_EXPONENTIAL_DECAY};
    TAKE_OPTIONS(schedule, exponential_decay, options);
    schedule.options.exponential_decay.initial_learning_rate = initial_learning_rate;
    schedule.options.exponential_decay.decay_steps = decay_steps;
    schedule.options.exponential_decay.decay_rate = decay_rate;
    return schedule;
}

capas_schedule capas_inverse_time_decay_with(double initial_learning_rate, double decay_steps,
                                             double decay_rate,
                                             const capas_inverse_time_decay_options *options)
{
    capas_schedule schedule = {.kind = CAPAS_INVERSE_TIME_DECAY};
    TAKE_OPTIONS(schedule, inverse_time_decay, options);
    schedule.options.inverse_time_decay.initial_learning_rate = initial_learning_rate;
    schedule.options.inverse_time_decay.decay_steps = decay_steps;
    schedule.options.inverse_time_decay.decay_rate = decay_rate;
    return schedule;
}

capas_schedule capas_polynomial_decay_with(double initial_learning_rate, double decay_steps,
                                           const capas_polynomial_decay_options *options)
{
    capas_schedule schedule = {.kind = CAPAS_POLYNOMIAL_DECAY};
    TAKE_OPTIONS(schedule, polynomial_decay, options);
    schedule.options.polynomial_decay.initial_learning_rate = initial_learning_rate;
    schedule.options.polynomial_decay.decay_steps = decay_steps;
    return schedule;
}

capas_schedule capas_cosine_decay_with(double initial_learning_rate, double decay_steps,
                                       const capas_cosine_decay_options *options)
{
    capas_schedule schedule = {.kind = CAPAS_COSINE_DECAY};
    TAKE_OPTIONS(schedule, cosine_decay, options);
    schedule.options.cosine_decay.initial_learning_rate = initial_learning_rate;
    schedule.options.cosine_decay.decay_steps = decay_steps;
    return schedule;
}

capas_schedule capas_cosine_decay_restarts_with(double initial_learning_rate,
                                                double first_decay_steps,
                                                const capas_cosine_decay_restarts_options *options)
{
    capas_schedule schedule = {.kind = CAPAS_COSINE_DECAY_RESTARTS};
    TAKE_OPTIONS(schedule, cosine_decay_restarts, options);
    schedule.options.cosine_decay_restarts.initial_learning_rate = initial_learning_rate;
    schedule.options.cosine_decay_restarts.first_decay_steps = first_decay_steps;
    return schedule;
}

/* More than there is room for is not copied; checking finds the count. */
static void take_numbers(capas_numbers *numbers, int count, const double *given)
{
    numbers->count = given || count == 0 ? count : -1;
    if (numbers->count < 1 || numbers->count > CAPAS_SCHEDULE_VALUES) return;
    memcpy(numbers->numbers, given, (size_t)count * sizeof *given);
}

capas_schedule capas_piecewise_constant_decay(int count, const double *boundaries,
                                              const double *values)
{
    capas_schedule schedule = {.kind = CAPAS_PIECEWISE_CONSTANT_DECAY};
    capas_piecewise_constant_decay_options *own = &schedule.options.piecewise_constant_decay;
    own->struct_size = sizeof *own;
    take_numbers(&own->boundaries, count, boundaries);
    take_numbers(&own->values, count < CAPAS_SCHEDULE_VALUES ? count + 1 : count, values);
    return schedule;
}

static const capas_schedule_type *type_of(const capas_schedule *schedule)
{
    for (size_t i = 0; i < CAPAS_COUNT(types); i++)
        if (types[i]->kind == schedule->kind) return types[i];
    return NULL;
}

capas_status capas_schedule_resolve(capas_schedule *schedule, const char *where)
{
    const capas_schedule_type *type = type_of(schedule);
    if (!type)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: there is no schedule of the kind %d", where,
                          (int)schedule->kind);
    char place[2 * CAPAS_NAME_SIZE];
    snprintf(place, sizeof place, "%.60s: %s", where, type->table.owner);
    CAPAS_TRY(capas_options_resolve(&type->table, &schedule->options, place));
    return type->check ? type->check(schedule, place) : CAPAS_OK;
}

static capas_status fail_name(const char *name, const char *where)
{
    const char *names[CAPAS_COUNT(types)];
    char list[256] = "";
    int used = 0;
    for (size_t i = 0; i < CAPAS_COUNT(types); i++) {
        const char *before = i == 0 ? "" : i + 1 == CAPAS_COUNT(types) ? " and " : ", ";
        names[i] = types[i]->table.owner;
        used += snprintf(list + used, sizeof list - (size_t)used, "%s%s", before, names[i]);
    }
    const char *nearest = capas_nearest_name(name, names, CAPAS_COUNT(types));
    if (nearest)
        return capas_fail(CAPAS_UNKNOWN_NAME, "%s: no schedule \"%s\"; did you mean \"%s\"?", where,
                          name, nearest);
    return capas_fail(CAPAS_UNKNOWN_NAME, "%s: no schedule \"%s\"; there are %s", where, name,
                      list);
}

static const capas_schedule_type *type_by_name(const char *name)
{
    for (size_t i = 0; i < CAPAS_COUNT(types); i++)
        if (capas_same_name(name, types[i]->table.owner)) return types[i];
    return NULL;
}

static capas_status check_said(const capas_schedule_type *type, const capas_value *settings,
                               const char *where)
{
    for (int i = 0; i < type->required; i++)
        if (!capas_value_get(settings, type->table.options[i].name))
            return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: %s is missing", where,
                              type->table.options[i].name);
    return CAPAS_OK;
}

/* What must be said has no default that would pass the checks: only the defaults are put in here,
 * and what is read is checked. The name of the instance changes nothing. */
static capas_status read_settings(const capas_schedule_type *type, capas_value *settings,
                                  capas_schedule *schedule, const char *where)
{
    capas_value_free(capas_value_take(settings, "name"));
    CAPAS_TRY(check_said(type, settings, where));
    capas_options_fill(&type->table, &schedule->options);
    CAPAS_TRY(capas_options_read(&type->table, &schedule->options, settings, where));
    return type->check ? type->check(schedule, where) : CAPAS_OK;
}

capas_status capas_schedule_read(const capas_value *value, capas_schedule *schedule,
                                 const char *where)
{
    capas_object object;
    char found[96];
    if (!capas_object_read(value, &object) || object.value)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: a schedule must be {Name: {option: value}}, found %s", where,
                          capas_value_describe(value, found, sizeof found));
    const capas_schedule_type *type = type_by_name(object.name);
    if (!type) return fail_name(object.name, where);
    memset(schedule, 0, sizeof *schedule);
    schedule->kind = type->kind;
    char place[2 * CAPAS_NAME_SIZE];
    snprintf(place, sizeof place, "%.60s: %s", where, type->table.owner);
    capas_value *settings =
        object.settings ? capas_value_clone(object.settings) : capas_value_map();
    if (!settings) return CAPAS_NO_MEMORY;
    capas_status status = read_settings(type, settings, schedule, place);
    capas_value_free(settings);
    return status;
}

capas_value *capas_schedule_write(const capas_schedule *schedule)
{
    const capas_schedule_type *type = type_of(schedule);
    const char *name = type->instance_name ? type->instance_name : type->table.owner;
    capas_value *config = capas_value_map();
    if (config && capas_options_write(&type->table, &schedule->options, config) == CAPAS_OK &&
        capas_value_set(config, "name", capas_value_string(name)) == CAPAS_OK)
        return capas_object_write("keras.optimizers.schedules", type->table.owner, config);
    capas_value_free(config);
    return NULL;
}

double capas_schedule_at(const capas_schedule *schedule, int64_t step)
{
    return (double)(float)type_of(schedule)->rate(schedule, (double)step);
}

capas_status capas_schedule_rate(const capas_schedule *schedule, int64_t step,
                                 double *learning_rate)
{
    if (!schedule || !learning_rate || step < 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "schedule: a rate needs a schedule, a step of at least 0 and a place to "
                          "put it, found step %" PRId64,
                          step);
    capas_schedule resolved = *schedule;
    CAPAS_TRY(capas_schedule_resolve(&resolved, "schedule"));
    *learning_rate = capas_schedule_at(&resolved, step);
    return CAPAS_OK;
}
