/* The scan backward: see scan.h for what it computes and scan_common.h for who includes this. Each
 * shard takes the gradients of its samples' h and c from the last step to the first; those of U and
 * the bias are then one product over all samples and steps. */
#ifndef CAPAS_KERNELS_SCAN_BACKWARD_H
#define CAPAS_KERNELS_SCAN_BACKWARD_H

#include "kernels/scan_common.h"

typedef struct scan_back {
    scan_call call;     /* h and c are gradients here; columns are U's, transposed */
    scan_real *through; /* [batch][taps][units]: what comes through a product */
    scan_real *dx;      /* [batch][steps][gates][units] */
    scan_real *all;     /* the products' gradients, by blocks [batch x steps]; NULL: they are dx */
    scan_real *block_gradient; /* of a block's columns; NULL: straight into U's */
    void *rest;                /* workspace of the last product */
} scan_back;

/* Whether what a product passes on differs from what x does. */
static inline bool scan_product_differs(const capas_scan_problem *p)
{
    return !capas_scan_is_direct(p) || p->cell == CAPAS_CELL_GRU;
}

/* The product that gives U's gradient. */
static capas_dense_problem scan_last_product(const capas_scan_problem *p, int64_t columns)
{
    return (capas_dense_problem){
        .rows = p->batch * p->steps,
        .workers = p->workers,
        .inputs = capas_scan_inputs(p),
        .units = columns,
        .tile = p->tile,
        .activation = CAPAS_LINEAR,
        .has_bias = p->bias_rows > 0,
        .for_training = true,
    };
}

/* Pointers, once there is memory; the size at any rate. */
static size_t scan_lay_out_backward(scan_back *back, void *memory)
{
    scan_call *call = &back->call;
    const capas_scan_problem *p = call->p;
    const size_t size = sizeof(scan_real);
    const int64_t vectors = p->batch * p->units;
    const int64_t inputs = capas_scan_inputs(p);
    const int shards = capas_scan_shards(p, p->batch);
    size_t end = scan_take_around(call, memory, 0), rest = 0;
    call->h = scan_at(memory, capas_take(&end, vectors, size));
    if (p->cell == CAPAS_CELL_LSTM) call->c = scan_at(memory, capas_take(&end, vectors, size));
    call->seen = scan_at(memory, capas_take(&end, p->batch, size));
    call->product = scan_at(memory, capas_take(&end, vectors * call->gates, size));
    back->through = scan_at(memory, capas_take(&end, vectors * capas_scan_taps(p), size));
    if (p->recurrent_dropout > 0)
        call->factors = scan_at(memory, capas_take(&end, vectors * call->gates, size));
    if (!p->wants_input_gradient)
        back->dx = scan_at(memory, capas_take(&end, vectors * p->steps * call->gates, size));
    if (scan_product_differs(p))
        back->all = scan_at(memory, capas_take(&end, vectors * p->steps * call->gates, size));
    int64_t widest = 0;
    for (int i = 0; i < call->block_count; i++) {
        const int64_t columns = call->blocks[i].gates * p->units;
        if (columns > widest) widest = columns;
        call->columns[i] =
            scan_at(memory, capas_take(&end, capas_dense_tiled_count(columns, inputs), size));
        const capas_dense_problem product = capas_scan_product(p, columns, inputs, 1);
        const size_t room = capas_kernel_workspace(&SCAN_DENSE_FORWARD, &product);
        if (room > call->dense_room) call->dense_room = room;
        const capas_dense_problem last = scan_last_product(p, columns);
        const size_t last_room = scan_outer_workspace(&last);
        if (last_room > rest) rest = last_room;
    }
    if (!capas_scan_is_direct(p))
        back->block_gradient =
            scan_at(memory, capas_take(&end, capas_dense_tiled_count(inputs, widest), size));
    call->dense_room = (call->dense_room + 63) / 64 * 64;
    call->dense = scan_at(memory, capas_take(&end, shards * (int64_t)call->dense_room, 1));
    back->rest = scan_at(memory, capas_take(&end, (int64_t)rest, 1));
    return end;
}

