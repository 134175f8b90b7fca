/* Layers that change pictures by chance: what they draw, and on what it depends; that prediction
 * leaves pictures alone; Keras's words for them. What they compute from a number that is given is
 * held against Keras by the golden layers. */
#include "support/cmocka.h"

#include "base/option.h"
#include "layers/layer.h"
#include "model/plan.h"
#include <capas/capas.h>
#include <stdlib.h>
#include <string.h>

enum { N = 40, H = 6, W = 5, SIZE = H * W, LAYERS = 6 };

static float pictures[N * SIZE];

/* Each number says where it is: 100 n + 10 y + x. */
static int number_pictures(void **state)
{
    (void)state;
    capas_enable_training();
    for (int i = 0; i < N * SIZE; i++)
        pictures[i] = (float)(i / SIZE * 100 + i / W % H * 10 + i % W);
    return 0;
}

static capas_model *model_of(capas_layer *layer)
{
    capas_model *model = capas_sequential(capas_input(H, W, 1), layer);
    if (capas_model_check(model) != CAPAS_OK) fail_msg("%s", capas_error());
    return model;
}

static void run(capas_model *model, bool training, int n, uint32_t step, float *output, int size)
{
    capas_plan_options options;
    capas_plan *plan;
    capas_run *run;
    memset(&options, 0, sizeof options);
    options.batch = N;
    options.training = training;
    if (capas_model_plan(model, &options, &plan) != CAPAS_OK) fail_msg("%s", capas_error());
    assert_int_equal(capas_plan_acquire(plan, &run), CAPAS_OK);
    memcpy(capas_run_input(run, 0), pictures, (size_t)n * SIZE * sizeof(float));
    assert_int_equal(capas_run_forward(run, n, step, NULL, NULL), CAPAS_OK);
    memcpy(output, capas_run_output(run, 0), (size_t)(n * size) * sizeof(float));
    capas_plan_release(run);
}

static capas_layer *layer_of(int number)
{
    switch (number) {
    case 0:
        return capas_random_flip();
    case 1:
        return capas_random_rotation(0.2);
    case 2:
        return capas_random_translation(0.3, 0.2);
    case 3:
        return capas_random_zoom(0.3);
    case 4:
        return capas_random_contrast(0.5, .value_range = {-1e6, 1e6});
    case 5:
        return capas_random_brightness(0.1, .value_range = {-1e6, 1e6});
    default:
        return NULL;
    }
}

static void prediction_leaves_pictures_alone(void **state)
{
    (void)state;
    static float output[N * SIZE];
    for (int i = 0; i < LAYERS; i++) {
        capas_model *model = model_of(layer_of(i));
        run(model, false, N, 3, output, SIZE);
        assert_memory_equal(output, pictures, sizeof output);
        capas_model_free(model);
    }
}

/* Not on the size of the batch, nor the threads; but on the step and the picture. */
static void step_and_place_decide(void **state)
{
    (void)state;
    static float want[N * SIZE], got[N * SIZE];
    for (int i = 0; i < LAYERS; i++) {
        capas_model *model = model_of(layer_of(i));
        run(model, true, N, 3, want, SIZE);
        for (int threads = 1; threads <= 3; threads++) {
            assert_int_equal(capas_set_threads(threads), CAPAS_OK);
            run(model, true, threads == 2 ? 7 : N, 3, got, SIZE);
            assert_memory_equal(got, want, (threads == 2 ? 7 : N) * SIZE * sizeof *got);
        }
        assert_int_equal(capas_set_threads(0), CAPAS_OK);
        run(model, true, N, 4, got, SIZE);
        assert_memory_not_equal(got, want, sizeof got);
        int alike = 0;
        for (int n = 1; n < N; n++) {
            bool same = true;
            for (int k = 0; k < SIZE; k++)
                same = same && want[n * SIZE + k] == want[k] + 100 * (float)n;
            alike += same;
        }
        assert_true(alike < N - 5);
        capas_model_free(model);
    }
}

