/* The option kind of regularizers (keras-semantics 2.3): the functions that users make them with,
 * and Keras's configurations. {l2: 0.01} and {l1: 0.01, l2: 0.02} are read too. */
#include "base/text.h"
#include "layers/layer.h"
#include "layers/object.h"
#include <math.h>
#include <string.h>

enum { TEXT_SIZE = 256 };

capas_regularizer capas_l1(double l1)
{
    return (capas_regularizer){.kind = CAPAS_REGULARIZER_L1, .l1 = l1};
}

capas_regularizer capas_l2(double l2)
{
    return (capas_regularizer){.kind = CAPAS_REGULARIZER_L2, .l2 = l2};
}

capas_regularizer capas_l1_l2(double l1, double l2)
{
    return (capas_regularizer){.kind = CAPAS_REGULARIZER_L1L2, .l1 = l1, .l2 = l2};
}

capas_regularizer capas_orthogonal_regularizer(double factor, capas_vectors mode)
{
    return (capas_regularizer){
        .kind = CAPAS_REGULARIZER_ORTHOGONAL, .factor = factor, .mode = mode};
}

static capas_status check_regularizer(const capas_option *option, const void *field)
{
    const capas_regularizer *regularizer = field;
    bool known = (int)regularizer->kind >= CAPAS_REGULARIZER_NONE &&
                 (int)regularizer->kind <= CAPAS_REGULARIZER_ORTHOGONAL;
    if (!known)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "a regularizer, found the number %d",
                          (int)regularizer->kind);
    bool orthogonal = regularizer->kind == CAPAS_REGULARIZER_ORTHOGONAL;
    if (orthogonal && strcmp(option->name, "activity_regularizer") == 0)
        return capas_fail(CAPAS_UNSUPPORTED,
                          "L1, L2 or L1L2: right angles are asked of weights alone, found an "
                          "OrthogonalRegularizer");
    if (orthogonal && regularizer->mode != CAPAS_ROWS && regularizer->mode != CAPAS_COLUMNS)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "a regularizer of rows or of columns, found the mode %d",
                          (int)regularizer->mode);
    const double factors[] = {regularizer->l1, regularizer->l2, regularizer->factor};
    for (size_t i = 0; i < CAPAS_COUNT(factors); i++)
        if (!(factors[i] >= 0) || !isfinite(factors[i]))
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "a regularizer whose factors are at least 0, found %g", factors[i]);
    return CAPAS_OK;
}

static capas_status fail_value(const capas_value *value)
{
    char found[TEXT_SIZE];
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "null or a regularizer like \"l2\", {L2: 0.001} or {\"class_name\": "
                      "\"L1L2\", \"config\": {\"l1\": 0.01, \"l2\": 0.01}}, found %s",
                      capas_value_describe(value, found, sizeof found));
}

/* Keras's defaults of each class. */
static capas_regularizer of_name(const char *name)
{
    if (capas_same_name(name, "L1")) return capas_l1(0.01);
    if (capas_same_name(name, "L2")) return capas_l2(0.01);
    if (capas_same_name(name, "L1L2")) return capas_l1_l2(0, 0);
    if (capas_same_name(name, "OrthogonalRegularizer"))
        return capas_orthogonal_regularizer(0.01, CAPAS_ROWS);
    return (capas_regularizer){0};
}

