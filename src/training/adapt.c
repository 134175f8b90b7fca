/* capas_adapt: mean and variance of what reaches Normalization layers, found in one pass over a
 * data set for each of them (Keras layers/preprocessing/normalization.py). */
#include "base/memory.h"
#include "base/text.h"
#include "kernels/fill.h"
#include "layers/normalization.h"
#include "model/plan.h"
#include "training/dataset.h"
#include <capas/training.h>
#include <string.h>

enum { BATCH = 64 };

/* One layer under way: a part of the model that ends at it, and the sums of each place. */
typedef struct adaption {
    capas_model *model;
    const capas_layer *layer;
    int use, input; /* uses: of the layer, and the one that it reads */
    capas_dataset *dataset;
    capas_model *part;
    capas_run *run;
    capas_batch batch;
    int64_t size, places; /* numbers of a sample, and statistics */
    int64_t *place;       /* of each number of a sample */
    double *count, *mean, *squares;
    float *result;
} adaption;

static void close_adaption(adaption *a)
{
    capas_plan_release(a->run);
    capas_model_free(a->part);
    capas_batch_free(&a->batch);
    capas_release(a->place);
    capas_release(a->count);
    capas_release(a->mean);
    capas_release(a->squares);
    capas_release(a->result);
}

/* Input number i of the part, among the model's. */
static int input_of(const adaption *a, int i)
{
    for (int k = 0; k < a->model->input_count; k++)
        if (a->model->inputs[k] <= a->use && i-- == 0) return k;
    return 0;
}

static capas_status check_data(const adaption *a)
{
    const capas_dataset_spec *spec = &a->dataset->spec;
    if (spec->input_count != a->model->input_count)
        return capas_fail(CAPAS_SHAPE_MISMATCH, "adapt: the model takes %d inputs, the data has %d",
                          a->model->input_count, spec->input_count);
    for (int i = 0; i < spec->input_count; i++) {
        char wanted[128], found[128];
        const capas_shape *shape = &a->model->uses[a->model->inputs[i]].output;
        if (capas_shape_count(shape, 1) == capas_shape_count(&spec->input_shapes[i], 0)) continue;
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "adapt: input %d of the model takes the shape %s, samples have %s", i,
                          capas_shape_text(shape, wanted, sizeof wanted),
                          capas_shape_text(&spec->input_shapes[i], found, sizeof found));
    }
    return CAPAS_OK;
}

/* Which statistic each number of a sample belongs to. */
static void find_places(adaption *a, const capas_shape *input, const capas_shape *statistics)
{
    for (int64_t i = 0; i < a->size; i++) {
        int64_t rest = i, stride = 1;
        a->place[i] = 0;
        for (int d = input->rank - 1; d > 0; d--) {
            if (statistics->dims[d] > 1) a->place[i] += rest % input->dims[d] * stride;
            stride *= statistics->dims[d];
            rest /= input->dims[d];
        }
    }
}

static capas_status open_adaption(adaption *a)
{
    const capas_shape *input = &a->model->uses[a->input].output;
    capas_shape statistics;
    CAPAS_TRY(check_data(a));
    CAPAS_TRY(capas_normalization_statistics(a->layer, input, &statistics));
    a->size = capas_shape_count(input, 1);
    a->places = capas_shape_count(&statistics, 1);
    a->part = capas_model_until(a->model, a->layer->name);
    if (!a->part) return capas_error_status();
    capas_plan_options options;
    memset(&options, 0, sizeof options); /* compared byte for byte */
    options.batch = BATCH;
    options.no_fusion = true; /* so that the layer's input is somewhere */
    options.watched[0] = a->input + 1;
    capas_plan *plan;
    CAPAS_TRY(capas_model_plan(a->part, &options, &plan));
    CAPAS_TRY(capas_plan_acquire(plan, &a->run));
    CAPAS_TRY(capas_batch_new(&a->dataset->spec, BATCH, &a->batch));
    a->place = capas_allocate((size_t)a->size, sizeof *a->place);
    a->count = capas_allocate_zeroed((size_t)a->places, sizeof *a->count);
    a->mean = capas_allocate_zeroed((size_t)a->places, sizeof *a->mean);
    a->squares = capas_allocate_zeroed((size_t)a->places, sizeof *a->squares);
    a->result = capas_allocate((size_t)a->places, sizeof *a->result);
    if (!a->place || !a->count || !a->mean || !a->squares || !a->result) return CAPAS_NO_MEMORY;
    find_places(a, input, &statistics);
    return CAPAS_OK;
}

