/* The option kind of constraints (keras-semantics 2.4): the functions that users make them with,
 * and Keras's configurations. */
#include "base/runtime.h"
#include "base/text.h"
#include "kernels/constrain.h"
#include "layers/layer.h"
#include "layers/object.h"
#include <math.h>
#include <string.h>

enum { TEXT_SIZE = 256 };

static const char *const class_names[] = {"", "MaxNorm", "NonNeg", "UnitNorm", "MinMaxNorm"};

static capas_constraint of_kind(capas_constraint_kind kind)
{
    capas_constraint constraint = {.kind = kind, .rate = 1};
    if (kind == CAPAS_CONSTRAINT_MAX_NORM) constraint.max_value = 2;
    if (kind == CAPAS_CONSTRAINT_UNIT_NORM) constraint.min_value = 1;
    if (kind != CAPAS_CONSTRAINT_MAX_NORM) constraint.max_value = 1;
    if (kind != CAPAS_CONSTRAINT_NON_NEG) constraint.axes = (capas_shape){1, {0}};
    return constraint;
}

capas_constraint capas_max_norm(double max_value)
{
    capas_constraint constraint = of_kind(CAPAS_CONSTRAINT_MAX_NORM);
    constraint.max_value = max_value;
    return constraint;
}

capas_constraint capas_non_neg(void)
{
    return of_kind(CAPAS_CONSTRAINT_NON_NEG);
}

capas_constraint capas_unit_norm(void)
{
    return of_kind(CAPAS_CONSTRAINT_UNIT_NORM);
}

capas_constraint capas_min_max_norm(double min_value, double max_value, double rate)
{
    capas_constraint constraint = of_kind(CAPAS_CONSTRAINT_MIN_MAX_NORM);
    constraint.min_value = min_value;
    constraint.max_value = max_value;
    constraint.rate = rate;
    return constraint;
}

capas_constraint capas_along_dims(capas_constraint constraint, int count, const int *axes)
{
    constraint.axes = (capas_shape){.rank = count < CAPAS_MAX_RANK ? count : CAPAS_MAX_RANK};
    for (int i = 0; i < constraint.axes.rank; i++)
        constraint.axes.dims[i] = axes[i];
    return constraint;
}

static capas_status check_constraint(const capas_option *option, const void *field)
{
    (void)option;
    const capas_constraint *constraint = field;
    if ((int)constraint->kind < 0 || (int)constraint->kind > CAPAS_CONSTRAINT_MIN_MAX_NORM)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "a constraint, found the number %d",
                          (int)constraint->kind);
    if (constraint->kind == CAPAS_CONSTRAINT_NONE) return CAPAS_OK;
    const double numbers[] = {constraint->min_value, constraint->max_value, constraint->rate};
    for (size_t i = 0; i < CAPAS_COUNT(numbers); i++)
        if (!(numbers[i] >= 0) || !isfinite(numbers[i]))
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "a constraint whose numbers are at least 0, found %g", numbers[i]);
    if (constraint->rate <= 1) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "a constraint with a rate from 0 to 1, found %g",
                      constraint->rate);
}

static capas_status fail_value(const capas_value *value)
{
    char found[TEXT_SIZE];
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "null or a constraint like \"non_neg\", {MaxNorm: {max_value: 3}} or "
                      "{\"class_name\": \"UnitNorm\", \"config\": {\"axis\": 0}}, found %s",
                      capas_value_describe(value, found, sizeof found));
}

