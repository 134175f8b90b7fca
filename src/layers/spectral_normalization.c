/* SpectralNormalization: a layer whose kernel is divided by its largest singular value, as power
 * iteration finds it, before each training step (Keras layers/normalization/
 * spectral_normalization.py). The kernel itself changes then, so that the ops are those of the
 * layer in it, in training and prediction; what is done to it is training's (training/step.c). */
#include "base/memory.h"
#include "kernels/spectral.h"
#include "layers/wrapper.h"
#include <capas/normalization.h>
#include <string.h>

#define FIELD(name) offsetof(capas_spectral_normalization_options, name)
static const capas_option options[] = {
    {"layer", &capas_option_layer, FIELD(layer), .help = "whose kernel is normalised"},
    {"power_iterations", &capas_option_integer, FIELD(power_iterations), 1, .minimum = 1,
     .help = "how often the vector is brought nearer in a step"},
};

static capas_layer *inner_of(const capas_layer *layer)
{
    return capas_layer_inner(layer, 0);
}

#define NO_KERNEL                                                                                  \
    "it wraps a layer that has a kernel or embeddings, as Dense, Conv2D and Embedding have, "      \
    "found %s"

static capas_status check(const capas_layer *layer, const char *where)
{
    const capas_layer *inner = inner_of(layer);
    const capas_layer_type *type = inner->type;
    if (type->lower && !type->cell && type->minimum_inputs == 1 && !capas_layer_inner(inner, 0))
        return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: " NO_KERNEL, where, type->name);
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    CAPAS_TRY(capas_wrapper_name(inner_of(layer), ""));
    return inner_of(layer)->type->infer(inner_of(layer), inputs, count, output);
}

/* Keras takes the kernel for the wrapper's own: its vector comes next, the rest behind. */
static capas_status build(capas_layer *layer, const capas_shape *inputs, int count)
{
    const capas_spectral_normalization_options *spectral = layer->options;
    static const capas_regularizer none = {0};
    capas_weight *kernel = layer->weights;
    CAPAS_TRY(capas_wrapper_build(layer, inner_of(layer), inputs, count));
    const int rest = layer->weight_count - 1;
    if (rest < 0 ||
        (strcmp(kernel->name, "kernel") != 0 && strcmp(kernel->name, "embeddings") != 0))
        return capas_layer_fail(layer, CAPAS_INVALID_ARGUMENT, NO_KERNEL,
                                inner_of(layer)->type->name);
    const capas_shape shape = {2, {1, capas_weight_columns(kernel)}};
    CAPAS_TRY(capas_layer_add_weight(layer, "vector_u", &shape, capas_truncated_normal(0, 0.02),
                                     none, false));
    const capas_weight vector = kernel[1 + rest];
    memmove(&kernel[2], &kernel[1], (size_t)rest * sizeof vector);
    kernel[1] = vector;
    kernel->vector = &kernel[1];
    kernel->power_iterations = spectral->power_iterations;
    return CAPAS_OK;
}

/* A mask goes on as through the layer itself, as in Keras, which warns that it would not. */
static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    const capas_layer *inner = inner_of(layer);
    int output = inner->type->lower(inner, program, inputs, count);
    if (output >= 0 && inner->type->passes_mask && program->buffers[output].mask < 0)
        program->buffers[output].mask = program->buffers[inputs[0]].mask;
    return output;
}

capas_status capas_weight_normalise(const capas_weight *weight, float *block, float *vector)
{
    const capas_spectral_problem problem = {
        .workers = capas_threads(),
        .rows = capas_weight_rows(weight),
        .columns = capas_weight_columns(weight),
        .tile = capas_weight_tile(weight),
        .iterations = weight->power_iterations,
    };
    double *workspace = capas_allocate(capas_spectral_workspace(&problem), sizeof *workspace);
    if (!workspace) return CAPAS_NO_MEMORY;
    capas_normalise_spectrum(&problem, capas_weight_count(weight), block, vector, workspace);
    capas_release(workspace);
    return CAPAS_OK;
}

const capas_layer_type capas_spectral_normalization_type = {
    .name = "SpectralNormalization",
    .summary = "A layer whose kernel is held to the largest singular value 1 in training.",
    .options = {"SpectralNormalization", options, CAPAS_COUNT(options),
                sizeof(capas_spectral_normalization_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .inner = {FIELD(layer)},
    .inner_names = {"layer"},
    .has_kernel_of_inner = true,
    .check = check,
    .infer = infer,
    .build = build,
    .lower = lower,
    .call_has_training = true,
};

capas_layer *capas_spectral_normalization_with(capas_layer *layer,
                                               const capas_spectral_normalization_options *given)
{
    capas_spectral_normalization_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.layer = layer;
    return capas_wrapper_new(&capas_spectral_normalization_type, &all);
}
