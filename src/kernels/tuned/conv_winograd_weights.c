/* Filters to Winograd's points (conv_winograd.h): vectors of filters, some channels at a time, so
 * that what they give to a point is a run of cache lines. */
#include "kernels/tuned/conv_winograd.h"
#include "kernels/tuned/elements.h"

enum { RUN = 4 /* channels */ };

typedef struct call {
    const float *weights;
    bool turned;
    float *points;
} call;

/* A vector of weights of one channel and filters first ..; lanes that are not there are anything.
 */
CAPAS_INLINE vfloat load_weights(const capas_conv_problem *p, const call *c, int tap, int channel,
                                 int first, int count)
{
    const int64_t channels = p->channels, filters = p->filters;
    if (!c->turned)
        return v_load_some(c->weights + (tap * channels + channel) * filters + first, count);
    const int64_t last = p->kernel_height * p->kernel_width - 1;
    const vint lane = v_lanes() & (v_lanes() < count);
    return v_gather(c->weights + ((last - tap) * filters + first) * channels + channel,
                    lane * (int32_t)channels);
}

/* One channel of a vector of filters to the points, RUN blocks apart. */
CAPAS_INLINE void transform(const int line, const capas_conv_problem *p, const call *c, int channel,
                            int first, float *to)
{
    const int kernel = winograd_kernel(line);
    const int count = conv_smaller(CAPAS_VECTOR, p->filters - first);
    vfloat half[WINOGRAD_LINE][WINOGRAD_LINE];
    CAPAS_UNROLL
    for (int s = 0; s < kernel; s++) {
        vfloat w[5], point[WINOGRAD_LINE];
        CAPAS_UNROLL
        for (int r = 0; r < kernel; r++)
            w[r] = load_weights(p, c, r * kernel + s, channel, first, count);
        winograd_weights(line, w, point);
        CAPAS_UNROLL
        for (int i = 0; i < line; i++)
            half[i][s] = point[i];
    }
    CAPAS_UNROLL
    for (int i = 0; i < line; i++) {
        vfloat point[WINOGRAD_LINE];
        winograd_weights(line, half[i], point);
        CAPAS_UNROLL
        for (int j = 0; j < line; j++)
            v_store(to + (i * line + j) * RUN * CONV_BLOCK, point[j]);
    }
}

static void transform_6(const capas_conv_problem *p, const call *c, int channel, int first,
                        float *to)
{
    transform(6, p, c, channel, first, to);
}

static void transform_8(const capas_conv_problem *p, const call *c, int channel, int first,
                        float *to)
{
    transform(8, p, c, channel, first, to);
}

/* Runs of channels begin .. end-1, counted through all blocks of filters. */
static void transform_runs(const void *problem, const void *context, int64_t begin, int64_t end,
                           int shard)
{
    const capas_conv_problem *p = problem;
    const call *c = context;
    const int runs = (p->channels + RUN - 1) / RUN, line = winograd_line_of(p);
    const int points = line * line;
    float run[WINOGRAD_POINTS][RUN][CONV_BLOCK] = {0};
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        const int block = (int)(i / runs), channel = (int)(i % runs) * RUN;
        const int count = conv_smaller(RUN, p->channels - channel);
        for (int j = 0; j < count * CONV_BLOCK; j += CAPAS_VECTOR) {
            const int first = block * CONV_BLOCK + j % CONV_BLOCK;
            if (first < p->filters)
                (line == 6 ? transform_6 : transform_8)(p, c, channel + j / CONV_BLOCK, first,
                                                        run[0][0] + j);
        }
        float *to = c->points + ((int64_t)block * points * p->channels + channel) * CONV_BLOCK;
        for (int j = 0; j < points; j++, to += (int64_t)p->channels * CONV_BLOCK)
            memcpy(to, run[j], (size_t)count * sizeof run[j][0]);
    }
}

size_t CAPAS_TUNED(capas_winograd_weight_floats)(const capas_conv_problem *p)
{
    const size_t line = (size_t)winograd_line_of(p);
    return (size_t)conv_sizes_of(p).blocks * line * line * (size_t)p->channels * CONV_BLOCK;
}

void CAPAS_TUNED(capas_winograd_weights)(const capas_conv_problem *p, const float *weights,
                                         bool turned, float *points)
{
    const call c = {weights, turned, points};
    const int64_t runs = (p->channels + RUN - 1) / RUN;
    capas_parallel_ranges(conv_sizes_of(p).blocks * runs, 8, p->workers, transform_runs, p, &c);
}
