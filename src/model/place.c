/* Memory by lifetimes: every buffer, gradient, kept value and workspace has an interval of time in
 * which it is needed; what does not overlap in time may share a place in the arena.
 *
 * Time: op i runs forward at i and backward at 2 * ops - 1 - i. What the caller fills in lives from
 * BEFORE, what it reads lives until AFTER. Largest first, each at the lowest place that is free
 * (best fit is not worth its code here: the peak is set by the few large ones). */
#include "model/plan_parts.h"

#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>

enum { BEFORE = -1 };

typedef struct item {
    int64_t begin, end; /* inclusive */
    size_t size, place;
    size_t *where; /* gets the place */
} item;

typedef struct placer {
    capas_plan *plan;
    item *items;
    size_t count, capacity;
    int64_t after; /* later than any op */
    capas_status status;
} placer;

static int64_t backward_time(const placer *placer, size_t op)
{
    return 2 * (int64_t)placer->plan->program.op_count - 1 - (int64_t)op;
}

static void add_item(placer *placer, int64_t begin, int64_t end, size_t size, size_t *where)
{
    *where = CAPAS_NOWHERE;
    if (placer->status != CAPAS_OK || size == 0) return;
    if (size > SIZE_MAX / 4) {
        placer->status = capas_fail(CAPAS_NO_MEMORY, "the network's tensors are too large");
        return;
    }
    placer->status =
        capas_grow((void **)&placer->items, placer->count, &placer->capacity, sizeof(item));
    if (placer->status != CAPAS_OK) return;
    placer->items[placer->count++] =
        (item){.begin = begin, .end = end, .size = capas_aligned_size(size), .where = where};
}

static capas_element element_of(const capas_plan *plan, const capas_buffer *buffer)
{
    return buffer->element == CAPAS_FLOAT32 ? plan->options.element : buffer->element;
}

static size_t bytes_of(const capas_plan *plan, int buffer)
{
    const capas_buffer *b = &plan->program.buffers[buffer];
    int64_t count = capas_shape_count(&b->shape, 1);
    size_t size;
    if (count < 0 || __builtin_mul_overflow((size_t)count, (size_t)plan->options.batch, &size) ||
        __builtin_mul_overflow(size, (size_t)b->times, &size) ||
        __builtin_mul_overflow(size, (size_t)capas_element_size(element_of(plan, b)), &size))
        return SIZE_MAX;
    return size == 0 ? 1 : size;
}

static bool exposed(const capas_program *program, int root)
{
    for (size_t i = 0; i < program->buffer_count; i++)
        if (program->buffers[i].exposed && capas_program_root(program, (int)i) == root) return true;
    return false;
}

/* The last time a root buffer's numbers are read. */
static int64_t last_read(const placer *placer, int root, int64_t begin)
{
    const capas_program *program = &placer->plan->program;
    int64_t end = begin;
    for (size_t i = 0; i < program->op_count; i++) {
        const capas_op *op = &program->ops[i];
        if (op->removed) continue;
        bool back = placer->plan->ops[i].backward != NULL;
        const capas_op_type *type = &capas_op_types[op->kind];
        for (int k = 0; k < CAPAS_OP_INPUTS; k++) {
            if (op->inputs[k] < 0 || capas_program_root(program, op->inputs[k]) != root) continue;
            bool reads = type->backward_reads_inputs ||
                         (type->reads_inputs != NULL && type->reads_inputs(op));
            int64_t time = back && reads ? backward_time(placer, i) : (int64_t)i;
            if (time > end) end = time;
        }
        if (back && type->backward_reads_output && op->output >= 0 &&
            capas_program_root(program, op->output) == root && backward_time(placer, i) > end)
            end = backward_time(placer, i);
    }
    return end;
}

