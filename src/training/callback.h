/* What the callbacks that capas itself has share: made from an option struct or from a recipe's map
 * by one table, freed by one function, and the kinds of option that only they have. A new one is a
 * file with a capas_callback_type, and a line in the list of recipe/callbacks.c. */
#ifndef CAPAS_TRAINING_CALLBACK_H
#define CAPAS_TRAINING_CALLBACK_H

#include "base/option.h"
#include "training/trainer.h"
#include <capas/callbacks.h>
#include <stdbool.h>

typedef struct capas_callback_type {
    capas_option_table table; /* its owner is Keras's class */
    size_t size;              /* of what make gets to fill: it begins with a capas_own_callback */
    /* Fills zeroed memory from checked options, whose texts are borrowed; on failure close is
     * called too. `where` starts sentences. */
    capas_status (*make)(void *own, const void *options, const char *where);
    void (*close)(void *own); /* releases what it holds; NULL: nothing */
} capas_callback_type;

typedef struct capas_own_callback {
    capas_callback callback; /* first: what the user holds; its context is the whole */
    const capas_callback_type *type;
    bool decides; /* by a number of the logs: whose data that is matters */
} capas_own_callback;

extern const capas_callback_type capas_early_stopping_type, capas_reduce_lr_on_plateau_type,
    capas_learning_rate_scheduler_type, capas_terminate_on_nan_type, capas_model_checkpoint_type,
    capas_csv_logger_type, capas_logging_tensor_type, capas_backup_and_restore_type,
    capas_swap_ema_weights_type;

/* From options as a program writes them, or a recipe's map (NULL: none are said). NULL on failure;
 * capas_callback_free frees it. */
capas_callback *capas_callback_with(const capas_callback_type *type, const void *given);
capas_callback *capas_callback_read(const capas_callback_type *type, const capas_value *map,
                                    const char *where);

/* A whole number of at least 0 from a saved state. */
capas_status capas_callback_get_integer(const capas_state *state, const char *name, int *value);

/* A text that belongs to whoever gave it: const char *, with words[0] as default if there are
 * words. For the name of a number in the logs, and for a path. */
extern const capas_option_kind capas_option_name, capas_option_path;
/* int64_t: batches; 0 for Keras's 'epoch'. */
extern const capas_option_kind capas_option_freq;
extern const char *const capas_monitor_words[], *const capas_monitor_modes[];

/* Rows that several have. */
#define CAPAS_MONITOR_ROW(type)                                                                    \
    {                                                                                              \
        .name = "monitor", .kind = &capas_option_name, .offset = offsetof(type, monitor),          \
        .words = capas_monitor_words, .help = "the number that is watched"                         \
    }
#define CAPAS_MODE_ROW(type)                                                                       \
    {                                                                                              \
        .name = "mode", .kind = &capas_option_enum, .offset = offsetof(type, mode),                \
        .standard = CAPAS_MONITOR_AUTO, .words = capas_monitor_modes,                              \
        .help = "whether smaller or larger is better"                                              \
    }
#define CAPAS_VERBOSE_ROW(type)                                                                    \
    {                                                                                              \
        .name = "verbose", .kind = &capas_option_integer, .offset = offsetof(type, verbose),       \
        .maximum = 2, .help = "1: a note in the log of what it does"                               \
    }

#endif
