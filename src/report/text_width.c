/* Widths of texts: those of DejaVu Sans, which is wider than most, so that what fits here fits with
 * other fonts too. Beyond ASCII a character counts as a digit. */
#include "report/figure.h"
#include <stdio.h>
#include <string.h>

/* Thousandths of the size, from the space to the tilde. */
static const short widths[] = {
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361,  318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635,  611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352,  635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592,  525, 636, 337, 636, 838};

/* Of the character at `text`; those that go on with one that began have none. */
static double character_width(unsigned char text)
{
    if (text >= ' ' && text <= '~') return widths[text - ' '];
    return (text & 0xc0) == 0x80 ? 0 : 636;
}

double capas_text_width(const char *text, double size, bool bold)
{
    double width = 0;
    for (; *text; text++)
        width += character_width((unsigned char)*text);
    return width * size * (bold ? 1.12 : 1) / 1000;
}

const char *capas_text_fit(const char *text, double size, double width, char *cut, size_t room)
{
    static const char ellipsis[] = "\u2026";
    if (capas_text_width(text, size, false) <= width && strlen(text) < room) {
        memcpy(cut, text, strlen(text) + 1);
        return cut;
    }
    double used = size; /* the ellipsis */
    size_t length = 0, whole = 0;
    for (; text[length] && length + sizeof ellipsis < room; length++) {
        if (((unsigned char)text[length] & 0xc0) != 0x80) whole = length;
        used += character_width((unsigned char)text[length]) * size / 1000;
        if (used > width) break;
        if (((unsigned char)text[length + 1] & 0xc0) != 0x80) whole = length + 1;
    }
    memcpy(cut, text, whole);
    memcpy(cut + whole, ellipsis, sizeof ellipsis);
    return cut;
}
