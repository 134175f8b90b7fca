/* Progress lines where Keras's golden text shows nothing: without a terminal, without colours, on a
 * narrow one; times, values and means. */
#include "support/cmocka.h"
#include "support/progress_stage.h"

#include "report/progress.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const drawing half = {.current = 1,
                             .target = 2,
                             .step = 0.5,
                             .count = 1,
                             .names = {"loss"},
                             .values = {0.25}},
                     whole = {.current = 2,
                              .target = 2,
                              .step = 0.25,
                              .count = 1,
                              .names = {"loss"},
                              .values = {0.125}};

static void stays_plain_without_a_terminal(void **state)
{
    (void)state;
    stage s;
    open_stage(&s, 1, false, false);
    s.training.epochs = 2;
    play(&s, EPOCH, &half, &whole);
    char *got = close_stage(&s);
    assert_string_equal(got, "Epoch 1/2\n2/2 ━━━━━━━━━━━━━━━━━━━━ 1s 250ms/step - loss: 0.1250\n");
    free(got);
}

static void leaves_colours_out(void **state)
{
    (void)state;
    stage s;
    open_stage(&s, 1, true, false);
    play(&s, EPOCH, &half, &whole);
    char *got = close_stage(&s);
    const char *bar = "2/2 ━━━━━━━━━━━━━━━━━━━━ 1s 250ms/step - loss: 0.1250\n";
    assert_int_equal(got[0], '\r');
    assert_null(strchr(got, '\033'));
    assert_string_equal(got + strlen(got) - strlen(bar), bar);
    free(got);
}

/* The step's time and the remaining time, from seconds a step and steps. */
static void compare_times(double step, int target, const char *want)
{
    stage s;
    open_stage(&s, 1, true, false);
    s.training.steps = target;
    capas_logs none = {0};
    begin(&s, EPOCH);
    stage_now += step;
    end_batch(&s, EPOCH, 0, &none);
    char *got = close_stage(&s);
    if (!strstr(got, want)) fail_msg("%s is not in %s", want, got);
    free(got);
}

static void writes_times_as_keras(void **state)
{
    (void)state;
    compare_times(2, 100, " 3:18 2s/step");
    compare_times(40, 100, " 1:06:00 40s/step");
    compare_times(0.002, 100, " 0s 2ms/step");
    compare_times(0.0000256, 100, " 0s 26us/step");
    compare_times(0, 100, " 0s 0s/step");
}

static void shows_an_unknown_target(void **state)
{
    (void)state;
    stage s;
    open_stage(&s, 1, true, false);
    s.training.steps = CAPAS_ANY;
    s.training.epochs = 2;
    capas_logs logs = {0};
    for (s.training.epoch = 0; s.training.epoch < 2; s.training.epoch++) {
        begin(&s, EPOCH);
        for (int batch = 0; batch < 3; batch++) {
            stage_now += 1;
            end_batch(&s, EPOCH, batch, &logs);
        }
        end(&s, EPOCH, &logs);
    }
    char *got = close_stage(&s);
    assert_non_null(strstr(got, "      1/Unknown 1s 1s/step"));
    char *second = strstr(got, "Epoch 2/2"); /* what the first epoch showed is known then */
    assert_null(strstr(second, "Unknown"));
    assert_non_null(strstr(second, "1/3 "));
    free(got);
}

static void writes_values_as_keras(void **state)
{
    (void)state;
    static const drawing odd = {.current = 1,
                                .target = 1,
                                .step = 0.5,
                                .count = 3,
                                .names = {"a", "b", "c"},
                                .values = {-0.5, 0.001, 1234.5}};
    for (int verbose = 1; verbose <= 2; verbose++) {
        stage s;
        open_stage(&s, verbose, false, false);
        play(&s, TEST_PART, NULL, &odd);
        char *got = close_stage(&s);
        const char *want = verbose == 1 ? " - a: -0.5000 - b: 1.0000e-03 - c: 1234.5000\n"
                                        : " - a: -5.0000e-01 - b: 1.0000e-03 - c: 1234.5000\n";
        assert_string_equal(got + strlen(got) - strlen(want), want);
        free(got);
    }
}

