/* The kinds of option that every table uses: bool, integer, real, pair, triple, enum and
 * shape.
 *
 * In an option struct as the user wrote it, zero means the default, CAPAS_ZERO means zero and
 * CAPAS_NONE means None (capas/options.h); a file cannot say the two marks as numbers. */
#include "base/option.h"
#include "base/text.h"
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 256, WORDS_SIZE = 512, MOST_WORDS = 64 };

/* Range -------------------------------------------------------------------------------------------
 */

static bool has_range(const capas_option *option)
{
    return option->minimum != 0 || option->maximum != 0 || option->open_minimum;
}

/* A maximum left out: zero beside a minimum that is not below it. */
static bool has_maximum(const capas_option *option)
{
    return option->maximum > option->minimum && option->maximum < HUGE_VAL;
}

static bool has_minimum(const capas_option *option)
{
    return option->minimum > -HUGE_VAL;
}

static bool in_range(const capas_option *option, double number)
{
    if (!isfinite(number)) return false;
    if (!has_range(option)) return true;
    if (has_maximum(option) && number > option->maximum) return false;
    return option->open_minimum ? number > option->minimum : number >= option->minimum;
}

/* " of at least 1", " from 0 to 1", " above 0 and at most 1", or "". */
static const char *range_text(const capas_option *option, char text[TEXT_SIZE])
{
    double least = option->minimum, most = option->maximum;
    text[0] = '\0';
    if (!has_range(option)) return text;
    if (has_minimum(option) && has_maximum(option))
        snprintf(text, TEXT_SIZE,
                 option->open_minimum ? " above %.15g and at most %.15g" : " from %.15g to %.15g",
                 least, most);
    else if (has_minimum(option))
        snprintf(text, TEXT_SIZE, option->open_minimum ? " above %.15g" : " of at least %.15g",
                 least);
    else if (has_maximum(option))
        snprintf(text, TEXT_SIZE, " of at most %.15g", most);
    return text;
}

static const char *none_text(const capas_option *option)
{
    return option->nullable ? ", or None" : "";
}

/* "an integer of at least 1, or None, found ...": for a number, pair or triple. */
static capas_status fail_range(const capas_option *option, const char *found)
{
    char range[TEXT_SIZE];
    range_text(option, range);
    if (option->kind == &capas_option_pair || option->kind == &capas_option_triple)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "an integer%s or a list of %s%s, found %s", range,
                          option->kind == &capas_option_pair ? "two" : "three", none_text(option),
                          found);
    return capas_fail(CAPAS_INVALID_ARGUMENT, "%s%s%s, found %s", option->kind->name, range,
                      none_text(option), found);
}

static capas_status fail_value(const capas_option *option, const capas_value *value)
{
    char found[TEXT_SIZE];
    return fail_range(option, capas_value_describe(value, found, sizeof found));
}

/* Numbers -----------------------------------------------------------------------------------------
 */

static int resolved_integer(int given, double standard)
{
    if (given == 0) return (int)standard;
    return given == CAPAS_ZERO ? 0 : given;
}

static capas_status check_integer(const capas_option *option, int number)
{
    if (number == CAPAS_NONE && option->nullable) return CAPAS_OK;
    if (number > CAPAS_NONE && in_range(option, number)) return CAPAS_OK;
    char found[TEXT_SIZE];
    if (number == CAPAS_NONE)
        snprintf(found, sizeof found, "None");
    else
        snprintf(found, sizeof found, "%d", number);
    return fail_range(option, found);
}

/* 32 and 32.0; not the marks, nor what an int does not hold. */
static bool integer_of(const capas_value *value, int *number)
{
    if (value->kind != CAPAS_VALUE_INTEGER && value->kind != CAPAS_VALUE_REAL) return false;
    if (!(value->real > CAPAS_NONE && value->real <= INT_MAX)) return false;
    *number = (int)value->real;
    return *number == value->real;
}

static void resolve_integer(const capas_option *option, void *field)
{
    int *number = field;
    *number = resolved_integer(*number, option->standard);
}

static capas_status check_integer_field(const capas_option *option, const void *field)
{
    return check_integer(option, *(const int *)field);
}

static capas_status read_integer(const capas_option *option, const capas_value *value, void *field)
{
    int *number = field;
    if (option->nullable && value->kind == CAPAS_VALUE_NULL)
        *number = CAPAS_NONE;
    else if (!integer_of(value, number))
        return fail_value(option, value);
    return CAPAS_OK;
}

