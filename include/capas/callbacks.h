/* Callbacks: Keras's hooks, called while capas_fit, capas_evaluate or capas_predict runs. */
#ifndef CAPAS_CALLBACKS_H
#define CAPAS_CALLBACKS_H

#include <capas/model.h>
#include <capas/options.h>
#include <capas/schedules.h>
#include <capas/state.h>

CAPAS_BEGIN

/* The numbers of a batch or epoch, sorted by name as Keras 3 has them: accuracy, loss,
 * val_accuracy, val_loss. A callback may add to them in on_epoch_end with capas_logs_set; what it
 * adds is shown and stays in the history. */
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
CAPAS_API int64_t
capas_training_steps(const capas_training *training); /* an epoch; CAPAS_ANY: unknown */
CAPAS_API int64_t
capas_training_samples(const capas_training *training); /* trained on since the training began */
CAPAS_API void capas_training_stop(capas_training *training); /* Keras's stop_training = True */
/* Ends the training as a kill would, for Ctrl-C: after the batch or epoch a checkpoint is written
 * where there is a BackupAndRestore, and capas_fit returns CAPAS_INTERRUPTED. No on_train_end is
 * called. The model can be used and saved as it is, and the history is given. */
CAPAS_API void capas_training_interrupt(capas_training *training);
CAPAS_API double capas_training_learning_rate(const capas_training *training);
CAPAS_API capas_status capas_training_set_learning_rate(capas_training *training,
                                                        double learning_rate);

/* A callback is this struct: one of your own needs nothing else, and so stands for Keras's
 * LambdaCallback too. Each hook may be NULL. A hook that returns other than CAPAS_OK ends the call
 * with that status. Batches and epochs count from 0. `context` is the callback's own. */
typedef struct capas_callback {
    void *context;
    capas_status (*on_train_begin)(void *context, capas_training *training, capas_logs *logs);
    capas_status (*on_train_end)(void *context, capas_training *training, capas_logs *logs);
    capas_status (*on_epoch_begin)(void *context, capas_training *training, int epoch,
                                   capas_logs *logs);
    capas_status (*on_epoch_end)(void *context, capas_training *training, int epoch,
                                 capas_logs *logs);
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
    /* What must be known to go on after a kill (capas/state.h): save_state tells it after any batch
     * or epoch, load_state takes it back, after on_train_begin and, in the middle of an epoch,
     * on_epoch_begin. A callback that remembers something from one hook to the next needs both. */
    capas_status (*save_state)(void *context, capas_state *state);
    capas_status (*load_state)(void *context, const capas_state *state);
    /* Layers whose outputs it may see with capas_training_tensor, by name; `tensor_count` of them.
     */
    const char *const *tensors;
    int tensor_count;
} capas_callback;

/* In on_train_batch_end: the output of a layer, as the batch made it, one of those that the
 * callback named in `tensors`. [samples of the batch, ...]; borrowed, until the hook returns. That
 * it is asked for takes memory and changes no bit of the training. Where capas computes a layer
 * together with the one behind it (a convolution with its activation or pooling), the output
 * between is nowhere: capas_fit refuses it at its start and says which to ask for. */
CAPAS_API capas_status capas_training_tensor(const capas_training *training, const char *layer,
                                             capas_tensor *tensor);

/* Keras's progress lines (keras-semantics 5.2) on a stream: verbose 1 a bar that is redrawn, 2 a
 * line an epoch. `stream` is a FILE * (stderr, stdout), passed as void * to keep stdio out of this
 * header. Made by capas, freed with capas_progress_free. fit itself prints nothing: this is the
 * reporter to give it. */
CAPAS_API capas_callback *capas_progress_new(void *stream, int verbose);
CAPAS_API void capas_progress_free(capas_callback *progress);

/* Whether a monitored number is better when it is smaller or larger. Auto: a loss smaller, a
 * compiled metric as it is meant; another name is a failure. */
typedef enum capas_monitor_mode {
    CAPAS_MONITOR_AUTO = 1,
    CAPAS_MONITOR_MIN,
    CAPAS_MONITOR_MAX
} capas_monitor_mode;

/* Keras's own callbacks follow (keras-semantics 6.1). Say what is left out as in capas/options.h.
 * Each is made by capas (NULL on failure), given to capas_fit, and freed by you with
 * capas_callback_free. It may be used for several trainings, one after the other. What Keras prints
 * when verbose is 1 goes as a note to the log (capas_set_log). */
CAPAS_API void capas_callback_free(capas_callback *callback); /* NULL: nothing */

