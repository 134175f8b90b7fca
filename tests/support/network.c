/* Random networks, see network.h: their losses and data, running them, comparing what came out. */
#include "support/network.h"

#include "base/option.h"
#include "base/philox.h"
#include "model/plan_parts.h"
#include "support/cmocka.h"
#include "support/network_build.h"
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number in [0, 1) for a place in one of the streams of a seed. */
static float uniform(uint64_t seed, uint32_t stream, uint64_t place)
{
    uint32_t word[4];
    capas_philox((capas_random){.seed = seed, .stream = 0xda7a0000u + stream}, place, word);
    return capas_uniform(word[0]);
}

/* Sizes at which numbers neither vanish nor explode through a few layers; variances positive. */
static void set_weight(network *network, int number)
{
    capas_model *model = network->model;
    capas_weight_info info;
    assert_int_equal(capas_model_weight_info(model, number, &info), CAPAS_OK);
    int64_t count = capas_shape_count(&info.shape, 0);
    float *values = malloc((size_t)count * sizeof *values);
    assert_non_null(values);
    bool positive = strcmp(info.name, "moving_variance") == 0 ||
                    strcmp(info.name, "variance") == 0 || strcmp(info.name, "gamma") == 0;
    double fan =
        info.shape.rank < 2 ? 4 : (double)count / (double)info.shape.dims[info.shape.rank - 1];
    float scale = (float)sqrt(3 / fan);
    for (int64_t i = 0; i < count; i++) {
        float draw = uniform(network->seed, 100 + (uint32_t)number, (uint64_t)i);
        values[i] = positive ? 0.5f + draw : (2 * draw - 1) * scale;
    }
    assert_int_equal(capas_model_set_weight(model, number, values), CAPAS_OK);
    free(values);
}

/* Cross-entropies behind a softmax, or on logits; the mean squared error on anything. */
static void choose_loss(network *network, int output)
{
    const capas_model *model = network->model;
    const capas_use *use = &model->uses[model->outputs[output]];
    const capas_layer *layer = model->layers[use->layer];
    bool softmax = strcmp(layer->type->name, "Activation") == 0 &&
                   ((const capas_activation_options *)layer->options)->activation == CAPAS_SOFTMAX;
    float draw = uniform(network->seed, 50, (uint64_t)output);
    capas_loss_problem *loss = &network->losses[output];
    network->loss_weights[output] = 0.5 + draw;
    static const capas_loss_kind smooth[] = {
        CAPAS_LOSS_KIND_MEAN_SQUARED_ERROR,
        CAPAS_LOSS_KIND_LOG_COSH,
        CAPAS_LOSS_KIND_COSINE_SIMILARITY,
        CAPAS_LOSS_KIND_HUBER,
    };
    loss->kind = smooth[network->seed % 4];
    loss->delta = 10;
    if (draw < 0.25f || (softmax && draw < 0.5f)) {
        loss->kind = CAPAS_LOSS_KIND_CATEGORICAL_CROSSENTROPY;
        loss->label_smoothing = draw < 0.1f ? 0.2 : 0;
        loss->from_logits = !softmax;
    } else if (draw < 0.5f || (softmax && draw < 0.9f)) {
        loss->kind = CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY;
        loss->from_logits = !softmax;
        loss->has_ignore_class = draw < 0.35f;
        loss->ignore_class = 1;
    }
}

network network_of(capas_model *model, uint64_t seed)
{
    network network = {.seed = seed, .model = model};
    assert_non_null(model);
    capas_enable_training();
    for (int i = 0; i < model->weight_count; i++)
        set_weight(&network, i);
    assert_int_equal(capas_model_place_gradients(model), CAPAS_OK);
    size_t size = (size_t)model->value_count * sizeof *network.start;
    network.start = malloc(size + 1);
    assert_non_null(network.start);
    memcpy(network.start, model->values, size);
    return network;
}

network network_random(uint64_t seed)
{
    capas_model *model = network_build(seed);
    for (int i = 0; i < model->layer_count; i++)
        model->layers[i]->trainable = uniform(seed, 51, (uint64_t)i) < 0.85f;
    network network = network_of(model, seed);
    for (int i = 0; i < model->output_count; i++)
        choose_loss(&network, i);
    return network;
}

void network_free(network *network)
{
    capas_model_free(network->model);
    free(network->start);
}

capas_plan_options network_options(const network *network, int batch, bool training, bool losses)
{
    capas_plan_options options;
    memset(&options, 0, sizeof options);
    options.batch = batch;
    options.training = training;
    options.backward = options.input_gradients = true;
    if (!losses) return options;
    options.sample_weights = network->seed % 3 == 0;
    options.loss_count = network->model->output_count;
    for (int i = 0; i < options.loss_count; i++) {
        options.losses[i] = network->losses[i];
        options.loss_weights[i] = network->loss_weights[i];
    }
    return options;
}