/* While an epoch runs: the mean over its batches, as Keras's bar has it. */
static void shows_running_means(void **state)
{
    (void)state;
    stage s;
    open_stage(&s, 1, true, false);
    s.training.steps = 4;
    capas_logs logs = {0};
    begin(&s, EPOCH);
    for (int batch = 0; batch < 2; batch++) {
        stage_now += 1;
        capas_logs_set(&logs, "loss", batch == 0 ? 3 : 2);
        end_batch(&s, EPOCH, batch, &logs);
    }
    char *got = close_stage(&s);
    assert_non_null(strstr(got, "loss: 2.5000"));
    assert_int_equal(got[strlen(got) - 1], '\n'); /* an open line is ended */
    capas_logs_clear(&logs);
    free(got);
}

static void looks_at_the_stream(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    capas_callback *progress = capas_progress_new(file, 1);
    assert_non_null(progress);
    stage s = {.progress = progress, .training = {.epochs = 1}};
    play(&s, TEST_PART, &half, &whole);
    capas_progress_free(progress);
    rewind(file);
    char got[512];
    got[fread(got, 1, sizeof got - 1, file)] = '\0';
    assert_null(strchr(got, '\033'));
    assert_null(strchr(got, '\b'));
    fclose(file);
    assert_null(capas_progress_new(NULL, 1));
    assert_null(capas_progress_new(stderr, 3));
    assert_int_equal(capas_error_status(), CAPAS_INVALID_ARGUMENT);
    capas_progress_free(NULL);
}

static void says_nothing_at_verbose_0(void **state)
{
    (void)state;
    stage s;
    open_stage(&s, 0, true, true);
    s.training.epochs = 2;
    play(&s, EPOCH, &half, &whole);
    char *got = close_stage(&s);
    assert_string_equal(got, "");
    free(got);
}

static int columns;

static int test_columns(FILE *stream)
{
    (void)stream;
    return columns;
}

/* The longest row: of what is drawn over itself only the visible part counts. */
static int widest_row(const char *text)
{
    int widest = 0, width = 0;
    for (; *text; text++) {
        if (*text == '\n' || *text == '\r' || *text == '\b')
            width = 0;
        else if (((unsigned char)*text & 0xc0) != 0x80)
            width++;
        if (width > widest) widest = width;
    }
    return widest;
}

/* The whole of an epoch on a terminal of so many columns. */
static char *play_on(int wide)
{
    stage s;
    const drawing first = {1, 1875, 2, 0.02, {"accuracy", "loss"}, {0.5, 1}};
    const drawing last = {1875,
                          1875,
                          4,
                          0.002,
                          {"accuracy", "loss", "val_accuracy", "val_loss"},
                          {0.9485, 0.175, 0.969, 0.1043}};
    open_stage(&s, 1, true, false);
    capas_progress_style style = {1, true, false, stage_clock, test_columns};
    capas_progress_free(s.progress);
    s.progress = capas_progress_styled(s.stream, &style);
    columns = wide;
    play(&s, EPOCH, &first, &last);
    return close_stage(&s);
}

static void a_narrow_terminal_holds_its_lines(void **state)
{
    (void)state;
    for (int wide = 40; wide < 140; wide++) {
        char *text = play_on(wide);
        if (widest_row(text) >= wide)
            fail_msg("%d of %d columns: %s", widest_row(text), wide, text);
        assert_non_null(strstr(text, "val_loss: 0.1043\n")); /* the end tells all */
        free(text);
    }
    char *narrow = play_on(60), *wide = play_on(200), *any = play_on(0);
    assert_non_null(strstr(narrow, "/step\n    - accuracy: 0.9485 - loss: 0.1750\n    - val_"));
    assert_string_equal(wide, any);
    free(narrow);
    free(wide);
    free(any);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_plain_without_a_terminal),
        cmocka_unit_test(leaves_colours_out),
        cmocka_unit_test(writes_times_as_keras),
        cmocka_unit_test(shows_an_unknown_target),
        cmocka_unit_test(writes_values_as_keras),
        cmocka_unit_test(shows_running_means),
        cmocka_unit_test(looks_at_the_stream),
        cmocka_unit_test(says_nothing_at_verbose_0),
        cmocka_unit_test(a_narrow_terminal_holds_its_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
