/* Runs: the memory of one execution of a plan, and executing it. All pointers are worked out once,
 * when a run is made; a step is then a loop over the ops. */
#include "model/plan_parts.h"

#include "base/float_mode.h"
#include "base/memory.h"
#include "base/text.h"
#include "kernels/fill.h"
#include <stdatomic.h>
#include <string.h>

static const capas_op_backward *_Atomic backward_table;

void capas_set_backward_table(const capas_op_backward *table)
{
    atomic_store(&backward_table, table);
}

const capas_op_backward *capas_backward_of(capas_op_kind kind)
{
    const capas_op_backward *table = atomic_load(&backward_table);
    return table != NULL ? &table[kind] : NULL;
}

static void *at(const capas_run *run, size_t place)
{
    return place == CAPAS_NOWHERE ? NULL : run->arena + place;
}

static void *buffer_at(const capas_run *run, int buffer)
{
    if (buffer < 0) return NULL;
    return at(run, run->plan->places[capas_program_root(&run->plan->program, buffer)]);
}

static size_t element_size(const capas_plan *plan)
{
    return (size_t)capas_element_size(plan->options.element);
}

/* The numbers of a weight as this run reads them: the model's own, or the run's in double, unless a
 * normalisation is worked in. */
static void *weight_at(const capas_run *run, int index)
{
    if (index < 0) return NULL;
    int64_t offset = run->plan->model->weights[index].offset;
    return run->values != NULL ? (void *)(run->values + offset)
                               : (void *)(run->plan->model->values + offset);
}

static void *gradient_at(const capas_run *run, int index)
{
    int64_t offset = run->plan->model->weights[index].gradient_offset;
    return (char *)run->gradients + (size_t)offset * element_size(run->plan);
}

static void point(const capas_run *run, const capas_planned_op *planned, capas_operands *operands)
{
    const capas_plan *plan = run->plan;
    const capas_op *op = &planned->op;
    for (int k = 0; k < CAPAS_OP_INPUTS; k++) {
        operands->inputs[k] = buffer_at(run, op->inputs[k]);
        operands->input_gradients[k] = at(run, planned->input_gradients[k]);
    }
    operands->output = buffer_at(run, op->output);
    operands->probability = buffer_at(run, op->probability);
    if (op->output >= 0)
        operands->output_gradient =
            at(run, plan->gradient_places[capas_program_root(&plan->program, op->output)]);
    for (int k = 0; k < CAPAS_OP_WEIGHTS; k++) {
        operands->weights[k] = weight_at(run, op->weights[k]);
        if (!planned->trains[k]) continue;
        operands->weight_gradients[k] = planned->weight_gradients[k] == CAPAS_NOWHERE
                                            ? gradient_at(run, op->weights[k])
                                            : at(run, planned->weight_gradients[k]);
    }
    if (planned->prepared != CAPAS_NOWHERE) operands->prepared = plan->prepared + planned->prepared;
    for (int k = 0; k < 2 && planned->folded != CAPAS_NOWHERE; k++)
        operands->weights[k] = plan->prepared + capas_plan_folded(plan, planned, k);
    operands->saved = at(run, planned->saved);
    operands->input_kernel = planned->input_kernel;
}

static capas_status new_run(capas_plan *plan, capas_run **made)
{
    capas_run *run = capas_allocate_zeroed(1, sizeof *run);
    if (run == NULL) return CAPAS_NO_MEMORY;
    run->plan = plan;
    const capas_model *model = plan->model;
    run->arena = capas_allocate_zeroed(plan->arena_size, 1);
    run->operands = capas_allocate_zeroed(plan->program.op_count, sizeof *run->operands);
    if (plan->options.backward)
        run->gradients = capas_allocate_zeroed((size_t)model->gradient_count, element_size(plan));
    if (plan->options.element == CAPAS_FLOAT64)
        run->values = capas_allocate_zeroed((size_t)model->value_count, sizeof *run->values);
    if (run->arena == NULL || run->operands == NULL ||
        (plan->options.backward && run->gradients == NULL) ||
        (plan->options.element == CAPAS_FLOAT64 && run->values == NULL)) {
        capas_run_free(run);
        return CAPAS_NO_MEMORY;
    }
    for (size_t i = 0; i < plan->program.op_count; i++)
        if (!plan->ops[i].op.removed) point(run, &plan->ops[i], &run->operands[i]);
    *made = run;
    return CAPAS_OK;
}

void capas_run_free(capas_run *run)
{
    if (run == NULL) return;
    capas_release(run->arena);
    capas_release(run->operands);
    capas_release(run->gradients);
    capas_release(run->values);
    capas_release(run);
}

capas_status capas_plan_acquire(capas_plan *plan, capas_run **run)
{
    *run = NULL;
    CAPAS_TRY(capas_plan_refresh(plan)); /* a run points at prepared weights */
    pthread_mutex_lock(&plan->model->lock);
    *run = plan->idle;
    if (*run != NULL) plan->idle = (*run)->next;
    pthread_mutex_unlock(&plan->model->lock);
    return *run != NULL ? CAPAS_OK : new_run(plan, run);
}

void capas_plan_release(capas_run *run)
{
    if (run == NULL) return;
    pthread_mutex_lock(&run->plan->model->lock);
    run->next = run->plan->idle;
    run->plan->idle = run;
    pthread_mutex_unlock(&run->plan->model->lock);
}

void *capas_run_input(capas_run *run, int input)
{
    return buffer_at(run, run->plan->inputs[input]);
}

void *capas_run_target(capas_run *run, int output)
{
    return buffer_at(run, run->plan->targets[output]);
}

void *capas_run_sample_weight(capas_run *run, int output)
{
    return buffer_at(run, run->plan->sample_weights[output]);
}

