/* RepeatVector and UpSampling1D: numbers several times, one behind the other (Keras
 * layers/reshaping/repeat_vector.py, up_sampling1d.py). */
#include "base/text.h"
#include "layers/layer.h"

enum { TEXT_SIZE = 128 };

#define FIELD(name) offsetof(capas_repeat_vector_options, name)
static const capas_option vector_options[] = {
    {"n", &capas_option_integer, FIELD(n), .minimum = 1, .help = "how often"},
};
#undef FIELD
#define FIELD(name) offsetof(capas_up_sampling1d_options, name)
static const capas_option sampling_options[] = {
    {"size", &capas_option_integer, FIELD(size), 2, .minimum = 1, .help = "how often each step"},
};

/* The shape of an input of this rank with an axis `times` as long. */
static capas_status repeated(const capas_layer *layer, const capas_shape *input, int rank,
                             const char *wanted, capas_shape *output)
{
    char text[TEXT_SIZE];
    *output = *input;
    if (input->rank == rank) return CAPAS_OK;
    return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH, "takes %s, found %s", wanted,
                            capas_shape_text(input, text, sizeof text));
}

static capas_status infer_vector(const capas_layer *layer, const capas_shape *inputs, int count,
                                 capas_shape *output)
{
    (void)count;
    const capas_repeat_vector_options *repeat = layer->options;
    CAPAS_TRY(repeated(layer, &inputs[0], 2, "vectors (None, features)", output));
    *output = (capas_shape){3, {CAPAS_ANY, repeat->n, inputs[0].dims[1]}};
    return CAPAS_OK;
}

static int lower_vector(const capas_layer *layer, capas_program *program, const int *inputs,
                        int count)
{
    (void)count;
    const capas_repeat_vector_options *repeat = layer->options;
    const capas_shape *shape = capas_program_shape(program, inputs[0]);
    if (shape == NULL) return CAPAS_NO_BUFFER;
    capas_shape step = {3, {CAPAS_ANY, 1, shape->dims[1]}};
    int input = capas_program_reshape(program, inputs[0], &step);
    return capas_program_repeat(program, layer->name, input, 1, repeat->n);
}

static capas_status infer_sampling(const capas_layer *layer, const capas_shape *inputs, int count,
                                   capas_shape *output)
{
    (void)count;
    const capas_up_sampling1d_options *sampling = layer->options;
    CAPAS_TRY(repeated(layer, &inputs[0], 3, "sequences (None, steps, channels)", output));
    output->dims[1] *= sampling->size;
    return CAPAS_OK;
}

static int lower_sampling(const capas_layer *layer, capas_program *program, const int *inputs,
                          int count)
{
    (void)count;
    const capas_up_sampling1d_options *sampling = layer->options;
    return capas_program_repeat(program, layer->name, inputs[0], 1, sampling->size);
}

const capas_layer_type capas_repeat_vector_type = {
    .name = "RepeatVector",
    .summary = "A vector several times, as the steps of a sequence.",
    .options = {"RepeatVector", vector_options, CAPAS_COUNT(vector_options),
                sizeof(capas_repeat_vector_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .infer = infer_vector,
    .lower = lower_vector,
};

const capas_layer_type capas_up_sampling1d_type = {
    .name = "UpSampling1D",
    .summary = "Each step of a sequence several times.",
    .options = {"UpSampling1D", sampling_options, CAPAS_COUNT(sampling_options),
                sizeof(capas_up_sampling1d_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .infer = infer_sampling,
    .lower = lower_sampling,
};

capas_layer *capas_repeat_vector_with(int n, const capas_repeat_vector_options *given)
{
    capas_repeat_vector_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.n = n;
    return capas_layer_new(&capas_repeat_vector_type, &all);
}

capas_layer *capas_up_sampling1d_with(int size, const capas_up_sampling1d_options *given)
{
    capas_up_sampling1d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.size = size;
    return capas_layer_new(&capas_up_sampling1d_type, &all);
}
