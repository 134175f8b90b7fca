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

enum { ALIGNED_ELEMENTS = 16, MOST_ELEMENTS = 1 << 29 };

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

capas_status capas_model_make_weights(capas_model *model)
{
    int count = 0;
    for (int i = 0; i < model->layer_count; i++)
        capas_nested_leaves(model, model->layers[i], count_weights, &count);
    model->weights = capas_allocate((size_t)count, sizeof *model->weights);
    if (!model->weights) return CAPAS_NO_MEMORY;
    for (int i = 0; i < model->layer_count; i++)
        CAPAS_TRY(capas_nested_leaves(model, model->layers[i], add_all, model));
    model->values = capas_allocate_zeroed((size_t)model->value_count, sizeof *model->values);
    if (!model->values) return CAPAS_NO_MEMORY;
    CAPAS_TRY(capas_model_initialize(model));
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
    for (int i = 0; i < model->weight_count; i++)
        CAPAS_TRY(initialize(model, i));
    capas_model_touch(model);
    return CAPAS_OK;
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
    if (status != CAPAS_OK) return capas_model_keep_failure(model, status);
    const capas_model_weight *entry = &model->weights[weight];
    capas_weight_pack(entry->weight, values, model->values + entry->offset);
    capas_model_touch(model);
    return CAPAS_OK;
}
