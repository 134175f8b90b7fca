/* The JSON Schema (draft 7) of recipes, by which an editor completes and checks them as they are
 * written. It knows the names and the simple kinds of options; what it does not know it lets pass,
 * as capas itself checks a recipe when it is read. */
#include "reference.h"

#include "data/augment.h"
#include "training/trainer.h"
#include <math.h>

static void add_string(capas_builder *text, const char *string)
{
    capas_builder_add(text, "\"");
    for (const char *c = string; *c; c++) {
        if (*c == '"' || *c == '\\') capas_builder_add(text, "\\");
        capas_builder_add_bytes(text, c, 1);
    }
    capas_builder_add(text, "\"");
}

static void add_limits(capas_builder *text, const capas_option *option)
{
    bool any = option->minimum == 0 && option->maximum == 0 && !option->open_minimum;
    if (any) return;
    if (isfinite(option->minimum))
        capas_builder_print(text, ", \"%s\": %.9g",
                            option->open_minimum ? "exclusiveMinimum" : "minimum", option->minimum);
    if (option->maximum > option->minimum && isfinite(option->maximum))
        capas_builder_print(text, ", \"maximum\": %.9g", option->maximum);
}

static void add_words(capas_builder *text, const capas_option *option)
{
    capas_builder_add(text, ", \"enum\": [");
    for (int i = 0; option->words[i]; i++) {
        if (i > 0) capas_builder_add(text, ", ");
        add_string(text, option->words[i]);
    }
    capas_builder_add(text, option->nullable ? ", null]" : "]");
}

static void add_type(capas_builder *text, const capas_option *option)
{
    const char *simple = option->kind == &capas_option_bool      ? "boolean"
                         : option->kind == &capas_option_integer ? "integer"
                         : option->kind == &capas_option_real    ? "number"
                                                                 : NULL;
    if (option->kind == &capas_option_enum) {
        add_words(text, option);
    } else if (simple) {
        capas_builder_print(
            text, option->nullable ? ", \"type\": [\"%s\", \"null\"]" : ", \"type\": \"%s\"",
            simple);
        if (option->kind != &capas_option_bool) add_limits(text, option);
    }
}

/* "properties" of a table, behind `more` of the same form. */
static void add_object(capas_builder *text, const capas_option_table *table, const char *more,
                       const char *indent)
{
    capas_builder_print(text,
                        "{\"type\": [\"object\", \"null\"], \"additionalProperties\": false, "
                        "\"properties\": {%s",
                        more);
    for (size_t i = 0; i < table->count; i++) {
        const capas_option *option = &table->options[i];
        capas_builder_print(text, "%s\n%s", i > 0 || *more ? "," : "", indent);
        add_string(text, option->name);
        capas_builder_add(text, ": {\"description\": ");
        add_string(text, option->help ? option->help : option->kind->name);
        add_type(text, option);
        capas_builder_add(text, "}");
    }
    capas_builder_add(text, "}}");
}

/* What stands in a list of layers and is none. */
static const char network[] =
    ",\n        \"Network\": {\"type\": \"object\", \"additionalProperties\": false, "
    "\"properties\": {\n"
    "          \"application\": {\"type\": \"string\"},\n"
    "          \"file\": {\"type\": \"string\"},\n"
    "          \"alpha\": {\"type\": \"number\"},\n"
    "          \"input_shape\": {\"type\": \"array\"},\n"
    "          \"pooling\": {\"enum\": [\"avg\", \"max\"]},\n"
    "          \"weights\": {\"type\": \"string\"},\n"
    "          \"until\": {\"type\": \"string\"},\n"
    "          \"trainable\": {\"type\": \"boolean\"}}}";

