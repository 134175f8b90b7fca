/* capas layers: the layers that there are; of one of them every option, with its default. All comes
 * from the layers' own tables. */
#include "command.h"

#include "base/memory.h"
#include "layers/layer.h"
#include <stdio.h>

static void list_layers(void)
{
    size_t count;
    const capas_layer_type *const *types = capas_layer_types(&count);
    for (size_t i = 0; i < count; i++)
        printf("  %-24s %s\n", types[i]->name, types[i]->summary);
    printf("\n`capas layers NAME` tells the options of one.\n");
}

/* "3", "true", "HeNormal"; what a constant says is shown without its quotes. */
static void describe_default(const capas_value *value, char *text, size_t size)
{
    const capas_value *class_name = capas_value_get(value, "class_name");
    if (class_name != NULL) value = class_name;
    if (value->kind == CAPAS_VALUE_STRING)
        snprintf(text, size, "%s", value->string);
    else if (value->kind == CAPAS_VALUE_NULL)
        snprintf(text, size, "None");
    else
        capas_value_describe(value, text, size);
}

/* The default is what stands in a struct of zeros once it is resolved; where that is refused, the
 * option must be given. */
static bool print_option(const capas_option *option, void *options)
{
    char text[64] = "required";
    void *field = (char *)options + option->offset;
    if (option->kind->resolve != NULL) option->kind->resolve(option, field);
    if (option->kind->check == NULL || option->kind->check(option, field) == CAPAS_OK) {
        capas_value *value = option->kind->write(option, field);
        if (value == NULL) return false;
        describe_default(value, text, sizeof text);
        capas_value_free(value);
    }
    printf("  %-27s %-15s %s\n", option->name, text, option->help != NULL ? option->help : "");
    return true;
}

static bool print_layer(const capas_layer_type *type)
{
    printf("%s: %s\n", type->name, type->summary);
    if (type->options.count == 0) printf("\nIt has no options of its own.\n");
    if (type->options.count > 0) printf("\n  %-27s %-15s %s\n", "option", "default", "is");
    void *options = capas_allocate_zeroed(1, type->options.size);
    bool done = options != NULL;
    for (size_t i = 0; i < type->options.count && done; i++)
        done = print_option(&type->options.options[i], options);
    capas_release(options);
    return done;
}

static int run_layers(const cli_command *command, int argc, char **argv)
{
    int count, status;
    if (!cli_parse(command, NULL, 0, argc, argv, &count, &status)) return status;
    if (count == 0) {
        list_layers();
        return CLI_DONE;
    }
    const capas_layer_type *type = capas_layer_type_of(argv[0]);
    return type != NULL && print_layer(type) ? CLI_DONE : cli_fail(command);
}

const cli_command cli_layers = {
    .name = "layers",
    .arguments = "[NAME]",
    .summary = "Lists the layers that there are, and the options of one.",
    .examples = "  capas layers\n"
                "  capas layers Conv2D\n",
    .minimum = 0,
    .maximum = 1,
    .run = run_layers,
};
