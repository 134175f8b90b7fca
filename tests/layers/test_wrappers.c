/* Layers that hold others: what they refuse, what they own, how they are written; a step of
 * TimeDistributed is the layer's own, and both directions of Bidirectional are. */
#include "layers/wrapper.h"
#include "model/model.h"
#include "support/cmocka.h"
#include "support/scarce_memory.h"
#include "support/tree.h"
#include <capas/capas.h>

static void assert_fails(capas_layer *layer, const char *sentence)
{
    assert_non_null(layer);
    assert_int_not_equal(capas_layer_check(layer), CAPAS_OK);
    assert_string_equal(capas_error(), sentence);
    capas_layer_free(layer);
}

static void what_they_refuse(void **state)
{
    (void)state;
    assert_fails(capas_bidirectional(NULL),
                 "layer bidirectional: layer must be a layer, found none");
    assert_fails(capas_time_distributed(NULL),
                 "layer time_distributed: layer must be a layer, found none");
    assert_fails(capas_bidirectional(capas_dense(3)),
                 "layer bidirectional: it wraps a recurrent layer, found Dense");
    assert_fails(capas_time_distributed(capas_add()),
                 "layer time_distributed: it wraps a layer of one input, found Add");
    assert_fails(capas_time_distributed(capas_dense(0)),
                 "layer time_distributed: layer must be a layer without failure, found units must "
                 "be an integer of at least 1, found 0");
    assert_fails(capas_bidirectional(capas_gru(3), .backward_layer = capas_gru(3)),
                 "layer bidirectional: of layer and backward_layer one must go_backwards, found "
                 "none");
    assert_fails(capas_bidirectional(capas_gru(3),
                                     .backward_layer = capas_gru(3, .go_backwards = CAPAS_TRUE,
                                                                 .return_sequences = CAPAS_TRUE)),
                 "layer bidirectional: layer and backward_layer must have the same "
                 "return_sequences");
    assert_fails(capas_spectral_normalization(NULL),
                 "layer spectral_normalization: layer must be a layer, found none");
    assert_fails(capas_spectral_normalization(capas_lstm(3)),
                 "layer spectral_normalization: it wraps a layer that has a kernel or embeddings, "
                 "as Dense, Conv2D and Embedding have, found LSTM");
    assert_fails(capas_spectral_normalization(capas_dense(3), .power_iterations = -1),
                 "layer spectral_normalization: power_iterations must be an integer of at least 1, "
                 "found -1");
    assert_null(capas_sequential(capas_input(4),
                                 capas_spectral_normalization(capas_batch_normalization())));
    assert_string_equal(capas_error(), "layer spectral_normalization: it wraps a layer that has a "
                                       "kernel or embeddings, as Dense, Conv2D and Embedding have, "
                                       "found BatchNormalization");
    assert_fails(capas_lstm(3, .activation = CAPAS_SOFTMAX),
                 "layer lstm: its activations must be element by element, found softmax; put an "
                 "Activation behind it");
}

/* One that is another's already stays his. */
static void a_layer_belongs_to_one(void **state)
{
    (void)state;
    capas_layer *inner = capas_lstm(2), *first = capas_bidirectional(inner);
    assert_int_equal(capas_layer_check(first), CAPAS_OK);
    assert_fails(capas_time_distributed(inner),
                 "layer time_distributed: layer must be a layer of its own, found one that belongs "
                 "to another");
    assert_int_equal(capas_layer_check(first), CAPAS_OK);
    capas_layer_free(first);
    inner = capas_lstm(2);
    assert_fails(capas_bidirectional(inner, .backward_layer = inner),
                 "layer bidirectional: layer and backward_layer must be two layers, found one");
}

static capas_model *bidirectional_model(void)
{
    capas_layer *layer = capas_lstm(2, .return_sequences = CAPAS_TRUE);
    return capas_sequential(capas_input(3, 4), capas_bidirectional(layer, .name = "both"),
                            capas_time_distributed(capas_dense(2)));
}

static void names_are_kerass(void **state)
{
    (void)state;
    capas_model *model = bidirectional_model();
    if (!model) fail_msg("%s", capas_error());
    const capas_layer *both = model->layers[1];
    char path[96];
    assert_int_equal(both->weight_count, 6);
    assert_string_equal(capas_layer_inner(both, 0)->name, "forward_lstm");
    assert_string_equal(capas_layer_inner(both, 1)->name, "backward_lstm");
    assert_true(capas_layer_weight_path(both, 4, path, sizeof path));
    assert_string_equal(path, "backward_lstm/lstm_cell/recurrent_kernel");
    assert_false(capas_layer_weight_path(both, 4, path, 20));
    assert_true(capas_layer_weight_path(model->layers[2], 1, path, sizeof path));
    assert_string_equal(path, "dense/bias");
    capas_model_free(model);
}