/* One running execution, and what is gathered of it. */
typedef struct execution {
    network *network;
    const capas_plan_options *options;
    const network_data *data;
    capas_run *run;
    network_result *result;
} execution;

static double number_at(const execution *e, const void *from, int64_t i)
{
    return e->options->element == CAPAS_FLOAT64 ? ((const double *)from)[i]
                                                : ((const float *)from)[i];
}

static int64_t sample_of(const execution *e, int64_t element, int64_t size)
{
    int64_t row = element / size;
    return (e->data->samples != NULL ? e->data->samples[row] : row) * size + element % size;
}

/* Numbers in [low, low + width), the same float in every plan. */
static void fill(const execution *e, uint32_t stream, int64_t size, float low, float width,
                 void *to)
{
    for (int64_t i = 0; to != NULL && i < e->data->n * size; i++) {
        uint64_t place = (uint64_t)sample_of(e, i, size);
        float value = low + width * uniform(e->data->seed, stream, place);
        if (e->options->element == CAPAS_FLOAT64)
            ((double *)to)[i] = value;
        else
            ((float *)to)[i] = value;
    }
}

static void fill_labels(const execution *e, uint32_t stream, int64_t size, int classes, int32_t *to)
{
    for (int64_t i = 0; i < e->data->n * size; i++)
        to[i] = (int32_t)(uniform(e->data->seed, stream, (uint64_t)sample_of(e, i, size)) *
                          (float)classes);
}

static void fill_loss(const execution *e, int output)
{
    const capas_shape *shape = &e->network->model->uses[e->network->model->outputs[output]].output;
    int64_t size = capas_shape_count(shape, 1), rows;
    int classes = (int)shape->dims[shape->rank - 1];
    uint32_t stream = 20 + (uint32_t)output;
    capas_run_loss_values(e->run, output, &rows);
    if (e->options->losses[output].kind == CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY)
        fill_labels(e, stream, rows, classes, capas_run_target(e->run, output));
    else
        fill(e, stream, size, 0, 1, capas_run_target(e->run, output));
    fill(e, 40 + (uint32_t)output, rows, 0.5f, 1, capas_run_sample_weight(e->run, output));
}

/* Whether output `o` is given a gradient: it has memory for one, which no output before it shares.
 */
static bool has_gradient(const execution *e, int o)
{
    if (!e->options->backward || e->options->loss_count > 0) return false;
    const void *memory = capas_run_output_gradient(e->run, o);
    for (int i = 0; i < o; i++)
        if (capas_run_output_gradient(e->run, i) == memory) return false;
    return memory != NULL;
}

static int64_t output_size(const execution *e, int o)
{
    const capas_model *model = e->network->model;
    return capas_shape_count(&model->uses[model->outputs[o]].output, 1);
}

static void fill_run(const execution *e)
{
    const capas_model *model = e->network->model;
    const capas_plan *plan = e->run->plan;
    memset(e->run->arena, 0xff, plan->arena_size);
    if (e->run->gradients != NULL)
        memset(e->run->gradients, 0xff,
               (size_t)(model->gradient_count * capas_element_size(e->options->element)));
    for (int i = 0; i < model->input_count; i++) {
        int64_t size = capas_shape_count(&model->uses[model->inputs[i]].output, 1);
        void *input = capas_run_input(e->run, i);
        fill(e, (uint32_t)i, size, -1, 2, input);
        if (e->data->nudge != 0 && e->data->nudged_input == i)
            ((double *)input)[e->data->nudged_element] += e->data->nudge;
    }
    for (int i = 0; i < e->options->loss_count; i++)
        fill_loss(e, i);
    for (int i = 0; i < model->output_count; i++)
        if (has_gradient(e, i))
            fill(e, 10 + (uint32_t)i, output_size(e, i), -1, 2,
                 capas_run_output_gradient(e->run, i));
}

static void gather(const execution *e, const char *kind, int index, const void *from, int64_t count)
{
    network_result *result = e->result;
    if (from == NULL) return;
    assert_true(result->part_count < NETWORK_PARTS);
    result->parts[result->part_count++] = (network_part){kind, index, result->count, count};
    size_t size = (size_t)(result->count + count + 1) * sizeof *result->numbers;
    result->numbers = realloc(result->numbers, size);
    assert_non_null(result->numbers);
    for (int64_t i = 0; i < count; i++)
        result->numbers[result->count + i] = number_at(e, from, i);
    result->count += count;
}

/* What the gradients are of: sum over rows of weight * value / rows, or sum of the outputs times
 * the gradients they were given. */
static void gather_loss(const execution *e, int output)
{
    int64_t rows;
    const void *values = capas_run_loss_values(e->run, output, &rows);
    const void *weights = capas_run_loss_weights(e->run, output);
    double sum = 0;
    rows *= e->data->n;
    for (int64_t i = 0; i < rows; i++)
        sum += number_at(e, values, i) * (weights ? number_at(e, weights, i) : 1);
    if (rows > 0) e->result->objective += e->options->loss_weights[output] * sum / (double)rows;
    gather(e, "loss", output, values, rows);
}

