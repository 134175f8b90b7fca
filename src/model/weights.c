/* The weights of a model: one block of values, each weight at a multiple of 16 elements, numbered
 * over the layers in order, of each layer the trainable ones first. Also where their gradients lie,
 * and getting and setting them in Keras's order. */
#include "base/memory.h"
#include "base/text.h"
#include "model/graph.h"
#include "model/nested.h"
#include "model/plan.h"
#include <inttypes.h>
#include <string.h>

enum { ALIGNED_ELEMENTS = 16, MOST_ELEMENTS = 1 << 29, TEXT_SIZE = 128 };

static int64_t aligned(int64_t count)
{
    return (count + ALIGNED_ELEMENTS - 1) / ALIGNED_ELEMENTS * ALIGNED_ELEMENTS;
}

static capas_status count_weights(void *context, const capas_model *within, capas_layer *layer)
{
    (void)within;
    *(int *)context += layer->weight_count;
    return CAPAS_OK;
}

static capas_status add_weights(capas_model *model, capas_layer *layer, bool trainable)
{
    for (int i = 0; i < layer->weight_count; i++) {
        capas_weight *weight = &layer->weights[i];
        if (weight->trainable != trainable) continue;
        for (capas_weight *w = weight; w; w = w->inner)
            w->index = model->weight_count;
        capas_model_weight *entry = &model->weights[model->weight_count++];
        *entry = (capas_model_weight){
            .layer = layer,
            .weight = weight,
            .offset = model->value_count,
            .count = capas_weight_count(weight),
            .gradient_offset = -1,
        };
        model->value_count += aligned(entry->count);
        if (model->value_count > MOST_ELEMENTS)
            return capas_layer_fail(layer, CAPAS_UNSUPPORTED,
                                    "with its %s the model has more than %d weights in all",
                                    weight->name, MOST_ELEMENTS);
    }
    return CAPAS_OK;
}

/* Of each layer the trainable ones first. */
static capas_status add_all(void *context, const capas_model *within, capas_layer *layer)
{
    (void)within;
    CAPAS_TRY(add_weights(context, layer, true));
    return add_weights(context, layer, false);
}

/* Between weights, so that equal models have equal blocks. The weights themselves take memory only
 * when they come. */
static void clear_gaps(capas_model *model)
{
    for (int i = 0; i < model->weight_count; i++) {
        const capas_model_weight *place = &model->weights[i];
        const int64_t gap = aligned(place->count) - place->count;
        memset(model->values + place->offset + place->count, 0, (size_t)gap * sizeof(float));
    }
}

capas_status capas_model_make_weights(capas_model *model, capas_first_values first)
{
    int count = 0;
    for (int i = 0; i < model->layer_count; i++)
        capas_nested_leaves(model, model->layers[i], count_weights, &count);
    model->weights = capas_allocate((size_t)count, sizeof *model->weights);
    if (!model->weights) return CAPAS_NO_MEMORY;
    for (int i = 0; i < model->layer_count; i++)
        CAPAS_TRY(capas_nested_leaves(model, model->layers[i], add_all, model));
    capas_model_touch(model); /* plans take version 0 for never */
    if (first == CAPAS_VALUES_ELSEWHERE) return CAPAS_OK;
    model->values = capas_allocate((size_t)model->value_count, sizeof *model->values);
    if (!model->values) return CAPAS_NO_MEMORY;
    clear_gaps(model);
    if (first == CAPAS_VALUES_DRAWN) CAPAS_TRY(capas_model_initialize(model));
    capas_nested_take_weights(model);
    return CAPAS_OK;
}

static capas_status initialize(capas_model *model, int number)
{
    const capas_model_weight *entry = &model->weights[number];
    uint32_t stream = CAPAS_STREAM_WEIGHTS + (uint32_t)number;
    float *block = model->values + entry->offset;
    if (entry->weight->layout == CAPAS_LAYOUT_PLAIN) {
        capas_weight_initialize(entry->weight, model->seed, stream, block);
        return CAPAS_OK;
    }
    int64_t count = capas_shape_count(&entry->weight->shape, 0);
    float *plain = capas_allocate((size_t)count, sizeof *plain);
    if (!plain) return CAPAS_NO_MEMORY;
    capas_weight_initialize(entry->weight, model->seed, stream, plain);
    capas_weight_pack(entry->weight, plain, block);
    capas_release(plain);
    return CAPAS_OK;
}

capas_status capas_model_initialize(capas_model *model)
{
    CAPAS_TRY(capas_model_own_values(model));
    for (int i = 0; i < model->weight_count; i++)
        CAPAS_TRY(initialize(model, i));
    capas_model_touch(model);
    return CAPAS_OK;
}

