/* Weights of layers: declaring them, their order in the model's block, and how they start
 * (keras-semantics 2.2; Keras initializers/random_initializers.py). Values themselves are the
 * model's. */
#include "base/memory.h"
#include "base/text.h"
#include "kernels/dense.h"
#include "kernels/fill.h"
#include "layers/layer.h"
#include <math.h>
#include <string.h>

enum { TEXT_SIZE = 128, MOST_ELEMENTS = 1 << 29 };

capas_status capas_layer_add_weight(capas_layer *layer, const char *name, const capas_shape *shape,
                                    capas_initializer initializer, capas_regularizer regularizer,
                                    bool trainable)
{
    char text[TEXT_SIZE];
    int64_t count = capas_shape_count(shape, 0);
    if (count < 1 || count > MOST_ELEMENTS)
        return capas_layer_fail(layer, CAPAS_UNSUPPORTED,
                                "its %s would be %s; capas has no weight of more than %d numbers",
                                name, capas_shape_text(shape, text, sizeof text), MOST_ELEMENTS);
    int least = initializer.kind == CAPAS_INITIALIZER_ORTHOGONAL ? 2 : 0;
    bool matrix = initializer.kind == CAPAS_INITIALIZER_IDENTITY;
    if (shape->rank < least || (matrix && shape->rank != 2))
        return capas_layer_fail(
            layer, CAPAS_SHAPE_MISMATCH, "its %s would be %s; the initializer %s takes %s", name,
            capas_shape_text(shape, text, sizeof text), matrix ? "identity" : "orthogonal",
            matrix ? "a matrix" : "at least two axes");
    if (regularizer.kind == CAPAS_REGULARIZER_ORTHOGONAL && shape->rank != 2)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "its %s would be %s; OrthogonalRegularizer takes a matrix", name,
                                capas_shape_text(shape, text, sizeof text));
    capas_weight *weight = &layer->weights[layer->weight_count++];
    *weight = (capas_weight){
        .name = name,
        .shape = *shape,
        .layout = CAPAS_LAYOUT_PLAIN,
        .initializer = initializer,
        .regularizer = regularizer,
        .trainable = trainable,
        .index = CAPAS_NO_WEIGHT,
    };
    return CAPAS_OK;
}

int64_t capas_weight_columns(const capas_weight *weight)
{
    return weight->shape.rank > 0 ? weight->shape.dims[weight->shape.rank - 1] : 1;
}

int64_t capas_weight_rows(const capas_weight *weight)
{
    return capas_shape_count(&weight->shape, 0) / capas_weight_columns(weight);
}

int64_t capas_weight_count(const capas_weight *weight)
{
    if (weight->layout == CAPAS_LAYOUT_TILED)
        return capas_dense_tiled_count(capas_weight_rows(weight), capas_weight_columns(weight));
    return capas_shape_count(&weight->shape, 0);
}

/* Of a volume's kernel, tap by tap; `packs`: from Keras's order, else to it. */
static void move_taps(const capas_weight *weight, const float *from, float *to, bool packs)
{
    const int64_t *dims = weight->shape.dims;
    const int64_t pixels = dims[1] * dims[2], tap = dims[3] * dims[4];
    for (int64_t depth = 0; depth < dims[0]; depth++)
        for (int64_t pixel = 0; pixel < pixels; pixel++) {
            const int64_t keras = depth * pixels + pixel, block = pixel * dims[0] + depth;
            memcpy(to + (packs ? block : keras) * tap, from + (packs ? keras : block) * tap,
                   (size_t)tap * sizeof *to);
        }
}

int capas_weight_tile(const capas_weight *weight)
{
    if (weight->layout != CAPAS_LAYOUT_TILED) return 0;
    return capas_dense_tile(capas_weight_rows(weight), capas_weight_columns(weight));
}

