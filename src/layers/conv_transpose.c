/* Conv1DTranspose, Conv2DTranspose and Conv3DTranspose: from the output of a convolution to the
 * shape of its input, as the gradient goes (Keras layers/convolutional/base_conv_transpose.py).
 * What they do is convolution.c. */
#include "layers/convolution.h"
#include <limits.h>

#define ROWS(size_kind)                                                                            \
    CAPAS_FILTERS_ROW, CAPAS_WINDOW_SIZE_ROWS(size_kind, capas_padding_names),                     \
        {"output_padding",                                                                         \
         &size_kind,                                                                               \
         FIELD(output_padding),                                                                    \
         CAPAS_NONE,                                                                               \
         .maximum = INT_MAX,                                                                       \
         .nullable = true,                                                                         \
         .help = "what the output has beyond the least size; None: as the padding says"},          \
        CAPAS_WINDOW_PLACE_ROWS(size_kind), CAPAS_OUTPUT_ROWS,                                     \
        CAPAS_INITIALIZER_ROW(kernel, GLOROT_UNIFORM, "how W starts"),                             \
        CAPAS_INITIALIZER_ROW(bias, ZEROS, "how b starts"),                                        \
        CAPAS_REGULARIZER_ROW(kernel, "a penalty on W"),                                           \
        CAPAS_REGULARIZER_ROW(bias, "a penalty on b"),                                             \
        CAPAS_REGULARIZER_ROW(activity, "a penalty on the output"), CAPAS_CONSTRAINT_ROW(kernel),  \
        CAPAS_CONSTRAINT_ROW(bias)

#define FIELD(name) offsetof(capas_conv1d_transpose_options, name)
static const capas_option options1[] = {ROWS(capas_option_single)};
#undef FIELD
#define FIELD(name) offsetof(capas_conv2d_transpose_options, name)
static const capas_option options2[] = {ROWS(capas_option_pair)};
#undef FIELD
#define FIELD(name) offsetof(capas_conv3d_transpose_options, name)
static const capas_option options3[] = {ROWS(capas_option_triple)};
#undef FIELD

/* Along axes that are not there nothing is said. */
#define PADDING_OF_1(size) ((capas_triple){CAPAS_NONE, CAPAS_NONE, (size)})
#define PADDING_OF_2(size) ((capas_triple){CAPAS_NONE, (size).height, (size).width})
#define PADDING_OF_3(size) (size)

#define DESCRIBE(axes)                                                                             \
    static void describe##axes(const capas_layer *layer, void *description)                        \
    {                                                                                              \
        const capas_conv##axes##d_transpose_options *conv = layer->options;                        \
        *(capas_convolution *)description = (capas_convolution){                                   \
            CAPAS_CONVOLUTION_OF(conv, axes),                                                      \
            .transpose = true,                                                                     \
            .output_padding = PADDING_OF_##axes(conv->output_padding),                             \
            .filters = conv->filters,                                                              \
            .groups = 1,                                                                           \
            .kernel_initializer = conv->kernel_initializer,                                        \
            .kernel_regularizer = conv->kernel_regularizer,                                        \
        };                                                                                         \
    }
DESCRIBE(1)
DESCRIBE(2)
DESCRIBE(3)

const capas_layer_type capas_conv1d_transpose_type = {
    CAPAS_CONVOLUTION_TYPE("Conv1DTranspose", "A convolution put the other way: a longer sequence.",
                           options1, capas_conv1d_transpose_options, describe1),
};

capas_layer *capas_conv1d_transpose_with(int filters, int kernel_size,
                                         const capas_conv1d_transpose_options *given)
{
    capas_conv1d_transpose_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.filters = filters;
    all.kernel_size = kernel_size;
    return capas_layer_new(&capas_conv1d_transpose_type, &all);
}

const capas_layer_type capas_conv2d_transpose_type = {
    CAPAS_CONVOLUTION_TYPE("Conv2DTranspose", "A convolution put the other way: a larger image.",
                           options2, capas_conv2d_transpose_options, describe2),
};

capas_layer *capas_conv2d_transpose_with(int filters, int kernel_size,
                                         const capas_conv2d_transpose_options *given)
{
    capas_conv2d_transpose_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.filters = filters;
    if (all.kernel_size.height == 0) all.kernel_size = (capas_pair){kernel_size, kernel_size};
    return capas_layer_new(&capas_conv2d_transpose_type, &all);
}

const capas_layer_type capas_conv3d_transpose_type = {
    CAPAS_CONVOLUTION_TYPE("Conv3DTranspose", "A convolution put the other way: a larger volume.",
                           options3, capas_conv3d_transpose_options, describe3),
};

capas_layer *capas_conv3d_transpose_with(int filters, int kernel_size,
                                         const capas_conv3d_transpose_options *given)
{
    capas_conv3d_transpose_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.filters = filters;
    if (all.kernel_size.depth == 0) all.kernel_size = (capas_triple){kernel_size, 0, 0};
    return capas_layer_new(&capas_conv3d_transpose_type, &all);
}
