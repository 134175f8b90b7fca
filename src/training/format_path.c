/* Paths with numbers in them; see format_path.h. One walk over the pattern serves the check, which
 * has no numbers yet, and the making. */
#include "training/format_path.h"
#include "base/status.h"
#include "base/text.h"
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 64, MOST_DIGITS = 99, FOUND_NAMES = 64 };

/* {name:format} */
typedef struct field {
    char name[NAME_SIZE];
    bool zeros;
    int width, precision; /* -1: none */
    char type;            /* 'd', 'f', 'e', 'g', '%', or '\0' */
} field;

typedef struct walk {
    const char *pattern;
    bool makes; /* otherwise it only checks */
    int epoch;
    int64_t batch;
    const capas_logs *logs;
    char *path;
    size_t used;
} walk;

static capas_status fail(const walk *walk, const char *what)
{
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "\"%s\" %s; write fields like {epoch:02d} or {val_loss:.2f}, and braces "
                      "doubled",
                      walk->pattern, what);
}

static capas_status put(walk *walk, const char *text, size_t length)
{
    if (!walk->makes) return CAPAS_OK;
    if (walk->used + length >= CAPAS_PATH_SIZE)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "\"%s\" becomes longer than %d bytes",
                          walk->pattern, CAPAS_PATH_SIZE - 1);
    memcpy(walk->path + walk->used, text, length);
    walk->used += length;
    walk->path[walk->used] = '\0';
    return CAPAS_OK;
}

/* Up to two digits; -1 when there are none. */
static int read_number(const char **at)
{
    if (!isdigit((unsigned char)**at)) return -1;
    int number = 0;
    for (; isdigit((unsigned char)**at) && number <= MOST_DIGITS; ++*at)
        number = 10 * number + (**at - '0');
    return number;
}

/* What stands between "{" and "}"; *at is behind the first and ends behind the second. */
static capas_status read_field(const walk *walk, const char **at, field *field)
{
    size_t length = 0;
    *field = (struct field){.width = -1, .precision = -1};
    for (; isalnum((unsigned char)**at) || **at == '_'; ++*at)
        if (length + 1 < NAME_SIZE) field->name[length++] = **at;
    if (length == 0) return fail(walk, "has a { without a name");
    if (**at == ':') {
        ++*at;
        if (**at == '0') field->zeros = true;
        field->width = read_number(at);
        if (**at == '.') {
            ++*at;
            field->precision = read_number(at);
            if (field->precision < 0) return fail(walk, "has a format that is not known");
        }
        if (**at && strchr("dfeg%", **at)) field->type = *(*at)++;
        bool alone = field->width < 0 && field->precision < 0 && field->type == '\0';
        bool vague = field->precision >= 0 && (field->type == '\0' || field->type == 'd');
        if (alone || vague || field->width > MOST_DIGITS || field->precision > MOST_DIGITS)
            return fail(walk, "has a format that is not known");
    }
    if (**at != '}') return fail(walk, "has a field that is not closed");
    ++*at;
    return CAPAS_OK;
}

static capas_status fail_name(const walk *walk, const char *name)
{
    const char *names[FOUND_NAMES] = {"epoch", "batch"};
    size_t count = 2;
    for (int i = 0; i < capas_logs_count(walk->logs) && count < FOUND_NAMES; i++)
        names[count++] = capas_logs_name(walk->logs, i);
    const char *nearest = capas_nearest_name(name, names, count);
    return capas_fail(CAPAS_UNKNOWN_NAME,
                      "\"%s\" names %s, which the logs do not have at this moment%s%s%s",
                      walk->pattern, name, nearest ? "; did you mean \"" : "",
                      nearest ? nearest : "", nearest ? "\"?" : "");
}

static capas_status put_whole(walk *walk, const field *field, long long number)
{
    char text[2 * MOST_DIGITS + 32];
    snprintf(text, sizeof text, field->zeros ? "%0*lld" : "%*lld",
             field->width < 0 ? 0 : field->width, number);
    return put(walk, text, strlen(text));
}

static capas_status put_real(walk *walk, const field *field, double number)
{
    char text[512];
    int width = field->width < 0 ? 0 : field->width;
    int precision = field->precision < 0 ? 6 : field->precision;
    switch (field->type) {
    case 'e':
        snprintf(text, sizeof text, field->zeros ? "%0*.*e" : "%*.*e", width, precision, number);
        break;
    case 'g':
        snprintf(text, sizeof text, field->zeros ? "%0*.*g" : "%*.*g", width, precision, number);
        break;
    case '%':
        number *= 100;
        if (width > 0) width--;
        /* fall through */
    default:
        snprintf(text, sizeof text, field->zeros ? "%0*.*f" : "%*.*f", width, precision, number);
    }
    for (char *c = text; *c; c++)
        if (*c == ',') *c = '.'; /* as the locale may have it */
    CAPAS_TRY(put(walk, text, strlen(text)));
    return field->type == '%' ? put(walk, "%", 1) : CAPAS_OK;
}

static bool find(const walk *walk, const char *name, double *number, bool *whole)
{
    *whole = strcmp(name, "epoch") == 0 || strcmp(name, "batch") == 0;
    if (*whole) *number = *name == 'e' ? (double)walk->epoch : (double)walk->batch;
    for (int i = 0; !*whole && i < capas_logs_count(walk->logs); i++) {
        if (strcmp(capas_logs_name(walk->logs, i), name) != 0) continue;
        *number = capas_logs_value(walk->logs, i);
        return true;
    }
    return *whole;
}

static capas_status put_field(walk *walk, const field *field)
{
    double number;
    bool whole;
    if (!walk->makes) return CAPAS_OK;
    if (!find(walk, field->name, &number, &whole)) return fail_name(walk, field->name);
    if (whole && (field->type == '\0' || field->type == 'd'))
        return put_whole(walk, field, (long long)number);
    if (field->type == 'd') return fail(walk, "writes a number that has a fraction with d");
    if (field->type != '\0') return put_real(walk, field, number);
    if (field->width >= 0) return fail(walk, "has a width for a number that has a fraction");
    char text[CAPAS_REAL_TEXT];
    capas_real_text(number, text);
    return put(walk, text, strlen(text));
}

static capas_status go(walk *walk)
{
    for (const char *at = walk->pattern; *at;) {
        if (at[0] == at[1] && (*at == '{' || *at == '}')) {
            CAPAS_TRY(put(walk, at, 1));
            at += 2;
        } else if (*at == '{') {
            field field;
            at++;
            CAPAS_TRY(read_field(walk, &at, &field));
            CAPAS_TRY(put_field(walk, &field));
        } else if (*at == '}') {
            return fail(walk, "has a } without its {");
        } else {
            CAPAS_TRY(put(walk, at++, 1));
        }
    }
    return CAPAS_OK;
}

capas_status capas_check_path_format(const char *pattern)
{
    walk walk = {.pattern = pattern};
    return go(&walk);
}

capas_status capas_format_path(const char *pattern, int epoch, int64_t batch,
                               const capas_logs *logs, char path[CAPAS_PATH_SIZE])
{
    walk walk = {pattern, true, epoch, batch, logs, path, 0};
    path[0] = '\0';
    return go(&walk);
}
