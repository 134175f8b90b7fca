/* A model's life and its small settings: failure, name, seed, shapes, freezing, names of
 * classes. Its graph is graph.c's, its weights weights.c's, running it plan.h's. */
#include "model/model.h"
#include "base/memory.h"
#include "base/runtime.h"
#include "base/text.h"
#include "model/graph.h"
#include "model/nested.h"
#include "model/plan.h"
#include <string.h>

capas_model *capas_model_new(void)
{
    capas_model *model = capas_allocate_zeroed(1, sizeof *model);
    if (!model) return NULL;
    model->seed = capas_random_seed();
    model->preprocessing = capas_preprocessing_unknown();
    if (pthread_mutex_init(&model->lock, NULL) == 0) return model;
    capas_fail(CAPAS_NO_MEMORY, "a lock could not be made");
    capas_release(model);
    return NULL;
}

static void free_names(char **names, int count)
{
    for (int i = 0; names && i < count; i++)
        capas_release(names[i]);
    capas_release(names);
}

void capas_model_free(capas_model *model)
{
    if (!model) return;
    if (model->trainer && model->free_trainer) model->free_trainer(model->trainer);
    capas_model_drop_plans(model);
    for (int i = 0; i < model->layer_count; i++)
        capas_layer_free(model->layers[i]);
    for (int i = 0; i < model->use_count; i++)
        capas_release(model->uses[i].inputs);
    free_names(model->class_names, model->class_count);
    capas_release(model->layers);
    capas_release(model->uses);
    capas_release(model->inputs);
    capas_release(model->outputs);
    capas_release(model->weights);
    capas_model_release_values(model);
    capas_release(model->name);
    capas_release(model->message);
    pthread_mutex_destroy(&model->lock);
    capas_release(model);
}

capas_status capas_model_keep_failure(capas_model *model, capas_status status)
{
    if (!model || model->status != CAPAS_OK || status == CAPAS_OK) return status;
    model->status = status;
    model->message = capas_copy_string(capas_error());
    return status;
}

capas_status capas_model_check(const capas_model *model)
{
    if (!model) {
        capas_status last = capas_error_status();
        return last != CAPAS_OK ? last : capas_fail(CAPAS_INVALID_ARGUMENT, "the model is NULL");
    }
    if (model->status == CAPAS_OK) return CAPAS_OK;
    return capas_fail(model->status, "%s",
                      model->message ? model->message : capas_status_meaning(model->status));
}

capas_status capas_model_status(const capas_model *model)
{
    return capas_model_check(model);
}

void capas_model_clear_error(capas_model *model)
{
    if (!model) return;
    capas_release(model->message);
    model->message = NULL;
    model->status = CAPAS_OK;
}

const char *capas_model_name(const capas_model *model)
{
    return model && model->name ? model->name : "";
}

capas_status capas_model_set_name(capas_model *model, const char *name)
{
    CAPAS_TRY(capas_model_check(model));
    if (!name || !*name || strchr(name, '/'))
        return capas_model_keep_failure(
            model, capas_fail(CAPAS_INVALID_ARGUMENT,
                              "a model's name must not be empty nor have a \"/\" in it, found "
                              "\"%s\"",
                              name ? name : ""));
    char *copy = capas_copy_string(name);
    if (!copy) return capas_model_keep_failure(model, CAPAS_NO_MEMORY);
    capas_release(model->name);
    model->name = copy;
    model->named_by_user = true;
    return CAPAS_OK;
}

capas_status capas_model_set_seed(capas_model *model, uint64_t seed)
{
    CAPAS_TRY(capas_model_check(model));
    model->seed = seed;
    return capas_model_keep_failure(model, capas_model_initialize(model));
}

capas_status capas_model_set_save_memory(capas_model *model, int save)
{
    CAPAS_TRY(capas_model_check(model));
    model->saves_memory = save == CAPAS_TRUE;
    capas_model_drop_plans(model);
    return CAPAS_OK;
}

uint64_t capas_model_seed(const capas_model *model)
{
    return model ? model->seed : 0;
}

