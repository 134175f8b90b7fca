/* Keras's way to write an object into a configuration:
 *
 *     {"module": "keras.initializers", "class_name": "Constant", "config": {"value": 1.0},
 *      "registered_name": null}
 *
 * and the shorter ways that older files and recipes have: "zeros", {class_name, config},
 * {Constant: {value: 1.0}}, {constant: 1.0}. Initializers, regularizers, and everything else that
 * has a class and settings is read and written with these two. */
#ifndef CAPAS_LAYERS_OBJECT_H
#define CAPAS_LAYERS_OBJECT_H

#include "base/value.h"

/* What an object says; borrowed from the value. */
typedef struct capas_object {
    const char *name;            /* as written: "HeNormal", "he_normal" */
    const capas_value *settings; /* a map, or NULL */
    const capas_value *value;    /* the bare value of {constant: 1.0}, or NULL */
} capas_object;

/* False when it is none of these forms. */
bool capas_object_read(const capas_value *value, capas_object *object);

/* Takes `config` over; NULL, with the sentence, when memory runs out. */
capas_value *capas_object_write(const char *module, const char *class_name, capas_value *config);

/* The same of what a program registers: no module, and "package>Class" as registered_name; and of a
 * function, whose name is all there is. */
capas_value *capas_object_write_registered(const char *registered_name, const char *class_name,
                                           capas_value *config);
capas_value *capas_object_write_function(const char *name);
/* The name of such a function, or the registered_name of what is not Keras's own; NULL: it is none.
 */
const char *capas_object_function(const capas_value *value);
const char *capas_object_registered(const capas_value *value);

/* The dtype policy that Keras writes into every layer and model: float32. */
capas_value *capas_policy_write(void);

/* The same name but for case and "_": "HeNormal", "he_normal". */
bool capas_same_name(const char *a, const char *b);

#endif
