/* The scan forward: see scan.h for what it computes and scan_common.h for who includes this. Each
 * shard takes its samples through all the steps on its own. */
#ifndef CAPAS_KERNELS_SCAN_FORWARD_H
#define CAPAS_KERNELS_SCAN_FORWARD_H

#include "kernels/scan_common.h"

/* Pointers, once there is memory; the size at any rate. */
static size_t scan_lay_out_forward(scan_call *call, void *memory)
{
    const capas_scan_problem *p = call->p;
    const size_t size = sizeof(scan_real);
    const int64_t vectors = p->batch * p->units;
    const int64_t inputs = capas_scan_inputs(p);
    const int shards = capas_scan_shards(p, p->batch);
    size_t end = scan_take_around(call, memory, 0);
    call->h = scan_at(memory, capas_take(&end, vectors, size));
    if (p->cell == CAPAS_CELL_LSTM) call->c = scan_at(memory, capas_take(&end, vectors, size));
    call->seen = scan_at(memory, capas_take(&end, p->batch, size));
    call->product = scan_at(memory, capas_take(&end, vectors * call->gates, size));
    if (p->recurrent_dropout > 0)
        call->factors = scan_at(memory, capas_take(&end, vectors * call->gates, size));
    const int64_t scratches = scan_has_halves(call) ? p->batch : shards;
    call->scratch = scan_at(memory, capas_take(&end, scratches * scan_kept_units(p), size));
    for (int i = 0; i < call->block_count; i++) {
        const int64_t columns = call->blocks[i].gates * p->units;
        if (capas_scan_meets_other(p, &call->blocks[i]))
            call->met[i] = scan_at(memory, capas_take(&end, vectors * capas_scan_taps(p), size));
        if (!capas_scan_is_direct(p))
            call->columns[i] =
                scan_at(memory, capas_take(&end, capas_dense_tiled_count(inputs, columns), size));
        const capas_dense_problem product = capas_scan_product(p, inputs, columns, 1);
        const size_t room = capas_kernel_workspace(&SCAN_DENSE_FORWARD, &product);
        if (room > call->dense_room) call->dense_room = room;
    }
    call->dense_room = (call->dense_room + 63) / 64 * 64;
    call->dense = scan_at(memory, capas_take(&end, shards * (int64_t)call->dense_room, 1));
    return end;
}

static void scan_copy(scan_real *to, const scan_real *from, int64_t units)
{
    memcpy(to, from, (size_t)units * sizeof(scan_real));
}

/* What a block's columns meet in this step, where that is h by its gate's factor, or around. */
static void scan_meet(const scan_call *call, int block, int64_t begin, int64_t end)
{
    const int64_t u = call->p->units, taps = capas_scan_taps(call->p);
    scan_real *to = call->met[block] + begin * taps * u;
    for (int64_t b = begin; b < end; b++) {
        int64_t first;
        const int32_t *around = scan_around(call, b, &first);
        for (int64_t tap = 0; tap < taps; tap++, to += u) {
            if (around[tap] < 0) {
                memset(to, 0, (size_t)u * sizeof *to);
                continue;
            }
            const int64_t at = first + around[tap];
            const scan_real *factor = scan_factor(call, call->blocks[block].first, at);
            scan_copy(to, call->h + at * u, u);
            for (int64_t k = 0; factor && k < u; k++)
                to[k] *= factor[k];
        }
    }
}

/* The product of what a block meets and its columns. */
static void scan_multiply(const scan_call *call, int block, int64_t s, int64_t begin, int64_t end,
                          int shard)
{
    const capas_scan_problem *p = call->p;
    const int64_t inputs = capas_scan_inputs(p);
    const scan_real *met = call->met[block] ? call->met[block] : call->h;
    if (call->saved_met[block])
        for (int64_t b = begin; b < end; b++)
            scan_copy(call->saved_met[block] + (b * p->steps + scan_step(p, s)) * inputs,
                      met + b * inputs, inputs);
    if (s == 0 && !p->has_initial) return; /* zero times U: it is there */
    const capas_dense_problem problem =
        capas_scan_product(p, inputs, call->blocks[block].gates * p->units, call->shards);
    capas_dense_forward_arguments arguments = {
        .rows = end - begin,
        .input = met + begin * inputs,
        .weights = call->columns[block] ? call->columns[block] : call->a->weights,
        .output = scan_part(call, call->product, block, begin),
        .workspace = call->dense + shard * (int64_t)call->dense_room,
    };
    SCAN_DENSE_FORWARD.run(&problem, &arguments);
}

static scan_row scan_row_at(const scan_call *call, int64_t b, int64_t t, int shard)
{
    const capas_scan_problem *p = call->p;
    const int64_t u = p->units, at = b * p->steps + t;
    scan_real *vectors[CAPAS_MOST_GATES];
    scan_row row = {.x = (const scan_real *)call->a->input + at * call->gates * u,
                    .h = call->h + b * u,
                    .c = call->c ? call->c + b * u : NULL,
                    .factor = scan_factor(call, call->gates - 1, b)};
    scan_gates_at(call, call->product, b, vectors);
    for (int g = 0; g < call->gates; g++)
        row.product[g] = vectors[g];
    if (p->bias_rows > 0) row.bias = call->a->bias;
    if (p->bias_rows > 1) row.recurrent_bias = row.bias + call->gates * u;
    row.kept = call->kept
                   ? call->kept + at * capas_scan_kept(p) * u
                   : call->scratch + (scan_has_halves(call) ? b : shard) * scan_kept_units(p);
    if (call->slopes) row.slopes = call->slopes + at * capas_scan_slopes(p) * u;
    const int last = call->block_count - 1;
    if (call->blocks[last].second) row.met = call->met[last] + b * u;
    return row;
}

