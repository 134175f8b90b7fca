/* Reading YAML through libfyaml's events: nodes are made as they come, so that depth and number can
 * be limited and an alias cannot multiply anything. libfyaml collects its complaints instead of
 * printing them. */
#include "recipe/yaml.h"
#include "recipe/yaml_scalar.h"
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    struct fy_parser *parser;
    struct fy_diag *complaints;
    const char *where;
    int depth;
    size_t nodes;
} reader;

static capas_status fail_at(const reader *reader, const struct fy_event *event, const char *what)
{
    const struct fy_mark *mark = fy_event_start_mark((struct fy_event *)event);
    if (!mark) return capas_fail(CAPAS_BAD_FILE, "%s: %s", reader->where, what);
    return capas_fail(CAPAS_BAD_FILE, "%s, line %d, column %d: %s", reader->where, mark->line + 1,
                      mark->column + 1, what);
}

/* What libfyaml found wrong first. */
static capas_status fail_syntax(const reader *reader)
{
    void *at = NULL;
    struct fy_diag_error *error = fy_diag_errors_iterate(reader->complaints, &at);
    char text[160] = "this is not YAML";
    int line = 0, column = 0;
    if (error) {
        snprintf(text, sizeof text, "this is not YAML: %s", error->msg ? error->msg : "");
        line = error->line;
        column = error->column;
    }
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ') *c = ' ';
    if (line < 1) return capas_fail(CAPAS_BAD_FILE, "%s: %s", reader->where, text);
    return capas_fail(CAPAS_BAD_FILE, "%s, line %d, column %d: %s", reader->where, line, column,
                      text);
}

/* NULL with the sentence at an error of syntax; the stream's end is an event, too. */
static struct fy_event *next_event(reader *reader)
{
    struct fy_event *event = fy_parser_parse(reader->parser);
    if (event) return event;
    fail_syntax(reader);
    return NULL;
}

static capas_value *read_node(reader *reader, const struct fy_event *event);

static capas_status read_list(reader *reader, capas_value *list)
{
    for (;;) {
        struct fy_event *event = next_event(reader);
        if (!event) return CAPAS_BAD_FILE;
        bool end = event->type == FYET_SEQUENCE_END;
        capas_value *item = end ? NULL : read_node(reader, event);
        fy_parser_event_free(reader->parser, event);
        if (end) return CAPAS_OK;
        if (!item) return capas_error_status();
        CAPAS_TRY(capas_value_append(list, item));
    }
}

/* The key of an event in `key`, released by the caller. */
static capas_status read_key(reader *reader, const capas_value *map, const struct fy_event *event,
                             capas_value **key)
{
    *key = NULL;
    if (event->type != FYET_SCALAR)
        return fail_at(reader, event, "a key must be a name, not a list, map or alias");
    *key = capas_yaml_text(event->scalar.value);
    if (!*key) return capas_fail_in("%s", reader->where);
    if (!capas_value_get(map, (*key)->string)) return CAPAS_OK;
    char what[160];
    snprintf(what, sizeof what, "the key \"%.80s\" is said twice", (*key)->string);
    return fail_at(reader, event, what);
}

/* Takes `key` over. */
static capas_status read_item(reader *reader, capas_value *map, capas_value *key)
{
    struct fy_event *event = next_event(reader);
    capas_value *item = event ? read_node(reader, event) : NULL;
    fy_parser_event_free(reader->parser, event);
    capas_status status = item ? CAPAS_OK : capas_error_status();
    if (item) status = capas_value_set(map, key->string, item);
    capas_value_free(key);
    return status;
}

static capas_status read_map(reader *reader, capas_value *map)
{
    for (;;) {
        capas_value *key = NULL;
        struct fy_event *event = next_event(reader);
        if (!event) return CAPAS_BAD_FILE;
        bool end = event->type == FYET_MAPPING_END;
        capas_status status = end ? CAPAS_OK : read_key(reader, map, event, &key);
        fy_parser_event_free(reader->parser, event);
        if (end) return CAPAS_OK;
        if (status != CAPAS_OK) {
            capas_value_free(key);
            return status;
        }
        CAPAS_TRY(read_item(reader, map, key));
    }
}

