/* The cells of a scan, forward and backward, for one sample and one step, by lanes along the units.
 * The one text of these formulas: the plain kernel includes it with single numbers for lanes, the
 * tuned ones with vectors. Whoever includes it has defined, over its type `scan_real`:
 *
 *   scan_lane, SCAN_WIDTH, lane_zero()   a lane, how many units it has, and zeros
 *   lane_load(p, count), lane_store(p, lane, count)     count < SCAN_WIDTH in the tail
 *   lane_value(activation, x)            y = f(x)
 *   lane_slope(activation, y)            dy/dx where the value tells it
 *   lane_slope_of_input(activation, x)   where it does not */
#ifndef CAPAS_KERNELS_SCAN_CELL_H
#define CAPAS_KERNELS_SCAN_CELL_H

#include "kernels/scan_parts.h"

/* Pointers to vectors of `units`; by gate where there are several. */
typedef struct scan_row {
    const scan_real *x; /* [gates][units] */
    const scan_real *product[CAPAS_MOST_GATES];
    const scan_real *bias, *recurrent_bias; /* [gates][units], or NULL */
    const scan_real *factor;                /* of the last gate, or NULL */
    scan_real *h, *c;
    scan_real *kept, *slopes; /* slopes may be NULL */
    scan_real *met;           /* GRU, reset before: r h, which meets U next */
} scan_row;

typedef struct scan_back_row {
    const scan_real *kept, *slopes;
    const scan_real *hidden;       /* h before the step */
    const scan_real *factor;       /* of the last gate, or NULL */
    const scan_real *met_gradient; /* GRU, reset before: of r h */
    scan_real *dh, *dc;            /* of h and c behind the step; become those before it */
    scan_real *dx;                 /* [gates][units] */
    scan_real *dproduct[CAPAS_MOST_GATES];
} scan_back_row;

static inline __attribute__((always_inline)) scan_lane lane_sum(const scan_row *row, int64_t units,
                                                                int g, int64_t k, int count)
{
    scan_lane z = lane_load(row->x + g * units + k, count);
    if (row->bias) z = z + lane_load(row->bias + g * units + k, count);
    return z;
}

static inline __attribute__((always_inline)) scan_lane lane_product(const scan_row *row,
                                                                    int64_t units, int g, int64_t k,
                                                                    int count)
{
    scan_lane u = lane_load(row->product[g] + k, count);
    if (row->recurrent_bias) u = u + lane_load(row->recurrent_bias + g * units + k, count);
    return u;
}

/* f(z) of gate g, with its slope kept where it must be. */
static inline __attribute__((always_inline)) scan_lane lane_gate(const scan_row *row,
                                                                 capas_activation activation,
                                                                 scan_lane z, int64_t slope_at,
                                                                 int count)
{
    if (row->slopes) lane_store(row->slopes + slope_at, lane_slope_of_input(activation, z), count);
    return lane_value(activation, z);
}

static inline __attribute__((always_inline)) void scan_simple(const capas_scan_problem *p,
                                                              const scan_row *row, int64_t k,
                                                              int count)
{
    const int64_t u = p->units;
    const scan_lane z = lane_sum(row, u, 0, k, count) + lane_product(row, u, 0, k, count);
    const scan_lane h = lane_gate(row, p->activation, z, k, count);
    lane_store(row->h + k, h, count);
    lane_store(row->kept + k, h, count);
}

