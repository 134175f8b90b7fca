/* What a plan and a run are inside; for the files of plan.h only. */
#ifndef CAPAS_MODEL_PLAN_PARTS_H
#define CAPAS_MODEL_PLAN_PARTS_H

#include "model/plan.h"
#include "ops/op.h"

#define CAPAS_NOWHERE SIZE_MAX

/* An op with its kernels, and the offsets of its memory in the arena (CAPAS_NOWHERE: none). */
typedef struct capas_planned_op {
    capas_op op;
    const capas_kernel *forward, *backward; /* backward NULL: does not run on the way back */
    const capas_kernel *input_kernel;       /* beside `backward`, where the op has it apart */
    size_t saved, forward_workspace, backward_workspace;
    /* In the plan's block of prepared weights: what the kernel makes of them, or, where it makes
     * nothing, the weights with a normalisation worked in. */
    size_t prepared, folded;
    /* Where the gradient of an input goes: its buffer's gradient, or, when another op has written
     * that before (adds[i]), a place of its own that is added afterwards. */
    size_t input_gradients[CAPAS_OP_INPUTS];
    bool adds[CAPAS_OP_INPUTS];
    bool starts_gradient; /* PENALTY: nobody has written the gradient before, it starts from zero */
    /* Weights used by several ops likewise; CAPAS_NOWHERE: straight into the block of gradients. */
    size_t weight_gradients[CAPAS_OP_WEIGHTS];
    bool trains[CAPAS_OP_WEIGHTS];
} capas_planned_op;

struct capas_plan {
    capas_plan_options options;
    capas_cpu_level level;
    int workers;
    capas_model *model;
    capas_program program;
    capas_planned_op *ops;   /* program.op_count of them, the removed ones idle */
    size_t *places;          /* of each root buffer in the arena */
    size_t *gradient_places; /* of its gradient */
    int inputs[CAPAS_MAX_INPUTS], outputs[CAPAS_PLAN_OUTPUTS];
    int targets[CAPAS_PLAN_OUTPUTS], sample_weights[CAPAS_PLAN_OUTPUTS];
    int values[CAPAS_PLAN_OUTPUTS]; /* of the losses */
    int loss_weights[CAPAS_PLAN_OUTPUTS], metric_weights[CAPAS_PLAN_OUTPUTS];
    int watched[CAPAS_PLAN_WATCHED]; /* buffers; CAPAS_NO_BUFFER: nowhere, or not asked for */
    const char *watched_into[CAPAS_PLAN_WATCHED]; /* a layer's name, borrowed; NULL: it is there */
    size_t arena_size;
    char *prepared; /* the block; made when a run is first asked for */
    size_t prepared_size;
    uint64_t prepared_version; /* the model's when it was filled; 0: never */
    capas_run *idle;           /* runs nobody holds */
    capas_plan *next;
};

struct capas_run {
    capas_plan *plan;
    char *arena;
    void *gradients; /* the block */
    double *values;  /* float64 plans: the weights in double */
    capas_operands *operands;
    int n;
    uint32_t step;
    capas_run *next;
};

/* Lowers the model's layers into plan->program, with inputs, targets and losses. */
capas_status capas_plan_lower(capas_plan *plan);
/* Joins ops (see fuse.c); changes plan->program only. */
void capas_plan_fuse(capas_plan *plan);
/* Says which buffers pass a gradient on. */
void capas_plan_mark_gradients(capas_plan *plan);
/* Completes problems and chooses kernels. */
capas_status capas_plan_choose(capas_plan *plan);
/* Places everything in the arena by lifetimes. */
capas_status capas_plan_place(capas_plan *plan);

/* Places for prepared weights; and filling them, when the model's weights are others than the last
 * time (prepared.c). Takes the model's lock. */
void capas_plan_place_prepared(capas_plan *plan);
capas_status capas_plan_refresh(capas_plan *plan);
/* Where weight 0 (kernel) or 1 (bias) of a folded op begins. */
size_t capas_plan_folded(const capas_plan *plan, const capas_planned_op *planned, int weight);

void capas_run_free(capas_run *run);
capas_op_setting capas_plan_setting(const capas_plan *plan, const capas_op *op);
/* Whether this op's weight has a gradient in this plan. */
bool capas_plan_trains(const capas_plan *plan, const capas_op *op, int weight);
/* The backward half of an operation; NULL in a program that only predicts, where nothing links
 * them. */
const capas_op_backward *capas_backward_of(capas_op_kind kind);
/* Says where the halves are; any thread may, at any time. */
void capas_set_backward_table(const capas_op_backward *table);

#endif
