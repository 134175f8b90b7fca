/* Plans as a whole: what is fused, that results are the same bits for any number of threads, at any
 * place in a batch, and in whatever floating-point mode the caller is; batches that are partly full
 * or empty; wrong use. */
#include "support/cmocka.h"
#include "support/network.h"

#include "base/cpu.h"
#include "base/memory.h"
#include "base/option.h"
#include "model/plan_parts.h"
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NETWORKS = 500 };

static const capas_cpu_level levels[] = {CAPAS_CPU_PLAIN, CAPAS_CPU_SSE2, CAPAS_CPU_AVX2,
                                         CAPAS_CPU_AVX512, CAPAS_CPU_NEON};

/* The network of recipes/cnn-simple.yaml with its loss. */
static network cnn_simple(void)
{
    network network = network_of(capas_sequential(capas_input(28, 28, 1),
                                                  capas_conv2d(32, 3, .activation = CAPAS_RELU),
                                                  capas_max_pooling2d(2), capas_flatten(),
                                                  capas_dense(100, .activation = CAPAS_RELU),
                                                  capas_dense(10, .activation = CAPAS_SOFTMAX)),
                                 77);
    network.losses[0].kind = CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY;
    network.loss_weights[0] = 1;
    return network;
}

/* Large enough that every kernel cuts its work: batch normalisation, dropout, a shortcut, a mean.
 */
static network branched(void)
{
    capas_graph *graph = capas_graph_new();
    capas_node input = capas_graph_apply(graph, capas_input(12, 12, 3), NULL, 0);
    capas_node a = capas_graph_apply(graph, capas_conv2d(16, 3, .padding = CAPAS_SAME), &input, 1);
    capas_node b = capas_graph_apply(graph, capas_batch_normalization(), &a, 1);
    capas_node c = capas_graph_apply(graph, capas_activation_layer(CAPAS_RELU), &b, 1);
    capas_node d = capas_graph_apply(graph, capas_conv2d(16, 3, .padding = CAPAS_SAME), &c, 1);
    capas_node sum = capas_graph_apply(graph, capas_add(), (capas_node[]){a, d}, 2);
    capas_node e = capas_graph_apply(graph, capas_average_pooling2d(2), &sum, 1);
    capas_node f = capas_graph_apply(graph, capas_dropout(0.4), &e, 1);
    capas_node g = capas_graph_apply(graph, capas_flatten(), &f, 1);
    capas_node first = capas_graph_apply(
        graph, capas_dense(200, .activation = CAPAS_TANH, .activity_regularizer = capas_l2(0.01)),
        &g, 1);
    capas_node second = capas_graph_apply(graph, capas_global_average_pooling2d(), &d, 1);
    capas_node outputs[] = {first, second};
    network network = network_of(capas_functional(graph, NULL, &input, 1, outputs, 2), 78);
    for (int i = 0; i < 2; i++) {
        network.losses[i].kind = CAPAS_LOSS_KIND_MEAN_SQUARED_ERROR;
        network.loss_weights[i] = 1 + i;
    }
    return network;
}

/* The ops of a plan, in order: "conv dense dense softmax". */
static void ops_of(const capas_plan *plan, char *names, size_t size)
{
    names[0] = '\0';
    for (size_t i = 0; i < plan->program.op_count; i++) {
        if (plan->ops[i].op.removed) continue;
        size_t used = strlen(names);
        snprintf(names + used, size - used, "%s%s", used > 0 ? " " : "",
                 capas_op_types[plan->ops[i].op.kind].name);
    }
}

static void assert_ops(network *network, const capas_plan_options *options, const char *expected)
{
    char found[256];
    capas_plan *plan;
    assert_int_equal(capas_model_plan(network->model, options, &plan), CAPAS_OK);
    ops_of(plan, found, sizeof found);
    assert_string_equal(found, expected);
    char *text = capas_plan_text(plan);
    assert_non_null(text);
    int lines = 0, words = 1;
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    for (const char *at = expected; *at; at++)
        words += *at == ' ';
    assert_int_equal(lines, words);
    assert_true(options->no_fusion == (strstr(text, "pool2x2") == NULL));
    capas_release(text);
}

static void what_belongs_together_is_one_op(void **state)
{
    (void)state;
    capas_cpu_level before = capas_cpu();
    for (size_t l = 0; l < CAPAS_COUNT(levels); l++) {
        if (!capas_cpu_has(levels[l])) continue;
        assert_true(capas_cpu_force(levels[l]));
        network network = cnn_simple();
        capas_plan_options options = network_options(&network, 32, true, true);
        options.input_gradients = false;
        assert_ops(&network, &options, "conv dense dense loss");
        options.no_fusion = true;
        assert_ops(&network, &options, "conv activate pool dense activate dense softmax loss");
        memset(&options, 0, sizeof options);
        options.batch = 1;
        assert_ops(&network, &options, "conv dense dense softmax");
        network_free(&network);
    }
    assert_true(capas_cpu_force(before));
}

