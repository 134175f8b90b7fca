/* The convolution layers. Kernels and images as Keras has them: [n, height, width, channels], or
 * [n, steps, channels] for a sequence and [n, depth, height, width, channels] for a volume. */
#ifndef CAPAS_CONVOLUTIONS_H
#define CAPAS_CONVOLUTIONS_H

#include <capas/layers.h>

CAPAS_BEGIN

/* Conv2D(filters, kernel_size): W [kernel_height, kernel_width, channels / groups, filters]. */
typedef struct capas_conv2d_options {
    CAPAS_LAYER_OPTIONS
    int filters;                   /* required, at least 1 */
    capas_pair kernel_size;        /* required; {3, 2} here overrides the macro's square size */
    capas_pair strides;            /* default: 1 */
    capas_padding padding;         /* default: valid */
    capas_data_format data_format; /* default: channels_last */
    capas_pair dilation_rate;      /* default: 1 */
    int groups;                    /* default: 1 */
    capas_activation activation;   /* default: linear */
    int use_bias;                  /* default: true */
    capas_initializer kernel_initializer; /* default: glorot_uniform */
    capas_initializer bias_initializer;   /* default: zeros */
    capas_regularizer kernel_regularizer, bias_regularizer, activity_regularizer;
    capas_constraint kernel_constraint, bias_constraint;
} capas_conv2d_options;
CAPAS_API capas_layer *capas_conv2d_with(int filters, int kernel_size,
                                         const capas_conv2d_options *options);
#define capas_conv2d(filters, kernel_size, ...)                                                    \
    capas_conv2d_with(                                                                             \
        (filters), (kernel_size),                                                                  \
        &(capas_conv2d_options){.struct_size = sizeof(capas_conv2d_options), __VA_ARGS__})

/* Conv1D(filters, kernel_size) along sequences [n, steps, channels]: W [kernel_size, channels /
 * groups, filters]. */
typedef struct capas_conv1d_options {
    CAPAS_LAYER_OPTIONS
    int filters;                   /* required, at least 1 */
    int kernel_size;               /* required, at least 1 */
    int strides;                   /* default: 1 */
    capas_padding padding;         /* default: valid; also causal: no step sees a later one */
    capas_data_format data_format; /* default: channels_last */
    int dilation_rate;             /* default: 1 */
    int groups;                    /* default: 1 */
    capas_activation activation;   /* default: linear */
    int use_bias;                  /* default: true */
    capas_initializer kernel_initializer; /* default: glorot_uniform */
    capas_initializer bias_initializer;   /* default: zeros */
    capas_regularizer kernel_regularizer, bias_regularizer, activity_regularizer;
    capas_constraint kernel_constraint, bias_constraint;
} capas_conv1d_options;
CAPAS_API capas_layer *capas_conv1d_with(int filters, int kernel_size,
                                         const capas_conv1d_options *options);
#define capas_conv1d(filters, kernel_size, ...)                                                    \
    capas_conv1d_with(                                                                             \
        (filters), (kernel_size),                                                                  \
        &(capas_conv1d_options){.struct_size = sizeof(capas_conv1d_options), __VA_ARGS__})

/* Conv3D(filters, kernel_size) over volumes [n, depth, height, width, channels]: W [kernel_depth,
 * kernel_height, kernel_width, channels / groups, filters]. */
typedef struct capas_conv3d_options {
    CAPAS_LAYER_OPTIONS
    int filters;                          /* required, at least 1 */
    capas_triple kernel_size;             /* required; {1, 3, 3} here overrides the macro's cube */
    capas_triple strides;                 /* default: 1 */
    capas_padding padding;                /* default: valid */
    capas_data_format data_format;        /* default: channels_last */
    capas_triple dilation_rate;           /* default: 1 */
    int groups;                           /* default: 1 */
    capas_activation activation;          /* default: linear */
    int use_bias;                         /* default: true */
    capas_initializer kernel_initializer; /* default: glorot_uniform */
    capas_initializer bias_initializer;   /* default: zeros */
    capas_regularizer kernel_regularizer, bias_regularizer, activity_regularizer;
    capas_constraint kernel_constraint, bias_constraint;
} capas_conv3d_options;
CAPAS_API capas_layer *capas_conv3d_with(int filters, int kernel_size,
                                         const capas_conv3d_options *options);