/* A block's columns of U, transposed, as weights from its columns to what met them. */
static void scan_transpose_columns(const scan_call *call, int block)
{
    const capas_scan_problem *p = call->p;
    const int64_t u = p->units, columns = call->blocks[block].gates * u;
    const int64_t first = call->blocks[block].first * u, all = call->gates * u;
    const int64_t inputs = capas_scan_inputs(p);
    const int tile = capas_dense_tile(columns, inputs);
    const scan_real *from = call->a->weights;
    scan_real *to = call->columns[block];
    memset(to, 0, (size_t)capas_dense_tiled_count(columns, inputs) * sizeof *to);
    for (int64_t j = 0; j < columns; j++)
        for (int64_t k = 0; k < inputs; k++)
            to[capas_dense_tiled_index(j, k, inputs, tile)] =
                from[capas_dense_tiled_index(k, first + j, all, p->tile)];
}

static void scan_add(scan_real *sum, const scan_real *more, int64_t units)
{
    for (int64_t k = 0; k < units; k++)
        sum[k] += more[k];
}

/* What comes through a block's product. */
static void scan_multiply_back(const scan_back *back, int block, int64_t begin, int64_t end,
                               int shard)
{
    const scan_call *call = &back->call;
    const int64_t inputs = capas_scan_inputs(call->p);
    const capas_dense_problem problem = capas_scan_product(
        call->p, call->blocks[block].gates * call->p->units, inputs, call->shards);
    capas_dense_forward_arguments arguments = {
        .rows = end - begin,
        .input = scan_part(call, call->product, block, begin),
        .weights = call->columns[block],
        .output = back->through + begin * inputs,
        .workspace = call->dense + shard * (int64_t)call->dense_room,
    };
    SCAN_DENSE_FORWARD.run(&problem, &arguments);
}

/* ... goes to the h before the step that met it. */
static void scan_pass(const scan_back *back, int block, int64_t begin, int64_t end)
{
    const scan_call *call = &back->call;
    const int64_t u = call->p->units, taps = capas_scan_taps(call->p);
    scan_real *through = back->through + begin * taps * u;
    for (int64_t b = begin; b < end; b++) {
        int64_t first;
        const int32_t *around = scan_around(call, b, &first);
        for (int64_t tap = 0; tap < taps; tap++, through += u) {
            if (around[tap] < 0) continue;
            const int64_t at = first + around[tap];
            const scan_real *factor = scan_factor(call, call->blocks[block].first, at);
            for (int64_t k = 0; factor && k < u; k++)
                through[k] *= factor[k];
            scan_add(call->h + at * u, through, u);
        }
    }
}

static scan_back_row scan_back_row_at(const scan_back *back, int64_t b, int64_t t)
{
    const scan_call *call = &back->call;
    const capas_scan_problem *p = call->p;
    const int64_t u = p->units, at = b * p->steps + t;
    scan_back_row row = {.kept = call->kept + at * capas_scan_kept(p) * u,
                         .hidden = call->hidden + at * u,
                         .factor = scan_factor(call, call->gates - 1, b),
                         .met_gradient = back->through + b * u,
                         .dh = call->h + b * u,
                         .dc = call->c ? call->c + b * u : NULL,
                         .dx = back->dx + at * call->gates * u};
    if (call->slopes) row.slopes = call->slopes + at * capas_scan_slopes(p) * u;
    scan_gates_at(call, call->product, b, row.dproduct);
    return row;
}

/* A masked step passes h and c by: nothing comes to x or the products. */
static void scan_back_masked(const scan_call *call, const scan_back_row *row)
{
    const size_t size = (size_t)call->p->units * sizeof(scan_real);
    memset(row->dx, 0, (size_t)call->gates * size);
    for (int g = 0; g < call->gates; g++)
        memset(row->dproduct[g], 0, size);
}