/* What the s-th step gives of a sample. */
static void scan_give(const scan_call *call, int64_t b, int64_t s, bool masked)
{
    const capas_scan_problem *p = call->p;
    const int64_t u = p->units, row = scan_output_row(p, s);
    if (!masked) call->seen[b] = 1;
    if (row < 0) return;
    scan_real *output = (scan_real *)call->a->output + (b * capas_scan_rows(p) + row) * u;
    if (call->seen[b] == 0 || (masked && p->zero_masked))
        memset(output, 0, (size_t)u * sizeof *output);
    else
        scan_copy(output, call->h + b * u, u);
}

/* The GRU whose reset comes before: its second product stands between its two halves. */
static void scan_step_rows(const scan_call *call, int64_t s, int64_t begin, int64_t end, int shard,
                           bool second)
{
    const capas_scan_problem *p = call->p;
    const int64_t t = scan_step(p, s);
    const bool halves = scan_has_halves(call);
    for (int64_t b = begin; b < end; b++) {
        const bool masked = scan_is_masked(call, b, t);
        const scan_row row = scan_row_at(call, b, t, shard);
        if (masked && halves && !second) memset(row.met, 0, (size_t)p->units * sizeof *row.met);
        if (!masked && p->cell == CAPAS_CELL_SIMPLE) scan_simple_row(p, &row);
        if (!masked && p->cell == CAPAS_CELL_LSTM) scan_lstm_row(p, &row);
        if (!masked && p->cell == CAPAS_CELL_GRU && !second) scan_gru_gates_row(p, &row);
        if (!masked && p->cell == CAPAS_CELL_GRU && second == halves) scan_gru_rest_row(p, &row);
        if (second == halves) scan_give(call, b, s, masked);
    }
}

/* Where a shard's samples start: from given states or from zeros, and before the first product the
 * product is zero. */
static void scan_start(const scan_call *call, int64_t begin, int64_t end)
{
    const capas_scan_problem *p = call->p;
    const int64_t u = p->units;
    const int states = capas_scan_states(p);
    const scan_real *initial = p->has_initial ? call->a->initial : NULL;
    scan_draw(call, begin, end);
    for (int64_t b = begin; b < end; b++) {
        call->seen[b] = 0;
        for (int i = 0; i < states; i++) {
            scan_real *state = (i == 0 ? call->h : call->c) + b * u;
            if (initial)
                scan_copy(state, initial + (b * states + i) * u, u);
            else
                memset(state, 0, (size_t)u * sizeof *state);
        }
    }
    for (int i = 0; i < call->block_count; i++)
        memset(scan_part(call, call->product, i, begin), 0,
               (size_t)((end - begin) * call->blocks[i].gates * u) * sizeof(scan_real));
}

static void scan_give_states(const scan_call *call, int64_t b)
{
    const capas_scan_problem *p = call->p;
    const int64_t u = p->units, rows = capas_scan_rows(p);
    const int states = capas_scan_states(p);
    for (int i = 0; p->states && i < states; i++)
        scan_copy((scan_real *)call->a->output + (b * rows + rows - states + i) * u,
                  (i == 0 ? call->h : call->c) + b * u, u);
}

static void scan_forward_range(const void *problem, const void *context, int64_t first,
                               int64_t behind, int shard)
{
    const capas_scan_problem *p = problem;
    const scan_call *call = context;
    const int last = call->block_count - 1;
    const int64_t begin = first * capas_scan_pixels(p), end = behind * capas_scan_pixels(p);
    scan_start(call, begin, end);
    for (int64_t s = 0; s < p->steps; s++) {
        const int64_t t = scan_step(p, s);
        for (int64_t b = begin; call->hidden && b < end; b++)
            scan_copy(call->hidden + (b * p->steps + t) * p->units, call->h + b * p->units,
                      p->units);
        for (int i = 0; i <= last; i++) {
            if (call->blocks[i].second) continue;
            if (call->met[i]) scan_meet(call, i, begin, end);
            scan_multiply(call, i, s, begin, end, shard);
        }
        scan_step_rows(call, s, begin, end, shard, false);
        if (!call->blocks[last].second) continue;
        scan_multiply(call, last, s, begin, end, shard);
        scan_step_rows(call, s, begin, end, shard, true);
    }
    for (int64_t b = begin; b < end; b++)
        scan_give_states(call, b);
}

static void scan_forward(const void *problem, const void *arguments)
{
    const capas_scan_problem *p = problem;
    const capas_scan_arguments *a = arguments;
    scan_call call = scan_begin(p, a);
    scan_lay_out_forward(&call, a->workspace);
    scan_find_saved(&call);
    scan_look_around(&call);
    call.shards = capas_scan_shards(p, a->n);
    for (int i = 0; i < call.block_count; i++)
        if (call.columns[i])
            scan_copy_columns(&call, i, a->weights, call.gates * p->units,
                              call.blocks[i].first * p->units, call.columns[i],
                              call.blocks[i].gates * p->units, 0);
    capas_parallel_ranges(a->n / capas_scan_pixels(p), capas_scan_grain(p), p->workers,
                          scan_forward_range, p, &call);
}

static size_t scan_forward_workspace(const void *problem)
{
    scan_call call = scan_begin(problem, NULL);
    return scan_lay_out_forward(&call, NULL);
}

#endif
