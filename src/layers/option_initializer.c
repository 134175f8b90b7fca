/* The option kind of initializers (keras-semantics 2.2): the functions that users make them with,
 * and Keras's configurations, also the VarianceScaling that older files have. What they draw is
 * weights.c's. */
#include "base/text.h"
#include "layers/layer.h"
#include "layers/object.h"
#include <math.h>
#include <string.h>

enum { TEXT_SIZE = 256, KIND_COUNT = CAPAS_INITIALIZER_VARIANCE_SCALING + 1 };

/* Keras's classes, by kind. */
static const char *const class_names[KIND_COUNT] = {
    [CAPAS_INITIALIZER_DEFAULT] = "",
    [CAPAS_INITIALIZER_ZEROS] = "Zeros",
    [CAPAS_INITIALIZER_ONES] = "Ones",
    [CAPAS_INITIALIZER_CONSTANT] = "Constant",
    [CAPAS_INITIALIZER_GLOROT_UNIFORM] = "GlorotUniform",
    [CAPAS_INITIALIZER_GLOROT_NORMAL] = "GlorotNormal",
    [CAPAS_INITIALIZER_HE_UNIFORM] = "HeUniform",
    [CAPAS_INITIALIZER_HE_NORMAL] = "HeNormal",
    [CAPAS_INITIALIZER_LECUN_UNIFORM] = "LecunUniform",
    [CAPAS_INITIALIZER_LECUN_NORMAL] = "LecunNormal",
    [CAPAS_INITIALIZER_RANDOM_UNIFORM] = "RandomUniform",
    [CAPAS_INITIALIZER_RANDOM_NORMAL] = "RandomNormal",
    [CAPAS_INITIALIZER_TRUNCATED_NORMAL] = "TruncatedNormal",
    [CAPAS_INITIALIZER_IDENTITY] = "Identity",
    [CAPAS_INITIALIZER_ORTHOGONAL] = "Orthogonal",
    [CAPAS_INITIALIZER_VARIANCE_SCALING] = "VarianceScaling",
};

/* Of VarianceScaling, by number - 1. */
static const char *const mode_names[] = {"fan_in", "fan_out", "fan_avg"};
static const char *const distribution_names[] = {"truncated_normal", "untruncated_normal",
                                                 "uniform"};

/* Numbers that an initializer is told: where they are kept, and Keras's defaults. */
typedef struct number {
    capas_initializer_kind kind;
    const char *key;
    size_t offset;
    double standard;
} number;

#define NUMBER(which, key_, field, standard_)                                                      \
    {                                                                                              \
        CAPAS_INITIALIZER_##which, key_, offsetof(capas_initializer, field), standard_             \
    }
static const number numbers[] = {
    NUMBER(CONSTANT, "value", value, 0),
    NUMBER(RANDOM_UNIFORM, "minval", low, -0.05),
    NUMBER(RANDOM_UNIFORM, "maxval", high, 0.05),
    NUMBER(RANDOM_NORMAL, "mean", low, 0),
    NUMBER(RANDOM_NORMAL, "stddev", high, 0.05),
    NUMBER(TRUNCATED_NORMAL, "mean", low, 0),
    NUMBER(TRUNCATED_NORMAL, "stddev", high, 0.05),
    NUMBER(IDENTITY, "gain", value, 1),
    NUMBER(ORTHOGONAL, "gain", value, 1),
    NUMBER(VARIANCE_SCALING, "scale", value, 1),
};

static double *number_of(capas_initializer *initializer, const number *number)
{
    return (double *)(void *)((char *)initializer + number->offset);
}

static capas_initializer of_kind(capas_initializer_kind kind)
{
    capas_initializer initializer = {.kind = kind};
    for (size_t i = 0; i < CAPAS_COUNT(numbers); i++)
        if (numbers[i].kind == kind) *number_of(&initializer, &numbers[i]) = numbers[i].standard;
    if (kind == CAPAS_INITIALIZER_VARIANCE_SCALING) {
        initializer.mode = CAPAS_FAN_IN;
        initializer.distribution = CAPAS_DISTRIBUTION_TRUNCATED_NORMAL;
    }
    return initializer;
}

static capas_initializer between(capas_initializer_kind kind, double low, double high)
{
    return (capas_initializer){.kind = kind, .low = low, .high = high};
}

