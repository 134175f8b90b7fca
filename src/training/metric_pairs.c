/* Metrics: correlations of each row's numbers with those of its target (Keras
 * metrics/correlation_metrics.py); see metric.h. */
#include "training/metric.h"
#include <math.h>

/* Means, variances and covariance of a row and its target. */
typedef struct moments {
    double target_mean, mean, target_variance, variance, covariance;
} moments;

static moments moments_of(const capas_metric_state *state, const float *numbers, const void *labels,
                          int64_t row)
{
    const int count = state->target->classes;
    moments m = {0};
    for (int c = 0; c < count; c++) {
        m.target_mean += capas_metric_target(state, labels, row, c) / count;
        m.mean += (double)numbers[c] / count;
    }
    for (int c = 0; c < count; c++) {
        double target = capas_metric_target(state, labels, row, c) - m.target_mean;
        double number = (double)numbers[c] - m.mean;
        m.target_variance += target * target / count;
        m.variance += number * number / count;
        m.covariance += target * number / count;
    }
    return m;
}

/* A row of equal numbers has no spread, and so no correlation: NaN. */
static double pearson(moments m)
{
    return m.covariance / (sqrt(m.target_variance) * sqrt(m.variance));
}

static double concordance(moments m)
{
    const double apart = m.target_mean - m.mean;
    return 2 * m.covariance / (m.target_variance + m.variance + apart * apart + 1e-7);
}

void capas_metric_add_pairs(capas_metric_state *state, const float *prediction, const void *labels,
                            const float *weights, int64_t rows)
{
    const bool is_pearson = state->config->metric == CAPAS_METRIC_PEARSON_CORRELATION;
    for (int64_t row = 0; row < rows; row++) {
        const moments m = moments_of(state, prediction + row * state->target->classes, labels, row);
        const double weight = weights ? (double)weights[row] : 1;
        state->sums[0] += weight * (is_pearson ? pearson(m) : concordance(m));
        state->sums[1] += weight;
    }
}
