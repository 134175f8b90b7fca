/* See registration.h. */
#include "layers/registration.h"
#include "base/memory.h"
#include "base/text.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *capas_registered_text(capas_registered *registered, const char *text)
{
    char *copy = capas_copy_string(text);
    if (copy) registered->texts[registered->text_count++] = copy;
    return copy;
}

static capas_status check(const capas_registry *registry, const capas_custom_definition *definition)
{
    const char *name = definition->name;
    if (!name || !*name || strpbrk(name, "/>"))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: a class name is needed, without \"/\" and \">\", found \"%s\"",
                          registry->call, name ? name : "");
    for (int i = 0; i < CAPAS_CUSTOM_OPTIONS && definition->options[i].name; i++)
        if (isnan(definition->options[i].standard))
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "%s: the option %s of the %s \"%s\" needs a standard", registry->call,
                              definition->options[i].name, registry->noun, name);
    return CAPAS_OK;
}

static bool take_options(capas_registered *registered, capas_custom_definition *definition,
                         size_t offset)
{
    for (int i = 0; i < CAPAS_CUSTOM_OPTIONS && definition->options[i].name; i++) {
        capas_custom_option *given = &definition->options[i];
        given->name = capas_registered_text(registered, given->name);
        given->help = capas_registered_text(registered, given->help ? given->help : "");
        if (!given->name || !given->help) return false;
        registered->options[registered->option_count++] = (capas_option){
            .name = given->name,
            .kind = &capas_option_real,
            .offset = offset + (size_t)i * sizeof(double),
            .standard = given->standard,
            .help = given->help,
        };
    }
    return true;
}

capas_status capas_registered_fill(capas_registered *registered, const capas_registry *registry,
                                   capas_custom_definition *definition, size_t offset)
{
    char both[512], summary[64];
    CAPAS_TRY(check(registry, definition));
    snprintf(summary, sizeof summary, "A %s of one's own.", registry->noun);
    if (!definition->package) definition->package = "Custom";
    if (!definition->summary) definition->summary = summary;
    int length = snprintf(both, sizeof both, "%s>%s", definition->package, definition->name);
    if (length >= (int)sizeof both)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: the name \"%.40s...\" is too long",
                          registry->call, both);
    definition->name = capas_registered_text(registered, definition->name);
    definition->package = capas_registered_text(registered, definition->package);
    definition->summary = capas_registered_text(registered, definition->summary);
    registered->name = definition->name;
    registered->registered_name = capas_registered_text(registered, both);
    bool whole = definition->name && definition->package && definition->summary &&
                 registered->registered_name && take_options(registered, definition, offset);
    return whole ? CAPAS_OK : CAPAS_NO_MEMORY;
}

void capas_registered_clear(capas_registered *registered)
{
    for (int i = 0; i < registered->text_count; i++)
        capas_release(registered->texts[i]);
    registered->text_count = 0;
}

capas_status capas_registry_add(capas_registry *registry, capas_registered *registered,
                                bool otherwise)
{
    pthread_mutex_lock(&registry->lock);
    const capas_registered *other = registry->first;
    while (other && strcmp(other->name, registered->name) != 0)
        other = other->next;
    if (!other && !otherwise) {
        registered->next = registry->first;
        registry->first = registered;
    }
    pthread_mutex_unlock(&registry->lock);
    if (!other && !otherwise) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "%s: there is a %s \"%s\" already; give yours another name", registry->call,
                      registry->noun, registered->name);
}

const capas_registered *capas_registry_find(capas_registry *registry, const char *name)
{
    pthread_mutex_lock(&registry->lock);
    const capas_registered *found = registry->first;
    while (found && strcmp(found->name, name) != 0 && strcmp(found->registered_name, name) != 0)
        found = found->next;
    pthread_mutex_unlock(&registry->lock);
    return found;
}

void capas_registered_take(const capas_registered *registered, const double *options,
                           double *values)
{
    for (int i = 0; i < registered->option_count; i++) {
        double value = options ? options[i] : registered->options[i].standard;
        values[i] = value == 0 ? CAPAS_ZERO : value;
    }
}
