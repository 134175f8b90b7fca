/* See nested.h. */
#include "model/nested.h"
#include "base/memory.h"
#include "base/philox.h"
#include "base/text.h"
#include <string.h>

enum { TEXT_SIZE = 128 };

/* The layer ---------------------------------------------------------------------------------------
 */

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    const capas_model *part = layer->part;
    char wanted[TEXT_SIZE], found[TEXT_SIZE];
    if (count != part->input_count)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH, "the model takes %d inputs, found %d",
                                part->input_count, count);
    for (int i = 0; i < count; i++) {
        const capas_shape *shape = &part->uses[part->inputs[i]].output;
        if (capas_shape_equal(shape, &inputs[i])) continue;
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "input %d of the model must have the shape %s, found %s", i,
                                capas_shape_text(shape, wanted, sizeof wanted),
                                capas_shape_text(&inputs[i], found, sizeof found));
    }
    for (int i = 0; i < part->output_count; i++)
        output[i] = part->uses[part->outputs[i]].output;
    return CAPAS_OK;
}

static int lower_input(const capas_model *part, int use, const int *inputs)
{
    for (int i = 0; i < part->input_count; i++)
        if (part->inputs[i] == use) return inputs[i];
    return CAPAS_NO_BUFFER;
}

static int output_count(const capas_layer *layer)
{
    return layer->part->output_count;
}

static void lower_all(const capas_layer *layer, capas_program *program, const int *inputs,
                      int count, int *outputs)
{
    const capas_model *part = layer->part;
    (void)count;
    int *outputs_of = capas_allocate((size_t)part->use_count, sizeof *outputs_of);
    if (!outputs_of) {
        program->status = CAPAS_NO_MEMORY;
        return;
    }
    for (int i = 0; i < part->use_count && program->status == CAPAS_OK; i++) {
        if (part->layers[part->uses[i].layer]->type->lower)
            capas_lower_use(part, i, program, outputs_of);
        else
            outputs_of[i] = lower_input(part, i, inputs);
    }
    for (int i = 0; i < part->output_count && program->status == CAPAS_OK; i++)
        outputs[i] = outputs_of[part->outputs[i]];
    capas_release(outputs_of);
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    int output = CAPAS_NO_BUFFER;
    lower_all(layer, program, inputs, count, &output);
    return output;
}

/* What such a layer has for options: it owns the model. */
typedef struct nested_options {
    capas_model *part;
} nested_options;

static void release(void *options)
{
    capas_model_free(((nested_options *)options)->part);
}

#define NESTED(class)                                                                              \
    {                                                                                              \
        .name = class, .summary = "A model within a model.",                                       \
        .options = {.owner = class, .size = sizeof(nested_options)}, .minimum_inputs = 1,          \
        .maximum_inputs = CAPAS_MAX_INPUTS, .release = release, .infer = infer, .lower = lower,    \
        .output_count = output_count, .lower_all = lower_all, .takes_mask = true,                  \
        .call_has_mask = true                                                                      \
    }
static const capas_layer_type sequential_type = NESTED("Sequential");
static const capas_layer_type functional_type = NESTED("Functional");

static capas_status check(const capas_model *part)
{
    CAPAS_TRY(capas_model_check(part));
    if (part->trainer)
        return capas_fail(CAPAS_WRONG_STATE,
                          "model %s is compiled; only one that is not can be a layer of another, "
                          "which is then compiled",
                          capas_model_name(part));
    if (part->output_count <= CAPAS_MAX_INPUTS) return CAPAS_OK;
    return capas_fail(CAPAS_UNSUPPORTED,
                      "model %s has %d outputs; a model within a model may have %d",
                      capas_model_name(part), part->output_count, CAPAS_MAX_INPUTS);
}

capas_layer *capas_nested_new(capas_model *part)
{
    bool right = check(part) == CAPAS_OK;
    capas_layer *layer = right ? capas_allocate_zeroed(1, sizeof *layer) : NULL;
    nested_options *options = layer ? capas_allocate(1, sizeof *options) : NULL;
    if (!options) {
        capas_release(layer);
        capas_model_free(part);
        return NULL;
    }
    options->part = part;
    *layer = (capas_layer){.type = part->sequential ? &sequential_type : &functional_type,
                           .references = 1,
                           .named_by_user = part->named_by_user,
                           .trainable = true,
                           .options = options,
                           .part = part};
    if (!part->named_by_user || capas_layer_set_name(layer, capas_model_name(part)) == CAPAS_OK)
        return layer;
    capas_layer_free(layer);
    return NULL;
}

