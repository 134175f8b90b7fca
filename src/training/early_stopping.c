/* EarlyStopping, with Keras 3's rules to the letter: the first value always improves; an
 * improvement gives new patience only when it also beats the baseline; patience 0 stops at the
 * first epoch without improvement, but never at epoch 0; the best weights are restored also when
 * nothing stopped; numbers are compared in float32. */
#include "training/early_stopping.h"
#include "base/memory.h"
#include "training/hooks.h"
#include "training/trainer.h"
#include <math.h>
#include <string.h>

typedef struct early_stopping {
    capas_callback callback; /* first: what the user holds */
    capas_early_stopping_options options;
    char *monitor;
    bool larger_is_better, mode_known, has_best, warned;
    double best;
    int wait, best_epoch, stopped_epoch;
    float *best_weights; /* the model's block; NULL until there is a best */
} early_stopping;

/* A text that belongs to whoever gave it. */
static void resolve_text(const capas_option *option, void *field)
{
    const char **text = field;
    if (!*text) *text = option->words[0];
}

static capas_status read_text(const capas_option *option, const capas_value *value, void *field)
{
    char found[96];
    (void)option;
    if (value->kind != CAPAS_VALUE_STRING || !*value->string)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "a name like val_loss, found %s",
                          capas_value_describe(value, found, sizeof found));
    *(const char **)field = value->string;
    return CAPAS_OK;
}

static capas_value *write_text(const capas_option *option, const void *field)
{
    (void)option;
    return capas_value_string(*(const char *const *)field);
}

static const capas_option_kind text_kind = {"a name", resolve_text, NULL, read_text, write_text};
static const char *const standard_monitor[] = {"val_loss", NULL};
static const char *const modes[] = {"auto", "min", "max", NULL};

#define FIELD(name) offsetof(capas_early_stopping_options, name)
static const capas_option options[] = {
    {.name = "monitor",
     .kind = &text_kind,
     .offset = FIELD(monitor),
     .words = standard_monitor,
     .help = "the number that is watched"},
    {.name = "min_delta",
     .kind = &capas_option_real,
     .offset = FIELD(min_delta),
     .help = "less does not count as improvement"},
    {.name = "patience",
     .kind = &capas_option_integer,
     .offset = FIELD(patience),
     .maximum = HUGE_VAL,
     .help = "epochs without improvement that are borne"},
    {.name = "verbose",
     .kind = &capas_option_integer,
     .offset = FIELD(verbose),
     .maximum = 2,
     .help = "1: says when it stops or restores"},
    {.name = "mode",
     .kind = &capas_option_enum,
     .offset = FIELD(mode),
     .standard = CAPAS_MONITOR_AUTO,
     .words = modes,
     .help = "whether smaller or larger is better"},
    {.name = "baseline",
     .kind = &capas_option_real,
     .offset = FIELD(baseline),
     .standard = CAPAS_NONE,
     .nullable = true,
     .help = "only what is better gives new patience"},
    {.name = "restore_best_weights",
     .kind = &capas_option_bool,
     .offset = FIELD(restore_best_weights),
     .help = "in the end the weights of the best epoch"},
    {.name = "start_from_epoch",
     .kind = &capas_option_integer,
     .offset = FIELD(start_from_epoch),
     .maximum = HUGE_VAL,
     .help = "epochs before it are passed over"},
};

const capas_option_table capas_early_stopping_table = {
    "EarlyStopping", options, CAPAS_COUNT(options), sizeof(capas_early_stopping_options)};

static void forget_weights(early_stopping *state)
{
    capas_release(state->best_weights);
    state->best_weights = NULL;
}

static capas_status begin(void *context, capas_training *training, capas_logs *logs)
{
    early_stopping *state = context;
    (void)training;
    (void)logs;
    state->wait = state->best_epoch = state->stopped_epoch = 0;
    state->has_best = state->mode_known = state->warned = false;
    forget_weights(state);
    return CAPAS_OK;
}

static bool is_metric(const capas_model *model, const char *name)
{
    const capas_trainer *trainer = model->trainer;
    for (int i = 0; trainer && i < trainer->metric_count; i++)
        if (strcmp(trainer->metric_names[i], name) == 0) return true;
    return false;
}

/* All compiled metrics so far are better when they are larger. */
static capas_status choose_mode(early_stopping *state, const capas_model *model)
{
    const char *name = state->monitor;
    if (strncmp(name, "val_", 4) == 0) name += 4;
    state->mode_known = true;
    state->larger_is_better = state->options.mode == CAPAS_MONITOR_MAX;
    if (state->options.mode != CAPAS_MONITOR_AUTO || strcmp(name, "loss") == 0) return CAPAS_OK;
    state->larger_is_better = is_metric(model, name);
    if (state->larger_is_better) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "EarlyStopping: whether %s should become smaller or larger is not known; say "
                      "mode \"min\" or \"max\"",
                      state->monitor);
}

