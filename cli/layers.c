/* capas layers: the layers that there are, and the optimizers, losses and other things that a
 * recipe can name; of one of them every option, with its default. All comes from their own tables.
 */
#include "command.h"

#include "base/memory.h"
#include "base/text.h"
#include "layers/layer.h"
#include "reference.h"
#include <stdio.h>
#include <string.h>

static void list_group(capas_catalogue_group group)
{
    capas_catalogue_entry entry;
    for (size_t i = 0; capas_catalogue_get(group, i, &entry); i++)
        if (entry.summary)
            printf("  %-24s %s\n", entry.name, entry.summary);
        else
            printf("  %-31s %s\n", entry.name, entry.snake ? entry.snake : "");
    printf("\n`capas layers NAME` tells the options of one");
    if (group == CATALOGUE_LAYERS)
        printf(
            ", also of optimizers, schedules, losses, metrics\nand callbacks, which `capas layers "
            "optimizers` and so on list");
    printf(".\n");
}

static bool print_entry(const capas_catalogue_entry *entry)
{
    const capas_option_table *table = entry->table;
    printf("%s%s%s\n", entry->name,
           entry->summary ? ": "
           : entry->snake ? ", by name "
                          : "",
           entry->summary ? entry->summary
           : entry->snake ? entry->snake
                          : "");
    if (table->count == 0) printf("\nIt has no options of its own.\n");
    if (table->count > 0) printf("\n  %-27s %-15s %s\n", "option", "default", "is");
    void *options = capas_allocate_zeroed(1, table->size);
    bool done = options != NULL;
    for (size_t i = 0; i < table->count && done; i++) {
        const capas_option *option = &table->options[i];
        char text[64];
        done = reference_default(option, options, text, sizeof text);
        printf("  %-27s %-15s %s\n", option->name, text, option->help ? option->help : "");
    }
    capas_release(options);
    return done;
}

/* Several groups may have the name: Hinge is a loss and a metric. Returns how many did, -1 without
 * memory. */
static int print_all(const char *name)
{
    int found = 0;
    capas_catalogue_entry entry;
    for (int group = 0; group < CATALOGUE_TABLES; group++)
        for (size_t i = 0; capas_catalogue_get((capas_catalogue_group)group, i, &entry); i++) {
            bool snake = entry.snake && strcmp(entry.snake, name) == 0;
            if (strcmp(entry.name, name) != 0 && !snake) continue;
            if (found++ > 0) printf("\n");
            if (group != CATALOGUE_LAYERS)
                printf("In the %s: ", capas_catalogue_title((capas_catalogue_group)group));
            if (!print_entry(&entry)) return -1;
        }
    return found;
}

static int run_layers(const cli_command *command, int argc, char **argv)
{
    int count, status;
    if (!cli_parse(command, NULL, 0, argc, argv, &count, &status)) return status;
    for (int group = 0; group < CATALOGUE_TABLES; group++) {
        const char *title = capas_catalogue_title((capas_catalogue_group)group);
        if (strcmp(count > 0 ? argv[0] : "layers", title) != 0) continue;
        list_group((capas_catalogue_group)group);
        return CLI_DONE;
    }
    int found = print_all(strcmp(argv[0], "Input") == 0 ? "InputLayer" : argv[0]);
    if (found > 0) return CLI_DONE;
    if (found == 0) capas_layer_type_of(argv[0]); /* fails, and names the nearest layer */
    return cli_fail(command);
}

const cli_command cli_layers = {
    .name = "layers",
    .arguments = "[NAME]",
    .summary = "Lists the layers that there are, and the options of one.",
    .examples = "  capas layers\n"
                "  capas layers Conv2D\n"
                "  capas layers optimizers\n"
                "  capas layers Adam\n",
    .minimum = 0,
    .maximum = 1,
    .run = run_layers,
};
