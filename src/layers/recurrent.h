/* What the recurrent layers share (keras-semantics 1.8): SimpleRNN, LSTM and GRU are a dense
 * product of all steps and one scan (kernels/scan.h); ConvLSTM1D, 2D and 3D a convolution of all
 * steps and a scan with a window. Each has its options, which begin alike, and tells the rest as
 * its type's `describe`. */
#ifndef CAPAS_LAYERS_RECURRENT_H
#define CAPAS_LAYERS_RECURRENT_H

#include "layers/convolution.h"
#include <capas/sequences.h>
#include <math.h>

/* How the options of all of them begin. */
typedef struct capas_recurrent_options {
    CAPAS_RECURRENT_OPTIONS
} capas_recurrent_options;

typedef void capas_lower_direction(const capas_layer *layer, capas_program *program,
                                   const int *inputs, int count, bool flips, int *outputs);

typedef struct capas_recurrence {
    capas_cell cell;
    capas_activation recurrent_activation;
    bool reset_after, unit_forget_bias;
    capas_convolution convolution; /* of the inputs and W, with the filters of all gates; of 0 axes:
                                      there is none */
    capas_lower_direction *lower;  /* then; see capas_recurrent_lower_direction */
} capas_recurrence;
capas_recurrence capas_recurrence_of(const capas_layer *layer);

/* The functions of their types. */
capas_status capas_recurrent_check(const capas_layer *layer, const char *where);
capas_status capas_recurrent_infer(const capas_layer *layer, const capas_shape *inputs, int count,
                                   capas_shape *output);
capas_status capas_recurrent_build(capas_layer *layer, const capas_shape *inputs, int count);
int capas_recurrent_lower(const capas_layer *layer, capas_program *program, const int *inputs,
                          int count);
int capas_recurrent_output_count(const capas_layer *layer);
void capas_recurrent_lower_all(const capas_layer *layer, capas_program *program, const int *inputs,
                               int count, int *outputs);

/* What these are made of. Behind the sequence come all states to begin with, or none. */
capas_status capas_recurrent_check_states(const capas_layer *layer, const capas_shape *inputs,
                                          int count, const capas_shape *state);
/* W (in that layout), U, the bias; and the states of a stateful layer. */
capas_status capas_recurrent_add_weights(capas_layer *layer, const capas_shape *kernel,
                                         const capas_shape *own, capas_weight_layout layout);
/* The inputs with some of their numbers dropped, the same in every step; as they are at no rate. */
int capas_recurrent_drop(const capas_layer *layer, capas_program *program, int input);
int capas_recurrent_scan(const capas_layer *layer, capas_program *program,
                         const capas_scan_inputs *inputs, const capas_scan_window *window,
                         bool flips);
/* What a scan gives, [n, rows, numbers], taken apart: outputs of these shapes. */
void capas_recurrent_outputs(const capas_layer *layer, capas_program *program, int all,
                             int64_t steps, const capas_shape *first, const capas_shape *state,
                             int *outputs);

/* The same as `lower_all`; sequences come in the opposite order when `flips` (a direction of
 * Bidirectional). `inputs` are x and, when count is more than 1, the states to begin with;
 * `outputs` gets y and, with return_state, the states of the end. */
void capas_recurrent_lower_direction(const capas_layer *layer, capas_program *program,
                                     const int *inputs, int count, bool flips, int *outputs);
/* 2 for an LSTM, h and c; 1 for others. */
int capas_recurrent_states(const capas_layer *layer);
static inline bool capas_is_recurrent(const capas_layer *layer)
{
    return layer->type->lower == capas_recurrent_lower;
}

/* Rows of the option tables, in Keras's order; FIELD is the table's. */
#define CAPAS_RECURRENT_FLAG_ROWS                                                                  \
    {"return_sequences", &capas_option_bool, FIELD(return_sequences), 0,                           \
     .help = "every step's output, not the last one's alone"},                                     \
        {"return_state", &capas_option_bool, FIELD(return_state), 0,                               \
         .help = "further outputs: the states of the end"},                                        \
        {"go_backwards", &capas_option_bool, FIELD(go_backwards), 0,                               \
         .help = "from the last step to the first"},                                               \
        {"stateful", &capas_option_bool, FIELD(stateful), 0,                                       \
         .help = "a batch begins where the one before ended"},                                     \
        {"unroll", &capas_option_bool, FIELD(unroll), 0, .help = "a hint that changes nothing"},   \
    {                                                                                              \
        "zero_output_for_mask", &capas_option_bool, FIELD(zero_output_for_mask), 0,                \
            .help = "a masked step gives zeros, not again what the one before gave"                \
    }
#define CAPAS_RECURRENT_OUTPUT_ROW                                                                 \
    {                                                                                              \
        "activation", &capas_option_activation, FIELD(activation), CAPAS_TANH,                     \
            .help = "what the output goes through"                                                 \
    }
