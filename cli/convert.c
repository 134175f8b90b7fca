/* capas convert: a model from one kind of file into another, opened again and held against the
 * first.
 */
#include "convert.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/option.h"
#include "base/text.h"
#include "model/model.h"
#include <capas/capas.h>
#include <stdio.h>
#include <string.h>

/* Both compute with the same kernels: what is more is a mistake. */
static const double most_difference = 1e-5;

typedef enum target { WHOLE, WEIGHTS, JSON, SOURCE } target;

static bool target_of(const char *path, target *target)
{
    *target = cli_ends_in(path, ".weights.h5") || cli_ends_in(path, ".npz") ||
                      cli_ends_in(path, ".safetensors")
                  ? WEIGHTS
              : cli_ends_in(path, ".json") ? JSON
              : cli_ends_in(path, ".c")    ? SOURCE
                                           : WHOLE;
    return *target == WEIGHTS || *target == SOURCE || cli_is_model(path);
}

static capas_status write_json(capas_model *model, const char *path)
{
    char *json;
    CAPAS_TRY(capas_model_to_json(model, &json));
    capas_status status = capas_write_file(path, json, strlen(json));
    capas_free(json);
    return status;
}

static capas_status write_model(capas_model *model, const char *path, target target)
{
    if (target == JSON) return write_json(model, path);
    return target == WEIGHTS ? capas_save_weights(model, path) : capas_save(model, path);
}

/* What was written, as a model again; NULL on failure. */
static capas_model *open_again(capas_model *first, const char *path, target target)
{
    char *json = NULL;
    capas_model *second = NULL;
    if (target != WEIGHTS)
        second = capas_load(path);
    else if (capas_model_to_json(first, &json) == CAPAS_OK)
        second = capas_model_from_json(json);
    capas_free(json);
    capas_status status = CAPAS_OK;
    if (second && target == WEIGHTS) status = capas_load_weights(second, path);
    if (second && target == JSON) /* which has no weights: the first model's go in */
        status = capas_model_take_weights(second, first);
    if (status == CAPAS_OK) return second;
    capas_model_free(second);
    return NULL;
}

static capas_status compare(capas_model *first, capas_model *second, int samples,
                            double *difference)
{
    if (!second) return capas_error_status();
    capas_status status = capas_model_difference(first, second, samples, difference);
    capas_model_free(second);
    return status;
}

/* The bytes in a source must outlive their model. */
static capas_status compare_source(capas_model *first, const char *path, int samples,
                                   double *difference)
{
    capas_flat flat;
    CAPAS_TRY(cli_read_source(path, &flat));
    capas_status status = compare(first, capas_model_from_flat(&flat), samples, difference);
    capas_free((void *)flat.data);
    return status == CAPAS_OK ? status : capas_fail_in("%s", path);
}

static capas_status check(capas_model *first, const char *path, target target, int samples,
                          double *difference)
{
    capas_status status =
        target == SOURCE ? compare_source(first, path, samples, difference)
                         : compare(first, open_again(first, path, target), samples, difference);
    if (status != CAPAS_OK || *difference <= most_difference) return status;
    return capas_fail(CAPAS_BAD_DATA,
                      "%s was written, but gives other outputs: the largest difference over %d "
                      "random inputs is %g; please report this with the file",
                      path, samples, *difference);
}

static int64_t count_numbers(const capas_model *model)
{
    int64_t count = 0;
    for (int i = 0; i < capas_model_weight_count(model); i++) {
        capas_weight_info info;
        if (capas_model_weight_info(model, i, &info) == CAPAS_OK)
            count += capas_shape_count(&info.shape, 0);
    }
    return count;
}

static int convert(const cli_command *command, const char *from, const char *to, target target,
                   const char *weights, int samples)
{
    char text[32];
    double difference = 0;
    bool plain = target == JSON && weights == NULL && cli_ends_in(from, ".json");
    capas_model *model = plain                      ? capas_load(from)
                         : cli_is_application(from) ? cli_application(from, weights)
                                                    : cli_load_model(from, weights, true);
    capas_status done = model ? write_model(model, to, target) : capas_error_status();
    if (done == CAPAS_OK) done = check(model, to, target, samples, &difference);
    if (done == CAPAS_OK)
        printf("%s: %s weights; largest difference over %d random inputs: %g\n", to,
               capas_thousands(count_numbers(model), text, sizeof text), samples, difference);
    capas_model_free(model);
    return done == CAPAS_OK ? CLI_DONE : cli_fail(command);
}

static int run_convert(const cli_command *command, int argc, char **argv)
{
    const char *weights = NULL;
    long long samples = 16;
    const cli_option options[] = {
        CLI_WEIGHTS_OPTION(&weights),
        {"--samples", "N", "random inputs to compare with (default: 16)", CLI_INTEGER, &samples},
    };
    int count, status;
    target target;
    if (!cli_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &count, &status))
        return status;
    if (samples < 1 || samples > 1 << 20) {
        fprintf(stderr, "capas convert: --samples must be 1 to %d.\n", 1 << 20);
        return CLI_WRONG_USE;
    }
    if (!target_of(argv[1], &target)) {
        fprintf(stderr,
                "capas convert: the second file must end in .keras, .h5, .weights.h5, .npz, "
                ".safetensors, .json, .capas or .c, found \"%s\".\n",
                argv[1]);
        return CLI_WRONG_USE;
    }
    return convert(command, argv[0], argv[1], target, weights, (int)samples);
}

const cli_command cli_convert = {
    .name = "convert",
    .arguments = "MODEL FILE",
    .summary = "Writes a model as another kind of file, and compares the two.",
    .examples = "  capas convert old.h5 new.keras\n"
                "  capas convert model.json model.keras --weights model.weights.h5\n"
                "  capas convert model.keras only.weights.h5\n"
                "  capas convert model.keras digits.c\n"
                "  capas convert resnet50 resnet50.keras --weights "
                "resnet50_weights_tf_dim_ordering_tf_kernels.h5\n",
    .minimum = 2,
    .maximum = 2,
    .run = run_convert,
};
