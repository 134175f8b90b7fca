/* Layers that the caller has registered: a type is made of each definition, so that from there on
 * they are layers like all others. */
#include "layers/custom.h"
#include "base/memory.h"
#include "base/text.h"
#include "layers/list.h"
#include <capas/custom.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

typedef struct custom_options {
    CAPAS_LAYER_OPTIONS
    double values[CAPAS_CUSTOM_OPTIONS];
} custom_options;

/* A definition with its strings, and the type made of it. Lives as long as the process. */
typedef struct custom_type {
    capas_layer_type type; /* first: a layer's type leads back here */
    capas_custom_layer definition;
    capas_option options[CAPAS_CUSTOM_OPTIONS];
    int option_count, weight_count;
    char *registered_name;
    char *texts[4 + 2 * CAPAS_CUSTOM_OPTIONS + CAPAS_CUSTOM_WEIGHTS];
    int text_count;
    struct custom_type *next;
} custom_type;

static custom_type *registered;
static pthread_mutex_t registered_lock = PTHREAD_MUTEX_INITIALIZER;

const capas_layer_type *capas_custom_type_of(const char *name)
{
    pthread_mutex_lock(&registered_lock);
    const custom_type *type = registered;
    while (type && strcmp(type->type.name, name) != 0 && strcmp(type->registered_name, name) != 0)
        type = type->next;
    pthread_mutex_unlock(&registered_lock);
    return type ? &type->type : NULL;
}

static const custom_type *type_of(const capas_layer *layer)
{
    return (const custom_type *)layer->type;
}

static const double *values_of(const capas_layer *layer)
{
    return ((const custom_options *)layer->options)->values;
}

static capas_status fail_shapes(const capas_layer *layer, const char *reason)
{
    return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH, "%s",
                            reason ? reason : "its inputs have shapes that do not serve");
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const capas_custom_layer *definition = &type_of(layer)->definition;
    const char *reason = NULL;
    *output = inputs[0];
    if (!definition->output_shape) return CAPAS_OK;
    if (definition->output_shape(definition->context, values_of(layer), inputs, output, &reason))
        return fail_shapes(layer, reason);
    bool serves = output->rank >= 1 && output->rank <= CAPAS_MAX_RANK;
    for (int i = 1; serves && i < output->rank; i++)
        serves = output->dims[i] >= 1;
    output->dims[0] = CAPAS_ANY;
    return serves ? CAPAS_OK : fail_shapes(layer, "its output_shape gave sizes below 1");
}

static capas_status build(capas_layer *layer, const capas_shape *inputs, int count)
{
    (void)count;
    const custom_type *type = type_of(layer);
    const capas_custom_layer *definition = &type->definition;
    for (int w = 0; w < type->weight_count; w++) {
        const capas_custom_weight *weight = &definition->weights[w];
        capas_shape shape = {0};
        const char *reason = NULL;
        if (definition->weight_shape(definition->context, values_of(layer), inputs, w, &shape,
                                     &reason))
            return fail_shapes(layer, reason);
        capas_initializer initializer = weight->initializer;
        if (initializer.kind == 0) initializer.kind = CAPAS_INITIALIZER_GLOROT_UNIFORM;
        CAPAS_TRY(capas_layer_add_weight(layer, weight->name, &shape, initializer,
                                         (capas_regularizer){0}, !weight->fixed));
    }
    return CAPAS_OK;
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    int weights[CAPAS_OP_WEIGHTS];
    for (int w = 0; w < CAPAS_OP_WEIGHTS; w++)
        weights[w] = w < layer->weight_count ? layer->weights[w].index : CAPAS_NO_WEIGHT;
    capas_shape shapes[CAPAS_CUSTOM_INPUTS], output;
    for (int i = 0; i < count; i++)
        shapes[i] = *capas_program_shape(program, inputs[i]);
    if (infer(layer, shapes, count, &output) != CAPAS_OK) {
        program->status = capas_error_status();
        return CAPAS_NO_BUFFER;
    }
    return capas_program_custom(program, layer->name, inputs, count, &output,
                                &type_of(layer)->definition, values_of(layer), weights);
}

/* Registering. */

/* A copy that the type keeps; `standard` for none. NULL without memory. */
static const char *keep_text(custom_type *type, const char *text, const char *standard)
{
    char *copy = capas_copy_string(text ? text : standard);
    if (copy) type->texts[type->text_count++] = copy;
    return copy;
}

static capas_status check_definition(const capas_custom_layer *definition)
{
    const char *name = definition->name;
    if (!name || !*name || strpbrk(name, "/>"))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "register_layer: a class name is needed, without \"/\" and \">\", found "
                          "\"%s\"",
                          name ? name : "");
    if (!definition->forward)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "register_layer: the layer \"%s\" has no forward function", name);
    if (definition->weights[0].name && !definition->weight_shape)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "register_layer: the layer \"%s\" has weights, but no weight_shape",
                          name);
    if (definition->inputs < 0 || definition->inputs > CAPAS_CUSTOM_INPUTS)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "register_layer: the layer \"%s\" may take from 1 to %d inputs, found %d",
                          name, CAPAS_CUSTOM_INPUTS, definition->inputs);
    for (int i = 0; i < CAPAS_CUSTOM_OPTIONS && definition->options[i].name; i++)
        if (isnan(definition->options[i].standard))
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "register_layer: the option %s of the layer \"%s\" needs a standard",
                              definition->options[i].name, name);
    return CAPAS_OK;
}

