/* Layers for sequences: Embedding and Masking, the recurrent layers, and the wrappers Bidirectional
 * and TimeDistributed. A sequence is [n, steps, numbers].
 *
 * Masks. Embedding (with mask_zero) and Masking say which steps count. The mask goes along with
 * their output through the layers that keep the steps (Dense, Dropout, Activation, merge layers, a
 * recurrent layer with return_sequences ...); others, like Flatten, lose it, as Keras 3's do. A
 * recurrent layer passes masked steps over, GlobalAveragePooling1D takes the mean of the others,
 * and the loss of an output that is still masked is one of the steps that count. Metrics are of all
 * steps, unless they are weighted, as in Keras 3. BatchNormalization behind a mask is refused in
 * training. */
#ifndef CAPAS_SEQUENCES_H
#define CAPAS_SEQUENCES_H

#include <capas/layers.h>

CAPAS_BEGIN

/* Embedding(input_dim, output_dim): for each whole number 0 .. input_dim - 1 its row of a table
 * [input_dim, output_dim]; [n, ...] to [n, ..., output_dim]. Another number in the data fails the
 * call that meets it. */
typedef struct capas_embedding_options {
    CAPAS_LAYER_OPTIONS
    int input_dim, output_dim;                /* required, at least 1 */
    capas_initializer embeddings_initializer; /* default: random_uniform */
    capas_regularizer embeddings_regularizer;
    capas_regularizer activity_regularizer;
    capas_constraint embeddings_constraint;
    int mask_zero; /* whether the number 0 says that there is none; default: false */
} capas_embedding_options;
CAPAS_API capas_layer *capas_embedding_with(int input_dim, int output_dim,
                                            const capas_embedding_options *options);
#define capas_embedding(input_dim, output_dim, ...)                                                \
    capas_embedding_with(                                                                          \
        (input_dim), (output_dim),                                                                 \
        &(capas_embedding_options){.struct_size = sizeof(capas_embedding_options), __VA_ARGS__})

/* Masking: steps all of whose numbers are mask_value do not count, and become zeros. */
typedef struct capas_masking_options {
    CAPAS_LAYER_OPTIONS
    double mask_value; /* default: 0 */
} capas_masking_options;
CAPAS_API capas_layer *capas_masking_with(const capas_masking_options *options);
#define capas_masking(...)                                                                         \
    capas_masking_with(                                                                            \
        &(capas_masking_options){.struct_size = sizeof(capas_masking_options), __VA_ARGS__})

/* What the recurrent layers have in common. The output is the last step's [n, units], or all steps'
 * [n, steps, units]. Inputs behind the first are Keras's initial_state: h, and c of an LSTM, each
 * [n, units]; of a Bidirectional first those of the layer, then those of the backward layer.
 *
 * return_state gives the same as further outputs, as they are in the end. stateful: a batch begins
 * where the one before ended, sample by sample, in training and prediction, until
 * capas_model_reset_states. */
#define CAPAS_RECURRENT_OPTIONS CAPAS_RECURRENT_OPTIONS_OF(units)
#define CAPAS_RECURRENT_OPTIONS_OF(size)                                                           \
    CAPAS_LAYER_OPTIONS                                                                            \
    int size;                             /* required, at least 1 */                               \
    capas_activation activation;          /* default: tanh; not softmax */                         \
    int use_bias;                         /* default: true */                                      \
    int return_sequences;                 /* every step's output; default: false */                \
    int return_state;                     /* the last states are outputs, too; default: false */   \
    int go_backwards;                     /* from the last step on; default: false */              \
    int stateful;                         /* batches go on from one another; default: false */     \
    int unroll;                           /* a hint that changes nothing here */                   \
    int zero_output_for_mask;             /* of masked steps, not the last one's again */          \
    capas_initializer kernel_initializer; /* default: glorot_uniform */                            \
    capas_initializer recurrent_initializer; /* default: orthogonal */                             \
    capas_initializer bias_initializer;      /* default: zeros */                                  \
    capas_regularizer kernel_regularizer, recurrent_regularizer, bias_regularizer;                 \
    capas_regularizer activity_regularizer; /* on the output, divided by the batch's size */       \
    capas_constraint kernel_constraint, recurrent_constraint, bias_constraint;                     \
    double dropout;           /* of the inputs, the same for all steps; default: 0 */              \
    double recurrent_dropout; /* of what comes from the step before, likewise */                   \
    int seed;                 /* default: None */