/* A map that is asked for, or read twice, must be there. */
static void what_is_read_elsewhere_is_not_fused(void **state)
{
    (void)state;
    capas_graph *graph = capas_graph_new();
    capas_node input = capas_graph_apply(graph, capas_input(8, 8, 1), NULL, 0);
    capas_node conv = capas_graph_apply(graph, capas_conv2d(4, 3), &input, 1);
    capas_node relu = capas_graph_apply(graph, capas_activation_layer(CAPAS_RELU), &conv, 1);
    capas_node pool = capas_graph_apply(graph, capas_max_pooling2d(2), &relu, 1);
    capas_node soft = capas_graph_apply(graph, capas_activation_layer(CAPAS_SOFTMAX), &pool, 1);
    capas_node twice = capas_graph_apply(graph, capas_flatten(), &soft, 1);
    capas_node outputs[] = {conv, soft, twice};
    network network = network_of(capas_functional(graph, NULL, &input, 1, outputs, 3), 1);
    capas_plan_options options = network_options(&network, 2, true, true);
    options.losses[0].kind = options.losses[2].kind = CAPAS_LOSS_KIND_MEAN_SQUARED_ERROR;
    options.losses[1].kind = CAPAS_LOSS_KIND_CATEGORICAL_CROSSENTROPY;
    char found[256];
    capas_plan *plan;
    assert_int_equal(capas_model_plan(network.model, &options, &plan), CAPAS_OK);
    ops_of(plan, found, sizeof found);
    assert_string_equal(found, "conv activate pool softmax loss loss loss");
    network_free(&network);
}

static void compare_threads(network *network, const capas_plan_options *options, int n)
{
    static const int threads[] = {1, 2, 3, 8};
    network_data data = {.seed = network->seed, .n = n};
    network_result first = {0};
    for (size_t t = 0; t < CAPAS_COUNT(threads); t++) {
        char what[64];
        snprintf(what, sizeof what, "%d threads", threads[t]);
        assert_int_equal(capas_set_threads(threads[t]), CAPAS_OK);
        network_result result = network_run(network, options, &data);
        if (t == 0) {
            first = result;
            continue;
        }
        assert_true(network_same(network, what, &result, &first, 0, true));
        network_result_free(&result);
    }
    network_result_free(&first);
    assert_int_equal(capas_set_threads(0), CAPAS_OK);
}

static void same_bits_for_any_number_of_threads(void **state)
{
    (void)state;
    network large[] = {cnn_simple(), branched()};
    for (size_t i = 0; i < CAPAS_COUNT(large); i++)
        for (int n = 32; n > 0; n -= 15) {
            capas_plan_options options = network_options(&large[i], 32, true, true);
            options.no_fusion = n < 32;
            compare_threads(&large[i], &options, n);
        }
    for (size_t i = 0; i < CAPAS_COUNT(large); i++)
        network_free(&large[i]);
    for (uint64_t seed = 1; seed <= NETWORKS; seed++) {
        network network = network_random(seed);
        capas_plan_options options = network_options(&network, 40, seed % 2 == 0, seed % 3 == 0);
        compare_threads(&network, &options, 37);
        network_free(&network);
    }
}

/* The rows of `moved` are those of `whole` at the numbers given; tolerance 0: bit for bit. */
static void assert_rows(const network *network, const network_result *whole,
                        const network_result *moved, const network_data *data, double tolerance)
{
    const capas_model *model = network->model;
    for (int o = 0; o < model->output_count; o++) {
        const network_part *all = &whole->parts[o], *some = &moved->parts[o];
        int64_t size = some->count / data->n;
        assert_string_equal(some->kind, "output");
        for (int64_t i = 0; i < data->n * size; i++) {
            int sample = data->samples[i / size];
            double got = moved->numbers[some->begin + i];
            double want = whole->numbers[all->begin + sample * size + i % size];
            if (fabs(got - want) <= tolerance * (1 + fabs(want))) continue;
            fail_msg("network %llu, %s: sample %d at place %lld of %d gives %.9g, not %.9g",
                     (unsigned long long)network->seed, capas_kernel_set(), sample,
                     (long long)(i / size), data->n, got, want);
        }
    }
}

/* Tuned kernels may sum few rows in another order than many, the plain ones never. */
static void move_samples(network *network, int batch)
{
    enum { MOST = 40 };
    int backwards[MOST], rotated[MOST], one = batch / 2;
    double rounding = capas_cpu() == CAPAS_CPU_PLAIN ? 0 : 1e-5;
    capas_plan_options options;
    memset(&options, 0, sizeof options);
    options.batch = batch;
    for (int i = 0; i < batch; i++) {
        backwards[i] = batch - 1 - i;
        rotated[i] = (i + 3) % batch;
    }
    const struct {
        network_data data;
        double tolerance;
    } others[] = {{{.seed = 5, .n = batch, .samples = backwards}, 0},
                  {{.seed = 5, .n = batch, .samples = rotated}, 0},
                  {{.seed = 5, .n = batch - 1, .samples = rotated}, rounding},
                  {{.seed = 5, .n = 3, .samples = rotated}, rounding},
                  {{.seed = 5, .n = 1, .samples = &one}, rounding}};
    network_data data = {.seed = 5, .n = batch};
    network_result whole = network_run(network, &options, &data);
    for (size_t i = 0; i < CAPAS_COUNT(others); i++) {
        network_result moved = network_run(network, &options, &others[i].data);
        assert_rows(network, &whole, &moved, &others[i].data, others[i].tolerance);
        network_result_free(&moved);
    }
    network_result_free(&whole);
}

