/* ConvLSTM: what it refuses; a window of one cell is an LSTM on each pixel; a stateful one goes on
 * where the batch before ended; files. Keras's numbers are the golden layers'. */
#include "support/cmocka.h"
#include "support/said.h"
#include "support/saved_model.h"
#include "support/scarce_memory.h"

#include <capas/capas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 2, STEPS = 4, HEIGHT = 3, WIDTH = 2, CHANNELS = 2, FILTERS = 3 };
enum { PIXELS = HEIGHT * WIDTH, STEP = PIXELS * CHANNELS, RESULT = PIXELS * FILTERS };

static float x[N * STEPS * STEP];

static int fill(void **state)
{
    (void)state;
    for (int i = 0; i < N * STEPS * STEP; i++)
        x[i] = sinf((float)i * 1.3f);
    return 0;
}

static void assert_close(const float *got, const float *want, int count)
{
    for (int i = 0; i < count; i++)
        if (!(fabsf(got[i] - want[i]) <= 1e-6f)) fail_msg("%d: %g, not %g", i, got[i], want[i]);
}

static capas_model *model_of(int steps, int stateful)
{
    capas_model *model = capas_sequential(
        capas_input(steps, HEIGHT, WIDTH, CHANNELS),
        capas_conv_lstm2d(FILTERS, 2, .padding = CAPAS_SAME, .stateful = stateful));
    if (!model) fail_msg("%s", capas_error());
    return model;
}

static void assert_no_model(capas_model *model, const char *sentence)
{
    assert_null(model);
    assert_string_equal(capas_error(), sentence);
}

static void says_what_it_refuses(void **state)
{
    (void)state;
    assert_no_model(capas_sequential(capas_input(4, 3, 2), capas_conv_lstm2d(2, 2)),
                    "layer conv_lstm2d: takes steps of images (None, steps, height, width, "
                    "channels), found (None, 4, 3, 2)");
    assert_no_model(capas_sequential(capas_input(4, 3, 2), capas_conv_lstm1d(2, 4)),
                    "layer conv_lstm1d: the kernel 4 is larger than its input 3; use padding "
                    "\"same\", a smaller kernel_size, or less pooling before it");
    assert_no_model(capas_sequential(capas_input(4, 3, 2),
                                     capas_conv_lstm1d(2, 2, .activation = CAPAS_SOFTMAX)),
                    "layer conv_lstm1d: its activations must be element by element, found softmax; "
                    "put an Activation behind it");
    assert_no_model(capas_sequential(capas_input(4, 3, 2),
                                     capas_conv_lstm1d(2, 2, .strides = 2, .dilation_rate = 2)),
                    "layer conv_lstm1d: strides and dilation_rate cannot both be above 1, found "
                    "strides 2 and dilation_rate 2");
    assert_no_model(capas_sequential(capas_input(70000, 3, 2), capas_conv_lstm1d(2, 2)),
                    "layer conv_lstm1d: takes at most 65536 steps of at most 1048576 pixels, found "
                    "70000 of 2");
    capas_model *masked =
        capas_sequential(capas_input(4, 3, 2), capas_masking(), capas_conv_lstm1d(2, 2));
    float y[4];
    assert_non_null(masked);
    assert_int_equal(capas_predict(masked, x, 1, y), CAPAS_UNSUPPORTED);
    assert_said("takes a mask of steps (None, steps), found one of (None, 4, 3)");
    capas_model_free(masked);
}

static void a_window_of_one_is_an_lstm_on_each_pixel(void **state)
{
    (void)state;
    capas_model *films = capas_sequential(capas_input(STEPS, HEIGHT, WIDTH, CHANNELS),
                                          capas_conv_lstm2d(FILTERS, 1));
    capas_model *pixels = capas_sequential(capas_input(STEPS, CHANNELS), capas_lstm(FILTERS));
    float got[N * RESULT], apart[N * PIXELS * STEPS * CHANNELS], want[N * RESULT];
    assert_true(films && pixels);
    copy_weights(films, pixels);
    for (int n = 0; n < N; n++)
        for (int t = 0; t < STEPS; t++)
            for (int p = 0; p < PIXELS; p++)
                memcpy(apart + ((n * PIXELS + p) * STEPS + t) * CHANNELS,
                       x + ((n * STEPS + t) * PIXELS + p) * CHANNELS, CHANNELS * sizeof *x);
    assert_int_equal(capas_predict(films, x, N, got), CAPAS_OK);
    assert_int_equal(capas_predict(pixels, apart, N * PIXELS, want), CAPAS_OK);
    assert_close(got, want, N * RESULT);
    capas_model_free(films);
    capas_model_free(pixels);
}