/* A name, or a map of one name and its options. */
static void add_group(capas_builder *text, capas_catalogue_group group, const char *title)
{
    bool layer = group == CATALOGUE_LAYERS;
    capas_catalogue_entry entry;
    capas_builder_print(text, "    \"%s\": {\"anyOf\": [\n      {\"type\": \"string\", \"enum\": [",
                        title);
    for (size_t i = 0; capas_catalogue_get(group, i, &entry); i++) {
        capas_builder_print(text, "%s\"%s\"", i > 0 ? ", " : "", entry.name);
        if (entry.snake) capas_builder_print(text, ", \"%s\"", entry.snake);
    }
    capas_builder_add(text, "]},\n      {\"type\": \"object\", \"minProperties\": 1, "
                            "\"maxProperties\": 1, \"properties\": {");
    for (size_t i = 0; capas_catalogue_get(group, i, &entry); i++) {
        capas_builder_print(text, "%s\n        \"%s\": ", i > 0 ? "," : "", entry.name);
        add_object(text, entry.table,
                   layer ? "\"name\": {\"type\": \"string\"}, \"trainable\": {\"type\": "
                           "\"boolean\"}"
                         : "\"name\": {\"type\": \"string\"}",
                   "          ");
    }
    if (layer) capas_builder_add(text, network);
    capas_builder_add(text, "\n      }}\n    ]}");
}

static const char head[] =
    "{\n"
    "  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
    "  \"title\": \"A recipe of capas\",\n"
    "  \"type\": \"object\",\n"
    "  \"additionalProperties\": false,\n"
    "  \"required\": [\"model\", \"compile\"],\n"
    "  \"properties\": {\n"
    "    \"name\": {\"type\": \"string\", \"description\": \"names the run's folder\"},\n"
    "    \"data\": {\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"object\", "
    "\"additionalProperties\": false, \"properties\": {\n"
    "      \"name\": {\"type\": \"string\"}, \"folder\": {\"type\": \"string\"},\n"
    "      \"scale\": {\"type\": [\"number\", \"string\"]}, \"offset\": {\"type\": [\"number\", "
    "\"string\"]},\n"
    "      \"one_hot\": {\"type\": \"boolean\"},\n"
    "      \"augment\": ";

static const char middle[] =
    "}}]},\n"
    "    \"model\": {\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"array\", \"items\": "
    "{\"$ref\": \"#/definitions/layers\"}}]},\n"
    "    \"compile\": {\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\n"
    "      \"optimizer\": {\"anyOf\": [{\"type\": \"string\"}, {\"$ref\": "
    "\"#/definitions/optimizers\"}]},\n"
    "      \"loss\": {\"anyOf\": [{\"type\": \"string\"}, {\"$ref\": \"#/definitions/losses\"}, "
    "{\"type\": [\"array\", \"object\"]}]},\n"
    "      \"loss_weights\": {\"type\": [\"array\", \"object\"]},\n"
    "      \"metrics\": {\"$ref\": \"#/definitions/several\"},\n"
    "      \"weighted_metrics\": {\"$ref\": \"#/definitions/several\"}}},\n"
    "    \"fit\": ";

static const char tail[] =
    ",\n"
    "    \"expect\": {\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\n"
    "      \"test_accuracy\": {\"type\": \"number\"}, \"published\": {\"type\": \"number\"},\n"
    "      \"keras\": {\"type\": [\"number\", \"array\"]}}}\n"
    "  },\n"
    "  \"definitions\": {\n"
    "    \"several\": {\"anyOf\": [{\"type\": \"array\", \"items\": {\"anyOf\": [{\"$ref\": "
    "\"#/definitions/metrics\"}, {\"type\": [\"string\", \"array\"]}]}}, {\"type\": "
    "\"object\"}]},\n";

void reference_schema(capas_builder *text)
{
    capas_builder_add(text, head);
    add_object(text, &capas_augment_table, "", "        ");
    capas_builder_add(text, middle);
    add_object(
        text, &capas_fit_table,
        "\"validation\": {\"type\": [\"string\", \"null\"]}, \"class_weight\": {\"type\": "
        "[\"object\", \"null\"]}, \"callbacks\": {\"type\": \"array\", \"items\": {\"$ref\": "
        "\"#/definitions/callbacks\"}}",
        "      ");
    capas_builder_add(text, tail);
    static const capas_catalogue_group groups[] = {CATALOGUE_LAYERS, CATALOGUE_OPTIMIZERS,
                                                   CATALOGUE_LOSSES, CATALOGUE_METRICS,
                                                   CATALOGUE_CALLBACKS};
    for (size_t i = 0; i < CAPAS_COUNT(groups); i++) {
        if (i > 0) capas_builder_add(text, ",\n");
        add_group(text, groups[i], capas_catalogue_title(groups[i]));
    }
    capas_builder_add(text, "\n  }\n}\n");
}
