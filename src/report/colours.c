/* Scales of colour whose darkness grows with the number, so that they survive black and white; the
 * two arms of the diverging one (ColorBrewer's RdBu) are told apart by the colour-blind. */
#include "report/colours.h"
#include <math.h>

enum { STEPS = 5, NOT_A_NUMBER = 0xaaaaaa };

static const capas_colour red[STEPS] = {0xffffff, 0xfddbc7, 0xf4a582, 0xd6604d, 0x8e0b25};
static const capas_colour blue[STEPS] = {0xffffff, 0xd1e5f0, 0x92c5de, 0x4393c3, 0x0b3d75};

capas_colour capas_colour_between(capas_colour from, capas_colour to, double share)
{
    capas_colour mixed = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
        double low = from >> shift & 255, high = to >> shift & 255;
        mixed |= (capas_colour)lround(low + (high - low) * share) << shift;
    }
    return mixed;
}

static capas_colour along(const capas_colour *steps, double number)
{
    double at = fmin(fmax(number, 0), 1) * (STEPS - 1);
    int step = at >= STEPS - 1 ? STEPS - 2 : (int)at;
    return capas_colour_between(steps[step], steps[step + 1], at - step);
}

capas_colour capas_diverging_colour(double number)
{
    if (isnan(number)) return NOT_A_NUMBER;
    return number < 0 ? along(blue, -number) : along(red, number);
}

capas_colour capas_sequential_colour(double number)
{
    return isnan(number) ? NOT_A_NUMBER : along(blue, number);
}

capas_colour capas_readable_on(capas_colour ground)
{
    double light =
        0.299 * (ground >> 16 & 255) + 0.587 * (ground >> 8 & 255) + 0.114 * (ground & 255);
    return light < 140 ? 0xffffff : 0x000000;
}
