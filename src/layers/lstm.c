/* LSTM: a state and a memory with gates i, f, c, o (Keras layers/rnn/lstm.py; the formulas in
 * kernels/scan.h). */
#include "layers/recurrent.h"

#define FIELD(name) offsetof(capas_lstm_options, name)
static const capas_option options[] = {
    CAPAS_RECURRENT_FIRST_ROWS, CAPAS_RECURRENT_ACTIVATION_ROW, CAPAS_RECURRENT_START_ROWS,
    CAPAS_FORGET_ROW,           CAPAS_RECURRENT_REST_ROWS,      CAPAS_RECURRENT_LAST_ROWS(false),
};

static void describe(const capas_layer *layer, void *description)
{
    const capas_lstm_options *lstm = layer->options;
    *(capas_recurrence *)description = (capas_recurrence){
        .cell = CAPAS_CELL_LSTM,
        .recurrent_activation = lstm->recurrent_activation,
        .unit_forget_bias = lstm->unit_forget_bias,
    };
}

const capas_layer_type capas_lstm_type = {
    .name = "LSTM",
    .options = {"LSTM", options, CAPAS_COUNT(options), sizeof(capas_lstm_options)},
    CAPAS_RECURRENT_TYPE("Goes through a sequence with a memory that gates write and forget.",
                         "lstm_cell"),
};

capas_layer *capas_lstm_with(int units, const capas_lstm_options *given)
{
    capas_lstm_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.units = units;
    return capas_layer_new(&capas_lstm_type, &all);
}
