/* Cross-entropies of logits with few classes; CAPAS_VECTOR rows at once, each in a lane (rows.h):
 *
 *   value = sum y' (log sum e^(x - max)) + sum y' (max - x)
 *   softmax = e^(x - max) / sum e^(x - max),   dx = factor (softmax sum(y') - y')
 *
 * y' is the smoothed target, or 1 at the label. Other losses are the plain kernel's. */
#include "kernels/loss.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/kernels.h"
#include "kernels/tuned/math.h"
#include "kernels/tuned/rows.h"

enum { GRAIN = 2048 /* elements */ };

/* Rows in lanes. */
typedef struct loss_rows {
    const capas_loss_problem *problem;
    int rows;
    capas_lanes prediction; /* then e^(x - max), then the gradient */
    capas_lanes target;
    vint label, skipped, wrong; /* sparse only */
    vfloat factor;
} loss_rows;

/* y' of a class: one at the label, or the smoothed target. */
CAPAS_INLINE vfloat target_of(const loss_rows *r, bool sparse, int c)
{
    const float smoothing = (float)r->problem->label_smoothing;
    if (sparse) return v_select(r->label == c, v_set(1), v_zero());
    return capas_class(&r->target, c) * (1 - smoothing) + smoothing / (float)r->problem->classes;
}

static void load_rows(loss_rows *r, const capas_loss_arguments *a, bool sparse, int64_t row)
{
    const capas_loss_problem *p = r->problem;
    const float *prediction = a->prediction, *weight = a->weight;
    capas_load_rows(&r->prediction, prediction + row * p->classes, p->classes, r->rows);
    r->factor = v_set((float)a->factor);
    for (int i = 0; weight && i < r->rows; i++)
        r->factor[i] = (float)(a->factor * weight[row + i]);
    if (!sparse) {
        const float *target = a->target;
        capas_load_rows(&r->target, target + row * p->classes, p->classes, r->rows);
        return;
    }
    r->label = v_set_int(0);
    memcpy(&r->label, (const int32_t *)a->target + row, (size_t)r->rows * sizeof(int32_t));
    r->skipped = v_set_int(0);
    if (p->has_ignore_class) r->skipped = (vint)(r->label == p->ignore_class);
    r->wrong = (vint)((r->label < 0) | (r->label >= p->classes)) & ~r->skipped;
}

/* The values; leaves e^(x - max) in the lanes, and their sum and the targets' in *sum and
 * *target_sum. */
CAPAS_INLINE vfloat values_of(loss_rows *r, bool sparse, vfloat *sum, vfloat *target_sum)
{
    const int classes = r->problem->classes;
    vfloat largest = capas_largest_class(&r->prediction, classes), chosen = v_zero();
    *sum = *target_sum = v_zero();
    for (int c = 0; c < classes; c++) {
        vfloat below = capas_class(&r->prediction, c) - largest, y = target_of(r, sparse, c);
        vfloat e = v_exp(below);
        *sum += e;
        *target_sum += y;
        chosen += v_select(y != 0, y * below, v_zero());
        capas_set_class(&r->prediction, c, e);
    }
    return *target_sum * v_log(*sum) - chosen;
}

/* dx = factor (softmax sum(y') - y'), in place of e^(x - max). */
CAPAS_INLINE void gradients_of(loss_rows *r, bool sparse, vfloat sum, vfloat target_sum)
{
    for (int c = 0; c < r->problem->classes; c++) {
        vfloat softmax = capas_class(&r->prediction, c) / sum;
        vfloat d = r->factor * (softmax * target_sum - target_of(r, sparse, c));
        if (sparse) {
            d = v_select(r->skipped, v_zero(), d);
            d = v_select(r->wrong, v_set(NAN), d);
        }
        capas_set_class(&r->prediction, c, d);
    }
}

static void store_probabilities(const loss_rows *r, vfloat sum, float *probability)
{
    const int classes = r->problem->classes;
    capas_lanes softmax;
    for (int c = 0; c < classes; c++)
        capas_set_class(&softmax, c, capas_class(&r->prediction, c) / sum);
    capas_store_rows(&softmax, probability, classes, r->rows);
}

CAPAS_INLINE void run_rows(loss_rows *r, const capas_loss_arguments *a, bool sparse, int64_t row)
{
    const int classes = r->problem->classes;
    vfloat sum, target_sum;
    load_rows(r, a, sparse, row);
    vfloat value = values_of(r, sparse, &sum, &target_sum);
    if (sparse) {
        value = v_select(r->skipped, v_zero(), value);
        value = v_select(r->wrong, v_set(NAN), value);
    }
    v_store_some((float *)a->value + row, value, r->rows);
    if (a->probability) store_probabilities(r, sum, (float *)a->probability + row * classes);
    if (!a->prediction_gradient) return;
    gradients_of(r, sparse, sum, target_sum);
    capas_store_rows(&r->prediction, (float *)a->prediction_gradient + row * classes, classes,
                     r->rows);
}

/* Pieces are CAPAS_VECTOR rows. */
static void run_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    const capas_loss_problem *p = problem;
    const capas_loss_arguments *a = arguments;
    loss_rows r;
    r.problem = p;
    (void)shard;
    for (int64_t row = begin * CAPAS_VECTOR; row < end * CAPAS_VECTOR && row < a->rows;
         row += CAPAS_VECTOR) {
        r.rows = a->rows - row < CAPAS_VECTOR ? (int)(a->rows - row) : CAPAS_VECTOR;
        if (p->kind == CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY)
            run_rows(&r, a, true, row);
        else
            run_rows(&r, a, false, row);
    }
}

static void run(const void *problem, const void *arguments)
{
    const capas_loss_problem *p = problem;
    const capas_loss_arguments *a = arguments;
    capas_parallel_ranges((a->rows + CAPAS_VECTOR - 1) / CAPAS_VECTOR,
                          GRAIN / (CAPAS_VECTOR * p->classes) + 1, p->workers, run_range, p, a);
}

static bool accepts(const void *problem)
{
    const capas_loss_problem *p = problem;
    return p->from_logits && p->classes <= CAPAS_MOST_CLASSES &&
           (p->kind == CAPAS_LOSS_KIND_CATEGORICAL_CROSSENTROPY ||
            p->kind == CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY);
}

CAPAS_TUNED_KERNEL(loss, "lanes", accepts, NULL, run);