capas_initializer capas_random_uniform(double minval, double maxval)
{
    return between(CAPAS_INITIALIZER_RANDOM_UNIFORM, minval, maxval);
}

capas_initializer capas_random_normal(double mean, double stddev)
{
    return between(CAPAS_INITIALIZER_RANDOM_NORMAL, mean, stddev);
}

capas_initializer capas_truncated_normal(double mean, double stddev)
{
    return between(CAPAS_INITIALIZER_TRUNCATED_NORMAL, mean, stddev);
}

capas_initializer capas_identity(double gain)
{
    return (capas_initializer){.kind = CAPAS_INITIALIZER_IDENTITY, .value = gain};
}

capas_initializer capas_orthogonal(double gain)
{
    return (capas_initializer){.kind = CAPAS_INITIALIZER_ORTHOGONAL, .value = gain};
}

capas_initializer capas_zeros(void)
{
    return of_kind(CAPAS_INITIALIZER_ZEROS);
}

capas_initializer capas_ones(void)
{
    return of_kind(CAPAS_INITIALIZER_ONES);
}

capas_initializer capas_constant(double value)
{
    return (capas_initializer){.kind = CAPAS_INITIALIZER_CONSTANT, .value = value};
}

capas_initializer capas_glorot_uniform(void)
{
    return of_kind(CAPAS_INITIALIZER_GLOROT_UNIFORM);
}

capas_initializer capas_glorot_normal(void)
{
    return of_kind(CAPAS_INITIALIZER_GLOROT_NORMAL);
}

capas_initializer capas_he_uniform(void)
{
    return of_kind(CAPAS_INITIALIZER_HE_UNIFORM);
}

capas_initializer capas_he_normal(void)
{
    return of_kind(CAPAS_INITIALIZER_HE_NORMAL);
}

capas_initializer capas_lecun_uniform(void)
{
    return of_kind(CAPAS_INITIALIZER_LECUN_UNIFORM);
}

capas_initializer capas_lecun_normal(void)
{
    return of_kind(CAPAS_INITIALIZER_LECUN_NORMAL);
}

capas_initializer capas_variance_scaling(double scale, capas_fan_mode mode,
                                         capas_distribution distribution)
{
    return (capas_initializer){.kind = CAPAS_INITIALIZER_VARIANCE_SCALING,
                               .value = scale,
                               .mode = mode,
                               .distribution = distribution};
}

capas_initializer capas_seeded(capas_initializer initializer, int64_t seed)
{
    initializer.seed = seed;
    initializer.has_seed = 1;
    return initializer;
}

static void resolve_initializer(const capas_option *option, void *field)
{
    capas_initializer *initializer = field;
    if (initializer->kind == CAPAS_INITIALIZER_DEFAULT)
        initializer->kind = (capas_initializer_kind)option->standard;
}

static capas_status check_initializer(const capas_option *option, const void *field)
{
    (void)option;
    const capas_initializer *initializer = field;
    if ((int)initializer->kind < 1 || (int)initializer->kind >= KIND_COUNT)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "an initializer, found the number %d",
                          (int)initializer->kind);
    const double told[] = {initializer->value, initializer->low, initializer->high};
    for (size_t i = 0; i < CAPAS_COUNT(told); i++)
        if (!isfinite(told[i]))
            return capas_fail(CAPAS_INVALID_ARGUMENT, "an initializer of a finite value, found %g",
                              told[i]);
    if (initializer->kind != CAPAS_INITIALIZER_VARIANCE_SCALING) return CAPAS_OK;
    bool known = (int)initializer->mode >= 1 && initializer->mode <= CAPAS_FAN_AVG &&
                 (int)initializer->distribution >= 1 &&
                 initializer->distribution <= CAPAS_DISTRIBUTION_UNIFORM;
    if (known && initializer->value > 0) return CAPAS_OK;
    return capas_fail(
        CAPAS_INVALID_ARGUMENT,
        "a VarianceScaling with a scale above 0, a mode and a distribution, found the "
        "scale %g",
        initializer->value);
}

static capas_status fail_value(const capas_value *value)
{
    char found[TEXT_SIZE];
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "an initializer like \"glorot_uniform\" or {\"class_name\": \"HeNormal\", "
                      "\"config\": {\"seed\": 1}}, found %s",
                      capas_value_describe(value, found, sizeof found));
}

