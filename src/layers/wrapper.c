/* What layers that hold others share; see wrapper.h. */
#include "layers/wrapper.h"
#include "base/text.h"
#include "layers/object.h"
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 192, STREAMS = 0x10000 };

capas_layer *capas_layer_inner(const capas_layer *layer, int number)
{
    const size_t offset = number < CAPAS_MOST_INNER ? layer->type->inner[number] : 0;
    if (offset == 0 || !layer->options) return NULL;
    return *(capas_layer *const *)((const char *)layer->options + offset);
}

int capas_layer_weight_of(const capas_layer *inner, const capas_weight *weight)
{
    for (int i = 0; i < inner->weight_count; i++)
        if (weight->inner == &inner->weights[i]) return i;
    return -1;
}

bool capas_layer_weight_path(const capas_layer *layer, int weight, char *path, size_t size)
{
    const char *outer = layer->type->cell;
    int used = 0;
    for (int i = 0; i < CAPAS_MOST_INNER; i++) {
        const capas_layer *inner = capas_layer_inner(layer, i);
        const int number = inner ? capas_layer_weight_of(inner, &layer->weights[weight]) : -1;
        if (number < 0) continue;
        used = snprintf(path, size, "%s/", inner->name);
        return used > 0 && (size_t)used < size &&
               capas_layer_weight_path(inner, number, path + used, size - (size_t)used);
    }
    used = snprintf(path, size, "%s%s%s", outer ? outer : "", outer ? "/" : "",
                    layer->weights[weight].name);
    return used > 0 && (size_t)used < size;
}

void capas_layer_set_stream(capas_layer *layer, uint32_t stream)
{
    layer->stream = stream;
    for (int i = 0; i < CAPAS_MOST_INNER; i++) {
        capas_layer *inner = capas_layer_inner(layer, i);
        if (inner) capas_layer_set_stream(inner, stream + (uint32_t)(i + 1) * STREAMS);
    }
}

static capas_layer *held(const capas_layer_type *type, const void *options, int number)
{
    if (type->inner[number] == 0) return NULL;
    return *(capas_layer *const *)((const char *)options + type->inner[number]);
}

capas_layer *capas_wrapper_new(const capas_layer_type *type, const void *options)
{
    capas_layer *first = held(type, options, 0), *second = held(type, options, 1);
    /* One that is someone's already, or given twice, stays his; the option's check tells. */
    if (first && first->taken) capas_layer_retain(first);
    if (second && (second->taken || second == first)) capas_layer_retain(second);
    capas_layer *layer = capas_layer_new(type, options);
    if (!layer) {
        capas_layer_free(first);
        capas_layer_free(second);
        return NULL;
    }
    if (first) first->taken = true;
    if (second) second->taken = true;
    return layer;
}

capas_status capas_wrapper_name(capas_layer *inner, const char *prefix)
{
    char class_name[NAME_SIZE], name[2 * NAME_SIZE];
    const char *label = capas_layer_label(inner, class_name, sizeof class_name);
    if (strncmp(label, prefix, strlen(prefix)) == 0 && inner->name) return CAPAS_OK;
    capas_cut_text(name, sizeof name, snprintf(name, sizeof name, "%s%s", prefix, label));
    return capas_layer_set_name(inner, name);
}

capas_status capas_wrapper_build(capas_layer *wrapper, capas_layer *inner,
                                 const capas_shape *shapes, int count)
{
    capas_shape outputs[CAPAS_MAX_INPUTS];
    CAPAS_TRY(capas_layer_build(inner, shapes, count, outputs));
    if (wrapper->weight_count + inner->weight_count > CAPAS_LAYER_WEIGHTS)
        return capas_layer_fail(wrapper, CAPAS_UNSUPPORTED,
                                "the layers in it have more than %d weights", CAPAS_LAYER_WEIGHTS);
    for (int i = 0; i < inner->weight_count; i++) {
        capas_weight *weight = &wrapper->weights[wrapper->weight_count++];
        *weight = inner->weights[i];
        weight->trainable = weight->trainable && inner->trainable;
        weight->inner = &inner->weights[i];
    }
    return CAPAS_OK;
}

/* The option -------------------------------------------------------------------------------------
 */

static capas_status check_layer(const capas_option *option, const void *field)
{
    const capas_layer *layer = *(capas_layer *const *)field;
    if (!layer && option->nullable) return CAPAS_OK;
    if (!layer) return capas_fail(CAPAS_INVALID_ARGUMENT, "a layer, found none");
    if (layer->taken)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "a layer of its own, found one that belongs to another");
    if (layer->status == CAPAS_OK) return CAPAS_OK;
    return capas_fail(layer->status, "a layer without failure, found %s",
                      layer->message ? layer->message : "that memory ran out");
}

static capas_status read_layer(const capas_option *option, const capas_value *value, void *field)
{
    char found[NAME_SIZE];
    capas_object object;
    capas_layer **layer = field;
    if (value->kind == CAPAS_VALUE_NULL && option->nullable) return CAPAS_OK;
    if (!capas_object_read(value, &object) || object.value)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "a layer, found %s",
                          capas_value_describe(value, found, sizeof found));
    capas_layer *read = capas_layer_from_config(object.name, object.settings, "a layer");
    if (!read) return capas_error_status();
    capas_layer_free(*layer);
    *layer = read;
    return CAPAS_OK;
}

static capas_value *write_layer(const capas_option *option, const void *field)
{
    const capas_layer *layer = *(capas_layer *const *)field;
    (void)option;
    return layer ? capas_layer_object(layer) : capas_value_null();
}

const capas_option_kind capas_option_layer = {"a layer", NULL, check_layer, read_layer,
                                              write_layer};
