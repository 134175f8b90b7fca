/* CSVLogger, as Keras 3 writes it (keras-semantics 6.1): the first epoch's names make the columns,
 * sorted; without a val_ among them each comes a second time with val_ before it; NA where an epoch
 * has no value; texts are quoted as Python's csv does. */
#include "base/builder.h"
#include "base/memory.h"
#include "base/text.h"
#include "training/callback.h"
#include "training/log_file.h"
#include "training/logs.h"
#include <stdlib.h>
#include <string.h>

typedef struct csv_logger {
    capas_own_callback own;
    capas_log_file file;
    char separator[2];
    char *columns; /* names, each with an ending newline; NULL until the first epoch */
} csv_logger;

static const char *const comma[] = {",", NULL};

static capas_status check_character(const capas_option *option, const void *field)
{
    const char *text = *(const char *const *)field;
    if (strlen(text) == 1 && !strchr("\"\r\n", *text)) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "%s, found \"%s\"", option->kind->name, text);
}

/* The rest is as for any text. */
static void resolve_character(const capas_option *option, void *field)
{
    capas_option_name.resolve(option, field);
}

static capas_status read_character(const capas_option *option, const capas_value *value,
                                   void *field)
{
    return capas_option_name.read(option, value, field);
}

static capas_value *write_character(const capas_option *option, const void *field)
{
    return capas_option_name.write(option, field);
}

static const capas_option_kind character_kind = {
    "one character", resolve_character, check_character, read_character, write_character,
};

#define FIELD(name) offsetof(capas_csv_logger_options, name)
static const capas_option options[] = {
    {.name = "filename",
     .kind = &capas_option_path,
     .offset = FIELD(filename),
     .help = "where it is written"},
    {.name = "separator",
     .kind = &character_kind,
     .offset = FIELD(separator),
     .words = comma,
     .help = "what stands between the columns"},
    {.name = "append",
     .kind = &capas_option_bool,
     .offset = FIELD(append),
     .help = "behind what is in the file already"},
};

static void forget_columns(csv_logger *state)
{
    capas_release(state->columns);
    state->columns = NULL;
}

static capas_status begin(void *context, capas_training *training, capas_logs *logs)
{
    csv_logger *state = context;
    (void)training, (void)logs;
    forget_columns(state);
    return capas_log_file_begin(&state->file);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The columns, from the names of these logs. */
static capas_status make_columns(csv_logger *state, const capas_logs *logs)
{
    size_t count = (size_t)capas_logs_count(logs);
    bool repeat = true;
    capas_builder builder = {0};
    const char **names = capas_allocate(count, sizeof *names);
    if (!names) return CAPAS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        names[i] = capas_logs_name(logs, (int)i);
        if (strncmp(names[i], "val_", 4) == 0) repeat = false;
    }
    if (count > 1) qsort(names, count, sizeof *names, by_text);
    for (size_t i = 0; i < (repeat ? 2 * count : count); i++)
        capas_builder_print(&builder, "%s%s\n", i < count ? "" : "val_", names[i % count]);
    capas_release(names);
    capas_builder_add(&builder, "");
    return capas_builder_finish(&builder, &state->columns);
}

static void put_text(const csv_logger *state, capas_builder *line, const char *text, size_t length)
{
    bool quoted = memchr(text, *state->separator, length) || memchr(text, '"', length) ||
                  memchr(text, '\r', length);
    if (quoted) capas_builder_add(line, "\"");
    for (size_t i = 0; i < length; i++)
        capas_builder_repeat(line, (const char[]){text[i], '\0'}, text[i] == '"' ? 2 : 1);
    if (quoted) capas_builder_add(line, "\"");
}

static const capas_log_entry *find(const capas_logs *logs, const char *name, size_t length)
{
    for (size_t i = 0; i < logs->count; i++)
        if (strlen(logs->entries[i].name) == length &&
            memcmp(logs->entries[i].name, name, length) == 0)
            return &logs->entries[i];
    return NULL;
}

/* The header when logs is NULL. */
static void put_line(const csv_logger *state, capas_builder *line, int epoch,
                     const capas_logs *logs)
{
    char text[CAPAS_REAL_TEXT];
    if (logs)
        capas_builder_print(line, "%d", epoch);
    else
        capas_builder_add(line, "epoch");
    for (const char *name = state->columns; name && *name;) {
        size_t length = strcspn(name, "\n");
        const capas_log_entry *entry = logs ? find(logs, name, length) : NULL;
        capas_builder_add(line, state->separator);
        if (entry) capas_real_text(entry->value, text);
        if (!logs)
            put_text(state, line, name, length);
        else
            put_text(state, line, entry ? text : "NA", strlen(entry ? text : "NA"));
        name += length + 1;
    }
    capas_builder_add(line, "\r\n");
}

static capas_status end_epoch(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    csv_logger *state = context;
    (void)training;
    bool first = !state->columns;
    capas_builder builder = {0};
    char *line;
    if (first) CAPAS_TRY(make_columns(state, logs));
    if (first && capas_log_file_is_empty(&state->file)) put_line(state, &builder, 0, NULL);
    put_line(state, &builder, epoch, logs);
    CAPAS_TRY(capas_builder_finish(&builder, &line));
    capas_status status = capas_log_file_put(&state->file, line, strlen(line));
    capas_release(line);
    return status;
}

static capas_status save_state(void *context, capas_state *saved)
{
    const csv_logger *state = context;
    CAPAS_TRY(capas_log_file_save(&state->file, saved));
    return state->columns ? capas_state_set_text(saved, "columns", state->columns) : CAPAS_OK;
}

static capas_status load_state(void *context, const capas_state *saved)
{
    csv_logger *state = context;
    const char *columns;
    CAPAS_TRY(capas_log_file_load(&state->file, saved));
    forget_columns(state);
    if (!capas_state_has(saved, "columns")) return CAPAS_OK;
    CAPAS_TRY(capas_state_get_text(saved, "columns", &columns));
    size_t length = strlen(columns);
    if (length > 0 && columns[length - 1] != '\n')
        return capas_fail(CAPAS_BAD_FILE, "the saved state's \"columns\" is cut off");
    state->columns = capas_copy_string(columns);
    return state->columns ? CAPAS_OK : CAPAS_NO_MEMORY;
}

static capas_status make(void *own, const void *given, const char *where)
{
    csv_logger *state = own;
    const capas_csv_logger_options *options = given;
    (void)where;
    state->separator[0] = *options->separator;
    state->file = (capas_log_file){
        .owner = "CSVLogger", .path = (char *)options->filename, .append = options->append};
    capas_callback *callback = &state->own.callback;
    callback->on_train_begin = begin;
    callback->on_epoch_end = end_epoch;
    callback->save_state = save_state;
    callback->load_state = load_state;
    return capas_log_file_open(&state->file);
}

static void close(void *own)
{
    csv_logger *state = own;
    capas_log_file_close(&state->file);
    forget_columns(state);
}

const capas_callback_type capas_csv_logger_type = {
    .table = {"CSVLogger", options, CAPAS_COUNT(options), sizeof(capas_csv_logger_options)},
    .size = sizeof(csv_logger),
    .make = make,
    .close = close,
};

capas_callback *capas_csv_logger_with(const char *filename, const capas_csv_logger_options *given)
{
    capas_csv_logger_options own;
    if (capas_copy_options(&own, sizeof own, given, "CSVLogger") != CAPAS_OK) return NULL;
    own.struct_size = sizeof own;
    own.filename = filename;
    return capas_callback_with(&capas_csv_logger_type, &own);
}