static void a_configuration_comes_back(void **state)
{
    (void)state;
    capas_model *model = bidirectional_model();
    capas_value *config = capas_model_config(model);
    if (!config) fail_msg("%s", capas_error());
    capas_model *again = capas_model_from_config(config);
    if (!again) fail_msg("%s", capas_error());
    capas_value *second = capas_model_config(again);
    assert_true(capas_value_equal(config, second));
    capas_value_free(config);
    capas_value_free(second);
    capas_model_free(model);
    capas_model_free(again);
}

/* What recipes write. */
static void short_forms_are_read(void **state)
{
    (void)state;
    if (!trees_can_be_read()) return;
    capas_value *config = tree("{'layer': {'LSTM': {'units': 3}}, 'merge_mode': 'ave'}");
    capas_layer *layer = capas_layer_from_config("Bidirectional", config, "layer x");
    if (!layer) fail_msg("%s", capas_error());
    assert_ptr_equal(capas_layer_inner(layer, 0)->type, capas_layer_type_of("LSTM"));
    capas_layer_free(layer);
    capas_value_free(config);
    config = tree("{'layer': {'Dense': {'unit': 3}}}");
    assert_null(capas_layer_from_config("TimeDistributed", config, "layer x"));
    assert_string_equal(capas_error(),
                        "layer x: layer must be a layer: no option \"unit\"; did you "
                        "mean \"units\"?");
    capas_value_free(config);
}

/* Each step of a TimeDistributed is what the layer alone makes of it. */
static void every_step_is_the_layers(void **state)
{
    (void)state;
    enum { N = 3, STEPS = 4, SIDE = 5, UNITS = 2 };
    const int64_t image = SIDE * SIDE;
    capas_model *all = capas_sequential(
        capas_input(STEPS, SIDE, SIDE, 1),
        capas_time_distributed(capas_conv2d(UNITS, 3, .activation = CAPAS_RELU)),
        capas_time_distributed(capas_max_pooling2d(2)), capas_time_distributed(capas_flatten()));
    capas_model *one = capas_sequential(capas_input(SIDE, SIDE, 1),
                                        capas_conv2d(UNITS, 3, .activation = CAPAS_RELU),
                                        capas_max_pooling2d(2), capas_flatten());
    if (!all || !one) fail_msg("%s", capas_error());
    float kernel[9 * UNITS], bias[UNITS], x[N * STEPS * SIDE * SIDE];
    float got[N * STEPS * UNITS], want[N * STEPS * UNITS];
    assert_int_equal(capas_model_get_weight(all, 0, kernel), CAPAS_OK);
    bias[0] = 0.1f;
    bias[1] = -0.2f;
    for (int i = 0; i < 2; i++) {
        capas_model *model = i == 0 ? all : one;
        assert_int_equal(capas_model_set_weight(model, 0, kernel), CAPAS_OK);
        assert_int_equal(capas_model_set_weight(model, 1, bias), CAPAS_OK);
    }
    for (int i = 0; i < N * STEPS * image; i++)
        x[i] = (float)(i * 37 % 101) / 50 - 1;
    assert_int_equal(capas_predict(all, x, N, got), CAPAS_OK);
    assert_int_equal(capas_predict(one, x, N * STEPS, want), CAPAS_OK);
    for (int i = 0; i < N * STEPS * UNITS; i++)
        assert_true(got[i] - want[i] < 1e-5f && want[i] - got[i] < 1e-5f);
    capas_model_free(all);
    capas_model_free(one);
}

static bool make_and_write(void)
{
    capas_model *model = bidirectional_model();
    capas_value *config = model ? capas_model_config(model) : NULL;
    capas_model *again = config ? capas_model_from_config(config) : NULL;
    bool done = again != NULL;
    capas_value_free(config);
    capas_model_free(model);
    capas_model_free(again);
    return done;
}

static void scarce_memory_leaves_nothing_behind(void **state)
{
    (void)state;
    bool done = false;
    for (long allowed = 0; !done && allowed < 4000; allowed++) {
        scarce_memory_begin(allowed);
        done = make_and_write();
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
    }
    assert_true(done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_they_refuse),
        cmocka_unit_test(a_layer_belongs_to_one),
        cmocka_unit_test(names_are_kerass),
        cmocka_unit_test(a_configuration_comes_back),
        cmocka_unit_test(short_forms_are_read),
        cmocka_unit_test(every_step_is_the_layers),
        cmocka_unit_test(scarce_memory_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
