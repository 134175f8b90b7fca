/* Calling callbacks, and what they may ask and do. */
#include "training/hooks.h"
#include "base/memory.h"
#include "training/step.h"
#include "training/trainer.h"
#include <math.h>
#include <stdio.h>

capas_status capas_training_gather(capas_training *training, const capas_callback *const *callbacks,
                                   int count, const capas_callback *const *extra, int extra_count,
                                   const char *where)
{
    if (count < 0 || (count > 0 && !callbacks))
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: %d callbacks were given", where, count);
    training->callback_count = 0;
    training->callbacks =
        capas_allocate((size_t)(count + extra_count), sizeof *training->callbacks);
    if (!training->callbacks) return CAPAS_NO_MEMORY;
    for (int i = 0; i < count; i++)
        if (callbacks[i]) training->callbacks[training->callback_count++] = callbacks[i];
    for (int i = 0; i < extra_count; i++)
        if (extra[i]) training->callbacks[training->callback_count++] = extra[i];
    return CAPAS_OK;
}

void capas_training_release(capas_training *training)
{
    capas_release(training->callbacks);
    training->callbacks = NULL;
}

/* A user's hook may return a status without leaving a sentence. */
static capas_status failed(capas_status status, const char *hook)
{
    if (capas_error_status() == status) return status;
    return capas_fail(status, "callback: %s returned %s (%s)", hook, capas_status_name(status),
                      capas_status_meaning(status));
}

/* Calls one hook of every callback that has it. A macro, as a hook is a member of one of two types.
 */
#define CALL_EACH(hook, ...)                                                                       \
    do {                                                                                           \
        for (int i = 0; i < training->callback_count; i++) {                                       \
            const capas_callback *callback = training->callbacks[i];                               \
            if (!callback->hook) continue;                                                         \
            capas_status status = callback->hook(callback->context, training, __VA_ARGS__);        \
            if (status != CAPAS_OK) return failed(status, #hook);                                  \
        }                                                                                          \
        return CAPAS_OK;                                                                           \
    } while (0)

capas_status capas_hook_train_begin(capas_training *training, capas_logs *logs)
{
    CALL_EACH(on_train_begin, logs);
}

capas_status capas_hook_train_end(capas_training *training, capas_logs *logs)
{
    CALL_EACH(on_train_end, logs);
}

capas_status capas_hook_epoch_begin(capas_training *training, capas_logs *logs)
{
    CALL_EACH(on_epoch_begin, training->epoch, logs);
}

capas_status capas_hook_epoch_end(capas_training *training, capas_logs *logs)
{
    CALL_EACH(on_epoch_end, training->epoch, logs);
}

capas_status capas_hook_train_batch_begin(capas_training *training, int64_t batch, capas_logs *logs)
{
    CALL_EACH(on_train_batch_begin, batch, logs);
}

capas_status capas_hook_train_batch_end(capas_training *training, int64_t batch, capas_logs *logs)
{
    CALL_EACH(on_train_batch_end, batch, logs);
}

capas_status capas_hook_test_begin(capas_training *training, capas_logs *logs)
{
    CALL_EACH(on_test_begin, logs);
}

capas_status capas_hook_test_end(capas_training *training, capas_logs *logs)
{
    CALL_EACH(on_test_end, logs);
}

capas_status capas_hook_test_batch_begin(capas_training *training, int64_t batch, capas_logs *logs)
{
    CALL_EACH(on_test_batch_begin, batch, logs);
}

capas_status capas_hook_test_batch_end(capas_training *training, int64_t batch, capas_logs *logs)
{
    CALL_EACH(on_test_batch_end, batch, logs);
}

/* Only those that remember something are counted, so that others may come and go. */
static capas_state next_part(const capas_state *state, int *number)
{
    char name[32];
    snprintf(name, sizeof name, "callback/%d", (*number)++);
    return capas_state_part(state, name);
}

capas_status capas_hook_save_state(const capas_training *training, capas_state *state)
{
    int number = 0;
    for (int i = 0; i < training->callback_count; i++) {
        const capas_callback *callback = training->callbacks[i];
        if (!callback->save_state) continue;
        capas_state part = next_part(state, &number);
        capas_status status = callback->save_state(callback->context, &part);
        if (status != CAPAS_OK) return failed(status, "save_state");
    }
    return CAPAS_OK;
}

capas_status capas_hook_load_state(const capas_training *training, const capas_state *state)
{
    int number = 0;
    for (int i = 0; i < training->callback_count; i++) {
        const capas_callback *callback = training->callbacks[i];
        if (!callback->save_state) continue;
        const capas_state part = next_part(state, &number);
        if (!callback->load_state) continue;
        capas_status status = callback->load_state(callback->context, &part);
        if (status != CAPAS_OK) return failed(status, "load_state");
    }
    return CAPAS_OK;
}

capas_model *capas_training_model(capas_training *training)
{
    return training->model;
}

int capas_training_epoch(const capas_training *training)
{
    return training->epoch;
}

int capas_training_epochs(const capas_training *training)
{
    return training->epochs;
}

int64_t capas_training_steps(const capas_training *training)
{
    return training->steps;
}

int64_t capas_training_samples(const capas_training *training)
{
    return training->samples;
}

capas_status capas_training_tensor(const capas_training *training, const char *layer,
                                   capas_tensor *tensor)
{
    const capas_stepper *stepper = training->stepper;
    int number = stepper ? capas_watch_find(&stepper->extras.watch, layer) : -1;
    if (number < 0 || !tensor)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "callback: the output of layer %s was not asked for: name it in the "
                          "callback's tensors",
                          layer ? layer : "(none)");
    const capas_use *use = &stepper->model->uses[stepper->extras.watch.uses[number]];
    int samples;
    tensor->data = capas_run_watched(stepper->run, number, &samples);
    tensor->element = use->element;
    tensor->shape = use->output;
    tensor->shape.dims[0] = samples;
    return CAPAS_OK;
}

void capas_training_stop(capas_training *training)
{
    training->stop = true;
}

void capas_training_interrupt(capas_training *training)
{
    training->interrupted = true;
}

double capas_training_learning_rate(const capas_training *training)
{
    return capas_optimizer_rate(training->model->trainer);
}

capas_status capas_training_set_learning_rate(capas_training *training, double learning_rate)
{
    if (!isfinite(learning_rate) || learning_rate < 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "learning_rate must be a number of at least 0, found %.9g",
                          learning_rate);
    if (capas_optimizer_has_schedule(training->model->trainer))
        return capas_fail(
            CAPAS_WRONG_STATE,
            "the learning rate cannot be set: it comes from the optimizer's schedule");
    training->model->trainer->learning_rate = (double)(float)learning_rate;
    return CAPAS_OK;
}
