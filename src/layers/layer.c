/* The life of a layer: made from an option struct, named, built for the shapes of its inputs,
 * released. What a kind of layer is lies in its own file (list.h); configurations are config.c's,
 * weights' values weights.c's. */
#include "layers/layer.h"
#include "base/memory.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_SIZE = 128, SENTENCE_SIZE = 512, MOST_PER_SAMPLE = 0x7fffffff };

/* What every option struct begins with. */
typedef struct common_options {
    CAPAS_LAYER_OPTIONS
} common_options;

/* Where a resolving option is, while the layer has no name yet; cut off again below. */
static const char unnamed[] = "layer";

const char *capas_layer_label(const capas_layer *layer, char *text, size_t size)
{
    if (layer->name) return layer->name;
    capas_snake_case(layer->type->name, text, size);
    return text;
}

capas_status capas_layer_fail(const capas_layer *layer, capas_status status, const char *format,
                              ...)
{
    char label[LABEL_SIZE], sentence[SENTENCE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    capas_cut_text(sentence, sizeof sentence, length);
    return capas_fail(status, "layer %s: %s", capas_layer_label(layer, label, sizeof label),
                      sentence);
}

capas_status capas_layer_check(const capas_layer *layer)
{
    if (layer->status == CAPAS_OK) return CAPAS_OK;
    return capas_layer_fail(layer, layer->status, "%s",
                            layer->message ? layer->message : "memory ran out");
}

/* Keeps the thread's failure in the layer, without the "layer: " in front. */
static void keep_failure(capas_layer *layer, capas_status status)
{
    const char *sentence = capas_error();
    size_t length = strlen(unnamed);
    if (strncmp(sentence, unnamed, length) == 0 && strncmp(sentence + length, ": ", 2) == 0)
        sentence += length + 2;
    layer->status = status;
    layer->message = capas_copy_string(sentence);
}

capas_shape capas_shape_without_steps(const capas_shape *shape)
{
    capas_shape step = *shape;
    step.rank--;
    for (int i = 1; i < step.rank; i++)
        step.dims[i] = shape->dims[i + 1];
    return step;
}

capas_shape capas_shape_with_steps(const capas_shape *step, int64_t steps)
{
    capas_shape shape = *step;
    shape.rank++;
    shape.dims[1] = steps;
    for (int i = 2; i < shape.rank; i++)
        shape.dims[i] = step->dims[i - 1];
    return shape;
}

/* A program built against an older capas gives a shorter struct: the rest is zero, the default. */
void capas_layer_copy_options(void *all, size_t size, const void *given)
{
    size_t given_size = given ? *(const size_t *)given : 0;
    memset(all, 0, size);
    memcpy(all, &size, sizeof size);
    if (!given) return;
    if (given_size > size) given_size = size;
    /* A struct_size that was left out is told by capas_layer_new. */
    memcpy(all, given, given_size < sizeof size ? sizeof size : given_size);
}

static capas_status check_struct_size(const capas_layer *layer)
{
    size_t size = ((const common_options *)layer->options)->struct_size;
    if (size >= sizeof(common_options)) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "%s: struct_size is %zu; it must be the size of the option struct", unnamed,
                      size);
}

static capas_status take_common(capas_layer *layer)
{
    common_options *common = layer->options;
    const char *name = common->name;
    common->name = NULL;
    layer->trainable = common->trainable != CAPAS_ZERO;
    if (!name) return CAPAS_OK;
    layer->named_by_user = true;
    return capas_layer_set_name(layer, name);
}

static capas_status resolve(capas_layer *layer)
{
    const capas_layer_type *type = layer->type;
    CAPAS_TRY(take_common(layer));
    CAPAS_TRY(capas_options_resolve(&type->options, layer->options, unnamed));
    return type->check ? type->check(layer, unnamed) : CAPAS_OK;
}

capas_layer *capas_layer_new(const capas_layer_type *type, const void *options)
{
    capas_layer *layer = capas_allocate_zeroed(1, sizeof *layer);
    if (!layer) return NULL;
    layer->type = type;
    layer->references = 1;
    layer->options = capas_allocate_zeroed(1, type->options.size);
    if (!layer->options) {
        capas_layer_free(layer);
        return NULL;
    }
    capas_layer_copy_options(layer->options, type->options.size, options);
    capas_status status = check_struct_size(layer);
    if (status == CAPAS_OK) status = resolve(layer);
    if (status != CAPAS_OK) keep_failure(layer, status);
    return layer;
}

capas_layer *capas_layer_retain(capas_layer *layer)
{
    layer->references++;
    return layer;
}

void capas_layer_free(capas_layer *layer)
{
    if (!layer || --layer->references > 0) return;
    for (int i = 0; i < CAPAS_MOST_INNER; i++)
        capas_layer_free(capas_layer_inner(layer, i));
    capas_release(layer->name);
    if (layer->options && layer->type->release) layer->type->release(layer->options);
    capas_release(layer->options);
    capas_release(layer->message);
    capas_release(layer->build_shapes);
    if (layer->states) capas_release(layer->states->values);
    capas_release(layer->states);
    capas_release(layer);
}

