/* Layers of Keras 1 (1.0 to 1.2) in the words of later ones: classes, options, and Merge. What has
 * no such word is refused by whoever reads the layer then. Kernels of Theano's order ("th") have
 * other shapes and are refused with their weights. */
#include "layers/custom.h"
#include "model/config_read.h"
#include <string.h>

/* class NULL: any. `now` NULL: it says nothing that matters. */
typedef struct change {
    const char *class, *then, *now;
} change;

static const change classes[] = {
    {.then = "Convolution1D", .now = "Conv1D"},
    {.then = "Convolution2D", .now = "Conv2D"},
    {.then = "Convolution3D", .now = "Conv3D"},
    {.then = "AtrousConvolution1D", .now = "Conv1D"},
    {.then = "AtrousConvolution2D", .now = "Conv2D"},
    {.then = "SeparableConvolution2D", .now = "SeparableConv2D"},
};

static const change options[] = {
    {"Embedding", "init", "embeddings_initializer"},
    {"Embedding", "W_regularizer", "embeddings_regularizer"},
    {"Embedding", "W_constraint", "embeddings_constraint"},
    {"Embedding", "dropout", NULL},
    {"Embedding", "input_length", NULL},
    {"BatchNormalization", "gamma_init", "gamma_initializer"},
    {"BatchNormalization", "beta_init", "beta_initializer"},
    {"UpSampling1D", "length", "size"},
    {"Dense", "output_dim", "units"},
    {"Dense", "input_dim", NULL},
    {"SimpleRNN", "output_dim", "units"},
    {"LSTM", "output_dim", "units"},
    {"GRU", "output_dim", "units"},
    {"Dropout", "p", "rate"},
    {"SpatialDropout1D", "p", "rate"},
    {"SpatialDropout2D", "p", "rate"},
    {"GaussianDropout", "p", "rate"},
    {"GaussianNoise", "sigma", "stddev"},
    {NULL, "nb_filter", "filters"},
    {NULL, "filter_length", "kernel_size"},
    {NULL, "subsample", "strides"},
    {NULL, "subsample_length", "strides"},
    {NULL, "stride", "strides"},
    {NULL, "pool_length", "pool_size"},
    {NULL, "atrous_rate", "dilation_rate"},
    {NULL, "border_mode", "padding"},
    {NULL, "dim_ordering", "data_format"},
    {NULL, "init", "kernel_initializer"},
    {NULL, "inner_init", "recurrent_initializer"},
    {NULL, "inner_activation", "recurrent_activation"},
    {NULL, "W_regularizer", "kernel_regularizer"},
    {NULL, "U_regularizer", "recurrent_regularizer"},
    {NULL, "b_regularizer", "bias_regularizer"},
    {NULL, "W_constraint", "kernel_constraint"},
    {NULL, "U_constraint", "recurrent_constraint"},
    {NULL, "b_constraint", "bias_constraint"},
    {NULL, "dropout_W", "dropout"},
    {NULL, "dropout_U", "recurrent_dropout"},
    {NULL, "bias", "use_bias"},
    {NULL, "input_dtype", NULL},
    {NULL, "consume_less", NULL},
};

static const change merges[] = {
    {.then = "sum", .now = "Add"},
    {.then = "mul", .now = "Multiply"},
    {.then = "ave", .now = "Average"},
    {.then = "max", .now = "Maximum"},
    {.then = "concat", .now = "Concatenate"},
};

static const char *renamed(const change *table, size_t count, const char *then)
{
    for (size_t i = 0; then && i < count; i++)
        if (strcmp(table[i].then, then) == 0) return table[i].now;
    return NULL;
}

static bool concerns(const change *change, const char *class, const capas_value *config)
{
    if (change->class && strcmp(change->class, class) != 0) return false;
    return capas_value_get(config, change->then) != NULL;
}

bool capas_config_is_keras1(const capas_value *entry)
{
    const char *class = capas_value_get_text(entry, "class_name");
    const capas_value *config = capas_value_get(entry, "config");
    if (!class || capas_custom_type_of(class)) return false;
    if (strcmp(class, "Merge") == 0 || renamed(classes, CAPAS_COUNT(classes), class)) return true;
    for (size_t i = 0; i < CAPAS_COUNT(options); i++)
        if (concerns(&options[i], class, config)) return true;
    return strcmp(class, "BatchNormalization") == 0 && capas_value_get(config, "mode");
}

static capas_status set_string(capas_value *map, const char *key, const char *text)
{
    return capas_value_set(map, key, capas_value_string(text));
}

