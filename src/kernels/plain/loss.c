/* Losses, plain: row by row (keras-semantics 3.1; Keras backend/tensorflow/nn.py). Both
 * cross-entropies are written over logits and over probabilities; other losses are in
 * loss_elements.c, loss_vectors.c, loss_pairs.c and loss_sequences.c. K below is the number of
 * classes, t the label. */
#include "kernels/plain/loss_row.h"
#include <math.h>

/* y'[c] = y[c] (1 - smoothing) + smoothing / K; for labels 1 at the label. */
static capas_real target_of(const loss_row *row, int c)
{
    const capas_loss_problem *p = row->problem;
    if (!row->target) return c == row->label;
    const capas_real smoothing = (capas_real)p->label_smoothing;
    return row->target[c] * (1 - smoothing) + smoothing / (capas_real)p->classes;
}

/* log sum over c of e^x[c], the largest x taken out. */
static double log_sum_exp(const loss_row *row)
{
    const int classes = row->problem->classes;
    const capas_real *x = row->prediction;
    capas_real largest = x[0];
    for (int c = 1; c < classes; c++)
        largest = x[c] > largest ? x[c] : largest;
    double sum = 0;
    for (int c = 0; c < classes; c++)
        sum += CAPAS_PLAIN(capas_exp)(x[c] - largest);
    return (double)largest + log(sum);
}

/* value = - sum y'[c] log softmax(x)[c];  dx = softmax(x) sum(y') - y' */
static double cross_entropy_of_logits(const loss_row *row)
{
    const int classes = row->problem->classes;
    const capas_real *x = row->prediction;
    const double log_sum = log_sum_exp(row);
    double value = 0, target_sum = 0;
    for (int c = 0; c < classes; c++) {
        capas_real y = target_of(row, c);
        if (y != 0) value -= y * (x[c] - log_sum);
        target_sum += y;
    }
    for (int c = 0; c < classes && (row->gradient || row->probability); c++) {
        double softmax = CAPAS_PLAIN(capas_exp)((capas_real)(x[c] - log_sum));
        if (row->probability) row->probability[c] = (capas_real)softmax;
        if (row->gradient)
            row->gradient[c] =
                (capas_real)(row->factor * (softmax * target_sum - target_of(row, c)));
    }
    return value;
}

/* q = p / sum p;  value = - sum y'[c] log clip(q[c]);
 * dq = -y' / clip(q) where the clip passes;  dp = (dq - sum(dq q)) / sum p */
static double cross_entropy_of_probabilities(const loss_row *row)
{
    const int classes = row->problem->classes;
    const capas_real *p = row->prediction;
    double sum = 0, value = 0, inner = 0;
    for (int c = 0; c < classes; c++)
        sum += p[c];
    for (int c = 0; c < classes; c++) {
        capas_real q = (capas_real)(p[c] / sum), y = target_of(row, c);
        value -= y * CAPAS_PLAIN(capas_log)(clipped(q));
        if (passes(q)) inner -= y / clipped(q) * q;
    }
    for (int c = 0; c < classes && row->gradient; c++) {
        capas_real q = (capas_real)(p[c] / sum);
        double dq = passes(q) ? -target_of(row, c) / clipped(q) : 0;
        row->gradient[c] = (capas_real)(row->factor * (dq - inner) / sum);
    }
    return value;
}

/* log clip(p) are the logits: value = log(sum clip(p) / clip(p[t]));
 * dp = 1 / sum clip(p) - [c = t] / clip(p[t]) where the clip passes */
static double sparse_cross_entropy_of_probabilities(const loss_row *row)
{
    const int classes = row->problem->classes;
    const capas_real *p = row->prediction;
    const double chosen = clipped(p[row->label]);
    double sum = 0;
    for (int c = 0; c < classes; c++)
        sum += clipped(p[c]);
    for (int c = 0; c < classes && row->gradient; c++) {
        double dp = 1 / sum - (c == row->label ? 1 / chosen : 0);
        row->gradient[c] = passes(p[c]) ? (capas_real)(row->factor * dp) : 0;
    }
    return log(sum / chosen);
}

static void fill_gradient(const loss_row *row, capas_real value)
{
    for (int c = 0; c < row->problem->classes && row->gradient; c++)
        row->gradient[c] = value;
}

static double sparse_cross_entropy(const loss_row *row)
{
    const capas_loss_problem *p = row->problem;
    const bool ignored = p->has_ignore_class && row->label == p->ignore_class;
    const bool wrong = row->label < 0 || row->label >= p->classes;
    double value = 0;
    if (p->from_logits && (row->probability || !(ignored || wrong)))
        value = cross_entropy_of_logits(row);
    if (ignored || wrong) {
        fill_gradient(row, ignored ? 0 : (capas_real)NAN);
        return ignored ? 0 : NAN;
    }
    return p->from_logits ? value : sparse_cross_entropy_of_probabilities(row);
}

/* (1 - p[t]^q) / q;  dp = -p[t]^(q-1) at the label. Nothing is clipped, as in Keras. */
static double generalized_cross_entropy(const loss_row *row)
{
    const capas_loss_problem *p = row->problem;
    const bool ignored = p->has_ignore_class && row->label == p->ignore_class;
    if (row->label < 0 || row->label >= p->classes) {
        fill_gradient(row, ignored ? 0 : (capas_real)NAN);
        return ignored ? 0 : NAN;
    }
    const double chosen = row->prediction[row->label];
    fill_gradient(row, 0);
    if (row->gradient)
        row->gradient[row->label] = (capas_real)(-row->factor * pow(chosen, p->q - 1));
    return (1 - pow(chosen, p->q)) / p->q;
}

