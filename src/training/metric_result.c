/* Metrics: what their sums tell; see metric.h. */
#include "training/metric.h"
#include <math.h>

/* Keras's divide_no_nan. */
static double ratio(double above, double below)
{
    return below != 0 ? above / below : 0;
}

static double mean_value(const capas_metric_state *state)
{
    double mean = ratio(state->sums[0], state->sums[1]);
    if (state->config->metric == CAPAS_METRIC_ROOT_MEAN_SQUARED_ERROR) return sqrt(mean);
    return state->config->metric == CAPAS_METRIC_COSINE_SIMILARITY ? -mean : mean;
}

static double count_value(const capas_metric_state *state)
{
    const double *sums = state->sums;
    double found = sums[CAPAS_TRUE_POSITIVES];
    switch (state->config->metric) {
    case CAPAS_METRIC_PRECISION:
        return ratio(found, found + sums[CAPAS_FALSE_POSITIVES]);
    case CAPAS_METRIC_RECALL:
        return ratio(found, found + sums[CAPAS_FALSE_NEGATIVES]);
    case CAPAS_METRIC_FALSE_POSITIVES:
        return sums[CAPAS_FALSE_POSITIVES];
    case CAPAS_METRIC_TRUE_NEGATIVES:
        return sums[CAPAS_TRUE_NEGATIVES];
    case CAPAS_METRIC_FALSE_NEGATIVES:
        return sums[CAPAS_FALSE_NEGATIVES];
    default:
        return found;
    }
}

/* True and false positives above a threshold. */
typedef struct point {
    double right, wrong;
} point;

static double between(const capas_metric_state *state, double x0, double x1, double y0, double y1)
{
    switch (state->config->summation_method) {
    case CAPAS_MINORING:
        return (x0 - x1) * fmin(y0, y1);
    case CAPAS_MAJORING:
        return (x0 - x1) * fmax(y0, y1);
    default:
        return (x0 - x1) * (y0 + y1) / 2;
    }
}

/* Between two points of precision over recall lies no straight line (Davis and Goadrich). */
static double between_precisions(point low, point high, double positives)
{
    double said_low = low.right + low.wrong, said_high = high.right + high.wrong;
    double slope = ratio(low.right - high.right, fmax(said_low - said_high, 0));
    double intercept = high.right - slope * said_high;
    double times = said_low > 0 && said_high > 0 ? said_low / said_high : 1;
    return ratio(slope * (low.right - high.right + intercept * log(times)), positives);
}

static double part_of_curve(const capas_metric_state *state, point low, point high,
                            double positives, double negatives)
{
    double recall_low = ratio(low.right, positives), recall_high = ratio(high.right, positives);
    if (state->config->curve == CAPAS_ROC)
        return between(state, ratio(low.wrong, negatives), ratio(high.wrong, negatives), recall_low,
                       recall_high);
    if (state->config->summation_method == CAPAS_INTERPOLATION)
        return between_precisions(low, high, positives);
    return between(state, recall_low, recall_high, ratio(low.right, low.right + low.wrong),
                   ratio(high.right, high.right + high.wrong));
}

static double curve_value(const capas_metric_state *state)
{
    int points = state->config->num_thresholds;
    double positives = 0, negatives = 0, area = 0;
    for (int i = 0; i < points; i++) {
        positives += state->sums[i];
        negatives += state->sums[points + i];
    }
    point high = {state->sums[points - 1], state->sums[2 * points - 1]};
    for (int i = points - 2; i >= 0; i--) {
        point low = {high.right + state->sums[i], high.wrong + state->sums[points + i]};
        area += part_of_curve(state, low, high, positives, negatives);
        high = low;
    }
    return area;
}