static capas_value *read_container(reader *reader, bool is_map)
{
    capas_value *value = is_map ? capas_value_map() : capas_value_list();
    if (!value) return NULL;
    reader->depth++;
    capas_status status = is_map ? read_map(reader, value) : read_list(reader, value);
    reader->depth--;
    if (status == CAPAS_OK) return value;
    capas_value_free(value);
    return NULL;
}

static capas_status check_node(reader *reader, const struct fy_event *event)
{
    if (event->type == FYET_ALIAS)
        return fail_at(reader, event, "aliases are not read here; write the value out");
    struct fy_token *tag = event->type == FYET_SCALAR           ? event->scalar.tag
                           : event->type == FYET_MAPPING_START  ? event->mapping_start.tag
                           : event->type == FYET_SEQUENCE_START ? event->sequence_start.tag
                                                                : NULL;
    if (tag) return fail_at(reader, event, "tags are not read here; leave it out");
    if (reader->depth >= CAPAS_YAML_DEPTH)
        return fail_at(reader, event, "lists and maps are nested too deep");
    if (++reader->nodes > CAPAS_YAML_NODES)
        return fail_at(reader, event, "there are too many values");
    return CAPAS_OK;
}

/* The value that begins with an event; NULL on failure. */
static capas_value *read_node(reader *reader, const struct fy_event *event)
{
    if (check_node(reader, event) != CAPAS_OK) return NULL;
    const struct fy_mark *mark = fy_event_start_mark((struct fy_event *)event);
    int line = mark ? mark->line + 1 : 0, column = mark ? mark->column + 1 : 0;
    capas_value *value = event->type == FYET_SCALAR
                             ? capas_yaml_scalar(event->scalar.value)
                             : read_container(reader, event->type == FYET_MAPPING_START);
    if (!value) return NULL;
    value->line = line;
    value->column = column;
    return value;
}

/* One document and nothing behind it. */
static capas_status read_stream(reader *reader, capas_value **value)
{
    for (;;) {
        struct fy_event *event = next_event(reader);
        if (!event) return CAPAS_BAD_FILE;
        capas_status status = CAPAS_OK;
        bool end = event->type == FYET_STREAM_END;
        bool is_node = event->type == FYET_SCALAR || event->type == FYET_ALIAS ||
                       event->type == FYET_MAPPING_START || event->type == FYET_SEQUENCE_START;
        if (is_node && *value) {
            status = fail_at(reader, event, "a second document begins; only one is read");
        } else if (is_node) {
            *value = read_node(reader, event);
            status = *value ? CAPAS_OK : capas_error_status();
        }
        fy_parser_event_free(reader->parser, event);
        if (end || status != CAPAS_OK) return status;
    }
}

static void print_nothing(struct fy_diag *diag, void *context, const char *text, size_t length)
{
    (void)diag;
    (void)context;
    (void)text;
    (void)length;
}

static capas_status open_reader(reader *reader, const char *text, size_t size)
{
    struct fy_diag_cfg silence;
    fy_diag_cfg_default(&silence);
    silence.fp = NULL;
    silence.output_fn = print_nothing;
    reader->complaints = fy_diag_create(&silence);
    if (!reader->complaints) return CAPAS_NO_MEMORY;
    fy_diag_set_collect_errors(reader->complaints, true);
    const struct fy_parse_cfg options = {.flags = FYPCF_QUIET | FYPCF_JSON_NONE,
                                         .diag = reader->complaints};
    reader->parser = fy_parser_create(&options);
    bool done = reader->parser && fy_parser_set_string(reader->parser, text, size) == 0;
    return done ? CAPAS_OK : CAPAS_NO_MEMORY;
}

static void close_reader(reader *reader)
{
    if (reader->parser) fy_parser_destroy(reader->parser);
    if (reader->complaints) fy_diag_destroy(reader->complaints);
}

capas_value *capas_yaml_read(const char *text, size_t size, const char *where)
{
    reader reader = {.where = where};
    capas_value *value = NULL;
    if (open_reader(&reader, text, size) != CAPAS_OK) {
        capas_fail(CAPAS_NO_MEMORY, "%s: no memory to read it", where);
    } else if (read_stream(&reader, &value) != CAPAS_OK) {
        capas_value_free(value);
        value = NULL;
    } else if (!value) {
        value = capas_value_null();
    }
    close_reader(&reader);
    return value;
}
