/* Metrics: what a batch adds to their sums; see metric.h. */
#include "base/memory.h"
#include "training/metric.h"
#include <math.h>
#include <string.h>

static int classes_of(const capas_metric_state *state)
{
    return state->target->classes;
}

int capas_metric_overlap_classes(const capas_metric_state *state)
{
    if (state->config->metric == CAPAS_METRIC_BINARY_IOU) return 2;
    int given = state->config->num_classes;
    return given != CAPAS_NONE ? given : classes_of(state);
}

/* Numbers that are kept: a sum and a count, or counts. */
static size_t sums_of(const capas_metric_state *state)
{
    switch (state->type->kind) {
    case CAPAS_METRIC_OF_COUNTS:
        return 4;
    case CAPAS_METRIC_OF_CURVE:
        return 2 * (size_t)state->config->num_thresholds;
    case CAPAS_METRIC_OF_OVERLAP:
        return (size_t)capas_metric_overlap_classes(state) *
               (size_t)capas_metric_overlap_classes(state);
    case CAPAS_METRIC_OF_CLASSES:
        return 4 * (size_t)classes_of(state);
    case CAPAS_METRIC_OF_COLUMNS:
        return 1 + 3 * (size_t)classes_of(state);
    case CAPAS_METRIC_OF_ONES_OWN:
        return (size_t)state->type->own->sums +
               (size_t)state->type->own->sums_for_each * (size_t)classes_of(state);
    default:
        return 2;
    }
}

static capas_status allocate(capas_metric_state *state, int64_t rows)
{
    state->sum_count = sums_of(state);
    state->sums = capas_allocate_zeroed(state->sum_count, sizeof *state->sums);
    if (!state->sums) return CAPAS_NO_MEMORY;
    if (state->type->kind != CAPAS_METRIC_OF_LOSS && state->type->kind != CAPAS_METRIC_OF_ONES_OWN)
        return CAPAS_OK;
    state->rows = capas_allocate((size_t)rows, sizeof *state->rows);
    if (!state->rows) return CAPAS_NO_MEMORY;
    if (!capas_target_is_sparse(state->target)) return CAPAS_OK;
    state->vectors = capas_allocate((size_t)rows * (size_t)classes_of(state), sizeof *state->rows);
    return state->vectors ? CAPAS_OK : CAPAS_NO_MEMORY;
}

capas_status capas_metric_open(capas_metric_state *state, const capas_metric_config *config,
                               const capas_target *target, int64_t batch, const char *where)
{
    *state = (capas_metric_state){.config = config, .target = target};
    state->type = capas_metric_type_of(config);
    if (config->class_id != CAPAS_NONE && config->class_id >= target->classes)
        return capas_fail(
            CAPAS_INVALID_ARGUMENT,
            "%s: class_id of the metric %s is %d, output \"%s\" has the classes 0..%d", where,
            state->type->snake_name, config->class_id, target->output, target->classes - 1);
    capas_status status = allocate(state, batch * target->rows);
    if (status != CAPAS_OK)
        capas_metric_close(state);
    else
        capas_metric_reset(state);
    return status;
}

void capas_metric_close(capas_metric_state *state)
{
    capas_release(state->sums);
    capas_release(state->rows);
    capas_release(state->vectors);
    *state = (capas_metric_state){0};
}

void capas_metric_reset(capas_metric_state *state)
{
    if (!state->sums) return;
    memset(state->sums, 0, state->sum_count * sizeof *state->sums);
    if (!state->type->own || !state->type->own->reset) return;
    const capas_custom_metric_call call = capas_metric_call_of(state);
    state->type->own->reset(&call);
}

capas_custom_metric_call capas_metric_call_of(const capas_metric_state *state)
{
    return (capas_custom_metric_call){
        .context = state->type->own->context,
        .options = state->config->options,
        .width = state->target->classes,
        .sums = state->sums,
    };
}

