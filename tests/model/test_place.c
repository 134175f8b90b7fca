/* Where plans put their memory, worked out anew from what each op reads and writes and when: no two
 * pieces that are needed at one time overlap, everything is written before it is read, the arena is
 * smaller than its pieces together; and with every piece in a place of its own the results are the
 * same bits. */
#include "support/cmocka.h"
#include "support/network.h"

#include "base/memory.h"
#include "base/option.h"
#include "base/text.h"
#include "model/plan_parts.h"
#include <stdio.h>
#include <string.h>

enum { MOST_PIECES = 600, BEFORE = -1 };

/* One piece of the arena: first written and last used when. Op i of `ops` runs forward at i and
 * backward at 2 ops - 1 - i; the caller comes BEFORE and after. */
typedef struct piece {
    size_t *place, size;
    int64_t written, used;
    char name[48];
} piece;

typedef struct layout {
    capas_plan *plan;
    piece pieces[MOST_PIECES];
    int count;
} layout;

static int64_t backward_time(const layout *l, size_t op)
{
    return 2 * (int64_t)l->plan->program.op_count - 1 - (int64_t)op;
}

static piece *piece_of(layout *l, size_t *place, size_t size, const char *kind, int index)
{
    for (int i = 0; i < l->count; i++)
        if (l->pieces[i].place == place) return &l->pieces[i];
    assert_true(l->count < MOST_PIECES);
    piece *made = &l->pieces[l->count++];
    *made = (piece){.place = place, .size = size, .written = INT64_MAX, .used = INT64_MIN};
    snprintf(made->name, sizeof made->name, "%s %d", kind, index);
    return made;
}

static void write_at(piece *piece, int64_t time)
{
    if (time < piece->written) piece->written = time;
    if (time > piece->used) piece->used = time;
}

/* Within one op what it reads must have been there before, but for its own scratch memory. */
static void read_at(piece *piece, int64_t time, bool own)
{
    if (piece->written > time || (piece->written == time && !own))
        fail_msg("%s is read at %lld and first written at %lld", piece->name, (long long)time,
                 (long long)piece->written);
    if (time > piece->used) piece->used = time;
}

static size_t bytes_of(const layout *l, int root)
{
    const capas_buffer *buffer = &l->plan->program.buffers[root];
    capas_element element =
        buffer->element == CAPAS_FLOAT32 ? l->plan->options.element : buffer->element;
    return (size_t)(l->plan->options.batch * buffer->times * capas_shape_count(&buffer->shape, 1) *
                    capas_element_size(element));
}

static piece *buffer_piece(layout *l, int buffer)
{
    int root = capas_program_root(&l->plan->program, buffer);
    return piece_of(l, &l->plan->places[root], bytes_of(l, root), "buffer", root);
}

static piece *gradient_piece(layout *l, int buffer)
{
    int root = capas_program_root(&l->plan->program, buffer);
    return piece_of(l, &l->plan->gradient_places[root], bytes_of(l, root), "gradient", root);
}

/* Which of its own forward numbers an op's backward half reads (src/kernels/ headers). */
static bool backward_reads_input(const capas_op *op)
{
    return op->kind == CAPAS_OP_CONV || op->kind == CAPAS_OP_DENSE ||
           op->kind == CAPAS_OP_PENALTY || op->kind == CAPAS_OP_NORMALISE ||
           op->kind == CAPAS_OP_SCAN || op->kind == CAPAS_OP_LOOKUP ||
           (op->kind == CAPAS_OP_POOL && !op->problem.pool.average);
}

static bool backward_reads_output(const capas_op *op)
{
    return op->kind == CAPAS_OP_CONV || op->kind == CAPAS_OP_DENSE ||
           op->kind == CAPAS_OP_ACTIVATE || op->kind == CAPAS_OP_SOFTMAX;
}

