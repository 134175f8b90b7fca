/* Option structs, the one rule: a field left out (all bits zero) means Keras's default. To say
 * zero, false or "no" where the default is something else, write CAPAS_ZERO. To say Keras's None,
 * write CAPAS_NONE.
 *
 *     capas_dense(10, .use_bias = CAPAS_ZERO)               no bias (default: true)
 *     capas_batch_normalization(.momentum = CAPAS_ZERO)     momentum 0 (default: 0.99)
 *
 * `struct_size` comes first in every option struct and is filled in by the macros; it lets later
 * versions add fields. From C++ use the functions under the macros (capas_dense_with, ...): start
 * from a zeroed struct, set struct_size = sizeof(struct) and what you need. */
#ifndef CAPAS_OPTIONS_H
#define CAPAS_OPTIONS_H

#include <capas/tensor.h>
#include <stddef.h>

CAPAS_BEGIN

#define CAPAS_ZERO  (-2147483647 - 1)
#define CAPAS_NONE  (-2147483647)
#define CAPAS_FALSE CAPAS_ZERO
#define CAPAS_TRUE  1

/* Options at most of a layer, loss or metric of one's own (capas/custom.h). */
enum { CAPAS_CUSTOM_OPTIONS = 16 };

/* Two sizes: {3, 2} is 3 high and 2 wide. A width left out (0) is the height's. */
typedef struct capas_pair {
    int height, width;
} capas_pair;

/* Three sizes: {2, 3, 3} is 2 deep, 3 high and 3 wide. A height left out (0) is the depth's, a
 * width the height's. */
typedef struct capas_triple {
    int depth, height, width;
} capas_triple;

/* Four sides of an image: {1, 2} is one row above and two below. All left out (0): the default, so
 * none at all is said with a CAPAS_ZERO among them. */
typedef struct capas_margins {
    int top, bottom, left, right;
} capas_margins;

/* Six sides of a volume, by the same rule. */
typedef struct capas_margins3d {
    int front, back, top, bottom, left, right;
} capas_margins3d;

typedef enum capas_padding { CAPAS_VALID = 1, CAPAS_SAME, CAPAS_CAUSAL } capas_padding;
typedef enum capas_data_format { CAPAS_CHANNELS_LAST = 1, CAPAS_CHANNELS_FIRST } capas_data_format;

/* A range of numbers: {0.9, 1.2} from 0.9 to 1.2. A second one left out (0): {0.1} is what Keras
 * makes of the number 0.1, a range about the middle that the option tells. */
typedef struct capas_range {
    double low, high;
} capas_range;

/* What lies outside a picture that is turned or moved:
 * constant kkkk|abcd|kkkk, nearest aaaa|abcd|dddd, reflect dcba|abcd|dcba, wrap abcd|abcd|abcd. */
typedef enum capas_fill_mode {
    CAPAS_FILL_CONSTANT = 1,
    CAPAS_FILL_NEAREST,
    CAPAS_FILL_REFLECT,
    CAPAS_FILL_WRAP,
} capas_fill_mode;

/* What lies between pixels. The last three are for pictures from files only, as tf.image.resize has
 * them: area is the mean of what lies under a result. */
typedef enum capas_interpolation {
    CAPAS_INTERPOLATE_NEAREST = 1,
    CAPAS_INTERPOLATE_BILINEAR,
    CAPAS_INTERPOLATE_BICUBIC,
    CAPAS_INTERPOLATE_LANCZOS3,
    CAPAS_INTERPOLATE_LANCZOS5,
    CAPAS_INTERPOLATE_AREA,
    CAPAS_INTERPOLATE_GAUSSIAN,
    CAPAS_INTERPOLATE_MITCHELLCUBIC,
} capas_interpolation;

/* Element by element, but softmax and its logarithm, which are over the last axis
 * (keras-semantics 2.1). Formulas: elu x > 0 ? x : e^x - 1; selu 1.0507 (x > 0 ? x : 1.6733 (e^x -
 * 1)). */
