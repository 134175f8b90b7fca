/* InputLayer: what a network takes (Keras layers/core/input_layer.py). Files have batch_shape with
 * the batch in front, older ones batch_input_shape, recipes shape without the batch: one field. */
#include "base/text.h"
#include "layers/layer.h"
#include <string.h>

enum { TEXT_SIZE = 256, ELEMENT_COUNT = CAPAS_UINT8 + 1, SHAPE_MISSING = -1 };

/* A shape that nobody gave: rank 0 is a scalar, which only a file can say. */
static void resolve_shape(const capas_option *option, void *field)
{
    (void)option;
    capas_shape *shape = field;
    if (shape->rank == 0) shape->rank = SHAPE_MISSING;
}

static capas_status check_shape(const capas_option *option, const void *field)
{
    (void)option;
    const capas_shape *shape = field;
    char text[TEXT_SIZE];
    if (shape->rank < 0 || shape->rank >= CAPAS_MAX_RANK)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "a list of 1 to %d sizes, the batch not among them, found %s",
                          CAPAS_MAX_RANK - 1, shape->rank < 0 ? "none" : "more");
    for (int i = 0; i < shape->rank; i++)
        if (shape->dims[i] < 1)
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "sizes of at least 1 (capas needs to know all but the batch's), "
                              "found %s",
                              capas_shape_text(shape, text, sizeof text));
    return CAPAS_OK;
}

/* Sizes from item `first` on. */
static bool read_sizes(const capas_value *value, size_t first, capas_shape *shape)
{
    if (value->kind != CAPAS_VALUE_LIST) return false;
    if (value->count < first || value->count - first >= CAPAS_MAX_RANK) return false;
    shape->rank = (int)(value->count - first);
    for (size_t i = first; i < value->count; i++) {
        const capas_value *size = value->items[i];
        bool unknown = size->kind == CAPAS_VALUE_NULL;
        if (!unknown && size->kind != CAPAS_VALUE_INTEGER) return false;
        shape->dims[i - first] = unknown ? CAPAS_ANY : size->integer;
    }
    return true;
}

static capas_status fail_shape(const char *expected, const capas_value *value)
{
    char found[TEXT_SIZE];
    return capas_fail(CAPAS_INVALID_ARGUMENT, "%s, found %s", expected,
                      capas_value_describe(value, found, sizeof found));
}

/* The options that a shape is a field of. */
static const size_t place = offsetof(capas_input_options, shape);
static capas_input_options *options_of(void *shape)
{
    return (capas_input_options *)(void *)((char *)shape - place);
}

static capas_status read_batch_shape(const capas_option *option, const capas_value *value,
                                     void *field)
{
    (void)option;
    const capas_value *batch =
        value->kind == CAPAS_VALUE_LIST && value->count > 0 ? value->items[0] : NULL;
    bool fixed = batch && batch->kind == CAPAS_VALUE_INTEGER && batch->integer > 0;
    if (read_sizes(value, 1, field)) {
        options_of(field)->batch_size = fixed ? (int)batch->integer : 0;
        return CAPAS_OK;
    }
    return fail_shape("a list of sizes with null for the batch in front", value);
}

static capas_status read_shape(const capas_option *option, const capas_value *value, void *field)
{
    (void)option;
    capas_shape *shape = field;
    if (value->kind == CAPAS_VALUE_INTEGER) {
        *shape = (capas_shape){1, {value->integer}};
        return CAPAS_OK;
    }
    if (read_sizes(value, 0, shape)) return CAPAS_OK;
    return fail_shape("a list of sizes without the batch", value);
}

