/* Optimizers against Keras: golden/optimizers, with every kernel set that this processor runs. The
 * weights lie in a model made by hand, so that any shapes will do. */
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/values.h"

#include "base/cpu.h"
#include "base/text.h"
#include "training/optimizer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WEIGHTS = 3, STEPS = 5, ALIGNED = 16 };

/* A model of three weights, as compile leaves it. */
typedef struct rig {
    capas_model model;
    capas_layer layer;
    capas_weight weights[WEIGHTS];
    capas_model_weight places[WEIGHTS];
    capas_trainer trainer;
    float *gradients;
} rig;

static int64_t place_weights(rig *rig, const npy *values)
{
    int64_t offset = 0;
    for (int w = 0; w < WEIGHTS; w++) {
        rig->weights[w] = (capas_weight){.name = "kernel", .trainable = true};
        rig->weights[w].shape.rank = values[w].rank;
        for (int i = 0; i < values[w].rank; i++)
            rig->weights[w].shape.dims[i] = values[w].shape[i];
        rig->places[w] = (capas_model_weight){.layer = &rig->layer,
                                              .weight = &rig->weights[w],
                                              .offset = offset,
                                              .count = (int64_t)values[w].count,
                                              .gradient_offset = offset};
        offset += (rig->places[w].count + ALIGNED - 1) / ALIGNED * ALIGNED;
    }
    return offset;
}

static void make_rig(rig *rig, const capas_value *optimizer)
{
    npy values[WEIGHTS];
    for (int w = 0; w < WEIGHTS; w++)
        values[w] = golden_npy("optimizers/w%d.npy", w);
    int64_t count = place_weights(rig, values);
    rig->layer.name = "dense";
    rig->model.weights = rig->places;
    rig->model.weight_count = WEIGHTS;
    rig->model.value_count = rig->model.gradient_count = count;
    rig->model.values = calloc((size_t)count, sizeof(float));
    rig->gradients = calloc((size_t)count, sizeof(float));
    rig->model.trainer = &rig->trainer;
    for (int w = 0; w < WEIGHTS; w++) {
        memcpy(rig->model.values + rig->places[w].offset, values[w].data,
               values[w].count * sizeof(float));
        npy_free(&values[w]);
    }
    assert_int_equal(capas_optimizer_read(optimizer, &rig->trainer.optimizer,
                                          rig->trainer.optimizer_name, "test"),
                     CAPAS_OK);
    rig->trainer.learning_rate = rig->trainer.optimizer.options.sgd.learning_rate;
    rig->trainer.slot_count = capas_optimizer_slots(&rig->trainer.optimizer);
    for (int s = 0; s < rig->trainer.slot_count; s++) {
        rig->trainer.slots[s] = calloc((size_t)count, sizeof(float));
        for (int64_t i = 0; i < count; i++)
            rig->trainer.slots[s][i] = (float)capas_optimizer_initial(&rig->trainer.optimizer, s);
    }
}

static void free_rig(rig *rig)
{
    for (int s = 0; s < rig->trainer.slot_count; s++)
        free(rig->trainer.slots[s]);
    free(rig->model.values);
    free(rig->gradients);
}

/* Part `step` of an array [step, ...], which golden_close then compares with. */
static npy part_of(const npy *whole, int step)
{
    npy part = *whole;
    part.count = whole->count / STEPS;
    part.data = (char *)whole->data + (size_t)step * part.count * part.element_size;
    return part;
}

static void take_step(rig *rig, int step)
{
    for (int w = 0; w < WEIGHTS; w++) {
        npy all = golden_npy("optimizers/grads%d.npy", w);
        npy gradient = part_of(&all, step);
        memcpy(rig->gradients + rig->places[w].gradient_offset, gradient.data,
               gradient.count * sizeof(float));
        npy_free(&all);
    }
    assert_int_equal(capas_optimizer_step(&rig->model, rig->gradients), CAPAS_OK);
}

static void compare_weights(const rig *rig, const char *name, int step)
{
    for (int w = 0; w < WEIGHTS; w++) {
        npy all = golden_npy("optimizers/%s/after%d.npy", name, w);
        npy want = part_of(&all, step);
        char what[96];
        snprintf(what, sizeof what, "%s weight %d after step %d", name, w, step);
        assert_true(
            golden_close(what, rig->model.values + rig->places[w].offset, &want, 1e-5, 2e-6));
        npy_free(&all);
    }
}

