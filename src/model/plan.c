/* Making plans and keeping them: a model has one for each set of options that was asked for, under
 * its lock. */
#include "model/plan_parts.h"

#include "base/memory.h"
#include <stdio.h>
#include <string.h>

capas_op_setting capas_plan_setting(const capas_plan *plan, const capas_op *op)
{
    return (capas_op_setting){
        .batch = plan->options.batch * op->times,
        .workers = plan->workers,
        .training = plan->options.training,
        .backward = plan->options.backward,
        .saves_memory = plan->options.saves_memory,
    };
}

bool capas_plan_trains(const capas_plan *plan, const capas_op *op, int weight)
{
    int index = op->weights[weight];
    return plan->options.backward && index >= 0 && plan->model->weights[index].gradient_offset >= 0;
}

/* Whether no gradient passes from an op to an input: numbers that name something, masks, targets.
 */
static bool blocks_gradient(const capas_op *op, int input)
{
    return capas_op_types[op->kind].no_gradient >> input & 1;
}

/* Forward: which buffers depend on a trained weight, or on an input whose gradient is asked for. */
static void mark_wanted(capas_plan *plan)
{
    capas_program *program = &plan->program;
    for (int i = 0; i < plan->model->input_count; i++) {
        capas_buffer *input = &program->buffers[plan->inputs[i]];
        input->wants_gradient = plan->options.backward && plan->options.input_gradients &&
                                input->element == CAPAS_FLOAT32;
    }
    for (size_t i = 0; i < program->op_count; i++) {
        const capas_op *op = &program->ops[i];
        if (op->removed || op->output < 0 || op->kind == CAPAS_OP_LOSS) continue;
        bool wanted = false;
        for (int k = 0; k < CAPAS_OP_INPUTS; k++)
            if (op->inputs[k] >= 0 && !blocks_gradient(op, k))
                wanted |=
                    program->buffers[capas_program_root(program, op->inputs[k])].wants_gradient;
        for (int k = 0; k < CAPAS_OP_WEIGHTS; k++)
            wanted |= capas_plan_trains(plan, op, k);
        program->buffers[op->output].wants_gradient = wanted;
    }
}

/* Backward: which buffers something with a gradient depends on. The softmax of rescued logits, for
 * one, may have none. */
static void mark_got(capas_plan *plan)
{
    capas_program *program = &plan->program;
    for (int i = 0; plan->options.loss_count == 0 && i < plan->model->output_count; i++)
        program->buffers[capas_program_root(program, plan->outputs[i])].gets_gradient = true;
    for (size_t i = program->op_count; i-- > 0;) {
        const capas_op *op = &program->ops[i];
        bool begins = op->kind == CAPAS_OP_LOSS || op->kind == CAPAS_OP_PENALTY;
        if (op->removed || (!begins && !program->buffers[op->output].gets_gradient)) continue;
        for (int k = 0; k < CAPAS_OP_INPUTS; k++)
            if (op->inputs[k] >= 0 && !blocks_gradient(op, k))
                program->buffers[capas_program_root(program, op->inputs[k])].gets_gradient = true;
    }
}

void capas_plan_mark_gradients(capas_plan *plan)
{
    capas_program *program = &plan->program;
    for (size_t b = 0; b < program->buffer_count; b++)
        program->buffers[b].wants_gradient = program->buffers[b].gets_gradient = false;
    mark_wanted(plan);
    mark_got(plan);
    for (size_t b = 0; b < program->buffer_count; b++)
        if (!program->buffers[b].gets_gradient) program->buffers[b].wants_gradient = false;
}

/* Whether an op has anything to do on the way back. */
static bool runs_backward(const capas_plan *plan, const capas_op *op)
{
    if (!plan->options.backward || op->removed || !capas_backward_of(op->kind)->has_kernel)
        return false;
    int buffer = op->kind == CAPAS_OP_PENALTY ? op->inputs[0] : op->output;
    return plan->program.buffers[capas_program_root(&plan->program, buffer)].wants_gradient;
}