static capas_status fail_name(const char *name)
{
    static const char *const names[] = {"L1", "L2", "L1L2", "OrthogonalRegularizer"};
    const char *nearest = capas_nearest_name(name, names, CAPAS_COUNT(names));
    return capas_fail(
        CAPAS_UNKNOWN_NAME, "null, L1, L2, L1L2 or OrthogonalRegularizer, found \"%s\"%s%s%s", name,
        nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

static bool read_factor(const capas_value *value, double *factor)
{
    if (value->kind == CAPAS_VALUE_NULL) return true;
    *factor = value->real;
    return value->kind == CAPAS_VALUE_INTEGER || value->kind == CAPAS_VALUE_REAL;
}

/* {factor: 0.01, mode: rows} */
static bool read_orthogonal(const capas_value *settings, capas_regularizer *regularizer)
{
    for (size_t i = 0; i < settings->count; i++) {
        const capas_value *value = settings->items[i];
        bool is_text = value->kind == CAPAS_VALUE_STRING;
        if (strcmp(settings->keys[i], "factor") == 0) {
            if (!read_factor(value, &regularizer->factor)) return false;
        } else if (strcmp(settings->keys[i], "mode") != 0 || !is_text) {
            return false;
        } else if (strcmp(value->string, "rows") == 0) {
            regularizer->mode = CAPAS_ROWS;
        } else if (strcmp(value->string, "columns") == 0) {
            regularizer->mode = CAPAS_COLUMNS;
        } else {
            return false;
        }
    }
    return true;
}

/* A class takes only the factors that it has. */
static bool read_factors(const capas_value *settings, capas_regularizer *regularizer)
{
    if (regularizer->kind == CAPAS_REGULARIZER_ORTHOGONAL)
        return read_orthogonal(settings, regularizer);
    for (size_t i = 0; i < settings->count; i++) {
        bool is_l1 = strcmp(settings->keys[i], "l1") == 0;
        bool is_l2 = strcmp(settings->keys[i], "l2") == 0;
        if (!is_l1 && !is_l2) return false;
        if (is_l1 && regularizer->kind == CAPAS_REGULARIZER_L2) return false;
        if (is_l2 && regularizer->kind == CAPAS_REGULARIZER_L1) return false;
        double *factor = is_l1 ? &regularizer->l1 : &regularizer->l2;
        if (!read_factor(settings->items[i], factor)) return false;
    }
    return true;
}

/* {l1: 0.01, l2: 0.02}: the two factors and no class. */
static bool is_pair(const capas_value *value)
{
    return value->kind == CAPAS_VALUE_MAP && value->count == 2 && capas_value_get(value, "l1") &&
           capas_value_get(value, "l2");
}

static capas_status read_regularizer(const capas_option *option, const capas_value *value,
                                     void *field)
{
    (void)option;
    capas_object object;
    capas_regularizer regularizer = {0};
    if (is_pair(value)) {
        regularizer = capas_l1_l2(0, 0);
        if (!read_factors(value, &regularizer)) return fail_value(value);
    } else if (value->kind != CAPAS_VALUE_NULL) {
        if (!capas_object_read(value, &object)) return fail_value(value);
        regularizer = of_name(object.name);
        if (regularizer.kind == CAPAS_REGULARIZER_NONE) return fail_name(object.name);
        if (object.settings && !read_factors(object.settings, &regularizer))
            return fail_value(value);
        bool is_l1 = regularizer.kind == CAPAS_REGULARIZER_L1;
        if (object.value && regularizer.kind >= CAPAS_REGULARIZER_L1L2) return fail_value(value);
        if (object.value && !read_factor(object.value, is_l1 ? &regularizer.l1 : &regularizer.l2))
            return fail_value(value);
    }
    *(capas_regularizer *)field = regularizer;
    return CAPAS_OK;
}

static capas_value *write_regularizer(const capas_option *option, const void *field)
{
    static const char *const class_names[] = {"", "L1", "L2", "L1L2", "OrthogonalRegularizer"};
    (void)option;
    const capas_regularizer *regularizer = field;
    if (regularizer->kind == CAPAS_REGULARIZER_NONE) return capas_value_null();
    capas_value *settings = capas_value_map();
    if (!settings) return NULL;
    capas_status status = CAPAS_OK;
    if (regularizer->kind == CAPAS_REGULARIZER_ORTHOGONAL) {
        const char *mode = regularizer->mode == CAPAS_ROWS ? "rows" : "columns";
        status = capas_value_set(settings, "factor",
                                 capas_value_real((double)(float)regularizer->factor));
        if (status == CAPAS_OK)
            status = capas_value_set(settings, "mode", capas_value_string(mode));
        if (status == CAPAS_OK)
            return capas_object_write("keras.regularizers", class_names[regularizer->kind],
                                      settings);
        capas_value_free(settings);
        return NULL;
    }
    /* Keras keeps the factor of L1 alone as float32, and writes it so. */
    bool single = regularizer->kind == CAPAS_REGULARIZER_L1;
    if (regularizer->kind != CAPAS_REGULARIZER_L2)
        status = capas_value_set(
            settings, "l1",
            capas_value_real(single ? (double)(float)regularizer->l1 : regularizer->l1));
    if (status == CAPAS_OK && !single)
        status = capas_value_set(settings, "l2", capas_value_real(regularizer->l2));
    if (status == CAPAS_OK)
        return capas_object_write("keras.regularizers", class_names[regularizer->kind], settings);
    capas_value_free(settings);
    return NULL;
}

const capas_option_kind capas_option_regularizer = {
    "a regularizer", NULL, check_regularizer, read_regularizer, write_regularizer,
};
