/* capas bench: how fast recipes train and predict here, and what share of the processor's peak that
 * is. The data are the recipe's own; training is always the first epoch of a new model, begun anew
 * until the time is up. GFLOP/s count every multiplication, also those that are skipped because a
 * factor is exactly zero; so a share of the peak may pass 100 %. */
#include "command.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/option.h"
#include "base/text.h"
#include "kernels/peak.h"
#include "model/plan.h"
#include "training/dataset.h"
#include <capas/capas.h>
#include <stdio.h>
#include <string.h>

typedef struct bench {
    const cli_command *command;
    double seconds; /* for each figure */
    cli_list settings;
    bool only_training;
    capas_value *networks; /* with --json */
    double peak;
    int threads;
} bench;

typedef struct figures {
    const char *name;
    int batch;
    double train, predict; /* samples and images a second */
    double flops, gflops;  /* of training: of one sample, and a second */
} figures;

static const char *const all_recipes[] = {"cnn-simple", "crash-mlp", "crash-bn", "keras-mlp",
                                          "model1"};

/* Stops fit when the time is up, and counts the steps after the first of each epoch. */
typedef struct watch {
    double began, last; /* the epoch's first step, and the last one */
    double seconds;     /* of all counted steps ... */
    double limit;       /* ... and how long that may be */
    int64_t steps, counted;
    bool warm;
} watch;

enum { LEAST_WARM_STEPS = 3, WARM_STEPS = 20 };
static const double warm_seconds = 0.5; /* is enough, when the steps are long */

static capas_status watch_batch(void *context, capas_training *training, int64_t batch,
                                capas_logs *logs)
{
    (void)batch;
    (void)logs;
    watch *watch = context;
    double now = capas_seconds();
    if (watch->warm) {
        watch->counted++;
        watch->seconds += now - watch->last;
        if (watch->seconds >= watch->limit) capas_training_stop(training);
    }
    watch->last = now;
    if (++watch->steps == 1) watch->began = now;
    watch->warm = watch->steps >= WARM_STEPS ||
                  (watch->steps >= LEAST_WARM_STEPS && now - watch->began >= warm_seconds);
    return CAPAS_OK;
}

static capas_status fit_first_epoch(const capas_recipe *recipe, const capas_fit_options *options,
                                    const capas_recipe_data *data, uint64_t seed)
{
    capas_model *model = capas_recipe_model(recipe, seed);
    if (model == NULL) return capas_error_status();
    capas_status status = capas_fit_with(model, data->train, options);
    capas_model_free(model);
    return status;
}

/* All training data, and no validation: it is not what is measured. */
static capas_status measure_training(const bench *bench, const capas_recipe *recipe,
                                     const capas_recipe_data *data, figures *figures)
{
    capas_recipe_data train_only = {.train = data->train};
    capas_fit_options options = {.struct_size = sizeof options};
    CAPAS_TRY(capas_recipe_fit_options(recipe, &train_only, &options));
    watch watch = {.limit = bench->seconds};
    capas_callback callback = {.context = &watch, .on_train_batch_end = watch_batch};
    const capas_callback *callbacks[] = {&callback};
    options.callbacks = callbacks;
    options.callback_count = 1;
    options.validation_split = 0;
    options.epochs = 1;
    options.steps = 0;
    figures->batch = options.batch_size > 0 ? options.batch_size : 32;
    int64_t before = -1;
    for (uint64_t seed = 0; watch.seconds < bench->seconds && watch.counted > before; seed++) {
        before = watch.counted; /* an epoch without a counted step would never end this */
        watch.steps = 0;
        watch.warm = false;
        CAPAS_TRY(fit_first_epoch(recipe, &options, data, seed));
    }
    if (watch.seconds > 0)
        figures->train = (double)(watch.counted * figures->batch) / watch.seconds;
    return CAPAS_OK;
}

