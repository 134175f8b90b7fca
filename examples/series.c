/* Forecasting a series: an LSTM reads the last 24 values and says the one six steps ahead.
 *
 *     ./series [EPOCHS]       (default 8)
 *
 * The series is Mackey and Glass's (1977), blood cells that are made with a delay: it never repeats
 * itself, but follows a rule, so that it can be foretold some way. The network learns from the
 * first part; on the rest, which it has not seen, its error is told beside those of two simple
 * guesses, and its forecast is drawn over what came. */
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WINDOW = 24, AHEAD = 6, SAMPLES = 3000, KEPT = 600, VALUES = SAMPLES + WINDOW + AHEAD };

static float series[VALUES], windows[SAMPLES][WINDOW], wanted[SAMPLES];

/* x' = 0.2 x(t - 17) / (1 + x(t - 17)^10) - 0.1 x, in steps of a tenth; one value kept of each unit
 * of time, about 0. */
static void compute_series(void)
{
    enum { PARTS = 10, DELAY = 17 * PARTS, WARM = 300 };
    static double x[(VALUES + WARM) * PARTS];
    for (int i = 0; i < (VALUES + WARM) * PARTS - 1; i++) {
        double late = i < DELAY ? 1.2 : x[i - DELAY], now = i == 0 ? 1.2 : x[i];
        x[i + 1] = now + (0.2 * late / (1 + pow(late, 10)) - 0.1 * now) / PARTS;
    }
    for (int i = 0; i < VALUES; i++)
        series[i] = (float)x[(i + WARM) * PARTS] - 0.9f;
}

static capas_dataset *cut_windows(void)
{
    for (int i = 0; i < SAMPLES; i++) {
        for (int k = 0; k < WINDOW; k++)
            windows[i][k] = series[i + k];
        wanted[i] = series[i + WINDOW - 1 + AHEAD];
    }
    capas_tensor input = {CAPAS_FLOAT32, capas_shape_of(3, SAMPLES, WINDOW, 1), windows};
    capas_tensor target = {CAPAS_FLOAT32, capas_shape_of(2, SAMPLES, 1), wanted};
    return capas_dataset_from_tensors(&input, 1, &target, 1, 0);
}

/* The root of the mean squared distance from what came. */
static double error_of(const float *forecast)
{
    double sum = 0;
    for (int i = 0; i < KEPT; i++) {
        double distance = (double)forecast[i] - wanted[SAMPLES - KEPT + i];
        sum += distance * distance;
    }
    return sqrt(sum / KEPT);
}

static void tell_errors(const float *forecast)
{
    static float same[KEPT], straight[KEPT];
    for (int i = 0; i < KEPT; i++) {
        const float *last = &windows[SAMPLES - KEPT + i][WINDOW - 1];
        same[i] = last[0];
        straight[i] = last[0] + AHEAD * (last[0] - last[-1]);
    }
    printf(
        "error six steps ahead: %.3f; of \"as now\" %.3f, of a straight line on %.3f\n",
        error_of(forecast),
        error_of(same),
        error_of(straight));
}

/* A line for every second value: what came (o), what was foretold (*), or both (@). */
static void draw(const float *forecast)
{
    enum { LINES = 30, COLUMNS = 60 };
    for (int i = 0; i < LINES; i++) {
        char line[COLUMNS + 1];
        int came = (int)lroundf((wanted[SAMPLES - KEPT + 2 * i] + 0.6f) * 52);
        int foretold = (int)lroundf((forecast[2 * i] + 0.6f) * 52);
        for (int k = 0; k < COLUMNS; k++)
            line[k] = k == came && k == foretold ? '@'
                      : k == came                ? 'o'
                      : k == foretold            ? '*'
                                                 : ' ';
        line[COLUMNS] = '\0';
        printf("|%s|\n", line);
    }
}

int main(int argc, char **argv)
{
    capas_model *model = capas_sequential(capas_input(WINDOW, 1), capas_lstm(32), capas_dense(1));
    capas_compile(
        model,
        .optimizer = capas_adam(.learning_rate = 0.005),
        .loss = CAPAS_MEAN_SQUARED_ERROR);

    compute_series();
    capas_dataset *all = cut_windows();
    capas_dataset *train = capas_dataset_slice(all, 0, SAMPLES - KEPT);
    capas_fit(model, train, .epochs = argc > 1 ? atoi(argv[1]) : 8, .verbose = 2);

    static float forecast[KEPT];
    if (capas_predict(model, windows[SAMPLES - KEPT], KEPT, forecast) == CAPAS_OK) {
        draw(forecast);
        tell_errors(forecast);
    }
    capas_status status = capas_model_status(model);
    if (status != CAPAS_OK) fprintf(stderr, "%s\n", capas_error());
    capas_dataset_free(train);
    capas_dataset_free(all);
    capas_model_free(model);
    return status == CAPAS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
