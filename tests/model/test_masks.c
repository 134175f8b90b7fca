/* Masks from where they are made to where they are used: which layers pass them on, what a loss and
 * a mean over steps make of them; numbers that name no row; and what follows from both: a sequence
 * with steps that do not count is the shorter one. */
#include "model/plan.h"
#include "support/cmocka.h"
#include "support/saved_model.h"
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 5, KINDS = 7 };

static const float tokens[2][STEPS] = {{3, 1, 0, 0, 0}, {2, 6, 4, 0, 5}};

static capas_model *checked(capas_model *model)
{
    if (!model) fail_msg("%s", capas_error());
    return model;
}

static capas_layer *embedding(void)
{
    return capas_embedding(KINDS, 3, .mask_zero = CAPAS_TRUE,
                           .embeddings_initializer = capas_random_uniform(-1, 1));
}

static void predict(capas_model *model, const float *input, int64_t n, float *output)
{
    if (capas_predict(model, input, n, output) != CAPAS_OK) fail_msg("%s", capas_error());
}

static void assert_close(const float *got, const float *want, int count)
{
    for (int i = 0; i < count; i++)
        if (!(fabsf(got[i] - want[i]) <= 1e-6f)) fail_msg("%d: %g, not %g", i, got[i], want[i]);
}

/* Behind an embedding, dropout, a dense layer and a sum, the first sentence is one of two words. */
static capas_model *sentence_model(int steps, capas_layer *last)
{
    capas_graph *graph = capas_graph_new();
    capas_node input = capas_graph_apply(graph, capas_input(steps), NULL, 0);
    capas_node words = capas_graph_apply(graph, embedding(), &input, 1);
    capas_node kept = capas_graph_apply(graph, capas_dropout(0.5), &words, 1);
    capas_node dense = capas_graph_apply(graph, capas_dense(3, .activation = CAPAS_TANH), &kept, 1);
    capas_node both[] = {dense, words};
    capas_node sum = capas_graph_apply(graph, capas_add(), both, 2);
    capas_node output = capas_graph_apply(graph, last, &sum, 1);
    return checked(capas_functional(graph, NULL, &input, 1, &output, 1));
}

static void masked_steps_are_not_there(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        capas_model *models[2];
        for (int i = 0; i < 2; i++) {
            capas_layer *last = kind == 0   ? capas_lstm(2)
                                : kind == 1 ? capas_gru(2)
                                : kind == 2 ? capas_bidirectional(capas_simple_rnn(1))
                                            : capas_global_average_pooling1d();
            models[i] = sentence_model(i == 0 ? STEPS : 2, last);
        }
        copy_weights(models[0], models[1]);
        float all[3], two[3];
        predict(models[0], tokens[0], 1, all);
        predict(models[1], tokens[0], 1, two);
        assert_close(all, two, kind == 3 ? 3 : 2);
        capas_model_free(models[0]);
        capas_model_free(models[1]);
    }
}

static char warnings[512];

static void keep_warning(capas_log_level level, const char *message, void *context)
{
    size_t used = strlen(warnings);
    (void)context;
    if (level == CAPAS_LOG_WARNING)
        snprintf(warnings + used, sizeof warnings - used, "%s\n", message);
}

/* What Flatten makes has no steps: every number counts. It is said once, and not of what sees to
 * masks. */
static void layers_without_steps_lose_the_mask(void **state)
{
    (void)state;
    capas_model *model =
        checked(capas_sequential(capas_input(STEPS), embedding(), capas_flatten(),
                                 capas_reshape(STEPS, 3), capas_global_average_pooling1d()));
    float table[KINDS][3], got[3], both[2][3], want[3] = {0};
    assert_int_equal(capas_model_get_weight(model, 0, table[0]), CAPAS_OK);
    capas_set_log(keep_warning, NULL);
    predict(model, tokens[0], 1, got);
    predict(model, tokens[0], 2, both[0]);
    capas_set_log(NULL, NULL);
    assert_string_equal(warnings,
                        "layer flatten: Flatten does not support masks, and its input has one: it "
                        "ends there, and the layers behind it and the loss see every step\n");
    for (int t = 0; t < STEPS; t++)
        for (int k = 0; k < 3; k++)
            want[k] += table[(int)tokens[0][t]][k] / STEPS;
    assert_close(got, want, 3);
    capas_model_free(model);
}

/* Concatenated along the steps: those of both that count; the second has no mask. */
static void masks_are_joined_with_the_steps(void **state)
{
    (void)state;
    capas_graph *graph = capas_graph_new();
    capas_node inputs[] = {capas_graph_apply(graph, capas_input(STEPS), NULL, 0),
                           capas_graph_apply(graph, capas_input(2, 3), NULL, 0)};
    capas_node both[] = {capas_graph_apply(graph, embedding(), inputs, 1), inputs[1]};
    capas_node joined = capas_graph_apply(graph, capas_concatenate(.axis = 1), both, 2);
    capas_node mean = capas_graph_apply(graph, capas_global_average_pooling1d(), &joined, 1);
    capas_model *model = checked(capas_functional(graph, NULL, inputs, 2, &mean, 1));
    float table[KINDS][3], more[2][3] = {{1, 2, 3}, {4, 5, 6}}, got[3], want[3];
    assert_int_equal(capas_model_get_weight(model, 0, table[0]), CAPAS_OK);
    capas_tensor given[] = {{CAPAS_FLOAT32, {0}, (void *)tokens[0]}, {CAPAS_FLOAT32, {0}, more}};
    capas_tensor output = {CAPAS_FLOAT32, {0}, got};
    if (capas_predict_tensors(model, given, &output, 1) != CAPAS_OK) fail_msg("%s", capas_error());
    for (int k = 0; k < 3; k++)
        want[k] = (table[3][k] + table[1][k] + more[0][k] + more[1][k]) / 4;
    assert_close(got, want, 3);
    capas_model_free(model);
}

