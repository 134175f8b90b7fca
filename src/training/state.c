/* A bag of named values; see state.h. There are a few dozen at most, so that looking for one goes
 * through them all. */
#include "training/state.h"
#include "base/memory.h"
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {"nothing", "a number", "a text", "a block of bytes"};

enum { NAME_LIMIT = 127 };

capas_state capas_state_of(capas_state_store *store)
{
    return (capas_state){.store = store};
}

capas_state capas_state_part(const capas_state *state, const char *name)
{
    capas_state part = {.store = state->store};
    snprintf(part.prefix, sizeof part.prefix, "%.100s%.24s/", state->prefix, name);
    return part;
}

static capas_state_entry *find(const capas_state *state, const char *name)
{
    size_t prefix = strlen(state->prefix);
    for (size_t i = 0; i < state->store->count; i++) {
        capas_state_entry *entry = &state->store->entries[i];
        if (strncmp(entry->name, state->prefix, prefix) == 0 &&
            strcmp(entry->name + prefix, name) == 0)
            return entry;
    }
    return NULL;
}

static capas_status check_name(const char *name)
{
    if (name && *name && strlen(name) <= NAME_LIMIT) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "state: a name must have from 1 to %d bytes, found \"%.20s\"%s", NAME_LIMIT,
                      name ? name : "", name && *name ? "..." : "");
}

/* The place of a name, emptied. */
static capas_status place(capas_state *state, const char *name, capas_state_entry **placed)
{
    CAPAS_TRY(check_name(name));
    capas_state_store *store = state->store;
    capas_state_entry *entry = find(state, name);
    if (!entry) {
        CAPAS_TRY(capas_grow((void **)&store->entries, store->count, &store->capacity,
                             sizeof *store->entries));
        entry = &store->entries[store->count++];
        *entry = (capas_state_entry){.kind = CAPAS_STATE_DATA};
        snprintf(entry->name, sizeof entry->name, "%s%s", state->prefix, name);
    }
    *placed = entry;
    return CAPAS_OK;
}

static capas_status set(capas_state *state, const char *name, capas_state_kind kind,
                        const void *data, size_t size)
{
    capas_state_entry *entry;
    if (!data && size > 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "state: \"%s\" has no data (NULL)", name);
    void *own = capas_allocate(size, 1);
    if (!own) return CAPAS_NO_MEMORY;
    if (size > 0) memcpy(own, data, size);
    capas_status status = place(state, name, &entry);
    if (status != CAPAS_OK) {
        capas_release(own);
        return status;
    }
    capas_release(entry->own);
    entry->kind = kind;
    entry->data = entry->own = own;
    entry->size = size;
    return CAPAS_OK;
}

capas_status capas_state_set_number(capas_state *state, const char *name, double value)
{
    return set(state, name, CAPAS_STATE_NUMBER, &value, sizeof value);
}

capas_status capas_state_set_text(capas_state *state, const char *name, const char *text)
{
    if (!text) return capas_fail(CAPAS_INVALID_ARGUMENT, "state: \"%s\" has no text (NULL)", name);
    return set(state, name, CAPAS_STATE_TEXT, text, strlen(text) + 1);
}

capas_status capas_state_set_data(capas_state *state, const char *name, const void *data,
                                  size_t size)
{
    return set(state, name, CAPAS_STATE_DATA, data, size);
}

capas_status capas_state_lend(capas_state *state, const char *name, const void *data, size_t size)
{
    capas_state_entry *entry;
    CAPAS_TRY(place(state, name, &entry));
    capas_release(entry->own);
    entry->kind = CAPAS_STATE_DATA;
    entry->own = NULL;
    entry->data = data;
    entry->size = size;
    return CAPAS_OK;
}

static capas_status get(const capas_state *state, const char *name, capas_state_kind kind,
                        const capas_state_entry **found)
{
    const capas_state_entry *entry = find(state, name ? name : "");
    *found = entry;
    if (!entry)
        return capas_fail(CAPAS_BAD_FILE, "the saved state has no \"%s\"", name ? name : "");
    if (entry->kind == kind) return CAPAS_OK;
    return capas_fail(CAPAS_BAD_FILE, "the saved state's \"%s\" is %s, expected %s", name,
                      kind_names[entry->kind], kind_names[kind]);
}

int capas_state_has(const capas_state *state, const char *name)
{
    return name && find(state, name);
}

capas_status capas_state_get_number(const capas_state *state, const char *name, double *value)
{
    const capas_state_entry *entry;
    CAPAS_TRY(get(state, name, CAPAS_STATE_NUMBER, &entry));
    memcpy(value, entry->data, sizeof *value);
    return CAPAS_OK;
}

capas_status capas_state_get_text(const capas_state *state, const char *name, const char **text)
{
    const capas_state_entry *entry;
    CAPAS_TRY(get(state, name, CAPAS_STATE_TEXT, &entry));
    *text = entry->data;
    return CAPAS_OK;
}

capas_status capas_state_get_size(const capas_state *state, const char *name, size_t *size)
{
    const capas_state_entry *entry;
    CAPAS_TRY(get(state, name, CAPAS_STATE_DATA, &entry));
    *size = entry->size;
    return CAPAS_OK;
}

capas_status capas_state_get_data(const capas_state *state, const char *name, void *data,
                                  size_t size)
{
    const capas_state_entry *entry;
    CAPAS_TRY(get(state, name, CAPAS_STATE_DATA, &entry));
    if (entry->size != size)
        return capas_fail(CAPAS_BAD_FILE, "the saved state's \"%s\" has %zu bytes, expected %zu",
                          name, entry->size, size);
    if (size > 0) memcpy(data, entry->data, size);
    return CAPAS_OK;
}

void capas_state_clear(capas_state_store *store)
{
    for (size_t i = 0; i < store->count; i++)
        capas_release(store->entries[i].own);
    capas_release(store->entries);
    capas_release(store->block);
    *store = (capas_state_store){0};
}