/* Of a seed of its own, in whatever layer; a layer used twice draws twice. */
static void seeds_decide(void **state)
{
    (void)state;
    static float first[N * SIZE], second[N * SIZE];
    capas_model *one = model_of(capas_random_rotation(0.2, .seed = 5));
    capas_model *other = capas_sequential(capas_input(H, W, 1), capas_dropout(0.0),
                                          capas_random_rotation(0.2, .seed = 5));
    run(one, true, N, 0, first, SIZE);
    run(other, true, N, 0, second, SIZE);
    assert_memory_equal(first, second, sizeof first);
    capas_model_free(other);
    other = model_of(capas_random_rotation(0.2, .seed = 6));
    run(other, true, N, 0, second, SIZE);
    assert_memory_not_equal(first, second, sizeof first);
    capas_model_free(other);
    capas_model_free(one);
}

/* Which picture came out, with the corner that says how it was mirrored; all else fails. */
static int mirrored(const float *picture, int n)
{
    int corner = (int)picture[0] - 100 * n;
    int vertical = corner >= 10, horizontal = corner % 10 > 0;
    for (int i = 0; i < SIZE; i++) {
        int y = i / W, x = i % W;
        int from_y = vertical ? H - 1 - y : y, from_x = horizontal ? W - 1 - x : x;
        assert_true(picture[i] == (float)(100 * n + 10 * from_y + from_x));
    }
    return 2 * vertical + horizontal;
}

static void flips_throw_one_coin(void **state)
{
    (void)state;
    static float output[N * SIZE];
    static const int mask[] = {0, 1, 2, 3};
    for (int mode = CAPAS_FLIP_HORIZONTAL; mode <= CAPAS_FLIP_HORIZONTAL_AND_VERTICAL; mode++) {
        capas_model *model = model_of(capas_random_flip(.mode = (capas_flip_mode)mode));
        int flips = 0;
        run(model, true, N, 0, output, SIZE);
        for (int n = 0; n < N; n++) {
            int how = mirrored(output + n * SIZE, n);
            assert_true(how == 0 || how == mask[mode]);
            flips += how != 0;
        }
        assert_true(flips > N / 4 && flips < N * 3 / 4);
        capas_model_free(model);
    }
}

/* Translations of a picture whose numbers are its coordinates show what was drawn. */
static void draws_fill_their_ranges(void **state)
{
    (void)state;
    static float output[N * SIZE];
    capas_model *model = model_of(capas_random_translation(0, 0, .height_factor = {0.05, 0.2},
                                                           .width_factor = {-0.2, 0.1},
                                                           .fill_mode = CAPAS_FILL_NEAREST));
    float least[2] = {9, 9}, most[2] = {-9, -9};
    for (uint32_t step = 0; step < 10; step++) {
        run(model, true, N, step, output, SIZE);
        for (int n = 0; n < N; n++) {
            float middle = output[n * SIZE + 3 * W + 2] - 100 * (float)n;
            /* 10 (3 - down) + (2 - right), with |right| <= 1 and down from 0.3 to 1.2 */
            float lower = output[n * SIZE + 4 * W + 2] - 100 * (float)n;
            assert_true(lower - middle > 9.99f && lower - middle < 10.01f);
            float edge = output[n * SIZE + 5 * W + 2] - output[n * SIZE + 5 * W + 1];
            assert_true(edge > 0.99f && edge < 1.01f);
            float down = (float)(32 - (double)middle) / 10;
            least[0] = down < least[0] ? down : least[0];
            most[0] = down > most[0] ? down : most[0];
        }
    }
    /* down plus a tenth of what it went to the right, -1 to 0.5 */
    assert_true(least[0] > 0.3f - 0.1f && least[0] < 0.35f);
    assert_true(most[0] < 1.2f + 0.05f && most[0] > 1.1f);
    capas_model_free(model);
}

