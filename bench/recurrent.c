/* Training steps and predictions of one recurrent layer over sequences, with 2 threads; the other
 * side of bench/peers/recurrent.py, which calls it round by round:
 *
 *     bench/recurrent [lstm|gru|simple_rnn [SECONDS [UNITS STEPS BATCH INPUTS]]]
 *
 * prints the median milliseconds of a training step and of a prediction. A step is forward,
 * backward and Adam; the network is the layer and a dense one behind its last step. */
#include "job.h"
#include "network_steps.h"
#include "timing.h"

#include <capas/capas.h>
#include <stdio.h>
#include <string.h>

static capas_layer *layer_of(const char *name, int units)
{
    if (strcmp(name, "gru") == 0) return capas_gru(units);
    if (strcmp(name, "simple_rnn") == 0) return capas_simple_rnn(units);
    return capas_lstm(units);
}

static float *numbers(int64_t count, uint32_t stream)
{
    float *all = floats(count);
    draw_numbers(all, count, stream, -1, 1);
    return all;
}

static capas_status measure(job *job, double seconds, timing *training, timing *prediction)
{
    if (!job->model) return capas_error_status();
    capas_status status =
        capas_compile(job->model, .optimizer = capas_adam(), .loss = CAPAS_MEAN_SQUARED_ERROR);
    if (status == CAPAS_OK) status = timing_of(train_step, job, seconds, capas_seconds, training);
    if (status == CAPAS_OK)
        status = timing_of(predict_step, job, seconds / 2, capas_seconds, prediction);
    return status;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "lstm";
    const double seconds = argc > 2 ? atof(argv[2]) : 1;
    int size[4] = {128, 100, 32, 64}; /* units, steps, batch, inputs */
    for (int i = 0; i < 4 && argc > 6; i++)
        size[i] = atoi(argv[3 + i]);
    const int units = size[0], steps = size[1], batch = size[2], inputs = size[3];
    capas_set_threads(2);
    job job = {
        .model =
            capas_sequential(capas_input(steps, inputs), layer_of(name, units), capas_dense(1)),
        .input = {CAPAS_FLOAT32, capas_shape_of(3, batch, steps, inputs),
                  numbers((int64_t)batch * steps * inputs, 1)},
        .target = {CAPAS_FLOAT32, capas_shape_of(2, batch, 1), numbers(batch, 2)},
        .output = floats(batch),
        .batch = batch,
    };
    timing training = {0}, prediction = {0};
    capas_status status = measure(&job, seconds, &training, &prediction);
    if (status == CAPAS_OK)
        printf("%.4f %.4f\n", 1e3 * training.median, 1e3 * prediction.median);
    else
        fprintf(stderr, "%s\n", capas_error());
    capas_model_free(job.model);
    free(job.input.data);
    free(job.target.data);
    free(job.output);
    return status != CAPAS_OK;
}
