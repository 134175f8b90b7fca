/* See golden.h. */
#include "support/golden.h"
#include "support/cmocka.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 1024

const char *golden_folder(void)
{
    const char *folder = getenv("CAPAS_GOLDEN");
    return folder && *folder ? folder : CAPAS_GOLDEN_FOLDER;
}

static const char *path_from(const char *format, va_list arguments)
{
    static char paths[8][PATH_SIZE];
    static unsigned next;
    char *path = paths[next++ % 8];
    int start = snprintf(path, PATH_SIZE, "%s/", golden_folder());
    if (start >= PATH_SIZE ||
        vsnprintf(path + start, PATH_SIZE - (size_t)start, format, arguments) >= PATH_SIZE - start)
        fail_msg("a golden path over %d bytes", PATH_SIZE);
    return path;
}

/* The path from the caller's last arguments. */
#define PATH_FROM(path, format)                                                                    \
    va_list arguments;                                                                             \
    va_start(arguments, format);                                                                   \
    const char *path = path_from(format, arguments);                                               \
    va_end(arguments)

const char *golden_path(const char *format, ...)
{
    PATH_FROM(path, format);
    return path;
}

bool golden_exists(const char *format, ...)
{
    PATH_FROM(path, format);
    return access(path, R_OK) == 0;
}

npy golden_npy(const char *format, ...)
{
    PATH_FROM(path, format);
    npy array;
    if (!npy_read(path, &array)) fail_msg("%s", array.error);
    return array;
}

static char *read_text(const char *path) // the whole of a file, or NULL
{
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    size_t size = 0, capacity = 1 << 16;
    char *text = malloc(capacity);
    while (text) {
        size += fread(text + size, 1, capacity - size - 1, file);
        if (size + 1 < capacity) break;
        char *larger = realloc(text, capacity *= 2);
        if (!larger) free(text);
        text = larger;
    }
    fclose(file);
    if (text) text[size] = 0;
    return text;
}

char *golden_text(const char *format, ...)
{
    PATH_FROM(path, format);
    char *text = read_text(path);
    if (!text) fail_msg("%s cannot be read", path);
    return text;
}

#if CAPAS_WITH_JANSSON
json_t *golden_json(const char *format, ...)
{
    PATH_FROM(path, format);
    json_error_t error;
    json_t *document = json_load_file(path, 0, &error);
    if (!document) fail_msg("%s:%d:%d: %s", path, error.line, error.column, error.text);
    return document;
}

size_t golden_cases(const char *kind, void (*visit)(const char *path, void *context), void *context)
{
    json_t *index = golden_json("index.json");
    size_t count = 0, i;
    json_t *item;
    json_array_foreach(json_object_get(index, "cases"), i, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "kind")), kind) == 0) {
            visit(json_string_value(json_object_get(item, "path")), context);
            count++;
        }
    }
    json_decref(index);
    return count;
}
#endif

/* How far over the tolerance a value is; not over 0 when it is met. */
static double excess(double got, double want, double rtol, double atol)
{
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
    if (isinf(want) || isinf(got)) return got == want ? 0 : INFINITY;
    return fabs(got - want) - (atol + rtol * fabs(want));
}

static bool report(const char *what, size_t worst, double got, const npy *want, size_t wrong)
{
    print_error("%s: %zu of %zu values differ, worst at %zu: got %.9g, want %.9g\n", what, wrong,
                want->count, worst, got, npy_at(want, worst));
    return false;
}

bool golden_close_double(const char *what, const double *got, const npy *want, double rtol,
                         double atol)
{
    size_t wrong = 0, worst = 0;
    double most = 0;
    for (size_t i = 0; i < want->count; i++) {
        double over = excess(got[i], npy_at(want, i), rtol, atol);
        wrong += over > 0;
        if (over > most) {
            most = over;
            worst = i;
        }
    }
    return wrong == 0 || report(what, worst, got[worst], want, wrong);
}

bool golden_close(const char *what, const float *got, const npy *want, double rtol, double atol)
{
    double *wide = malloc((want->count ? want->count : 1) * sizeof *wide);
    if (!wide) return false;
    for (size_t i = 0; i < want->count; i++)
        wide[i] = got[i];
    bool close = golden_close_double(what, wide, want, rtol, atol);
    free(wide);
    return close;
}

bool golden_may_skip(const char *part)
{
    FILE *file = fopen(CAPAS_SOURCE_DIR "/tests/golden/skips.txt", "r");
    if (!file) fail_msg("tests/golden/skips.txt cannot be read");
    char line[PATH_SIZE];
    bool found = false;
    while (!found && fgets(line, sizeof line, file)) {
        line[strcspn(line, " #\r\n")] = 0;
        found = *line && strcmp(line, part) == 0;
    }
    fclose(file);
    return found;
}