static capas_value *write_batch_shape(const capas_option *option, const void *field)
{
    (void)option;
    const capas_shape *shape = field;
    const int batch =
        ((const capas_input_options *)(const void *)((const char *)field - place))->batch_size;
    capas_value *list = capas_value_list();
    capas_status status =
        capas_value_append(list, batch > 0 ? capas_value_integer(batch) : capas_value_null());
    for (int i = 0; i < shape->rank && status == CAPAS_OK; i++)
        status = capas_value_append(list, capas_value_integer(shape->dims[i]));
    if (status == CAPAS_OK) return list;
    capas_value_free(list);
    return NULL;
}

static capas_value *write_nothing(const capas_option *option, const void *field)
{
    (void)option;
    (void)field;
    return capas_value_null();
}

static capas_status check_element(const capas_option *option, const void *field)
{
    (void)option;
    int element = (int)*(const capas_element *)field;
    if (element >= 0 && element < ELEMENT_COUNT) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "an element type, found the number %d", element);
}

static capas_status read_element(const capas_option *option, const capas_value *value, void *field)
{
    (void)option;
    for (int i = 0; value->kind == CAPAS_VALUE_STRING && i < ELEMENT_COUNT; i++) {
        if (strcmp(value->string, capas_element_name((capas_element)i)) != 0) continue;
        *(capas_element *)field = (capas_element)i;
        return CAPAS_OK;
    }
    return fail_shape("\"float32\", \"float64\", \"int32\" or \"uint8\"", value);
}

static capas_value *write_element(const capas_option *option, const void *field)
{
    (void)option;
    return capas_value_string(capas_element_name(*(const capas_element *)field));
}

static const capas_option_kind batch_shape_kind = {
    "a list of sizes with the batch",
    resolve_shape,
    check_shape,
    read_batch_shape,
    write_batch_shape,
};
/* The same field under other names: read, never written. */
static const capas_option_kind old_batch_shape_kind = {
    "a list of sizes with the batch", NULL, check_shape, read_batch_shape, write_nothing,
};
static const capas_option_kind shape_kind = {
    "a list of sizes", NULL, check_shape, read_shape, write_nothing,
};
static const capas_option_kind element_kind = {
    "an element type", NULL, check_element, read_element, write_element,
};

#define FIELD(name) offsetof(capas_input_options, name)
static const capas_option options[] = {
    {"batch_shape", &batch_shape_kind, FIELD(shape), .help = "the sizes with null for the batch"},
    {"dtype", &element_kind, FIELD(element), .help = "float32, float64, int32 or uint8"},
    {"sparse", &capas_option_only_false, 0, .help = "only false"},
    {"ragged", &capas_option_only_false, 0, .help = "only false"},
    {"optional", &capas_option_only_false, 0, .help = "only false"},
    {"shape", &shape_kind, FIELD(shape), .omit_none = true, .help = "the sizes of one sample"},
    {"batch_input_shape", &old_batch_shape_kind, FIELD(shape), .omit_none = true,
     .help = "Keras 2's batch_shape"},
};

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)inputs;
    (void)count;
    const capas_shape *shape = &((const capas_input_options *)layer->options)->shape;
    output->rank = shape->rank + 1;
    output->dims[0] = CAPAS_ANY;
    memcpy(&output->dims[1], shape->dims, (size_t)shape->rank * sizeof shape->dims[0]);
    return CAPAS_OK;
}

const capas_layer_type capas_input_type = {
    .name = "InputLayer",
    .summary = "What a network takes: the shape of one sample.",
    .options = {"InputLayer", options, CAPAS_COUNT(options), sizeof(capas_input_options)},
    .infer = infer,
};

capas_layer *capas_input_with(const capas_input_options *given)
{
    return capas_layer_new(&capas_input_type, given);
}

capas_layer *capas_input_dims(int rank, const int *dims)
{
    capas_input_options given = {.struct_size = sizeof given, .shape.rank = rank};
    /* A rank that is too high is reported by the check; there is no room for its sizes. */
    for (int i = 0; i < rank && i < CAPAS_MAX_RANK; i++)
        given.shape.dims[i] = dims[i];
    return capas_input_with(&given);
}
