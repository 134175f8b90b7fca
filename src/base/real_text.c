/* Numbers as Python's repr writes them: the fewest digits that read back as the same double. */
#include "base/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The digits (without point) and the power of ten of the first one. The C library may write a comma
 * for the point: whatever stands there is left out. */
static int split_digits(const char *text, char digits[20])
{
    int count = 0;
    for (; *text && *text != 'e'; text++)
        if (*text >= '0' && *text <= '9' && count < 19) digits[count++] = *text;
    digits[count] = '\0';
    while (count > 1 && digits[count - 1] == '0')
        digits[--count] = '\0';
    return *text ? atoi(text + 1) : 0;
}

/* Below a power of two numbers lie twice as close as above it: there the nearest text of so many
 * digits may miss while its upper neighbour fits. */
static bool fits(char *text, double real)
{
    int exponent;
    if (strtod(text, NULL) == real) return true;
    if (frexp(real, &exponent) != 0.5) return false;
    char *last = strchr(text, 'e') - 1;
    if (*last < '0' || *last >= '9') return false;
    ++*last;
    return strtod(text, NULL) == real;
}

static int shortest_digits(double real, char digits[20])
{
    char text[40];
    for (int more = 0; more < 17; more++) {
        snprintf(text, sizeof text, "%.*e", more, real);
        if (fits(text, real)) break;
    }
    return split_digits(text, digits);
}

/* Python: an exponent below 10^-4 and from 10^16, otherwise a point. */
const char *capas_real_text(double real, char text[CAPAS_REAL_TEXT])
{
    char digits[20];
    const char *sign = signbit(real) && !isnan(real) ? "-" : "";
    if (!isfinite(real)) {
        snprintf(text, CAPAS_REAL_TEXT, "%s%s", sign, isnan(real) ? "nan" : "inf");
        return text;
    }
    int power = shortest_digits(fabs(real), digits), count = (int)strlen(digits);
    if (power < -4 || power >= 16)
        snprintf(text, CAPAS_REAL_TEXT, "%s%c%s%se%c%02d", sign, digits[0], count > 1 ? "." : "",
                 digits + 1, power < 0 ? '-' : '+', abs(power) % 1000);
    else if (power < 0)
        snprintf(text, CAPAS_REAL_TEXT, "%s0.%.*s%s", sign, -power - 1, "0000", digits);
    else if (count > power + 1)
        snprintf(text, CAPAS_REAL_TEXT, "%s%.*s.%s", sign, power + 1, digits, digits + power + 1);
    else
        snprintf(text, CAPAS_REAL_TEXT, "%s%s%.*s.0", sign, digits, power + 1 - count,
                 "0000000000000000");
    return text;
}
