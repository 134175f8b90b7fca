/* Finding the tensors that callbacks ask for; see watch.h. */
#include "training/watch.h"
#include "base/memory.h"
#include "base/text.h"
#include <string.h>

int capas_watch_find(const capas_watch *watch, const char *layer)
{
    for (int i = 0; layer && i < watch->count; i++)
        if (strcmp(watch->names[i], layer) == 0) return i;
    return -1;
}

static capas_status fail_name(const capas_model *model, const char *name)
{
    const char **names = capas_allocate((size_t)model->layer_count, sizeof *names);
    if (!names) return CAPAS_NO_MEMORY;
    for (int i = 0; i < model->layer_count; i++)
        names[i] = model->layers[i]->name;
    const char *nearest = capas_nearest_name(name, names, (size_t)model->layer_count);
    capas_status status = capas_fail(
        CAPAS_UNKNOWN_NAME,
        "fit: a callback wants the output of \"%s\", but the model has no such layer%s%s%s", name,
        nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
    capas_release(names);
    return status;
}

/* The one use of a layer. */
static capas_status find_use(const capas_model *model, const char *name, int *use)
{
    int count = 0;
    for (int i = 0; i < model->use_count; i++) {
        if (strcmp(model->layers[model->uses[i].layer]->name, name) != 0) continue;
        *use = i;
        count++;
    }
    if (count == 0) return fail_name(model, name);
    if (count == 1) return CAPAS_OK;
    return capas_fail(CAPAS_UNSUPPORTED,
                      "fit: a callback wants the output of layer %s, which is used %d times; ask "
                      "for that of a layer behind it",
                      name, count);
}

static capas_status add(capas_watch *watch, const capas_model *model, const char *name)
{
    if (!name)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "fit: a callback wants the output of no layer");
    if (capas_watch_find(watch, name) >= 0) return CAPAS_OK;
    if (watch->count == CAPAS_PLAN_WATCHED)
        return capas_fail(CAPAS_UNSUPPORTED,
                          "fit: callbacks want the outputs of more than %d layers",
                          CAPAS_PLAN_WATCHED);
    CAPAS_TRY(find_use(model, name, &watch->uses[watch->count]));
    watch->names[watch->count++] = name;
    return CAPAS_OK;
}

capas_status capas_watch_gather(capas_watch *watch, const capas_model *model,
                                const capas_callback *const *callbacks, int count)
{
    watch->count = 0;
    for (int i = 0; callbacks && i < count; i++)
        for (int k = 0; callbacks[i] && k < callbacks[i]->tensor_count; k++)
            CAPAS_TRY(add(watch, model, callbacks[i]->tensors[k]));
    return CAPAS_OK;
}

void capas_watch_options(const capas_watch *watch, capas_plan_options *options)
{
    for (int i = 0; i < watch->count; i++)
        options->watched[i] = watch->uses[i] + 1;
}

capas_status capas_watch_check(const capas_watch *watch, const capas_plan *plan)
{
    for (int i = 0; i < watch->count; i++) {
        const char *into = capas_plan_watched_into(plan, i);
        if (into)
            return capas_fail(CAPAS_UNSUPPORTED,
                              "fit: a callback wants the output of layer %s, which is nowhere: it "
                              "is computed together with layer %s; ask for the output of that",
                              watch->names[i], into);
    }
    return CAPAS_OK;
}