/* EarlyStopping(monitor): ends the training when a number has stopped improving. */
typedef struct capas_early_stopping_options {
    size_t struct_size;
    const char *monitor;      /* default: val_loss */
    double min_delta;         /* less does not count as improvement; default: 0 */
    int patience;             /* epochs without improvement that are borne; default: 0 */
    int verbose;              /* 1: a note in the log when it stops or restores; default: 0 */
    capas_monitor_mode mode;  /* default: auto */
    double baseline;          /* only what is better than this gives new patience; default: None */
    int restore_best_weights; /* in the end the weights of the best epoch; default: false */
    int start_from_epoch;     /* epochs before it are passed over; default: 0 */
} capas_early_stopping_options;
CAPAS_API capas_callback *capas_early_stopping_with(const capas_early_stopping_options *options);
#define capas_early_stopping(...)                                                                  \
    capas_early_stopping_with(&(capas_early_stopping_options){                                     \
        .struct_size = sizeof(capas_early_stopping_options), __VA_ARGS__})
/* The epoch (from 0) at whose end it stopped the last training; 0: it did not stop it. */
CAPAS_API int capas_early_stopping_epoch(const capas_callback *early_stopping);

/* ReduceLROnPlateau(monitor): a smaller learning rate when a number has stopped improving. Adds
 * learning_rate to the logs. */
typedef struct capas_reduce_lr_on_plateau_options {
    size_t struct_size;
    const char *monitor;     /* default: val_loss */
    double factor;           /* new rate = rate * factor; below 1; default: 0.1 */
    int patience;            /* epochs without improvement that are borne; default: 10 */
    int verbose;             /* default: 0 */
    capas_monitor_mode mode; /* default: auto */
    double min_delta;        /* less does not count as improvement; default: 0.0001 */
    int cooldown;            /* epochs after a reduction that do not count; default: 0 */
    double min_lr;           /* the rate does not go below; default: 0 */
} capas_reduce_lr_on_plateau_options;
CAPAS_API capas_callback *capas_reduce_lr_on_plateau_with(
    const capas_reduce_lr_on_plateau_options *options);
#define capas_reduce_lr_on_plateau(...)                                                            \
    capas_reduce_lr_on_plateau_with(&(capas_reduce_lr_on_plateau_options){                         \
        .struct_size = sizeof(capas_reduce_lr_on_plateau_options), __VA_ARGS__})

/* ModelCheckpoint(filepath): saves the model, or with save_weights_only its weights, while it is
 * trained. In the filepath {epoch} (from 1), {batch} and every number of the logs may stand, with
 * Python's formats: "runs/{epoch:02d}-{val_loss:.2f}.keras". Its folder is made. A file that cannot
 * be written ends the training. */
typedef struct capas_model_checkpoint_options {
    size_t struct_size;
    const char *filepath; /* the macro's; ends in .keras, or .weights.h5 for weights */
    const char *monitor;  /* default: val_loss */
    int verbose;          /* default: 0 */
    int save_best_only;   /* only when the monitored number has improved; default: false */
    int save_weights_only;
    capas_monitor_mode mode;        /* default: auto */
    int64_t save_freq;              /* after so many batches; default (0): after each epoch */
    double every_seconds;           /* also after so much time, at a batch's end; default (0): no */
    double initial_value_threshold; /* only what is better is the best; default: None */
} capas_model_checkpoint_options;
CAPAS_API capas_callback *capas_model_checkpoint_with(
    const char *filepath, const capas_model_checkpoint_options *options);
#define capas_model_checkpoint(filepath, ...)                                                      \
    capas_model_checkpoint_with(                                                                   \
        (filepath), &(capas_model_checkpoint_options){                                             \
                        .struct_size = sizeof(capas_model_checkpoint_options), __VA_ARGS__})

/* CSVLogger(filename): a line for each epoch with the numbers of its logs, as Keras writes it:
 * epochs count from 0, columns are sorted, lines end with \r\n. Callbacks that add to the logs come
 * before it. The file's folder is made. */
typedef struct capas_csv_logger_options {
    size_t struct_size;
    const char *filename;  /* the macro's */
    const char *separator; /* one character; default: "," */
    int append;            /* behind what is in the file already; default: false */
} capas_csv_logger_options;
CAPAS_API capas_callback *capas_csv_logger_with(const char *filename,
                                                const capas_csv_logger_options *options);
#define capas_csv_logger(filename, ...)                                                            \
    capas_csv_logger_with(                                                                         \
        (filename),                                                                                \
        &(capas_csv_logger_options){.struct_size = sizeof(capas_csv_logger_options), __VA_ARGS__})

/* LoggingTensor(tensors), TensorFlow 1's LoggingTensorHook: outputs of layers after the first step
 * and then every so many steps, for a function or as text into a file, or both. In the file more
 * than 1000 numbers are shortened as NumPy does, and there are no times, so that equal trainings
 * write equal files. See capas_training_tensor for what can be seen. */
enum { CAPAS_LOGGED_TENSORS = 8 };
typedef capas_status capas_tensor_function(void *context, int64_t step, const char *layer,
                                           const capas_tensor *tensor);
