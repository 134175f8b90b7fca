/* The option kind of activations (keras-semantics 2.1): read from Keras's names, or null for
 * linear; written as its name. */
#include "base/text.h"
#include "layers/layer.h"
#include <string.h>

enum { TEXT_SIZE = 256, ACTIVATION_COUNT = CAPAS_SPARSEMAX };

const char *const capas_activation_names[] = {
    "linear",       "relu",        "sigmoid",        "tanh",        "softmax",
    "elu",          "selu",        "relu6",          "leaky_relu",  "exponential",
    "softplus",     "softsign",    "silu",           "gelu",        "mish",
    "hard_sigmoid", "hard_silu",   "hard_tanh",      "tanh_shrink", "soft_shrink",
    "hard_shrink",  "squareplus",  "log_sigmoid",    "celu",        "gelu_approximate",
    "log_softmax",  "sparse_plus", "sparse_sigmoid", "sparsemax",   NULL,
};

/* Keras's second names, which it does not write. */
static const char *const aliases[][2] = {{"swish", "silu"}, {"hard_swish", "hard_silu"}};

static capas_status fail_activation(const char *found, const char *name)
{
    const char *nearest =
        name ? capas_nearest_name(name, capas_activation_names, ACTIVATION_COUNT) : NULL;
    return capas_fail(
        CAPAS_UNKNOWN_NAME,
        "a name like \"linear\", \"relu\", \"sigmoid\", \"tanh\", \"softmax\", \"elu\", "
        "\"silu\" or \"gelu\", found %s%s%s%s",
        found, nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

static void resolve_activation(const capas_option *option, void *field)
{
    capas_activation *activation = field;
    if ((int)*activation == 0) *activation = (capas_activation)option->standard;
}

static capas_status check_activation(const capas_option *option, const void *field)
{
    int number = (int)*(const capas_activation *)field;
    (void)option;
    if (number >= 1 && number <= ACTIVATION_COUNT) return CAPAS_OK;
    char found[TEXT_SIZE];
    capas_value value = {.kind = CAPAS_VALUE_INTEGER, .integer = number, .real = number};
    if (number == 0) return fail_activation("nothing", NULL);
    return fail_activation(capas_value_describe(&value, found, sizeof found), NULL);
}

/* {gelu: {approximate: true}}, the one argument that an activation can be told. */
static const char *name_with_argument(const capas_value *value)
{
    const capas_value *arguments = value->count == 1 ? value->items[0] : NULL;
    if (!arguments || strcmp(value->keys[0], "gelu") != 0) return NULL;
    const capas_value *approximate = capas_value_get(arguments, "approximate");
    bool alone = arguments->kind == CAPAS_VALUE_MAP && arguments->count == 1;
    if (!alone || !approximate || approximate->kind != CAPAS_VALUE_BOOL) return NULL;
    return approximate->boolean ? "gelu_approximate" : "gelu";
}

/* "relu", null, {gelu: {approximate: true}}, or Keras's dict of a function: {"class_name":
 * "function", "config": "relu"}. */
static capas_status read_activation(const capas_option *option, const capas_value *value,
                                    void *field)
{
    (void)option;
    capas_activation *activation = field;
    char found[TEXT_SIZE];
    const capas_value *name = value;
    if (value->kind == CAPAS_VALUE_MAP) name = capas_value_get(value, "config");
    if (value->kind == CAPAS_VALUE_NULL) {
        *activation = CAPAS_LINEAR;
        return CAPAS_OK;
    }
    capas_value_describe(value, found, sizeof found);
    const char *wanted = value->kind == CAPAS_VALUE_MAP ? name_with_argument(value) : NULL;
    if (!wanted && name && name->kind == CAPAS_VALUE_STRING) wanted = name->string;
    if (!wanted) return fail_activation(found, NULL);
    const char *given = wanted;
    for (size_t i = 0; i < CAPAS_COUNT(aliases); i++)
        if (strcmp(wanted, aliases[i][0]) == 0) wanted = aliases[i][1];
    for (int i = 0; i < ACTIVATION_COUNT; i++) {
        if (strcmp(wanted, capas_activation_names[i]) != 0) continue;
        *activation = (capas_activation)(i + 1);
        return CAPAS_OK;
    }
    return fail_activation(found, given);
}

static capas_value *write_activation(const capas_option *option, const void *field)
{
    (void)option;
    return capas_value_string(capas_activation_names[*(const capas_activation *)field - 1]);
}

const capas_option_kind capas_option_activation = {
    "an activation", resolve_activation, check_activation, read_activation, write_activation,
};