static capas_status measure_prediction(const bench *bench, capas_model *model,
                                       const capas_recipe_data *data, figures *figures)
{
    enum { IMAGES = 1024 };
    capas_dataset *set = data->test ? data->test : data->train;
    capas_batch batch;
    capas_shape shape;
    CAPAS_TRY(capas_model_output_shape(model, 0, &shape));
    CAPAS_TRY(capas_batch_new(&set->spec, IMAGES, &batch));
    capas_dataset_place start = {.epoch = 0};
    capas_status status = set->type->seek(set, &start);
    if (status == CAPAS_OK) status = set->type->next(set, &batch);
    float *out = capas_allocate((size_t)(IMAGES * capas_shape_count(&shape, 1)), sizeof *out);
    if (status == CAPAS_OK && out == NULL) status = CAPAS_NO_MEMORY;
    capas_tensor input = {.element = set->spec.input_elements[0], .data = batch.inputs[0]};
    capas_tensor output = {.element = CAPAS_FLOAT32, .data = out};
    int64_t images = 0;
    double began = 0, now = 0;
    for (int round = 0; status == CAPAS_OK && (round < 2 || now - began < bench->seconds);
         round++) {
        status = capas_predict_tensors(model, &input, &output, batch.count);
        now = capas_seconds();
        if (round == 0)
            began = now;
        else
            images += batch.count;
    }
    if (now > began) figures->predict = (double)images / (now - began);
    capas_release(out);
    capas_batch_free(&batch);
    return status;
}

static capas_status measure(const bench *bench, capas_recipe *recipe, figures *figures)
{
    capas_recipe_data data;
    CAPAS_TRY(capas_recipe_open_data(recipe, NULL, &data));
    capas_model *model = capas_recipe_model(recipe, 0);
    capas_status status = model != NULL ? CAPAS_OK : capas_error_status();
    if (status == CAPAS_OK) status = measure_training(bench, recipe, &data, figures);
    if (status == CAPAS_OK && !bench->only_training)
        status = measure_prediction(bench, model, &data, figures);
    for (int i = 0; status == CAPAS_OK && i < model->layer_count; i++) {
        capas_layer_cost cost;
        status = capas_model_layer_cost(model, i, &cost);
        figures->flops += cost.training_flops;
    }
    figures->gflops = figures->train * figures->flops * 1e-9;
    capas_model_free(model);
    capas_recipe_close_data(&data);
    return status;
}

static capas_status report(bench *bench, const figures *f)
{
    double share = bench->peak > 0 ? f->gflops * 1e9 / bench->peak : 0;
    if (bench->networks == NULL) {
        char predict[32] = "-";
        if (!bench->only_training) snprintf(predict, sizeof predict, "%.0f", f->predict);
        printf("%-12s %5d %7d %15.0f %15s %9.1f %8.0f %%\n", f->name, f->batch, bench->threads,
               f->train, predict, f->gflops, 100 * share);
        fflush(stdout);
        return CAPAS_OK;
    }
    capas_value *map = capas_value_map();
    capas_value_set(map, "name", capas_value_string(f->name));
    capas_value_set(map, "batch", capas_value_integer(f->batch));
    capas_value_set(map, "threads", capas_value_integer(bench->threads));
    capas_value_set(map, "train_samples_per_second", capas_value_real(f->train));
    if (!bench->only_training)
        capas_value_set(map, "predict_images_per_second", capas_value_real(f->predict));
    capas_value_set(map, "training_flops", capas_value_real(f->flops));
    capas_value_set(map, "gflops", capas_value_real(f->gflops));
    capas_value_set(map, "peak_gflops", capas_value_real(bench->peak * 1e-9));
    capas_value_set(map, "share_of_peak", capas_value_real(share));
    return capas_value_append(bench->networks, map);
}

