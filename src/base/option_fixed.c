/* Kinds of option that Keras has and capas can only be told one thing of: no field stands behind
 * them. They are read when they say that one thing, refused with a sentence otherwise, and written
 * as Keras writes them. */
#include "base/option.h"

enum { FOUND_SIZE = 128 };

static capas_status refuse(const char *only, const capas_value *value)
{
    char found[FOUND_SIZE];
    return capas_fail(CAPAS_UNSUPPORTED, "%s (capas does not have this part yet), found %s", only,
                      capas_value_describe(value, found, sizeof found));
}

static capas_status read_none(const capas_option *option, const capas_value *value, void *field)
{
    (void)option;
    (void)field;
    return value->kind == CAPAS_VALUE_NULL ? CAPAS_OK : refuse("None", value);
}

static capas_value *write_none(const capas_option *option, const void *field)
{
    (void)option;
    (void)field;
    return capas_value_null();
}

static capas_status read_false(const capas_option *option, const capas_value *value, void *field)
{
    (void)option;
    (void)field;
    bool is_false = value->kind == CAPAS_VALUE_BOOL && !value->boolean;
    return is_false || value->kind == CAPAS_VALUE_NULL ? CAPAS_OK : refuse("false", value);
}

static capas_value *write_false(const capas_option *option, const void *field)
{
    (void)option;
    (void)field;
    return capas_value_bool(false);
}

/* What a Keras wrote that had this part in common with another layer; it is not written. */
static capas_status read_one(const capas_option *option, const capas_value *value, void *field)
{
    (void)option;
    (void)field;
    bool is_one = value->kind == CAPAS_VALUE_INTEGER && value->integer == 1;
    return is_one || value->kind == CAPAS_VALUE_NULL ? CAPAS_OK : refuse("1", value);
}

/* Beside an option that is off any number will do. */
static capas_status read_unused(const capas_option *option, const capas_value *value, void *field)
{
    (void)option;
    (void)field;
    bool number = value->kind == CAPAS_VALUE_INTEGER || value->kind == CAPAS_VALUE_REAL;
    if (number || value->kind == CAPAS_VALUE_NULL) return CAPAS_OK;
    char found[FOUND_SIZE];
    return capas_fail(CAPAS_INVALID_ARGUMENT, "a number, found %s",
                      capas_value_describe(value, found, sizeof found));
}

static capas_value *write_unused(const capas_option *option, const void *field)
{
    (void)field;
    return capas_value_real(option->standard);
}

static capas_status read_past(const capas_option *option, const capas_value *value, void *field)
{
    (void)option, (void)value, (void)field;
    return CAPAS_OK;
}

const capas_option_kind capas_option_only_none = {"None", NULL, NULL, read_none, write_none};
const capas_option_kind capas_option_only_false = {"false", NULL, NULL, read_false, write_false};
const capas_option_kind capas_option_only_one = {"1", NULL, NULL, read_one, write_none};
const capas_option_kind capas_option_past = {"anything", NULL, NULL, read_past, write_none};
const capas_option_kind capas_option_past_false = {"false", NULL, NULL, read_false, write_none};
const capas_option_kind capas_option_unused = {"a number without effect", NULL, NULL, read_unused,
                                               write_unused};
