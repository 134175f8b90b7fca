/* dX of a convolution with stride 1 as a convolution itself, of dZ with the filters flipped, by
 * Winograd's way where that pays and else directly:
 *
 *   dX[y,x,c] = sum over r,s,k of dZ[y + pad_top - r, x + pad_left - s, k] * W[r,s,c,k]
 *             = sum over r',s',k of dZ[y + r' - pad', x + s' - pad', k] * V[r',s',k,c]
 *   V[r',s',k,c] = W[kernel_height-1-r', kernel_width-1-s', c, k],  pad' = kernel - 1 - pad */
#include "kernels/kernel.h"
#include "kernels/tuned/conv_backward.h"
#include "kernels/tuned/conv_winograd.h"

typedef struct call {
    conv_backward b;
    capas_conv_problem flipped;
    conv_sizes sizes; /* of the flipped problem */
    conv_packed packed;
    float *copies; /* [workers][copy_floats]: dZ with its rim */
    float *maps;   /* [workers][map floats]: dZ where ReLU decides */
    size_t copy_floats, map_floats;
} call;

static capas_conv_problem flipped_problem(const capas_conv_problem *p)
{
    capas_conv_problem flipped = *p;
    flipped.height = p->out_height;
    flipped.width = p->out_width;
    flipped.channels = p->filters;
    flipped.filters = p->channels;
    flipped.out_height = p->height;
    flipped.out_width = p->width;
    flipped.pad_top = p->kernel_height - 1 - p->pad_top;
    flipped.pad_left = p->kernel_width - 1 - p->pad_left;
    flipped.activation = CAPAS_LINEAR;
    flipped.has_bias = false;
    return flipped;
}

static size_t lay_out(call *c, const capas_conv_problem *p, const capas_conv_backward_arguments *a)
{
    conv_memory memory = {a ? a->workspace : NULL, 0};
    c->b = conv_backward_of(p, a, false);
    c->flipped = flipped_problem(p);
    c->sizes = conv_sizes_of(&c->flipped);
    const conv_sizes *z = &c->sizes;
    const size_t blocks = (size_t)z->blocks, workers = (size_t)conv_workers(p);
    c->copy_floats = z->rim ? conv_copy_floats(&c->flipped, z, z->padded_height) : 0;
    c->map_floats = p->activation == CAPAS_RELU ? (size_t)c->b.sizes.map + CAPAS_VECTOR : 0;
    c->packed.weights = conv_take(&memory, blocks * (size_t)z->taps * CONV_BLOCK, sizeof(float));
    c->packed.bias = conv_take(&memory, blocks * CONV_BLOCK, sizeof(float));
    c->copies = conv_take(&memory, workers * c->copy_floats, sizeof(float));
    c->maps = conv_take(&memory, workers * c->map_floats, sizeof(float));
    return memory.used;
}

bool CAPAS_TUNED(capas_conv_flipped_is_winograd)(const capas_conv_problem *p)
{
    const capas_conv_problem flipped = flipped_problem(p);
    return CAPAS_TUNED(capas_winograd_pays)(&flipped);
}

size_t CAPAS_TUNED(capas_conv_input_flipped_workspace)(const capas_conv_problem *p)
{
    call c;
    const capas_conv_problem flipped = flipped_problem(p);
    if (CAPAS_TUNED(capas_conv_flipped_is_winograd)(p))
        return CAPAS_TUNED(capas_winograd_workspace)(&flipped);
    return lay_out(&c, p, NULL);
}

/* Blocks begin .. end-1 of 16 channels. */
static void pack_blocks(const void *problem, const void *context, int64_t begin, int64_t end,
                        int shard)
{
    const capas_conv_problem *p = problem;
    const call *c = context;
    const float *weights = c->b.arguments->weights;
    (void)shard;
    for (int first = (int)begin * CONV_BLOCK; first < end * CONV_BLOCK; first += CONV_BLOCK) {
        float *to = c->packed.weights + (int64_t)first * c->sizes.taps;
        const int count = conv_smaller(CONV_BLOCK, p->channels - first);
        for (int tap = p->kernel_height * p->kernel_width - 1; tap >= 0; tap--) {
            const float *from = weights + ((int64_t)tap * p->channels + first) * p->filters;
            for (int k = 0; k < p->filters; k++, to += CONV_BLOCK)
                for (int j = 0; j < CONV_BLOCK; j++)
                    to[j] = j < count ? from[(int64_t)j * p->filters + k] : 0.0f;
        }
        memset(c->packed.bias + first, 0, CONV_BLOCK * sizeof(float));
    }
}

/* dZ of image n: the gradient itself, or a copy without what ReLU held back. */
static const float *map_gradient(const call *c, int64_t n, float *map)
{
    const conv_gradient g = conv_gradient_of(&c->b, n);
    if (!g.output) return g.gradient;
    for (int64_t i = 0; i < c->b.sizes.map; i += CAPAS_VECTOR) {
        const int64_t left = c->b.sizes.map - i;
        v_store(map + i, conv_live(&g, i, left < CAPAS_VECTOR ? (int)left : CAPAS_VECTOR));
    }
    return map;
}

static void convolve_image(const call *c, int64_t n, int worker)
{
    const capas_conv_problem *p = &c->flipped;
    const conv_sizes *z = &c->sizes;
    const float *map = map_gradient(c, n, c->maps + (size_t)worker * c->map_floats);
    const conv_view view =
        CAPAS_TUNED(capas_conv_view)(p, z, map, 0, z->padded_height,
                                     z->rim ? c->copies + (size_t)worker * c->copy_floats : NULL);
    float *dx = (float *)c->b.arguments->input_gradient + n * c->b.sizes.image;
    for (int block = 0; block < z->blocks; block++) {
        conv_row row = conv_row_of(p, z, c->packed, view, block);
        row.output = dx + block * CONV_BLOCK;
        row.output_step = p->filters;
        for (int y = 0; y < p->out_height; y++) {
            CAPAS_TUNED(capas_conv_direct_row)(&row);
            row.input += view.pitch;
            row.output += (int64_t)p->out_width * p->filters;
        }
    }
}

static void convolve_images(void *context, int shard, int worker)
{
    const call *c = context;
    const int n = c->b.arguments->n, shards = capas_shard_count(n, 1);
    const int64_t end = capas_shard_begin(n, shards, shard + 1);
    for (int64_t i = capas_shard_begin(n, shards, shard); i < end; i++)
        convolve_image(c, i, worker);
}

static void convolve_by_winograd(const capas_conv_problem *p, const capas_conv_problem *flipped,
                                 const capas_conv_backward_arguments *a)
{
    const winograd_arguments arguments = {
        .forward = {.n = a->n,
                    .input = a->output_gradient,
                    .weights = a->weights,
                    .output = a->input_gradient,
                    .workspace = a->workspace},
        .gate = p->activation == CAPAS_RELU ? a->output : NULL,
        .turned = true,
    };
    CAPAS_TUNED(capas_winograd)(flipped, &arguments);
}

void CAPAS_TUNED(capas_conv_input_flipped)(const capas_conv_problem *p,
                                           const capas_conv_backward_arguments *a)
{
    call c;
    const capas_conv_problem flipped = flipped_problem(p);
    if (CAPAS_TUNED(capas_conv_flipped_is_winograd)(p)) {
        convolve_by_winograd(p, &flipped, a);
        return;
    }
    lay_out(&c, p, a);
    capas_parallel_ranges(c.sizes.blocks, 1, p->workers, pack_blocks, p, &c);
    capas_parallel(capas_shard_count(a->n, 1), p->workers, convolve_images, &c);
}