static inline __attribute__((always_inline)) void scan_lstm(const capas_scan_problem *p,
                                                            const scan_row *row, int64_t k,
                                                            int count)
{
    enum { I, F, G, O };
    const int64_t u = p->units;
    scan_lane gate[4];
    for (int g = I; g <= O; g++) {
        const scan_lane z = lane_sum(row, u, g, k, count) + lane_product(row, u, g, k, count);
        gate[g] =
            lane_gate(row, g == G ? p->activation : p->recurrent_activation, z, g * u + k, count);
        lane_store(row->kept + g * u + k, gate[g], count);
    }
    const scan_lane before = lane_load(row->c + k, count);
    const scan_lane c = gate[F] * before + gate[I] * gate[G];
    const scan_lane value = lane_gate(row, p->activation, c, 4 * u + k, count);
    lane_store(row->kept + 4 * u + k, before, count);
    lane_store(row->kept + 5 * u + k, value, count);
    lane_store(row->c + k, c, count);
    lane_store(row->h + k, gate[O] * value, count);
}

/* z and r, and what meets U next when the reset comes before. */
static inline __attribute__((always_inline)) void scan_gru_gates(const capas_scan_problem *p,
                                                                 const scan_row *row, int64_t k,
                                                                 int count)
{
    const int64_t u = p->units;
    scan_lane gate[2];
    for (int g = 0; g < 2; g++) {
        const scan_lane z = lane_sum(row, u, g, k, count) + lane_product(row, u, g, k, count);
        gate[g] = lane_gate(row, p->recurrent_activation, z, g * u + k, count);
        lane_store(row->kept + g * u + k, gate[g], count);
    }
    if (!row->met) return;
    scan_lane h = lane_load(row->h + k, count);
    if (row->factor) h = h * lane_load(row->factor + k, count);
    lane_store(row->met + k, gate[1] * h, count);
}

static inline __attribute__((always_inline)) void scan_gru_rest(const capas_scan_problem *p,
                                                                const scan_row *row, int64_t k,
                                                                int count)
{
    const int64_t u = p->units;
    const scan_lane z = lane_load(row->kept + k, count);
    scan_lane product = lane_product(row, u, 2, k, count);
    if (p->reset_after) {
        lane_store(row->kept + 3 * u + k, product, count);
        product = lane_load(row->kept + u + k, count) * product;
    }
    const scan_lane g =
        lane_gate(row, p->activation, lane_sum(row, u, 2, k, count) + product, 2 * u + k, count);
    lane_store(row->kept + 2 * u + k, g, count);
    lane_store(row->h + k, z * lane_load(row->h + k, count) + (1 - z) * g, count);
}

/* The slope of gate g, whose value is y. */
static inline __attribute__((always_inline)) scan_lane lane_slope_of(const scan_back_row *row,
                                                                     capas_activation activation,
                                                                     scan_lane y, int64_t slope_at,
                                                                     int count)
{
    return row->slopes ? lane_load(row->slopes + slope_at, count) : lane_slope(activation, y);
}

static inline __attribute__((always_inline)) void scan_simple_back(const capas_scan_problem *p,
                                                                   const scan_back_row *row,
                                                                   int64_t k, int count)
{
    const scan_lane slope =
        lane_slope_of(row, p->activation, lane_load(row->kept + k, count), k, count);
    const scan_lane dz = lane_load(row->dh + k, count) * slope;
    lane_store(row->dx + k, dz, count);
    lane_store(row->dproduct[0] + k, dz, count);
    lane_store(row->dh + k, lane_zero(), count);
}

static inline __attribute__((always_inline)) void scan_lstm_back(const capas_scan_problem *p,
                                                                 const scan_back_row *row,
                                                                 int64_t k, int count)
{
    enum { I, F, G, O };
    const int64_t u = p->units;
    scan_lane gate[4], gradient[4];
    for (int g = I; g <= O; g++)
        gate[g] = lane_load(row->kept + g * u + k, count);
    const scan_lane before = lane_load(row->kept + 4 * u + k, count);
    const scan_lane value = lane_load(row->kept + 5 * u + k, count);
    const scan_lane dh = lane_load(row->dh + k, count);
    const scan_lane dc = lane_load(row->dc + k, count) +
                         dh * gate[O] * lane_slope_of(row, p->activation, value, 4 * u + k, count);
    gradient[I] = dc * gate[G];
    gradient[F] = dc * before;
    gradient[G] = dc * gate[I];
    gradient[O] = dh * value;
    for (int g = I; g <= O; g++) {
        const capas_activation activation = g == G ? p->activation : p->recurrent_activation;
        const scan_lane dz =
            gradient[g] * lane_slope_of(row, activation, gate[g], g * u + k, count);
        lane_store(row->dx + g * u + k, dz, count);
        lane_store(row->dproduct[g] + k, dz, count);
    }
    lane_store(row->dc + k, dc * gate[F], count);
    lane_store(row->dh + k, lane_zero(), count);
}

