/* What layers, losses and metrics of the caller's own have in common (capas/custom.h): they are
 * registered by name with numbers as options. A definition's strings are copied, its options become
 * rows of a table, and it is found by its class or by package and class; it lives as long as the
 * process. */
#ifndef CAPAS_LAYERS_REGISTRATION_H
#define CAPAS_LAYERS_REGISTRATION_H

#include "base/option.h"
#include <capas/custom.h>
#include <pthread.h>

/* How every definition begins. */
typedef struct capas_custom_definition {
    CAPAS_CUSTOM_DEFINITION
} capas_custom_definition;

enum { CAPAS_REGISTERED_TEXTS = 5 + 2 * CAPAS_CUSTOM_OPTIONS + CAPAS_CUSTOM_WEIGHTS };

/* What each kind of registered thing begins with, so that a list of them leads back to it. */
typedef struct capas_registered {
    const char *name, *registered_name; /* "Swish", "examples>Swish" */
    capas_option options[CAPAS_CUSTOM_OPTIONS];
    int option_count;
    char *texts[CAPAS_REGISTERED_TEXTS];
    int text_count;
    struct capas_registered *next;
} capas_registered;

/* All of one kind. */
typedef struct capas_registry {
    pthread_mutex_t lock;
    const char *call, *noun; /* "register_layer", "layer" */
    capas_registered *first;
} capas_registry;
#define CAPAS_REGISTRY(call, noun)                                                                 \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, call, noun, NULL                                                \
    }

/* Copies the definition's strings, which from then on are the copies, and makes its options, which
 * lie at `offset` in the option struct. What was copied is freed by capas_registered_clear, also
 * when this fails. */
capas_status capas_registered_fill(capas_registered *registered, const capas_registry *registry,
                                   capas_custom_definition *definition, size_t offset);
void capas_registered_clear(capas_registered *registered);
/* A copy that is kept with it; NULL without memory. */
const char *capas_registered_text(capas_registered *registered, const char *text);

/* Fails when the name is taken, in the registry or `otherwise`. */
capas_status capas_registry_add(capas_registry *registry, capas_registered *registered,
                                bool otherwise);
/* By either name; NULL, without a sentence: there is none. */
const capas_registered *capas_registry_find(capas_registry *registry, const char *name);

/* The options of the caller (NULL: the defaults) as an option struct has them before it is
 * resolved. */
void capas_registered_take(const capas_registered *registered, const double *options,
                           double *values);

#endif