static void add_buffers(placer *placer)
{
    capas_plan *plan = placer->plan;
    for (int b = 0; b < (int)plan->program.buffer_count; b++) {
        plan->places[b] = CAPAS_NOWHERE;
        if (plan->program.buffers[b].alias_of >= 0) continue;
        int producer = plan->program.buffers[b].producer;
        bool fused_away = producer >= 0 && plan->program.ops[producer].output != b &&
                          plan->program.ops[producer].probability != b;
        if (fused_away) continue;
        int64_t begin = producer < 0 ? BEFORE : producer;
        int64_t end = exposed(&plan->program, b) ? placer->after : last_read(placer, b, begin);
        add_item(placer, begin, end, bytes_of(plan, b), &plan->places[b]);
    }
}

static void add_op_memory(placer *placer, size_t i)
{
    capas_planned_op *planned = &placer->plan->ops[i];
    capas_op_setting setting = capas_plan_setting(placer->plan, &planned->op);
    const capas_op_type *type = &capas_op_types[planned->op.kind];
    int64_t back = backward_time(placer, i);
    size_t saved = type->saved == NULL ? 0
                                       : type->saved(&planned->op, &placer->plan->program, &setting,
                                                     placer->plan->options.element);
    add_item(placer, (int64_t)i, planned->backward != NULL ? back : (int64_t)i, saved,
             &planned->saved);
    add_item(placer, (int64_t)i, (int64_t)i,
             capas_kernel_workspace(planned->forward, &planned->op.problem),
             &planned->forward_workspace);
    planned->backward_workspace = CAPAS_NOWHERE;
    if (planned->backward == NULL) return;
    size_t workspace = capas_kernel_workspace(planned->backward, &planned->op.problem);
    size_t other = planned->input_kernel == NULL
                       ? 0
                       : capas_kernel_workspace(planned->input_kernel, &planned->op.problem);
    add_item(placer, back, back, workspace > other ? workspace : other,
             &planned->backward_workspace);
}

/* Says where an op's gradients go; ops are visited in the order in which they run backward.
 * `first[root]` is the time at which a root's gradient was first written, or AFTER while nobody
 * has. */
static void route_input(placer *placer, size_t i, int k, int64_t *first)
{
    capas_plan *plan = placer->plan;
    capas_planned_op *planned = &plan->ops[i];
    planned->input_gradients[k] = CAPAS_NOWHERE;
    int buffer = planned->op.inputs[k];
    bool blocked = capas_op_types[planned->op.kind].no_gradient >> k & 1;
    if (buffer < 0 || blocked) return;
    int root = capas_program_root(&plan->program, buffer);
    bool is_loss = planned->op.kind == CAPAS_OP_LOSS;
    if (!plan->program.buffers[root].wants_gradient || (!is_loss && planned->backward == NULL))
        return;
    int64_t back = backward_time(placer, i), time = is_loss ? (int64_t)i : back;
    bool is_first = first[root] == placer->after;
    if (is_first) first[root] = time;
    if (planned->op.kind == CAPAS_OP_PENALTY) {
        planned->starts_gradient = is_first;
    } else if (!is_first) {
        planned->adds[k] = true;
        add_item(placer, time, back, bytes_of(plan, root), &planned->input_gradients[k]);
    }
}

static void route_weights(placer *placer, size_t i, bool *written)
{
    capas_plan *plan = placer->plan;
    capas_planned_op *planned = &plan->ops[i];
    for (int k = 0; k < CAPAS_OP_WEIGHTS; k++) {
        planned->weight_gradients[k] = CAPAS_NOWHERE;
        planned->trains[k] = planned->backward != NULL && capas_plan_trains(plan, &planned->op, k);
        if (!planned->trains[k]) continue;
        int weight = planned->op.weights[k];
        size_t size = (size_t)plan->model->weights[weight].count *
                      (size_t)capas_element_size(plan->options.element);
        int64_t back = backward_time(placer, i);
        if (written[weight]) add_item(placer, back, back, size, &planned->weight_gradients[k]);
        written[weight] = true;
    }
}