/* [3] as well as 3. */
static capas_status read_single(const capas_option *option, const capas_value *value, void *field)
{
    bool listed = value->kind == CAPAS_VALUE_LIST && value->count == 1;
    return read_integer(option, listed ? value->items[0] : value, field);
}

static capas_value *write_integer(const capas_option *option, const void *field)
{
    int number = *(const int *)field;
    (void)option;
    return number == CAPAS_NONE ? capas_value_null() : capas_value_integer(number);
}

static capas_value *write_single(const capas_option *option, const void *field)
{
    capas_value *number = write_integer(option, field);
    if (number == NULL || number->kind == CAPAS_VALUE_NULL) return number;
    capas_value *list = capas_value_list();
    if (capas_value_append(list, number) == CAPAS_OK) return list;
    capas_value_free(list);
    return NULL;
}

static void resolve_real(const capas_option *option, void *field)
{
    double *number = field;
    if (*number == 0)
        *number = option->standard;
    else if (*number == CAPAS_ZERO)
        *number = 0;
}

static capas_status check_real(const capas_option *option, const void *field)
{
    double number = *(const double *)field;
    bool none = number == CAPAS_NONE;
    if (none && option->nullable) return CAPAS_OK;
    if (!none && in_range(option, number)) return CAPAS_OK;
    char found[TEXT_SIZE];
    snprintf(found, sizeof found, "%.15g", number);
    return fail_range(option, none ? "None" : found);
}

static capas_status read_real(const capas_option *option, const capas_value *value, void *field)
{
    double *number = field;
    if (option->nullable && value->kind == CAPAS_VALUE_NULL) {
        *number = CAPAS_NONE;
        return CAPAS_OK;
    }
    bool is_number = value->kind == CAPAS_VALUE_INTEGER || value->kind == CAPAS_VALUE_REAL;
    if (!is_number || value->real == CAPAS_NONE || !in_range(option, value->real))
        return fail_value(option, value);
    *number = value->real;
    return CAPAS_OK;
}

static capas_value *write_real(const capas_option *option, const void *field)
{
    double number = *(const double *)field;
    (void)option;
    return number == CAPAS_NONE ? capas_value_null() : capas_value_real(number);
}

/* Bool --------------------------------------------------------------------------------------------
 */

static capas_status check_bool(const capas_option *option, const void *field)
{
    int number = *(const int *)field;
    if (number == 0 || number == 1 || (number == CAPAS_NONE && option->nullable)) return CAPAS_OK;
    if (number == CAPAS_NONE)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "true or false, found None");
    return capas_fail(CAPAS_INVALID_ARGUMENT, "true or false%s, found %d", none_text(option),
                      number);
}

static capas_status read_bool(const capas_option *option, const capas_value *value, void *field)
{
    int *number = field;
    char found[TEXT_SIZE];
    if (option->nullable && value->kind == CAPAS_VALUE_NULL)
        *number = CAPAS_NONE;
    else if (value->kind == CAPAS_VALUE_BOOL)
        *number = value->boolean;
    else
        return capas_fail(CAPAS_INVALID_ARGUMENT, "true or false%s, found %s", none_text(option),
                          capas_value_describe(value, found, sizeof found));
    return CAPAS_OK;
}

static capas_value *write_bool(const capas_option *option, const void *field)
{
    int number = *(const int *)field;
    (void)option;
    return number == CAPAS_NONE ? capas_value_null() : capas_value_bool(number);
}

/* Pair and triple: as many ints, one behind the other ---------------------------------------------
 */

static int sizes_of(const capas_option *option)
{
    return option->kind == &capas_option_triple ? 3 : 2;
}

/* What is left out is as the one before. */
static void resolve_sizes(const capas_option *option, void *field)
{
    int *size = field;
    size[0] = resolved_integer(size[0], option->standard);
    for (int i = 1; i < sizes_of(option); i++)
        size[i] = size[0] == CAPAS_NONE ? CAPAS_NONE : resolved_integer(size[i], size[i - 1]);
}

static capas_status check_sizes(const capas_option *option, const void *field)
{
    for (int i = 0; i < sizes_of(option); i++)
        CAPAS_TRY(check_integer(option, ((const int *)field)[i]));
    return CAPAS_OK;
}