static capas_status bench_recipe(bench *bench, const char *name)
{
    capas_recipe *recipe = capas_recipe_load(name, bench->settings.items, bench->settings.count);
    if (recipe == NULL) return capas_error_status();
    figures figures = {.name = capas_recipe_name(recipe)};
    capas_status status = measure(bench, recipe, &figures);
    if (status == CAPAS_OK) status = report(bench, &figures);
    capas_recipe_free(recipe);
    return status;
}

static capas_status bench_with_threads(bench *bench, const char *const *names, int count,
                                       int threads)
{
    CAPAS_TRY(capas_set_threads(threads));
    bench->threads = threads;
    bench->peak = capas_measure_peak(threads, 0.3);
    if (bench->networks == NULL)
        printf("%d thread%s: peak %.0f GFLOP/s (%s)\n", threads, threads == 1 ? "" : "s",
               bench->peak * 1e-9, capas_kernel_set());
    for (int i = 0; i < count; i++)
        CAPAS_TRY(bench_recipe(bench, names[i]));
    return CAPAS_OK;
}

/* With `threads`, or with 1 and then 2 where that is 0. */
static capas_status bench_all(bench *bench, const char *const *names, int count, int threads)
{
    int most = capas_threads() < 2 ? capas_threads() : 2;
    if (bench->networks == NULL)
        printf("%-12s %5s %7s %15s %15s %9s %10s\n", "network", "batch", "threads",
               "train samples/s", "predict img/s", "GFLOP/s", "of peak");
    if (threads > 0) return bench_with_threads(bench, names, count, threads);
    for (threads = 1; threads <= most; threads++)
        CAPAS_TRY(bench_with_threads(bench, names, count, threads));
    return CAPAS_OK;
}

static int run_bench(const cli_command *command, int argc, char **argv)
{
    bench bench = {.command = command, .seconds = 2};
    bool json = false;
    long long threads = 0;
    const cli_option options[] = {
        {"--seconds", "S", "for each figure (default: 2)", CLI_REAL, &bench.seconds},
        {"--threads", "N", "with so many threads only (default: with 1, then with 2)", CLI_INTEGER,
         &threads},
        {"--train", NULL, "measures training only", CLI_FLAG, &bench.only_training},
        {"--set", "KEY=VALUE", "changes the recipe; may be repeated", CLI_LIST, &bench.settings},
        {"--json", NULL, "prints the result as JSON", CLI_FLAG, &json},
    };
    int count, status;
    if (!cli_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &count, &status))
        return status;
    if (!(bench.seconds > 0 && bench.seconds < 3600)) {
        fprintf(stderr, "capas bench: --seconds must be more than 0 and less than 3600.\n");
        return CLI_WRONG_USE;
    }
    if (threads < 0 || threads > 64) {
        fprintf(stderr, "capas bench: --threads must be 1 to 64.\n");
        return CLI_WRONG_USE;
    }
    if (json) bench.networks = capas_value_list();
    if (json && bench.networks == NULL) return cli_fail(command);
    const char *const *names = count > 0 ? (const char *const *)argv : all_recipes;
    if (count == 0) count = (int)CAPAS_COUNT(all_recipes);
    status =
        bench_all(&bench, names, count, (int)threads) == CAPAS_OK ? CLI_DONE : cli_fail(command);
    if (json && status == CLI_DONE) {
        capas_value *result = capas_value_map();
        capas_value_set(result, "networks", bench.networks);
        return cli_print_json(result) ? CLI_DONE : cli_fail(command);
    }
    capas_value_free(bench.networks);
    return status;
}

const cli_command cli_bench = {
    .name = "bench",
    .arguments = "[RECIPE...]",
    .summary = "Measures training and prediction of recipes on this machine, with 1 and 2 threads.",
    .examples = "  capas bench\n"
                "  capas bench cnn-simple --seconds 5 --json\n"
                "  capas bench model3 --set data.augment=null --threads 2 --train\n",
    .minimum = 0,
    .maximum = -1,
    .run = run_bench,
};
