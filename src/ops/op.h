/* What each kind of operation is: how its kernel problem is completed, what it keeps for the way
 * back, and how it runs. The backward half is a table of its own, so that a program that only
 * predicts links none of it. */
#ifndef CAPAS_OPS_OP_H
#define CAPAS_OPS_OP_H

#include "ops/program.h"

/* Where an op's numbers are, in one run; set once when the run is made. */
typedef struct capas_operands {
    void *inputs[CAPAS_OP_INPUTS];
    void *output;
    void *probability;
    void *input_gradients[CAPAS_OP_INPUTS]; /* NULL: not wanted */
    void *output_gradient;
    void *weights[CAPAS_OP_WEIGHTS];
    void *prepared; /* what the forward kernel made of the weights beforehand; NULL: nothing */
    void *weight_gradients[CAPAS_OP_WEIGHTS]; /* NULL: not trained */
    void *saved;                              /* kept from forward to backward */
    void *workspace;
    const capas_kernel *input_kernel; /* of the backward half; NULL: it has none apart */
} capas_operands;

/* What is new in each call. */
typedef struct capas_call {
    int n;
    uint64_t seed;
    uint32_t step;
    double loss_factor;   /* LOSS only */
    double *penalty;      /* PENALTY adds to it */
    capas_status *status; /* LOOKUP, forward: set when it fails */
} capas_call;

/* What the plan knows when it completes a problem. */
typedef struct capas_op_setting {
    int batch, workers;
    bool training, backward, saves_memory;
} capas_op_setting;

typedef struct capas_op_type {
    const char *name;
    capas_kernel_family family;
    bool backward_reads_inputs, backward_reads_output;
    bool (*reads_inputs)(const capas_op *op); /* where it depends on the op; NULL: as above */
    unsigned no_gradient;                     /* bit k: none passes through input k */
    /* Fills in batch, workers and the flags. */
    void (*complete)(capas_op *op, const capas_program *program, const capas_op_setting *setting);
    /* Bytes kept from forward to backward; NULL: none. */
    size_t (*saved)(const capas_op *op, const capas_program *program,
                    const capas_op_setting *setting, capas_element element);
    void (*forward)(const capas_op *op, const capas_kernel *kernel, const capas_operands *operands,
                    const capas_call *call);
    /* Of one sample, forward; NULL: none worth counting. */
    double (*flops)(const capas_op *op);
    double backward_flops; /* as a multiple of the forward ones, with the input's gradient */
    void (*describe)(const capas_op *op, char *text, size_t size);
} capas_op_type;

extern const capas_op_type capas_op_types[CAPAS_OP_COUNT];

typedef struct capas_op_backward {
    bool has_kernel;
    capas_kernel_family family;
    bool has_input_kernel; /* the input's gradient is another kernel's, of this family */
    capas_kernel_family input_family;
    void (*backward)(const capas_op *op, const capas_kernel *kernel, const capas_operands *operands,
                     const capas_call *call);
} capas_op_backward;

extern const capas_op_backward capas_op_backwards[CAPAS_OP_COUNT];

#endif