/* Gradients of z and g; of r too when the reset comes after. */
static inline __attribute__((always_inline)) void scan_gru_back(const capas_scan_problem *p,
                                                                const scan_back_row *row, int64_t k,
                                                                int count)
{
    const int64_t u = p->units;
    const scan_lane z = lane_load(row->kept + k, count), r = lane_load(row->kept + u + k, count);
    const scan_lane g = lane_load(row->kept + 2 * u + k, count);
    const scan_lane dh = lane_load(row->dh + k, count);
    const scan_lane dz = dh * (lane_load(row->hidden + k, count) - g) *
                         lane_slope_of(row, p->recurrent_activation, z, k, count);
    const scan_lane dg = dh * (1 - z) * lane_slope_of(row, p->activation, g, 2 * u + k, count);
    lane_store(row->dx + k, dz, count);
    lane_store(row->dproduct[0] + k, dz, count);
    lane_store(row->dx + 2 * u + k, dg, count);
    lane_store(row->dproduct[2] + k, dg, count);
    lane_store(row->dh + k, dh * z, count);
    if (!p->reset_after) return;
    lane_store(row->dproduct[2] + k, dg * r, count);
    const scan_lane dr = dg * lane_load(row->kept + 3 * u + k, count) *
                         lane_slope_of(row, p->recurrent_activation, r, u + k, count);
    lane_store(row->dx + u + k, dr, count);
    lane_store(row->dproduct[1] + k, dr, count);
}

/* The reset before the product: of r, from the gradient of r h. */
static inline __attribute__((always_inline)) void scan_gru_back_reset(const capas_scan_problem *p,
                                                                      const scan_back_row *row,
                                                                      int64_t k, int count)
{
    const int64_t u = p->units;
    const scan_lane r = lane_load(row->kept + u + k, count);
    scan_lane met = lane_load(row->met_gradient + k, count);
    if (row->factor) met = met * lane_load(row->factor + k, count);
    const scan_lane dr = met * lane_load(row->hidden + k, count) *
                         lane_slope_of(row, p->recurrent_activation, r, u + k, count);
    lane_store(row->dx + u + k, dr, count);
    lane_store(row->dproduct[1] + k, dr, count);
    lane_store(row->dh + k, lane_load(row->dh + k, count) + met * r, count);
}

#define SCAN_ROW(name, row_type)                                                                   \
    static void name##_row(const capas_scan_problem *p, const row_type *row)                       \
    {                                                                                              \
        int64_t k = 0;                                                                             \
        for (; k + SCAN_WIDTH <= p->units; k += SCAN_WIDTH)                                        \
            name(p, row, k, SCAN_WIDTH);                                                           \
        if (k < p->units) name(p, row, k, (int)(p->units - k));                                    \
    }
SCAN_ROW(scan_simple, scan_row)
SCAN_ROW(scan_lstm, scan_row)
SCAN_ROW(scan_gru_gates, scan_row)
SCAN_ROW(scan_gru_rest, scan_row)
SCAN_ROW(scan_simple_back, scan_back_row)
SCAN_ROW(scan_lstm_back, scan_back_row)
SCAN_ROW(scan_gru_back, scan_back_row)
SCAN_ROW(scan_gru_back_reset, scan_back_row)
#undef SCAN_ROW

#endif