static capas_status fail_name(const char *name)
{
    const char *nearest = capas_nearest_name(name, class_names + 1, CAPAS_COUNT(class_names) - 1);
    return capas_fail(
        CAPAS_UNKNOWN_NAME, "null, MaxNorm, NonNeg, UnitNorm or MinMaxNorm, found \"%s\"%s%s%s",
        name, nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

/* 0 or [0, 1, 2] */
static bool read_axes(const capas_value *value, capas_shape *axes)
{
    const bool listed = value->kind == CAPAS_VALUE_LIST;
    const size_t count = listed ? value->count : 1;
    *axes = (capas_shape){0};
    for (size_t i = 0; i < count && count < CAPAS_MAX_RANK; i++) {
        const capas_value *item = listed ? value->items[i] : value;
        if (item->kind != CAPAS_VALUE_INTEGER) return false;
        axes->dims[axes->rank++] = item->integer;
    }
    return axes->rank > 0;
}

/* One of the settings that its class has. */
static bool read_setting(capas_constraint *constraint, const char *key, const capas_value *value)
{
    const bool both = constraint->kind == CAPAS_CONSTRAINT_MIN_MAX_NORM;
    double *number = NULL;
    if (strcmp(key, "axis") == 0)
        return constraint->kind != CAPAS_CONSTRAINT_NON_NEG && read_axes(value, &constraint->axes);
    if (strcmp(key, "max_value") == 0 && (both || constraint->kind == CAPAS_CONSTRAINT_MAX_NORM))
        number = &constraint->max_value;
    if (strcmp(key, "min_value") == 0 && both) number = &constraint->min_value;
    if (strcmp(key, "rate") == 0 && both) number = &constraint->rate;
    if (!number) return false;
    *number = value->real;
    return value->kind == CAPAS_VALUE_INTEGER || value->kind == CAPAS_VALUE_REAL;
}

static capas_constraint of_name(const char *name)
{
    for (int kind = 1; kind < (int)CAPAS_COUNT(class_names); kind++)
        if (capas_same_name(name, class_names[kind])) return of_kind((capas_constraint_kind)kind);
    return (capas_constraint){0};
}

static capas_status read_constraint(const capas_option *option, const capas_value *value,
                                    void *field)
{
    (void)option;
    capas_object object;
    capas_constraint constraint = {0};
    if (value->kind != CAPAS_VALUE_NULL) {
        if (!capas_object_read(value, &object) || object.value) return fail_value(value);
        constraint = of_name(object.name);
        if (constraint.kind == CAPAS_CONSTRAINT_NONE) return fail_name(object.name);
        for (size_t i = 0; object.settings && i < object.settings->count; i++)
            if (!read_setting(&constraint, object.settings->keys[i], object.settings->items[i]))
                return fail_value(value);
    }
    *(capas_constraint *)field = constraint;
    return CAPAS_OK;
}

static capas_value *write_axes(const capas_shape *axes)
{
    if (axes->rank == 1) return capas_value_integer(axes->dims[0]);
    capas_value *list = capas_value_list();
    for (int i = 0; i < axes->rank; i++) {
        if (capas_value_append(list, capas_value_integer(axes->dims[i])) == CAPAS_OK) continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

static capas_status write_settings(const capas_constraint *constraint, capas_value *settings)
{
    const bool both = constraint->kind == CAPAS_CONSTRAINT_MIN_MAX_NORM;
    if (constraint->kind == CAPAS_CONSTRAINT_NON_NEG) return CAPAS_OK;
    if (both)
        CAPAS_TRY(capas_value_set(settings, "min_value", capas_value_real(constraint->min_value)));
    if (both || constraint->kind == CAPAS_CONSTRAINT_MAX_NORM)
        CAPAS_TRY(capas_value_set(settings, "max_value", capas_value_real(constraint->max_value)));
    if (both) CAPAS_TRY(capas_value_set(settings, "rate", capas_value_real(constraint->rate)));
    return capas_value_set(settings, "axis", write_axes(&constraint->axes));
}

static capas_value *write_constraint(const capas_option *option, const void *field)
{
    (void)option;
    const capas_constraint *constraint = field;
    if (constraint->kind == CAPAS_CONSTRAINT_NONE) return capas_value_null();
    capas_value *settings = capas_value_map();
    if (!settings) return NULL;
    if (write_settings(constraint, settings) == CAPAS_OK)
        return capas_object_write("keras.constraints", class_names[constraint->kind], settings);
    capas_value_free(settings);
    return NULL;
}

const capas_option_kind capas_option_weight_constraint = {
    "a constraint", NULL, check_constraint, read_constraint, write_constraint,
};

/* Whether "bias_constraint" is the option of the weight "bias": of "depthwise_kernel" it is the
 * depthwise_constraint, which in a depthwise layer is that of "kernel". */
static bool is_option_of(const char *option, const char *weight)
{
    static const char *const whole = "_constraint", *const kernel = "_kernel";
    const size_t stem = strlen(option) - strlen(whole), length = strlen(weight);
    const size_t tail = strlen(kernel);
    if (strcmp(weight, "kernel") == 0 && strcmp(option, "depthwise_constraint") == 0) return true;
    if (strncmp(option, weight, stem) != 0) return false;
    return length == stem || (length == stem + tail && strcmp(weight + stem, kernel) == 0);
}

static capas_status check_axes(const capas_layer *layer, const capas_weight *weight)
{
    char text[TEXT_SIZE];
    for (int i = 0; i < weight->constraint.axes.rank; i++) {
        const int64_t axis = weight->constraint.axes.dims[i];
        if (axis >= -weight->shape.rank && axis < weight->shape.rank) continue;
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "the constraint of its %s is along axis %lld, but it is %s",
                                weight->name, (long long)axis,
                                capas_shape_text(&weight->shape, text, sizeof text));
    }
    return CAPAS_OK;
}

capas_status capas_layer_constrain(capas_layer *layer)
{
    const capas_option_table *table = &layer->type->options;
    for (size_t i = 0; i < table->count; i++) {
        const capas_option *option = &table->options[i];
        if (option->kind != &capas_option_weight_constraint) continue;
        const void *field = (const char *)layer->options + option->offset;
        for (int w = 0; w < layer->weight_count; w++) {
            if (!is_option_of(option->name, layer->weights[w].name)) continue;
            layer->weights[w].constraint = *(const capas_constraint *)field;
            CAPAS_TRY(check_axes(layer, &layer->weights[w]));
        }
    }
    return CAPAS_OK;
}

/* Where an axis of Keras's is in the block: of a volume's kernel the first is the third there. */
static int axis_in_block(const capas_weight *weight, int axis)
{
    if (weight->layout != CAPAS_LAYOUT_DEPTH_INSIDE || axis > 2) return axis;
    return (axis + 2) % 3;
}

void capas_weight_constrain(const capas_weight *weight, float *block)
{
    const capas_constraint *constraint = &weight->constraint;
    if (constraint->kind == CAPAS_CONSTRAINT_NON_NEG) {
        capas_limit_to_positive(block, capas_weight_count(weight), capas_threads());
        return;
    }
    capas_norm_problem problem = {
        .workers = capas_threads(),
        .shape = {.rank = weight->shape.rank},
        .tile = capas_weight_tile(weight),
        .minimum = constraint->min_value,
        .maximum = constraint->max_value,
        .rate = constraint->rate,
    };
    for (int axis = 0; axis < weight->shape.rank; axis++)
        problem.shape.dims[axis_in_block(weight, axis)] = weight->shape.dims[axis];
    for (int i = 0; i < constraint->axes.rank; i++) {
        const int axis = (int)constraint->axes.dims[i];
        problem.summed[axis_in_block(weight, axis < 0 ? axis + weight->shape.rank : axis)] = true;
    }
    capas_limit_norms(&problem, block);
}
