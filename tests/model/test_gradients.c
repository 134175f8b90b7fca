/* Gradients of whole random networks: those of a double plan with plain kernels against numeric
 * differences, and float32 plans with every kernel set, fused and not, against the double plan. */
#include "support/cmocka.h"
#include "support/network.h"

#include "base/cpu.h"
#include "base/option.h"
#include "model/plan_parts.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NETWORKS = 500, PLACES = 5 };

/* A step small enough that hardly any ReLU or maximum changes its mind within it, and large enough
 * for doubles. */
static const double step = 0x1p-16;

typedef struct slopes {
    double left, right; /* differences on either side; at a corner the gradient is one of them */
} slopes;

static double objective_of(network *network, const capas_plan_options *options,
                           const network_data *data)
{
    network_result result = network_run(network, options, data);
    double objective = result.objective;
    network_result_free(&result);
    return objective;
}

static slopes input_slopes(network *network, const capas_plan_options *options,
                           const network_data *data, int input, int64_t element)
{
    network_data nudged = *data;
    nudged.nudged_input = input;
    nudged.nudged_element = element;
    double here = objective_of(network, options, &nudged);
    nudged.nudge = step;
    double above = objective_of(network, options, &nudged);
    nudged.nudge = -step;
    double below = objective_of(network, options, &nudged);
    return (slopes){(here - below) / step, (above - here) / step};
}

/* Weights are floats, so the steps taken are what the rounding leaves of them. */
static slopes weight_slopes(network *network, const capas_plan_options *options,
                            const network_data *data, int number, int64_t element)
{
    float *weight = network->start + network->model->weights[number].offset + element;
    float middle = *weight, high = middle + (float)step, low = middle - (float)step;
    double here = objective_of(network, options, data);
    *weight = high;
    double above = objective_of(network, options, data);
    *weight = low;
    double below = objective_of(network, options, data);
    *weight = middle;
    return (slopes){(here - below) / ((double)middle - low),
                    (above - here) / ((double)high - middle)};
}

static void assert_slope(const network *network, const network_part *part, int64_t element,
                         double gradient, slopes slopes)
{
    double slack = 3e-4 * (1 + fabs(gradient));
    if (gradient >= fmin(slopes.left, slopes.right) - slack &&
        gradient <= fmax(slopes.left, slopes.right) + slack)
        return;
    fail_msg("network %llu: %s %d, element %lld is %.9g, by differences %.9g and %.9g",
             (unsigned long long)network->seed, part->kind, part->index, (long long)element,
             gradient, slopes.left, slopes.right);
}

/* A few places of a part: the first, the last, and some between. */
static int64_t place_of(const network_part *part, int i)
{
    return part->count <= PLACES ? i : (part->count - 1) * i / (PLACES - 1);
}

static int check_gradients(network *network, const capas_plan_options *options,
                           const network_data *data)
{
    network_result result = network_run(network, options, data);
    int checked = 0;
    for (int p = 0; p < result.part_count; p++) {
        const network_part *part = &result.parts[p];
        bool input = strcmp(part->kind, "input gradient") == 0;
        if (!input && strcmp(part->kind, "weight gradient") != 0) continue;
        for (int i = 0; i < PLACES && i < part->count; i++, checked++) {
            int64_t element = place_of(part, i);
            assert_slope(network, part, element, result.numbers[part->begin + element],
                         input ? input_slopes(network, options, data, part->index, element)
                               : weight_slopes(network, options, data, part->index, element));
        }
    }
    network_result_free(&result);
    return checked;
}

static void double_gradients_are_slopes(void **state)
{
    (void)state;
    int checked = 0;
    assert_true(capas_cpu_force(CAPAS_CPU_PLAIN));
    for (uint64_t seed = 1; seed <= NETWORKS; seed++) {
        network network = network_random(seed);
        bool training = seed % 4 != 0, losses = seed % 5 != 0;
        capas_plan_options options = network_options(&network, 3, training, losses);
        options.element = CAPAS_FLOAT64;
        options.no_fusion = seed % 2 == 0;
        network_data data = {.seed = seed, .n = seed % 7 == 0 ? 2 : 3};
        checked += check_gradients(&network, &options, &data);
        network_free(&network);
    }
    print_message("%d gradients of %d networks are the slopes\n", checked, NETWORKS);
    assert_true(checked > NETWORKS * PLACES);
}

