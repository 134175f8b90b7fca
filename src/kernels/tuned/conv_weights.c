/* The gradient of a convolution's weights, however an image's part is computed: shards by image
 * (and by filter where sums of their own would take too much memory or time), then the sum over
 * shards, in their order, as HWIO.
 *
 *   sums [image_shards][sum_floats]   at most 16 of them and 32 MB in all
 *   bias [image_shards][vectors * CAPAS_VECTOR] */
#include "kernels/kernel.h"
#include "kernels/tuned/conv_backward.h"

enum { MOST_SUM_BYTES = 32 << 20, CELLS_A_SHARD = 192 };

typedef struct call {
    conv_backward b;
    const conv_weights_way *way;
    int image_shards, filter_parts;
    int images; /* taken together */
    size_t sum_floats, bias_floats, copy_floats, scratch_bytes;
    float *sums, *bias_sums;
    float *copies; /* [workers][images][copy_floats] */
    char *scratch; /* [workers][scratch_bytes] */
} call;

/* Sums of their own are to be cleared and added up: that shall be little beside the cells that they
 * are made of, if there are filters enough for all shards. */
static int image_shards_of(const call *c, int n)
{
    const int64_t most = MOST_SUM_BYTES / (int64_t)(c->sum_floats * sizeof(float));
    const int64_t by_cells = n * c->b.sizes.cells / CELLS_A_SHARD;
    const int64_t by_filters = CAPAS_MAX_SHARDS / c->b.vectors;
    int64_t shards = by_cells > by_filters ? by_cells : by_filters;
    if (shards > most) shards = most;
    if (shards > capas_shard_count(n, 1)) shards = capas_shard_count(n, 1);
    return shards > 1 ? (int)shards : 1;
}

static size_t lay_out(call *c, const capas_conv_problem *p, const capas_conv_backward_arguments *a,
                      const conv_weights_way *way, int n)
{
    conv_memory memory = {a ? a->workspace : NULL, 0};
    c->b = conv_backward_of(p, a, way->whole_vectors);
    c->way = way;
    c->sum_floats = (way->sum_floats(&c->b) + 15) / 16 * 16;
    c->bias_floats = (size_t)c->b.vectors * CAPAS_VECTOR;
    c->image_shards = image_shards_of(c, n);
    c->filter_parts = conv_smaller(CAPAS_MAX_SHARDS / c->image_shards, c->b.vectors);
    c->images = way->images(&c->b);
    const size_t shards = (size_t)c->image_shards, workers = (size_t)conv_workers(p);
    c->copy_floats = c->b.copied ? conv_copy_floats(p, &c->b.sizes, c->b.sizes.padded_height) : 0;
    c->scratch_bytes = (way->scratch_bytes(&c->b) + 63) / 64 * 64;
    c->sums = conv_take(&memory, shards * c->sum_floats, sizeof(float));
    c->bias_sums = conv_take(&memory, shards * c->bias_floats, sizeof(float));
    c->copies = conv_take(&memory, workers * (size_t)c->images * c->copy_floats, sizeof(float));
    c->scratch = conv_take(&memory, workers * c->scratch_bytes, 1);
    return memory.used;
}

size_t CAPAS_TUNED(capas_conv_weights_workspace)(const capas_conv_problem *p,
                                                 const conv_weights_way *way)
{
    call c;
    return lay_out(&c, p, NULL, way, p->batch);
}

/* Images n .. n + count - 1, each as windows see it; the view that is kept is the first one's. */
static conv_images images_at(const call *c, int64_t n, int count, float *copies)
{
    const conv_backward *b = &c->b;
    const float *input = b->arguments->input;
    conv_images images = {
        .image_step = copies ? (int64_t)c->copy_floats : b->sizes.image,
        .gradient = conv_gradient_of(b, n),
        .count = count,
    };
    for (int i = count - 1; i >= 0; i--)
        images.view = CAPAS_TUNED(capas_conv_view)(
            b->problem, &b->sizes, input + (n + i) * b->sizes.image, 0, b->sizes.padded_height,
            copies ? copies + (size_t)i * c->copy_floats : NULL);
    return images;
}