capas_layer *capas_nested(capas_model *model)
{
    return capas_nested_new(model);
}

/* The leaves --------------------------------------------------------------------------------------
 */

capas_status capas_nested_leaves(const capas_model *within, capas_layer *layer,
                                 capas_leaf_visitor *visit, void *context)
{
    const capas_model *part = layer->part;
    if (!part) return visit(context, within, layer);
    for (int i = 0; i < part->layer_count; i++)
        CAPAS_TRY(capas_nested_leaves(part, part->layers[i], visit, context));
    return CAPAS_OK;
}

static capas_status set_trainable(void *context, const capas_model *within, capas_layer *layer)
{
    (void)within;
    layer->trainable = *(const bool *)context;
    return CAPAS_OK;
}

void capas_nested_set_trainable(capas_layer *layer, bool trainable)
{
    layer->trainable = trainable;
    capas_nested_leaves(NULL, layer, set_trainable, &trainable);
}

static capas_status set_stream(void *context, const capas_model *within, capas_layer *layer)
{
    uint32_t *next = context;
    (void)within;
    capas_layer_set_stream(layer, CAPAS_STREAM_LAYERS + (*next)++);
    return CAPAS_OK;
}

/* The outer layers have theirs by their numbers. */
void capas_nested_set_streams(capas_model *model)
{
    uint32_t next = (uint32_t)model->layer_count;
    for (int i = 0; i < model->layer_count; i++)
        if (model->layers[i]->part) capas_nested_leaves(model, model->layers[i], set_stream, &next);
}

static capas_status find_state(void *context, const capas_model *within, capas_layer *layer)
{
    (void)within;
    *(bool *)context |= capas_layer_is_stateful(layer);
    return CAPAS_OK;
}

bool capas_nested_is_stateful(capas_layer *layer)
{
    bool found = false;
    capas_nested_leaves(NULL, layer, find_state, &found);
    return found;
}

static capas_status reset_leaf(void *context, const capas_model *within, capas_layer *layer)
{
    (void)context, (void)within;
    capas_layer_reset_states(layer);
    return CAPAS_OK;
}

capas_status capas_model_reset_states(capas_model *model)
{
    CAPAS_TRY(capas_model_check(model));
    for (int i = 0; i < model->layer_count; i++)
        capas_nested_leaves(model, model->layers[i], reset_leaf, NULL);
    return CAPAS_OK;
}

typedef struct counting {
    bool trained;
    int64_t count;
} counting;

static capas_status count_leaf(void *context, const capas_model *within, capas_layer *layer)
{
    counting *counting = context;
    (void)within;
    for (int i = 0; i < layer->weight_count; i++)
        if ((layer->trainable && layer->weights[i].trainable) == counting->trained)
            counting->count += capas_shape_count(&layer->weights[i].shape, 0);
    return CAPAS_OK;
}

int64_t capas_nested_count(const capas_layer *layer, bool trained)
{
    counting counting = {trained, 0};
    capas_nested_leaves(NULL, (capas_layer *)(uintptr_t)layer, count_leaf, &counting);
    return counting.count;
}

static void take_weights(capas_model *model, const capas_model *part)
{
    for (int i = 0; part->values && i < part->weight_count; i++) {
        const capas_model_weight *from = &part->weights[i];
        const capas_model_weight *to = &model->weights[from->weight->index];
        memcpy(model->values + to->offset, part->values + from->offset,
               (size_t)from->count * sizeof(float));
    }
}

void capas_nested_take_weights(capas_model *model)
{
    for (int i = 0; i < model->layer_count; i++) {
        capas_model *part = model->layers[i]->part;
        if (!part) continue;
        take_weights(model, part);
        capas_release(part->values);
        capas_release(part->weights);
        part->values = NULL;
        part->weights = NULL;
        part->weight_count = 0;
    }
}
