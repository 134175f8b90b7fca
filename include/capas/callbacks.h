/* Callbacks: Keras's hooks, called while capas_fit, capas_evaluate or capas_predict runs. */
#ifndef CAPAS_CALLBACKS_H
#define CAPAS_CALLBACKS_H

#include <capas/model.h>

CAPAS_BEGIN

/* The numbers of a batch or epoch, sorted by name as Keras 3 has them: accuracy, loss, val_accuracy,
 * val_loss. A callback may add to them in on_epoch_end with capas_logs_set; what it adds is shown and stays in
 * the history. */
typedef struct capas_logs capas_logs;
CAPAS_API int capas_logs_count(const capas_logs *logs);
CAPAS_API const char *capas_logs_name(const capas_logs *logs, int index);
CAPAS_API double capas_logs_value(const capas_logs *logs, int index);
/* NaN when there is none of that name. */
CAPAS_API double capas_logs_get(const capas_logs *logs, const char *name);
CAPAS_API capas_status capas_logs_set(capas_logs *logs, const char *name, double value);

/* What a hook may see and do. */
typedef struct capas_training capas_training;
CAPAS_API capas_model *capas_training_model(capas_training *training);
CAPAS_API int capas_training_epoch(const capas_training *training);  /* from 0 */
CAPAS_API int capas_training_epochs(const capas_training *training); /* the last + 1 */
CAPAS_API int64_t capas_training_steps(const capas_training *training); /* an epoch; CAPAS_ANY: unknown */
CAPAS_API void capas_training_stop(capas_training *training);        /* Keras's stop_training = True */
CAPAS_API double capas_training_learning_rate(const capas_training *training);
CAPAS_API capas_status capas_training_set_learning_rate(capas_training *training, double learning_rate);

/* Each hook may be NULL. A hook that returns other than CAPAS_OK ends the call with that status. Batches and
 * epochs count from 0. `context` is the callback's own. */
typedef struct capas_callback {
    void *context;
    capas_status (*on_train_begin)(void *context, capas_training *training, capas_logs *logs);
    capas_status (*on_train_end)(void *context, capas_training *training, capas_logs *logs);
    capas_status (*on_epoch_begin)(void *context, capas_training *training, int epoch, capas_logs *logs);
    capas_status (*on_epoch_end)(void *context, capas_training *training, int epoch, capas_logs *logs);
    capas_status (*on_train_batch_begin)(void *context, capas_training *training, int64_t batch,
                                         capas_logs *logs);
    capas_status (*on_train_batch_end)(void *context, capas_training *training, int64_t batch,
                                       capas_logs *logs);
    capas_status (*on_test_begin)(void *context, capas_training *training, capas_logs *logs);
    capas_status (*on_test_end)(void *context, capas_training *training, capas_logs *logs);
    capas_status (*on_test_batch_begin)(void *context, capas_training *training, int64_t batch,
                                        capas_logs *logs);
    capas_status (*on_test_batch_end)(void *context, capas_training *training, int64_t batch,
                                      capas_logs *logs);
    capas_status (*on_predict_begin)(void *context, capas_training *training, capas_logs *logs);
    capas_status (*on_predict_end)(void *context, capas_training *training, capas_logs *logs);
    capas_status (*on_predict_batch_end)(void *context, capas_training *training, int64_t batch,
                                         capas_logs *logs);
} capas_callback;

/* Keras's progress lines (keras-semantics 5.2) on a stream: verbose 1 a bar that is redrawn, 2 a line an
 * epoch. `stream` is a FILE * (stderr, stdout), passed as void * to keep stdio out of this header. Made by
 * capas, freed with capas_progress_free. fit itself prints nothing: this is the reporter to give it. */
CAPAS_API capas_callback *capas_progress_new(void *stream, int verbose);
CAPAS_API void capas_progress_free(capas_callback *progress);

CAPAS_END

#endif
