/* capas summary: the table of a model's layers, as Keras prints it, of a saved model or a recipe.
 */
#include "command.h"

#include "base/option.h"
#include <capas/capas.h>
#include <stdio.h>

/* What is not named as a model or one of the networks by name is a recipe. */
static capas_model *open_model(const char *name)
{
    if (cli_is_model(name)) return capas_load(name);
    if (cli_is_application(name)) return capas_application(name);
    capas_recipe *recipe = capas_recipe_load(name, NULL, 0);
    if (recipe == NULL) return NULL;
    capas_model *model = capas_recipe_model(recipe, 0);
    capas_recipe_free(recipe);
    return model;
}

static int run_summary(const cli_command *command, int argc, char **argv)
{
    bool cost = false, trainable = false;
    long long line_length = 80;
    const cli_option options[] = {
        {"--cost", NULL, "adds FLOPs and memory of each layer", CLI_FLAG, &cost},
        {"--show-trainable", NULL, "adds a column: trained or frozen", CLI_FLAG, &trainable},
        {"--line-length", "N", "width of the table (default: 80)", CLI_INTEGER, &line_length},
    };
    int count, status;
    if (!cli_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &count, &status))
        return status;
    if (line_length < 40 || line_length > 1000) {
        fprintf(stderr, "capas summary: --line-length must be 40 to 1000.\n");
        return CLI_WRONG_USE;
    }
    capas_model *model = open_model(argv[0]);
    capas_summary_options how = {.struct_size = sizeof how,
                                 .line_length = (int)line_length,
                                 .show_trainable = trainable,
                                 .show_cost = cost};
    char *text = NULL;
    status = CLI_DONE;
    if (model == NULL || capas_summary_with(model, &how, &text) != CAPAS_OK)
        status = cli_fail(command);
    else
        fputs(text, stdout);
    capas_free(text);
    capas_model_free(model);
    return status;
}

const cli_command cli_summary = {
    .name = "summary",
    .arguments = "MODEL|RECIPE|NETWORK",
    .summary = "Shows a network's layers, shapes and parameters.",
    .examples = "  capas summary cnn-simple\n"
                "  capas summary runs/cnn-simple/model.keras --cost\n"
                "  capas summary mobilenetv2\n",
    .minimum = 1,
    .maximum = 1,
    .run = run_summary,
};