void *capas_run_loss_weights(capas_run *run, int output)
{
    return buffer_at(run, run->plan->loss_weights[output]);
}

void *capas_run_metric_weights(capas_run *run, int output)
{
    return buffer_at(run, run->plan->metric_weights[output]);
}

void *capas_run_output(capas_run *run, int output)
{
    return buffer_at(run, run->plan->outputs[output]);
}

void *capas_run_loss_values(capas_run *run, int output, int64_t *rows_per_sample)
{
    int values = run->plan->values[output];
    int producer = run->plan->program.buffers[values].producer;
    if (rows_per_sample != NULL) *rows_per_sample = run->plan->ops[producer].op.sample_rows;
    return buffer_at(run, values);
}

void *capas_run_watched(capas_run *run, int watched, int *samples)
{
    *samples = run->n;
    return buffer_at(run, run->plan->watched[watched]);
}

static void *gradient_of(capas_run *run, int buffer)
{
    const capas_plan *plan = run->plan;
    return at(run, plan->gradient_places[capas_program_root(&plan->program, buffer)]);
}

void *capas_run_output_gradient(capas_run *run, int output)
{
    return gradient_of(run, run->plan->outputs[output]);
}

void *capas_run_input_gradient(capas_run *run, int input)
{
    return gradient_of(run, run->plan->inputs[input]);
}

void *capas_run_gradients(capas_run *run)
{
    return run->gradients;
}

/* Training moves statistics; those that a double run moved go back to the model. */
static void note_statistics(capas_run *run)
{
    capas_model *model = run->plan->model;
    if (!run->plan->options.training) return;
    if (run->values != NULL)
        capas_convert(CAPAS_FLOAT32, model->values, CAPAS_FLOAT64, run->values, model->value_count);
    capas_model_touch(model);
}

capas_status capas_run_forward(capas_run *run, int n, uint32_t step, const double *loss_factors,
                               double *penalty)
{
    const capas_plan *plan = run->plan;
    if (n < 0 || n > plan->options.batch)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "a batch of %d samples does not fit a plan of %d",
                          n, plan->options.batch);
    run->n = n;
    run->step = step;
    if (penalty != NULL) *penalty = 0;
    if (n == 0) return CAPAS_OK;
    CAPAS_TRY(capas_plan_refresh(run->plan));
    if (run->values != NULL)
        capas_convert(CAPAS_FLOAT64, run->values, CAPAS_FLOAT32, plan->model->values,
                      plan->model->value_count);
    double penalties = 0;
    capas_float_mode before = capas_float_mode_enter(); /* also for what no region runs */
    capas_status status = CAPAS_OK;
    capas_call call = {
        .seed = plan->model->seed, .step = step, .penalty = &penalties, .status = &status};
    int loss = 0;
    for (size_t i = 0; i < plan->program.op_count && status == CAPAS_OK; i++) {
        const capas_planned_op *planned = &plan->ops[i];
        if (planned->op.removed) continue;
        call.n = n * planned->op.times;
        if (planned->op.kind == CAPAS_OP_LOSS) {
            double rows = (double)planned->op.sample_rows * n;
            call.loss_factor = loss_factors != NULL ? loss_factors[loss] : 1 / rows;
            loss++;
        }
        run->operands[i].workspace = at(run, planned->forward_workspace);
        capas_op_types[planned->op.kind].forward(&planned->op, planned->forward, &run->operands[i],
                                                 &call);
    }
    if (penalty != NULL) *penalty = penalties;
    note_statistics(run);
    capas_float_mode_leave(before);
    return status;
}

/* Adds what an op wrote apart, because another had written there before. */
static void add_apart(capas_run *run, size_t i)
{
    const capas_plan *plan = run->plan;
    const capas_planned_op *planned = &plan->ops[i];
    for (int k = 0; k < CAPAS_OP_INPUTS; k++)
        if (planned->adds[k])
            capas_accumulate(
                plan->options.element, gradient_of(run, planned->op.inputs[k]),
                run->operands[i].input_gradients[k],
                capas_shape_count(capas_program_shape(&plan->program, planned->op.inputs[k]), 1) *
                    planned->op.times * run->n);
    for (int k = 0; k < CAPAS_OP_WEIGHTS; k++)
        if (planned->trains[k] && planned->weight_gradients[k] != CAPAS_NOWHERE)
            capas_accumulate(plan->options.element, gradient_at(run, planned->op.weights[k]),
                             run->operands[i].weight_gradients[k],
                             plan->model->weights[planned->op.weights[k]].count);
}

capas_status capas_run_backward(capas_run *run)
{
    const capas_plan *plan = run->plan;
    if (!plan->options.backward)
        return capas_fail(CAPAS_WRONG_STATE, "this plan was made without gradients");
    if (run->n == 0) {
        memset(run->gradients, 0, (size_t)plan->model->gradient_count * element_size(plan));
        return CAPAS_OK;
    }
    capas_float_mode before = capas_float_mode_enter();
    capas_call call = {.seed = plan->model->seed, .step = run->step};
    for (size_t i = plan->program.op_count; i-- > 0;) {
        const capas_planned_op *planned = &plan->ops[i];
        if (planned->op.removed) continue;
        capas_operands *operands = &run->operands[i];
        call.n = run->n * planned->op.times;
        if (planned->starts_gradient)
            memset(operands->input_gradients[0], 0,
                   (size_t)(planned->op.sample_count * call.n) * element_size(plan));
        if (planned->backward != NULL) {
            operands->workspace = at(run, planned->backward_workspace);
            capas_backward_of(planned->op.kind)
                ->backward(&planned->op, planned->backward, operands, &call);
        }
        add_apart(run, i);
    }
    capas_float_mode_leave(before);
    return CAPAS_OK;
}
