/* Dense layers forward: Y[b][j] = activation(bias[j] + sum over k of X[b][k] * W[k][j]), float.
 *
 * The weights lie in tiles of T inputs, [inputs / T][units][T] (kernels/dense.h).
 *
 * Many rows: 16 rows at a time are transposed into a panel [k][16], padded with zeros, so that a
 * weight times 16 rows is one or two multiplications of vectors (dense_product.h). The sums go to
 * [panel][unit][16], and then, with bias and activation, back into plain rows. Work is cut by units
 * and panels.
 *
 * Mostly zeros: only what is not zero is multiplied (dense_sparse.h).
 *
 * Few rows (a single image): dot products along the tiles (dense_dots.h); the weights are read
 * once. */
#include "kernels/dense.h"
#include "kernels/tuned/dense_dots.h"
#include "kernels/tuned/dense_product.h"
#include "kernels/tuned/dense_sparse.h"
#include "kernels/tuned/kernels.h"
#include "kernels/tuned/math.h"
#include "kernels/tuned/scratch.h"
#include "kernels/tuned/transpose.h"

enum {
    GROUP_PANELS = 16,       /* panels in the workspace at once */
    BLOCK_INPUTS = 384,      /* inputs whose panel stays in the first-level cache */
    PACK_GRAIN = 4096,       /* floats */
    PRODUCT_GRAIN = 1 << 17, /* multiplications */
    WANTED_SHARDS = 8,
};

typedef struct forward_call {
    const capas_dense_problem *problem;
    const capas_dense_forward_arguments *arguments;
    int64_t tiles, first_row, rows;
    int panels, unit_blocks, unit_shards, panel_shards;
    float *packed; /* [panels][tiles * tile][16] */
    float *sums;   /* [panels][units][16] */
} forward_call;

/* Pieces are tiles of panels. */
static void pack_range(const void *problem, const void *context, int64_t begin, int64_t end,
                       int shard)
{
    const capas_dense_problem *p = problem;
    const forward_call *call = context;
    (void)shard;
    for (int64_t piece = begin; piece < end; piece++) {
        const int64_t panel = piece / call->tiles, k = piece % call->tiles * p->tile;
        const int64_t row = panel * CAPAS_PANEL;
        const int64_t rows = call->rows - row < CAPAS_PANEL ? call->rows - row : CAPAS_PANEL;
        const int64_t used = p->inputs - k < p->tile ? p->inputs - k : p->tile;
        const float *x = call->arguments->input;
        float *to = call->packed + (panel * call->tiles * p->tile + k) * CAPAS_PANEL;
        capas_transpose(x + (call->first_row + row) * p->inputs + k, p->inputs, rows, used, to,
                        CAPAS_PANEL, CAPAS_PANEL);
        memset(to + used * CAPAS_PANEL, 0, (size_t)(p->tile - used) * CAPAS_PANEL * sizeof(float));
    }
}

static int64_t block_begin(const forward_call *call, int64_t block)
{
    return block * call->problem->units / call->unit_blocks;
}

/* While panel `part` of `parts` is multiplied with a unit block's weights, it asks for its part of
 * those of unit block `block`. */
static void ask_for_weights(const forward_call *call, capas_product *product, const float *weights,
                            int64_t block, int part, int parts)
{
    const int64_t begin = block_begin(call, block), units = block_begin(call, block + 1) - begin;
    product->pace = (int)((units + parts - 1) / parts);
    product->next = weights + (begin + (int64_t)part * product->pace) * product->tile;
}

/* Sums of a range of unit blocks and panels. A unit block's weights for a block of inputs stay in
 * the first level of the cache while all panels pass, the panels in the second; meanwhile the next
 * weights come. */
static void multiply_blocks(const forward_call *call, int64_t block, int64_t end, int panel,
                            int panel_end)
{
    const capas_dense_problem *p = call->problem;
    const int64_t block_tiles = p->tile < BLOCK_INPUTS ? BLOCK_INPUTS / p->tile : 1;
    const int64_t panel_stride = call->tiles * p->tile * CAPAS_PANEL;
    capas_product product = {.tile = p->tile, .tile_stride = p->units * p->tile};
    for (int64_t t = 0; t < call->tiles; t += block_tiles) {
        const float *weights = (const float *)call->arguments->weights + t * product.tile_stride;
        const float *x = call->packed + t * p->tile * CAPAS_PANEL;
        product.tiles = (int)(call->tiles - t < block_tiles ? call->tiles - t : block_tiles);
        product.adds = t > 0;
        const bool last = t + block_tiles >= call->tiles;
        const float *later = last ? weights : weights + block_tiles * product.tile_stride;
        for (int64_t i = block; i < end; i++) {
            const int64_t j = block_begin(call, i), units = block_begin(call, i + 1) - j;
            for (int q = panel; q < panel_end; q++) {
                ask_for_weights(call, &product, i + 1 < end ? weights : later,
                                i + 1 < end ? i + 1 : block, q - panel, panel_end - panel);
                capas_multiply_functions[units - 1](&product, weights + j * p->tile,
                                                    x + q * panel_stride,
                                                    call->sums + (q * p->units + j) * CAPAS_PANEL);
            }
        }
    }
}