static double value_of(const loss_row *row)
{
    switch (row->problem->kind) {
    case CAPAS_LOSS_KIND_CATEGORICAL_CROSSENTROPY:
        return row->problem->from_logits ? cross_entropy_of_logits(row)
                                         : cross_entropy_of_probabilities(row);
    case CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY:
        return sparse_cross_entropy(row);
    case CAPAS_LOSS_KIND_GENERALIZED_CROSS_ENTROPY:
        return generalized_cross_entropy(row);
    case CAPAS_LOSS_KIND_CATEGORICAL_FOCAL_CROSSENTROPY:
    case CAPAS_LOSS_KIND_CATEGORICAL_HINGE:
    case CAPAS_LOSS_KIND_KL_DIVERGENCE:
    case CAPAS_LOSS_KIND_COSINE_SIMILARITY:
        return CAPAS_PLAIN(capas_loss_of_vector)(row);
    default:
        return CAPAS_PLAIN(capas_loss_of_elements)(row);
    }
}

/* What is looked at before the rows. */
typedef struct loss_batch {
    const capas_loss_arguments *arguments;
    bool zero_one;
} loss_batch;

static bool all_zero_or_one(const capas_loss_problem *p, const capas_loss_arguments *a)
{
    const capas_real *y = a->target;
    for (int64_t i = 0; i < a->rows * p->classes; i++)
        if (y[i] != 0 && y[i] != 1) return false;
    return true;
}

static void run_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    const capas_loss_problem *p = problem;
    const loss_batch *batch = arguments;
    const capas_loss_arguments *a = batch->arguments;
    const bool sparse = capas_loss_kind_takes_numbers(p->kind);
    const capas_real *weight = a->weight;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        const int64_t at = i * p->classes;
        const loss_row row = {
            .problem = p,
            .prediction = (const capas_real *)a->prediction + at,
            .target = sparse ? NULL : (const capas_real *)a->target + at,
            .label = sparse ? ((const int32_t *)a->target)[i] : 0,
            .zero_one = batch->zero_one,
            .factor = a->factor * (weight ? weight[i] : 1),
            .gradient = a->prediction_gradient ? (capas_real *)a->prediction_gradient + at : NULL,
            .probability = a->probability ? (capas_real *)a->probability + at : NULL,
        };
        ((capas_real *)a->value)[i] = (capas_real)value_of(&row);
    }
}

static void run_whole(const capas_loss_problem *p, const capas_loss_arguments *a)
{
    const double value = CAPAS_PLAIN(capas_loss_of_overlap)(p, a);
    for (int64_t i = 0; i < a->rows; i++)
        ((capas_real *)a->value)[i] = (capas_real)value;
}

/* The user's gradient is that of a row's value alone. */
static void run_custom(const capas_loss_problem *p, const capas_loss_arguments *a)
{
    const capas_custom_loss_call call = {
        .context = p->custom->context,
        .options = p->options,
        .rows = a->rows,
        .width = p->classes,
        .targets = a->target,
        .predictions = a->prediction,
        .values = a->value,
        .gradients = a->prediction_gradient,
    };
    const float *weight = a->weight;
    p->custom->compute(&call);
    for (int64_t i = 0; call.gradients && i < a->rows * p->classes; i++)
        call.gradients[i] *= (float)(a->factor * (weight ? (double)weight[i / p->classes] : 1));
}

static void run_rows(const capas_loss_problem *p, const capas_loss_arguments *a)
{
    const bool hinge = p->kind == CAPAS_LOSS_KIND_HINGE || p->kind == CAPAS_LOSS_KIND_SQUARED_HINGE;
    const loss_batch batch = {a, hinge && all_zero_or_one(p, a)};
    int64_t grain = CAPAS_PLAIN_GRAIN / 16 / p->classes + 1;
    capas_parallel_ranges(a->rows, grain, p->workers, run_range, p, &batch);
}

static void run(const void *problem, const void *arguments)
{
    const capas_loss_problem *p = problem;
    const capas_loss_arguments *a = arguments;
    switch (p->kind) {
    case CAPAS_LOSS_KIND_CUSTOM:
        run_custom(p, a);
        return;
    case CAPAS_LOSS_KIND_DICE:
    case CAPAS_LOSS_KIND_TVERSKY:
        run_whole(p, a);
        return;
    case CAPAS_LOSS_KIND_CIRCLE:
        CAPAS_PLAIN(capas_loss_of_pairs)(p, a);
        return;
    case CAPAS_LOSS_KIND_CTC:
        CAPAS_PLAIN(capas_loss_of_sequences)(p, a);
        return;
    default:
        run_rows(p, a);
    }
}

static size_t workspace(const void *problem)
{
    const capas_loss_problem *p = problem;
    if (p->kind == CAPAS_LOSS_KIND_CIRCLE) return CAPAS_PLAIN(capas_loss_of_pairs_workspace)(p);
    if (p->kind == CAPAS_LOSS_KIND_CTC) return CAPAS_PLAIN(capas_loss_of_sequences_workspace)(p);
    return 0;
}

CAPAS_PLAIN_KERNEL(loss, workspace, run);