static bool is_improvement(const early_stopping *state, double value, double than)
{
    double least = fabs(state->options.min_delta);
    return state->larger_is_better ? (float)(value - least) > (float)than
                                   : (float)(value + least) < (float)than;
}

static capas_status keep_weights(early_stopping *state, const capas_model *model)
{
    size_t size = (size_t)model->value_count * sizeof(float);
    if (!state->options.restore_best_weights) return CAPAS_OK;
    if (!state->best_weights) state->best_weights = capas_allocate(size, 1);
    if (!state->best_weights) return capas_fail_in("EarlyStopping: keeping the best weights");
    memcpy(state->best_weights, model->values, size);
    return CAPAS_OK;
}

static capas_status take_best(early_stopping *state, const capas_model *model, int epoch,
                              double value)
{
    const capas_early_stopping_options *options = &state->options;
    bool beats_baseline =
        options->baseline == CAPAS_NONE || is_improvement(state, value, options->baseline);
    state->best = value;
    state->has_best = true;
    state->best_epoch = epoch;
    if (beats_baseline) state->wait = 0;
    return keep_weights(state, model);
}

static void warn_missing(early_stopping *state, const capas_logs *logs)
{
    const char *example = capas_logs_count(logs) > 0 ? capas_logs_name(logs, 0) : "nothing";
    if (!state->warned)
        capas_warn("EarlyStopping watches %s, which this training does not have (it has %s%s); it "
                   "will not stop",
                   state->monitor, example, capas_logs_count(logs) > 1 ? " and others" : "");
    state->warned = true;
}

static bool has_log(const capas_logs *logs, const char *name)
{
    for (int i = 0; i < capas_logs_count(logs); i++)
        if (strcmp(capas_logs_name(logs, i), name) == 0) return true;
    return false;
}

static capas_status end_epoch(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    early_stopping *state = context;
    const capas_model *model = capas_training_model(training);
    if (!state->mode_known) CAPAS_TRY(choose_mode(state, model));
    if (!has_log(logs, state->monitor)) {
        warn_missing(state, logs);
        return CAPAS_OK;
    }
    if (epoch < state->options.start_from_epoch) return CAPAS_OK;
    double value = capas_logs_get(logs, state->monitor);
    if (!state->best_weights) CAPAS_TRY(keep_weights(state, model));
    state->wait++;
    if (!state->has_best || is_improvement(state, value, state->best))
        return take_best(state, model, epoch, value);
    if (state->wait < state->options.patience || epoch == 0) return CAPAS_OK;
    state->stopped_epoch = epoch;
    capas_training_stop(training);
    return CAPAS_OK;
}

static capas_status end(void *context, capas_training *training, capas_logs *logs)
{
    early_stopping *state = context;
    capas_model *model = capas_training_model(training);
    (void)logs;
    bool speaks = state->options.verbose > 0;
    if (state->stopped_epoch > 0 && speaks)
        capas_note("Epoch %d: early stopping", state->stopped_epoch + 1);
    if (!state->best_weights) return CAPAS_OK;
    if (speaks)
        capas_note("Restoring model weights from the end of the best epoch: %d.",
                   state->best_epoch + 1);
    memcpy(model->values, state->best_weights, (size_t)model->value_count * sizeof(float));
    capas_model_touch(model);
    forget_weights(state);
    return CAPAS_OK;
}

/* From resolved options. */
static capas_callback *make(const capas_early_stopping_options *resolved)
{
    early_stopping *state = capas_allocate_zeroed(1, sizeof *state);
    if (!state) return NULL;
    state->options = *resolved;
    state->monitor = capas_copy_string(resolved->monitor);
    state->callback = (capas_callback){
        .context = state, .on_train_begin = begin, .on_epoch_end = end_epoch, .on_train_end = end};
    if (state->monitor) return &state->callback;
    capas_early_stopping_free(&state->callback);
    return NULL;
}

capas_callback *capas_early_stopping_with(const capas_early_stopping_options *given)
{
    capas_early_stopping_options own = {.struct_size = sizeof own};
    if (capas_copy_options(&own, sizeof own, given, "EarlyStopping") != CAPAS_OK) return NULL;
    if (capas_options_resolve(&capas_early_stopping_table, &own, "EarlyStopping") != CAPAS_OK)
        return NULL;
    return make(&own);
}

capas_callback *capas_early_stopping_read(const capas_value *map, const char *where)
{
    capas_early_stopping_options own = {.struct_size = sizeof own};
    if (capas_options_resolve(&capas_early_stopping_table, &own, where) != CAPAS_OK) return NULL;
    if (capas_options_read(&capas_early_stopping_table, &own, map, where) != CAPAS_OK) return NULL;
    return make(&own);
}

void capas_early_stopping_free(capas_callback *callback)
{
    if (!callback) return;
    early_stopping *state = callback->context;
    capas_release(state->monitor);
    capas_release(state->best_weights);
    capas_release(state);
}

int capas_early_stopping_epoch(const capas_callback *callback)
{
    return callback ? ((const early_stopping *)callback->context)->stopped_epoch : 0;
}
