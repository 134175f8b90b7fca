/* Words, names and shapes for messages. ASCII case only; nothing here allocates. */
#include "base/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_NAME = 63 };

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static char to_lower(char c)
{
    return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

static bool is_word_character(char c)
{
    return is_upper(c) || is_lower(c) || (c >= '0' && c <= '9') || c == '_';
}

/* The letters that count when names are compared: no case, no separators. False when there are too
 * many for the rows of the edit distance, so that no name is taken for it. */
static bool plain_letters(const char *name, char letters[LONGEST_NAME + 1])
{
    size_t length = 0;
    for (; *name; name++) {
        if (*name == '_' || *name == '-' || *name == ' ') continue;
        if (length == LONGEST_NAME) return false;
        letters[length++] = to_lower(*name);
    }
    letters[length] = '\0';
    return true;
}

/* Insertions, deletions, changes and swaps of neighbours that turn a into b (optimal string
 * alignment). */
static int edit_distance(const char *a, const char *b)
{
    int rows[3][LONGEST_NAME + 1];
    int *before = rows[0], *above = rows[1], *row = rows[2];
    int width = (int)strlen(b);
    for (int j = 0; j <= width; j++)
        above[j] = j;
    for (int i = 1; a[i - 1]; i++) {
        row[0] = i;
        for (int j = 1; j <= width; j++) {
            int best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best) best = above[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && before[j - 2] + 1 < best) best = before[j - 2] + 1;
            row[j] = best;
        }
        int *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[width];
}

const char *capas_nearest_name(const char *name, const char *const *names, size_t count)
{
    char wanted[LONGEST_NAME + 1], known[LONGEST_NAME + 1];
    if (!name || !plain_letters(name, wanted)) return NULL;
    const char *nearest = NULL;
    int least = LONGEST_NAME;
    for (size_t i = 0; i < count; i++) {
        if (!plain_letters(names[i], known)) continue;
        size_t longer = strlen(wanted) > strlen(known) ? strlen(wanted) : strlen(known);
        int distance = edit_distance(wanted, known);
        /* More than a third of the letters wrong: another word was meant. */
        if (distance * 3 > (int)longer || distance >= least) continue;
        least = distance;
        nearest = names[i];
    }
    return nearest;
}

void capas_snake_case(const char *class_name, char *text, size_t size)
{
    size_t length = 0;
    char previous = '\0';
    for (const char *c = class_name; *c; c++) {
        if (!is_word_character(*c)) continue;
        const char *next = c + 1;
        while (*next && !is_word_character(*next))
            next++;
        bool starts_word = previous && is_upper(*c) && (is_lower(*next) || is_lower(previous));
        if (starts_word && length + 1 < size) text[length++] = '_';
        if (length + 1 < size) text[length++] = to_lower(*c);
        previous = *c;
    }
    if (size > 0) text[length] = '\0';
}

const char *capas_shape_text(const capas_shape *shape, char *text, size_t size)
{
    char whole[CAPAS_MAX_RANK * 24 + 4];
    size_t length = 0;
    whole[length++] = '(';
    for (int i = 0; i < shape->rank; i++) {
        if (i > 0) length += (size_t)snprintf(whole + length, sizeof whole - length, ", ");
        if (shape->dims[i] == CAPAS_ANY)
            length += (size_t)snprintf(whole + length, sizeof whole - length, "None");
        else
            length +=
                (size_t)snprintf(whole + length, sizeof whole - length, "%" PRId64, shape->dims[i]);
    }
    snprintf(whole + length, sizeof whole - length, shape->rank == 1 ? ",)" : ")");
    capas_cut_text(text, size, snprintf(text, size, "%s", whole));
    return text;
}

bool capas_shape_equal(const capas_shape *a, const capas_shape *b)
{
    return a->rank == b->rank && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof a->dims[0]) == 0;
}

int64_t capas_shape_count(const capas_shape *shape, int first)
{
    int64_t count = 1;
    bool empty = false;
    for (int i = first; i < shape->rank; i++) {
        if (shape->dims[i] < 0) return -1;
        if (shape->dims[i] == 0) empty = true;
    }
    if (empty) return 0;
    for (int i = first; i < shape->rank; i++)
        if (__builtin_mul_overflow(count, shape->dims[i], &count)) return -1;
    return count;
}

const char *capas_thousands(int64_t number, char *text, size_t size)
{
    char digits[24], grouped[32];
    snprintf(digits, sizeof digits, "%" PRId64, number);
    size_t length = strlen(digits), used = 0;
    for (size_t i = 0; i < length; i++) {
        bool first = i == 0 || (i == 1 && digits[0] == '-');
        if (!first && (length - i) % 3 == 0) grouped[used++] = ',';
        grouped[used++] = digits[i];
    }
    grouped[used] = '\0';
    capas_cut_text(text, size, snprintf(text, size, "%s", grouped));
    return text;
}

void capas_cut_text(char *text, size_t size, int length)
{
    if (length < 0 || (size_t)length < size || size < 4) return;
    size_t end = size - 4;
    while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
        end--; /* not between the bytes of one character */
    memcpy(text + end, "...", 4);
}