/* The gradient of what the s-th step gave. It is h's, also where a masked step gave h again; zeros
 * have none. Until a step counted, what is given is zeros. */
static void scan_take(const scan_call *call, int64_t b, int64_t s, bool masked)
{
    const capas_scan_problem *p = call->p;
    const int64_t row = scan_output_row(p, s);
    if (row < 0 || s < (int64_t)call->seen[b] || (masked && p->zero_masked)) return;
    scan_add(call->h + b * p->units,
             (const scan_real *)call->a->output_gradient +
                 (b * capas_scan_rows(p) + row) * p->units,
             p->units);
}

static void scan_back_rows(const scan_back *back, int64_t s, int64_t begin, int64_t end)
{
    const scan_call *call = &back->call;
    const capas_scan_problem *p = call->p;
    const int64_t t = scan_step(p, s);
    for (int64_t b = begin; b < end; b++) {
        const bool masked = scan_is_masked(call, b, t);
        const scan_back_row row = scan_back_row_at(back, b, t);
        scan_take(call, b, s, masked);
        if (masked)
            scan_back_masked(call, &row);
        else if (p->cell == CAPAS_CELL_SIMPLE)
            scan_simple_back_row(p, &row);
        else if (p->cell == CAPAS_CELL_LSTM)
            scan_lstm_back_row(p, &row);
        else
            scan_gru_back_row(p, &row);
    }
}

/* The second half of a GRU whose reset comes before. */
static void scan_back_reset(const scan_back *back, int64_t s, int64_t begin, int64_t end)
{
    const scan_call *call = &back->call;
    const int64_t t = scan_step(call->p, s);
    for (int64_t b = begin; b < end; b++) {
        const scan_back_row row = scan_back_row_at(back, b, t);
        if (!scan_is_masked(call, b, t)) scan_gru_back_reset_row(call->p, &row);
    }
}

/* Keeps the step's gradients of the products for U's. */
static void scan_keep(const scan_back *back, int64_t s, int64_t begin, int64_t end)
{
    const scan_call *call = &back->call;
    const capas_scan_problem *p = call->p;
    const int64_t t = scan_step(p, s);
    for (int i = 0; back->all && i < call->block_count; i++) {
        const int64_t units = call->blocks[i].gates * p->units;
        for (int64_t b = begin; b < end; b++)
            memcpy(back->all + p->batch * p->steps * call->blocks[i].first * p->units +
                       (b * p->steps + t) * units,
                   scan_part(call, call->product, i, b), (size_t)units * sizeof(scan_real));
    }
}

/* seen: the first step taken that counted. */
static void scan_end(const scan_call *call, int64_t begin, int64_t end)
{
    const capas_scan_problem *p = call->p;
    const int64_t u = p->units, rows = capas_scan_rows(p);
    const int states = capas_scan_states(p);
    const scan_real *gradient = call->a->output_gradient;
    scan_draw(call, begin, end);
    for (int64_t b = begin; b < end; b++) {
        int64_t first = 0;
        while (first < p->steps && scan_is_masked(call, b, scan_step(p, first)))
            first++;
        call->seen[b] = (scan_real)first;
        for (int i = 0; i < states; i++) {
            scan_real *state = (i == 0 ? call->h : call->c) + b * u;
            memset(state, 0, (size_t)u * sizeof *state);
            if (p->states) scan_add(state, gradient + (b * rows + rows - states + i) * u, u);
        }
    }
}

static void scan_give_initial(const scan_call *call, int64_t begin, int64_t end)
{
    const int64_t u = call->p->units;
    const int states = capas_scan_states(call->p);
    scan_real *to = call->a->initial_gradient;
    for (int64_t b = begin; to && b < end; b++)
        for (int i = 0; i < states; i++)
            memcpy(to + (b * states + i) * u, (i == 0 ? call->h : call->c) + b * u,
                   (size_t)u * sizeof *to);
}