#define capas_conv3d(filters, kernel_size, ...)                                                    \
    capas_conv3d_with(                                                                             \
        (filters), (kernel_size),                                                                  \
        &(capas_conv3d_options){.struct_size = sizeof(capas_conv3d_options), __VA_ARGS__})

/* DepthwiseConv2D(kernel_size): each channel apart, W [kernel_height, kernel_width, channels,
 * depth_multiplier]; output c * depth_multiplier + m is filter m over channel c. */
typedef struct capas_depthwise_conv2d_options {
    CAPAS_LAYER_OPTIONS
    int depth_multiplier;          /* default: 1 */
    capas_pair kernel_size;        /* required; {3, 2} here overrides the macro's square size */
    capas_pair strides;            /* default: 1 */
    capas_padding padding;         /* default: valid */
    capas_data_format data_format; /* default: channels_last */
    capas_pair dilation_rate;      /* default: 1 */
    capas_activation activation;   /* default: linear */
    int use_bias;                  /* default: true */
    capas_initializer depthwise_initializer; /* default: glorot_uniform */
    capas_initializer bias_initializer;      /* default: zeros */
    capas_regularizer depthwise_regularizer, bias_regularizer, activity_regularizer;
    capas_constraint depthwise_constraint, bias_constraint;
} capas_depthwise_conv2d_options;
CAPAS_API capas_layer *capas_depthwise_conv2d_with(int kernel_size,
                                                   const capas_depthwise_conv2d_options *options);
#define capas_depthwise_conv2d(kernel_size, ...)                                                   \
    capas_depthwise_conv2d_with(                                                                   \
        (kernel_size), &(capas_depthwise_conv2d_options){                                          \
                           .struct_size = sizeof(capas_depthwise_conv2d_options), __VA_ARGS__})

/* DepthwiseConv1D(kernel_size) along sequences. */
typedef struct capas_depthwise_conv1d_options {
    CAPAS_LAYER_OPTIONS
    int depth_multiplier;                    /* default: 1 */
    int kernel_size;                         /* required, at least 1 */
    int strides;                             /* default: 1 */
    capas_padding padding;                   /* default: valid */
    capas_data_format data_format;           /* default: channels_last */
    int dilation_rate;                       /* default: 1 */
    capas_activation activation;             /* default: linear */
    int use_bias;                            /* default: true */
    capas_initializer depthwise_initializer; /* default: glorot_uniform */
    capas_initializer bias_initializer;      /* default: zeros */
    capas_regularizer depthwise_regularizer, bias_regularizer, activity_regularizer;
    capas_constraint depthwise_constraint, bias_constraint;
} capas_depthwise_conv1d_options;
CAPAS_API capas_layer *capas_depthwise_conv1d_with(int kernel_size,
                                                   const capas_depthwise_conv1d_options *options);
#define capas_depthwise_conv1d(kernel_size, ...)                                                   \
    capas_depthwise_conv1d_with(                                                                   \
        (kernel_size), &(capas_depthwise_conv1d_options){                                          \
                           .struct_size = sizeof(capas_depthwise_conv1d_options), __VA_ARGS__})

/* SeparableConv2D(filters, kernel_size): a depthwise convolution, W [kernel_height, kernel_width,
 * channels, depth_multiplier], and one of 1x1 over its channels, [1, 1, channels *
 * depth_multiplier, filters]. */
