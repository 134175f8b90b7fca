/* SimpleRNN: h = activation(x W + h U + b) (Keras layers/rnn/simple_rnn.py). */
#include "layers/recurrent.h"

#define FIELD(name) offsetof(capas_simple_rnn_options, name)
static const capas_option options[] = {
    CAPAS_RECURRENT_FIRST_ROWS, CAPAS_RECURRENT_START_ROWS, CAPAS_RECURRENT_REST_ROWS,
    CAPAS_RECURRENT_LAST_ROWS(true), /* Keras forgets its seed */
};

static void describe(const capas_layer *layer, void *description)
{
    (void)layer;
    *(capas_recurrence *)description = (capas_recurrence){.cell = CAPAS_CELL_SIMPLE};
}

const capas_layer_type capas_simple_rnn_type = {
    .name = "SimpleRNN",
    .options = {"SimpleRNN", options, CAPAS_COUNT(options), sizeof(capas_simple_rnn_options)},
    CAPAS_RECURRENT_TYPE("Goes through a sequence with a state that each step changes.",
                         "simple_rnn_cell"),
};

capas_layer *capas_simple_rnn_with(int units, const capas_simple_rnn_options *given)
{
    capas_simple_rnn_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.units = units;
    return capas_layer_new(&capas_simple_rnn_type, &all);
}