/* Keras's file order: iteration, learning rate unless there is a schedule, then what
 * capas_optimizer_variable says. */
static void compare_slots(const rig *rig, const char *name, const capas_value *config)
{
    const capas_value *variables = value_at(config, "variables_after_last_step");
    assert_int_equal(rig->trainer.iteration, STEPS);
    size_t first = capas_optimizer_has_schedule(&rig->trainer) ? 1 : 2;
    int weight, slot;
    double product, most = 2e-6;
    size_t count = variables->count;
    /* Ftrl divides a difference of roots by the rate: a last bit of a root is 6e-5 at 0.001. */
    if (rig->trainer.optimizer.kind == CAPAS_OPTIMIZER_FTRL) most = 2e-4;
    if (capas_optimizer_product(&rig->trainer, &product)) {
        npy want =
            golden_npy("optimizers/%s/%s", name, string_at(variables->items[--count], "file"));
        float got = (float)product;
        assert_true(golden_close("product", &got, &want, 1e-5, 0));
        npy_free(&want);
    }
    for (size_t v = first; v < count; v++) {
        assert_true(capas_optimizer_variable(&rig->model, (int)(v - first), &weight, &slot));
        npy want = golden_npy("optimizers/%s/%s", name, string_at(variables->items[v], "file"));
        const capas_shape shape =
            capas_optimizer_slot_shape(&rig->trainer, &rig->weights[weight], slot);
        assert_int_equal(want.count, capas_shape_count(&shape, 0));
        if (shape.rank > 0)
            assert_true(golden_close(string_at(variables->items[v], "path"),
                                     rig->trainer.slots[slot] + rig->places[weight].gradient_offset,
                                     &want, 1e-5, most));
        npy_free(&want);
    }
    assert_false(capas_optimizer_variable(&rig->model, (int)(count - first), &weight, &slot));
}

/* Whether capas has it: refused options and other optimizers are not there yet. */
static bool is_ours(const capas_value *optimizer, const char *name)
{
    capas_optimizer ignored;
    char ignored_name[CAPAS_NAME_SIZE], part[96];
    capas_status status = capas_optimizer_read(optimizer, &ignored, ignored_name, "test");
    if (status == CAPAS_OK) return true;
    snprintf(part, sizeof part, "optimizers/%s", string_at(optimizer, "class_name"));
    if (status == CAPAS_UNKNOWN_NAME && !golden_may_skip(part))
        fail_msg("%s: %s is not in skips.txt", name, part);
    if (status != CAPAS_UNKNOWN_NAME && status != CAPAS_UNSUPPORTED) fail_msg("%s", capas_error());
    return false;
}

static bool run_case(const char *name)
{
    capas_value *config = golden_value("optimizers/%s/config.json", name);
    const capas_value *optimizer = value_at(config, "optimizer");
    bool ours = is_ours(optimizer, name);
    if (ours) {
        rig rig = {0};
        make_rig(&rig, optimizer);
        for (int step = 0; step < STEPS; step++) {
            take_step(&rig, step);
            compare_weights(&rig, name, step);
        }
        compare_slots(&rig, name, config);
        capas_value *written = capas_optimizer_write(&rig.trainer);
        assert_true(capas_value_equal(written, optimizer));
        capas_value_free(written);
        free_rig(&rig);
    }
    capas_value_free(config);
    return ours;
}

static void agrees_with_keras(void **state)
{
    (void)state;
    capas_cpu_level before = capas_cpu();
    capas_value *index = golden_value("optimizers/index.json");
    const capas_value *cases = value_at(index, "cases");
    for (int level = CAPAS_CPU_PLAIN; level <= CAPAS_CPU_NEON; level++) {
        if (!capas_cpu_force((capas_cpu_level)level)) continue;
        size_t count = 0;
        for (size_t i = 0; i < cases->count; i++)
            count += run_case(cases->items[i]->string);
        print_message("%s: %zu optimizers\n", capas_cpu_level_name((capas_cpu_level)level), count);
        assert_true(count >= 36);
    }
    capas_value_free(index);
    capas_cpu_force(before);
}