/* An op writes the gradients of its inputs, each into its buffer's or apart. */
static void write_gradients(layout *l, capas_planned_op *planned, int64_t time)
{
    for (int k = 0; k < CAPAS_OP_INPUTS; k++) {
        int buffer = planned->op.inputs[k];
        if (buffer < 0 || planned->input_gradients[k] == CAPAS_NOWHERE) continue;
        piece *whole = gradient_piece(l, buffer);
        if (!planned->adds[k]) assert_true(planned->input_gradients[k] == *whole->place);
        write_at(planned->adds[k]
                     ? piece_of(l, &planned->input_gradients[k], whole->size, "gradient apart", k)
                     : whole,
                 time);
    }
}

/* What was written apart is added to the buffer's. */
static void add_gradients(layout *l, capas_planned_op *planned, int64_t time)
{
    for (int k = 0; k < CAPAS_OP_INPUTS; k++) {
        if (!planned->adds[k]) continue;
        read_at(piece_of(l, &planned->input_gradients[k], 0, "gradient apart", k), time, true);
        read_at(gradient_piece(l, planned->op.inputs[k]), time, true);
    }
}

static void forward(layout *l, size_t i)
{
    capas_planned_op *planned = &l->plan->ops[i];
    const capas_op *op = &planned->op;
    int64_t time = (int64_t)i;
    for (int k = 0; k < CAPAS_OP_INPUTS; k++)
        if (op->inputs[k] >= 0) read_at(buffer_piece(l, op->inputs[k]), time, false);
    if (op->output >= 0) write_at(buffer_piece(l, op->output), time);
    if (op->probability >= 0) write_at(buffer_piece(l, op->probability), time);
    size_t workspace = capas_kernel_workspace(planned->forward, &op->problem);
    if (workspace > 0)
        write_at(piece_of(l, &planned->forward_workspace, workspace, "forward scratch", (int)i),
                 time);
    capas_op_setting setting = capas_plan_setting(l->plan, op);
    const capas_op_type *type = &capas_op_types[op->kind];
    size_t saved = type->saved == NULL
                       ? 0
                       : type->saved(op, &l->plan->program, &setting, l->plan->options.element);
    if (saved > 0) write_at(piece_of(l, &planned->saved, saved, "saved", (int)i), time);
    if (op->kind == CAPAS_OP_LOSS) write_gradients(l, planned, time);
}

static void backward(layout *l, size_t i)
{
    capas_planned_op *planned = &l->plan->ops[i];
    const capas_op *op = &planned->op;
    int64_t time = backward_time(l, i);
    if (planned->starts_gradient) write_at(gradient_piece(l, op->inputs[0]), time);
    if (op->kind == CAPAS_OP_PENALTY)
        read_at(gradient_piece(l, op->inputs[0]), time, planned->starts_gradient);
    else
        read_at(gradient_piece(l, op->output), time, false);
    if (backward_reads_input(op)) read_at(buffer_piece(l, op->inputs[0]), time, false);
    if (backward_reads_output(op)) read_at(buffer_piece(l, op->output), time, false);
    if (planned->saved != CAPAS_NOWHERE)
        read_at(piece_of(l, &planned->saved, 0, "saved", (int)i), time, false);
    size_t workspace = capas_kernel_workspace(planned->backward, &op->problem);
    if (workspace > 0)
        write_at(piece_of(l, &planned->backward_workspace, workspace, "backward scratch", (int)i),
                 time);
    write_gradients(l, planned, time);
    for (int k = 0; k < CAPAS_OP_WEIGHTS; k++)
        if (planned->trains[k] && planned->weight_gradients[k] != CAPAS_NOWHERE)
            write_at(piece_of(l, &planned->weight_gradients[k],
                              (size_t)l->plan->model->weights[op->weights[k]].count *
                                  (size_t)capas_element_size(l->plan->options.element),
                              "weight gradient apart", k),
                     time);
}

