/* Random networks, to try the engine as a whole: graphs of all layers with branches, several inputs
 * and outputs, shared layers, sums of a node with itself, odd sizes, losses and sample weights. The
 * same seed is the same network. A run of one gives every number that came out, as doubles, with
 * names. Every run starts from the same weights, in memory filled with NaN. */
#ifndef CAPAS_TESTS_NETWORK_H
#define CAPAS_TESTS_NETWORK_H

#include "model/plan.h"

typedef struct network {
    uint64_t seed;
    capas_model *model;
    capas_loss_problem losses[CAPAS_PLAN_OUTPUTS];
    double loss_weights[CAPAS_PLAN_OUTPUTS];
    float *start; /* the block of weights as it was made; every run begins with it */
} network;

/* Ends the test when it cannot be made. Gradients are placed; some layers are frozen. */
network network_random(uint64_t seed);
void network_free(network *network);

/* A network of a caller's model, without losses; the model is the network's from now on. */
network network_of(capas_model *model, uint64_t seed);

/* Options for a plan with gradients of weights and inputs, in float32; with losses on request. */
capas_plan_options network_options(const network *network, int batch, bool training, bool losses);

/* What a run is given. Sample i has the data of number samples[i] (NULL: i) of the seed. */
typedef struct network_data {
    uint64_t seed;
    int n;
    const int *samples;
    int rounding; /* the mode in which the plan is called, of <fenv.h>; 0: to nearest */
    /* One element of one input is this much larger. */
    int nudged_input;
    int64_t nudged_element; /* counted over the batch */
    double nudge;
} network_data;

enum { NETWORK_PARTS = 96 };

typedef struct network_part {
    const char
        *kind; /* "output", "loss", "input gradient", "weight gradient", "weight", "penalty" */
    int index;
    int64_t begin, count; /* of the numbers */
} network_part;

typedef struct network_result {
    double *numbers; /* freed by network_result_free */
    int64_t count;
    network_part parts[NETWORK_PARTS];
    int part_count;
    double objective; /* what the gradients are of */
} network_result;

/* Forward and, when the plan has it, backward. Only the first n samples are in the result. */
network_result network_run(network *network, const capas_plan_options *options,
                           const network_data *data);
void network_result_free(network_result *result);

/* Whether all numbers agree: |got - want| <= tolerance (1 + the part's largest). `tell`: prints the
 * first difference. With the tolerance 0 the bits must be the same. */
bool network_same(const network *network, const char *what, const network_result *got,
                  const network_result *want, double tolerance, bool tell);

#endif