/* The largest of one share over the thresholds where the other is large enough. */
static double best_value(const capas_metric_state *state)
{
    const capas_metric metric = state->config->metric;
    const int points = state->config->num_thresholds;
    const double *right = state->sums, *wrong = state->sums + points;
    double positives = 0, negatives = 0, found = 0, false_found = 0, best = 0;
    for (int i = 0; i < points; i++) {
        positives += right[i];
        negatives += wrong[i];
    }
    for (int i = points - 1; i >= 0; i--) {
        found += right[i];
        false_found += wrong[i];
        const double recall = ratio(found, positives);
        const double precision = ratio(found, found + false_found);
        const double specificity = ratio(negatives - false_found, negatives);
        const double value = metric == CAPAS_METRIC_PRECISION_AT_RECALL          ? precision
                             : metric == CAPAS_METRIC_SPECIFICITY_AT_SENSITIVITY ? specificity
                                                                                 : recall;
        const double other = metric == CAPAS_METRIC_RECALL_AT_PRECISION          ? precision
                             : metric == CAPAS_METRIC_SENSITIVITY_AT_SPECIFICITY ? specificity
                                                                                 : recall;
        /* As float32, which Keras compares. */
        if ((float)other >= (float)state->config->at_least && value > best) best = value;
    }
    return best;
}

/* Of the matrix of targets (rows) and predictions the mean over classes that occur of what lies on
 * the diagonal by its row and column together. */
static double overlap_value(const capas_metric_state *state)
{
    const int classes = capas_metric_overlap_classes(state);
    const capas_shape *wanted = &state->config->target_class_ids;
    double sum = 0;
    int count = 0;
    for (int c = 0; c < classes; c++) {
        bool is_wanted = wanted->rank == 0 || wanted->dims[0] == CAPAS_NONE;
        for (int i = 0; i < wanted->rank; i++)
            is_wanted |= wanted->dims[i] == c;
        double together = -state->sums[c * classes + c];
        for (int other = 0; other < classes; other++)
            together += state->sums[c * classes + other] + state->sums[other * classes + c];
        if (!is_wanted || together <= 0) continue;
        sum += state->sums[c * classes + c] / together;
        count++;
    }
    return count > 0 ? sum / count : 0;
}

/* (1 + b^2) P R / (b^2 P + R) */
static double score_of(const double *sums, double beta)
{
    double found = sums[CAPAS_TRUE_POSITIVES];
    double precision = found / (found + sums[CAPAS_FALSE_POSITIVES] + 1e-7);
    double recall = found / (found + sums[CAPAS_FALSE_NEGATIVES] + 1e-7);
    return (1 + beta * beta) * precision * recall / (beta * beta * precision + recall + 1e-7);
}

static double class_value(const capas_metric_state *state)
{
    int classes = state->target->classes;
    double beta = state->config->metric == CAPAS_METRIC_FBETA_SCORE ? state->config->beta : 1;
    double all[4] = {0}, sum = 0, weighted = 0, wanted = 0;
    for (int c = 0; c < classes; c++) {
        const double *sums = state->sums + 4 * c;
        double score = score_of(sums, beta);
        double weight = sums[CAPAS_TRUE_POSITIVES] + sums[CAPAS_FALSE_NEGATIVES];
        for (int k = 0; k < 4; k++)
            all[k] += sums[k];
        sum += score;
        weighted += weight * score;
        wanted += weight;
    }
    if (state->config->average == CAPAS_MICRO) return score_of(all, beta);
    return state->config->average == CAPAS_WEIGHTED ? weighted / (wanted + 1e-7) : sum / classes;
}

/* The mean over the columns of 1 - sum (y - p)^2 / sum (y - mean y)^2 */
static double column_value(const capas_metric_state *state)
{
    int classes = state->target->classes;
    double n = state->sums[0], sum = 0;
    for (int c = 0; c < classes && n > 0; c++) {
        const double *sums = state->sums + 1 + 3 * c;
        double spread = sums[1] - sums[0] * sums[0] / n;
        sum += spread > 0 ? 1 - sums[2] / spread : 0;
    }
    return sum / classes;
}

double capas_metric_value(const capas_metric_state *state)
{
    switch (state->type->kind) {
    case CAPAS_METRIC_OF_ONES_OWN: {
        const capas_custom_metric_call call = capas_metric_call_of(state);
        return state->type->own->result(&call);
    }
    case CAPAS_METRIC_OF_COUNTS:
        return count_value(state);
    case CAPAS_METRIC_OF_CURVE:
        return state->config->metric == CAPAS_METRIC_AUC ? curve_value(state) : best_value(state);
    case CAPAS_METRIC_OF_OVERLAP:
        return overlap_value(state);
    case CAPAS_METRIC_OF_CLASSES:
        return class_value(state);
    case CAPAS_METRIC_OF_COLUMNS:
        return column_value(state);
    default:
        return mean_value(state);
    }
}
