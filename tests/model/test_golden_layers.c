/* Every layer against Keras: all golden layer cases, forward and backward, with fusion on and off,
 * with each kernel set that this processor has and in double, and with a plan larger than the
 * batch. A mask comes as a second input, through a layer of the test's own. Prints how often each
 * kernel ran. A case of a part that is not built must be in
 * tests/golden/skips.txt. */
#include "support/cmocka.h"
#include "support/golden.h"

#include "base/memory.h"
#include "base/option.h"
#include "files/json.h"
#include "kernels/kernel.h"
#include "layers/layer.h"
#include "model/plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OUTPUTS = 6 };

typedef struct golden_case {
    const char *path;
    capas_value *config; /* of config.json */
    capas_model *model;
    int n; /* samples */
    double rtol, atol;
    int inputs, outputs;
    const char *mask; /* its file, or NULL: given as the last input */
} golden_case;

typedef struct way {
    capas_cpu_level level;
    capas_element element;
    bool no_fusion;
    int spare; /* samples that the plan takes beyond the batch */
} way;

static int ran, skipped;

static const char *string_at(const capas_value *map, const char *key)
{
    const capas_value *value = capas_value_get(map, key);
    return value != NULL && value->kind == CAPAS_VALUE_STRING ? value->string : NULL;
}

/* An activation or layer that capas does not know must be a listed one. */
static bool is_skipped(const capas_value *config)
{
    char part[96];
    const capas_value *layer = capas_value_get(config, "layer");
    const char *class_name = string_at(layer, "class_name");
    snprintf(part, sizeof part, "layers/%s", class_name);
    if (capas_layer_type_of(class_name) == NULL) {
        if (!golden_may_skip(part)) fail_msg("%s is not built and not in skips.txt", part);
        return true;
    }
    const char *activation = string_at(capas_value_get(layer, "config"), "activation");
    if (activation == NULL) return false;
    snprintf(part, sizeof part, "activations/%s", activation);
    return golden_may_skip(part);
}

/* A layer's configuration. A case may say a function and its arguments, which Keras cannot write,
 * in place of what its layer does. */
static capas_value *layer_config(const golden_case *c)
{
    const capas_value *layer = capas_value_get(c->config, "layer");
    capas_value *config = capas_value_clone(capas_value_get(layer, "config"));
    const char *function = string_at(c->config, "function");
    if (function == NULL) return config;
    capas_value *called = capas_value_map();
    capas_value *arguments = capas_value_clone(capas_value_get(c->config, "function_args"));
    assert_int_equal(capas_value_set(called, function, arguments), CAPAS_OK);
    assert_int_equal(capas_value_set(config, "activation", called), CAPAS_OK);
    return config;
}

/* Through a file's configuration, as only that can say an input of single numbers. */
static capas_layer *input_layer(const capas_value *batch_shape)
{
    capas_value *config = capas_value_map();
    assert_int_equal(capas_value_set(config, "batch_shape", capas_value_clone(batch_shape)),
                     CAPAS_OK);
    capas_layer *layer = capas_layer_from_config("InputLayer", config, "input");
    capas_value_free(config);
    if (layer == NULL) fail_msg("%s", capas_error());
    return layer;
}

/* x with a mask: x, mask -> x. */
static capas_status infer_masked(const capas_layer *layer, const capas_shape *inputs, int count,
                                 capas_shape *output)
{
    (void)layer, (void)count;
    *output = inputs[0];
    return CAPAS_OK;
}

static int lower_masked(const capas_layer *layer, capas_program *program, const int *inputs,
                        int count)
{
    (void)layer, (void)count;
    int output = capas_program_reshape(program, inputs[0], capas_program_shape(program, inputs[0]));
    program->buffers[output].mask = inputs[1];
    return output;
}

static const capas_layer_type masked_type = {
    .name = "Masked",
    .options = {"Masked", NULL, 0, sizeof(capas_merge_options)},
    .minimum_inputs = 2,
    .maximum_inputs = 2,
    .infer = infer_masked,
    .lower = lower_masked,
};

static capas_node add_mask(golden_case *c, capas_graph *graph, capas_node inputs[8])
{
    npy array = golden_npy("%s/%s", c->path, c->mask);
    capas_merge_options options = {.struct_size = sizeof options};
    capas_layer *steps = capas_input((int)array.shape[1]);
    npy_free(&array);
    inputs[c->inputs++] = capas_graph_apply(graph, steps, NULL, 0);
    return capas_graph_apply(graph, capas_layer_new(&masked_type, &options), inputs, c->inputs);
}

