/* Adafactor (keras-semantics 4.2; Keras optimizers/adafactor.py): of a weight's last two axes the
 * squares of gradients are kept as means over the columns (r) and over the rows (c), and
 * v = r / mean(r) c; of weights of one axis as they are (v).
 *
 *   b = 1 - step^beta_2_decay;  r, c, v = b r + (1 - b) mean(g^2 + epsilon_1)
 *   u = g / sqrt(v);  w -= max(epsilon_2, rms(w)) min(lr, 1 / sqrt(step)) u / max(1, rms(u) / clip)
 *
 * A weight is done as Keras has it, rows and columns, whatever its place in the model's block. */
#include "base/memory.h"
#include "base/text.h"
#include "kernels/fill.h"
#include "training/optimizer.h"
#include <string.h>

enum { ROWS, COLUMNS, SQUARES, SLOTS };

static const capas_option options[] = {
    CAPAS_OPTIMIZER_ROWS(capas_adafactor_options, 0.001),
    {.name = "beta_2_decay",
     .kind = &capas_option_real,
     .offset = offsetof(capas_adafactor_options, beta_2_decay),
     .standard = -0.8,
     .minimum = -HUGE_VAL,
     .maximum = 0,
     .help = "how fast squares are forgotten less"},
    {.name = "epsilon_1",
     .kind = &capas_option_real,
     .offset = offsetof(capas_adafactor_options, epsilon_1),
     .standard = 1e-30,
     .maximum = HUGE_VAL,
     .help = "added to the squares"},
    {.name = "epsilon_2",
     .kind = &capas_option_real,
     .offset = offsetof(capas_adafactor_options, epsilon_2),
     .standard = 1e-3,
     .maximum = HUGE_VAL,
     .help = "the least size of a weight that a step is measured by"},
    {.name = "clip_threshold",
     .kind = &capas_option_real,
     .offset = offsetof(capas_adafactor_options, clip_threshold),
     .standard = 1,
     .open_minimum = true,
     .help = "largest root mean square of a step's direction"},
    {.name = "relative_step",
     .kind = &capas_option_bool,
     .offset = offsetof(capas_adafactor_options, relative_step),
     .standard = 1,
     .help = "the rate is at most 1 / sqrt(step), which changes nothing: it always is"},
};

static int slots(const capas_optimizer *optimizer)
{
    (void)optimizer;
    return SLOTS;
}

static void slot_shape(const capas_shape *weight, int slot, capas_shape *shape)
{
    *shape = *weight;
    if (slot == SQUARES) return;
    if (weight->rank < 2) {
        shape->rank = 0;
        return;
    }
    shape->rank--;
    if (slot == COLUMNS) shape->dims[shape->rank - 1] = weight->dims[weight->rank - 1];
}

/* One weight's step: everything in Keras's order. */
typedef struct work {
    const capas_adafactor_options *options;
    int64_t count, matrices, rows, columns; /* rows 0: of one axis */
    double forgets;                         /* 1 - b */
    float *gradient, *values, *squares, *by_row, *by_column;
} work;

static double mean_square(const float *x, int64_t count)
{
    double absolute, squares;
    capas_sum_absolute_and_squares(x, count, &absolute, &squares);
    return squares / (double)(count > 0 ? count : 1);
}

static double regulated(const work *work, int64_t i)
{
    return (double)work->gradient[i] * (double)work->gradient[i] + work->options->epsilon_1;
}

static float moved(const work *work, float kept, double found)
{
    return (float)((1 - work->forgets) * (double)kept + work->forgets * found);
}

