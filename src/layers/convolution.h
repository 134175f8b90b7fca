/* What the convolution layers share: Conv1D, 2D, 3D, DepthwiseConv1D, 2D, SeparableConv1D, 2D and
 * Conv1DTranspose, 2D, 3D are one operation over images (keras-semantics 1.2). Each has its options
 * and tells, as its type's `describe`, what they come to.
 *
 * A volume is so many images as its output has slices: what a window sees along the depth stands
 * side by side in their channels, and the kernel [depth, height, width, channels, filters] lies in
 * the model as [height, width, depth, channels, filters], group by group. So it is one convolution
 * of images, by whatever kernel is best for them. */
#ifndef CAPAS_LAYERS_CONVOLUTION_H
#define CAPAS_LAYERS_CONVOLUTION_H

#include "layers/image.h"

typedef struct capas_convolution {
    int axes;       /* 2: images; 1: sequences; 3: volumes */
    int filters;    /* 0: a depthwise one, channels * multiplier */
    int groups;     /* 1 when depthwise */
    bool transpose; /* the gradient of one with respect to its input */
    int multiplier; /* outputs of each channel when depthwise, or else 0; with filters: separable,
                       a depthwise one and then 1x1 */
    capas_triple kernel_size, strides, dilation_rate;
    capas_triple output_padding; /* of a transposed one; CAPAS_NONE: worked out */
    capas_padding padding;
    capas_data_format data_format;
    capas_activation activation;
    bool use_bias;
    capas_initializer kernel_initializer, pointwise_initializer, bias_initializer;
    capas_regularizer kernel_regularizer, pointwise_regularizer, bias_regularizer;
    capas_regularizer activity_regularizer;
} capas_convolution;

/* The functions of their types. */
capas_status capas_convolution_check(const capas_layer *layer, const char *where);
capas_status capas_convolution_infer(const capas_layer *layer, const capas_shape *inputs, int count,
                                     capas_shape *output);
capas_status capas_convolution_build(capas_layer *layer, const capas_shape *inputs, int count);
int capas_convolution_lower(const capas_layer *layer, capas_program *program, const int *inputs,
                            int count);

/* The same of one that is described: a convolution within another layer, whose first weight is the
 * kernel. `input` of what is lowered has its channels last (image.h). */
capas_status capas_convolution_check_of(const capas_convolution *conv, const char *where);
capas_status capas_convolution_infer_of(const capas_layer *layer, const capas_convolution *conv,
                                        const capas_shape *input, capas_shape *output);
int capas_convolution_lower_of(const capas_layer *layer, const capas_convolution *conv,
                               capas_program *program, int input, int bias);
/* [height, width, a, b], of a sequence [width, a, b], of a volume [depth, height, width, a, b]. */
capas_shape capas_convolution_kernel(const capas_convolution *conv, capas_triple size, int64_t a,
                                     int64_t b);

/* Rows of the option tables, in Keras's order; FIELD and the kinds are the table's. */
#define CAPAS_WINDOW_SIZE_ROWS(size_kind, padding_words)                                           \
    {"kernel_size", &size_kind, FIELD(kernel_size), .minimum = 1, .help = "size of the window"},   \
        {"strides", &size_kind, FIELD(strides), 1, .minimum = 1, .help = "steps of the window"},   \
    {                                                                                              \
        "padding", &capas_option_enum, FIELD(padding), CAPAS_VALID,                                \
            .words = padding_words,                                                                \
            .help = "valid: only whole windows; same: zeros around; causal: zeros before"          \
    }
#define CAPAS_WINDOW_PLACE_ROWS(size_kind)                                                         \
    CAPAS_DATA_FORMAT_ROW,                                                                         \
    {                                                                                              \
        "dilation_rate", &size_kind, FIELD(dilation_rate), 1,                                      \
            .minimum = 1, .help = "distance of the window's cells"                                 \
    }
#define CAPAS_WINDOW_ROWS(size_kind, padding_words)                                                \
    CAPAS_WINDOW_SIZE_ROWS(size_kind, padding_words), CAPAS_WINDOW_PLACE_ROWS(size_kind)
#define CAPAS_FILTERS_ROW                                                                          \
    {                                                                                              \
        "filters", &capas_option_integer, FIELD(filters), .minimum = 1,                            \
                                                          .help = "channels of the output"         \
    }
#define CAPAS_MULTIPLIER_ROW                                                                       \
    {                                                                                              \
        "depth_multiplier", &capas_option_integer, FIELD(depth_multiplier), 1,                     \
            .minimum = 1, .help = "outputs of each channel"                                        \
    }
#define CAPAS_OUTPUT_ROWS                                                                          \
    {"activation", &capas_option_activation, FIELD(activation), CAPAS_LINEAR,                      \
     .help = "what the output goes through"},                                                      \
    {                                                                                              \
        "use_bias", &capas_option_bool, FIELD(use_bias), 1, .help = "whether b is added"           \
    }
#define CAPAS_INITIALIZER_ROW(which, standard, said)                                               \
    {                                                                                              \
#which "_initializer", &capas_option_initializer, FIELD(which##_initializer),              \
            CAPAS_INITIALIZER_##standard, .help = said                                             \
    }
#define CAPAS_REGULARIZER_ROW(which, said)                                                         \
    {                                                                                              \
#which "_regularizer", &capas_option_regularizer, FIELD(which##_regularizer),              \
            .nullable = true, .help = said                                                         \
    }
#define CAPAS_CONSTRAINT_ROW(which)                                                                \
    {                                                                                              \
#which "_constraint", &capas_option_weight_constraint, FIELD(which##_constraint),          \
            .nullable = true, .help = "what its numbers are held to"                               \
    }

#define CAPAS_CONVOLUTION_TYPE(class, said, table, options_type, describe_function)                \
    .name = class, .summary = said,                                                                \
    .options = {class, table, CAPAS_COUNT(table), sizeof(options_type)}, .minimum_inputs = 1,      \
    .maximum_inputs = 1, .has_build_config = true, .describe = describe_function,                  \
    .check = capas_convolution_check, .infer = capas_convolution_infer,                            \
    .build = capas_convolution_build, .lower = capas_convolution_lower

/* What each of them tells alike, of option structs with the same names. */
#define CAPAS_CONVOLUTION_OF(conv, axes_count)                                                     \
    .axes = axes_count, .kernel_size = CAPAS_TRIPLE_OF_##axes_count((conv)->kernel_size),          \
    .strides = CAPAS_TRIPLE_OF_##axes_count((conv)->strides),                                      \
    .dilation_rate = CAPAS_TRIPLE_OF_##axes_count((conv)->dilation_rate),                          \
    .padding = (conv)->padding, .data_format = (conv)->data_format,                                \
    .activation = (conv)->activation, .use_bias = (conv)->use_bias,                                \
    .bias_initializer = (conv)->bias_initializer, .bias_regularizer = (conv)->bias_regularizer,    \
    .activity_regularizer = (conv)->activity_regularizer

#endif
