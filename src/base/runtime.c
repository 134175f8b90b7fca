/* The process: version, random seed, and the log hook with the two functions that speak through it.
 * Memory is in memory.c, threads in pool.c. */
#include "base/runtime.h"
#include "base/cpu.h"
#include "base/status.h"
#include "base/text.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

enum { MESSAGE_SIZE = 1024 };

#define TEXT_OF(number)       #number
#define VERSION(a, b, c)      TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)
#define VERSION_OF_THE_HEADER VERSION(CAPAS_VERSION_MAJOR, CAPAS_VERSION_MINOR, CAPAS_VERSION_PATCH)

static _Atomic uint64_t random_seed;

static struct {
    capas_log_function *function;
    void *context;
} log_hook;

const char *capas_version(void)
{
    return VERSION_OF_THE_HEADER;
}

const char *capas_kernel_set(void)
{
    return capas_cpu_level_name(capas_cpu());
}

void capas_set_random_seed(uint64_t seed)
{
    atomic_store(&random_seed, seed);
}

uint64_t capas_random_seed(void)
{
    return atomic_load(&random_seed);
}

void capas_set_log(capas_log_function *function, void *context)
{
    log_hook.function = function;
    log_hook.context = context;
}

static void say(capas_log_level level, const char *format, va_list arguments)
{
    if (!log_hook.function) return;
    char text[MESSAGE_SIZE] = "";
    int length = vsnprintf(text, sizeof text, format, arguments);
    capas_cut_text(text, sizeof text, length);
    log_hook.function(level, text, log_hook.context);
}

void capas_warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(CAPAS_LOG_WARNING, format, arguments);
    va_end(arguments);
}

void capas_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(CAPAS_LOG_NOTE, format, arguments);
    va_end(arguments);
}