void capas_model_lend_values(capas_model *model, const float *values, capas_mapping mapping)
{
    model->values = (float *)(uintptr_t)values; /* written only after capas_model_own_values */
    model->values_lent = true;
    model->mapping = mapping;
}

capas_status capas_model_own_values(capas_model *model)
{
    if (!model->values_lent) return CAPAS_OK;
    float *values =
        capas_copy_memory(model->values, (size_t)model->value_count * sizeof *model->values);
    if (!values) return CAPAS_NO_MEMORY;
    capas_model_drop_plans(model); /* their runs know where the values were */
    capas_unmap(&model->mapping);
    model->values = values;
    model->values_lent = false;
    return CAPAS_OK;
}

void capas_model_release_values(capas_model *model)
{
    if (!model->values_lent) capas_release(model->values);
    capas_unmap(&model->mapping);
}

void capas_model_touch(capas_model *model)
{
    model->version++;
}

capas_status capas_model_place_gradients(capas_model *model)
{
    model->gradient_count = 0;
    for (int i = 0; i < model->weight_count; i++) {
        capas_model_weight *entry = &model->weights[i];
        bool trained = entry->layer->trainable && entry->weight->trainable;
        entry->gradient_offset = trained ? model->gradient_count : -1;
        if (trained) model->gradient_count += aligned(entry->count);
    }
    capas_model_drop_plans(model);
    return CAPAS_OK;
}

int capas_model_weight_count(const capas_model *model)
{
    return model ? model->weight_count : 0;
}

static capas_status check_number(const capas_model *model, int weight)
{
    CAPAS_TRY(capas_model_check(model));
    if (weight >= 0 && weight < model->weight_count) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "model %s: there is no weight %d; it has %d",
                      capas_model_name(model), weight, model->weight_count);
}

capas_status capas_model_weight_info(const capas_model *model, int weight, capas_weight_info *info)
{
    CAPAS_TRY(check_number(model, weight));
    const capas_model_weight *entry = &model->weights[weight];
    *info = (capas_weight_info){
        .layer = entry->layer->name,
        .name = entry->weight->name,
        .shape = entry->weight->shape,
        .trainable = entry->layer->trainable && entry->weight->trainable,
    };
    return CAPAS_OK;
}

int capas_model_find_weight(const capas_model *model, const char *layer, const char *weight)
{
    for (int i = 0; model && layer && weight && i < model->weight_count; i++)
        if (strcmp(model->weights[i].layer->name, layer) == 0 &&
            strcmp(model->weights[i].weight->name, weight) == 0)
            return i;
    return -1;
}

capas_status capas_model_get_weight(const capas_model *model, int weight, float *values)
{
    CAPAS_TRY(check_number(model, weight));
    const capas_model_weight *entry = &model->weights[weight];
    capas_weight_unpack(entry->weight, model->values + entry->offset, values);
    return CAPAS_OK;
}

capas_status capas_model_set_weight(capas_model *model, int weight, const float *values)
{
    capas_status status = check_number(model, weight);
    if (status == CAPAS_OK) status = capas_model_own_values(model);
    if (status != CAPAS_OK) return capas_model_keep_failure(model, status);
    const capas_model_weight *entry = &model->weights[weight];
    capas_weight_pack(entry->weight, values, model->values + entry->offset);
    capas_model_touch(model);
    return CAPAS_OK;
}

static capas_status check_same(const capas_model *model, const capas_model *from)
{
    if (model->weight_count != from->weight_count)
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "it has %d weights, and model %s %d; model and weights do not belong "
                          "together",
                          from->weight_count, capas_model_name(model), model->weight_count);
    for (int i = 0; i < model->weight_count; i++) {
        const capas_weight *own = model->weights[i].weight, *other = from->weights[i].weight;
        char wanted[TEXT_SIZE], found[TEXT_SIZE];
        if (!capas_shape_equal(&own->shape, &other->shape))
            return capas_fail(CAPAS_SHAPE_MISMATCH,
                              "layer %s: its %s must have the shape %s, found %s",
                              model->weights[i].layer->name, own->name,
                              capas_shape_text(&own->shape, wanted, sizeof wanted),
                              capas_shape_text(&other->shape, found, sizeof found));
    }
    return CAPAS_OK;
}

capas_status capas_model_take_weights(capas_model *model, const capas_model *from)
{
    CAPAS_TRY(check_same(model, from));
    for (int i = 0; i < model->weight_count; i++) {
        const capas_shape *shape = &model->weights[i].weight->shape;
        float *values = capas_allocate((size_t)capas_shape_count(shape, 0), sizeof *values);
        if (!values) return CAPAS_NO_MEMORY;
        capas_status status = capas_model_get_weight(from, i, values);
        if (status == CAPAS_OK) status = capas_model_set_weight(model, i, values);
        capas_release(values);
        CAPAS_TRY(status);
    }
    return CAPAS_OK;
}
