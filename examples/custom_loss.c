/* A loss and a metric of one's own, in C: the pinball loss, with which a network learns a quantile
 * instead of the mean, and the share of the values that lie below what it says. Ten values of a
 * hundred should lie below the quantile 0.1.
 *
 *     ./custom_loss [EPOCHS]       (default 20)
 *
 * Both are registered by name, so that a file that names them opens here, and in Keras when classes
 * are registered there as "examples>Pinball" and "examples>ShareBelow". */
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES = 4000 };

/* value = mean of max(tau d, (tau - 1) d) with d = target - prediction;
 * its slope is -tau where the prediction is below, 1 - tau where it is above. */
static void pinball(const capas_custom_loss_call *call)
{
    const float tau = (float)call->options[0], width = (float)call->width;
    for (int64_t row = 0; row < call->rows; row++) {
        call->values[row] = 0;
        for (int64_t i = row * call->width; i < (row + 1) * call->width; i++) {
            float d = call->targets[i] - call->predictions[i];
            float slope = d > 0 ? tau : tau - 1;
            call->values[row] += slope * d / width;
            if (call->gradients) call->gradients[i] = -slope / width;
        }
    }
}

static void count_below(const capas_custom_metric_call *call)
{
    for (int64_t i = 0; i < call->rows * call->width; i++) {
        double weight = call->weights ? (double)call->weights[i / call->width] : 1;
        call->sums[0] += call->targets[i] < call->predictions[i] ? weight : 0;
        call->sums[1] += weight;
    }
}

static double share_below(const capas_custom_metric_call *call)
{
    return call->sums[1] > 0 ? call->sums[0] / call->sums[1] : 0;
}

static const capas_custom_loss pinball_loss = {
    .struct_size = sizeof(capas_custom_loss),
    .name = "Pinball",
    .package = "examples",
    .summary = "Teaches a quantile.",
    .options = {{"tau", 0.5, "the quantile: so much of the targets lies below"}},
    .compute = pinball,
};

static const capas_custom_metric share_metric = {
    .struct_size = sizeof(capas_custom_metric),
    .name = "ShareBelow",
    .package = "examples",
    .sums = 2,
    .update = count_below,
    .result = share_below,
};

/* y = sin 3x, and noise that grows with |x|. */
static void make_data(float *x, float *y)
{
    uint32_t state = 1;
    for (int i = 0; i < SAMPLES; i++) {
        float noise = 0;
        for (int k = 0; k < 12; k++) {
            state = state * 1664525u + 1013904223u;
            noise += (float)(state >> 8) / 16777216.0f - 0.5f;
        }
        x[i] = 2 * (float)i / SAMPLES - 1;
        y[i] = sinf(3 * x[i]) + 0.3f * fabsf(x[i]) * noise;
    }
}

static capas_status learn(
    const capas_tensor *inputs, const capas_tensor *targets, double tau, int epochs)
{
    capas_evaluation result;
    capas_model *model = capas_sequential(
        capas_input(1),
        capas_dense(32, .activation = CAPAS_TANH),
        capas_dense(32, .activation = CAPAS_TANH),
        capas_dense(1));
    capas_compile(
        model,
        .optimizer = capas_adam(.learning_rate = 0.01),
        .losses = {capas_registered_loss("Pinball", &tau)},
        .metric_configs = {capas_registered_metric("ShareBelow", NULL)});
    /* Whether the gradients are those of the values. */
    capas_status status = capas_check_gradients(model, inputs, targets, 32, 0);
    capas_dataset *data = capas_dataset_from_tensors(inputs, 1, targets, 1, 0);
    if (status == CAPAS_OK) status = capas_fit(model, data, .epochs = epochs);
    if (status == CAPAS_OK) status = capas_evaluate(model, data, &result);
    if (status == CAPAS_OK)
        printf(
            "quantile %.1f: %.3f of the values lie below\n",
            tau,
            capas_evaluation_get(&result, "share_below"));
    capas_dataset_free(data);
    capas_model_free(model);
    return status;
}

int main(int argc, char **argv)
{
    static float x[SAMPLES], y[SAMPLES];
    static const double quantiles[] = {0.1, 0.5, 0.9};
    const capas_tensor inputs = {CAPAS_FLOAT32, {2, {SAMPLES, 1}}, x};
    const capas_tensor targets = {CAPAS_FLOAT32, {2, {SAMPLES, 1}}, y};
    make_data(x, y);
    capas_status status = capas_register_loss(&pinball_loss);
    if (status == CAPAS_OK) status = capas_register_metric(&share_metric);
    for (int i = 0; i < 3 && status == CAPAS_OK; i++)
        status = learn(&inputs, &targets, quantiles[i], argc > 1 ? atoi(argv[1]) : 20);
    if (status != CAPAS_OK) fprintf(stderr, "%s\n", capas_error());
    return status == CAPAS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