int capas_model_input_count(const capas_model *model)
{
    return model ? model->input_count : 0;
}

int capas_model_output_count(const capas_model *model)
{
    return model ? model->output_count : 0;
}

static capas_status shape_of(const capas_model *model, const int *uses, int count, int number,
                             const char *what, capas_shape *shape)
{
    CAPAS_TRY(capas_model_check(model));
    if (number < 0 || number >= count)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "model %s: there is no %s %d; it has %d",
                          capas_model_name(model), what, number, count);
    *shape = model->uses[uses[number]].output;
    return CAPAS_OK;
}

capas_status capas_model_input_shape(const capas_model *model, int input, capas_shape *shape)
{
    if (!model) return capas_model_check(model);
    return shape_of(model, model->inputs, model->input_count, input, "input", shape);
}

capas_status capas_model_output_shape(const capas_model *model, int output, capas_shape *shape)
{
    if (!model) return capas_model_check(model);
    return shape_of(model, model->outputs, model->output_count, output, "output", shape);
}

capas_layer *capas_model_layer(const capas_model *model, const char *name)
{
    for (int i = 0; i < model->layer_count; i++)
        if (strcmp(model->layers[i]->name, name) == 0) return model->layers[i];
    return NULL;
}

capas_status capas_model_fail_no_layer(const capas_model *model, const char *name)
{
    const char **names = capas_allocate((size_t)model->layer_count, sizeof *names);
    if (!names) return CAPAS_NO_MEMORY;
    for (int i = 0; i < model->layer_count; i++)
        names[i] = model->layers[i]->name;
    const char *nearest = capas_nearest_name(name, names, (size_t)model->layer_count);
    capas_release(names);
    if (nearest)
        return capas_fail(CAPAS_UNKNOWN_NAME, "model %s has no layer \"%s\"; did you mean \"%s\"?",
                          capas_model_name(model), name, nearest);
    return capas_fail(CAPAS_UNKNOWN_NAME, "model %s has no layer \"%s\"", capas_model_name(model),
                      name);
}

capas_status capas_model_set_trainable(capas_model *model, const char *name, int trainable)
{
    CAPAS_TRY(capas_model_check(model));
    capas_layer *layer = capas_model_layer(model, name);
    if (!layer) return capas_model_keep_failure(model, capas_model_fail_no_layer(model, name));
    capas_nested_set_trainable(layer, trainable != 0 && trainable != CAPAS_FALSE);
    return CAPAS_OK;
}

static char **copy_names(const char *const *names, int count)
{
    char **copies = capas_allocate_zeroed((size_t)count, sizeof *copies);
    for (int i = 0; copies && i < count; i++) {
        copies[i] = capas_copy_string(names[i]);
        if (copies[i]) continue;
        free_names(copies, count);
        return NULL;
    }
    return copies;
}

capas_status capas_model_set_class_names(capas_model *model, const char *const *names, int count)
{
    CAPAS_TRY(capas_model_check(model));
    char **copies = NULL;
    if (count < 0 || (count > 0 && !names))
        return capas_model_keep_failure(model, capas_fail(CAPAS_INVALID_ARGUMENT,
                                                          "model %s: no class names, or %d of them",
                                                          capas_model_name(model), count));
    for (int i = 0; i < count; i++)
        if (!names[i])
            return capas_model_keep_failure(model, capas_fail(CAPAS_INVALID_ARGUMENT,
                                                              "model %s: class name %d is NULL",
                                                              capas_model_name(model), i));
    if (count > 0) {
        copies = copy_names(names, count);
        if (!copies) return capas_model_keep_failure(model, CAPAS_NO_MEMORY);
    }
    free_names(model->class_names, model->class_count);
    model->class_names = copies;
    model->class_count = count;
    return CAPAS_OK;
}

const char *const *capas_model_class_names(const capas_model *model, int *count)
{
    if (count) *count = model ? model->class_count : 0;
    return model ? (const char *const *)model->class_names : NULL;
}

void capas_free(void *memory)
{
    capas_release(memory);
}
