/* SpatialDropout1D, 2D and 3D: dropout of whole channels (Keras
 * layers/regularization/spatial_dropout.py). */
#include "base/text.h"
#include "layers/image.h"
#include "layers/random.h"
#include <math.h>

enum { TEXT_SIZE = 128 };

#define FIELD(name) offsetof(capas_spatial_dropout_options, name)
#define ROWS                                                                                       \
    {"rate",                                                                                       \
     &capas_option_real,                                                                           \
     FIELD(rate),                                                                                  \
     NAN,                                                                                          \
     .minimum = 0,                                                                                 \
     .maximum = 1,                                                                                 \
     .help = "the share of channels that become zero"},                                            \
    {                                                                                              \
        "seed", &capas_option_integer, FIELD(seed), CAPAS_NONE,                                    \
            .nullable = true, .help = "a sequence of its own; None: as the model's seed says"      \
    }
static const capas_option options[] = {
    ROWS,
    CAPAS_DATA_FORMAT_ROW,
};
/* Sequences have their channels last. */
static const capas_option sequence_options[] = {ROWS};

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int rank,
                          const char *wanted, capas_shape *output)
{
    char text[TEXT_SIZE];
    *output = inputs[0];
    if (inputs[0].rank == rank) return CAPAS_OK;
    return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH, "takes %s, found %s", wanted,
                            capas_shape_text(&inputs[0], text, sizeof text));
}

static capas_status infer_1d(const capas_layer *layer, const capas_shape *inputs, int count,
                             capas_shape *output)
{
    (void)count;
    return infer(layer, inputs, 3, "sequences (None, steps, channels)", output);
}

static capas_status infer_2d(const capas_layer *layer, const capas_shape *inputs, int count,
                             capas_shape *output)
{
    (void)count;
    return infer(layer, inputs, 4, "images (None, height, width, channels)", output);
}

static capas_status infer_3d(const capas_layer *layer, const capas_shape *inputs, int count,
                             capas_shape *output)
{
    (void)count;
    return infer(layer, inputs, 5, "volumes (None, depth, height, width, channels)", output);
}

/* One draw for each channel. */
static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_spatial_dropout_options *dropout = layer->options;
    capas_shape noise = *capas_program_shape(program, inputs[0]);
    if (dropout->rate == 0) return inputs[0];
    bool last = layer->type->options.options == sequence_options ||
                dropout->data_format == CAPAS_CHANNELS_LAST;
    const int channels = last ? noise.rank - 1 : 1;
    for (int i = 1; i < noise.rank; i++)
        if (i != channels) noise.dims[i] = 1;
    return capas_program_dropout(program, layer->name, inputs[0], dropout->rate, &noise,
                                 capas_random_stream(layer, program, dropout->seed));
}

#define SPATIAL_DROPOUT(axes, rows)                                                                \
    const capas_layer_type capas_spatial_dropout##axes##d_type = {                                 \
        .name = "SpatialDropout" #axes "D",                                                        \
        .summary = "Forgets whole channels in training.",                                          \
        .options = {"SpatialDropout" #axes "D", rows, CAPAS_COUNT(rows),                           \
                    sizeof(capas_spatial_dropout_options)},                                        \
        .minimum_inputs = 1,                                                                       \
        .maximum_inputs = 1,                                                                       \
        .infer = infer_##axes##d,                                                                  \
        .lower = lower,                                                                            \
        .passes_mask = true,                                                                       \
        .call_has_training = true,                                                                 \
        .plain_config = true,                                                                      \
    };                                                                                             \
    capas_layer *capas_spatial_dropout##axes##d_with(double rate,                                  \
                                                     const capas_spatial_dropout_options *given)   \
    {                                                                                              \
        capas_spatial_dropout_options all;                                                         \
        capas_layer_copy_options(&all, sizeof all, given);                                         \
        all.rate = rate == 0 ? CAPAS_ZERO : rate; /* 0 is a rate like any other, not left out */   \
        return capas_layer_new(&capas_spatial_dropout##axes##d_type, &all);                        \
    }

SPATIAL_DROPOUT(1, sequence_options)
SPATIAL_DROPOUT(2, options)
SPATIAL_DROPOUT(3, options)