static void gather_outputs(const execution *e, double penalty)
{
    e->result->objective = penalty;
    for (int o = 0; o < e->network->model->output_count; o++) {
        int64_t size = output_size(e, o), count = size * e->data->n;
        const void *output = capas_run_output(e->run, o);
        gather(e, "output", o, output, count);
        if (e->options->loss_count > 0) gather_loss(e, o);
        for (int64_t i = 0; has_gradient(e, o) && i < count; i++) {
            uint64_t place = (uint64_t)sample_of(e, i, size);
            double gradient = -1 + 2 * uniform(e->data->seed, 10 + (uint32_t)o, place);
            e->result->objective += number_at(e, output, i) * gradient;
        }
    }
}

static void gather_gradients(const execution *e)
{
    const capas_model *model = e->network->model;
    size_t size = (size_t)capas_element_size(e->options->element);
    for (int i = 0; e->options->input_gradients && i < model->input_count; i++)
        gather(e, "input gradient", i, capas_run_input_gradient(e->run, i),
               capas_shape_count(&model->uses[model->inputs[i]].output, 1) * e->data->n);
    for (int w = 0; w < model->weight_count; w++)
        if (model->weights[w].gradient_offset >= 0)
            gather(e, "weight gradient", w,
                   (const char *)capas_run_gradients(e->run) +
                       (size_t)model->weights[w].gradient_offset * size,
                   model->weights[w].count);
}

/* Moving statistics move. */
static void gather_weights(const execution *e)
{
    const capas_model *model = e->network->model;
    capas_plan_options single = {.element = CAPAS_FLOAT32};
    execution floats = *e;
    floats.options = &single;
    for (int w = 0; w < model->weight_count; w++)
        gather(&floats, "weight", w, model->values + model->weights[w].offset,
               model->weights[w].count);
}

/* Outputs stay where they are until the next run, so all can be gathered at the end. */
static void execute(const execution *e, double *penalty)
{
    assert_int_equal(fesetround(e->data->rounding), 0);
    assert_int_equal(capas_run_forward(e->run, e->data->n, 3, NULL, penalty), CAPAS_OK);
    if (e->options->backward) assert_int_equal(capas_run_backward(e->run), CAPAS_OK);
    assert_int_equal(fegetround(), e->data->rounding);
    assert_int_equal(fesetround(FE_TONEAREST), 0);
}

network_result network_run(network *network, const capas_plan_options *options,
                           const network_data *data)
{
    network_result result = {0};
    execution e = {network, options, data, NULL, &result};
    capas_plan *plan;
    capas_model *model = network->model;
    memcpy(model->values, network->start, (size_t)model->value_count * sizeof(float));
    capas_model_touch(model);
    if (capas_model_plan(model, options, &plan) != CAPAS_OK ||
        capas_plan_acquire(plan, &e.run) != CAPAS_OK)
        fail_msg("network %llu: %s", (unsigned long long)network->seed, capas_error());
    fill_run(&e);
    double penalty = NAN;
    execute(&e, &penalty);
    gather_outputs(&e, penalty);
    if (options->backward) gather_gradients(&e);
    gather_weights(&e);
    capas_plan_release(e.run);
    return result;
}

void network_result_free(network_result *result)
{
    free(result->numbers);
    *result = (network_result){0};
}

static bool part_same(const char *what, const network_part *part, const double *got,
                      const double *want, double tolerance, bool tell)
{
    double largest = 0;
    for (int64_t i = 0; i < part->count; i++)
        largest = fmax(largest, fabs(want[i]));
    for (int64_t i = 0; i < part->count; i++) {
        bool same = tolerance == 0 ? memcmp(&got[i], &want[i], sizeof *got) == 0
                                   : fabs(got[i] - want[i]) <= tolerance * (1 + largest);
        if (same) continue;
        if (tell)
            printf("%s: %s %d, element %lld of %lld is %.9g, expected %.9g\n", what, part->kind,
                   part->index, (long long)i, (long long)part->count, got[i], want[i]);
        return false;
    }
    return true;
}

bool network_same(const network *network, const char *what, const network_result *got,
                  const network_result *want, double tolerance, bool tell)
{
    char where[160];
    snprintf(where, sizeof where, "network %llu, %s", (unsigned long long)network->seed, what);
    assert_int_equal(got->part_count, want->part_count);
    assert_int_equal(got->count, want->count);
    for (int i = 0; i < got->part_count; i++) {
        const network_part *part = &got->parts[i];
        if (!part_same(where, part, got->numbers + part->begin, want->numbers + part->begin,
                       tolerance, tell))
            return false;
    }
    return true;
}