static const capas_cpu_level levels[] = {CAPAS_CPU_PLAIN, CAPAS_CPU_SSE2, CAPAS_CPU_AVX2,
                                         CAPAS_CPU_AVX512, CAPAS_CPU_NEON};

/* Runs a network in double, and in float by every kernel set, fused and not. */
static bool all_ways_agree(network *network, const capas_plan_options *options,
                           const network_data *data, bool tell, int *compared)
{
    capas_plan_options wide = *options;
    wide.element = CAPAS_FLOAT64;
    network_result want = network_run(network, &wide, data);
    bool agree = true;
    for (size_t l = 0; l < CAPAS_COUNT(levels); l++)
        for (int fused = 0; fused < 2 && capas_cpu_has(levels[l]) && agree; fused++, ++*compared) {
            capas_plan_options single = *options;
            char what[64];
            snprintf(what, sizeof what, "%s, %s", capas_cpu_level_name(levels[l]),
                     fused ? "fused" : "not fused");
            single.no_fusion = !fused;
            assert_true(capas_cpu_force(levels[l]));
            network_result got = network_run(network, &single, data);
            agree = network_same(network, what, &got, &want, 1e-4, tell);
            network_result_free(&got);
        }
    network_result_free(&want);
    return agree;
}

/* Where a ReLU's input is zero but for rounding, or two values of a window are equal but for it,
 * float and double may rightly go different ways. Data for which that happens are rare, so other
 * data decide: a mistake is wrong with them too. */
static void float_equals_double_by_every_kernel_set(void **state)
{
    (void)state;
    capas_cpu_level before = capas_cpu();
    int compared = 0, redrawn = 0;
    for (uint64_t seed = 1; seed <= NETWORKS; seed++) {
        network network = network_random(seed);
        bool training = seed % 3 != 0, losses = seed % 4 != 0;
        int n = seed % 5 == 0 ? 1 : 5;
        capas_plan_options options =
            network_options(&network, 5 + (int)(seed % 3), training, losses);
        network_data data = {.seed = 1000 + seed, .n = n};
        if (!all_ways_agree(&network, &options, &data, false, &compared)) {
            redrawn++;
            data.seed += 1000;
            assert_true(all_ways_agree(&network, &options, &data, true, &compared));
        }
        network_free(&network);
    }
    assert_true(capas_cpu_force(before));
    print_message("%d float plans agree with the double ones; %d networks with other data\n",
                  compared, redrawn);
    assert_true(redrawn <= NETWORKS / 10);
}

/* What the networks above are made of; else they would test less than it seems. */
static void networks_have_everything(void **state)
{
    (void)state;
    int kinds[CAPAS_OP_COUNT] = {0}, shared = 0, outputs = 0, inputs = 0, apart = 0, idle = 0;
    for (uint64_t seed = 1; seed <= NETWORKS; seed++) {
        network network = network_random(seed);
        const capas_model *model = network.model;
        capas_plan_options options = network_options(&network, 2, true, true);
        capas_plan *plan;
        options.no_fusion = true;
        assert_int_equal(capas_model_plan(network.model, &options, &plan), CAPAS_OK);
        outputs += model->output_count > 1;
        inputs += model->input_count > 1;
        for (size_t i = 0; i < plan->program.op_count; i++) {
            const capas_planned_op *planned = &plan->ops[i];
            kinds[planned->op.kind]++;
            apart += planned->adds[0] || planned->adds[1];
            idle += planned->backward == NULL;
            for (int w = 0; w < CAPAS_OP_WEIGHTS; w++)
                shared += planned->weight_gradients[w] != CAPAS_NOWHERE;
        }
        network_free(&network);
    }
    for (int kind = 0; kind < CAPAS_OP_COUNT; kind++) {
        if (kind == CAPAS_OP_CUSTOM) continue; /* the user's, in float only: tests/layers */
        print_message("  %s: %d\n", capas_op_types[kind].name, kinds[kind]);
        assert_true(kinds[kind] >= NETWORKS / 20);
    }
    print_message("  gradients added %d, of shared weights %d; several outputs %d, inputs %d\n",
                  apart, shared, outputs, inputs);
    assert_true(apart >= 20 && shared >= 20 && outputs >= 20 && inputs >= 20 && idle >= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_have_everything),
        cmocka_unit_test(double_gradients_are_slopes),
        cmocka_unit_test(float_equals_double_by_every_kernel_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