typedef enum capas_activation {
    CAPAS_LINEAR = 1,
    CAPAS_RELU,
    CAPAS_SIGMOID,
    CAPAS_TANH,
    CAPAS_SOFTMAX,
    CAPAS_ELU,
    CAPAS_SELU,
    CAPAS_RELU6,            /* min(max(x, 0), 6) */
    CAPAS_LEAKY_RELU,       /* x > 0 ? x : 0.2 x */
    CAPAS_EXPONENTIAL,      /* e^x */
    CAPAS_SOFTPLUS,         /* log(1 + e^x) */
    CAPAS_SOFTSIGN,         /* x / (1 + |x|) */
    CAPAS_SILU,             /* x sigmoid(x), also called swish */
    CAPAS_GELU,             /* x / 2 (1 + erf(x / sqrt 2)) */
    CAPAS_MISH,             /* x tanh(softplus(x)) */
    CAPAS_HARD_SIGMOID,     /* relu6(x + 3) / 6 */
    CAPAS_HARD_SILU,        /* x hard_sigmoid(x), also called hard_swish */
    CAPAS_HARD_TANH,        /* min(max(x, -1), 1) */
    CAPAS_TANH_SHRINK,      /* x - tanh(x) */
    CAPAS_SOFT_SHRINK,      /* 0 within +-0.5, otherwise 0.5 nearer to 0 */
    CAPAS_HARD_SHRINK,      /* 0 within +-0.5, otherwise x */
    CAPAS_SQUAREPLUS,       /* (x + sqrt(x^2 + 4)) / 2 */
    CAPAS_LOG_SIGMOID,      /* -softplus(-x) */
    CAPAS_CELU,             /* elu, smooth also where its alpha were not 1 */
    CAPAS_GELU_APPROXIMATE, /* x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), Keras's
                               gelu(approximate=True), which Keras cannot say in a file; here
                               {gelu: {approximate: true}} or gelu_approximate */
    CAPAS_LOG_SOFTMAX,      /* the logarithm of softmax, over the last axis */
    CAPAS_SPARSE_PLUS,      /* 0 below -1, (x + 1)^2 / 4 up to 1, then x */
    CAPAS_SPARSE_SIGMOID,   /* (x + 1) / 2, not below 0 nor above 1 */
    CAPAS_SPARSEMAX, /* max(x - t, 0) over the last axis, with the t of Keras 3.15: it adds up
                        running sums, so that what is left sums to 1 only where it is one
                        number */
} capas_activation;

/* How weights start (keras-semantics 2.2). Make one with the functions below; left out, the layer's
 * own default. */
typedef enum capas_initializer_kind {
    CAPAS_INITIALIZER_DEFAULT,
    CAPAS_INITIALIZER_ZEROS,
    CAPAS_INITIALIZER_ONES,
    CAPAS_INITIALIZER_CONSTANT,
    CAPAS_INITIALIZER_GLOROT_UNIFORM,
    CAPAS_INITIALIZER_GLOROT_NORMAL,
    CAPAS_INITIALIZER_HE_UNIFORM,
    CAPAS_INITIALIZER_HE_NORMAL,
    CAPAS_INITIALIZER_LECUN_UNIFORM,
    CAPAS_INITIALIZER_LECUN_NORMAL,
    CAPAS_INITIALIZER_RANDOM_UNIFORM,
    CAPAS_INITIALIZER_RANDOM_NORMAL,
    CAPAS_INITIALIZER_TRUNCATED_NORMAL,
    CAPAS_INITIALIZER_IDENTITY,
    CAPAS_INITIALIZER_ORTHOGONAL,
    CAPAS_INITIALIZER_VARIANCE_SCALING,
} capas_initializer_kind;

/* Of VarianceScaling: what the scale is divided by, and what is drawn. */
typedef enum capas_fan_mode { CAPAS_FAN_IN = 1, CAPAS_FAN_OUT, CAPAS_FAN_AVG } capas_fan_mode;
typedef enum capas_distribution {
    CAPAS_DISTRIBUTION_TRUNCATED_NORMAL = 1,
    CAPAS_DISTRIBUTION_UNTRUNCATED_NORMAL,
    CAPAS_DISTRIBUTION_UNIFORM,
} capas_distribution;

typedef struct capas_initializer {
    capas_initializer_kind kind;
    double value; /* of a constant; the gain of an identity or orthogonal matrix; a scale */
    int64_t seed; /* of the random ones, when has_seed; otherwise the model's seed decides */
    int has_seed;
    double low, high;    /* random_uniform: from, to; normal ones: mean and standard deviation */
    capas_fan_mode mode; /* of VarianceScaling, with the scale in value */
    capas_distribution distribution;
} capas_initializer;

