/* Optimizers by name: the list of them, the value functions of the API, checking, and Keras's
 * configuration. Each one's own is in optimizer_NAME.c, the step in optimizer_step.c. */
#include "training/optimizer.h"
#include "base/text.h"
#include "layers/object.h"
#include <stdio.h>
#include <string.h>

/* The one list of optimizers. */
static const capas_optimizer_type *const types[] = {
    &capas_optimizer_sgd,      &capas_optimizer_rmsprop, &capas_optimizer_adam,
    &capas_optimizer_adadelta, &capas_optimizer_adamw,   &capas_optimizer_adamax,
    &capas_optimizer_nadam,    &capas_optimizer_lamb,    &capas_optimizer_lion,
    &capas_optimizer_adagrad,  &capas_optimizer_ftrl,    &capas_optimizer_adafactor,
};

/* A program built against an older capas gives a shorter struct: the rest is zero, the default. */
static void copy_options(void *all, size_t size, const void *given)
{
    if (!given) return;
    size_t given_size = *(const size_t *)given;
    memcpy(all, given, given_size >= sizeof size && given_size < size ? given_size : size);
}

#define CONSTRUCTOR(member, KIND)                                                                  \
    capas_optimizer capas_##member##_with(const capas_##member##_options *options)                 \
    {                                                                                              \
        capas_optimizer optimizer = {.kind = CAPAS_OPTIMIZER_##KIND};                              \
        copy_options(&optimizer.options.member, sizeof *options, options);                         \
        return optimizer;                                                                          \
    }
CONSTRUCTOR(sgd, SGD)
CONSTRUCTOR(rmsprop, RMSPROP)
CONSTRUCTOR(adam, ADAM)
CONSTRUCTOR(adadelta, ADADELTA)
CONSTRUCTOR(adamw, ADAMW)
CONSTRUCTOR(adamax, ADAMAX)
CONSTRUCTOR(nadam, NADAM)
CONSTRUCTOR(lamb, LAMB)
CONSTRUCTOR(lion, LION)
CONSTRUCTOR(adagrad, ADAGRAD)
CONSTRUCTOR(ftrl, FTRL)
CONSTRUCTOR(adafactor, ADAFACTOR)

const capas_option_table *capas_optimizer_table(size_t index)
{
    return index < CAPAS_COUNT(types) ? &types[index]->table : NULL;
}

const capas_optimizer_type *capas_optimizer_type_of(const capas_optimizer *optimizer)
{
    for (size_t i = 0; i < CAPAS_COUNT(types); i++)
        if (types[i]->kind == optimizer->kind) return types[i];
    return NULL;
}

/* What goes over one option at a time. */
static capas_status check_together(const capas_optimizer *optimizer, const char *where)
{
    const capas_sgd_options *common = &optimizer->options.sgd; /* the first fields of all */
    int clips = (common->clipnorm != CAPAS_NONE) + (common->global_clipnorm != CAPAS_NONE) +
                (common->clipvalue != CAPAS_NONE);
    if (clips <= 1) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "%s: at most one of clipnorm, global_clipnorm and clipvalue may be given, "
                      "found %d",
                      where, clips);
}

static void place_text(const capas_optimizer_type *type, char *text, size_t size)
{
    snprintf(text, size, "optimizer %s", type->name);
}

capas_status capas_optimizer_resolve(capas_optimizer *optimizer)
{
    if (optimizer->kind == CAPAS_OPTIMIZER_DEFAULT)
        *optimizer = (capas_optimizer){.kind = CAPAS_OPTIMIZER_RMSPROP};
    const capas_optimizer_type *type = capas_optimizer_type_of(optimizer);
    if (!type)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "compile: there is no optimizer of the kind %d",
                          (int)optimizer->kind);
    char where[CAPAS_NAME_SIZE];
    place_text(type, where, sizeof where);
    capas_sgd_options *common = &optimizer->options.sgd;
    bool scheduled = common->schedule.kind != CAPAS_SCHEDULE_NONE;
    if (scheduled && common->learning_rate != 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: the learning rate is said twice, by .learning_rate and by .schedule",
                          where);
    CAPAS_TRY(capas_options_resolve(&type->table, &optimizer->options, where));
    if (scheduled) CAPAS_TRY(capas_schedule_resolve(&common->schedule, where));
    return check_together(optimizer, where);
}

