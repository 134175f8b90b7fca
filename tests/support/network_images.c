/* Random networks, see network.h: uses of the layers for images. */
#include "support/network_builder.h"

void grow_conv(builder *b, int node)
{
    static const int filters[] = {1, 2, 3, 4, 6, 8};
    const capas_shape *shape = shape_of(b, node);
    if (shape->rank != 4) return;
    capas_data_format format = draw(b, 5) == 0 ? CAPAS_CHANNELS_FIRST : CAPAS_CHANNELS_LAST;
    const int64_t *image = shape->dims + (format == CAPAS_CHANNELS_FIRST ? 2 : 1);
    int channels = (int)(format == CAPAS_CHANNELS_FIRST ? shape->dims[1] : shape->dims[3]);
    capas_pair kernel = {draw_window(b, image[0]), draw_window(b, image[1])};
    capas_pair strides = {1 + draw(b, 2), 1 + draw(b, 3)}, dilation = {1, 1};
    capas_padding padding = draw(b, 2) ? CAPAS_SAME : CAPAS_VALID;
    if (draw(b, 4) == 0 && padding == CAPAS_SAME) {
        dilation = (capas_pair){1 + draw(b, 2), 2};
        strides = (capas_pair){1, 1};
    } else if (draw(b, 2)) {
        strides = (capas_pair){1, 1};
    }
    int groups = channels > 1 && draw(b, 3) == 0 ? channels : 1;
    int count = groups > 1 ? groups * (1 + draw(b, 2)) : filters[draw(b, 6)];
    if (image[0] * image[1] * count > 2 * MOST_ELEMENTS) return;
    capas_regularizer penalty = draw(b, 6) == 0 ? capas_l2(0.04) : (capas_regularizer){0};
    apply(b,
          capas_conv2d(count, 1, .kernel_size = kernel, .strides = strides, .padding = padding,
                       .dilation_rate = dilation, .groups = groups, .data_format = format,
                       .activation = draw(b, 2) ? CAPAS_RELU : draw_activation(b),
                       .use_bias = draw(b, 4) == 0 ? CAPAS_FALSE : CAPAS_TRUE,
                       .activity_regularizer = penalty),
          node);
}

/* Of an image: each channel apart, and then, perhaps, over them. */
void grow_separable(builder *b, int node)
{
    const capas_shape *shape = shape_of(b, node);
    if (shape->rank != 4 || shape->dims[3] * 2 * shape->dims[1] > MOST_ELEMENTS) return;
    capas_pair kernel = {draw_window(b, shape->dims[1]), draw_window(b, shape->dims[2])};
    capas_padding padding = draw(b, 2) ? CAPAS_SAME : CAPAS_VALID;
    capas_pair strides = draw(b, 2) ? (capas_pair){1, 1} : (capas_pair){2, 1};
    if (draw(b, 2))
        apply(b,
              capas_separable_conv2d(1 + draw(b, 5), 1, .kernel_size = kernel, .padding = padding,
                                     .strides = strides, .activation = draw_activation(b)),
              node);
    else
        apply(b,
              capas_depthwise_conv2d(1, .kernel_size = kernel, .padding = padding,
                                     .strides = strides, .depth_multiplier = 1 + draw(b, 2)),
              node);
}

void grow_cropping(builder *b, int node)
{
    const capas_shape *shape = shape_of(b, node);
    if (shape->rank == 4 && shape->dims[1] > 1 && shape->dims[2] > 2)
        apply(b, capas_cropping2d(0, .cropping = {1, CAPAS_ZERO, 1, 1}), node);
}

/* Also strides that leave a rim of the image unread, and windows that overlap. */
void grow_pool(builder *b, int node)
{
    const capas_shape *shape = shape_of(b, node);
    if (shape->rank != 4) return;
    capas_pair pool = {draw_window(b, shape->dims[1]), draw_window(b, shape->dims[2])};
    capas_pair strides = draw(b, 2) ? pool : (capas_pair){1 + draw(b, 3), 1 + draw(b, 3)};
    capas_padding padding = draw(b, 3) ? CAPAS_VALID : CAPAS_SAME;
    if (draw(b, 3))
        apply(b, capas_max_pooling2d(2, .pool_size = pool, .strides = strides, .padding = padding),
              node);
    else
        apply(b,
              capas_average_pooling2d(2, .pool_size = pool, .strides = strides, .padding = padding),
              node);
}

