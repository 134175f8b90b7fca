/* A history from its CSV: a head of names, of which the first is epoch, and a line of numbers for
 * each epoch. NA and nothing stand for a number that an epoch has not. */
#include "base/file.h"
#include "base/memory.h"
#include "training/history.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_COLUMNS = 256, LARGEST_FILE = 64 << 20 };

typedef struct reader {
    const char *path;
    int line;
    char *names[MOST_COLUMNS];
    int count;
    capas_history *history;
} reader;

static capas_status fail(const reader *reader, const char *what, const char *found)
{
    return capas_fail(CAPAS_BAD_FILE, "%s: line %d: %s%.60s", reader->path, reader->line, what,
                      found);
}

/* Ends the line at `text` and gives back where the next begins; NULL: this is the last. */
static char *end_line(char *text)
{
    char *end = text + strcspn(text, "\n"), *next = *end ? end + 1 : NULL;
    if (end > text && end[-1] == '\r') end[-1] = '\0';
    *end = '\0';
    return next;
}

/* Ends the field and gives back the next one, or NULL. */
static char *end_field(char *field)
{
    char *comma = strchr(field, ',');
    if (!comma) return NULL;
    *comma = '\0';
    return comma + 1;
}

static capas_status read_head(reader *reader, char *text)
{
    for (char *field = text, *next; field; field = next) {
        next = end_field(field);
        if (reader->count == MOST_COLUMNS) return fail(reader, "too many columns", "");
        reader->names[reader->count++] = field;
    }
    if (strcmp(reader->names[0], "epoch") == 0) return CAPAS_OK;
    return fail(reader, "a history begins with the column epoch, found ", reader->names[0]);
}

static capas_status read_value(const reader *reader, const char *field, double *value)
{
    char *end;
    *value = strtod(field, &end);
    return end > field && *end == '\0' ? CAPAS_OK
                                       : fail(reader, "expected a number or NA, found ", field);
}

static capas_status read_fields(reader *reader, char *text, capas_logs *logs)
{
    int column = 0, epoch = 0;
    for (char *field = text, *next; field; field = next, column++) {
        double value;
        next = end_field(field);
        if (column >= reader->count) return fail(reader, "more fields than the head names", "");
        if (column > 0 && (*field == '\0' || strcmp(field, "NA") == 0)) continue;
        CAPAS_TRY(read_value(reader, field, &value));
        if (column > 0)
            CAPAS_TRY(capas_logs_set(logs, reader->names[column], value));
        else if (value >= 0 && value < 1e9 && value == (int)value)
            epoch = (int)value;
        else
            return fail(reader, "expected the number of an epoch, found ", field);
    }
    if (column < reader->count) return fail(reader, "fewer fields than the head names", "");
    return capas_history_add(reader->history, epoch, logs);
}

static capas_status read_lines(reader *reader, char *text)
{
    for (char *next; text; text = next) {
        reader->line++;
        next = end_line(text);
        if (*text == '\0') continue;
        if (reader->count == 0) {
            CAPAS_TRY(read_head(reader, text));
            continue;
        }
        capas_logs logs = {0};
        capas_status status = read_fields(reader, text, &logs);
        capas_logs_clear(&logs);
        if (status != CAPAS_OK) return status;
    }
    return reader->count > 0 ? CAPAS_OK
                             : fail(reader, "a history needs a head, the file is empty", "");
}

capas_history *capas_history_load(const char *path)
{
    char *text = NULL;
    size_t size;
    if (!path) {
        capas_fail(CAPAS_INVALID_ARGUMENT, "history: no file was named (NULL)");
        return NULL;
    }
    if (capas_read_file(path, LARGEST_FILE, &text, &size) != CAPAS_OK) return NULL;
    reader reader = {.path = path, .history = capas_history_new()};
    capas_status status = reader.history ? CAPAS_OK : CAPAS_NO_MEMORY;
    if (status == CAPAS_OK && strlen(text) != size)
        status = capas_fail(CAPAS_BAD_FILE, "%s is no text", path);
    if (status == CAPAS_OK) status = read_lines(&reader, text);
    capas_release(text);
    if (status == CAPAS_OK) return reader.history;
    capas_history_free(reader.history);
    return NULL;
}