void capas_weight_pack(const capas_weight *weight, const float *plain, float *block)
{
    if (weight->layout == CAPAS_LAYOUT_PLAIN) {
        memcpy(block, plain, (size_t)capas_weight_count(weight) * sizeof *block);
        return;
    }
    if (weight->layout == CAPAS_LAYOUT_DEPTH_INSIDE) {
        move_taps(weight, plain, block, true);
        return;
    }
    const int64_t inputs = capas_weight_rows(weight), units = capas_weight_columns(weight);
    int tile = capas_dense_tile(inputs, units);
    memset(block, 0, (size_t)capas_weight_count(weight) * sizeof *block);
    for (int64_t k = 0; k < inputs; k++)
        for (int64_t j = 0; j < units; j++)
            block[capas_dense_tiled_index(k, j, units, tile)] = plain[k * units + j];
}

void capas_weight_unpack(const capas_weight *weight, const float *block, float *plain)
{
    if (weight->layout == CAPAS_LAYOUT_PLAIN) {
        memcpy(plain, block, (size_t)capas_weight_count(weight) * sizeof *plain);
        return;
    }
    if (weight->layout == CAPAS_LAYOUT_DEPTH_INSIDE) {
        move_taps(weight, block, plain, false);
        return;
    }
    const int64_t inputs = capas_weight_rows(weight), units = capas_weight_columns(weight);
    int tile = capas_dense_tile(inputs, units);
    for (int64_t k = 0; k < inputs; k++)
        for (int64_t j = 0; j < units; j++)
            plain[k * units + j] = block[capas_dense_tiled_index(k, j, units, tile)];
}

/* Connections into and out of one output element, as Keras counts them for any weight. */
static void count_fans(const capas_shape *shape, double *fan_in, double *fan_out)
{
    int rank = shape->rank;
    double receptive = 1;
    for (int i = 0; i < rank - 2; i++)
        receptive *= (double)shape->dims[i];
    *fan_out = rank > 0 ? (double)shape->dims[rank - 1] * receptive : 1;
    *fan_in = rank > 1 ? (double)shape->dims[rank - 2] * receptive : *fan_out;
}

/* Keras's VarianceScaling: glorot 1 / mean of the fans, he 2 / fan_in, lecun 1 / fan_in. */
static double variance(const capas_initializer *initializer, const capas_shape *shape)
{
    double fan_in, fan_out;
    count_fans(shape, &fan_in, &fan_out);
    switch (initializer->kind) {
    case CAPAS_INITIALIZER_VARIANCE_SCALING:
        if (initializer->mode == CAPAS_FAN_IN) return initializer->value / fmax(1, fan_in);
        if (initializer->mode == CAPAS_FAN_OUT) return initializer->value / fmax(1, fan_out);
        return initializer->value / fmax(1, (fan_in + fan_out) / 2);
    case CAPAS_INITIALIZER_HE_UNIFORM:
    case CAPAS_INITIALIZER_HE_NORMAL:
        return 2 / fmax(1, fan_in);
    case CAPAS_INITIALIZER_LECUN_UNIFORM:
    case CAPAS_INITIALIZER_LECUN_NORMAL:
        return 1 / fmax(1, fan_in);
    default:
        return 1 / fmax(1, (fan_in + fan_out) / 2);
    }
}

static void fill_constant(float *plain, int64_t count, double value)
{
    for (int64_t i = 0; i < count; i++)
        plain[i] = (float)value;
}

/* Ones on the diagonal, also of a matrix that is not square. */
static void fill_identity(float *plain, const capas_shape *shape, double gain)
{
    fill_constant(plain, shape->dims[0] * shape->dims[1], 0);
    for (int64_t i = 0; i < shape->dims[0] && i < shape->dims[1]; i++)
        plain[i * shape->dims[1] + i] = (float)gain;
}

/* The weight as a matrix of all axes but the last by the last: the shorter ones of its rows and
 * columns are at right angles. */
