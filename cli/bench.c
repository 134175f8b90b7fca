/* capas bench: how fast recipes train and predict here, and what share of the processor's peak that
 * is. The data are the recipe's own. GFLOP/s count every multiplication, also those that are
 * skipped because a factor is exactly zero; so a share of the peak may pass 100 %. */
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
    double seconds;        /* for each figure */
    capas_value *networks; /* with --json */
    double peak;
    int threads;
} bench;

typedef struct figures {
    const char *name;
    int batch;
    double train, predict; /* samples and images a second */
    double gflops;         /* of training */
} figures;

static const char *const all_recipes[] = {"cnn-simple", "crash-mlp", "crash-bn", "keras-mlp",
                                          "model1"};

/* Stops fit when the time is up, and counts the samples after the first steps. */
typedef struct watch {
    double begin, end;
    int64_t steps, counted;
    double seconds;
} watch;

enum { WARM_STEPS = 20 };

static capas_status watch_batch(void *context, capas_training *training, int64_t batch,
                                capas_logs *logs)
{
    (void)batch;
    (void)logs;
    watch *watch = context;
    double now = capas_seconds();
    if (++watch->steps == WARM_STEPS) {
        watch->end += now - watch->begin;
        watch->begin = now;
    } else if (watch->steps > WARM_STEPS) {
        watch->counted++;
        watch->seconds = now - watch->begin;
        if (now >= watch->end) capas_training_stop(training);
    }
    return CAPAS_OK;
}

/* All training data, and no validation: it is not what is measured. */
static capas_status measure_training(const bench *bench, const capas_recipe *recipe,
                                     capas_model *model, const capas_recipe_data *data,
                                     figures *figures)
{
    capas_recipe_data train_only = {.train = data->train};
    capas_fit_options options = {.struct_size = sizeof options};
    CAPAS_TRY(capas_recipe_fit_options(recipe, &train_only, &options));
    watch watch = {.begin = capas_seconds()};
    watch.end = watch.begin + bench->seconds;
    capas_callback callback = {.context = &watch, .on_train_batch_end = watch_batch};
    const capas_callback *callbacks[] = {&callback};
    options.callbacks = callbacks;
    options.callback_count = 1;
    options.validation_split = 0;
    options.epochs = 1000000;
    figures->batch = options.batch_size > 0 ? options.batch_size : 32;
    CAPAS_TRY(capas_fit_with(model, data->train, &options));
    if (watch.seconds > 0)
        figures->train = (double)(watch.counted * figures->batch) / watch.seconds;
    return CAPAS_OK;
}

static capas_status measure_prediction(const bench *bench, capas_model *model,
                                       const capas_recipe_data *data, figures *figures)
{
    enum { IMAGES = 1024 };
    capas_batch batch;
    capas_shape shape;
    CAPAS_TRY(capas_model_output_shape(model, 0, &shape));
    CAPAS_TRY(capas_batch_new(&data->test->spec, IMAGES, &batch));
    capas_dataset_place start = {.epoch = 0};
    capas_status status = data->test->type->seek(data->test, &start);
    if (status == CAPAS_OK) status = data->test->type->next(data->test, &batch);
    float *out = capas_allocate((size_t)(IMAGES * capas_shape_count(&shape, 1)), sizeof *out);
    if (status == CAPAS_OK && out == NULL) status = CAPAS_NO_MEMORY;
    capas_tensor input = {.element = data->test->spec.input_elements[0], .data = batch.inputs[0]};
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
    if (status == CAPAS_OK) status = measure_training(bench, recipe, model, &data, figures);
    if (status == CAPAS_OK) status = measure_prediction(bench, model, &data, figures);
    double flops = 0;
    for (int i = 0; status == CAPAS_OK && i < model->layer_count; i++) {
        capas_layer_cost cost;
        status = capas_model_layer_cost(model, i, &cost);
        flops += cost.training_flops;
    }
    figures->gflops = figures->train * flops * 1e-9;
    capas_model_free(model);
    capas_recipe_close_data(&data);
    return status;
}

static capas_status report(bench *bench, const figures *f)
{
    double share = bench->peak > 0 ? f->gflops * 1e9 / bench->peak : 0;
    if (bench->networks == NULL) {
        printf("%-12s %5d %7d %15.0f %15.0f %9.1f %8.0f %%\n", f->name, f->batch, bench->threads,
               f->train, f->predict, f->gflops, 100 * share);
        fflush(stdout);
        return CAPAS_OK;
    }
    capas_value *map = capas_value_map();
    capas_value_set(map, "name", capas_value_string(f->name));
    capas_value_set(map, "batch", capas_value_integer(f->batch));
    capas_value_set(map, "threads", capas_value_integer(bench->threads));
    capas_value_set(map, "train_samples_per_second", capas_value_real(f->train));
    capas_value_set(map, "predict_images_per_second", capas_value_real(f->predict));
    capas_value_set(map, "gflops", capas_value_real(f->gflops));
    capas_value_set(map, "share_of_peak", capas_value_real(share));
    return capas_value_append(bench->networks, map);
}

static capas_status bench_recipe(bench *bench, const char *name)
{
    capas_recipe *recipe = capas_recipe_load(name, NULL, 0);
    if (recipe == NULL) return capas_error_status();
    figures figures = {.name = capas_recipe_name(recipe)};
    capas_status status = measure(bench, recipe, &figures);
    if (status == CAPAS_OK) status = report(bench, &figures);
    capas_recipe_free(recipe);
    return status;
}

static capas_status bench_all(bench *bench, const char *const *names, int count, int most_threads)
{
    if (bench->networks == NULL)
        printf("%-12s %5s %7s %15s %15s %9s %10s\n", "network", "batch", "threads",
               "train samples/s", "predict img/s", "GFLOP/s", "of peak");
    for (bench->threads = 1; bench->threads <= most_threads; bench->threads++) {
        CAPAS_TRY(capas_set_threads(bench->threads));
        bench->peak = capas_measure_peak(bench->threads, 0.3);
        if (bench->networks == NULL)
            printf("%d thread%s: peak %.0f GFLOP/s (%s)\n", bench->threads,
                   bench->threads == 1 ? "" : "s", bench->peak * 1e-9, capas_kernel_set());
        for (int i = 0; i < count; i++)
            CAPAS_TRY(bench_recipe(bench, names[i]));
    }
    return CAPAS_OK;
}

static int run_bench(const cli_command *command, int argc, char **argv)
{
    bench bench = {.command = command, .seconds = 2};
    bool json = false;
    const cli_option options[] = {
        {"--seconds", "S", "for each figure (default: 2)", CLI_REAL, &bench.seconds},
        {"--json", NULL, "prints the result as JSON", CLI_FLAG, &json},
    };
    int count, status;
    if (!cli_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &count, &status))
        return status;
    if (!(bench.seconds > 0 && bench.seconds < 3600)) {
        fprintf(stderr, "capas bench: --seconds must be more than 0 and less than 3600.\n");
        return CLI_WRONG_USE;
    }
    int threads = capas_threads() < 2 ? capas_threads() : 2;
    if (json) bench.networks = capas_value_list();
    if (json && bench.networks == NULL) return cli_fail(command);
    const char *const *names = count > 0 ? (const char *const *)argv : all_recipes;
    if (count == 0) count = (int)CAPAS_COUNT(all_recipes);
    status = bench_all(&bench, names, count, threads) == CAPAS_OK ? CLI_DONE : cli_fail(command);
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
                "  capas bench cnn-simple --seconds 5 --json\n",
    .minimum = 0,
    .maximum = -1,
    .run = run_bench,
};
