/* Ticks at 1, 2 and 5 times powers of ten. */
#include "report/ticks.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The least 1, 2 or 5 times a power of ten that is not below `size`. */
static double round_up(double size)
{
    double power = pow(10, floor(log10(size)));
    static const double steps[] = {1, 2, 5, 10};
    for (int i = 0; i < 3; i++)
        if (steps[i] * power >= size * (1 - 1e-9)) return steps[i] * power;
    return 10 * power;
}

static double after(double step)
{
    return round_up(step * 1.5);
}

/* Fills the list; false when there are more than `most`. */
static bool fill(capas_tick_list *list, double low, double high, int most)
{
    double slack = 1e-9, first = ceil(low / list->step - slack),
           last = floor(high / list->step + slack);
    list->count = 0;
    if (last - first >= most) return false;
    for (double k = first; k <= last; k++)
        list->values[list->count++] = k == 0 ? 0 : k * list->step;
    return true;
}

capas_tick_list capas_ticks(double low, double high, int most, bool whole)
{
    capas_tick_list list = {.values = {low}, .count = 1};
    double step = high / most - low / most, size = fmax(fabs(low), fabs(high));
    if (!isfinite(low) || !isfinite(high) || !(step > size * 1e-12) || !(step > 1e-300))
        return list;
    list.step = round_up(step);
    if (whole && list.step < 1) list.step = 1;
    while (!fill(&list, low, high, most))
        list.step = after(list.step);
    if (list.count == 0) list = (capas_tick_list){.values = {low}, .count = 1};
    return list;
}

/* "2.5e+06" to "2.5e6" */
static void shorten_exponent(char *text)
{
    char *at = strchr(text, 'e');
    if (!at) return;
    char *to = at + 1 + (at[1] == '-'), *from = at + 2;
    while (*from == '0' && from[1])
        from++;
    memmove(to, from, strlen(from) + 1);
}

const char *capas_tick_text(double value, double step, char *text, size_t size)
{
    double magnitude = fabs(value), least = step > 0 ? step : magnitude > 0 ? magnitude : 1;
    if (magnitude < least * 1e-6) value = magnitude = 0;
    if (step <= 0) {
        snprintf(text, size, "%.4g", value);
        shorten_exponent(text);
    } else if (value != 0 && (magnitude >= 1e6 || least < 1e-4)) {
        double digits = floor(log10(magnitude) + 1e-9) - floor(log10(least) + 1e-9);
        snprintf(text, size, "%.*e", digits > 0 ? (int)digits : 0, value);
        shorten_exponent(text);
    } else {
        double decimals = least < 1e-4 ? 0 : -floor(log10(least) + 1e-9);
        snprintf(text, size, "%.*f", decimals > 0 ? (int)decimals : 0, value);
    }
    return text;
}
