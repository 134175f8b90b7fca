/* Option tables: the one source of what a layer, optimizer, loss or callback can be told. From a
 * table come the defaults, parsing (from capas_value), writing, range checks with a message, help
 * and the reference page.
 *
 * An option struct is at first as the user wrote it (zero = default, see capas/options.h).
 * Resolving it puts the real values in; after that a field holds what it says. */
#ifndef CAPAS_BASE_OPTION_H
#define CAPAS_BASE_OPTION_H

#include "base/value.h"
#include <capas/options.h>

typedef struct capas_option capas_option;

/* How a field of one type is resolved, read, written and checked. Folders to the right of base add
 * their own kinds (activation, initializer, ...). */
typedef struct capas_option_kind {
    const char *name; /* for messages and the reference: "an integer" */
    void (*resolve)(const capas_option *option, void *field);
    /* A failure's sentence begins with what was expected: "an integer of at least 1, found 0". The
     * caller makes "layer conv2d: filters must be an integer ... (line 7)" of it, unless memory ran
     * out. The same holds for `read`. */
    capas_status (*check)(const capas_option *option,
                          const void *field); /* NULL: nothing to check */
    capas_status (*read)(const capas_option *option, const capas_value *value, void *field);
    capas_value *(*write)(const capas_option *option, const void *field);
} capas_option_kind;

struct capas_option {
    const char *name; /* Keras's */
    const capas_option_kind *kind;
    size_t offset;   /* in the option struct */
    double standard; /* the default: a number, or the number of a word in `words` + 1 (enums start
                        at 1); CAPAS_NONE for None */
    double minimum, maximum;  /* both 0: any; a maximum not above the minimum: no upper limit */
    const char *const *words; /* of an enum, ended by NULL; words[i] means i + 1 */
    bool open_minimum;        /* the minimum itself is not allowed; alone: any number above 0 */
    bool nullable;            /* None is allowed */
    bool omit_none;           /* Keras does not write it when it is None */
    const char *former;       /* Keras 2's name, read as well; NULL: the same */
    const char *help;         /* half a sentence for `capas layers` and the reference */
};

extern const capas_option_kind capas_option_bool;      /* int: 0 or 1 once resolved */
extern const capas_option_kind capas_option_integer;   /* int, or CAPAS_NONE when nullable */
extern const capas_option_kind capas_option_single;    /* int; read from 3 or [3], written as [3] */
extern const capas_option_kind capas_option_real;      /* double, or CAPAS_NONE when nullable */
extern const capas_option_kind capas_option_pair;      /* capas_pair; read from 3 or [3, 2]; when
                                                          nullable,    height CAPAS_NONE */
extern const capas_option_kind capas_option_triple;    /* capas_triple; likewise, of three */
extern const capas_option_kind capas_option_margins;   /* capas_margins; read from 1, [1, 2] or
                                                          [[1, 1], [2, 2]] */
extern const capas_option_kind capas_option_margins3d; /* capas_margins3d; likewise, of three */
extern const capas_option_kind capas_option_range; /* capas_range; one number: high CAPAS_NONE */
extern const capas_option_kind capas_option_enum;  /* an enum of `words`, starting at 1 */
extern const capas_option_kind
    capas_option_shape; /* capas_shape without the batch; rank 0: none given */

/* What Keras has and capas can only be told one thing of; they have no field. */
extern const capas_option_kind capas_option_only_none;
extern const capas_option_kind capas_option_only_false;
extern const capas_option_kind capas_option_only_one; /* with omit_none: not written */
extern const capas_option_kind capas_option_unused; /* a number that only matters beside one of the
                                                       above; written as its standard */

/* What older Keras wrote and nothing depends on, whatever it says or as long as it is false: read,
 * and left out when written (omit_none). */
extern const capas_option_kind capas_option_past;
extern const capas_option_kind capas_option_past_false;

typedef struct capas_option_table {
    const char *owner; /* "Conv2D" */
    const capas_option *options;
    size_t count;
    size_t size; /* of the option struct */
} capas_option_table;

/* Fills the defaults in and checks every field. `where` starts the sentence: "layer conv2d". */
capas_status capas_options_resolve(const capas_option_table *table, void *options,
                                   const char *where);

/* Its two halves, for options some of which must be said: the defaults, then what is read, then the
 * check of all. */
void capas_options_fill(const capas_option_table *table, void *options);
capas_status capas_options_check(const capas_option_table *table, const void *options,
                                 const char *where);

/* Sets fields of resolved options from a map. A key that the table does not have is an error that
 * names the nearest option. Checks ranges. */
capas_status capas_options_read(const capas_option_table *table, void *options,
                                const capas_value *map, const char *where);

/* Adds every option to a map, in the table's order, as Keras's get_config writes them. */
capas_status capas_options_write(const capas_option_table *table, const void *options,
                                 capas_value *map);

#define CAPAS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