/* A window of whole pixels, the same for the batch, anywhere inside; in prediction the middle. */
static void crops_take_windows(void **state)
{
    (void)state;
    enum { SMALL = 4 * 3 };
    static float output[N * SIZE];
    bool rows[3] = {false}, columns[3] = {false};
    capas_model *model = model_of(capas_random_crop(4, 3));
    for (uint32_t step = 0; step < 30; step++) {
        run(model, true, N, step, output, SMALL);
        int y = (int)output[0] / 10, x = (int)output[0] % 10;
        assert_true(y <= 2 && x <= 2);
        rows[y] = columns[x] = true;
        for (int i = 0; i < N * SMALL; i++)
            assert_true(output[i] == (float)(i / SMALL * 100 + (y + i / 3 % 4) * 10 + x + i % 3));
    }
    for (int i = 0; i < 3; i++)
        assert_true(rows[i] && columns[i]);
    capas_model_free(model);
    /* 6x5 to 3x5: 3 rows from the second on; to 3x3 5x5 of the middle, halved. */
    model = model_of(capas_random_crop(3, 5));
    run(model, false, N, 0, output, 15);
    assert_true(output[0] == 10 && output[14] == 34);
    capas_model_free(model);
    model = model_of(capas_random_crop(10, 10));
    run(model, false, N, 0, output, 100 < SIZE ? 100 : SIZE);
    assert_true(output[0] == 0 && output[9] == 4);
    capas_model_free(model);
}

/* What Keras writes of them, and reads. */
static void expect_config(capas_layer *layer, const char *name, const char *want)
{
    capas_model *model = model_of(layer);
    char *json = NULL;
    assert_int_equal(capas_model_to_json(model, &json), CAPAS_OK);
    if (!strstr(json, want)) fail_msg("%s: no %s in %s", name, want, json);
    capas_model *again = capas_model_from_json(json);
    if (!again) fail_msg("%s", capas_error());
    capas_model_free(again);
    capas_free(json);
    capas_model_free(model);
}

static void keras_words_are_written(void **state)
{
    (void)state;
    expect_config(capas_random_rotation(0.1), "rotation", "\"factor\": [-0.1, 0.1]");
    expect_config(capas_random_rotation(-0.1), "rotation", "\"factor\": [-0.1, 0.1]");
    expect_config(capas_random_contrast(0.2), "contrast", "\"factor\": [0.0, 0.2]");
    expect_config(capas_random_contrast(0.2), "contrast", "\"value_range\": [0, 255]");
    expect_config(capas_random_zoom(0.1), "zoom", "\"height_factor\": 0.1, \"width_factor\": null");
    expect_config(capas_random_zoom(0, .height_factor = {0.3, -0.2}), "zoom",
                  "\"height_factor\": [-0.2, 0.3]");
    expect_config(capas_random_translation(0, 0.5), "translation", "\"height_factor\": 0.0");
    expect_config(capas_random_flip(), "flip", "\"mode\": \"horizontal_and_vertical\"");
    expect_config(capas_random_crop(3, 2, .seed = 9), "crop", "\"seed\": 9");
}

static void expect_refused(capas_layer *layer, const char *sentence)
{
    capas_model *model = capas_sequential(capas_input(H, W, 1), layer);
    assert_int_not_equal(capas_model_check(model), CAPAS_OK);
    assert_string_equal(capas_error(), sentence);
    capas_model_free(model);
}

static void wrong_factors_are_refused(void **state)
{
    (void)state;
    expect_refused(capas_random_rotation(1.5),
                   "layer random_rotation: factor must be a number from -1 to 1 or a list of two, "
                   "found 1.5");
    expect_refused(capas_random_zoom(-1),
                   "layer random_zoom: height_factor must be a number above -1 and at most 1 or a "
                   "list of two, found -1");
    expect_refused(capas_random_contrast(-0.1),
                   "layer random_contrast: factor must be a number from 0 to 1 or a list of two, "
                   "found -0.1");
    expect_refused(capas_random_brightness(0.1, .value_range = {7, 0}),
                   "layer random_brightness: value_range must be a list of two numbers, found 7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prediction_leaves_pictures_alone),
        cmocka_unit_test(step_and_place_decide),
        cmocka_unit_test(seeds_decide),
        cmocka_unit_test(flips_throw_one_coin),
        cmocka_unit_test(draws_fill_their_ranges),
        cmocka_unit_test(crops_take_windows),
        cmocka_unit_test(keras_words_are_written),
        cmocka_unit_test(wrong_factors_are_refused),
    };
    return cmocka_run_group_tests(tests, number_pictures, NULL);
}