static bool take_options(custom_type *type)
{
    const capas_custom_option *given = type->definition.options;
    bool whole = true;
    for (; type->option_count < CAPAS_CUSTOM_OPTIONS && given->name; given++) {
        int i = type->option_count++;
        capas_option *option = &type->options[i];
        *option = (capas_option){
            .name = keep_text(type, given->name, ""),
            .kind = &capas_option_real,
            .offset = offsetof(custom_options, values) + (size_t)i * sizeof(double),
            .standard = given->standard,
            .help = keep_text(type, given->help, ""),
        };
        whole = whole && option->name && option->help;
        type->definition.options[i].name = option->name;
        type->definition.options[i].help = option->help;
    }
    return whole;
}

static bool take_texts(custom_type *type)
{
    capas_custom_layer *definition = &type->definition;
    definition->name = keep_text(type, definition->name, "");
    definition->package = keep_text(type, definition->package, "Custom");
    definition->summary = keep_text(type, definition->summary, "A layer of one's own.");
    if (!definition->name || !definition->package || !definition->summary) return false;
    size_t size = strlen(definition->package) + strlen(definition->name) + 2;
    type->registered_name = capas_allocate(size, 1);
    if (!type->registered_name) return false;
    snprintf(type->registered_name, size, "%s>%s", definition->package, definition->name);
    for (; type->weight_count < CAPAS_CUSTOM_WEIGHTS; type->weight_count++) {
        capas_custom_weight *weight = &definition->weights[type->weight_count];
        if (!weight->name) break;
        weight->name = keep_text(type, weight->name, "");
        if (!weight->name) return false;
    }
    return take_options(type);
}

static void fill_type(custom_type *type)
{
    const capas_custom_layer *definition = &type->definition;
    int inputs = definition->inputs > 0 ? definition->inputs : 1;
    type->type = (capas_layer_type){
        .name = definition->name,
        .summary = definition->summary,
        .registered_name = type->registered_name,
        .options = {definition->name, type->options, (size_t)type->option_count,
                    sizeof(custom_options)},
        .minimum_inputs = inputs,
        .maximum_inputs = inputs,
        .has_build_config = true,
        .infer = infer,
        .build = type->weight_count > 0 ? build : NULL,
        .lower = lower,
    };
}

static void free_type(custom_type *type)
{
    for (int i = 0; i < type->text_count; i++)
        capas_release(type->texts[i]);
    capas_release(type->registered_name);
    capas_release(type);
}

/* False when the name is taken. */
static bool add_type(custom_type *type)
{
    pthread_mutex_lock(&registered_lock);
    const custom_type *other = registered;
    while (other && strcmp(other->type.name, type->type.name) != 0)
        other = other->next;
    if (!other) {
        type->next = registered;
        registered = type;
    }
    pthread_mutex_unlock(&registered_lock);
    return !other;
}

static bool is_keras_name(const char *name)
{
    size_t count;
    const capas_layer_type *const *types = capas_layer_types(&count);
    bool found = strcmp(name, "Input") == 0;
    for (size_t i = 0; i < count && !found; i++)
        found = strcmp(types[i]->name, name) == 0;
    return found;
}

capas_status capas_register_layer(const capas_custom_layer *given)
{
    capas_custom_layer definition;
    capas_layer_copy_options(&definition, sizeof definition, given);
    CAPAS_TRY(check_definition(&definition));
    custom_type *type = capas_allocate_zeroed(1, sizeof *type);
    if (!type) return CAPAS_NO_MEMORY;
    type->definition = definition;
    capas_status status = take_texts(type) ? CAPAS_OK : CAPAS_NO_MEMORY;
    if (status == CAPAS_OK) {
        fill_type(type);
        if (is_keras_name(definition.name) || !add_type(type))
            status = capas_fail(CAPAS_INVALID_ARGUMENT,
                                "register_layer: there is a layer \"%s\" already; give yours "
                                "another name",
                                definition.name);
    }
    if (status != CAPAS_OK) free_type(type);
    return status;
}

capas_layer *capas_custom(const char *class_name, const double *options, const char *name)
{
    const capas_layer_type *found = capas_custom_type_of(class_name);
    if (!found) {
        capas_fail(CAPAS_UNKNOWN_NAME,
                   "custom: no layer \"%s\" is registered; register_layer makes it known",
                   class_name);
        return NULL;
    }
    const custom_type *type = (const custom_type *)found;
    custom_options all = {.struct_size = sizeof all, .name = name};
    for (int i = 0; i < type->option_count; i++) {
        double value = options ? options[i] : type->options[i].standard;
        all.values[i] = value == 0 ? CAPAS_ZERO : value;
    }
    return capas_layer_new(found, &all);
}
