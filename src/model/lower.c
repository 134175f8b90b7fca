/* From a model to a program: each layer adds its ops, then come the losses.
 *
 * Rescued logits: a cross-entropy on the very tensor that a softmax or sigmoid made starts from
 * the numbers before it, as Keras on TensorFlow does (keras-semantics 3.1); a reshape in between
 * loses them, there as here. */
#include "model/plan_parts.h"

#include "base/memory.h"
#include "base/text.h"
#include "model/nested.h"

static int lower_input(capas_plan *plan, const capas_use *use)
{
    return capas_program_input(&plan->program, &use->output, use->element);
}

/* A step counts where it counts in any of the inputs, and everywhere when one has no mask (Keras's
 * merge layers). */
static int lower_masks(capas_program *program, const char *label, const int *inputs, int count)
{
    if (program->status != CAPAS_OK) return CAPAS_NO_BUFFER;
    int mask = program->buffers[inputs[0]].mask;
    for (int i = 1; i < count && mask >= 0; i++) {
        int other = program->buffers[inputs[i]].mask;
        bool same = other < 0 || capas_shape_equal(capas_program_shape(program, mask),
                                                   capas_program_shape(program, other));
        if (other < 0 || !same) return CAPAS_NO_BUFFER;
        if (other != mask)
            mask = capas_program_combine(program, label, mask, other, CAPAS_COMBINE_MAXIMUM);
    }
    return mask;
}

/* As Keras warns; once for a model, at its first plan. */
static void tell_lost_mask(const capas_layer *layer, capas_program *program, const int *inputs,
                           int count)
{
    if (!program->tells_masks || layer->type->takes_mask) return;
    for (int i = 0; i < count; i++) {
        if (inputs[i] < 0 || program->buffers[inputs[i]].mask < 0) continue;
        capas_warn("layer %s: %s does not support masks, and its input has one: it ends there, and "
                   "the layers behind it and the loss see every step",
                   layer->name, layer->type->name);
        program->told_masks = true;
        return;
    }
}

static int lower_layer(const capas_layer *layer, capas_program *program, const int *inputs,
                       int count)
{
    int output = layer->type->lower(layer, program, inputs, count);
    if (output < 0 || program->buffers[output].mask >= 0) return output;
    if (!layer->type->passes_mask) {
        tell_lost_mask(layer, program, inputs, count);
        return output;
    }
    int mask = lower_masks(program, layer->name, inputs, count);
    if (program->status == CAPAS_OK) program->buffers[output].mask = mask;
    return program->status == CAPAS_OK ? output : CAPAS_NO_BUFFER;
}

void capas_lower_use(const capas_model *model, int number, capas_program *program, int *outputs_of)
{
    const capas_use *use = &model->uses[number];
    const capas_layer *layer = model->layers[use->layer];
    int inputs[CAPAS_MAX_INPUTS], outputs[CAPAS_MAX_INPUTS];
    if (use->output_index > 0) return; /* came with the first */
    for (int i = 0; i < use->input_count; i++)
        inputs[i] = outputs_of[use->inputs[i]];
    if (capas_layer_output_count(layer) == 1) {
        outputs_of[number] = lower_layer(layer, program, inputs, use->input_count);
        return;
    }
    layer->type->lower_all(layer, program, inputs, use->input_count, outputs);
    if (program->status != CAPAS_OK) return;
    outputs_of[number] = outputs[0];
    for (int i = number + 1; i < model->use_count; i++)
        if (model->uses[i].output_index > 0 && model->uses[i].inputs[0] == number)
            outputs_of[i] = outputs[model->uses[i].output_index];
}

static void lower_use(capas_plan *plan, int number, int *outputs_of)
{
    const capas_use *use = &plan->model->uses[number];
    if (plan->model->layers[use->layer]->type->lower == NULL)
        outputs_of[number] = lower_input(plan, use);
    else
        capas_lower_use(plan->model, number, &plan->program, outputs_of);
}

/* The op whose output is this very buffer and whose input is what a cross-entropy of this kind
 * starts from, or NULL: a softmax, or a sigmoid for each unit. */
static const capas_op *rescued_op(const capas_program *program, capas_loss_kind kind, int buffer)
{
    int producer = program->buffers[buffer].producer;
    if (producer < 0) return NULL;
    const capas_op *op = &program->ops[producer];
    if (kind == CAPAS_LOSS_KIND_BINARY_CROSSENTROPY)
        return op->kind == CAPAS_OP_ACTIVATE && op->problem.activate.activation == CAPAS_SIGMOID
                   ? op
                   : NULL;
    bool of_classes = kind == CAPAS_LOSS_KIND_CATEGORICAL_CROSSENTROPY ||
                      kind == CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY;
    return of_classes && op->kind == CAPAS_OP_SOFTMAX ? op : NULL;
}

static void expose(capas_program *program, int buffer)
{
    if (buffer >= 0) program->buffers[buffer].exposed = true;
}