typedef struct capas_separable_conv2d_options {
    CAPAS_LAYER_OPTIONS
    int depth_multiplier;          /* default: 1 */
    int filters;                   /* required, at least 1 */
    capas_pair kernel_size;        /* required; {3, 2} here overrides the macro's square size */
    capas_pair strides;            /* default: 1 */
    capas_padding padding;         /* default: valid */
    capas_data_format data_format; /* default: channels_last */
    capas_pair dilation_rate;      /* default: 1 */
    capas_activation activation;   /* default: linear */
    int use_bias;                  /* default: true */
    capas_initializer depthwise_initializer, pointwise_initializer; /* default: glorot_uniform */
    capas_initializer bias_initializer;                             /* default: zeros */
    capas_regularizer depthwise_regularizer, pointwise_regularizer, bias_regularizer,
        activity_regularizer;
    capas_constraint depthwise_constraint, pointwise_constraint, bias_constraint;
} capas_separable_conv2d_options;
CAPAS_API capas_layer *capas_separable_conv2d_with(int filters, int kernel_size,
                                                   const capas_separable_conv2d_options *options);
#define capas_separable_conv2d(filters, kernel_size, ...)                                          \
    capas_separable_conv2d_with(                                                                   \
        (filters), (kernel_size),                                                                  \
        &(capas_separable_conv2d_options){.struct_size = sizeof(capas_separable_conv2d_options),   \
                                          __VA_ARGS__})

/* SeparableConv1D(filters, kernel_size) along sequences. */
typedef struct capas_separable_conv1d_options {
    CAPAS_LAYER_OPTIONS
    int depth_multiplier;                                           /* default: 1 */
    int filters;                                                    /* required, at least 1 */
    int kernel_size;                                                /* required, at least 1 */
    int strides;                                                    /* default: 1 */
    capas_padding padding;                                          /* default: valid */
    capas_data_format data_format;                                  /* default: channels_last */
    int dilation_rate;                                              /* default: 1 */
    capas_activation activation;                                    /* default: linear */
    int use_bias;                                                   /* default: true */
    capas_initializer depthwise_initializer, pointwise_initializer; /* default: glorot_uniform */
    capas_initializer bias_initializer;                             /* default: zeros */
    capas_regularizer depthwise_regularizer, pointwise_regularizer, bias_regularizer,
        activity_regularizer;
    capas_constraint depthwise_constraint, pointwise_constraint, bias_constraint;
} capas_separable_conv1d_options;
CAPAS_API capas_layer *capas_separable_conv1d_with(int filters, int kernel_size,
                                                   const capas_separable_conv1d_options *options);
#define capas_separable_conv1d(filters, kernel_size, ...)                                          \
    capas_separable_conv1d_with(                                                                   \
        (filters), (kernel_size),                                                                  \
        &(capas_separable_conv1d_options){.struct_size = sizeof(capas_separable_conv1d_options),   \
                                          __VA_ARGS__})

/* Conv2DTranspose(filters, kernel_size): as the gradient of a Conv2D goes back to its input, so
 * from small images to large ones; W [kernel_height, kernel_width, filters, channels]. The output
 * has with padding same input * strides rows, with valid (input - 1) * strides + kernel_size, at
 * least input * strides (kernel_size as spread by dilation_rate). With an output_padding it has
 * (input - 1) * strides + kernel_size + output_padding, for same less 2 * (kernel_size / 2). */
typedef struct capas_conv2d_transpose_options {
    CAPAS_LAYER_OPTIONS
    int filters;                   /* required, at least 1 */
    capas_pair kernel_size;        /* required; {3, 2} here overrides the macro's square size */
    capas_pair strides;            /* default: 1 */
    capas_padding padding;         /* default: valid */
    capas_pair output_padding;     /* below the strides; default: None, by the padding */
    capas_data_format data_format; /* default: channels_last */
    capas_pair dilation_rate;      /* default: 1 */
    capas_activation activation;   /* default: linear */
    int use_bias;                  /* default: true */
    capas_initializer kernel_initializer; /* default: glorot_uniform */
    capas_initializer bias_initializer;   /* default: zeros */
    capas_regularizer kernel_regularizer, bias_regularizer, activity_regularizer;
    capas_constraint kernel_constraint, bias_constraint;
} capas_conv2d_transpose_options;
CAPAS_API capas_layer *capas_conv2d_transpose_with(int filters, int kernel_size,
                                                   const capas_conv2d_transpose_options *options);
