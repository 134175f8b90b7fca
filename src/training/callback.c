/* Making and freeing callbacks of capas; see callback.h. */
#include "training/callback.h"
#include "base/memory.h"
#include <capas/state.h>
#include <limits.h>
#include <string.h>

/* From filled options. */
static capas_callback *make(const capas_callback_type *type, const void *options, const char *where)
{
    if (capas_options_check(&type->table, options, where) != CAPAS_OK) return NULL;
    capas_own_callback *own = capas_allocate_zeroed(1, type->size);
    if (!own) return NULL;
    own->type = type;
    own->callback.context = own;
    if (type->make(own, options, where) == CAPAS_OK) return &own->callback;
    capas_callback_free(&own->callback);
    return NULL;
}

/* A copy of the options that may be changed; released by the caller. */
static void *copy_of(const capas_callback_type *type, const void *given)
{
    void *options = capas_allocate_zeroed(1, type->table.size);
    if (options &&
        capas_copy_options(options, type->table.size, given, type->table.owner) == CAPAS_OK) {
        capas_options_fill(&type->table, options);
        return options;
    }
    capas_release(options);
    return NULL;
}

capas_callback *capas_callback_with(const capas_callback_type *type, const void *given)
{
    void *options = copy_of(type, given);
    capas_callback *callback = options ? make(type, options, type->table.owner) : NULL;
    capas_release(options);
    return callback;
}

capas_callback *capas_callback_read(const capas_callback_type *type, const capas_value *map,
                                    const char *where)
{
    capas_callback *callback = NULL;
    void *options = copy_of(type, NULL);
    if (options && capas_options_read(&type->table, options, map, where) == CAPAS_OK)
        callback = make(type, options, where);
    capas_release(options);
    return callback;
}

void capas_callback_free(capas_callback *callback)
{
    if (!callback) return;
    capas_own_callback *own = callback->context;
    if (own->type->close) own->type->close(own);
    capas_release(own);
}

capas_status capas_callback_get_integer(const capas_state *state, const char *name, int *value)
{
    double number;
    CAPAS_TRY(capas_state_get_number(state, name, &number));
    bool whole = number >= 0 && number <= INT_MAX && number == (int)number;
    if (!whole)
        return capas_fail(CAPAS_BAD_FILE,
                          "the saved state's \"%s\" must be a whole number of at least 0, found "
                          "%.9g",
                          name, number);
    *value = (int)number;
    return CAPAS_OK;
}

/* Options. */

const char *const capas_monitor_words[] = {"val_loss", NULL};
const char *const capas_monitor_modes[] = {"auto", "min", "max", NULL};

static void resolve_text(const capas_option *option, void *field)
{
    const char **text = field;
    if (!*text && option->words) *text = option->words[0];
}

static capas_status check_text(const capas_option *option, const void *field)
{
    const char *text = *(const char *const *)field;
    if ((text && *text) || (!text && option->nullable)) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "%s, found %s", option->kind->name,
                      text ? "\"\"" : "none");
}

static capas_status read_text(const capas_option *option, const capas_value *value, void *field)
{
    char found[96];
    bool none = value->kind == CAPAS_VALUE_NULL && option->nullable;
    if (value->kind != CAPAS_VALUE_STRING && !none)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s, found %s", option->kind->name,
                          capas_value_describe(value, found, sizeof found));
    *(const char **)field = none ? NULL : value->string;
    return CAPAS_OK;
}

static capas_value *write_text(const capas_option *option, const void *field)
{
    const char *text = *(const char *const *)field;
    (void)option;
    return text ? capas_value_string(text) : capas_value_null();
}

const capas_option_kind capas_option_name = {
    "a name like val_loss", resolve_text, check_text, read_text, write_text,
};
const capas_option_kind capas_option_path = {
    "a path", resolve_text, check_text, read_text, write_text,
};

/* How often a file is written. */

static capas_status read_freq(const capas_option *option, const capas_value *value, void *field)
{
    char found[96];
    (void)option;
    bool epoch = value->kind == CAPAS_VALUE_STRING && strcmp(value->string, "epoch") == 0;
    if (!epoch && (value->kind != CAPAS_VALUE_INTEGER || value->integer < 1))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "epoch, or a number of batches of at least 1, found %s",
                          capas_value_describe(value, found, sizeof found));
    *(int64_t *)field = epoch ? 0 : value->integer;
    return CAPAS_OK;
}

static capas_status check_freq(const capas_option *option, const void *field)
{
    int64_t freq = *(const int64_t *)field;
    (void)option;
    if (freq >= 0) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "a number of batches of at least 1, or 0 for each epoch, found %lld",
                      (long long)freq);
}

static capas_value *write_freq(const capas_option *option, const void *field)
{
    int64_t freq = *(const int64_t *)field;
    (void)option;
    return freq == 0 ? capas_value_string("epoch") : capas_value_integer(freq);
}

const capas_option_kind capas_option_freq = {
    "epoch or a number of batches", NULL, check_freq, read_freq, write_freq,
};
