/* SCAN, LOOKUP, MASK and SHARE, what sequences need (kernels/scan.h, kernels/sequence.h): adding
 * them to a program, and their forward half. */
#include "ops/sequence.h"

#include "base/memory.h"
#include "base/text.h"
#include "kernels/fill.h"
#include "ops/program_build.h"
#include <stdio.h>

#define COMPLETE capas_op *op, const capas_program *program, const capas_op_setting *setting
#define FORWARD                                                                                    \
    const capas_op *op, const capas_kernel *kernel, const capas_operands *operands,                \
        const capas_call *call

/* Building ----------------------------------------------------------------------------------------
 */

int capas_program_scan(capas_program *program, const char *label, const capas_scan_inputs *inputs,
                       const capas_scan_problem *problem, int recurrent_kernel, int bias,
                       uint32_t stream)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_SCAN, label, inputs->x);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_scan_problem *scan = &op->problem.scan;
    op->inputs[1] = inputs->mask;
    op->inputs[2] = inputs->initial;
    op->weights[0] = recurrent_kernel;
    op->weights[1] = bias;
    op->stream = stream;
    *scan = *problem;
    scan->steps = capas_program_shape(program, inputs->x)->dims[1];
    scan->tile =
        capas_dense_tile(capas_scan_taps(scan) * scan->units, scan->units * capas_scan_gates(scan));
    op->states = inputs->states;
    scan->has_initial = inputs->initial >= 0 || inputs->states;
    scan->states = scan->states || inputs->states;
    if (bias < 0) scan->bias_rows = 0;
    if (!program->training) scan->recurrent_dropout = 0;
    capas_shape shape = {3, {CAPAS_ANY, capas_scan_rows(scan), scan->units}};
    return capas_program_finish(program, &shape);
}

int capas_program_lookup(capas_program *program, const char *label, int input, int64_t rows,
                         int64_t width, int table)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_LOOKUP, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    op->problem.lookup = (capas_lookup_problem){.rows = rows, .width = width};
    op->weights[0] = table;
    capas_shape shape = *capas_program_shape(program, input);
    shape.dims[shape.rank++] = width;
    return capas_program_finish(program, &shape);
}

int capas_program_mask(capas_program *program, const char *label, int input, double value,
                       bool of_rows)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_MASK, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_shape shape = *capas_program_shape(program, input);
    if (of_rows) shape.rank--;
    op->problem.mask =
        (capas_mask_problem){.width = of_rows ? shape.dims[shape.rank] : 1, .value = value};
    return capas_program_finish(program, &shape);
}

int capas_program_share(capas_program *program, const char *label, int input, bool by_sample)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_SHARE, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    op->problem.share.group = by_sample ? op->sample_count : 0;
    capas_shape shape = *capas_program_shape(program, input);
    return capas_program_finish(program, &shape);
}

/* SCAN --------------------------------------------------------------------------------------------
 */

void capas_complete_scan(COMPLETE)
{
    capas_scan_problem *scan = &op->problem.scan;
    scan->batch = setting->batch;
    scan->workers = setting->workers;
    scan->for_training = setting->backward;
    scan->wants_input_gradient =
        setting->backward &&
        program->buffers[capas_program_root(program, op->inputs[0])].wants_gradient;
}

/* Where the states that a batch began with lie in what is saved. */
static size_t states_begin(const capas_op *op, capas_element element)
{
    return (capas_scan_saved(&op->problem.scan, element) + 63) / 64 * 64;
}

size_t capas_saved_scan(const capas_op *op, const capas_program *program,
                        const capas_op_setting *setting, capas_element element)
{
    (void)program;
    size_t kept = op->states ? (size_t)(op->states->count * setting->batch) : 0;
    return states_begin(op, element) + kept * (size_t)capas_element_size(element);
}

double capas_flops_scan(const capas_op *op)
{
    const capas_scan_problem *p = &op->problem.scan;
    return 2.0 * capas_scan_gates(p) * (double)p->steps * (double)p->units * (double)p->units *
           (double)capas_scan_taps(p);
}

capas_scan_arguments capas_scan_arguments_of(const capas_op *op, const capas_kernel *kernel,
                                             const capas_operands *operands, const capas_call *call)
{
    char *saved = operands->saved;
    void *initial = operands->inputs[2];
    if (op->states && !initial) initial = saved + states_begin(op, kernel->element);
    return (capas_scan_arguments){
        .n = call->n,
        .random = {.seed = call->seed, .stream = op->stream, .step = call->step},
        .input = operands->inputs[0],
        .mask = operands->inputs[1],
        .initial = initial,
        .weights = operands->weights[0],
        .bias = operands->weights[1],
        .output = operands->output,
        .saved = operands->saved,
        .workspace = operands->workspace,
    };
}