/* An input whose numbers only name rows of a table has none, nor an output of frozen ones. */
static bool has_gradient(const capas_plan *plan, int buffer)
{
    return plan->gradient_places[capas_program_root(&plan->program, buffer)] != CAPAS_NOWHERE;
}

static void given_from_outside(layout *l)
{
    const capas_plan *plan = l->plan;
    for (int i = 0; i < plan->model->input_count; i++)
        write_at(buffer_piece(l, plan->inputs[i]), BEFORE);
    for (int i = 0; i < plan->options.loss_count; i++) {
        write_at(buffer_piece(l, plan->targets[i]), BEFORE);
        if (plan->sample_weights[i] >= 0)
            write_at(buffer_piece(l, plan->sample_weights[i]), BEFORE);
    }
    for (int i = 0;
         plan->options.backward && plan->options.loss_count == 0 && i < plan->model->output_count;
         i++)
        if (has_gradient(plan, plan->outputs[i]))
            write_at(gradient_piece(l, plan->outputs[i]), BEFORE);
}

static void asked_for_afterwards(layout *l)
{
    const capas_plan *plan = l->plan;
    int64_t after = 2 * (int64_t)plan->program.op_count;
    for (int i = 0; i < plan->model->output_count; i++)
        read_at(buffer_piece(l, plan->outputs[i]), after, false);
    for (int i = 0; i < plan->options.loss_count; i++) {
        read_at(buffer_piece(l, plan->values[i]), after, false);
        read_at(buffer_piece(l, plan->targets[i]), after, false);
    }
    for (int i = 0; plan->options.input_gradients && i < plan->model->input_count; i++)
        if (has_gradient(plan, plan->inputs[i]))
            read_at(gradient_piece(l, plan->inputs[i]), after, false);
}

static void take_layout(layout *l, capas_plan *plan)
{
    l->plan = plan;
    l->count = 0;
    given_from_outside(l);
    for (size_t i = 0; i < plan->program.op_count; i++)
        if (!plan->ops[i].op.removed) forward(l, i);
    for (size_t i = plan->program.op_count; i-- > 0;) {
        if (plan->ops[i].op.removed) continue;
        if (plan->ops[i].backward != NULL) backward(l, i);
        add_gradients(l, &plan->ops[i], backward_time(l, i));
    }
    asked_for_afterwards(l);
}

/* The most bytes that are needed at one time. */
static size_t peak_of(const layout *l)
{
    size_t peak = 0;
    for (int64_t time = BEFORE; time <= 2 * (int64_t)l->plan->program.op_count; time++) {
        size_t live = 0;
        for (int i = 0; i < l->count; i++)
            if (l->pieces[i].written <= time && time <= l->pieces[i].used)
                live += l->pieces[i].size;
        if (live > peak) peak = live;
    }
    return peak;
}

static size_t check_layout(const layout *l)
{
    size_t sum = 0;
    for (int i = 0; i < l->count; i++) {
        const piece *a = &l->pieces[i];
        assert_true(*a->place != CAPAS_NOWHERE && *a->place % CAPAS_ALIGNMENT == 0);
        assert_true(*a->place + a->size <= capas_plan_arena(l->plan));
        sum += (a->size + CAPAS_ALIGNMENT - 1) / CAPAS_ALIGNMENT * CAPAS_ALIGNMENT;
        for (int j = 0; j < i; j++) {
            const piece *b = &l->pieces[j];
            bool together = a->written <= b->used && b->written <= a->used;
            bool overlap = *a->place < *b->place + b->size && *b->place < *a->place + a->size;
            if (together && overlap) fail_msg("%s and %s overlap", a->name, b->name);
        }
    }
    return sum;
}