double capas_metric_target(const capas_metric_state *state, const void *labels, int64_t row, int c)
{
    int classes = classes_of(state);
    if (!capas_target_is_sparse(state->target)) return ((const float *)labels)[row * classes + c];
    int32_t label = ((const int32_t *)labels)[row];
    return classes == 1 ? label : label == c;
}

/* What a row counts for. */
static double weight_of(const float *weights, int64_t row)
{
    return weights ? (double)weights[row] : 1;
}

static double weight_of_all(const float *weights, int64_t rows)
{
    double sum = 0;
    for (int64_t row = 0; weights && row < rows; row++)
        sum += (double)weights[row];
    return weights ? sum : (double)rows;
}

static double sigmoid_if(bool logits, double x)
{
    return logits ? 1 / (1 + exp(-x)) : x;
}

static void add_elements(capas_metric_state *state, const float *prediction, const void *labels,
                         const float *weights, int64_t rows)
{
    int classes = classes_of(state);
    const float threshold = (float)state->config->threshold;
    for (int64_t row = 0; row < rows; row++)
        for (int c = 0; c < classes; c++)
            if ((prediction[row * classes + c] > threshold) ==
                capas_metric_target(state, labels, row, c))
                state->sums[0] += weight_of(weights, row);
    state->sums[1] += weight_of_all(weights, rows) * classes;
}

/* The class that a row names: the first of the largest targets. */
static int class_at(const capas_metric_state *state, const void *labels, int64_t row)
{
    if (capas_target_is_sparse(state->target)) return ((const int32_t *)labels)[row];
    const float *target = (const float *)labels + row * classes_of(state);
    int best = 0;
    for (int c = 1; c < classes_of(state); c++)
        if (target[c] > target[best]) best = c;
    return best;
}

/* Larger ones than that of the class; equal ones before it count when `strict`. */
static int rank_of(const float *scores, int classes, int class, bool strict)
{
    int before = 0;
    for (int c = 0; c < classes; c++)
        before += scores[c] > scores[class] || (strict && c < class && scores[c] == scores[class]);
    return before;
}

/* Equal ones at the border are among the k largest; of the largest alone the first is. */
static void add_rows(capas_metric_state *state, const float *prediction, const void *labels,
                     const float *weights, int64_t rows)
{
    int classes = classes_of(state);
    bool top = state->type->table.count > 0; /* has k */
    int k = top ? state->config->k : 1;
    for (int64_t row = 0; row < rows; row++) {
        int class = class_at(state, labels, row);
        const float *scores = prediction + row * classes;
        if (class < 0 || class >= classes || !isfinite(scores[class])) continue;
        if (rank_of(scores, classes, class, !top) < k) state->sums[0] += weight_of(weights, row);
    }
    state->sums[1] += weight_of_all(weights, rows);
}

static const void *vectors_of(capas_metric_state *state, const void *labels, int64_t rows)
{
    int classes = classes_of(state);
    if (!state->vectors || state->type->loss == CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY)
        return labels;
    for (int64_t row = 0; row < rows; row++)
        for (int c = 0; c < classes; c++)
            state->vectors[row * classes + c] = (float)capas_metric_target(state, labels, row, c);
    return state->vectors;
}

static void add_losses(capas_metric_state *state, const float *prediction, const void *labels,
                       const float *weights, int64_t rows)
{
    capas_loss_problem problem = {
        .workers = 1,
        .kind = state->type->loss,
        .classes = classes_of(state),
        .from_logits = state->config->from_logits == 1,
        .label_smoothing = state->type->table.count > 1 ? state->config->label_smoothing : 0,
    };
    bool sparse = capas_target_is_sparse(state->target);
    if (problem.kind == CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY && !sparse)
        problem.kind = CAPAS_LOSS_KIND_CATEGORICAL_CROSSENTROPY; /* one-hot says the same */
    if (problem.kind == CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY) {
        problem.has_ignore_class = true;
        problem.ignore_class = capas_loss_left_out(state->target->loss);
    }
    capas_loss_arguments arguments = {
        .rows = rows,
        .prediction = prediction,
        .target = vectors_of(state, labels, rows),
        .factor = 1,
        .value = state->rows,
    };
    capas_run_kernel(capas_choose_kernel(CAPAS_FAMILY_loss, CAPAS_FLOAT32, &problem), &problem,
                     &arguments, 0);
    for (int64_t row = 0; row < rows; row++)
        state->sums[0] += weight_of(weights, row) * (double)state->rows[row];
    state->sums[1] += weight_of_all(weights, rows);
}

