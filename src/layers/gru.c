/* GRU: a state with gates z, r, h (Keras layers/rnn/gru.py; the formulas in kernels/scan.h). */
#include "layers/recurrent.h"

#define FIELD(name) offsetof(capas_gru_options, name)
static const capas_option options[] = {
    CAPAS_RECURRENT_FIRST_ROWS,
    CAPAS_RECURRENT_ACTIVATION_ROW,
    CAPAS_RECURRENT_START_ROWS,
    CAPAS_RECURRENT_REST_ROWS,
    {"reset_after", &capas_option_bool, FIELD(reset_after), 1,
     .help = "whether the reset comes after the product with U"},
    CAPAS_RECURRENT_LAST_ROWS(false),
};

static void describe(const capas_layer *layer, void *description)
{
    const capas_gru_options *gru = layer->options;
    *(capas_recurrence *)description = (capas_recurrence){
        .cell = CAPAS_CELL_GRU,
        .recurrent_activation = gru->recurrent_activation,
        .reset_after = gru->reset_after,
    };
}

const capas_layer_type capas_gru_type = {
    .name = "GRU",
    .options = {"GRU", options, CAPAS_COUNT(options), sizeof(capas_gru_options)},
    CAPAS_RECURRENT_TYPE("Goes through a sequence with a state that gates change and reset.",
                         "gru_cell"),
};

capas_layer *capas_gru_with(int units, const capas_gru_options *given)
{
    capas_gru_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.units = units;
    return capas_layer_new(&capas_gru_type, &all);
}