/* Shard i: filters of part i % filter_parts of the images of shard i / filter_parts. */
static void add_images(void *context, int shard, int worker)
{
    const call *c = context;
    const conv_backward *b = &c->b;
    const capas_conv_backward_arguments *a = b->arguments;
    const int part = shard % c->filter_parts, image_shard = shard / c->filter_parts;
    const int begin = (int)capas_shard_begin(b->vectors, c->filter_parts, part);
    const int end = (int)capas_shard_begin(b->vectors, c->filter_parts, part + 1);
    float *sums = a->weight_gradient ? c->sums + (size_t)image_shard * c->sum_floats : NULL;
    float *bias_sums = c->bias_sums + (size_t)image_shard * c->bias_floats;
    const size_t copies = (size_t)worker * (size_t)c->images * c->copy_floats;
    const int64_t last = capas_shard_begin(a->n, c->image_shards, image_shard + 1);
    int64_t n = capas_shard_begin(a->n, c->image_shards, image_shard);
    for (; n < last; n += c->images) {
        const int count = last - n < c->images ? (int)(last - n) : c->images;
        const conv_images images = images_at(c, n, count, b->copied ? c->copies + copies : NULL);
        c->way->add_images(b, &images, begin, end, sums, bias_sums,
                           c->scratch + (size_t)worker * c->scratch_bytes);
    }
}

/* sums[0][i] = sum over shards of sums[shard][i]: elements begin .. end-1, in sixteens */
static void add_shards(const void *problem, const void *context, int64_t begin, int64_t end,
                       int shard)
{
    const call *c = context;
    (void)problem;
    (void)shard;
    for (int64_t i = begin * 16; i < end * 16; i += CAPAS_VECTOR) {
        vfloat sum = v_load(c->sums + i);
        for (int s = 1; s < c->image_shards; s++)
            sum += v_load(c->sums + (size_t)s * c->sum_floats + i);
        v_store(c->sums + i, sum);
    }
}

static void write_weights(const void *problem, const void *context, int64_t begin, int64_t end,
                          int shard)
{
    const call *c = context;
    (void)problem;
    (void)shard;
    c->way->write(&c->b, c->sums, (int)begin, (int)end, c->b.arguments->weight_gradient);
}

static void write_bias(const call *c)
{
    float *bias = c->b.arguments->bias_gradient;
    for (int k = 0; k < c->b.problem->filters; k++) {
        float sum = c->bias_sums[k];
        for (int s = 1; s < c->image_shards; s++)
            sum += c->bias_sums[(size_t)s * c->bias_floats + (size_t)k];
        bias[k] = sum;
    }
}

void CAPAS_TUNED(capas_conv_weights)(const capas_conv_problem *p,
                                     const capas_conv_backward_arguments *a,
                                     const conv_weights_way *way)
{
    call c;
    if (!a->weight_gradient && !a->bias_gradient) return;
    lay_out(&c, p, a, way, a->n);
    const size_t shards = (size_t)c.image_shards;
    memset(c.bias_sums, 0, shards * c.bias_floats * sizeof(float));
    if (a->weight_gradient) memset(c.sums, 0, shards * c.sum_floats * sizeof(float));
    capas_parallel(c.image_shards * c.filter_parts, p->workers, add_images, &c);
    if (a->bias_gradient) write_bias(&c);
    if (!a->weight_gradient) return;
    if (c.image_shards > 1)
        capas_parallel_ranges((int64_t)c.sum_floats / 16, 256, p->workers, add_shards, p, &c);
    capas_parallel_ranges(c.b.vectors, 1, p->workers, write_weights, p, &c);
}
