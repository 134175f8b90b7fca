/* The sentence and status of each thread's last failure.
 *
 * They live in thread-local storage of fixed size, so that running out of memory can be reported
 * like anything else. A sentence that is too long is cut and ends in "...". */
#include "base/status.h"
#include "base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char sentence[CAPAS_SENTENCE];
static _Thread_local capas_status last_status;

static const char *const names[] = {
#define CAPAS_STATUS_NAME(name, meaning) #name,
    CAPAS_STATUS_LIST(CAPAS_STATUS_NAME)
#undef CAPAS_STATUS_NAME
};

static const char *const meanings[] = {
#define CAPAS_STATUS_MEANING(name, meaning) meaning,
    CAPAS_STATUS_LIST(CAPAS_STATUS_MEANING)
#undef CAPAS_STATUS_MEANING
};

const char *capas_error(void)
{
    return sentence;
}

capas_status capas_error_status(void)
{
    return last_status;
}

static bool is_status(capas_status status)
{
    return (int)status >= 0 && (size_t)status < sizeof names / sizeof names[0];
}

const char *capas_status_name(capas_status status)
{
    return is_status(status) ? names[status] : "?";
}

const char *capas_status_meaning(capas_status status)
{
    return is_status(status) ? meanings[status] : "?";
}

/* The arguments may point into the old sentence (capas_fail(s, "%s: %s", place, capas_error())), so
 * the new one is made beside it. */
capas_status capas_fail(capas_status status, const char *format, ...)
{
    char text[CAPAS_SENTENCE] = "";
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    capas_cut_text(text, sizeof text, length);
    memcpy(sentence, text, sizeof sentence);
    last_status = status;
    return status;
}

capas_status capas_fail_in(const char *format, ...)
{
    char text[CAPAS_SENTENCE] = "";
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    capas_cut_text(text, sizeof text, length);
    return capas_fail(last_status, "%s: %s", text, sentence);
}

void capas_error_keep(capas_kept_error *kept)
{
    kept->status = last_status;
    memcpy(kept->sentence, sentence, sizeof sentence);
}

void capas_error_give_back(const capas_kept_error *kept)
{
    last_status = kept->status;
    memcpy(sentence, kept->sentence, sizeof sentence);
}
