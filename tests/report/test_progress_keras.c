/* Progress lines: golden/text/train_verbose1.txt and 2, drawn again call by call with a clock that
 * the test turns. Elapsed and remaining seconds are not compared. */
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/progress_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double seconds_before(const char *end)
{
    const char *start = end;
    while (start[-1] != ' ')
        start--;
    char *unit;
    double number = strtod(start, &unit);
    return *unit == 'm' ? number * 1e-3 : *unit == 'u' ? number * 1e-6 : number;
}

/* Reads "1/4 ... 347ms/step - accuracy: 0.4375 - loss: 0.9874"; gives back where it ends. */
static const char *read_drawing(const char *text, drawing *d)
{
    *d = (drawing){0};
    assert_int_equal(sscanf(text, "%d/%d", &d->current, &d->target), 2);
    const char *at = strstr(text, "/step");
    assert_non_null(at);
    d->step = seconds_before(at);
    at += strlen("/step");
    int length;
    while (sscanf(at, " - %31[a-z_]: %lf%n", d->names[d->count], &d->values[d->count], &length) ==
           2) {
        at += length;
        d->count++;
    }
    return at;
}

/* "Epoch 1/2\n" at `at`: goes behind it. */
static bool read_epoch(stage *s, const char **at)
{
    int epoch, length = 0;
    bool found = sscanf(*at, "Epoch %d/%d\n%n", &epoch, &s->training.epochs, &length) == 2;
    if (found) s->training.epoch = epoch - 1;
    *at += length;
    return found;
}

/* A fit's epochs, then evaluate, then predict. */
static void play_golden(stage *s, const char *golden, int verbose)
{
    capas_callback *p = s->progress;
    capas_logs none = {0};
    p->on_train_begin(p->context, &s->training, &none);
    bool in_fit = true;
    const char *counter = verbose == 1 ? "\033[1m" : "";
    for (const char *at = golden; *at; at += strcspn(at, "\n") + 1) {
        drawing first, last;
        bool epoch = read_epoch(s, &at);
        if (!epoch && in_fit) p->on_train_end(p->context, &s->training, &none);
        in_fit = epoch;
        const char *last_at = at;
        if (verbose == 1) {
            last_at = read_drawing(strstr(at, counter) + strlen(counter), &first);
            last_at = strstr(last_at, counter) + strlen(counter);
        }
        at = read_drawing(last_at, &last);
        part part = epoch ? EPOCH : last.count > 0 ? TEST_PART : PREDICT;
        play(s, part, verbose == 1 ? &first : NULL, &last);
    }
}

/* Seconds that passed or remain: "1s" becomes "#s". */
static void mask_seconds(char *text)
{
    for (char *c = text; *c; c++) {
        if (*c != 's' || c == text || c[-1] < '0' || c[-1] > '9') continue;
        for (char *digit = c - 1; digit >= text && *digit >= '0' && *digit <= '9'; digit--)
            *digit = '#';
    }
}

static void compare_golden(int verbose)
{
    stage s;
    char *golden = golden_text("text/train_verbose%d.txt", verbose);
    open_stage(&s, verbose, true, true);
    play_golden(&s, golden, verbose);
    char *got = close_stage(&s);
    mask_seconds(golden);
    mask_seconds(got);
    assert_string_equal(got, golden);
    free(golden);
    free(got);
}

static void draws_as_keras(void **state)
{
    (void)state;
    compare_golden(1);
    compare_golden(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_as_keras),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