static void fill_orthogonal(float *plain, const capas_shape *shape, capas_random random,
                            double gain)
{
    int64_t columns = shape->dims[shape->rank - 1], count = capas_shape_count(shape, 0);
    int64_t rows = count / columns;
    capas_fill_normal(plain, count, random, 0, 1);
    if (rows < columns)
        capas_make_orthogonal(plain, rows, columns, columns, 1, gain);
    else
        capas_make_orthogonal(plain, columns, rows, 1, columns, gain);
}

/* The distribution that VarianceScaling draws from; of the initializers made of it their own. */
static capas_distribution distribution_of(const capas_initializer *initializer)
{
    switch (initializer->kind) {
    case CAPAS_INITIALIZER_VARIANCE_SCALING:
        return initializer->distribution;
    case CAPAS_INITIALIZER_GLOROT_UNIFORM:
    case CAPAS_INITIALIZER_HE_UNIFORM:
    case CAPAS_INITIALIZER_LECUN_UNIFORM:
        return CAPAS_DISTRIBUTION_UNIFORM;
    default:
        return CAPAS_DISTRIBUTION_TRUNCATED_NORMAL;
    }
}

static void fill_scaled(float *plain, int64_t count, capas_random random,
                        capas_distribution distribution, double scale)
{
    /* The deviation of a normal distribution of deviation 1 that is cut at +-2. */
    static const double cut_deviation = 0.87962566103423978;
    const double limit = sqrt(3 * scale);
    if (distribution == CAPAS_DISTRIBUTION_UNIFORM)
        capas_fill_uniform(plain, count, random, -limit, limit);
    else if (distribution == CAPAS_DISTRIBUTION_UNTRUNCATED_NORMAL)
        capas_fill_normal(plain, count, random, 0, sqrt(scale));
    else
        capas_fill_truncated_normal(plain, count, random, 0, sqrt(scale) / cut_deviation);
}

void capas_weight_initialize(const capas_weight *weight, uint64_t seed, uint32_t stream,
                             float *plain)
{
    const capas_initializer *initializer = &weight->initializer;
    int64_t count = capas_shape_count(&weight->shape, 0);
    capas_random random = {seed, stream, 0};
    /* As in Keras, a seed of its own gives the same numbers wherever it is used. */
    if (initializer->has_seed)
        random = (capas_random){(uint64_t)initializer->seed, CAPAS_STREAM_WEIGHTS, 0};
    switch (initializer->kind) {
    case CAPAS_INITIALIZER_GLOROT_UNIFORM:
    case CAPAS_INITIALIZER_HE_UNIFORM:
    case CAPAS_INITIALIZER_LECUN_UNIFORM:
    case CAPAS_INITIALIZER_GLOROT_NORMAL:
    case CAPAS_INITIALIZER_HE_NORMAL:
    case CAPAS_INITIALIZER_LECUN_NORMAL:
    case CAPAS_INITIALIZER_VARIANCE_SCALING:
        fill_scaled(plain, count, random, distribution_of(initializer),
                    variance(initializer, &weight->shape));
        break;
    case CAPAS_INITIALIZER_RANDOM_UNIFORM:
        capas_fill_uniform(plain, count, random, initializer->low, initializer->high);
        break;
    case CAPAS_INITIALIZER_RANDOM_NORMAL:
        capas_fill_normal(plain, count, random, initializer->low, initializer->high);
        break;
    case CAPAS_INITIALIZER_TRUNCATED_NORMAL:
        capas_fill_truncated_normal(plain, count, random, initializer->low, initializer->high);
        break;
    case CAPAS_INITIALIZER_IDENTITY:
        fill_identity(plain, &weight->shape, initializer->value);
        break;
    case CAPAS_INITIALIZER_ORTHOGONAL:
        fill_orthogonal(plain, &weight->shape, random, initializer->value);
        break;
    case CAPAS_INITIALIZER_ONES:
        fill_constant(plain, count, 1);
        break;
    case CAPAS_INITIALIZER_CONSTANT:
        fill_constant(plain, count, initializer->value);
        break;
    default:
        fill_constant(plain, count, 0);
    }
    fill_constant(plain + weight->ones_begin, weight->ones_end - weight->ones_begin, 1);
}