typedef struct capas_logging_tensor_options {
    size_t struct_size;
    const char *tensors[CAPAS_LOGGED_TENSORS]; /* names of layers; required */
    int every_n_iter;                          /* default: 100 */
    capas_tensor_function *function;           /* steps count from 1, since compile */
    void *context;                             /* for it */
    const char *filename;                      /* its folder is made; default: none */
    int append;                                /* behind what is in it already; default: false */
} capas_logging_tensor_options;
CAPAS_API capas_callback *capas_logging_tensor_with(const capas_logging_tensor_options *options);
#define capas_logging_tensor(...)                                                                  \
    capas_logging_tensor_with(&(capas_logging_tensor_options){                                     \
        .struct_size = sizeof(capas_logging_tensor_options), __VA_ARGS__})

/* LearningRateScheduler(schedule): the learning rate of each epoch, from a function (of the epoch,
 * from 0, and the rate so far) or from a schedule of which an epoch is one step. Adds learning_rate
 * to the logs. */
typedef double capas_learning_rate_function(void *context, int epoch, double learning_rate);
typedef struct capas_learning_rate_scheduler_options {
    size_t struct_size;
    capas_learning_rate_function *function; /* this ... */
    void *context;                          /* for it */
    capas_schedule schedule;                /* ... or this */
    int verbose;                            /* default: 0 */
} capas_learning_rate_scheduler_options;
CAPAS_API capas_callback *capas_learning_rate_scheduler_with(
    const capas_learning_rate_scheduler_options *options);
#define capas_learning_rate_scheduler(...)                                                         \
    capas_learning_rate_scheduler_with(&(capas_learning_rate_scheduler_options){                   \
        .struct_size = sizeof(capas_learning_rate_scheduler_options), __VA_ARGS__})

/* TerminateOnNaN: a loss or weight that is no longer finite ends the training quietly, with the
 * weights as they are. Without it capas_fit fails then, and says the likely cause. */
typedef struct capas_terminate_on_nan_options {
    size_t struct_size;
    int raise_error; /* fails all the same; default: false */
} capas_terminate_on_nan_options;
CAPAS_API capas_callback *capas_terminate_on_nan_with(
    const capas_terminate_on_nan_options *options);
#define capas_terminate_on_nan(...)                                                                \
    capas_terminate_on_nan_with(&(capas_terminate_on_nan_options){                                 \
        .struct_size = sizeof(capas_terminate_on_nan_options), __VA_ARGS__})

/* SwapEMAWeights: with an optimizer that has use_ema (others are refused), validation and
 * evaluation see the moving averages of the weights. With swap_on_epoch the averages also stay
 * in the model from the end of an epoch to the beginning of the next, so that a ModelCheckpoint
 * behind it in the list saves them; such a file has the weights proper where the optimizer keeps
 * its averages, as Keras's has. */
typedef struct capas_swap_ema_weights_options {
    size_t struct_size;
    int swap_on_epoch; /* default: false */
} capas_swap_ema_weights_options;
CAPAS_API capas_callback *capas_swap_ema_weights_with(
    const capas_swap_ema_weights_options *options);
#define capas_swap_ema_weights(...)                                                                \
    capas_swap_ema_weights_with(&(capas_swap_ema_weights_options){                                 \
        .struct_size = sizeof(capas_swap_ema_weights_options), __VA_ARGS__})

/* BackupAndRestore(backup_dir): a training that is killed at any moment goes on when the same
 * capas_fit is called again (same data, options and seed, a model made alike), to the same bits as
 * if it had not been (docs/resume.md). Checkpoints lie in `backup_dir`, which is made; each is
 * written beside and renamed. One of another training is refused with a sentence that names what
 * differs. A checkpoint that cannot be written is a warning and the training goes on; one that is
 * damaged is passed over for the one before (double_checkpoint), or ends the call.
 *
 * Its place among the callbacks does not matter: it restores after every on_train_begin and saves
 * after all hooks. */
typedef struct capas_backup_and_restore_options {
    size_t struct_size;
    const char *backup_dir; /* must be said */
    int64_t save_freq;      /* batches between checkpoints; default: 0, at each epoch's end */
    double every_seconds;   /* also whenever so much time went by; default: 0, never */
    double largest_share;   /* of the time that checkpoints may take: one that would take more waits
                               for the next epoch's end or the next second; the last epoch's is
                               written all the same; default: 1 */
    int double_checkpoint;  /* keeps the one before the newest too; default: false */
    int delete_checkpoint;  /* removes them, and an empty folder, when the training has come to its
                               end; default: true */
} capas_backup_and_restore_options;
CAPAS_API capas_callback *capas_backup_and_restore_with(
    const capas_backup_and_restore_options *options);
#define capas_backup_and_restore(folder, ...)                                                      \
    capas_backup_and_restore_with(&(capas_backup_and_restore_options){                             \
        .struct_size = sizeof(capas_backup_and_restore_options),                                   \
        .backup_dir = (folder),                                                                    \
        __VA_ARGS__})

CAPAS_END

#endif
