/* Random networks, see network.h: volumes, and convolutions put the other way. */
#include "support/network_builder.h"

/* Deeper than a slice where it can be. */
static capas_triple draw_cube(builder *b, const capas_shape *shape)
{
    const int depth = shape->dims[1] > 1 ? 2 + draw(b, shape->dims[1] > 2 ? 2 : 1) : 1;
    return (capas_triple){depth, draw_window(b, shape->dims[2]), draw_window(b, shape->dims[3])};
}

static capas_layer *draw_for_volume(builder *b, const capas_shape *shape)
{
    const capas_triple window = draw_cube(b, shape);
    const capas_padding padding = draw(b, 2) ? CAPAS_SAME : CAPAS_VALID;
    const int channels = (int)shape->dims[4];
    switch (draw(b, 12)) {
    case 0:
        return capas_max_pooling3d(2, .pool_size = window, .padding = padding);
    case 1:
        return capas_average_pooling3d(2, .pool_size = window, .strides = {1, 2, 1},
                                       .padding = padding);
    case 2:
        switch (draw(b, 4)) {
        case 0:
            return capas_global_average_pooling3d();
        case 1:
            return capas_global_max_pooling3d();
        case 2:
            return capas_adaptive_average_pooling3d(2);
        default:
            return capas_adaptive_max_pooling3d(0, .output_size = {1, 2, 3});
        }
    case 3:
        return capas_zero_padding3d(1, .padding = {1, 0, 0, 1, draw(b, 2), 0});
    case 4:
        return capas_cropping3d(
            0, .cropping = {shape->dims[1] > 1, 0, 0, shape->dims[2] > 1, 0, CAPAS_ZERO});
    case 5:
    case 6:
    case 7:
    case 8:
        return capas_conv3d_transpose(1 + draw(b, 2), 1, .kernel_size = window,
                                      .strides = {1 + draw(b, 2), 1, 1}, .padding = padding);
    default:
        return capas_conv3d(draw(b, 2) ? channels : 2 * channels, 1, .kernel_size = window,
                            .strides = {1 + draw(b, 2), 1, 1 + draw(b, 2)}, .padding = padding,
                            .groups = draw(b, 3) ? 1 : channels, .activation = draw_activation(b));
    }
}

/* An image made a volume of one slice or of one slice a row, and what there is for volumes. */
void grow_volume(builder *b, int node)
{
    const capas_shape *shape = shape_of(b, node);
    const int rank = shape->rank;
    if (3 * elements_of(b, node) > MOST_ELEMENTS || b->count > MOST_NODES - 2) return;
    if (rank == 4 && draw(b, 2))
        apply(b, capas_reshape(1, -1, (int)shape->dims[2], (int)shape->dims[3]), node);
    else if (rank == 4)
        apply(b, capas_reshape((int)shape->dims[1], -1, 1, (int)shape->dims[3]), node);
    else if (rank != 5)
        return;
    node = rank == 4 ? b->count - 1 : node;
    apply(b, draw_for_volume(b, shape_of(b, node)), node);
}

/* Of an image, or of a sequence. */
void grow_transposed(builder *b, int node)
{
    const capas_shape *shape = shape_of(b, node);
    const capas_padding padding = draw(b, 2) ? CAPAS_SAME : CAPAS_VALID;
    if (4 * elements_of(b, node) > MOST_ELEMENTS) return;
    if (shape->rank == 3)
        apply(b,
              capas_conv1d_transpose(1 + draw(b, 3), 1 + draw(b, 3), .strides = 2,
                                     .padding = padding, .output_padding = draw(b, 2)),
              node);
    else if (shape->rank == 4)
        apply(b,
              capas_conv2d_transpose(1 + draw(b, 3), 1, .kernel_size = {1 + draw(b, 3), 2},
                                     .strides = {1 + draw(b, 2), 1}, .padding = padding,
                                     .use_bias = draw(b, 3) ? CAPAS_TRUE : CAPAS_FALSE,
                                     .activation = draw_activation(b)),
              node);
}
