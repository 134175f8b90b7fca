/* LoggingTensor: outputs of layers every so many steps, as TensorFlow 1's LoggingTensorHook: after
 * the first step and then every every_n_iter, before the step's values are gone. As NumPy prints
 * them, more than 1000 numbers are shortened to the first and last three of each axis. No times are
 * written, so that equal trainings write equal files. */
#include "base/builder.h"
#include "base/memory.h"
#include "training/callback.h"
#include "training/log_file.h"
#include <string.h>

enum { MANY = 1000, EDGE = 3 };

typedef struct logging_tensor {
    capas_own_callback own;
    capas_logging_tensor_options options; /* without its texts */
    char *names[CAPAS_LOGGED_TENSORS];
    int name_count;
    capas_log_file file; /* path NULL: none */
    int steps;           /* since the last time */
} logging_tensor;

/* A list of names of layers. */

static capas_status fail_names(const char *found)
{
    return capas_fail(CAPAS_INVALID_ARGUMENT, "a list of 1 to %d names of layers, found %s",
                      CAPAS_LOGGED_TENSORS, found);
}

static capas_status check_names(const capas_option *option, const void *field)
{
    const char *const *names = field;
    (void)option;
    return names[0] && *names[0] ? CAPAS_OK : fail_names("none");
}

static capas_status read_names(const capas_option *option, const capas_value *value, void *field)
{
    const char **names = field;
    char found[96];
    (void)option;
    capas_value_describe(value, found, sizeof found);
    if (value->kind != CAPAS_VALUE_LIST || value->count > CAPAS_LOGGED_TENSORS)
        return fail_names(found);
    for (size_t i = 0; i < value->count; i++) {
        if (value->items[i]->kind != CAPAS_VALUE_STRING) return fail_names(found);
        names[i] = value->items[i]->string;
    }
    return CAPAS_OK;
}