/* Zeros around an image, often where a plan leaves them to what reads it. */
void grow_padding(builder *b, int node)
{
    const capas_shape *shape = shape_of(b, node);
    if (shape->rank != 4 || elements_of(b, node) > MOST_ELEMENTS / 2) return;
    capas_margins sides = {draw(b, 2), draw(b, 3), draw(b, 3), 1};
    if (draw(b, 2)) {
        apply(b, capas_activation_layer(CAPAS_RELU), node);
        node = b->count - 1;
    }
    apply(b, capas_zero_padding2d(1, .padding = sides), node);
    if (draw(b, 3) == 0) return;
    if (draw(b, 2))
        grow_conv(b, b->count - 1);
    else
        grow_pool(b, b->count - 1);
}

/* Also to more cells than there are; and the whole to one. */
void grow_sized_pool(builder *b, int node)
{
    const int rank = shape_of(b, node)->rank;
    const capas_pair size = {1 + draw(b, 4), 1 + draw(b, 5)};
    if (rank == 4 && draw(b, 3) == 0)
        apply(b, capas_adaptive_average_pooling2d(0, .output_size = size), node);
    else if (rank == 4 && draw(b, 3) == 0)
        apply(b, capas_adaptive_max_pooling2d(0, .output_size = size), node);
    else if (rank == 3 && draw(b, 2))
        apply(b, capas_adaptive_max_pooling1d(size.width), node);
    else if (rank == 4 && draw(b, 2))
        apply(b, capas_global_average_pooling2d(.keepdims = draw(b, 3) == 0), node);
    else if (rank == 4)
        apply(b, capas_global_max_pooling2d(.keepdims = draw(b, 3) == 0), node);
    else if (rank == 3)
        apply(b, capas_global_max_pooling1d(), node);
}

/* Images of another size, or statistics that are given. */
void grow_scale(builder *b, int node)
{
    static const capas_interpolation ways[] = {
        CAPAS_INTERPOLATE_NEAREST,  CAPAS_INTERPOLATE_BILINEAR, CAPAS_INTERPOLATE_BICUBIC,
        CAPAS_INTERPOLATE_LANCZOS3, CAPAS_INTERPOLATE_BILINEAR,
    };
    static const double numbers[] = {0.3, 0.6};
    const capas_tensor mean = {.element = CAPAS_FLOAT64, .data = (void *)&numbers[0]};
    const capas_tensor variance = {.element = CAPAS_FLOAT64, .data = (void *)&numbers[1]};
    const capas_shape *shape = shape_of(b, node);
    if (shape->rank == 5 && draw(b, 2) && 4 * elements_of(b, node) <= MOST_ELEMENTS)
        apply(b, capas_up_sampling3d(1, .size = {2, 1, 2}), node);
    else if (shape->rank != 4)
        apply(b, capas_normalization(.mean = mean, .variance = variance), node);
    else if (draw(b, 3) == 0 && 4 * elements_of(b, node) <= MOST_ELEMENTS)
        apply(b, capas_up_sampling2d(2, .interpolation = ways[draw(b, 5)]), node);
    else if (draw(b, 4))
        apply(b,
              capas_resizing(1 + draw(b, 6), 1 + draw(b, 6), .interpolation = ways[draw(b, 5)],
                             .antialias = draw(b, 2), .crop_to_aspect_ratio = draw(b, 2)),
              node);
    else
        apply(b, capas_normalization(.invert = draw(b, 2)), node);
}

/* Pictures moved by chance: bilinear, so that the output has no jumps. */
void grow_warp(builder *b, int node)
{
    static const capas_fill_mode fills[] = {CAPAS_FILL_CONSTANT, CAPAS_FILL_NEAREST,
                                            CAPAS_FILL_REFLECT, CAPAS_FILL_WRAP};
    if (shape_of(b, node)->rank != 4) return;
    capas_fill_mode fill = fills[draw(b, 4)];
    switch (draw(b, 4)) {
    case 0:
        apply(b, capas_random_rotation(0.2, .fill_mode = fill), node);
        break;
    case 1:
        apply(b, capas_random_translation(0.3, 0.4, .fill_mode = fill), node);
        break;
    case 2:
        apply(b, capas_random_zoom(0.3, .fill_mode = fill), node);
        break;
    default:
        apply(b, capas_random_flip(.mode = CAPAS_FLIP_HORIZONTAL), node);
    }
}

/* In a range of values that is rarely left. */
void grow_adjust(builder *b, int node)
{
    const capas_range range = {-100, 100};
    if (shape_of(b, node)->rank != 4) return;
    if (draw(b, 2))
        apply(b, capas_random_contrast(0.4, .value_range = range), node);
    else
        apply(b, capas_random_brightness(0.01, .value_range = range), node);
}
