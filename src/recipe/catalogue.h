/* Everything that can be named in a recipe, with its options, in one list: what `capas layers`
 * prints and what the reference pages and the schema of recipes are made of. */
#ifndef CAPAS_RECIPE_CATALOGUE_H
#define CAPAS_RECIPE_CATALOGUE_H

#include "base/option.h"

typedef enum capas_catalogue_group {
    CATALOGUE_LAYERS,
    CATALOGUE_OPTIMIZERS,
    CATALOGUE_SCHEDULES,
    CATALOGUE_LOSSES,
    CATALOGUE_METRICS,
    CATALOGUE_CALLBACKS,
    /* These have names, but no tables: they are kinds of options. */
    CATALOGUE_INITIALIZERS,
    CATALOGUE_REGULARIZERS,
    CATALOGUE_CONSTRAINTS,
    CATALOGUE_ACTIVATIONS,
    CATALOGUE_GROUPS,
    CATALOGUE_TABLES = CATALOGUE_CALLBACKS + 1, /* the groups before have them */
} capas_catalogue_group;

typedef struct capas_catalogue_entry {
    const char *name;    /* Keras's class */
    const char *snake;   /* by which a recipe may name it, too; NULL: none */
    const char *summary; /* of layers; NULL: none */
    const capas_option_table *table;
} capas_catalogue_entry;

/* "layers". */
const char *capas_catalogue_title(capas_catalogue_group group);

/* Number `index` of a group with tables; false past the last. */
bool capas_catalogue_get(capas_catalogue_group group, size_t index, capas_catalogue_entry *entry);

/* Whether a group has a name, as Keras writes it. */
bool capas_catalogue_has(capas_catalogue_group group, const char *name);

#endif
