/* A network and a batch of data, to be trained and to predict over and over. */
#ifndef CAPAS_BENCH_JOB_H
#define CAPAS_BENCH_JOB_H

#include <capas/capas.h>

typedef struct job {
    capas_model *model;
    capas_tensor input, target;
    float *output;
    int64_t batch;
} job;

static inline capas_status train_step(void *context)
{
    job *job = context;
    capas_evaluation evaluation;
    return capas_train_on_batch(job->model, &job->input, &job->target, job->batch, &evaluation);
}

static inline capas_status predict_step(void *context)
{
    job *job = context;
    return capas_predict(job->model, job->input.data, job->batch, job->output);
}

#endif