static void factor_matrix(const work *work, int64_t matrix)
{
    const int64_t first = matrix * work->rows * work->columns;
    float *r = work->by_row + matrix * work->rows, *c = work->by_column + matrix * work->columns;
    double mean = 0;
    for (int64_t y = 0; y < work->rows; y++) {
        double sum = 0;
        for (int64_t x = 0; x < work->columns; x++)
            sum += regulated(work, first + y * work->columns + x);
        r[y] = moved(work, r[y], sum / (double)work->columns);
        mean += (double)r[y] / (double)work->rows;
    }
    for (int64_t x = 0; x < work->columns; x++) {
        double sum = 0;
        for (int64_t y = 0; y < work->rows; y++)
            sum += regulated(work, first + y * work->columns + x);
        c[x] = moved(work, c[x], sum / (double)work->rows);
    }
    for (int64_t y = 0; y < work->rows; y++)
        for (int64_t x = 0; x < work->columns; x++)
            work->squares[first + y * work->columns + x] =
                (float)((double)r[y] / mean * (double)c[x]);
}

static void step(work *work, double rate)
{
    for (int64_t m = 0; work->rows > 0 && m < work->matrices; m++)
        factor_matrix(work, m);
    for (int64_t i = 0; work->rows == 0 && i < work->count; i++)
        work->squares[i] = moved(work, work->squares[i], regulated(work, i));
    for (int64_t i = 0; i < work->count; i++)
        work->gradient[i] = (float)((double)work->gradient[i] / sqrt((double)work->squares[i]));
    double size = fmax(work->options->epsilon_2, sqrt(mean_square(work->values, work->count)));
    double length = sqrt(mean_square(work->gradient, work->count));
    double far = size * rate / fmax(1, length / work->options->clip_threshold);
    for (int64_t i = 0; i < work->count; i++)
        work->values[i] = (float)((double)work->values[i] - far * (double)work->gradient[i]);
}

/* What all optimizers do first: clipping, and decay of the weights. */
static void begin(const work *work, const capas_update_arguments *arguments)
{
    const double most = arguments->clip_value;
    for (int64_t i = 0; i < work->count; i++) {
        double g = (double)work->gradient[i] * arguments->gradient_scale;
        work->gradient[i] = (float)(most > 0 ? fmin(fmax(g, -most), most) : g);
        work->values[i] =
            (float)((double)work->values[i] - (double)work->values[i] * arguments->decay);
    }
}

static capas_status apply(const capas_optimizer *optimizer, const capas_weight *weight,
                          int64_t number, const capas_update_arguments *arguments)
{
    const capas_shape *shape = &weight->shape;
    const bool factored = shape->rank >= 2;
    work work = {
        .options = &optimizer->options.adafactor,
        .count = capas_shape_count(shape, 0),
        .rows = factored ? shape->dims[shape->rank - 2] : 0,
        .columns = factored ? shape->dims[shape->rank - 1] : 0,
        .forgets = pow((double)number, optimizer->options.adafactor.beta_2_decay),
        .by_row = arguments->slots[ROWS],
        .by_column = arguments->slots[COLUMNS],
    };
    if (work.count == 0) return CAPAS_OK;
    float *room = capas_allocate((size_t)work.count * 3, sizeof *room);
    if (!room) return CAPAS_NO_MEMORY;
    work.gradient = room;
    work.values = room + work.count;
    work.squares = room + 2 * work.count;
    if (factored) work.matrices = work.count / (work.rows * work.columns);
    capas_weight_unpack(weight, arguments->gradient, work.gradient);
    capas_weight_unpack(weight, arguments->weights, work.values);
    capas_weight_unpack(weight, arguments->slots[SQUARES], work.squares);
    begin(&work, arguments);
    step(&work, fmin(arguments->learning_rate, 1 / sqrt((double)number)));
    capas_weight_pack(weight, work.values, arguments->weights);
    capas_weight_pack(weight, work.squares, arguments->slots[SQUARES]);
    if (!capas_all_finite(work.values, work.count)) *arguments->finite = false;
    capas_release(room);
    return CAPAS_OK;
}

const capas_optimizer_type capas_optimizer_adafactor = {
    .kind = CAPAS_OPTIMIZER_ADAFACTOR,
    .name = "Adafactor",
    .snake_name = "adafactor",
    .table = {"Adafactor", options, CAPAS_COUNT(options), sizeof(capas_adafactor_options)},
    .slots = slots,
    .paired = SLOTS,
    .apply = apply,
    .slot_shape = slot_shape,
};
