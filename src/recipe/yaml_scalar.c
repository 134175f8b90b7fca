/* Scalars by the core schema of YAML 1.2: "yes" and "1/255" are text, 1e-3 is a number. */
#include "recipe/yaml_scalar.h"
#include "base/memory.h"
#include <errno.h>
#include <libfyaml.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0) return true;
    return false;
}

static const char *skip_digits(const char *text)
{
    while (*text >= '0' && *text <= '9')
        text++;
    return text;
}

static const char *skip_sign(const char *text)
{
    return *text == '-' || *text == '+' ? text + 1 : text;
}

static bool is_integer(const char *text)
{
    const char *digits = skip_sign(text);
    return *digits && *skip_digits(digits) == '\0';
}

/* [-+]? ( . [0-9]+ | [0-9]+ ( . [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_real(const char *text)
{
    const char *digits = skip_sign(text), *end = skip_digits(digits);
    bool some = end > digits;
    if (*end == '.') {
        const char *more = skip_digits(end + 1);
        if (!some && more == end + 1) return false;
        some = true;
        end = more;
    }
    if (!some) return false;
    if (*end == 'e' || *end == 'E') {
        const char *power = skip_sign(end + 1);
        end = skip_digits(power);
        if (end == power) return false;
    }
    return *end == '\0';
}

/* In the "C" locale, whatever the program's is: the point is a point. */
static double to_real(const char *text)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!plain) return strtod(text, NULL);
    locale_t before = uselocale(plain);
    double real = strtod(text, NULL);
    uselocale(before);
    freelocale(plain);
    return real;
}

/* An integer that does not fit is a real; one in another base then stays text. */
static capas_value *integer_of(const char *text, const char *digits, int base)
{
    errno = 0;
    long long integer = strtoll(digits, NULL, base);
    if (errno != ERANGE) return capas_value_integer(integer);
    return base == 10 ? capas_value_real(to_real(text)) : capas_value_string(text);
}

static bool has_base(const char *text, const char *prefix, const char *digits)
{
    return strncmp(text, prefix, 2) == 0 && text[2] && text[2 + strspn(text + 2, digits)] == '\0';
}

static capas_value *plain_value(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};
    static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
    if (is_one_of(text, nulls)) return capas_value_null();
    if (is_one_of(text, trues)) return capas_value_bool(true);
    if (is_one_of(text, falses)) return capas_value_bool(false);
    if (is_integer(text)) return integer_of(text, text, 10);
    if (has_base(text, "0x", "0123456789abcdefABCDEF")) return integer_of(text, text + 2, 16);
    if (has_base(text, "0o", "01234567")) return integer_of(text, text + 2, 8);
    if (is_real(text)) return capas_value_real(to_real(text));
    if (is_one_of(skip_sign(text), infinities))
        return capas_value_real(*text == '-' ? -INFINITY : INFINITY);
    if (is_one_of(text, nans)) return capas_value_real(NAN);
    return capas_value_string(text);
}

/* A copy that ends in 0; a text with a 0 in it is refused. */
static char *copy_text(struct fy_token *token)
{
    size_t length = 0;
    const char *text = token ? fy_token_get_text(token, &length) : "";
    char *copy = capas_allocate(length + 1, 1);
    if (!copy) return NULL;
    if (text) memcpy(copy, text, length);
    copy[text ? length : 0] = '\0';
    if (strlen(copy) == (text ? length : 0)) return copy;
    capas_fail(CAPAS_BAD_FILE, "a text holds a character of number 0");
    capas_release(copy);
    return NULL;
}

capas_value *capas_yaml_text(struct fy_token *token)
{
    char *text = copy_text(token);
    if (!text) return NULL;
    capas_value *value = capas_value_string(text);
    capas_release(text);
    return value;
}

capas_value *capas_yaml_scalar(struct fy_token *token)
{
    bool is_plain = !token || fy_scalar_token_get_style(token) == FYSS_PLAIN;
    if (!is_plain) return capas_yaml_text(token);
    char *text = copy_text(token);
    if (!text) return NULL;
    capas_value *value = plain_value(text);
    capas_release(text);
    return value;
}