static capas_status fail_name(const char *name)
{
    const char *nearest = capas_nearest_name(name, class_names + 1, KIND_COUNT - 1);
    return capas_fail(CAPAS_UNKNOWN_NAME,
                      "zeros, ones, constant, identity, orthogonal, truncated_normal, or one of "
                      "glorot, he, lecun and random with _uniform or _normal, or VarianceScaling, "
                      "found \"%s\"%s%s%s",
                      name, nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                      nearest ? "\"?" : "");
}

/* Keras 2.2 writes every glorot, he and lecun as VarianceScaling with its scale, mode and
 * distribution: they get their names back. */
static void name_scaling(capas_initializer *initializer)
{
    static const struct {
        double scale;
        capas_fan_mode mode;
        capas_initializer_kind uniform, normal;
    } named[] = {
        {1, CAPAS_FAN_AVG, CAPAS_INITIALIZER_GLOROT_UNIFORM, CAPAS_INITIALIZER_GLOROT_NORMAL},
        {2, CAPAS_FAN_IN, CAPAS_INITIALIZER_HE_UNIFORM, CAPAS_INITIALIZER_HE_NORMAL},
        {1, CAPAS_FAN_IN, CAPAS_INITIALIZER_LECUN_UNIFORM, CAPAS_INITIALIZER_LECUN_NORMAL},
    };
    if (initializer->kind != CAPAS_INITIALIZER_VARIANCE_SCALING) return;
    if (initializer->distribution == CAPAS_DISTRIBUTION_UNTRUNCATED_NORMAL) return;
    bool uniform = initializer->distribution == CAPAS_DISTRIBUTION_UNIFORM;
    for (size_t i = 0; i < CAPAS_COUNT(named); i++)
        if (initializer->value == named[i].scale && initializer->mode == named[i].mode)
            initializer->kind = uniform ? named[i].uniform : named[i].normal;
    if (initializer->kind == CAPAS_INITIALIZER_VARIANCE_SCALING) return;
    initializer->value = 0;
    initializer->mode = 0;
    initializer->distribution = 0;
}

/* The number of a word, from 1; 0: it is none of them. */
static int number_of_word(const capas_value *value, const char *const *words, int count)
{
    for (int i = 0; i < count && value->kind == CAPAS_VALUE_STRING; i++)
        if (strcmp(value->string, words[i]) == 0) return i + 1;
    return 0;
}

static bool read_mode(capas_initializer *initializer, const capas_value *value)
{
    initializer->mode = (capas_fan_mode)number_of_word(value, mode_names, CAPAS_COUNT(mode_names));
    return initializer->mode != 0;
}

/* "normal" is Keras 2.2's truncated one. */
static bool read_distribution(capas_initializer *initializer, const capas_value *value)
{
    int number = number_of_word(value, distribution_names, CAPAS_COUNT(distribution_names));
    static const char *const former[] = {"normal"};
    if (number == 0) number = number_of_word(value, former, 1);
    initializer->distribution = (capas_distribution)number;
    return number != 0;
}

static capas_initializer_kind kind_of(const capas_object *object)
{
    const char *name = object->name;
    if (strcmp(name, "zero") == 0) return CAPAS_INITIALIZER_ZEROS;
    if (strcmp(name, "one") == 0) return CAPAS_INITIALIZER_ONES;
    if (strcmp(name, "uniform") == 0) return CAPAS_INITIALIZER_RANDOM_UNIFORM;
    if (strcmp(name, "normal") == 0) return CAPAS_INITIALIZER_RANDOM_NORMAL;
    for (int kind = 1; kind < KIND_COUNT; kind++)
        if (capas_same_name(name, class_names[kind])) return (capas_initializer_kind)kind;
    return CAPAS_INITIALIZER_DEFAULT;
}

static bool is_number(const capas_value *value)
{
    return value->kind == CAPAS_VALUE_INTEGER || value->kind == CAPAS_VALUE_REAL;
}