/* Y[b][j] = activation(bias[j] + sum[j][b]) for a panel's rows and some units. */
static void finish_panel(const forward_call *call, int panel, int64_t begin, int64_t end)
{
    const capas_dense_problem *p = call->problem;
    const float *bias = p->has_bias ? call->arguments->bias : NULL;
    float *sums = call->sums + (panel * p->units + begin) * CAPAS_PANEL;
    const int64_t row = (int64_t)panel * CAPAS_PANEL;
    const int64_t rows = call->rows - row < CAPAS_PANEL ? call->rows - row : CAPAS_PANEL;
    for (int64_t j = begin; (bias || p->activation != CAPAS_LINEAR) && j < end; j++)
        for (int i = 0; i < CAPAS_PANEL; i += CAPAS_VECTOR) {
            float *sum = sums + (j - begin) * CAPAS_PANEL + i;
            v_store(sum, v_activate(p->activation, v_load(sum) + (bias ? bias[j] : 0.0f)));
        }
    capas_transpose(sums, CAPAS_PANEL, end - begin, rows,
                    (float *)call->arguments->output + (call->first_row + row) * p->units + begin,
                    p->units, end - begin);
}

static void multiply_shard(void *context, int shard, int worker)
{
    const forward_call *call = context;
    const int unit_shard = shard % call->unit_shards, panel_shard = shard / call->unit_shards;
    const int64_t begin = capas_shard_begin(call->unit_blocks, call->unit_shards, unit_shard);
    const int64_t end = capas_shard_begin(call->unit_blocks, call->unit_shards, unit_shard + 1);
    const int panel = (int)capas_shard_begin(call->panels, call->panel_shards, panel_shard);
    const int panel_end = (int)capas_shard_begin(call->panels, call->panel_shards, panel_shard + 1);
    (void)worker;
    multiply_blocks(call, begin, end, panel, panel_end);
    for (int q = panel; q < panel_end; q++)
        finish_panel(call, q, block_begin(call, begin), block_begin(call, end));
}

/* Shards by units first, at least twelve each; when those are few, by panels as well. */
static void choose_shards(forward_call *call)
{
    const capas_dense_problem *p = call->problem;
    const int64_t work = call->tiles * p->tile * p->units * call->panels * CAPAS_PANEL;
    const int shards = capas_shard_count(work, PRODUCT_GRAIN);
    call->unit_shards = capas_shard_count(call->unit_blocks, 12 / CAPAS_UNIT_BLOCK);
    if (call->unit_shards > shards) call->unit_shards = shards;
    call->panel_shards = call->unit_shards < WANTED_SHARDS ? shards / call->unit_shards : 1;
    if (call->panel_shards > call->panels) call->panel_shards = call->panels;
}

static void forward_group(forward_call *call)
{
    const capas_dense_problem *p = call->problem;
    call->panels = (int)((call->rows + CAPAS_PANEL - 1) / CAPAS_PANEL);
    choose_shards(call);
    capas_parallel_ranges(call->panels * call->tiles, PACK_GRAIN / (CAPAS_PANEL * p->tile) + 1,
                          p->workers, pack_range, p, call);
    capas_parallel(call->unit_shards * call->panel_shards, p->workers, multiply_shard, call);
}

/* The workspace: packed panels, then their sums. */
static size_t lay_out(const capas_dense_problem *p, size_t *sums)
{
    size_t end = 0;
    int64_t panels = (p->rows + CAPAS_PANEL - 1) / CAPAS_PANEL;
    if (panels > GROUP_PANELS) panels = GROUP_PANELS;
    capas_take(&end, panels * CAPAS_PANEL * capas_dense_tiles(p) * p->tile, sizeof(float));
    *sums = capas_take(&end, panels * CAPAS_PANEL * p->units, sizeof(float));
    return end;
}

static size_t workspace(const void *problem)
{
    size_t sums, most = lay_out(problem, &sums);
    const size_t dots = capas_dots_workspace(problem), sparse = capas_sparse_workspace(problem);
    if (most < dots) most = dots;
    return most > sparse ? most : sparse;
}

static bool accepts(const void *problem)
{
    const capas_dense_problem *p = problem;
    return p->tile > 0 && p->tile % 16 == 0 && p->tile <= 112 && p->activation != CAPAS_SOFTMAX;
}

static void forward(const void *problem, const void *arguments)
{
    const capas_dense_problem *p = problem;
    const capas_dense_forward_arguments *a = arguments;
    size_t sums;
    lay_out(p, &sums);
    if (a->rows <= CAPAS_DOTS_ROWS) {
        capas_dots(p, a);
        return;
    }
    if (capas_sparse_pays(p, a)) {
        capas_sparse(p, a);
        return;
    }
    forward_call call = {.problem = p,
                         .arguments = a,
                         .tiles = capas_dense_tiles(p),
                         .unit_blocks = (int)((p->units + CAPAS_UNIT_BLOCK - 1) / CAPAS_UNIT_BLOCK),
                         .packed = a->workspace,
                         .sums = capas_piece(a->workspace, sums)};
    for (; call.first_row < a->rows; call.first_row += call.rows) {
        call.rows = a->rows - call.first_row;
        if (call.rows > GROUP_PANELS * CAPAS_PANEL) call.rows = GROUP_PANELS * CAPAS_PANEL;
        forward_group(&call);
    }
}

static unsigned long runs;
const capas_kernel CAPAS_TUNED(capas_dense_forward) = {
    .name = "dense_forward panels " CAPAS_LEVEL_STRING,
    .family = CAPAS_FAMILY_dense_forward,
    .level = CAPAS_LEVEL,
    .element = CAPAS_FLOAT32,
    .accepts = accepts,
    .workspace = workspace,
    .run = forward,
    .prepared = capas_sparse_prepared,
    .prepare = capas_sparse_prepare,
    .runs = &runs,
};
