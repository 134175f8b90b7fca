/* The options of fit that are numbers: one table for what a program says and what a recipe says. */
#include "training/trainer.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* A number of steps: int64, 0 for all there are (None). */

static capas_status fail_count(const char *found)
{
    return capas_fail(CAPAS_INVALID_ARGUMENT, "an integer of at least 1, or None, found %s", found);
}

static capas_status check_count(const capas_option *option, const void *field)
{
    int64_t count = *(const int64_t *)field;
    (void)option;
    if (count >= 0) return CAPAS_OK;
    char found[32];
    snprintf(found, sizeof found, "%" PRId64, count);
    return fail_count(found);
}

static capas_status read_count(const capas_option *option, const capas_value *value, void *field)
{
    (void)option;
    char found[96];
    bool none = value->kind == CAPAS_VALUE_NULL;
    if (!none && (value->kind != CAPAS_VALUE_INTEGER || value->integer < 1))
        return fail_count(capas_value_describe(value, found, sizeof found));
    *(int64_t *)field = none ? 0 : value->integer;
    return CAPAS_OK;
}

static capas_value *write_count(const capas_option *option, const void *field)
{
    int64_t count = *(const int64_t *)field;
    (void)option;
    return count == 0 ? capas_value_null() : capas_value_integer(count);
}

static const capas_option_kind count_kind = {
    "an integer", NULL, check_count, read_count, write_count,
};

capas_status capas_check_validation_epochs(const capas_fit_options *fit)
{
    const int count = fit->validation_epoch_count;
    if (count < 0 || (count == 0) != (fit->validation_epochs == NULL))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "fit: validation_epochs must be %d epochs, found %s", count,
                          fit->validation_epochs ? "some" : "none (NULL)");
    if (count > 0 && fit->validation_freq != 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "fit: validation_freq and validation_epochs exclude each other");
    for (int i = 0; i < count; i++)
        if (fit->validation_epochs[i] < 1)
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "fit: validation_epochs count from 1, found %d",
                              fit->validation_epochs[i]);
    return CAPAS_OK;
}

/* A list is the recipe's matter, which keeps it (recipe/fit.c). */

static void resolve_integer(const capas_option *option, void *field)
{
    capas_option_integer.resolve(option, field);
}

static capas_status check_integer(const capas_option *option, const void *field)
{
    return capas_option_integer.check(option, field);
}

static capas_status read_integer(const capas_option *option, const capas_value *value, void *field)
{
    return capas_option_integer.read(option, value, field);
}

static capas_value *write_integer(const capas_option *option, const void *field)
{
    return capas_option_integer.write(option, field);
}

static const capas_option_kind freq_kind = {
    "an integer", resolve_integer, check_integer, read_integer, write_integer,
};

static const capas_option options[] = {
    {.name = "batch_size",
     .kind = &capas_option_integer,
     .offset = offsetof(capas_fit_options, batch_size),
     .standard = 32,
     .minimum = 1,
     .help = "samples a step"},
    {.name = "epochs",
     .kind = &capas_option_integer,
     .offset = offsetof(capas_fit_options, epochs),
     .standard = 1,
     .maximum = HUGE_VAL,
     .help = "the last epoch + 1"},
    {.name = "initial_epoch",
     .kind = &capas_option_integer,
     .offset = offsetof(capas_fit_options, initial_epoch),
     .maximum = HUGE_VAL,
     .help = "the first epoch"},
    {.name = "validation_split",
     .kind = &capas_option_real,
     .offset = offsetof(capas_fit_options, validation_split),
     .maximum = 1,
     .help = "share of the samples, the last ones, that are kept for validation"},
    {.name = "validation_batch_size",
     .kind = &capas_option_integer,
     .offset = offsetof(capas_fit_options, validation_batch_size),
     .standard = CAPAS_NONE,
     .minimum = 1,
     .nullable = true,
     .help = "as batch_size when left out"},
    {.name = "shuffle",
     .kind = &capas_option_bool,
     .offset = offsetof(capas_fit_options, shuffle),
     .standard = 1,
     .help = "a new order in each epoch"},
    {.name = "steps_per_epoch",
     .kind = &count_kind,
     .offset = offsetof(capas_fit_options, steps_per_epoch),
     .help = "batches an epoch; all when left out"},
    {.name = "steps",
     .kind = &count_kind,
     .offset = offsetof(capas_fit_options, steps),
     .help = "batches in all, over as many epochs as they need"},
    {.name = "validation_steps",
     .kind = &count_kind,
     .offset = offsetof(capas_fit_options, validation_steps),
     .help = "batches of a validation; all when left out"},
    {.name = "validation_freq",
     .kind = &freq_kind,
     .offset = offsetof(capas_fit_options, validation_freq),
     .standard = 1,
     .minimum = 1,
     .help = "validates in every so manieth epoch, or in those of a list (the first is 1)"},
    {.name = "force",
     .kind = &capas_option_bool,
     .offset = offsetof(capas_fit_options, force),
     .help = "goes on with data that look wrong"},
    {.name = "verbose",
     .kind = &capas_option_integer,
     .offset = offsetof(capas_fit_options, verbose),
     .maximum = 2,
     .help = "0 nothing, 1 a bar, 2 a line an epoch"},
};

const capas_option_table capas_fit_table = {"fit", options, CAPAS_COUNT(options),
                                            sizeof(capas_fit_options)};

capas_status capas_fit_options_read(capas_fit_options *fit, const capas_value *map,
                                    const char *where)
{
    fit->struct_size = sizeof *fit;
    CAPAS_TRY(capas_options_resolve(&capas_fit_table, fit, where));
    CAPAS_TRY(capas_options_read(&capas_fit_table, fit, map, where));
    /* Back to what a user writes: capas_fit resolves it again. */
    if (!fit->shuffle) fit->shuffle = CAPAS_FALSE;
    if (fit->epochs == 0) fit->epochs = CAPAS_ZERO;
    if (!capas_value_get(map, "epochs")) fit->epochs = 0;
    if (!capas_value_get(map, "validation_freq")) fit->validation_freq = 0;
    return CAPAS_OK;
}
