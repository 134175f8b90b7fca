/* Finding a layer's type by Keras's class name. The list itself is list.h. */
#include "layers/list.h"
#include "base/text.h"
#include "layers/custom.h"
#include <string.h>

#define CAPAS_LAYER_ADDRESS(name) &capas_##name##_type,
static const capas_layer_type *const types[] = {CAPAS_LAYER_LIST(CAPAS_LAYER_ADDRESS)};
#undef CAPAS_LAYER_ADDRESS

const capas_layer_type *const *capas_layer_types(size_t *count)
{
    *count = CAPAS_COUNT(types);
    return types;
}

const capas_layer_type *capas_layer_type_of(const char *class_name)
{
    const char *names[CAPAS_COUNT(types) + 1];
    /* keras.Input is what one writes, InputLayer what the files have. */
    if (strcmp(class_name, "Input") == 0) class_name = "InputLayer";
    for (size_t i = 0; i < CAPAS_COUNT(types); i++) {
        if (strcmp(types[i]->name, class_name) == 0) return types[i];
        names[i] = types[i]->name;
    }
    const capas_layer_type *custom = capas_custom_type_of(class_name);
    if (custom) return custom;
    names[CAPAS_COUNT(types)] = "Input";
    const char *nearest = capas_nearest_name(class_name, names, CAPAS_COUNT(names));
    if (nearest)
        capas_fail(CAPAS_UNKNOWN_NAME, "no layer \"%s\"; did you mean \"%s\"?", class_name,
                   nearest);
    else
        capas_fail(CAPAS_UNKNOWN_NAME,
                   "no layer \"%s\"; `capas layers` lists those there are, and a program "
                   "registers its own (capas/custom.h)",
                   class_name);
    return NULL;
}