/* SimpleRNN(units): h = tanh(x W + h U + b). */
typedef struct capas_simple_rnn_options {
    CAPAS_RECURRENT_OPTIONS
} capas_simple_rnn_options;
CAPAS_API capas_layer *capas_simple_rnn_with(int units, const capas_simple_rnn_options *options);
#define capas_simple_rnn(units, ...)                                                               \
    capas_simple_rnn_with(                                                                         \
        (units),                                                                                   \
        &(capas_simple_rnn_options){.struct_size = sizeof(capas_simple_rnn_options), __VA_ARGS__})

/* LSTM(units): gates i, f, c, o along the weights' last axis. */
typedef struct capas_lstm_options {
    CAPAS_RECURRENT_OPTIONS
    capas_activation recurrent_activation; /* default: sigmoid */
    int unit_forget_bias;                  /* the bias of f starts at 1; default: true */
} capas_lstm_options;
CAPAS_API capas_layer *capas_lstm_with(int units, const capas_lstm_options *options);
#define capas_lstm(units, ...)                                                                     \
    capas_lstm_with((units),                                                                       \
                    &(capas_lstm_options){.struct_size = sizeof(capas_lstm_options), __VA_ARGS__})

/* GRU(units): gates z, r, h. */
typedef struct capas_gru_options {
    CAPAS_RECURRENT_OPTIONS
    capas_activation recurrent_activation; /* default: sigmoid */
    int reset_after; /* r multiplies after the product with U, with a bias of its own; default: true
                      */
} capas_gru_options;
CAPAS_API capas_layer *capas_gru_with(int units, const capas_gru_options *options);
#define capas_gru(units, ...)                                                                      \
    capas_gru_with((units),                                                                        \
                   &(capas_gru_options){.struct_size = sizeof(capas_gru_options), __VA_ARGS__})

/* ConvLSTM2D(filters, kernel_size): an LSTM over steps of images [n, steps, height, width,
 * channels], whose products are convolutions: that with the inputs as a Conv2D of these options
 * does it, that with the states so that they keep their size. The output is the last step's [n,
 * height, width, filters], or all steps'; states are as the last step's output. ConvLSTM1D is the
 * same over steps of sequences [n, steps, width, channels], ConvLSTM3D over steps of volumes. A
 * mask, if there is one, is of whole steps. */
typedef struct capas_conv_lstm2d_options {
    CAPAS_RECURRENT_OPTIONS_OF(filters)
    capas_activation recurrent_activation; /* default: sigmoid */
    int unit_forget_bias;                  /* the bias of f starts at 1; default: true */
    capas_pair kernel_size;        /* required; {3, 2} here overrides the macro's square size */
    capas_pair strides;            /* default: 1 */
    capas_padding padding;         /* default: valid */
    capas_data_format data_format; /* default: channels_last */
    capas_pair dilation_rate;      /* of the convolution with the inputs; default: 1 */
} capas_conv_lstm2d_options;
CAPAS_API capas_layer *capas_conv_lstm2d_with(int filters, int kernel_size,
                                              const capas_conv_lstm2d_options *options);
#define capas_conv_lstm2d(filters, kernel_size, ...)                                               \
    capas_conv_lstm2d_with((filters), (kernel_size),                                               \
                           &(capas_conv_lstm2d_options){                                           \
                               .struct_size = sizeof(capas_conv_lstm2d_options), __VA_ARGS__})