static capas_status read_sizes(const capas_option *option, const capas_value *value, void *field)
{
    int *size = field, number = CAPAS_NONE;
    bool list = value->kind == CAPAS_VALUE_LIST;
    bool none = option->nullable && value->kind == CAPAS_VALUE_NULL;
    if (list ? value->count != (size_t)sizes_of(option) : !none && !integer_of(value, &number))
        return fail_value(option, value);
    for (int i = 0; i < sizes_of(option); i++) {
        if (list && !integer_of(value->items[i], &number)) return fail_value(option, value);
        size[i] = number;
    }
    return CAPAS_OK;
}

static capas_value *write_sizes(const capas_option *option, const void *field)
{
    const int *size = field;
    if (size[0] == CAPAS_NONE) return capas_value_null();
    capas_value *list = capas_value_list();
    capas_status status = CAPAS_OK;
    for (int i = 0; i < sizes_of(option) && status == CAPAS_OK; i++)
        status = capas_value_append(list, capas_value_integer(size[i]));
    if (status == CAPAS_OK) return list;
    capas_value_free(list);
    return NULL;
}

/* Enum --------------------------------------------------------------------------------------------
 */

static int count_words(const capas_option *option)
{
    int count = 0;
    while (option->words[count])
        count++;
    return count;
}

/* `"valid" or "same"`, `"a", "b" or "c"` */
static const char *words_text(const capas_option *option, char text[WORDS_SIZE])
{
    int count = count_words(option), length = 0;
    text[0] = '\0';
    for (int i = 0; i < count && length < WORDS_SIZE; i++) {
        const char *before = i == 0 ? "" : i == count - 1 ? " or " : ", ";
        length += snprintf(text + length, (size_t)(WORDS_SIZE - length), "%s\"%s\"", before,
                           option->words[i]);
    }
    capas_cut_text(text, WORDS_SIZE, length);
    return text;
}

static capas_status fail_enum(const capas_option *option, const char *found, const char *word)
{
    char words[WORDS_SIZE];
    const char *nearest =
        word ? capas_nearest_name(word, option->words, (size_t)count_words(option)) : NULL;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "%s%s, found %s%s%s%s", words_text(option, words),
                      none_text(option), found, nearest ? "; did you mean \"" : "",
                      nearest ? nearest : "", nearest ? "\"?" : "");
}

static capas_status check_enum(const capas_option *option, const void *field)
{
    int number = *(const int *)field;
    if (number >= 1 && number <= count_words(option)) return CAPAS_OK;
    if (number == CAPAS_NONE && option->nullable) return CAPAS_OK;
    char found[TEXT_SIZE];
    snprintf(found, sizeof found, "the number %d", number);
    return fail_enum(option, number == 0 ? "nothing" : number == CAPAS_NONE ? "None" : found, NULL);
}

static capas_status read_enum(const capas_option *option, const capas_value *value, void *field)
{
    char found[TEXT_SIZE];
    int *number = field;
    if (option->nullable && value->kind == CAPAS_VALUE_NULL) {
        *number = CAPAS_NONE;
        return CAPAS_OK;
    }
    capas_value_describe(value, found, sizeof found);
    if (value->kind != CAPAS_VALUE_STRING) return fail_enum(option, found, NULL);
    for (int i = 0; option->words[i]; i++) {
        if (strcmp(option->words[i], value->string) != 0) continue;
        *number = i + 1;
        return CAPAS_OK;
    }
    return fail_enum(option, found, value->string);
}

static capas_value *write_enum(const capas_option *option, const void *field)
{
    int number = *(const int *)field;
    if (number == CAPAS_NONE) return capas_value_null();
    return capas_value_string(option->words[number - 1]);
}

const capas_option_kind capas_option_bool = {
    "true or false", resolve_integer, check_bool, read_bool, write_bool,
};
const capas_option_kind capas_option_single = {
    "an integer", resolve_integer, check_integer_field, read_single, write_single,
};
const capas_option_kind capas_option_integer = {
    "an integer", resolve_integer, check_integer_field, read_integer, write_integer,
};
const capas_option_kind capas_option_real = {
    "a number", resolve_real, check_real, read_real, write_real,
};
const capas_option_kind capas_option_pair = {
    "an integer or a list of two", resolve_sizes, check_sizes, read_sizes, write_sizes,
};
const capas_option_kind capas_option_triple = {
    "an integer or a list of three", resolve_sizes, check_sizes, read_sizes, write_sizes,
};
const capas_option_kind capas_option_enum = {
    "a word", resolve_integer, check_enum, read_enum, write_enum,
};