/* Counts an element that is, and was said to be, true or not. */
static void count(double *sums, bool is, bool said, double weight)
{
    sums[is     ? said ? CAPAS_TRUE_POSITIVES : CAPAS_FALSE_NEGATIVES
         : said ? CAPAS_FALSE_POSITIVES
                : CAPAS_TRUE_NEGATIVES] += weight;
}

static void add_counts(capas_metric_state *state, const float *prediction, const void *labels,
                       const float *weights, int64_t rows)
{
    const capas_metric_config *config = state->config;
    int classes = classes_of(state);
    bool chooses = state->type->table.count > 1; /* has top_k and class_id */
    int top_k = chooses ? config->top_k : CAPAS_NONE;
    int only = chooses ? config->class_id : CAPAS_NONE;
    double threshold = config->threshold != CAPAS_NONE ? config->threshold
                       : top_k != CAPAS_NONE           ? -HUGE_VAL
                                                       : 0.5;
    for (int64_t row = 0; row < rows; row++) {
        const float *scores = prediction + row * classes;
        for (int c = 0; c < classes; c++) {
            if (only != CAPAS_NONE && c != only) continue;
            bool said = scores[c] > (float)threshold &&
                        (top_k == CAPAS_NONE || rank_of(scores, classes, c, true) < top_k);
            count(state->sums, capas_metric_target(state, labels, row, c) != 0, said,
                  weight_of(weights, row));
        }
    }
}

/* Buckets between thresholds that lie evenly; positives first, then negatives. */
static void add_curve(capas_metric_state *state, const float *prediction, const void *labels,
                      const float *weights, int64_t rows)
{
    int classes = classes_of(state), points = state->config->num_thresholds;
    int only = state->config->metric == CAPAS_METRIC_AUC ? CAPAS_NONE : state->config->class_id;
    for (int64_t row = 0; row < rows; row++)
        for (int c = 0; c < classes; c++) {
            if (only != CAPAS_NONE && c != only) continue;
            double p = sigmoid_if(state->config->from_logits, prediction[row * classes + c]);
            double at = ceil((double)(float)((float)p * (float)(points - 1))) - 1;
            int bucket = at >= points - 1 ? points - 1 : at > 0 ? (int)at : 0;
            bool is = capas_metric_target(state, labels, row, c) != 0;
            state->sums[(is ? 0 : points) + bucket] += weight_of(weights, row);
        }
}

/* Of the largest of a row, or of all above the threshold. */
static void add_classes(capas_metric_state *state, const float *prediction, const void *labels,
                        const float *weights, int64_t rows)
{
    int classes = classes_of(state);
    bool largest = state->config->threshold == CAPAS_NONE;
    for (int64_t row = 0; row < rows; row++) {
        const float *scores = prediction + row * classes;
        for (int c = 0; c < classes; c++) {
            bool said = largest
                            ? rank_of(scores, classes, c, false) == 0 && fabsf(scores[c]) > 1e-9f
                            : scores[c] > (float)state->config->threshold;
            count(state->sums + 4 * c, capas_metric_target(state, labels, row, c) != 0, said,
                  weight_of(weights, row));
        }
    }
}

/* A number as the class that it names; -1: none. */
static int named_class(double number, int classes)
{
    return number > -1 && number < classes ? (int)number : -1;
}