/* The user's functions are float32, and there may be none for the way back. */
static capas_status check_custom(const capas_plan *plan, const capas_op *op)
{
    const capas_custom_loss *loss = op->kind == CAPAS_OP_LOSS ? op->problem.loss.custom : NULL;
    if (loss && plan->options.element != CAPAS_FLOAT32)
        return capas_fail(CAPAS_UNSUPPORTED, "loss %s: it computes in float32 only", loss->name);
    if (op->kind != CAPAS_OP_CUSTOM) return CAPAS_OK;
    const capas_custom_layer *definition = op->problem.custom.definition;
    if (plan->options.element != CAPAS_FLOAT32)
        return capas_fail(CAPAS_UNSUPPORTED, "layer %s: %s computes in float32 only", op->label,
                          definition->name);
    if (definition->backward || !runs_backward(plan, op)) return CAPAS_OK;
    return capas_fail(CAPAS_UNSUPPORTED,
                      "layer %s: %s has no backward function, so that nothing in front of it can "
                      "be trained; give it one, or freeze what is in front",
                      op->label, definition->name);
}

capas_status capas_plan_choose(capas_plan *plan)
{
    size_t count = plan->program.op_count;
    plan->ops = capas_allocate_zeroed(count, sizeof *plan->ops);
    plan->places = capas_allocate(plan->program.buffer_count, sizeof *plan->places);
    plan->gradient_places =
        capas_allocate(plan->program.buffer_count, sizeof *plan->gradient_places);
    if (plan->ops == NULL || plan->places == NULL || plan->gradient_places == NULL)
        return CAPAS_NO_MEMORY;
    for (size_t b = 0; b < plan->program.buffer_count; b++)
        plan->gradient_places[b] = CAPAS_NOWHERE; /* plans without a way back place none */
    for (size_t i = 0; i < count; i++) {
        capas_planned_op *planned = &plan->ops[i];
        planned->op = plan->program.ops[i];
        planned->prepared = planned->folded = CAPAS_NOWHERE;
        planned->saved = planned->forward_workspace = planned->backward_workspace = CAPAS_NOWHERE;
        for (int k = 0; k < CAPAS_OP_INPUTS; k++)
            planned->input_gradients[k] = CAPAS_NOWHERE;
        for (int k = 0; k < CAPAS_OP_WEIGHTS; k++)
            planned->weight_gradients[k] = CAPAS_NOWHERE;
        if (planned->op.removed) continue;
        const capas_op_type *type = &capas_op_types[planned->op.kind];
        CAPAS_TRY(check_custom(plan, &planned->op));
        const capas_op_setting setting = capas_plan_setting(plan, &planned->op);
        type->complete(&planned->op, &plan->program, &setting);
        planned->forward =
            capas_choose_kernel(type->family, plan->options.element, &planned->op.problem);
        if (!runs_backward(plan, &planned->op)) continue;
        const capas_op_backward *backward = capas_backward_of(planned->op.kind);
        planned->backward =
            capas_choose_kernel(backward->family, plan->options.element, &planned->op.problem);
        if (backward->has_input_kernel)
            planned->input_kernel = capas_choose_kernel(
                backward->input_family, plan->options.element, &planned->op.problem);
    }
    return CAPAS_OK;
}

static void free_plan(capas_plan *plan)
{
    if (plan == NULL) return;
    while (plan->idle != NULL) {
        capas_run *run = plan->idle;
        plan->idle = run->next;
        capas_run_free(run);
    }
    capas_program_free(&plan->program);
    capas_release(plan->ops);
    capas_release(plan->prepared);
    capas_release(plan->places);
    capas_release(plan->gradient_places);
    capas_release(plan);
}

/* The layer whose op an op's output is now: the one that was joined into it last. */
static const char *label_of(const capas_program *program, const capas_op *op)
{
    for (size_t i = 0; i < program->op_count; i++)
        if (program->ops[i].removed && program->ops[i].output == op->output)
            return program->ops[i].label;
    return op->label;
}

/* Once it is settled which ops there are, so that asking changes none of them. */
static void expose_watched(capas_plan *plan)
{
    capas_program *program = &plan->program;
    for (int i = 0; i < CAPAS_PLAN_WATCHED; i++) {
        if (plan->watched[i] < 0) continue;
        int root = capas_program_root(program, plan->watched[i]);
        int producer = program->buffers[root].producer;
        const capas_op *op = producer < 0 ? NULL : &program->ops[producer];
        if (op == NULL || op->output == root || op->probability == root) {
            program->buffers[root].exposed = true;
        } else {
            plan->watched[i] = CAPAS_NO_BUFFER;
            plan->watched_into[i] = label_of(program, op);
        }
    }
}

const char *capas_plan_watched_into(const capas_plan *plan, int watched)
{
    return plan->watched_into[watched];
}