static void a_stateful_one_goes_on(void **state)
{
    (void)state;
    enum { HALF = STEPS / 2 };
    capas_model *whole = model_of(STEPS, CAPAS_FALSE), *halves = model_of(HALF, CAPAS_TRUE);
    float want[N * RESULT], got[N * RESULT], part[N * HALF * STEP];
    copy_weights(whole, halves);
    assert_int_equal(capas_predict(whole, x, N, want), CAPAS_OK);
    for (int again = 0; again < 2; again++) {
        for (int half = 0; half < 2; half++) {
            for (int n = 0; n < N; n++)
                memcpy(part + n * HALF * STEP, x + (n * STEPS + half * HALF) * STEP,
                       HALF * STEP * sizeof *x);
            assert_int_equal(capas_predict(halves, part, N, got), CAPAS_OK);
        }
        assert_close(got, want, N * RESULT);
        capas_model_reset_states(halves);
    }
    assert_int_equal(capas_predict(halves, part, N, got), CAPAS_OK);
    assert_int_equal(capas_predict(halves, part, 1, got), CAPAS_INVALID_ARGUMENT);
    assert_said("keeps the states of 2 samples, found a batch of 1");
    capas_model_free(whole);
    capas_model_free(halves);
}

static void files_bring_it_back(void **state)
{
    (void)state;
#if CAPAS_WITH_KERAS_FILES
    static const char *const files[] = {"film.keras", "film.h5", "film.capas"};
#else
    static const char *const files[] = {"film.capas"};
#endif
    capas_model *model = capas_sequential(
        capas_input(STEPS, HEIGHT, WIDTH, CHANNELS, 1),
        capas_conv_lstm3d(FILTERS, 2, .padding = CAPAS_SAME, .return_sequences = CAPAS_TRUE,
                          .recurrent_constraint = capas_max_norm(0.5)),
        capas_reshape(STEPS, HEIGHT, -1),
        capas_conv_lstm1d(1, 2, .data_format = CAPAS_CHANNELS_FIRST));
    if (!model) fail_msg("%s", capas_error());
    float want[N * 64], got[N * 64];
    capas_shape shape;
    assert_int_equal(capas_model_output_shape(model, 0, &shape), CAPAS_OK);
    assert_true(shape.dims[1] * shape.dims[2] <= 64);
    assert_int_equal(capas_predict(model, x, N, want), CAPAS_OK);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        save_model(model, files[i]);
        capas_model *again = open_model(files[i]);
        assert_same_weights(model, again);
        assert_int_equal(capas_predict(again, x, N, got), CAPAS_OK);
        assert_memory_equal(got, want, (size_t)(N * shape.dims[1] * shape.dims[2]) * sizeof *got);
        capas_model_free(again);
    }
    capas_model_free(model);
}

static capas_status train_once(void)
{
    float y[N * RESULT] = {0};
    const capas_tensor inputs = {CAPAS_FLOAT32, {5, {N, STEPS, HEIGHT, WIDTH, CHANNELS}}, x};
    const capas_tensor targets = {CAPAS_FLOAT32, {4, {N, HEIGHT, WIDTH, FILTERS}}, y};
    capas_model *model =
        capas_sequential(capas_input(STEPS, HEIGHT, WIDTH, CHANNELS),
                         capas_conv_lstm2d(FILTERS, 2, .padding = CAPAS_SAME, .dropout = 0.2,
                                           .recurrent_dropout = 0.2));
    capas_status status = model ? CAPAS_OK : CAPAS_NO_MEMORY;
    if (status == CAPAS_OK) status = capas_compile(model, .loss = CAPAS_MEAN_SQUARED_ERROR);
    if (status == CAPAS_OK) status = capas_train_on_batch(model, &inputs, &targets, N, NULL);
    capas_model_free(model);
    return status;
}

static void memory_that_runs_out_is_told(void **state)
{
    (void)state;
    scarce_memory_everywhere(train_once, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_refuses),
        cmocka_unit_test(a_window_of_one_is_an_lstm_on_each_pixel),
        cmocka_unit_test(a_stateful_one_goes_on),
        cmocka_unit_test(files_bring_it_back),
        cmocka_unit_test(memory_that_runs_out_is_told),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