#define CAPAS_RECURRENT_FIRST_ROWS                                                                 \
    CAPAS_RECURRENT_FLAG_ROWS,                                                                     \
        {"units", &capas_option_integer, FIELD(units), .minimum = 1,                               \
         .help = "numbers of the output"},                                                         \
        CAPAS_RECURRENT_OUTPUT_ROW
#define CAPAS_FORGET_ROW                                                                           \
    {                                                                                              \
        "unit_forget_bias", &capas_option_bool, FIELD(unit_forget_bias), 1,                        \
            .help = "whether the bias of the forget gate starts at 1"                              \
    }
#define CAPAS_RECURRENT_ACTIVATION_ROW                                                             \
    {                                                                                              \
        "recurrent_activation", &capas_option_activation, FIELD(recurrent_activation),             \
            CAPAS_SIGMOID, .help = "what the gates go through"                                     \
    }
#define CAPAS_RECURRENT_START_ROWS                                                                 \
    {"use_bias", &capas_option_bool, FIELD(use_bias), 1, .help = "whether b is added"},            \
        {"kernel_initializer", &capas_option_initializer, FIELD(kernel_initializer),               \
         CAPAS_INITIALIZER_GLOROT_UNIFORM, .help = "how the inputs' W starts"},                    \
        {"recurrent_initializer", &capas_option_initializer, FIELD(recurrent_initializer),         \
         CAPAS_INITIALIZER_ORTHOGONAL, .help = "how the states' U starts"},                        \
    {                                                                                              \
        "bias_initializer", &capas_option_initializer, FIELD(bias_initializer),                    \
            CAPAS_INITIALIZER_ZEROS, .help = "how b starts"                                        \
    }
#define CAPAS_RECURRENT_REST_ROWS                                                                  \
    {"kernel_regularizer", &capas_option_regularizer, FIELD(kernel_regularizer), .nullable = true, \
     .help = "a penalty on W"},                                                                    \
        {"recurrent_regularizer", &capas_option_regularizer, FIELD(recurrent_regularizer),         \
         .nullable = true, .help = "a penalty on U"},                                              \
        {"bias_regularizer", &capas_option_regularizer, FIELD(bias_regularizer), .nullable = true, \
         .help = "a penalty on b"},                                                                \
        {"activity_regularizer", &capas_option_regularizer, FIELD(activity_regularizer),           \
         .nullable = true, .help = "a penalty on the output"},                                     \
        {"kernel_constraint", &capas_option_weight_constraint, FIELD(kernel_constraint),           \
         .nullable = true, .help = "what its numbers are held to"},                                \
        {"recurrent_constraint", &capas_option_weight_constraint, FIELD(recurrent_constraint),     \
         .nullable = true, .help = "what its numbers are held to"},                                \
        {"bias_constraint", &capas_option_weight_constraint, FIELD(bias_constraint),               \
         .nullable = true, .help = "what its numbers are held to"},                                \
        {"dropout",                                                                                \
         &capas_option_real,                                                                       \
         FIELD(dropout),                                                                           \
         0,                                                                                        \
         .minimum = 0,                                                                             \
         .maximum = 1,                                                                             \
         .help = "the share of the inputs that become zero in training"},                          \
    {                                                                                              \
        "recurrent_dropout", &capas_option_real, FIELD(recurrent_dropout), 0,                      \
            .minimum = 0, .maximum = 1, .help = "the same of the states"                           \
    }
#define CAPAS_RECURRENT_LAST_ROWS(omit)                                                            \
    {"seed",                                                                                       \
     &capas_option_integer,                                                                        \
     FIELD(seed),                                                                                  \
     CAPAS_NONE,                                                                                   \
     .nullable = true,                                                                             \
     .omit_none = omit,                                                                            \
     .help = "of dropout; None: as the model's seed says"},                                        \
        {"implementation", &capas_option_past, 0, .omit_none = true,                               \
         .help = "Keras 2's, which changes nothing"},                                              \
    {                                                                                              \
        "time_major", &capas_option_past_false, 0, .omit_none = true,                              \
                                                   .help = "Keras 2's, only false"                 \
    }

#define CAPAS_RECURRENT_TYPE(said, cell_name)                                                      \
    .summary = said, .minimum_inputs = 1, .maximum_inputs = 3, .has_build_config = true,           \
    .takes_states = true, .takes_mask = true, .output_count = capas_recurrent_output_count,        \
    .lower_all = capas_recurrent_lower_all, .cell = cell_name, .describe = describe,               \
    .check = capas_recurrent_check, .infer = capas_recurrent_infer,                                \
    .build = capas_recurrent_build, .lower = capas_recurrent_lower, .call_has_mask = true,         \
    .call_has_training = true

#endif