/* The numbers by the formula that keras-semantics has for L1L2: gradient l1 sign(w) + 2 l2 w. */
static void adds_regularisers(void **state)
{
    (void)state;
    rig rig = {0};
    capas_value *name = capas_value_string("sgd");
    make_rig(&rig, name);
    capas_value_free(name);
    rig.trainer.learning_rate = 0.5;
    rig.weights[1].regularizer = capas_l1_l2(0.1, 0.2);
    memset(rig.model.values, 0, (size_t)rig.model.value_count * sizeof(float));
    rig.model.values[rig.places[1].offset] = 3;
    rig.model.values[rig.places[0].offset] = 1;
    assert_true(fabs(capas_weight_penalties(&rig.model) - (0.1 * 3 + 0.2 * 9)) < 1e-6);
    assert_int_equal(capas_optimizer_step(&rig.model, rig.gradients), CAPAS_OK);
    assert_true(fabs(rig.model.values[rig.places[1].offset] - (3 - 0.5 * (0.1 + 1.2))) < 1e-6);
    assert_true(rig.model.values[rig.places[0].offset] == 1);
    free_rig(&rig);
}

static void leaves_frozen_weights(void **state)
{
    (void)state;
    rig rig = {0};
    capas_value *name = capas_value_string("Adam");
    make_rig(&rig, name);
    capas_value_free(name);
    float before = rig.model.values[rig.places[1].offset];
    rig.places[1].gradient_offset = -1;
    rig.places[2].gradient_offset = rig.places[1].offset;
    for (int64_t i = 0; i < rig.model.gradient_count; i++)
        rig.gradients[i] = 1;
    assert_int_equal(capas_optimizer_step(&rig.model, rig.gradients), CAPAS_OK);
    assert_true(rig.model.values[rig.places[1].offset] == before);
    int weight, slot;
    assert_true(capas_optimizer_variable(&rig.model, 3, &weight, &slot));
    assert_int_equal(weight, 2);
    assert_int_equal(slot, 1);
    assert_false(capas_optimizer_variable(&rig.model, 4, &weight, &slot));
    free_rig(&rig);
}

/* When a training ends, the weights become their averages. */
static void ends_with_averages(void **state)
{
    (void)state;
    capas_value *lion = capas_value_map(), *options = capas_value_map();
    capas_value_set(options, "use_ema", capas_value_bool(true));
    capas_value_set(options, "learning_rate", capas_value_real(1));
    capas_value_set(lion, "Lion", options);
    rig rig = {0};
    make_rig(&rig, lion);
    capas_value_free(lion);
    float *weight = rig.model.values + rig.places[1].offset, start = *weight;
    capas_optimizer_finish(&rig.model);
    assert_true(*weight == start);
    for (int step = 0; step < 2; step++) {
        rig.gradients[rig.places[1].gradient_offset] = 1;
        assert_int_equal(capas_optimizer_step(&rig.model, rig.gradients), CAPAS_OK);
    }
    assert_true(fabsf(*weight - (start - 2)) < 1e-6f);
    capas_optimizer_finish(&rig.model);
    assert_true(fabsf(*weight - (start - 1.01f)) < 1e-6f);
    free_rig(&rig);
}

static void tells_what_is_not_finite(void **state)
{
    (void)state;
    static const char *const settings[] = {"clipnorm", "global_clipnorm", "clipvalue",
                                           "weight_decay"};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        capas_value *sgd = capas_value_map(), *options = capas_value_map();
        capas_value_set(options, settings[i], capas_value_real(0.5));
        capas_value_set(sgd, "SGD", options);
        rig rig = {0};
        make_rig(&rig, sgd);
        capas_value_free(sgd);
        rig.gradients[rig.places[2].gradient_offset] = NAN;
        assert_int_equal(capas_optimizer_step(&rig.model, rig.gradients), CAPAS_NOT_FINITE);
        assert_non_null(strstr(capas_error(), "layer dense"));
        free_rig(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if CAPAS_WITH_JANSSON
        cmocka_unit_test(agrees_with_keras),
#endif
        cmocka_unit_test(adds_regularisers),
        cmocka_unit_test(leaves_frozen_weights),
        cmocka_unit_test(ends_with_averages),
        cmocka_unit_test(tells_what_is_not_finite),
    };
    (void)agrees_with_keras;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