typedef struct capas_conv_lstm1d_options {
    CAPAS_RECURRENT_OPTIONS_OF(filters)
    capas_activation recurrent_activation; /* default: sigmoid */
    int unit_forget_bias;                  /* the bias of f starts at 1; default: true */
    int kernel_size;                       /* required */
    int strides;                           /* default: 1 */
    capas_padding padding;                 /* default: valid */
    capas_data_format data_format;         /* default: channels_last */
    int dilation_rate;                     /* of the convolution with the inputs; default: 1 */
} capas_conv_lstm1d_options;
CAPAS_API capas_layer *capas_conv_lstm1d_with(int filters, int kernel_size,
                                              const capas_conv_lstm1d_options *options);
#define capas_conv_lstm1d(filters, kernel_size, ...)                                               \
    capas_conv_lstm1d_with((filters), (kernel_size),                                               \
                           &(capas_conv_lstm1d_options){                                           \
                               .struct_size = sizeof(capas_conv_lstm1d_options), __VA_ARGS__})

typedef struct capas_conv_lstm3d_options {
    CAPAS_RECURRENT_OPTIONS_OF(filters)
    capas_activation recurrent_activation; /* default: sigmoid */
    int unit_forget_bias;                  /* the bias of f starts at 1; default: true */
    capas_triple kernel_size;              /* required; {1, 3, 3} here overrides the macro's cube */
    capas_triple strides;                  /* default: 1 */
    capas_padding padding;                 /* default: valid */
    capas_data_format data_format;         /* default: channels_last */
    capas_triple dilation_rate;            /* of the convolution with the inputs; default: 1 */
} capas_conv_lstm3d_options;
CAPAS_API capas_layer *capas_conv_lstm3d_with(int filters, int kernel_size,
                                              const capas_conv_lstm3d_options *options);
#define capas_conv_lstm3d(filters, kernel_size, ...)                                               \
    capas_conv_lstm3d_with((filters), (kernel_size),                                               \
                           &(capas_conv_lstm3d_options){                                           \
                               .struct_size = sizeof(capas_conv_lstm3d_options), __VA_ARGS__})

/* Bidirectional(layer): a recurrent layer, and one like it that goes the other way; their outputs
 * put together. Where they return sequences, those of masked steps are zeros. */
typedef enum capas_merge_mode {
    CAPAS_MERGE_CONCAT = 1,
    CAPAS_MERGE_SUM,
    CAPAS_MERGE_MUL,
    CAPAS_MERGE_AVE,
} capas_merge_mode; /* CAPAS_NONE: two outputs */
typedef struct capas_bidirectional_options {
    CAPAS_LAYER_OPTIONS
    capas_layer *layer; /* required; a recurrent one; taken over */
    /* Default: one with the layer's options. Taken over. */
    capas_layer *backward_layer;
    capas_merge_mode merge_mode; /* default: concat */
} capas_bidirectional_options;
CAPAS_API capas_layer *capas_bidirectional_with(capas_layer *layer,
                                                const capas_bidirectional_options *options);
#define capas_bidirectional(layer, ...)                                                            \
    capas_bidirectional_with((layer),                                                              \
                             &(capas_bidirectional_options){                                       \
                                 .struct_size = sizeof(capas_bidirectional_options), __VA_ARGS__})

/* TimeDistributed(layer): the layer on every step, with the same weights. All steps of a batch are
 * one batch to it: a BatchNormalization takes its statistics over all of them. */
typedef struct capas_time_distributed_options {
    CAPAS_LAYER_OPTIONS
    capas_layer *layer; /* required; taken over */
} capas_time_distributed_options;
CAPAS_API capas_layer *capas_time_distributed_with(capas_layer *layer,
                                                   const capas_time_distributed_options *options);
#define capas_time_distributed(layer, ...)                                                         \
    capas_time_distributed_with(                                                                   \
        (layer), &(capas_time_distributed_options){                                                \
                     .struct_size = sizeof(capas_time_distributed_options), __VA_ARGS__})

CAPAS_END

#endif