#define capas_conv2d_transpose(filters, kernel_size, ...)                                          \
    capas_conv2d_transpose_with(                                                                   \
        (filters), (kernel_size),                                                                  \
        &(capas_conv2d_transpose_options){.struct_size = sizeof(capas_conv2d_transpose_options),   \
                                          __VA_ARGS__})

/* Conv1DTranspose(filters, kernel_size) along sequences: W [kernel_size, filters, channels]. */
typedef struct capas_conv1d_transpose_options {
    CAPAS_LAYER_OPTIONS
    int filters;                          /* required, at least 1 */
    int kernel_size;                      /* required, at least 1 */
    int strides;                          /* default: 1 */
    capas_padding padding;                /* default: valid */
    int output_padding;                   /* below the strides; default: None, by the padding */
    capas_data_format data_format;        /* default: channels_last */
    int dilation_rate;                    /* default: 1 */
    capas_activation activation;          /* default: linear */
    int use_bias;                         /* default: true */
    capas_initializer kernel_initializer; /* default: glorot_uniform */
    capas_initializer bias_initializer;   /* default: zeros */
    capas_regularizer kernel_regularizer, bias_regularizer, activity_regularizer;
    capas_constraint kernel_constraint, bias_constraint;
} capas_conv1d_transpose_options;
CAPAS_API capas_layer *capas_conv1d_transpose_with(int filters, int kernel_size,
                                                   const capas_conv1d_transpose_options *options);
#define capas_conv1d_transpose(filters, kernel_size, ...)                                          \
    capas_conv1d_transpose_with(                                                                   \
        (filters), (kernel_size),                                                                  \
        &(capas_conv1d_transpose_options){.struct_size = sizeof(capas_conv1d_transpose_options),   \
                                          __VA_ARGS__})

/* Conv3DTranspose(filters, kernel_size) over volumes: W [kernel_depth, kernel_height, kernel_width,
 * filters, channels]. */
typedef struct capas_conv3d_transpose_options {
    CAPAS_LAYER_OPTIONS
    int filters;                          /* required, at least 1 */
    capas_triple kernel_size;             /* required; {1, 3, 3} here overrides the macro's cube */
    capas_triple strides;                 /* default: 1 */
    capas_padding padding;                /* default: valid */
    capas_triple output_padding;          /* below the strides; default: None, by the padding */
    capas_data_format data_format;        /* default: channels_last */
    capas_triple dilation_rate;           /* default: 1 */
    capas_activation activation;          /* default: linear */
    int use_bias;                         /* default: true */
    capas_initializer kernel_initializer; /* default: glorot_uniform */
    capas_initializer bias_initializer;   /* default: zeros */
    capas_regularizer kernel_regularizer, bias_regularizer, activity_regularizer;
    capas_constraint kernel_constraint, bias_constraint;
} capas_conv3d_transpose_options;
CAPAS_API capas_layer *capas_conv3d_transpose_with(int filters, int kernel_size,
                                                   const capas_conv3d_transpose_options *options);
#define capas_conv3d_transpose(filters, kernel_size, ...)                                          \
    capas_conv3d_transpose_with(                                                                   \
        (filters), (kernel_size),                                                                  \
        &(capas_conv3d_transpose_options){.struct_size = sizeof(capas_conv3d_transpose_options),   \
                                          __VA_ARGS__})

CAPAS_END

#endif