/* {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.0005} */
static capas_value *renew_regularizer(capas_value *old)
{
    const char *name = capas_value_get_text(old, "name");
    if (!name) return old;
    capas_value *map = capas_value_map();
    capas_value_free(capas_value_take(old, "name"));
    if (capas_value_set(map, "config", old) == CAPAS_OK &&
        set_string(map, "class_name", "L1L2") == CAPAS_OK)
        return map;
    capas_value_free(map);
    return NULL;
}

static capas_value *renew_value(const change *change, capas_value *value)
{
    const char *text = value->kind == CAPAS_VALUE_STRING ? value->string : NULL;
    if (strstr(change->then, "_regularizer")) return renew_regularizer(value);
    if (strcmp(change->then, "dim_ordering") != 0 || !text) return value;
    const char *order = strcmp(text, "th") == 0 ? "channels_first" : "channels_last";
    capas_value_free(value);
    return capas_value_string(order);
}

static capas_status rename_option(capas_value *config, const change *change)
{
    capas_value *value = capas_value_take(config, change->then);
    if (change->now) return capas_value_set(config, change->now, renew_value(change, value));
    capas_value_free(value);
    return CAPAS_OK;
}

/* "nb_row" and "nb_col", of a volume behind "kernel_dim1" and its like, are one list now. */
static capas_status join_sides(capas_value *config)
{
    static const char *const sides[] = {"kernel_dim1", "kernel_dim2", "kernel_dim3", "nb_row",
                                        "nb_col"};
    capas_value *list = NULL;
    for (size_t i = 0; i < CAPAS_COUNT(sides); i++) {
        capas_value *side = capas_value_take(config, sides[i]);
        if (!side) continue;
        if (!list) list = capas_value_list();
        capas_status status = capas_value_append(list, side);
        if (status == CAPAS_OK) continue;
        capas_value_free(list);
        return status;
    }
    return list ? capas_value_set(config, "kernel_size", list) : CAPAS_OK;
}

/* Two axes of the sample are normalised as in later ones by mode 0 alone. */
static capas_status check_mode(capas_value *config)
{
    capas_value *mode = capas_value_take(config, "mode");
    const bool usual = !mode || (mode->kind == CAPAS_VALUE_INTEGER && mode->integer == 0);
    capas_value_free(mode);
    if (usual) return CAPAS_OK;
    return capas_fail(CAPAS_UNSUPPORTED, "BatchNormalization of Keras 1 with another mode than 0");
}

/* Merge with its mode is a class of its own; of its options the axis of a concatenation is left. */
static capas_status renew_merge(capas_value *entry, const capas_value *config)
{
    const char *mode = capas_value_get_text(config, "mode");
    const char *class = renamed(merges, CAPAS_COUNT(merges), mode);
    const capas_value *axis = capas_value_get(config, "concat_axis");
    const char *name = capas_value_get_text(config, "name");
    if (!class)
        return capas_fail(CAPAS_UNSUPPORTED, "Merge of Keras 1 with the mode \"%s\"",
                          mode ? mode : "a function");
    capas_value *now = capas_value_map();
    capas_status status = now ? CAPAS_OK : CAPAS_NO_MEMORY;
    if (status == CAPAS_OK && name) status = set_string(now, "name", name);
    if (status == CAPAS_OK && axis && strcmp(class, "Concatenate") == 0)
        status = capas_value_set(now, "axis", capas_value_clone(axis));
    if (status == CAPAS_OK) status = set_string(entry, "class_name", class);
    if (status == CAPAS_OK) return capas_value_set(entry, "config", now);
    capas_value_free(now);
    return status;
}

static capas_status renew(capas_value *entry)
{
    const char *class = capas_value_get_text(entry, "class_name");
    capas_value *config = (capas_value *)(uintptr_t)capas_value_get(entry, "config");
    if (strcmp(class, "Merge") == 0) return renew_merge(entry, config);
    for (size_t i = 0; i < CAPAS_COUNT(options); i++)
        if (concerns(&options[i], class, config)) CAPAS_TRY(rename_option(config, &options[i]));
    CAPAS_TRY(join_sides(config));
    if (strcmp(class, "BatchNormalization") == 0) CAPAS_TRY(check_mode(config));
    const char *now = renamed(classes, CAPAS_COUNT(classes), class);
    return now ? set_string(entry, "class_name", now) : CAPAS_OK;
}

capas_value *capas_config_renew_keras1(const capas_value *entry)
{
    capas_value *copy = capas_value_clone(entry);
    if (copy && renew(copy) == CAPAS_OK) return copy;
    capas_value_free(copy);
    return NULL;
}