static void build_model(golden_case *c)
{
    const capas_value *layer = capas_value_get(c->config, "layer");
    const capas_value *shapes = capas_value_get(c->config, "input_shapes");
    capas_graph *graph = capas_graph_new();
    assert_non_null(graph);
    capas_node inputs[8];
    c->inputs = (int)shapes->count;
    for (int i = 0; i < c->inputs; i++)
        inputs[i] = capas_graph_apply(graph, input_layer(shapes->items[i]), NULL, 0);
    c->n = (int)shapes->items[0]->items[0]->integer;
    capas_value *config = layer_config(c);
    capas_layer *made = capas_layer_from_config(string_at(layer, "class_name"), config, c->path);
    capas_value_free(config);
    if (made == NULL) fail_msg("%s: %s", c->path, capas_error());
    c->mask = string_at(c->config, "mask");
    capas_node masked = {-1};
    if (c->mask != NULL) masked = add_mask(c, graph, inputs);
    capas_node outputs[MOST_OUTPUTS];
    outputs[0] = c->mask != NULL ? capas_graph_apply(graph, made, &masked, 1)
                                 : capas_graph_apply(graph, made, inputs, c->inputs);
    c->outputs = (int)capas_value_get(c->config, "outputs")->count;
    assert_in_range(c->outputs, 1, MOST_OUTPUTS);
    for (int i = 1; i < c->outputs; i++)
        outputs[i] = capas_graph_output(graph, outputs[0], i);
    c->model = capas_functional(graph, NULL, inputs, c->inputs, outputs, c->outputs);
    if (c->model == NULL) fail_msg("%s: %s", c->path, capas_error());
    assert_int_equal(capas_model_place_gradients(c->model), CAPAS_OK);
}

static void set_weights(const golden_case *c)
{
    const capas_value *weights = capas_value_get(c->config, "weights");
    assert_int_equal(capas_model_weight_count(c->model), weights->count);
    for (size_t w = 0; w < weights->count; w++) {
        npy array = golden_npy("%s/%s", c->path, string_at(weights->items[w], "file"));
        float *values = npy_floats(&array);
        capas_weight_info info;
        assert_int_equal(capas_model_weight_info(c->model, (int)w, &info), CAPAS_OK);
        assert_string_equal(info.name, string_at(weights->items[w], "name"));
        assert_int_equal(info.shape.rank, array.rank);
        for (int i = 0; i < array.rank; i++)
            assert_int_equal(info.shape.dims[i], array.shape[i]);
        assert_int_equal(capas_model_set_weight(c->model, (int)w, values), CAPAS_OK);
        free(values);
        npy_free(&array);
    }
}

/* Puts an array into a run's memory, in the plan's element. */
static void fill(const golden_case *c, const char *file, capas_element element, void *to)
{
    npy array = golden_npy("%s/%s", c->path, file);
    for (size_t i = 0; i < array.count; i++) {
        if (element == CAPAS_FLOAT64)
            ((double *)to)[i] = npy_at(&array, i);
        else
            ((float *)to)[i] = (float)npy_at(&array, i);
    }
    npy_free(&array);
}

static void compare(const golden_case *c, const way *way, const char *file, const void *got)
{
    npy want = golden_npy("%s/%s", c->path, file);
    char what[512];
    snprintf(what, sizeof what, "%s/%s (%s, %s%s)", c->path, file, capas_cpu_level_name(way->level),
             capas_element_name(way->element), way->no_fusion ? ", no fusion" : "");
    bool close = way->element == CAPAS_FLOAT64
                     ? golden_close_double(what, got, &want, c->rtol, c->atol)
                     : golden_close(what, got, &want, c->rtol, c->atol);
    assert_true(close);
    npy_free(&want);
}

/* A weight's gradient in Keras's order; the caller frees it. Float32 plans only. */
static void compare_weight_gradient(const golden_case *c, const way *way, capas_run *run, int w,
                                    const char *file)
{
    const capas_model_weight *weight = &c->model->weights[w];
    assert_true(weight->gradient_offset >= 0);
    float *block = capas_allocate((size_t)weight->count, sizeof *block);
    float *plain = capas_allocate((size_t)weight->count, sizeof *plain);
    assert_true(block != NULL && plain != NULL);
    for (int64_t i = 0; i < weight->count; i++) {
        int64_t at = weight->gradient_offset + i;
        block[i] = way->element == CAPAS_FLOAT64 ? (float)((double *)capas_run_gradients(run))[at]
                                                 : ((float *)capas_run_gradients(run))[at];
    }
    capas_weight_unpack(weight->weight, block, plain);
    struct way single = *way;
    single.element = CAPAS_FLOAT32;
    compare(c, &single, file, plain);
    capas_release(block);
    capas_release(plain);
}

static void compare_gradients(const golden_case *c, const way *way, capas_run *run)
{
    const capas_value *gradients = capas_value_get(c->config, "input_grads");
    for (int i = 0; gradients != NULL && i < c->inputs; i++) {
        char name[24];
        snprintf(name, sizeof name, "in%d", i);
        const char *file = string_at(gradients, name);
        if (file != NULL) compare(c, way, file, capas_run_input_gradient(run, i));
    }
    const capas_value *weights = capas_value_get(c->config, "weights");
    for (int w = 0; w < (int)weights->count; w++) {
        const char *file = string_at(weights->items[w], "grad");
        if (file != NULL && c->model->weights[w].gradient_offset >= 0)
            compare_weight_gradient(c, way, run, w, file);
    }
}

