/* The layers that capas has: one line each, name of the type and nothing else. A new layer is a
 * file that defines `const capas_layer_type capas_NAME_type` and a line here. */
#ifndef CAPAS_LAYERS_LIST_H
#define CAPAS_LAYERS_LIST_H

#include "layers/layer.h"

#define CAPAS_LAYER_LIST(X)                                                                        \
    X(input)                                                                                       \
    X(dense)                                                                                       \
    X(conv2d)                                                                                      \
    X(conv1d)                                                                                      \
    X(conv3d)                                                                                      \
    X(conv2d_transpose)                                                                            \
    X(conv1d_transpose)                                                                            \
    X(conv3d_transpose)                                                                            \
    X(depthwise_conv2d)                                                                            \
    X(depthwise_conv1d)                                                                            \
    X(separable_conv2d)                                                                            \
    X(separable_conv1d)                                                                            \
    X(max_pooling2d)                                                                               \
    X(max_pooling1d)                                                                               \
    X(average_pooling2d)                                                                           \
    X(average_pooling1d)                                                                           \
    X(max_pooling3d)                                                                               \
    X(average_pooling3d)                                                                           \
    X(adaptive_average_pooling1d)                                                                  \
    X(adaptive_average_pooling2d)                                                                  \
    X(adaptive_average_pooling3d)                                                                  \
    X(adaptive_max_pooling1d)                                                                      \
    X(adaptive_max_pooling2d)                                                                      \
    X(adaptive_max_pooling3d)                                                                      \
    X(global_average_pooling2d)                                                                    \
    X(global_average_pooling1d)                                                                    \
    X(global_average_pooling3d)                                                                    \
    X(global_max_pooling1d)                                                                        \
    X(global_max_pooling2d)                                                                        \
    X(global_max_pooling3d)                                                                        \
    X(zero_padding2d)                                                                              \
    X(reshape)                                                                                     \
    X(permute)                                                                                     \
    X(repeat_vector)                                                                               \
    X(up_sampling1d)                                                                               \
    X(up_sampling2d)                                                                               \
    X(up_sampling3d)                                                                               \
    X(zero_padding1d)                                                                              \
    X(cropping2d)                                                                                  \
    X(cropping1d)                                                                                  \
    X(zero_padding3d)                                                                              \
    X(cropping3d)                                                                                  \
    X(flatten)                                                                                     \
    X(dropout)                                                                                     \
    X(spatial_dropout1d)                                                                           \
    X(spatial_dropout2d)                                                                           \
    X(spatial_dropout3d)                                                                           \
    X(gaussian_noise)                                                                              \
    X(gaussian_dropout)                                                                            \
    X(alpha_dropout)                                                                               \
    X(activity_regularization)                                                                     \
    X(batch_normalization)                                                                         \
    X(layer_normalization)                                                                         \
    X(group_normalization)                                                                         \
    X(rms_normalization)                                                                           \
    X(unit_normalization)                                                                          \
    X(spectral_normalization)                                                                      \
    X(normalization)                                                                               \
    X(activation)                                                                                  \
    X(identity)                                                                                    \
    X(relu)                                                                                        \
    X(leaky_relu)                                                                                  \
    X(elu)                                                                                         \
    X(prelu)                                                                                       \
    X(softmax)                                                                                     \
    X(rescaling)                                                                                   \
    X(resizing)                                                                                    \
    X(center_crop)                                                                                 \
    X(random_flip)                                                                                 \
    X(random_rotation)                                                                             \
    X(random_translation)                                                                          \
    X(random_zoom)                                                                                 \
    X(random_crop)                                                                                 \
    X(random_contrast)                                                                             \
    X(random_brightness)                                                                           \
    X(embedding)                                                                                   \
    X(masking)                                                                                     \
    X(simple_rnn)                                                                                  \
    X(lstm)                                                                                        \
    X(gru)                                                                                         \
    X(conv_lstm1d)                                                                                 \
    X(conv_lstm2d)                                                                                 \
    X(conv_lstm3d)                                                                                 \
    X(bidirectional)                                                                               \
    X(time_distributed)                                                                            \
    X(add)                                                                                         \
    X(subtract)                                                                                    \
    X(multiply)                                                                                    \
    X(average)                                                                                     \
    X(maximum)                                                                                     \
    X(minimum)                                                                                     \
    X(concatenate)                                                                                 \
    X(dot)

#define CAPAS_DECLARE_LAYER(name) extern const capas_layer_type capas_##name##_type;
CAPAS_LAYER_LIST(CAPAS_DECLARE_LAYER)
#undef CAPAS_DECLARE_LAYER

#endif