CAPAS_API capas_initializer capas_zeros(void);
CAPAS_API capas_initializer capas_ones(void);
CAPAS_API capas_initializer capas_constant(double value);
CAPAS_API capas_initializer capas_glorot_uniform(void); /* +-sqrt(6 / (fan_in + fan_out)) */
CAPAS_API capas_initializer capas_glorot_normal(void);
CAPAS_API capas_initializer capas_he_uniform(void);
CAPAS_API capas_initializer capas_he_normal(void);
CAPAS_API capas_initializer capas_lecun_uniform(void);
CAPAS_API capas_initializer capas_lecun_normal(void);
CAPAS_API capas_initializer capas_random_uniform(double minval, double maxval);
CAPAS_API capas_initializer capas_random_normal(double mean, double stddev);
CAPAS_API capas_initializer capas_truncated_normal(double mean,
                                                   double stddev); /* within 2 stddev */
CAPAS_API capas_initializer capas_identity(double gain);   /* a matrix: gain on its diagonal */
CAPAS_API capas_initializer capas_orthogonal(double gain); /* columns, or rows, at right angles */
/* Variance scale / fan: of the inputs, the outputs or the mean of both. */
CAPAS_API capas_initializer capas_variance_scaling(double scale, capas_fan_mode mode,
                                                   capas_distribution distribution);
/* The same initializer with a seed of its own. */
CAPAS_API capas_initializer capas_seeded(capas_initializer initializer, int64_t seed);

/* A penalty on weights, added to the loss: l1 sum|w| + l2 sum w^2 (no 1/2; keras-semantics 2.3).
 * All zero: none. */
typedef enum capas_regularizer_kind {
    CAPAS_REGULARIZER_NONE,
    CAPAS_REGULARIZER_L1,
    CAPAS_REGULARIZER_L2,
    CAPAS_REGULARIZER_L1L2,
    CAPAS_REGULARIZER_ORTHOGONAL,
} capas_regularizer_kind;

/* Which vectors of a matrix OrthogonalRegularizer wants at right angles. */
typedef enum capas_vectors { CAPAS_ROWS = 1, CAPAS_COLUMNS } capas_vectors;

typedef struct capas_regularizer {
    capas_regularizer_kind kind;
    double l1, l2;
    double factor; /* of OrthogonalRegularizer */
    capas_vectors mode;
} capas_regularizer;

CAPAS_API capas_regularizer capas_l1(double l1);
CAPAS_API capas_regularizer capas_l2(double l2);
CAPAS_API capas_regularizer capas_l1_l2(double l1, double l2);
/* factor times the mean of |cosine| over all pairs of rows (or columns) of a matrix; of weights
 * alone, not of activities. */
CAPAS_API capas_regularizer capas_orthogonal_regularizer(double factor, capas_vectors mode);

/* What weights are held to after each step of the optimizer (keras-semantics 2.4). A norm is the
 * root of the squares' sum along the axes, 0 if nothing is said: of a dense kernel that of the
 * weights into each unit. All zero: none. */
typedef enum capas_constraint_kind {
    CAPAS_CONSTRAINT_NONE,
    CAPAS_CONSTRAINT_MAX_NORM,
    CAPAS_CONSTRAINT_NON_NEG,
    CAPAS_CONSTRAINT_UNIT_NORM,
    CAPAS_CONSTRAINT_MIN_MAX_NORM,
} capas_constraint_kind;

typedef struct capas_constraint {
    capas_constraint_kind kind;
    double min_value, max_value, rate;
    capas_shape axes;
} capas_constraint;

CAPAS_API capas_constraint capas_max_norm(double max_value); /* norms of at most that */
CAPAS_API capas_constraint capas_non_neg(void);
CAPAS_API capas_constraint capas_unit_norm(void);
/* Norms between two numbers; `rate`, 0 to 1, is how much of the way they go in each step. */
CAPAS_API capas_constraint capas_min_max_norm(double min_value, double max_value, double rate);
/* The same constraint along other axes: capas_along(capas_max_norm(3), 0, 1, 2) for kernels of
 * Conv2D. */
CAPAS_API capas_constraint capas_along_dims(capas_constraint constraint, int count,
                                            const int *axes);
#define capas_along(constraint, ...)                                                               \
    capas_along_dims((constraint), (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)),              \
                     (int[]){__VA_ARGS__})

CAPAS_END

#endif
