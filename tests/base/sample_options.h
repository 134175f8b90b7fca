/* An option struct with a field of every kind and its table, for the tests of option tables. */
#ifndef CAPAS_TESTS_BASE_SAMPLE_OPTIONS_H
#define CAPAS_TESTS_BASE_SAMPLE_OPTIONS_H

#include "base/option.h"
#include "support/cmocka.h"
#include <math.h>

typedef struct sample_options {
    size_t struct_size;
    int filters, groups, rank;
    double rate, momentum, limit;
    int use_bias, flag;
    capas_pair kernel_size, strides;
    capas_padding padding;
    int mode;
    capas_shape shape, target;
} sample_options;

static const char *const paddings[] = {"valid", "same", NULL};
static const char *const modes[] = {"min", "max", "auto", NULL};

#define FIELD(name) #name, .offset = offsetof(sample_options, name)

static const capas_option sample_list[] = {
    {.name = FIELD(filters), .kind = &capas_option_integer, .minimum = 1},
    {.name = FIELD(groups),
     .kind = &capas_option_integer,
     .standard = 1,
     .minimum = 1,
     .maximum = 8},
    {.name = FIELD(rank), .kind = &capas_option_integer, .standard = CAPAS_NONE, .nullable = true},
    {.name = FIELD(rate), .kind = &capas_option_real, .standard = 0.5, .maximum = 1},
    {.name = FIELD(momentum), .kind = &capas_option_real, .standard = 0.99, .open_minimum = true},
    {.name = FIELD(limit),
     .kind = &capas_option_real,
     .standard = CAPAS_NONE,
     .nullable = true,
     .maximum = HUGE_VAL},
    {.name = FIELD(use_bias), .kind = &capas_option_bool, .standard = 1},
    {.name = FIELD(flag), .kind = &capas_option_bool, .nullable = true},
    {.name = FIELD(kernel_size), .kind = &capas_option_pair, .standard = 3, .minimum = 1},
    {.name = FIELD(strides),
     .kind = &capas_option_pair,
     .standard = CAPAS_NONE,
     .nullable = true,
     .minimum = 1},
    {.name = FIELD(padding),
     .kind = &capas_option_enum,
     .standard = CAPAS_VALID,
     .words = paddings},
    {.name = FIELD(mode),
     .kind = &capas_option_enum,
     .standard = CAPAS_NONE,
     .nullable = true,
     .words = modes},
    {.name = FIELD(shape), .kind = &capas_option_shape, .nullable = true},
    {.name = FIELD(target), .kind = &capas_option_shape},
};

static const capas_option_table table = {"Sample", sample_list, CAPAS_COUNT(sample_list),
                                         sizeof(sample_options)};

/* What the required options need so that the others can be looked at. */
static sample_options resolved(void)
{
    sample_options options = {.filters = 4, .target = capas_shape_of(1, 10)};
    assert_int_equal(capas_options_resolve(&table, &options, "layer sample"), CAPAS_OK);
    return options;
}

#endif
