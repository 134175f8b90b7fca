/* capas reference: writes the reference pages (Markdown, one for each group) and the JSON Schema of
 * recipes into a folder, all from the option tables, so that they say what the program does. */
#include "reference.h"

#include "base/file.h"
#include "base/memory.h"
#include "command.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 64, PATH_SIZE = 4096 };

/* What a constant says is shown without its quotes. */
static void describe_default(const capas_value *value, char *text, size_t size)
{
    const capas_value *class_name = capas_value_get(value, "class_name");
    if (class_name != NULL) value = class_name;
    if (value->kind == CAPAS_VALUE_STRING)
        snprintf(text, size, "%s", value->string);
    else if (value->kind == CAPAS_VALUE_NULL)
        snprintf(text, size, "None");
    else if (value->kind == CAPAS_VALUE_REAL) /* 0.001, where Keras's float is 0.0010000000475 */
        snprintf(text, size, "%.6g", value->real);
    else
        capas_value_describe(value, text, size);
}

/* Where the default is refused, the option must be given. */
bool reference_default(const capas_option *option, void *options, char *text, size_t size)
{
    void *field = (char *)options + option->offset;
    snprintf(text, size, "required");
    if (option->kind->resolve != NULL) option->kind->resolve(option, field);
    if (option->kind->check != NULL && option->kind->check(option, field) != CAPAS_OK) return true;
    capas_value *value = option->kind->write(option, field);
    if (value == NULL) return false;
    describe_default(value, text, size);
    capas_value_free(value);
    return true;
}

/* "an integer", or the words. */
static void add_kind(capas_builder *page, const capas_option *option)
{
    if (option->kind != &capas_option_enum) {
        capas_builder_add(page, option->kind->name);
        return;
    }
    for (int i = 0; option->words[i]; i++)
        capas_builder_print(page, "%s`%s`", i > 0 ? ", " : "", option->words[i]);
}

static bool add_options(capas_builder *page, const capas_option_table *table)
{
    char text[TEXT_SIZE];
    if (table->count == 0) return true;
    void *options = capas_allocate_zeroed(1, table->size);
    bool done = options != NULL;
    capas_builder_add(page, "\n| option | default | takes | is |\n|---|---|---|---|\n");
    for (size_t i = 0; i < table->count && done; i++) {
        const capas_option *option = &table->options[i];
        done = reference_default(option, options, text, sizeof text);
        capas_builder_print(page, "| `%s` | %s | ", option->name, text);
        add_kind(page, option);
        capas_builder_print(page, " | %s |\n", option->help ? option->help : "");
    }
    capas_release(options);
    return done;
}

static bool add_entry(capas_builder *page, const capas_catalogue_entry *entry)
{
    capas_builder_print(page, "\n## %s\n", entry->name);
    if (entry->summary) capas_builder_print(page, "%s\n", entry->summary);
    if (entry->snake) capas_builder_print(page, "By name: `%s`.\n", entry->snake);
    return add_options(page, entry->table);
}

static void add_title(capas_builder *page, const char *title)
{
    capas_builder_print(page, "# %c%s\n", toupper(title[0]), title + 1);
}

static bool make_page(capas_builder *page, capas_catalogue_group group)
{
    capas_catalogue_entry entry;
    bool done = true;
    add_title(page, capas_catalogue_title(group));
    capas_builder_add(page, "Written by `make reference` from the option tables; the words and "
                            "defaults are those of Keras 3.\n");
    if (group == CATALOGUE_LAYERS)
        capas_builder_add(page, "Every layer has `name` and `trainable` (default true) beside.\n");
    for (size_t i = 0; done && capas_catalogue_get(group, i, &entry); i++)
        done = add_entry(page, &entry);
    return done;
}

/* GitHub's anchor of a heading. */
static void add_link(capas_builder *page, const keras_name *name)
{
    if (name->group >= CATALOGUE_TABLES) {
        capas_builder_add(page, "yes");
        return;
    }
    capas_builder_print(page, "[yes](%s.md#", capas_catalogue_title(name->group));
    for (const char *c = name->name; *c; c++)
        capas_builder_add_bytes(page, (char[]){(char)tolower((unsigned char)*c)}, 1);
    capas_builder_add(page, ")");
}

static void add_keras_names(capas_builder *page, capas_catalogue_group group)
{
    capas_builder_add(page, "\n#");
    add_title(page, capas_catalogue_title(group));
    capas_builder_add(page, "\n| Keras | capas |\n|---|---|\n");
    for (const keras_name *name = keras_names; name->name; name++) {
        if (name->group != group) continue;
        capas_builder_print(page, "| %s | ", name->name);
        if (capas_catalogue_has(group, name->name))
            add_link(page, name);
        else
            capas_builder_add(page, name->reason ? name->reason : "not yet");
        capas_builder_add(page, " |\n");
    }
}

static void make_index(capas_builder *page)
{
    capas_builder_add(page,
                      "# Reference\nWritten by `make reference`. Options and defaults of the");
    for (int group = 0; group < CATALOGUE_TABLES; group++) {
        const char *title = capas_catalogue_title((capas_catalogue_group)group);
        capas_builder_print(page, "%s[%s](%s.md)",
                            group == 0                      ? " "
                            : group == CATALOGUE_TABLES - 1 ? " and "
                                                            : ", ",
                            title, title);
    }
    capas_builder_add(page,
                      "; [recipe.schema.json](recipe.schema.json) lets an editor complete and "
                      "check recipes.\n\nWhat Keras 3.15 has, and capas:\n");
    for (int group = 0; group < CATALOGUE_GROUPS; group++)
        add_keras_names(page, (capas_catalogue_group)group);
}

static capas_status write_page(capas_builder *page, const char *folder, const char *name,
                               const char *ending)
{
    char path[PATH_SIZE], *text;
    CAPAS_TRY(capas_builder_finish(page, &text));
    snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    capas_status status = capas_write_file(path, text, strlen(text));
    capas_release(text);
    return status;
}

static capas_status write_all(const char *folder)
{
    for (int group = 0; group < CATALOGUE_TABLES; group++) {
        capas_builder page = {0};
        if (!make_page(&page, (capas_catalogue_group)group)) page.status = CAPAS_NO_MEMORY;
        const char *title = capas_catalogue_title((capas_catalogue_group)group);
        CAPAS_TRY(write_page(&page, folder, title, ".md"));
    }
    capas_builder index = {0}, schema = {0};
    make_index(&index);
    CAPAS_TRY(write_page(&index, folder, "README", ".md"));
    reference_schema(&schema);
    return write_page(&schema, folder, "recipe", ".schema.json");
}

static int run_reference(const cli_command *command, int argc, char **argv)
{
    int count, status;
    if (!cli_parse(command, NULL, 0, argc, argv, &count, &status)) return status;
    return write_all(argv[0]) == CAPAS_OK ? CLI_DONE : cli_fail(command);
}

const cli_command cli_reference = {
    .name = "reference",
    .arguments = "FOLDER",
    .summary = "Writes the reference pages and the JSON Schema of recipes into a folder.",
    .examples = "  capas reference docs/reference\n",
    .minimum = 1,
    .maximum = 1,
    .run = run_reference,
};