static void scan_backward_range(const void *problem, const void *context, int64_t first,
                                int64_t behind, int shard)
{
    const capas_scan_problem *p = problem;
    const scan_back *back = context;
    const scan_call *call = &back->call;
    const int last = call->block_count - 1;
    const int64_t begin = first * capas_scan_pixels(p), end = behind * capas_scan_pixels(p);
    scan_end(call, begin, end);
    for (int64_t s = p->steps - 1; s >= 0; s--) {
        scan_back_rows(back, s, begin, end);
        if (call->blocks[last].second) {
            scan_multiply_back(back, last, begin, end, shard);
            scan_back_reset(back, s, begin, end);
        }
        scan_keep(back, s, begin, end);
        for (int i = 0; i <= last && (s > 0 || p->has_initial); i++) {
            if (call->blocks[i].second) continue;
            scan_multiply_back(back, i, begin, end, shard);
            scan_pass(back, i, begin, end);
        }
    }
    scan_give_initial(call, begin, end);
}

/* b of x, where b' has the products' gradients. */
static void scan_sum_bias(const scan_back *back)
{
    const scan_call *call = &back->call;
    const int64_t units = call->gates * call->p->units;
    scan_real *sum = call->a->bias_gradient;
    memset(sum, 0, (size_t)units * sizeof *sum);
    for (int64_t row = 0; row < call->a->n * call->p->steps; row++)
        scan_add(sum, back->dx + row * units, units);
}

/* Gradients of a block's columns of U and of its bias. */
static void scan_last_gradients(const scan_back *back, int block)
{
    const scan_call *call = &back->call;
    const capas_scan_problem *p = call->p;
    const int64_t u = p->units, first = call->blocks[block].first * u;
    const int64_t columns = call->blocks[block].gates * u;
    const capas_dense_problem problem = scan_last_product(p, columns);
    const scan_real *gradient = back->all ? back->all + p->batch * p->steps * first : back->dx;
    scan_real *bias = call->a->bias_gradient;
    if (bias) bias += (p->bias_rows - 1) * call->gates * u + first;
    capas_dense_backward_arguments arguments = {
        .rows = call->a->n * p->steps,
        .input = call->saved_met[block] ? call->saved_met[block] : call->hidden,
        .weights = call->a->weights,
        .output = gradient, /* linear: it is not looked at */
        .output_gradient = gradient,
        .weight_gradient = call->a->weight_gradient,
        .bias_gradient = bias,
        .workspace = back->rest,
    };
    if (back->block_gradient) arguments.weight_gradient = back->block_gradient;
    scan_outer(&problem, &arguments);
    if (back->block_gradient)
        scan_copy_columns(call, block, back->block_gradient, columns, 0, call->a->weight_gradient,
                          call->gates * u, first);
}

static void scan_backward(const void *problem, const void *arguments)
{
    const capas_scan_problem *p = problem;
    const capas_scan_arguments *a = arguments;
    scan_back back = {.call = scan_begin(p, a)};
    scan_call *call = &back.call;
    scan_lay_out_backward(&back, a->workspace);
    scan_find_saved(call);
    if (p->wants_input_gradient) back.dx = a->input_gradient;
    scan_look_around(call);
    call->shards = capas_scan_shards(p, a->n);
    for (int i = 0; i < call->block_count; i++)
        scan_transpose_columns(call, i);
    capas_parallel_ranges(a->n / capas_scan_pixels(p), capas_scan_grain(p), p->workers,
                          scan_backward_range, p, &back);
    if (p->bias_rows > 1 && a->weight_gradient && a->bias_gradient) scan_sum_bias(&back);
    for (int i = 0; i < call->block_count && a->weight_gradient; i++)
        scan_last_gradients(&back, i);
}

static size_t scan_backward_workspace(const void *problem)
{
    scan_back back = {.call = scan_begin(problem, NULL)};
    return scan_lay_out_backward(&back, NULL);
}

#endif
