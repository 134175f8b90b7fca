/* Conv1D, Conv2D and Conv3D: cross-correlation of sequences, images and volumes with filters,
 * strided, dilated or in groups (Keras layers/convolutional/conv1d.py, conv2d.py, conv3d.py). What
 * they do is convolution.c. */
#include "layers/convolution.h"

static const char *const causal_too[] = {"valid", "same", "causal", NULL};

#define ROWS(size_kind, padding_words)                                                             \
    CAPAS_FILTERS_ROW, CAPAS_WINDOW_ROWS(size_kind, padding_words),                                \
        {"groups", &capas_option_integer, FIELD(groups),                                           \
         1,        .minimum = 1,          .help = "blocks of channels that are convolved apart"},  \
        CAPAS_OUTPUT_ROWS, CAPAS_INITIALIZER_ROW(kernel, GLOROT_UNIFORM, "how W starts"),          \
        CAPAS_INITIALIZER_ROW(bias, ZEROS, "how b starts"),                                        \
        CAPAS_REGULARIZER_ROW(kernel, "a penalty on W"),                                           \
        CAPAS_REGULARIZER_ROW(bias, "a penalty on b"),                                             \
        CAPAS_REGULARIZER_ROW(activity, "a penalty on the output"), CAPAS_CONSTRAINT_ROW(kernel),  \
        CAPAS_CONSTRAINT_ROW(bias)

#define FIELD(name) offsetof(capas_conv1d_options, name)
static const capas_option options1[] = {ROWS(capas_option_single, causal_too)};
#undef FIELD
#define FIELD(name) offsetof(capas_conv2d_options, name)
static const capas_option options2[] = {ROWS(capas_option_pair, capas_padding_names)};
#undef FIELD
#define FIELD(name) offsetof(capas_conv3d_options, name)
static const capas_option options3[] = {ROWS(capas_option_triple, capas_padding_names)};
#undef FIELD

#define DESCRIBE(axes)                                                                             \
    static void describe##axes(const capas_layer *layer, void *description)                        \
    {                                                                                              \
        const capas_conv##axes##d_options *conv = layer->options;                                  \
        *(capas_convolution *)description = (capas_convolution){                                   \
            CAPAS_CONVOLUTION_OF(conv, axes),                                                      \
            .filters = conv->filters,                                                              \
            .groups = conv->groups,                                                                \
            .kernel_initializer = conv->kernel_initializer,                                        \
            .kernel_regularizer = conv->kernel_regularizer,                                        \
        };                                                                                         \
    }
DESCRIBE(1)
DESCRIBE(2)
DESCRIBE(3)

const capas_layer_type capas_conv1d_type = {
    CAPAS_CONVOLUTION_TYPE("Conv1D", "Convolution along a sequence, as a time series.", options1,
                           capas_conv1d_options, describe1),
};

capas_layer *capas_conv1d_with(int filters, int kernel_size, const capas_conv1d_options *given)
{
    capas_conv1d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.filters = filters;
    all.kernel_size = kernel_size;
    return capas_layer_new(&capas_conv1d_type, &all);
}

const capas_layer_type capas_conv2d_type = {
    CAPAS_CONVOLUTION_TYPE("Conv2D", "Convolution: small filters slide over an image.", options2,
                           capas_conv2d_options, describe2),
};

capas_layer *capas_conv2d_with(int filters, int kernel_size, const capas_conv2d_options *given)
{
    capas_conv2d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.filters = filters;
    if (all.kernel_size.height == 0) all.kernel_size = (capas_pair){kernel_size, kernel_size};
    return capas_layer_new(&capas_conv2d_type, &all);
}

const capas_layer_type capas_conv3d_type = {
    CAPAS_CONVOLUTION_TYPE("Conv3D", "Convolution: small filters slide through a volume.", options3,
                           capas_conv3d_options, describe3),
};

capas_layer *capas_conv3d_with(int filters, int kernel_size, const capas_conv3d_options *given)
{
    capas_conv3d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.filters = filters;
    if (all.kernel_size.depth == 0) all.kernel_size = (capas_triple){kernel_size, 0, 0};
    return capas_layer_new(&capas_conv3d_type, &all);
}