/* Welford's: mean and squared distances from it, as one number after another comes. */
static void add(adaption *a, const float *values, int64_t samples)
{
    for (int64_t n = 0; n < samples; n++)
        for (int64_t i = 0; i < a->size; i++) {
            const int64_t k = a->place[i];
            const double value = values[n * a->size + i], distance = value - a->mean[k];
            a->count[k] += 1;
            a->mean[k] += distance / a->count[k];
            a->squares[k] += distance * (value - a->mean[k]);
        }
}

/* Bytes are scaled as the model says. */
static void fill(adaption *a, int input)
{
    const int from = input_of(a, input);
    const capas_tensor data = {.element = a->dataset->spec.input_elements[from],
                               .data = a->batch.inputs[from]};
    const capas_use *use = &a->part->uses[a->part->inputs[input]];
    void *to = capas_run_input(a->run, input);
    bool bytes = data.element == CAPAS_UINT8 && use->element == CAPAS_FLOAT32;
    if (bytes || data.element == use->element)
        capas_fill_input(a->part, input, &data, 0, a->batch.count, to);
    else
        capas_convert(use->element, to, data.element, data.data,
                      a->batch.count * capas_shape_count(&use->output, 1));
}

static capas_status go_through(adaption *a)
{
    const capas_dataset_place start = {0};
    CAPAS_TRY(a->dataset->type->seek(a->dataset, &start));
    for (;;) {
        CAPAS_TRY(a->dataset->type->next(a->dataset, &a->batch));
        if (a->batch.count == 0) break;
        for (int i = 0; i < a->part->input_count; i++)
            fill(a, i);
        CAPAS_TRY(capas_run_forward(a->run, (int)a->batch.count, 0, NULL, NULL));
        int samples;
        const float *values = capas_run_watched(a->run, 0, &samples);
        if (!values)
            return capas_fail(CAPAS_UNSUPPORTED,
                              "adapt: what layer %s reads is no array of its own", a->layer->name);
        add(a, values, samples);
    }
    if (a->count[0] > 0) return CAPAS_OK;
    return capas_fail(CAPAS_BAD_DATA, "adapt: the data set gave no samples");
}

static capas_status set_weight(const adaption *a, const char *name)
{
    for (int w = 0; w < a->model->weight_count; w++)
        if (a->model->weights[w].layer == a->layer &&
            strcmp(a->model->weights[w].weight->name, name) == 0)
            return capas_model_set_weight(a->model, w, a->result);
    return CAPAS_OK;
}

static capas_status adapt(capas_model *model, const capas_layer *layer, capas_dataset *dataset)
{
    adaption a = {.model = model, .layer = layer, .dataset = dataset};
    while (model->layers[model->uses[a.use].layer] != layer)
        a.use++;
    a.input = model->uses[a.use].inputs[0];
    capas_status status = open_adaption(&a);
    if (status == CAPAS_OK) status = go_through(&a);
    for (int64_t k = 0; status == CAPAS_OK && k < a.places; k++)
        a.result[k] = (float)a.mean[k];
    if (status == CAPAS_OK) status = set_weight(&a, "mean");
    for (int64_t k = 0; status == CAPAS_OK && k < a.places; k++)
        a.result[k] = (float)(a.squares[k] / a.count[k]);
    if (status == CAPAS_OK) status = set_weight(&a, "variance");
    close_adaption(&a);
    return status;
}

static capas_status adapt_named(capas_model *model, const char *name, capas_dataset *dataset)
{
    const capas_layer *layer = capas_model_layer(model, name);
    if (!layer) return capas_model_fail_no_layer(model, name);
    if (capas_normalization_adapts(layer)) return adapt(model, layer, dataset);
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "adapt: layer %s finds nothing in data; only a Normalization without a given "
                      "mean does",
                      name);
}

capas_status capas_adapt(capas_model *model, const char *layer, capas_dataset *dataset)
{
    if (!model || !dataset)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "adapt: a model and a data set are needed");
    CAPAS_TRY(capas_model_check(model));
    dataset = capas_dataset_unchanged(dataset);
    if (layer) return capas_model_keep_failure(model, adapt_named(model, layer, dataset));
    for (int i = 0; i < model->layer_count; i++)
        if (capas_normalization_adapts(model->layers[i]))
            CAPAS_TRY(capas_model_keep_failure(model, adapt(model, model->layers[i], dataset)));
    return CAPAS_OK;
}
