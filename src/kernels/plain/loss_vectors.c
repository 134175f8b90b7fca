/* Losses of a row as a vector, and of all rows as one overlap, plain (keras-semantics 3.1). */
#include "kernels/plain/loss_row.h"
#include <math.h>

static void set_gradient(const loss_row *row, int c, double slope)
{
    if (row->gradient) row->gradient[c] = (capas_real)(row->factor * slope);
}

/* sum y log(y / p), both clipped to 1e-7 .. 1 */
static double divergence(const loss_row *row)
{
    double sum = 0;
    for (int c = 0; c < row->problem->classes; c++) {
        capas_real y = row->target[c], p = row->prediction[c];
        bool inside = !(p < lowest) && !(p > 1);
        y = y < lowest ? lowest : y > 1 ? 1 : y;
        p = p < lowest ? lowest : p > 1 ? 1 : p;
        sum += (double)y * CAPAS_PLAIN(capas_log)(y / p);
        set_gradient(row, c, inside ? -(double)y / p : 0);
    }
    return sum;
}

/* 1 / |x|, at most 1e7 */
static double inverse_length(const capas_real *x, int count)
{
    double squares = 0;
    for (int c = 0; c < count; c++)
        squares += (double)x[c] * x[c];
    double length = sqrt(squares);
    return length < 1e-7 ? 1e7 : 1 / length;
}

/* value = -sum y^ p^;  dp = -(y^ - value' p^) / |p|, value' = y^ p^ */
static double cosine(const loss_row *row)
{
    const int count = row->problem->classes;
    const double of_target = inverse_length(row->target, count);
    const double of_prediction = inverse_length(row->prediction, count);
    double inner = 0;
    for (int c = 0; c < count; c++)
        inner += row->target[c] * of_target * (row->prediction[c] * of_prediction);
    for (int c = 0; c < count; c++)
        set_gradient(row, c,
                     -(row->target[c] * of_target - inner * row->prediction[c] * of_prediction) *
                         of_prediction);
    return -inner;
}

/* max(0, max((1 - y) p) - sum y p + 1); equal maxima share the gradient. */
static double categorical_hinge(const loss_row *row)
{
    const int count = row->problem->classes;
    const capas_real *y = row->target, *p = row->prediction;
    double right = 0, wrong = -HUGE_VAL;
    int largest = 0;
    for (int c = 0; c < count; c++) {
        double other = (1 - (double)y[c]) * p[c];
        right += (double)y[c] * p[c];
        if (other == wrong) largest++;
        if (other > wrong) largest = 1;
        if (other > wrong || isnan(other)) wrong = other;
    }
    double value = wrong - right + 1;
    for (int c = 0; c < count; c++) {
        bool is_largest = (1 - (double)y[c]) * p[c] == wrong;
        double slope = (is_largest ? (1 - (double)y[c]) / largest : 0) - y[c];
        set_gradient(row, c, value < 0 ? 0 : slope);
    }
    return value < 0 ? 0 : value;
}

/* The slope of an element of the focal loss with respect to its share q of the sum, and its value
 * -alpha (1 - q)^gamma y log q. */
static double focal_part(const capas_loss_problem *p, double y, capas_real q, double *slope)
{
    const double inside = clipped(q), rest = 1 - inside;
    const double logarithm = CAPAS_PLAIN(capas_log)((capas_real)inside);
    const double power =
        CAPAS_PLAIN(capas_exp)((capas_real)(p->gamma * CAPAS_PLAIN(capas_log)((capas_real)rest)));
    *slope = passes(q) ? -p->alpha * y * (power / inside - p->gamma * power / rest * logarithm) : 0;
    return -p->alpha * power * y * logarithm;
}

/* q = p / sum p, or softmax(x);  value = sum of the parts;
 * dp = (dq - sum(dq q)) / sum p,  dx = q (dq - sum(dq q)) */
static double categorical_focal(const loss_row *row)
{
    const capas_loss_problem *problem = row->problem;
    const int count = problem->classes;
    const double smoothing = problem->label_smoothing;
    const capas_real *p = row->prediction;
    double sum = 0, value = 0, inner = 0, slope;
    capas_real largest = p[0];
    for (int c = 1; c < count; c++)
        largest = p[c] > largest ? p[c] : largest;
    const bool logits = problem->from_logits;
    for (int c = 0; c < count; c++)
        sum += logits ? CAPAS_PLAIN(capas_exp)(p[c] - largest) : p[c];
    for (int pass = 0; pass < 2; pass++)
        for (int c = 0; c < count; c++) {
            capas_real share = logits ? CAPAS_PLAIN(capas_exp)(p[c] - largest) : p[c];
            capas_real q = (capas_real)(share / sum);
            double y = row->target[c] * (1 - smoothing) + smoothing / count;
            double part = focal_part(problem, y, q, &slope);
            if (pass == 0) {
                value += part;
                inner += slope * q;
            } else {
                set_gradient(row, c, logits ? q * (slope - inner) : (slope - inner) / sum);
            }
        }
    return value;
}

double CAPAS_PLAIN(capas_loss_of_vector)(const loss_row *row)
{
    switch (row->problem->kind) {
    case CAPAS_LOSS_KIND_KL_DIVERGENCE:
        return divergence(row);
    case CAPAS_LOSS_KIND_COSINE_SIMILARITY:
        return cosine(row);
    case CAPAS_LOSS_KIND_CATEGORICAL_HINGE:
        return categorical_hinge(row);
    default:
        return categorical_focal(row);
    }
}

/* Dice     1 - 2 I / (sum y + sum p + 1e-7)
 * Tversky  1 - I / (I + alpha sum (1 - y) p + beta sum y (1 - p) + 1e-7),   I = sum y p
 *
 * Both are a I / (b I + c sum p + d sum y + 1e-7), so with D for what is below the line the
 * gradient is -a (y D - I (b y + c)) / D^2, for each row as often as it counts. */
double CAPAS_PLAIN(capas_loss_of_overlap)(const capas_loss_problem *problem,
                                          const capas_loss_arguments *arguments)
{
    const bool dice = problem->kind == CAPAS_LOSS_KIND_DICE;
    const double alpha = problem->alpha, beta = problem->beta;
    const double a = dice ? 2 : 1, b = dice ? 0 : 1 - alpha - beta, c = dice ? 1 : alpha,
                 d = dice ? 1 : beta;
    const capas_real *p = arguments->prediction, *y = arguments->target, *w = arguments->weight;
    const int64_t count = arguments->rows * problem->classes;
    double both = 0, predicted = 0, wanted = 0, times = 0;
    for (int64_t i = 0; i < count; i++) {
        both += (double)y[i] * p[i];
        predicted += p[i];
        wanted += y[i];
    }
    for (int64_t row = 0; row < arguments->rows; row++)
        times += arguments->factor * (w ? w[row] : 1);
    const double below = b * both + c * predicted + d * wanted + 1e-7;
    capas_real *gradient = arguments->prediction_gradient;
    for (int64_t i = 0; gradient && i < count; i++)
        gradient[i] =
            (capas_real)(-times * a * (y[i] * below - both * (b * y[i] + c)) / (below * below));
    return 1 - a * both / below;
}
