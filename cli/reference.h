/* The reference pages and the schema of recipes, made of the option tables: what the files of
 * `capas reference` share. */
#ifndef CAPAS_CLI_REFERENCE_H
#define CAPAS_CLI_REFERENCE_H

#include "base/builder.h"
#include "recipe/catalogue.h"

/* A class of Keras's: NULL reason: capas has it. The list ends with a name of NULL. */
typedef struct keras_name {
    capas_catalogue_group group;
    const char *name, *reason;
} keras_name;
extern const keras_name keras_names[];

/* "3", "valid", "None", "required": what an option is when it is not said, in a struct of zeros.
 * False without memory. */
bool reference_default(const capas_option *option, void *options, char *text, size_t size);

/* The JSON Schema of recipes. */
void reference_schema(capas_builder *text);

#endif