static void add_gradients(placer *placer, int64_t *first, bool *written)
{
    capas_plan *plan = placer->plan;
    const capas_program *program = &plan->program;
    for (size_t b = 0; b < program->buffer_count; b++)
        first[b] = placer->after;
    for (int o = 0; plan->options.loss_count == 0 && o < plan->model->output_count; o++)
        first[capas_program_root(program, plan->outputs[o])] = BEFORE;
    for (size_t i = program->op_count; i-- > 0;) {
        if (program->ops[i].removed) continue;
        for (int k = 0; k < CAPAS_OP_INPUTS; k++)
            route_input(placer, i, k, first);
        route_weights(placer, i, written);
    }
    for (size_t b = 0; b < program->buffer_count; b++) {
        plan->gradient_places[b] = CAPAS_NOWHERE;
        if (!program->buffers[b].wants_gradient || first[b] == placer->after) continue;
        int producer = program->buffers[b].producer;
        int64_t end = producer < 0 ? placer->after : backward_time(placer, (size_t)producer);
        add_item(placer, first[b], end, bytes_of(plan, (int)b), &plan->gradient_places[b]);
    }
}

/* Direct gradients point at their buffer's, now that it has a place. */
static void point_gradients(capas_plan *plan)
{
    for (size_t i = 0; i < plan->program.op_count; i++) {
        capas_planned_op *planned = &plan->ops[i];
        bool writes = planned->backward != NULL || planned->op.kind == CAPAS_OP_LOSS;
        for (int k = 0; writes && k < CAPAS_OP_INPUTS; k++) {
            int buffer = planned->op.inputs[k];
            bool blocked = capas_op_types[planned->op.kind].no_gradient >> k & 1;
            if (buffer < 0 || blocked || planned->adds[k] || planned->op.removed) continue;
            planned->input_gradients[k] =
                plan->gradient_places[capas_program_root(&plan->program, buffer)];
        }
    }
}

static int larger_first(const void *a, const void *b)
{
    const item *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? 1 : -1;
    return x->begin < y->begin ? -1 : x->begin > y->begin;
}

/* The lowest place where `size` bytes are free during the item's time, among the `placed` first
 * items. */
static size_t lowest_place(const item *items, size_t placed, const item *wanted)
{
    size_t place = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < placed; i++) {
            const item *other = &items[i];
            bool together = other->begin <= wanted->end && wanted->begin <= other->end;
            if (!together || other->place >= place + wanted->size ||
                place >= other->place + other->size)
                continue;
            place = other->place + other->size;
            moved = true;
        }
    }
    return place;
}

capas_status capas_plan_place(capas_plan *plan)
{
    placer placer = {.plan = plan, .after = 2 * (int64_t)plan->program.op_count};
    int64_t *first = capas_allocate(plan->program.buffer_count, sizeof *first);
    bool *written = capas_allocate_zeroed((size_t)plan->model->weight_count, sizeof *written);
    if (first == NULL || written == NULL) placer.status = CAPAS_NO_MEMORY;
    if (placer.status == CAPAS_OK) {
        add_buffers(&placer);
        for (size_t i = 0; i < plan->program.op_count; i++)
            if (!plan->program.ops[i].removed) add_op_memory(&placer, i);
        if (plan->options.backward) add_gradients(&placer, first, written);
    }
    if (placer.status == CAPAS_OK) {
        qsort(placer.items, placer.count, sizeof(item), larger_first);
        for (size_t i = 0; i < placer.count; i++) {
            item *it = &placer.items[i];
            it->place = *it->where = lowest_place(placer.items, i, it);
            if (it->place + it->size > plan->arena_size) plan->arena_size = it->place + it->size;
        }
        if (plan->options.backward) point_gradients(plan);
    }
    capas_release(first);
    capas_release(written);
    capas_release(placer.items);
    return placer.status;
}