static capas_status build(capas_plan *plan)
{
    CAPAS_TRY(capas_plan_lower(plan));
    capas_plan_mark_gradients(plan); /* what is fused depends on it */
    capas_plan_fuse(plan);
    expose_watched(plan);
    capas_plan_mark_gradients(plan);
    CAPAS_TRY(capas_plan_choose(plan));
    capas_plan_place_prepared(plan);
    return capas_plan_place(plan);
}

static capas_status new_plan(capas_model *model, const capas_plan_options *options,
                             capas_plan **made)
{
    if (options->batch < 1)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "a batch must have at least 1 sample, found %d",
                          options->batch);
    if (model->output_count > CAPAS_PLAN_OUTPUTS)
        return capas_fail(CAPAS_UNSUPPORTED, "a model may have at most %d outputs, this one has %d",
                          CAPAS_PLAN_OUTPUTS, model->output_count);
    if (options->loss_count != 0 && options->loss_count != model->output_count)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "the model has %d outputs, found %d losses",
                          model->output_count, options->loss_count);
    if (options->backward && capas_backward_of(CAPAS_OP_CONV) == NULL)
        return capas_fail(CAPAS_UNSUPPORTED, "this program was linked for prediction only");
    capas_plan *plan = capas_allocate_zeroed(1, sizeof *plan);
    if (plan == NULL) return CAPAS_NO_MEMORY;
    plan->options = *options;
    plan->model = model;
    plan->level = capas_cpu();
    plan->workers = capas_threads();
    capas_status status = build(plan);
    if (status != CAPAS_OK) {
        free_plan(plan);
        return status;
    }
    *made = plan;
    return CAPAS_OK;
}

static bool fits(const capas_plan *plan, const capas_plan_options *options)
{
    return plan->level == capas_cpu() && plan->workers == capas_threads() &&
           memcmp(&plan->options, options, sizeof *options) == 0;
}

capas_status capas_model_plan(capas_model *model, const capas_plan_options *options,
                              capas_plan **plan)
{
    capas_plan_options asked;
    memcpy(&asked, options, sizeof asked); /* compared byte for byte */
    asked.saves_memory |= model->saves_memory;
    *plan = NULL;
    pthread_mutex_lock(&model->lock);
    for (capas_plan *p = model->plans; p != NULL && *plan == NULL; p = p->next)
        if (fits(p, &asked)) *plan = p;
    capas_status status = CAPAS_OK;
    if (*plan == NULL) {
        status = new_plan(model, &asked, plan);
        if (status == CAPAS_OK) {
            (*plan)->next = model->plans;
            model->plans = *plan;
        }
    }
    pthread_mutex_unlock(&model->lock);
    return status;
}

void capas_model_drop_plans(capas_model *model)
{
    while (model->plans != NULL) {
        capas_plan *plan = model->plans;
        model->plans = plan->next;
        free_plan(plan);
    }
}

double capas_plan_flops(const capas_plan *plan, bool backward)
{
    double flops = 0;
    for (size_t i = 0; i < plan->program.op_count; i++) {
        const capas_op *op = &plan->ops[i].op;
        const capas_op_type *type = &capas_op_types[op->kind];
        if (op->removed || type->flops == NULL) continue;
        bool first =
            plan->program.buffers[capas_program_root(&plan->program, op->inputs[0])].producer < 0;
        double back = first ? type->backward_flops / 2 : type->backward_flops;
        flops += type->flops(op) * op->times * (backward ? 1 + back : 1);
    }
    return flops;
}

size_t capas_plan_arena(const capas_plan *plan)
{
    return plan->arena_size;
}

/* "conv2d: conv 28x28x1 k3x3 f32 | conv_forward ..., conv_backward ..." */
static void describe(const capas_planned_op *planned, char *text, size_t size)
{
    const capas_op_type *type = &capas_op_types[planned->op.kind];
    char what[160];
    snprintf(what, sizeof what, "%s", type->name);
    if (type->describe != NULL) type->describe(&planned->op, what, sizeof what);
    snprintf(text, size, "%s: %s | %s%s%s\n", planned->op.label, what, planned->forward->name,
             planned->backward != NULL ? ", " : "",
             planned->backward != NULL ? planned->backward->name : "");
}

char *capas_plan_text(const capas_plan *plan)
{
    enum { LINE = 512 };
    size_t size = plan->program.op_count * LINE + 1, used = 0;
    char *text = capas_allocate(size, 1);
    if (text == NULL) return NULL;
    text[0] = '\0';
    for (size_t i = 0; i < plan->program.op_count; i++) {
        if (plan->ops[i].op.removed) continue;
        describe(&plan->ops[i], text + used, LINE);
        used += strlen(text + used);
    }
    return text;
}