/* The states that the batch begins with; the first batch has zeros. */
static capas_status begin_states(const capas_op *op, capas_element element, void *initial, int n)
{
    capas_states *states = op->states;
    const int pixels = (int)capas_scan_pixels(&op->problem.scan);
    if (states->batch == 0) {
        capas_release(states->values);
        states->values = capas_allocate_zeroed((size_t)(states->count * n), sizeof(double));
        if (states->values == NULL) return CAPAS_NO_MEMORY;
        states->batch = n;
    }
    if (states->batch != n)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "layer %s: it is stateful, and keeps the states of %d samples, found a "
                          "batch of %d; every batch must have as many (of a data set without a "
                          "rest), or capas_model_reset_states comes between",
                          op->label, states->batch / pixels, n / pixels);
    if (op->inputs[2] < 0)
        capas_convert(element, initial, CAPAS_FLOAT64, states->values, states->count * n);
    return CAPAS_OK;
}

/* They lie behind the output of each sample. */
static void keep_states(const capas_op *op, capas_element element, const char *output, int n)
{
    const int64_t sample = capas_scan_rows(&op->problem.scan) * op->problem.scan.units;
    const int64_t count = op->states->count;
    for (int64_t i = 0; i < n; i++)
        capas_convert(CAPAS_FLOAT64, op->states->values + i * count, element,
                      output +
                          (size_t)((i + 1) * sample - count) * (size_t)capas_element_size(element),
                      count);
}

void capas_forward_scan(FORWARD)
{
    capas_scan_arguments arguments = capas_scan_arguments_of(op, kernel, operands, call);
    if (op->states) {
        *call->status = begin_states(op, kernel->element, (void *)arguments.initial, call->n);
        if (*call->status != CAPAS_OK) return;
    }
    capas_run_kernel(kernel, &op->problem, &arguments, capas_flops_scan(op) * call->n);
    if (op->states) keep_states(op, kernel->element, operands->output, call->n);
}

void capas_describe_scan(const capas_op *op, char *text, size_t size)
{
    static const char *const cells[] = {"simple", "LSTM", "GRU"};
    const capas_scan_problem *p = &op->problem.scan;
    snprintf(text, size, "scan %s %lldx%lld%s%s", cells[p->cell], (long long)p->steps,
             (long long)p->units, p->backwards ? " backwards" : "",
             op->inputs[1] >= 0 ? " masked" : "");
}

/* LOOKUP ------------------------------------------------------------------------------------------
 */

void capas_complete_lookup(COMPLETE)
{
    (void)program;
    op->problem.lookup.workers = setting->workers;
}

static double number_at(const void *numbers, capas_element element, int64_t i)
{
    return element == CAPAS_FLOAT64 ? ((const double *)numbers)[i]
                                    : (double)((const float *)numbers)[i];
}

void capas_forward_lookup(FORWARD)
{
    int64_t wrong = -1;
    capas_lookup_arguments arguments = {.count = op->sample_count * call->n,
                                        .input = operands->inputs[0],
                                        .table = operands->weights[0],
                                        .output = operands->output,
                                        .wrong = &wrong};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
    if (wrong < 0) return;
    *call->status =
        capas_fail(CAPAS_BAD_DATA,
                   "layer %s: it takes the whole numbers 0 to %lld, found %g in sample %lld of the "
                   "batch; input_dim must be larger than every number of the data",
                   op->label, (long long)op->problem.lookup.rows - 1,
                   number_at(operands->inputs[0], kernel->element, wrong),
                   (long long)(wrong / op->sample_count));
}

/* MASK, SHARE -------------------------------------------------------------------------------------
 */

void capas_complete_mask(COMPLETE)
{
    (void)program;
    op->problem.mask.workers = setting->workers;
}

void capas_forward_mask(FORWARD)
{
    capas_mask_arguments arguments = {.rows = op->sample_count / op->problem.mask.width * call->n,
                                      .input = operands->inputs[0],
                                      .output = operands->output};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

void capas_complete_share(COMPLETE)
{
    (void)op, (void)program, (void)setting;
}

void capas_forward_share(FORWARD)
{
    capas_share_arguments arguments = {.count = op->sample_count * call->n,
                                       .input = operands->inputs[0],
                                       .output = operands->output};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}
