/* Embedding: rows of a table by number (Keras layers/core/embedding.py). The numbers come in the
 * element that everything is computed in, which holds whole numbers up to 2^24 exactly. */
#include "base/text.h"
#include "layers/layer.h"

enum { TEXT_SIZE = 128, MOST_ROWS = 1 << 24 };

#define FIELD(name) offsetof(capas_embedding_options, name)
static const capas_option options[] = {
    {"input_dim", &capas_option_integer, FIELD(input_dim), .minimum = 1, .maximum = MOST_ROWS,
     .help = "how many numbers there are: one more than the largest"},
    {"output_dim", &capas_option_integer, FIELD(output_dim), .minimum = 1,
     .help = "numbers of a row"},
    {"embeddings_initializer", &capas_option_initializer, FIELD(embeddings_initializer),
     CAPAS_INITIALIZER_RANDOM_UNIFORM, .help = "how the table starts"},
    {"embeddings_regularizer", &capas_option_regularizer, FIELD(embeddings_regularizer),
     .nullable = true, .help = "a penalty on the table"},
    {"activity_regularizer", &capas_option_regularizer, FIELD(activity_regularizer),
     .nullable = true, .help = "a penalty on the output"},
    {"embeddings_constraint", &capas_option_weight_constraint, FIELD(embeddings_constraint),
     .nullable = true, .help = "what its numbers are held to"},
    {"mask_zero", &capas_option_bool, FIELD(mask_zero), 0,
     .help = "whether the number 0 says that there is none"},
    {"quantization_config", &capas_option_only_none, 0, .help = "only None yet"},
    {"input_length", &capas_option_past, 0, .omit_none = true,
     .help = "Keras 2's, which follows from the input"},
};

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const capas_embedding_options *embedding = layer->options;
    char text[TEXT_SIZE];
    if (inputs[0].rank >= CAPAS_MAX_RANK)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "takes inputs of at most %d axes, found %s", CAPAS_MAX_RANK - 1,
                                capas_shape_text(&inputs[0], text, sizeof text));
    *output = inputs[0];
    output->dims[output->rank++] = embedding->output_dim;
    return CAPAS_OK;
}

static capas_status build(capas_layer *layer, const capas_shape *inputs, int count)
{
    (void)inputs, (void)count;
    const capas_embedding_options *embedding = layer->options;
    capas_shape table = {2, {embedding->input_dim, embedding->output_dim}};
    return capas_layer_add_weight(layer, "embeddings", &table, embedding->embeddings_initializer,
                                  embedding->embeddings_regularizer, true);
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_embedding_options *embedding = layer->options;
    const capas_regularizer *penalty = &embedding->activity_regularizer;
    int mask = CAPAS_NO_BUFFER;
    if (embedding->mask_zero) mask = capas_program_mask(program, layer->name, inputs[0], 0, false);
    int output = capas_program_lookup(program, layer->name, inputs[0], embedding->input_dim,
                                      embedding->output_dim, layer->weights[0].index);
    if (output >= 0) program->buffers[output].mask = mask;
    if (penalty->kind == CAPAS_REGULARIZER_NONE) return output;
    return capas_program_penalty(program, layer->name, output, penalty->l1, penalty->l2);
}

const capas_layer_type capas_embedding_type = {
    .name = "Embedding",
    .summary = "For each whole number its row of a table that is learnt.",
    .options = {"Embedding", options, CAPAS_COUNT(options), sizeof(capas_embedding_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .infer = infer,
    .build = build,
    .lower = lower,
};

capas_layer *capas_embedding_with(int input_dim, int output_dim,
                                  const capas_embedding_options *given)
{
    capas_embedding_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.input_dim = input_dim;
    all.output_dim = output_dim;
    return capas_layer_new(&capas_embedding_type, &all);
}