/* The mask of an output as one number for each row of its loss, or CAPAS_NO_BUFFER. */
static int mask_of_rows(capas_plan *plan, int index, const capas_shape *rows)
{
    capas_program *program = &plan->program;
    int mask = program->buffers[plan->outputs[index]].mask;
    if (mask < 0) return CAPAS_NO_BUFFER;
    const capas_shape *shape = capas_program_shape(program, mask);
    if (capas_shape_count(shape, 1) == capas_shape_count(rows, 1))
        return capas_program_reshape(program, mask, rows);
    char found[96], wanted[96];
    program->status = capas_fail(
        CAPAS_UNSUPPORTED,
        "output %d: its mask has the shape %s and the values of its loss have %s; a loss cannot "
        "leave out what is masked then",
        index, capas_shape_text(shape, found, sizeof found),
        capas_shape_text(rows, wanted, sizeof wanted));
    return CAPAS_NO_BUFFER;
}

/* What the rows of a loss count, from the sample weights and the mask (either may be missing). */
static void lower_row_weights(capas_plan *plan, int index, int weight, const capas_shape *rows)
{
    capas_program *program = &plan->program;
    const char *label = capas_model_name(plan->model);
    int mask = mask_of_rows(plan, index, rows);
    plan->loss_weights[index] = plan->metric_weights[index] = weight;
    if (mask < 0) return;
    capas_masked_loss how = plan->options.masked[index];
    int masked = mask, counts;
    if (weight >= 0)
        masked = capas_program_combine(program, label, mask, weight, CAPAS_COMBINE_PRODUCT);
    if (how == CAPAS_MASKED_SUM) {
        counts = masked;
    } else if (how == CAPAS_MASKED_WEIGHTED_MEAN || weight < 0) {
        counts = capas_program_share(program, label, masked, false);
    } else {
        counts = capas_program_share(program, label, mask, false);
        counts = capas_program_combine(program, label, counts, weight, CAPAS_COMBINE_PRODUCT);
    }
    plan->loss_weights[index] = counts;
    if (weight >= 0) plan->metric_weights[index] = masked;
}

static void lower_loss(capas_plan *plan, int index)
{
    capas_program *program = &plan->program;
    capas_loss_problem problem = plan->options.losses[index];
    int prediction = plan->outputs[index];
    if (program->status != CAPAS_OK) return;
    capas_shape shape = program->buffers[prediction].shape, rows = shape;
    if (rows.rank > 1) rows.rank--;
    capas_shape wanted = capas_loss_kind_takes_numbers(problem.kind) ? rows : shape;
    if (problem.kind == CAPAS_LOSS_KIND_CTC) {
        rows.rank = 1;
        wanted = capas_shape_of(2, CAPAS_ANY, problem.labels);
    }
    int target = capas_program_input(program, &wanted,
                                     capas_loss_kind_takes_numbers(problem.kind) ? CAPAS_INT32
                                                                                 : CAPAS_FLOAT32);
    int weight = CAPAS_NO_BUFFER;
    if (plan->options.sample_weights) weight = capas_program_input(program, &rows, CAPAS_FLOAT32);
    lower_row_weights(plan, index, weight, &rows);
    const capas_op *rescued = rescued_op(program, problem.kind, prediction);
    if (rescued != NULL) {
        problem.from_logits = true;
        prediction = rescued->inputs[0];
    }
    /* Metrics read them after the run. */
    expose(program, target);
    expose(program, weight);
    expose(program, plan->loss_weights[index]);
    expose(program, plan->metric_weights[index]);
    const char *label = capas_model_name(plan->model);
    plan->targets[index] = target;
    plan->sample_weights[index] = weight;
    plan->values[index] =
        capas_program_loss(program, label, prediction, target, plan->loss_weights[index], &problem,
                           plan->options.loss_weights[index]);
}

capas_status capas_plan_lower(capas_plan *plan)
{
    capas_model *model = plan->model;
    capas_program *program = &plan->program;
    capas_program_init(program, plan->options.training);
    program->tells_masks = !model->told_masks;
    int *outputs_of = capas_allocate((size_t)model->use_count, sizeof *outputs_of);
    if (outputs_of == NULL) return CAPAS_NO_MEMORY;
    for (int i = 0; i < model->use_count && program->status == CAPAS_OK; i++)
        lower_use(plan, i, outputs_of);
    if (program->status == CAPAS_OK) {
        for (int i = 0; i < model->input_count; i++)
            plan->inputs[i] = outputs_of[model->inputs[i]];
        for (int i = 0; i < model->output_count; i++) {
            plan->outputs[i] = outputs_of[model->outputs[i]];
            expose(program, plan->outputs[i]);
        }
        for (int i = 0; i < CAPAS_PLAN_WATCHED; i++) {
            int use = plan->options.watched[i] - 1;
            plan->watched[i] = use < 0 ? CAPAS_NO_BUFFER : outputs_of[use];
        }
        for (int i = 0; i < plan->options.loss_count; i++) {
            lower_loss(plan, i);
            expose(program, plan->values[i]);
        }
    }
    capas_release(outputs_of);
    model->told_masks |= program->told_masks;
    return program->status;
}