/* Gives every piece a place of its own, and lets the runs made before go. */
static void spread(layout *l)
{
    capas_plan *plan = l->plan;
    size_t end = 0;
    for (int i = 0; i < l->count; i++) {
        *l->pieces[i].place = end;
        end += (l->pieces[i].size + 2 * CAPAS_ALIGNMENT) / CAPAS_ALIGNMENT * CAPAS_ALIGNMENT;
    }
    plan->arena_size = end;
    for (size_t i = 0; i < plan->program.op_count; i++)
        for (int k = 0; k < CAPAS_OP_INPUTS; k++) {
            capas_planned_op *planned = &plan->ops[i];
            if (planned->input_gradients[k] == CAPAS_NOWHERE || planned->adds[k]) continue;
            int root = capas_program_root(&plan->program, planned->op.inputs[k]);
            planned->input_gradients[k] = plan->gradient_places[root];
        }
    while (plan->idle != NULL) {
        capas_run *run = plan->idle;
        plan->idle = run->next;
        capas_run_free(run);
    }
}

static void check_network(network *network, const capas_plan_options *options, layout *l)
{
    network_data data = {.seed = 9, .n = options->batch - 1};
    capas_plan *plan;
    network_result shared = network_run(network, options, &data);
    assert_int_equal(capas_model_plan(network->model, options, &plan), CAPAS_OK);
    take_layout(l, plan);
    size_t sum = check_layout(l);
    assert_true(capas_plan_arena(plan) <= sum && capas_plan_arena(plan) >= peak_of(l));
    spread(l);
    check_layout(l);
    network_result apart = network_run(network, options, &data);
    assert_true(network_same(network, "memory apart", &shared, &apart, 0, true));
    network_result_free(&shared);
    network_result_free(&apart);
}

static void nothing_needed_is_overwritten(void **state)
{
    (void)state;
    static layout layout;
    int pieces = 0;
    for (uint64_t seed = 600; seed < 680; seed++) {
        network network = network_random(seed);
        capas_plan_options options = network_options(&network, 4, seed % 3 != 0, seed % 5 < 3);
        options.backward = options.input_gradients = seed % 7 != 0;
        options.no_fusion = seed % 2 == 0;
        options.element = seed % 4 == 0 ? CAPAS_FLOAT64 : CAPAS_FLOAT32;
        check_network(&network, &options, &layout);
        pieces += layout.count;
        network_free(&network);
    }
    print_message("%d pieces of memory in 80 plans\n", pieces);
    assert_true(pieces > 800);
}

/* Prediction needs a fraction of its tensors at a time; training most, but not twice what it must.
 */
static void memory_is_used_again(void **state)
{
    (void)state;
    static layout layout;
    for (int backward = 0; backward < 2; backward++) {
        network network =
            network_of(capas_sequential(
                           capas_input(28, 28, 1), capas_conv2d(32, 3, .activation = CAPAS_RELU),
                           capas_conv2d(32, 3), capas_batch_normalization(),
                           capas_activation_layer(CAPAS_RELU), capas_max_pooling2d(2),
                           capas_conv2d(64, 3), capas_activation_layer(CAPAS_ELU), capas_flatten(),
                           capas_dense(100), capas_dense(10, .activation = CAPAS_SOFTMAX)),
                       1);
        capas_plan_options options = network_options(&network, 32, backward, false);
        options.backward = options.input_gradients = backward;
        capas_plan *plan;
        assert_int_equal(capas_model_plan(network.model, &options, &plan), CAPAS_OK);
        take_layout(&layout, plan);
        size_t sum = check_layout(&layout), peak = peak_of(&layout);
        print_message("%s: %zu KB of tensors in %zu KB, of which %zu are needed at once\n",
                      backward ? "training" : "prediction", sum >> 10, capas_plan_arena(plan) >> 10,
                      peak >> 10);
        assert_true((double)capas_plan_arena(plan) < (backward ? 0.8 : 0.6) * (double)sum);
        assert_true((double)capas_plan_arena(plan) < 1.25 * (double)peak);
        network_free(&network);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_needed_is_overwritten),
        cmocka_unit_test(memory_is_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