/* The class of a row, its largest place, or of each of its numbers, as Keras's sparse_... say; with
 * weights cut to whole numbers, as Keras's. */
static void add_overlap(capas_metric_state *state, const float *prediction, const void *labels,
                        const float *weights, int64_t rows)
{
    const capas_metric_config *config = state->config;
    const int classes = capas_metric_overlap_classes(state), width = classes_of(state);
    const bool binary = config->metric == CAPAS_METRIC_BINARY_IOU;
    const bool each = binary || config->sparse_y_pred;
    for (int64_t i = 0; i < rows * (each ? width : 1); i++) {
        const int64_t row = each ? i / width : i;
        int is, said = 0;
        if (!each) {
            const float *scores = prediction + row * width;
            for (int c = 1; c < width; c++)
                if (scores[c] > scores[said]) said = c;
            is = class_at(state, labels, row);
        } else {
            double number = capas_metric_target(state, labels, row, (int)(i % width));
            said = binary ? prediction[i] >= (float)config->threshold
                          : named_class((double)prediction[i], classes);
            is = named_class(number, classes);
        }
        if (is < 0 || is >= classes || said < 0 || said >= classes) continue;
        if (!binary && is == config->ignore_class) continue;
        state->sums[is * classes + said] += trunc(weight_of(weights, row));
    }
}

/* What the rows count for; then of each column the sums of y, y^2 and (y - p)^2. */
static void add_columns(capas_metric_state *state, const float *prediction, const void *labels,
                        const float *weights, int64_t rows)
{
    int classes = classes_of(state);
    for (int64_t row = 0; row < rows; row++)
        for (int c = 0; c < classes; c++) {
            double weight = weight_of(weights, row);
            double y = capas_metric_target(state, labels, row, c),
                   off = y - prediction[row * classes + c];
            double *sums = state->sums + 1 + 3 * c;
            sums[0] += weight * y;
            sums[1] += weight * y * y;
            sums[2] += weight * off * off;
        }
    state->sums[0] += weight_of_all(weights, rows);
}

static void add_as_told(capas_metric_state *state, const float *prediction, const void *labels,
                        const float *weights, int64_t rows)
{
    capas_custom_metric_call call = capas_metric_call_of(state);
    call.rows = rows;
    call.predictions = prediction;
    call.targets = vectors_of(state, labels, rows);
    call.weights = weights;
    state->type->own->update(&call);
}

void capas_metric_add(capas_metric_state *state, const float *prediction, const void *labels,
                      const float *weights, int64_t n)
{
    int64_t rows = n * state->target->rows;
    switch (state->type->kind) {
    case CAPAS_METRIC_OF_ACCURACY:
        return;
    case CAPAS_METRIC_OF_ELEMENTS:
        add_elements(state, prediction, labels, weights, rows);
        return;
    case CAPAS_METRIC_OF_ROWS:
        add_rows(state, prediction, labels, weights, rows);
        return;
    case CAPAS_METRIC_OF_LOSS:
        add_losses(state, prediction, labels, weights, rows);
        return;
    case CAPAS_METRIC_OF_COUNTS:
        add_counts(state, prediction, labels, weights, rows);
        return;
    case CAPAS_METRIC_OF_CURVE:
        add_curve(state, prediction, labels, weights, rows);
        return;
    case CAPAS_METRIC_OF_OVERLAP:
        add_overlap(state, prediction, labels, weights, rows);
        return;
    case CAPAS_METRIC_OF_CLASSES:
        add_classes(state, prediction, labels, weights, rows);
        return;
    case CAPAS_METRIC_OF_COLUMNS:
        add_columns(state, prediction, labels, weights, rows);
        return;
    case CAPAS_METRIC_OF_PAIRS:
        capas_metric_add_pairs(state, prediction, labels, weights, rows);
        return;
    case CAPAS_METRIC_OF_ONES_OWN:
        add_as_told(state, prediction, labels, weights, rows);
        return;
    }
}