/* One of an initializer's settings; those that only describe what it is already are passed over. */
static bool read_setting(capas_initializer *initializer, const char *key, const capas_value *value)
{
    static const char *const described[] = {"scale", "mode", "distribution", "dtype"};
    bool none = value->kind == CAPAS_VALUE_NULL;
    if (strcmp(key, "seed") == 0) {
        initializer->has_seed = !none;
        initializer->seed = value->integer;
        return none || value->kind == CAPAS_VALUE_INTEGER;
    }
    for (size_t i = 0; i < CAPAS_COUNT(numbers); i++) {
        if (numbers[i].kind != initializer->kind || strcmp(key, numbers[i].key) != 0) continue;
        *number_of(initializer, &numbers[i]) = value->real;
        return is_number(value);
    }
    if (initializer->kind == CAPAS_INITIALIZER_VARIANCE_SCALING) {
        if (strcmp(key, "mode") == 0) return read_mode(initializer, value);
        if (strcmp(key, "distribution") == 0) return read_distribution(initializer, value);
    }
    for (size_t i = 0; i < CAPAS_COUNT(described); i++)
        if (strcmp(key, described[i]) == 0) return true;
    return none && (strcmp(key, "input_axes") == 0 || strcmp(key, "output_axes") == 0);
}

static capas_status read_initializer(const capas_option *option, const capas_value *value,
                                     void *field)
{
    capas_object object;
    if (value->kind == CAPAS_VALUE_NULL) { /* an initializer left out */
        *(capas_initializer *)field = of_kind((capas_initializer_kind)option->standard);
        return CAPAS_OK;
    }
    if (!capas_object_read(value, &object)) return fail_value(value);
    capas_initializer initializer = of_kind(kind_of(&object));
    if (initializer.kind == CAPAS_INITIALIZER_DEFAULT) return fail_name(object.name);
    if (object.value) {
        bool takes_value = initializer.kind == CAPAS_INITIALIZER_CONSTANT;
        if (!takes_value || !is_number(object.value)) return fail_value(value);
        initializer.value = object.value->real;
    }
    for (size_t i = 0; object.settings && i < object.settings->count; i++)
        if (!read_setting(&initializer, object.settings->keys[i], object.settings->items[i]))
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "an initializer, found %s with an unknown or wrong \"%s\"",
                              object.name, object.settings->keys[i]);
    name_scaling(&initializer);
    *(capas_initializer *)field = initializer;
    return CAPAS_OK;
}

/* The settings that Keras 3.15 writes. */
static capas_status write_settings(const capas_initializer *initializer, capas_value *settings)
{
    capas_initializer_kind kind = initializer->kind;
    capas_initializer own = *initializer;
    bool general = kind == CAPAS_INITIALIZER_VARIANCE_SCALING;
    bool scaled = general || (kind >= CAPAS_INITIALIZER_GLOROT_UNIFORM &&
                              kind <= CAPAS_INITIALIZER_LECUN_NORMAL);
    if (general) {
        CAPAS_TRY(capas_value_set(settings, "mode",
                                  capas_value_string(mode_names[initializer->mode - 1])));
        CAPAS_TRY(
            capas_value_set(settings, "distribution",
                            capas_value_string(distribution_names[initializer->distribution - 1])));
    }
    bool random = kind > CAPAS_INITIALIZER_LECUN_NORMAL && kind != CAPAS_INITIALIZER_IDENTITY;
    if (scaled || random)
        CAPAS_TRY(capas_value_set(settings, "seed",
                                  initializer->has_seed ? capas_value_integer(initializer->seed)
                                                        : capas_value_null()));
    for (size_t i = 0; i < CAPAS_COUNT(numbers); i++)
        if (numbers[i].kind == kind)
            CAPAS_TRY(capas_value_set(settings, numbers[i].key,
                                      capas_value_real(*number_of(&own, &numbers[i]))));
    if (!scaled) return CAPAS_OK;
    CAPAS_TRY(capas_value_set(settings, "input_axes", capas_value_null()));
    return capas_value_set(settings, "output_axes", capas_value_null());
}

static capas_value *write_initializer(const capas_option *option, const void *field)
{
    (void)option;
    const capas_initializer *initializer = field;
    capas_value *settings = capas_value_map();
    if (!settings) return NULL;
    if (write_settings(initializer, settings) == CAPAS_OK)
        return capas_object_write("keras.initializers", class_names[initializer->kind], settings);
    capas_value_free(settings);
    return NULL;
}

const capas_option_kind capas_option_initializer = {
    "an initializer", resolve_initializer, check_initializer, read_initializer, write_initializer,
};