static capas_status type_by_name(const char *name, const char *where,
                                 const capas_optimizer_type **found)
{
    const char *names[CAPAS_COUNT(types)];
    for (size_t i = 0; i < CAPAS_COUNT(types); i++) {
        *found = types[i];
        names[i] = types[i]->name;
        if (capas_same_name(name, names[i])) return CAPAS_OK;
    }
    const char *nearest = capas_nearest_name(name, names, CAPAS_COUNT(names));
    if (nearest)
        return capas_fail(CAPAS_UNKNOWN_NAME, "%s: no optimizer \"%s\"; did you mean \"%s\"?",
                          where, name, nearest);
    return capas_fail(CAPAS_UNKNOWN_NAME,
                      "%s: no optimizer \"%s\"; there are SGD, RMSprop, Adam, Adadelta, AdamW, "
                      "Adamax, Nadam, Lamb, Lion, Adagrad, Ftrl and Adafactor",
                      where, name);
}

/* Reads the settings but for "name", which goes into `name`. */
static capas_status read_settings(const capas_optimizer_type *type, const capas_value *settings,
                                  capas_optimizer *optimizer, char name[CAPAS_NAME_SIZE],
                                  const char *where)
{
    char place[2 * CAPAS_NAME_SIZE];
    snprintf(place, sizeof place, "%.60s: optimizer %s", where, type->name);
    capas_value *own = capas_value_clone(settings);
    if (!own) return CAPAS_NO_MEMORY;
    capas_value *instance = capas_value_take(own, "name");
    if (instance && instance->kind == CAPAS_VALUE_STRING)
        capas_cut_text(name, CAPAS_NAME_SIZE,
                       snprintf(name, CAPAS_NAME_SIZE, "%s", instance->string));
    capas_value_free(instance);
    capas_status status = capas_options_read(&type->table, &optimizer->options, own, place);
    capas_value_free(own);
    return status == CAPAS_OK ? check_together(optimizer, place) : status;
}

capas_status capas_optimizer_read(const capas_value *value, capas_optimizer *optimizer,
                                  char name[CAPAS_NAME_SIZE], const char *where)
{
    capas_object object;
    char found[96];
    if (!capas_object_read(value, &object) || object.value)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: optimizer must be a name or {Name: {option: value}}, found %s",
                          where, capas_value_describe(value, found, sizeof found));
    const capas_optimizer_type *type;
    CAPAS_TRY(type_by_name(object.name, where, &type));
    *optimizer = (capas_optimizer){.kind = type->kind};
    CAPAS_TRY(capas_optimizer_resolve(optimizer));
    snprintf(name, CAPAS_NAME_SIZE, "%s", type->snake_name);
    if (!object.settings) return CAPAS_OK;
    return read_settings(type, object.settings, optimizer, name, where);
}

capas_value *capas_optimizer_write(const capas_trainer *trainer)
{
    const capas_optimizer_type *type = capas_optimizer_type_of(&trainer->optimizer);
    capas_optimizer now = trainer->optimizer;
    now.options.sgd.learning_rate = trainer->learning_rate;
    capas_value *config = capas_value_map();
    if (capas_value_set(config, "name", capas_value_string(trainer->optimizer_name)) == CAPAS_OK &&
        capas_options_write(&type->table, &now.options, config) == CAPAS_OK)
        return capas_object_write("keras.optimizers", type->name, config);
    capas_value_free(config);
    return NULL;
}

const char *capas_optimizer_name(const capas_trainer *trainer)
{
    return trainer->optimizer_name;
}

bool capas_optimizer_has_schedule(const capas_trainer *trainer)
{
    return trainer->optimizer.options.sgd.schedule.kind != CAPAS_SCHEDULE_NONE;
}

double capas_optimizer_rate(const capas_trainer *trainer)
{
    if (!capas_optimizer_has_schedule(trainer)) return trainer->learning_rate;
    return capas_schedule_at(&trainer->optimizer.options.sgd.schedule,
                             capas_optimizer_updates(trainer));
}