/* What the call itself changed: moving statistics. */
static void compare_changes(const golden_case *c, const way *way)
{
    const capas_value *weights = capas_value_get(c->config, "weights");
    struct way single = *way;
    single.element = CAPAS_FLOAT32;
    for (int w = 0; w < (int)weights->count; w++) {
        const char *file = string_at(weights->items[w], "after");
        if (file == NULL) continue;
        float *values = capas_allocate((size_t)c->model->weights[w].count, sizeof *values);
        assert_int_equal(capas_model_get_weight(c->model, w, values), CAPAS_OK);
        compare(c, &single, file, values);
        capas_release(values);
    }
}

static void run_way(const golden_case *c, const way *way)
{
    assert_true(capas_cpu_force(way->level));
    set_weights(c);
    capas_plan_options options;
    memset(&options, 0, sizeof options);
    options.batch = c->n + way->spare;
    options.training = capas_value_get(c->config, "training")->boolean;
    options.backward = options.input_gradients = true;
    options.no_fusion = way->no_fusion;
    options.element = way->element;
    capas_plan *plan;
    capas_run *run;
    if (capas_model_plan(c->model, &options, &plan) != CAPAS_OK)
        fail_msg("%s: %s", c->path, capas_error());
    assert_int_equal(capas_plan_acquire(plan, &run), CAPAS_OK);
    for (int i = 0; i < c->inputs; i++) {
        char file[24];
        snprintf(file, sizeof file, "in%d.npy", i);
        bool is_mask = c->mask != NULL && i == c->inputs - 1;
        fill(c, is_mask ? c->mask : file, way->element, capas_run_input(run, i));
    }
    assert_int_equal(capas_run_forward(run, c->n, 0, NULL, NULL), CAPAS_OK);
    bool differentiable = golden_exists("%s/r0.npy", c->path);
    for (int i = 0; i < c->outputs; i++) {
        char file[24];
        snprintf(file, sizeof file, "out%d.npy", i);
        compare(c, way, file, capas_run_output(run, i));
        snprintf(file, sizeof file, "r%d.npy", i);
        void *gradient = capas_run_output_gradient(run, i);
        differentiable = differentiable && gradient != NULL;
        if (differentiable) fill(c, file, way->element, gradient);
    }
    compare_changes(c, way);
    if (differentiable) {
        assert_int_equal(capas_run_backward(run), CAPAS_OK);
        compare_gradients(c, way, run);
    }
    capas_plan_release(run);
}

static void run_case(const char *path, void *context)
{
    (void)context;
    golden_case c = {.path = path};
    char *text = golden_text("%s/config.json", path);
    c.config = capas_json_read(text, strlen(text), path);
    free(text);
    if (c.config == NULL) fail_msg("%s", capas_error());
    if (is_skipped(c.config)) {
        skipped++;
    } else {
        const capas_value *tolerance = capas_value_get(c.config, "tol");
        c.rtol = capas_value_get(tolerance, "rtol")->real;
        c.atol = capas_value_get(tolerance, "atol")->real;
        build_model(&c);
        static const capas_cpu_level levels[] = {CAPAS_CPU_PLAIN, CAPAS_CPU_SSE2, CAPAS_CPU_AVX2,
                                                 CAPAS_CPU_AVX512, CAPAS_CPU_NEON};
        for (size_t l = 0; l < CAPAS_COUNT(levels); l++)
            for (int fusion = 0; fusion < 2 && capas_cpu_has(levels[l]); fusion++)
                for (int spare = 0; spare < 4; spare += 3)
                    run_way(&c, &(way){levels[l], CAPAS_FLOAT32, fusion == 0, spare});
        run_way(&c, &(way){CAPAS_CPU_PLAIN, CAPAS_FLOAT64, false, 0});
        capas_model_free(c.model);
        ran++;
    }
    capas_value_free(c.config);
}

static void print_kernel_runs(void)
{
    for (int family = 0; family < CAPAS_FAMILY_COUNT; family++) {
        size_t count;
        const capas_kernel *const *kernels = capas_kernels_of((capas_kernel_family)family, &count);
        for (size_t i = 0; i < count; i++)
            if (*kernels[i]->runs > 0)
                print_message("  %-44s ran %lu times\n", kernels[i]->name, *kernels[i]->runs);
    }
}

static void all_layer_cases_equal_keras(void **state)
{
    (void)state;
    capas_enable_training();
    size_t cases = golden_cases("layers", run_case, NULL);
    print_message("%zu layer cases: %d equal to Keras, %d of parts not built yet\n", cases, ran,
                  skipped);
    print_kernel_runs();
    assert_true(ran > 0);
    assert_int_equal(ran + skipped, cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_layer_cases_equal_keras)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
