/* Plans and runs. A plan is a program made ready: fused, kernels chosen, buffers placed in an
 * arena; it never changes, and the model keeps it. A run is what changes while a plan is executed:
 * one for each caller, pooled by the plan, so many threads may use one plan at once. */
#ifndef CAPAS_MODEL_PLAN_H
#define CAPAS_MODEL_PLAN_H

#include "model/model.h"
#include "ops/program.h"

enum { CAPAS_PLAN_OUTPUTS = 8, CAPAS_PLAN_WATCHED = 8 };

/* What a plan is for; compared byte for byte, so zero it first. */
/* What a masked row counts nothing in: the mean over the rows (Keras's default: of those that
 * count), the sum, or the mean by weights. */
typedef enum capas_masked_loss {
    CAPAS_MASKED_MEAN,
    CAPAS_MASKED_SUM,
    CAPAS_MASKED_WEIGHTED_MEAN
} capas_masked_loss;

typedef struct capas_plan_options {
    int batch;             /* samples at most */
    bool training;         /* dropout on, statistics of the batch */
    bool backward;         /* gradients of the weights that have a gradient offset */
    bool input_gradients;  /* backward: of the inputs too */
    bool no_fusion;        /* every op by itself, for tests */
    capas_element element; /* float32, or float64 for tests */
    /* Losses, one for each output in order; loss_count 0: none, and backward starts from the
     * outputs' gradients, which the caller fills in. */
    int loss_count;
    capas_loss_problem losses[CAPAS_PLAN_OUTPUTS]; /* sizes but `labels` come from the output */
    double loss_weights[CAPAS_PLAN_OUTPUTS];
    capas_masked_loss masked[CAPAS_PLAN_OUTPUTS];
    bool sample_weights; /* each loss takes a weight for each row */
    bool saves_memory;   /* predicts with the model's own weights, without copies of them that are
                            folded or packed; also where the model asks for it */
    /* Uses (their number + 1; 0: none) whose outputs may be looked at after a run. It costs memory
     * and changes nothing of what is computed: the output of an op that was joined into another
     * stays nowhere. */
    int watched[CAPAS_PLAN_WATCHED];
} capas_plan_options;

typedef struct capas_plan capas_plan;
typedef struct capas_run capas_run;

/* The model's plan for these options: one it has, or a new one. The model owns it. */
capas_status capas_model_plan(capas_model *model, const capas_plan_options *options,
                              capas_plan **plan);
void capas_model_drop_plans(capas_model *model); /* no run may be out */

/* Called before the first plan with `backward`: links the backward halves. May be called again. */
void capas_enable_training(void);

/* A run of the plan, from its pool or new; given back with release. */
capas_status capas_plan_acquire(capas_plan *plan, capas_run **run);
void capas_plan_release(capas_run *run);

/* Memory of the run, in Keras's layout, of the plan's element (sparse targets: int32); each holds
 * `batch` samples. The caller fills inputs, targets, sample weights (and output gradients) before a
 * run. */
void *capas_run_input(capas_run *run, int input);
void *capas_run_target(capas_run *run, int output);
void *capas_run_sample_weight(capas_run *run, int output);
/* What each row of a loss counts, the mask of the output worked in; and what it counts in weighted
 * metrics. NULL: every row counts 1. */
void *capas_run_loss_weights(capas_run *run, int output);
void *capas_run_metric_weights(capas_run *run, int output);
void *capas_run_output(capas_run *run, int output);
/* Value of each row of the loss, unweighted; rows of one sample in *rows_per_sample (may be NULL).
 */
void *capas_run_loss_values(capas_run *run, int output, int64_t *rows_per_sample);
/* A watched output of the last run, with its samples; NULL when it is nowhere, and then the plan
 * says whose layer's op it was joined into. */
void *capas_run_watched(capas_run *run, int watched, int *samples);
const char *capas_plan_watched_into(const capas_plan *plan, int watched);
void *capas_run_output_gradient(capas_run *run, int output); /* loss_count 0 */
void *capas_run_input_gradient(capas_run *run, int input);   /* input_gradients */
/* The block of gradients, of the plan's element; weight w's begins at its gradient_offset. */
void *capas_run_gradients(capas_run *run);

/* Forward (and the losses' values and gradients, when the plan has losses), for n <= batch samples.
 * `step` counts training steps for the random numbers. loss_factors[i] multiplies rows' values in
 * the gradient (NULL: 1 / rows, Keras's mean). Batch statistics and moving averages change the
 * model's values when the plan is for training. Returns the activity penalties in *penalty (may be
 * NULL). */
capas_status capas_run_forward(capas_run *run, int n, uint32_t step, const double *loss_factors,
                               double *penalty);
capas_status capas_run_backward(capas_run *run);

/* What a caller gives as inputs (predict.c): checked against the model, where `where` starts the
 * sentences, and n samples from `first` on brought to where a run takes them. */
capas_status capas_check_inputs(const capas_model *model, const capas_tensor *inputs, int64_t n,
                                const char *where);
void capas_fill_input(const capas_model *model, int input, const capas_tensor *from, int64_t first,
                      int64_t n, void *to);
/* After the backward way: the gradients to the caller's arrays, as capas/gradients.h has them. */
void capas_take_gradients(const capas_model *model, capas_run *run, int64_t n,
                          float *const *input_gradients, float *const *weight_gradients);

/* Multiplications and additions counted as two, for one sample, forward; and of forward and
 * backward. Exact zeros are counted as if they were multiplied. */
double capas_plan_flops(const capas_plan *plan, bool backward);
/* Bytes of the arena of one run. */
size_t capas_plan_arena(const capas_plan *plan);

/* One line for each op ("conv2d: conv 28x28x1 k3 f32 relu pool2 | conv_forward avx2 ..."), for
 * tests and verbose output; freed by capas_release. NULL without memory. */
char *capas_plan_text(const capas_plan *plan);

/* For `--cost`: what a layer costs for one sample. */
typedef struct capas_layer_cost {
    double forward_flops, training_flops;
    int64_t weight_bytes, output_bytes;
} capas_layer_cost;
capas_status capas_model_layer_cost(capas_model *model, int layer, capas_layer_cost *cost);

#endif