/* The loss of what is still masked: over the steps that count, by each reduction. */
static double loss_of(capas_reduction reduction, bool weighted)
{
    capas_model *model =
        checked(capas_sequential(capas_input(STEPS, 1), capas_masking(), capas_rescaling(2)));
    float x[2][STEPS] = {{1, 2, 0, 0, 0}, {3, 0, 4, 0, 0}}, y[2][STEPS] = {{0}};
    float weights[2][STEPS] = {{1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}};
    capas_evaluation evaluation;
    capas_loss loss = {.name = CAPAS_MEAN_SQUARED_ERROR, .reduction = reduction};
    assert_int_equal(capas_compile(model, .optimizer = capas_sgd(), .losses = {loss}), CAPAS_OK);
    capas_tensor input = {CAPAS_FLOAT32, capas_shape_of(3, 2, STEPS, 1), x};
    capas_tensor target = {CAPAS_FLOAT32, capas_shape_of(3, 2, STEPS, 1), y};
    capas_tensor weight = {CAPAS_FLOAT32, capas_shape_of(2, 2, STEPS), weights};
    capas_batch_options options = {.struct_size = sizeof options,
                                   .sample_weights = weighted ? &weight : NULL};
    if (capas_test_on_batch_with(model, &input, &target, 2, &options, &evaluation) != CAPAS_OK)
        fail_msg("%s", capas_error());
    capas_model_free(model);
    return capas_evaluation_get(&evaluation, "loss");
}

static void a_loss_is_of_the_steps_that_count(void **state)
{
    (void)state;
    const double sum = 4 * (1 + 4 + 9 + 16), weighted = 4 * (1 + 2 * 4 + 6 * 9 + 8 * 16);
    assert_true(fabs(loss_of(CAPAS_SUM_OVER_BATCH_SIZE, false) - sum / 4) < 1e-4);
    assert_true(fabs(loss_of(CAPAS_SUM, false) - sum) < 1e-3);
    assert_true(fabs(loss_of(CAPAS_MEAN_WITH_SAMPLE_WEIGHT, false) - sum / 4) < 1e-4);
    assert_true(fabs(loss_of(CAPAS_SUM_OVER_BATCH_SIZE, true) - weighted / 4) < 1e-3);
    assert_true(fabs(loss_of(CAPAS_SUM, true) - weighted) < 1e-2);
    assert_true(fabs(loss_of(CAPAS_MEAN_WITH_SAMPLE_WEIGHT, true) - weighted / 17) < 1e-4);
}

static void a_number_without_a_row_is_told(void **state)
{
    (void)state;
    capas_model *model = checked(capas_sequential(capas_input(STEPS), embedding(), capas_lstm(2)));
    float wrong[2][STEPS], output[2][2];
    static const float found[] = {7, -1, NAN};
    for (int i = 0; i < 3; i++) {
        memcpy(wrong, tokens, sizeof wrong);
        wrong[1][2] = found[i];
        assert_int_equal(capas_predict(model, wrong[0], 2, output[0]), CAPAS_BAD_DATA);
        assert_non_null(
            strstr(capas_error(), "layer embedding: it takes the whole numbers 0 to 6"));
        assert_non_null(strstr(capas_error(), "in sample 1 of the batch"));
    }
    predict(model, tokens[0], 2, output[0]);
    capas_model_free(model);
}

static void normalization_behind_a_mask_is_refused(void **state)
{
    (void)state;
    capas_model *model = checked(capas_sequential(capas_input(STEPS, 2), capas_masking(),
                                                  capas_batch_normalization(), capas_gru(2)));
    float x[2 * STEPS * 2] = {1, 2, 3}, y[4] = {0};
    capas_tensor input = {CAPAS_FLOAT32, capas_shape_of(3, 2, STEPS, 2), x};
    capas_tensor target = {CAPAS_FLOAT32, capas_shape_of(2, 2, 2), y};
    capas_evaluation evaluation;
    predict(model, x, 2, y);
    assert_int_equal(
        capas_compile(model, .optimizer = capas_sgd(), .loss = CAPAS_MEAN_SQUARED_ERROR), CAPAS_OK);
    assert_int_equal(capas_train_on_batch(model, &input, &target, 2, &evaluation),
                     CAPAS_UNSUPPORTED);
    assert_non_null(strstr(capas_error(), "layer batch_normalization: it cannot be trained behind "
                                          "a mask"));
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masked_steps_are_not_there),
        cmocka_unit_test(layers_without_steps_lose_the_mask),
        cmocka_unit_test(masks_are_joined_with_the_steps),
        cmocka_unit_test(a_loss_is_of_the_steps_that_count),
        cmocka_unit_test(a_number_without_a_row_is_told),
        cmocka_unit_test(normalization_behind_a_mask_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
