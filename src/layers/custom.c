/* Layers that the caller has registered: a type is made of each definition, so that from there on
 * they are layers like all others. */
#include "layers/custom.h"
#include "base/memory.h"
#include "layers/list.h"
#include "layers/registration.h"
#include <string.h>

typedef struct custom_options {
    CAPAS_LAYER_OPTIONS
    double values[CAPAS_CUSTOM_OPTIONS];
} custom_options;

/* A definition, and the type made of it. */
typedef struct custom_type {
    capas_registered registered; /* first: the registry leads back here */
    capas_layer_type type;
    capas_custom_layer definition;
    int weight_count;
} custom_type;

static capas_registry registry = CAPAS_REGISTRY("register_layer", "layer");

const capas_layer_type *capas_custom_type_of(const char *name)
{
    const capas_registered *found = capas_registry_find(&registry, name);
    return found ? &((const custom_type *)found)->type : NULL;
}

static const custom_type *type_of(const capas_layer *layer)
{
    const char *type = (const char *)layer->type;
    return (const custom_type *)(const void *)(type - offsetof(custom_type, type));
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

static capas_status check_definition(const capas_custom_layer *definition)
{
    const char *name = definition->name ? definition->name : "";
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
    return CAPAS_OK;
}

static capas_status take_weights(custom_type *type)
{
    for (; type->weight_count < CAPAS_CUSTOM_WEIGHTS; type->weight_count++) {
        capas_custom_weight *weight = &type->definition.weights[type->weight_count];
        if (!weight->name) break;
        weight->name = capas_registered_text(&type->registered, weight->name);
        if (!weight->name) return CAPAS_NO_MEMORY;
    }
    return CAPAS_OK;
}

static void fill_type(custom_type *type)
{
    const capas_custom_layer *definition = &type->definition;
    int inputs = definition->inputs > 0 ? definition->inputs : 1;
    type->type = (capas_layer_type){
        .name = definition->name,
        .summary = definition->summary,
        .registered_name = type->registered.registered_name,
        .options = {definition->name, type->registered.options,
                    (size_t)type->registered.option_count, sizeof(custom_options)},
        .minimum_inputs = inputs,
        .maximum_inputs = inputs,
        .has_build_config = true,
        .infer = infer,
        .build = type->weight_count > 0 ? build : NULL,
        .lower = lower,
    };
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
    capas_custom_definition common;
    memcpy(&common, &definition, sizeof common);
    capas_status status = capas_registered_fill(&type->registered, &registry, &common,
                                                offsetof(custom_options, values));
    memcpy(&definition, &common, sizeof common);
    type->definition = definition;
    if (status == CAPAS_OK) status = take_weights(type);
    if (status == CAPAS_OK) {
        fill_type(type);
        status = capas_registry_add(&registry, &type->registered, is_keras_name(definition.name));
    }
    if (status == CAPAS_OK) return CAPAS_OK;
    capas_registered_clear(&type->registered);
    capas_release(type);
    return status;
}

capas_layer *capas_custom(const char *class_name, const double *options, const char *name)
{
    const capas_registered *found = class_name ? capas_registry_find(&registry, class_name) : NULL;
    if (!found) {
        capas_fail(CAPAS_UNKNOWN_NAME,
                   "custom: no layer \"%s\" is registered; register_layer makes it known",
                   class_name ? class_name : "");
        return NULL;
    }
    custom_options all = {.struct_size = sizeof all, .name = name};
    capas_registered_take(found, options, all.values);
    return capas_layer_new(&((const custom_type *)found)->type, &all);
}