int capas_layer_output_count(const capas_layer *layer)
{
    return layer->type->output_count ? layer->type->output_count(layer) : 1;
}

bool capas_layer_is_stateful(const capas_layer *layer)
{
    for (int i = 0; i < CAPAS_MOST_INNER; i++) {
        const capas_layer *inner = capas_layer_inner(layer, i);
        if (inner && capas_layer_is_stateful(inner)) return true;
    }
    return layer->states != NULL;
}

void capas_layer_reset_states(capas_layer *layer)
{
    for (int i = 0; i < CAPAS_MOST_INNER; i++)
        if (capas_layer_inner(layer, i)) capas_layer_reset_states(capas_layer_inner(layer, i));
    if (layer->states) layer->states->batch = 0;
}

capas_status capas_layer_set_name(capas_layer *layer, const char *name)
{
    if (!*name || strchr(name, '/'))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "a layer's name must not be empty nor have a \"/\" in it, found \"%s\"",
                          name);
    char *copy = capas_copy_string(name);
    if (!copy) return CAPAS_NO_MEMORY;
    capas_release(layer->name);
    layer->name = copy;
    return CAPAS_OK;
}

static capas_status check_input_count(const capas_layer *layer, int count)
{
    const capas_layer_type *type = layer->type;
    if (count >= type->minimum_inputs && count <= type->maximum_inputs) return CAPAS_OK;
    if (type->maximum_inputs == 0)
        return capas_layer_fail(layer, CAPAS_INVALID_ARGUMENT,
                                "an input layer begins a network and takes nothing, found %d "
                                "inputs",
                                count);
    return capas_layer_fail(layer, CAPAS_INVALID_ARGUMENT, "%s takes %s%d input%s, found %d",
                            type->name,
                            type->minimum_inputs < type->maximum_inputs ? "at least " : "",
                            type->minimum_inputs, type->minimum_inputs == 1 ? "" : "s", count);
}

/* Kernels count in int: no sample may have more numbers than that holds. */
static capas_status check_size(const capas_layer *layer, const capas_shape *output)
{
    char text[LABEL_SIZE];
    int64_t count = capas_shape_count(output, 1);
    if (count >= 0 && count <= MOST_PER_SAMPLE) return CAPAS_OK;
    return capas_layer_fail(layer, CAPAS_UNSUPPORTED,
                            "its output %s has more than %d numbers a sample",
                            capas_shape_text(output, text, sizeof text), MOST_PER_SAMPLE);
}

static capas_status build_first(capas_layer *layer, const capas_shape *inputs, int count)
{
    if (count > 1 && layer->type->takes_states) count = 1; /* as Keras writes it */
    if (layer->type->build) CAPAS_TRY(layer->type->build(layer, inputs, count));
    CAPAS_TRY(capas_layer_constrain(layer));
    if (count > 0) {
        layer->build_shapes = capas_copy_memory(inputs, (size_t)count * sizeof *inputs);
        if (!layer->build_shapes) return CAPAS_NO_MEMORY;
    }
    layer->build_count = count;
    layer->built = true;
    return CAPAS_OK;
}

/* A layer that is used again has the weights it has: those that the new shapes ask for must be the
 * same. */
static capas_status check_again(capas_layer *layer, const capas_shape *inputs, int count)
{
    char wanted[LABEL_SIZE], has[LABEL_SIZE];
    if (!layer->type->build) return CAPAS_OK;
    capas_layer again = *layer;
    again.weight_count = 0;
    CAPAS_TRY(layer->type->build(&again, inputs, count));
    for (int i = 0; i < layer->weight_count; i++) {
        const capas_shape *shape = &layer->weights[i].shape;
        if (capas_shape_equal(shape, &again.weights[i].shape)) continue;
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "used again on %s its %s would be %s, but it is %s already; give "
                                "this use a layer of its own",
                                capas_shape_text(inputs, (char[LABEL_SIZE]){0}, LABEL_SIZE),
                                layer->weights[i].name,
                                capas_shape_text(&again.weights[i].shape, wanted, sizeof wanted),
                                capas_shape_text(shape, has, sizeof has));
    }
    return CAPAS_OK;
}

capas_status capas_layer_build(capas_layer *layer, const capas_shape *inputs, int count,
                               capas_shape *outputs)
{
    CAPAS_TRY(capas_layer_check(layer));
    CAPAS_TRY(check_input_count(layer, count));
    CAPAS_TRY(layer->type->infer(layer, inputs, count, outputs));
    for (int i = 0; i < capas_layer_output_count(layer); i++)
        CAPAS_TRY(check_size(layer, &outputs[i]));
    return layer->built ? check_again(layer, inputs, count) : build_first(layer, inputs, count);
}
