/* capas evaluate: loss and metrics of a saved model on a data set. */
#include "command.h"

#include "base/option.h"
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool print(const cli_command *command, const capas_evaluation *evaluation, bool json)
{
    if (json) {
        capas_value *map = capas_value_map();
        for (int i = 0; i < evaluation->count; i++)
            capas_value_set(map, evaluation->names[i], capas_value_real(evaluation->values[i]));
        capas_value_set(map, "samples", capas_value_integer(evaluation->samples));
        if (cli_print_json(map)) return true;
        cli_fail(command);
        return false;
    }
    printf("%lld samples\n", (long long)evaluation->samples);
    for (int i = 0; i < evaluation->count; i++)
        printf("  %-12s %.4f\n", evaluation->names[i], evaluation->values[i]);
    return true;
}

static int run_evaluate(const cli_command *command, int argc, char **argv)
{
    const char *data = "mnist", *part = "test", *weights = NULL;
    bool json = false, force = false;
    cli_scale scale = {0};
    long long batch_size = 128;
    const cli_option options[] = {
        {"--data", "D",
         "mnist, fashion-mnist, a folder with IDX files or of pictures (default: mnist)",
         CLI_STRING, &data},
        {"--part", "P", "train or test (default: test)", CLI_STRING, &part},
        {"--batch-size", "N", "samples at once (default: 128)", CLI_INTEGER, &batch_size},
        {"--scale", "S", "what bytes are multiplied by, e.g. 1/255 (default: as the model says)",
         CLI_STRING, &scale.text},
        CLI_WEIGHTS_OPTION(&weights),
        {"--force", NULL, "also data that are scaled otherwise than in training", CLI_FLAG, &force},
        {"--json", NULL, "prints the result as JSON", CLI_FLAG, &json},
    };
    int count, status;
    if (!cli_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &count, &status))
        return status;
    if ((strcmp(part, "train") != 0 && strcmp(part, "test") != 0) || batch_size < 1 ||
        batch_size > 1 << 20) {
        fprintf(stderr,
                "capas evaluate: --part must be train or test, and --batch-size at least 1.\n");
        return CLI_WRONG_USE;
    }
    if (!cli_read_scale(command, &scale)) return CLI_WRONG_USE;
    capas_model *model = cli_load_model(argv[0], weights, true);
    capas_dataset *dataset = NULL;
    capas_evaluation evaluation = {0};
    capas_evaluate_options how = {
        .struct_size = sizeof how, .batch_size = (int)batch_size, .force = force};
    status = CLI_DONE;
    if (model == NULL || cli_set_scale(model, &scale) != CAPAS_OK ||
        cli_open_data_for(model, data, part, &dataset) != CAPAS_OK ||
        capas_evaluate_with(model, dataset, &how, &evaluation) != CAPAS_OK)
        status = cli_fail(command);
    else if (!print(command, &evaluation, json))
        status = CLI_FAILED;
    capas_dataset_free(dataset);
    capas_model_free(model);
    return status;
}

const cli_command cli_evaluate = {
    .name = "evaluate",
    .arguments = "MODEL",
    .summary = "Tells how good a saved model is on a data set.",
    .examples = "  capas evaluate runs/cnn-simple/model.keras\n"
                "  capas evaluate model.keras --data fashion-mnist --json\n"
                "  capas evaluate flowers.keras --data photos\n",
    .minimum = 1,
    .maximum = 1,
    .run = run_evaluate,
};