static void a_sample_is_the_same_anywhere_in_a_batch(void **state)
{
    (void)state;
    capas_cpu_level before = capas_cpu();
    for (size_t l = 0; l < CAPAS_COUNT(levels); l++) {
        if (!capas_cpu_has(levels[l])) continue;
        assert_true(capas_cpu_force(levels[l]));
        network large[] = {cnn_simple(), branched()};
        move_samples(&large[0], 20);
        move_samples(&large[1], 17);
        network_free(&large[0]);
        network_free(&large[1]);
        for (uint64_t seed = 300; seed < 325; seed++) {
            network network = network_random(seed);
            move_samples(&network, 7);
            network_free(&network);
        }
    }
    assert_true(capas_cpu_force(before));
}

/* An empty batch changes nothing: gradients of zero, moving statistics where they were. */
static void an_empty_batch_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 400; seed < 430; seed++) {
        network network = network_random(seed);
        capas_plan_options options = network_options(&network, 3, true, seed % 2 == 0);
        network_data data = {.seed = seed, .n = 0};
        network_result result = network_run(&network, &options, &data);
        assert_true(result.objective == 0);
        for (int p = 0; p < result.part_count; p++) {
            const network_part *part = &result.parts[p];
            const capas_model_weight *weight = &network.model->weights[part->index];
            bool gradient = strcmp(part->kind, "weight gradient") == 0;
            if (!gradient && strcmp(part->kind, "weight") != 0) continue;
            for (int64_t i = 0; i < part->count; i++) {
                double got = result.numbers[part->begin + i];
                double want = gradient ? 0 : network.start[weight->offset + i];
                if (got == want) continue;
                fail_msg("network %llu: %s %d (%s of %s) is %g, expected %g",
                         (unsigned long long)seed, part->kind, part->index, weight->weight->name,
                         weight->layer->name, got, want);
            }
        }
        network_result_free(&result);
        network_free(&network);
    }
}

static void the_callers_float_mode_does_not_matter(void **state)
{
    (void)state;
    for (uint64_t seed = 500; seed < 510; seed++) {
        network network = network_random(seed);
        capas_plan_options options = network_options(&network, 4, true, true);
        network_data data = {.seed = seed, .n = 4};
        network_result want = network_run(&network, &options, &data);
        data.rounding = FE_UPWARD;
        network_result got = network_run(&network, &options, &data);
        assert_true(network_same(&network, "rounding upwards", &got, &want, 0, true));
        network_result_free(&got);
        network_result_free(&want);
        network_free(&network);
    }
}

static void wrong_use_is_refused(void **state)
{
    (void)state;
    network network = cnn_simple();
    capas_plan_options options = network_options(&network, 0, true, true);
    capas_plan *plan = NULL, *again;
    capas_run *run;
    assert_int_equal(capas_model_plan(network.model, &options, &plan), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(), "a batch must have at least 1 sample, found 0");
    options.batch = 2;
    options.loss_count = 3;
    assert_int_equal(capas_model_plan(network.model, &options, &plan), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(), "the model has 1 outputs, found 3 losses");
    options.loss_count = 0;
    options.backward = false;
    assert_int_equal(capas_model_plan(network.model, &options, &plan), CAPAS_OK);
    assert_int_equal(capas_model_plan(network.model, &options, &again), CAPAS_OK);
    assert_ptr_equal(plan, again);
    assert_int_equal(capas_plan_acquire(plan, &run), CAPAS_OK);
    assert_int_equal(capas_run_forward(run, 3, 0, NULL, NULL), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(), "a batch of 3 samples does not fit a plan of 2");
    assert_int_equal(capas_run_forward(run, -1, 0, NULL, NULL), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_run_backward(run), CAPAS_WRONG_STATE);
    assert_string_equal(capas_error(), "this plan was made without gradients");
    capas_plan_release(run);
    network_free(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_belongs_together_is_one_op),
        cmocka_unit_test(what_is_read_elsewhere_is_not_fused),
        cmocka_unit_test(same_bits_for_any_number_of_threads),
        cmocka_unit_test(a_sample_is_the_same_anywhere_in_a_batch),
        cmocka_unit_test(an_empty_batch_changes_nothing),
        cmocka_unit_test(the_callers_float_mode_does_not_matter),
        cmocka_unit_test(wrong_use_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
