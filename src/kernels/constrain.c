/* Constraints on weights, and the penalty on vectors that are not at right angles; see constrain.h.
 * Sums are made in double, each by one thread in order. */
#include "kernels/constrain.h"
#include "kernels/dense.h"
#include <math.h>

static const double least_norm = 1e-7;

/* Axes of one kind: their sizes, strides and places together. */
typedef struct part {
    int rank;
    int64_t dims[CAPAS_MAX_RANK], strides[CAPAS_MAX_RANK], count;
} part;

static part part_of(const capas_norm_problem *p, bool summed)
{
    part result = {.count = 1};
    int64_t stride = 1;
    for (int d = p->shape.rank - 1; d >= 0; d--) {
        if (p->summed[d] == summed) {
            result.dims[result.rank] = p->shape.dims[d];
            result.strides[result.rank++] = stride;
            result.count *= p->shape.dims[d];
        }
        stride *= p->shape.dims[d];
    }
    return result;
}

static int64_t offset_in(const part *part, int64_t place)
{
    int64_t offset = 0;
    for (int d = 0; d < part->rank; d++) {
        offset += place % part->dims[d] * part->strides[d];
        place /= part->dims[d];
    }
    return offset;
}

static float *weight_at(const capas_norm_problem *p, float *weights, int64_t index)
{
    if (p->tile == 0) return &weights[index];
    const int64_t units = p->shape.dims[p->shape.rank - 1];
    return &weights[capas_dense_tiled_index(index / units, index % units, units, p->tile)];
}

static void limit_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                        int shard)
{
    const capas_norm_problem *p = problem;
    float *weights = *(float *const *)arguments;
    const part summed = part_of(p, true), kept = part_of(p, false);
    (void)shard;
    for (int64_t place = begin; place < end; place++) {
        const int64_t first = offset_in(&kept, place);
        double squares = 0;
        for (int64_t i = 0; i < summed.count; i++) {
            const double w = *weight_at(p, weights, first + offset_in(&summed, i));
            squares += w * w;
        }
        const double norm = sqrt(squares);
        const double clipped = norm < p->minimum   ? p->minimum
                               : norm > p->maximum ? p->maximum
                                                   : norm;
        const double desired = p->rate * clipped + (1 - p->rate) * norm;
        const float factor = (float)(desired / (least_norm + norm));
        for (int64_t i = 0; i < summed.count; i++)
            *weight_at(p, weights, first + offset_in(&summed, i)) *= factor;
    }
}

void capas_limit_norms(const capas_norm_problem *problem, float *weights)
{
    const part kept = part_of(problem, false);
    capas_parallel_ranges(kept.count, 64, problem->workers, limit_range, problem, &weights);
}

static void positive_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    float *weights = *(float *const *)arguments;
    (void)problem;
    (void)shard;
    for (int64_t i = begin; i < end; i++)
        if (weights[i] < 0) weights[i] = 0;
}

void capas_limit_to_positive(float *weights, int64_t count, int workers)
{
    capas_parallel_ranges(count, 16384, workers, positive_range, NULL, &weights);
}

static int64_t vectors_of(const capas_orthogonal_problem *p)
{
    return p->by_columns ? p->columns : p->rows;
}

static int64_t length_of(const capas_orthogonal_problem *p)
{
    return p->by_columns ? p->rows : p->columns;
}

/* Where number k of vector i is. */
static int64_t place_of(const capas_orthogonal_problem *p, int64_t i, int64_t k)
{
    const int64_t row = p->by_columns ? k : i, column = p->by_columns ? i : k;
    if (p->tile == 0) return row * p->columns + column;
    return capas_dense_tiled_index(row, column, p->columns, p->tile);
}

static double product(const capas_orthogonal_problem *p, const float *weights, int64_t i, int64_t j)
{
    double sum = 0;
    for (int64_t k = 0; k < length_of(p); k++)
        sum += (double)weights[place_of(p, i, k)] * weights[place_of(p, j, k)];
    return sum;
}

/* A vector is divided by its length, or by 1e-7. */
static double scale_of(const capas_orthogonal_problem *p, const float *weights, int64_t i)
{
    const double length = sqrt(product(p, weights, i, i));
    return 1 / (length > least_norm ? length : least_norm);
}

/* Of one ordered pair: half the factor over the number of pairs. */
static double share_of(const capas_orthogonal_problem *p)
{
    const double count = (double)vectors_of(p);
    return count > 1 ? p->factor / (count * (count - 1)) : 0;
}

double capas_orthogonal_penalty(const capas_orthogonal_problem *p, const float *weights)
{
    double sum = 0;
    for (int64_t i = 0; i < vectors_of(p); i++) {
        const double scale = scale_of(p, weights, i);
        for (int64_t j = i + 1; j < vectors_of(p); j++)
            sum += 2 * fabs(product(p, weights, i, j) * scale * scale_of(p, weights, j));
    }
    return share_of(p) * sum;
}

/* A call's arrays. */
typedef struct orthogonal_call {
    const float *weights;
    float *gradient;
} orthogonal_call;

/* With n = w / |w| and a = n_i . n_j: d|a| / dw_i = sign(a) (n_j - a n_i) / |w_i|, twice, as each
 * pair counts in both orders. */
static void orthogonal_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                             int shard)
{
    const capas_orthogonal_problem *p = problem;
    const orthogonal_call *call = arguments;
    const float *w = call->weights;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        const double scale = scale_of(p, w, i);
        for (int64_t j = 0; j < vectors_of(p); j++) {
            if (j == i) continue;
            const double other = scale_of(p, w, j), a = product(p, w, i, j) * scale * other;
            const double factor = 2 * share_of(p) * scale * ((a > 0) - (a < 0));
            for (int64_t k = 0; k < length_of(p); k++)
                call->gradient[place_of(p, i, k)] +=
                    (float)(factor *
                            (w[place_of(p, j, k)] * other - a * w[place_of(p, i, k)] * scale));
        }
    }
}

void capas_add_orthogonal_gradient(const capas_orthogonal_problem *p, const float *weights,
                                   float *gradient)
{
    const orthogonal_call call = {weights, gradient};
    capas_parallel_ranges(vectors_of(p), 8, p->workers, orthogonal_range, p, &call);
}