static capas_value *write_names(const capas_option *option, const void *field)
{
    const char *const *names = field;
    capas_value *list = capas_value_list();
    (void)option;
    for (int i = 0; i < CAPAS_LOGGED_TENSORS && names[i]; i++) {
        if (capas_value_append(list, capas_value_string(names[i])) == CAPAS_OK) continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

static const capas_option_kind names_kind = {
    "a list of names", NULL, check_names, read_names, write_names,
};

#define FIELD(name) offsetof(capas_logging_tensor_options, name)
static const capas_option options[] = {
    {.name = "tensors",
     .kind = &names_kind,
     .offset = FIELD(tensors),
     .help = "layers whose outputs are logged"},
    {.name = "every_n_iter",
     .kind = &capas_option_integer,
     .offset = FIELD(every_n_iter),
     .standard = 100,
     .minimum = 1,
     .help = "steps from one time to the next"},
    {.name = "filename",
     .kind = &capas_option_path,
     .offset = FIELD(filename),
     .nullable = true,
     .help = "a text file for them"},
    {.name = "append",
     .kind = &capas_option_bool,
     .offset = FIELD(append),
     .help = "behind what is in the file already"},
};

/* Writing as NumPy does. */

typedef struct printing {
    capas_builder text;
    const float *values;
    const capas_shape *shape;
    bool shortened;
} printing;

/* The part of the tensor that begins at `offset` and is `size` numbers long, at an axis. */
static void put_part(printing *printing, int axis, int64_t offset, int64_t size)
{
    if (axis == printing->shape->rank) {
        capas_builder_print(&printing->text, "%.8g", (double)printing->values[offset]);
        return;
    }
    int64_t count = printing->shape->dims[axis], part = size / count;
    bool last = axis + 1 == printing->shape->rank;
    capas_builder_add(&printing->text, "[");
    for (int64_t i = 0; i < count; i++) {
        if (i > 0 && !last)
            capas_builder_repeat(&printing->text, "\n", printing->shape->rank - 1 - axis);
        if (i > 0) capas_builder_repeat(&printing->text, " ", last ? 1 : axis + 1);
        if (printing->shortened && count > 2 * EDGE && i == EDGE) {
            capas_builder_add(&printing->text, "...");
            i = count - EDGE - 1;
            continue;
        }
        put_part(printing, axis + 1, offset + i * part, part);
    }
    capas_builder_add(&printing->text, "]");
}

static int64_t count_of(const capas_shape *shape)
{
    int64_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= shape->dims[i];
    return count;
}

static capas_status write(logging_tensor *state, int64_t step, const char *layer,
                          const capas_tensor *tensor)
{
    printing printing = {.values = tensor->data, .shape = &tensor->shape};
    int64_t count = count_of(&tensor->shape);
    char *text;
    printing.shortened = count > MANY;
    capas_builder_print(&printing.text, "step %lld: %s = ", (long long)step, layer);
    put_part(&printing, 0, 0, count);
    capas_builder_add(&printing.text, "\n");
    CAPAS_TRY(capas_builder_finish(&printing.text, &text));
    capas_status status = capas_log_file_put(&state->file, text, strlen(text));
    capas_release(text);
    return status;
}

/* The callback. */

static capas_status begin(void *context, capas_training *training, capas_logs *logs)
{
    logging_tensor *state = context;
    (void)training, (void)logs;
    state->steps = 0;
    return state->file.path ? capas_log_file_begin(&state->file) : CAPAS_OK;
}

static capas_status end_batch(void *context, capas_training *training, int64_t batch,
                              capas_logs *logs)
{
    logging_tensor *state = context;
    (void)batch, (void)logs;
    bool due = state->steps == 0;
    if (++state->steps >= state->options.every_n_iter) state->steps = 0;
    int64_t step = capas_training_model(training)->trainer->iteration;
    for (int i = 0; due && i < state->name_count; i++) {
        capas_tensor tensor;
        CAPAS_TRY(capas_training_tensor(training, state->names[i], &tensor));
        if (state->options.function)
            CAPAS_TRY(
                state->options.function(state->options.context, step, state->names[i], &tensor));
        if (state->file.path) CAPAS_TRY(write(state, step, state->names[i], &tensor));
    }
    return CAPAS_OK;
}

static capas_status save_state(void *context, capas_state *saved)
{
    const logging_tensor *state = context;
    CAPAS_TRY(capas_state_set_number(saved, "steps", state->steps));
    return state->file.path ? capas_log_file_save(&state->file, saved) : CAPAS_OK;
}

static capas_status load_state(void *context, const capas_state *saved)
{
    logging_tensor *state = context;
    CAPAS_TRY(capas_callback_get_integer(saved, "steps", &state->steps));
    return state->file.path ? capas_log_file_load(&state->file, saved) : CAPAS_OK;
}

static capas_status make(void *own, const void *given, const char *where)
{
    logging_tensor *state = own;
    const capas_logging_tensor_options *said = given;
    state->options = *said;
    if (said->filename) {
        state->file = (capas_log_file){
            .owner = "LoggingTensor", .path = (char *)said->filename, .append = said->append};
        CAPAS_TRY(capas_log_file_open(&state->file));
    }
    for (int i = 0; i < CAPAS_LOGGED_TENSORS && said->tensors[i]; i++) {
        state->names[i] = capas_copy_string(said->tensors[i]);
        if (!state->names[i]) return CAPAS_NO_MEMORY;
        state->name_count++;
    }
    if (!said->filename && !said->function)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: filename is missing", where);
    capas_callback *callback = &state->own.callback;
    callback->tensors = (const char *const *)state->names;
    callback->tensor_count = state->name_count;
    callback->on_train_begin = begin;
    callback->on_train_batch_end = end_batch;
    callback->save_state = save_state;
    callback->load_state = load_state;
    return CAPAS_OK;
}

static void close(void *own)
{
    logging_tensor *state = own;
    capas_log_file_close(&state->file);
    for (int i = 0; i < CAPAS_LOGGED_TENSORS; i++)
        capas_release(state->names[i]);
}

const capas_callback_type capas_logging_tensor_type = {
    .table = {"LoggingTensor", options, CAPAS_COUNT(options), sizeof(capas_logging_tensor_options)},
    .size = sizeof(logging_tensor),
    .make = make,
    .close = close,
};

capas_callback *capas_logging_tensor_with(const capas_logging_tensor_options *given)
{
    return capas_callback_with(&capas_logging_tensor_type, given);
}
