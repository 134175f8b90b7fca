/* What capas must know of a model and Keras's configuration has no word for; in a .keras file it is
 * capas.json. All keys may be missing; unknown ones are let be, for later versions. */
#include "base/memory.h"
#include "base/text.h"
#include "model/model.h"
#include <math.h>
#include <string.h>

enum { MOST_CLASSES = 1 << 20, CHANNELS = 3 };

/* The numbers of capas_preprocessing; null where unknown. */
typedef struct number {
    const char *name;
    size_t offset;
} number;

static const number numbers[] = {
    {"scale", offsetof(capas_preprocessing, scale)},
    {"offset", offsetof(capas_preprocessing, offset)},
    {"minimum", offsetof(capas_preprocessing, minimum)},
    {"maximum", offsetof(capas_preprocessing, maximum)},
    {"mean", offsetof(capas_preprocessing, mean)},
    {"deviation", offsetof(capas_preprocessing, deviation)},
};

/* And lists of them, one a channel; null when channels are alike. */
static const number lists[] = {
    {"channel_mean", offsetof(capas_preprocessing, channel_mean)},
    {"channel_deviation", offsetof(capas_preprocessing, channel_deviation)},
};

enum {
    NUMBER_COUNT = sizeof numbers / sizeof numbers[0],
    LIST_COUNT = sizeof lists / sizeof lists[0],
};

static double *number_in(capas_preprocessing *preprocessing, const number *number)
{
    return (double *)((char *)preprocessing + number->offset);
}

/* In which the network takes them. */
static const char *channel_order(const capas_model *model)
{
    if (model->preprocessing.bgr) return "bgr";
    capas_shape shape;
    if (capas_model_input_shape(model, 0, &shape) != CAPAS_OK || shape.rank != 4) return NULL;
    int64_t channels = shape.dims[3];
    return channels == 1 ? "gray" : channels == 3 ? "rgb" : NULL;
}

static capas_value *channel_numbers(const double *values)
{
    capas_value *list = capas_value_list();
    for (int c = 0; c < CHANNELS; c++) {
        if (capas_value_append(list, capas_value_real(values[c])) == CAPAS_OK) continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

static capas_status fill_channels(capas_preprocessing *preprocessing, capas_value *extra)
{
    if (!(preprocessing->channel_deviation[0] > 0)) return CAPAS_OK;
    for (int i = 0; i < LIST_COUNT; i++)
        CAPAS_TRY(capas_value_set(extra, lists[i].name,
                                  channel_numbers(number_in(preprocessing, &lists[i]))));
    return CAPAS_OK;
}

static capas_value *class_names(const capas_model *model)
{
    if (model->class_count == 0) return capas_value_null();
    capas_value *list = capas_value_list();
    for (int i = 0; i < model->class_count; i++) {
        if (capas_value_append(list, capas_value_string(model->class_names[i])) == CAPAS_OK)
            continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

static capas_status fill_extra(const capas_model *model, capas_value *extra)
{
    capas_preprocessing preprocessing = model->preprocessing;
    const char *order = channel_order(model);
    CAPAS_TRY(capas_value_set(extra, "capas_version", capas_value_string(capas_version())));
    for (int i = 0; i < NUMBER_COUNT; i++) {
        double value = *number_in(&preprocessing, &numbers[i]);
        CAPAS_TRY(capas_value_set(extra, numbers[i].name,
                                  isfinite(value) ? capas_value_real(value) : capas_value_null()));
    }
    CAPAS_TRY(fill_channels(&preprocessing, extra));
    CAPAS_TRY(capas_value_set(extra, "channel_order",
                              order ? capas_value_string(order) : capas_value_null()));
    return capas_value_set(extra, "class_names", class_names(model));
}

capas_value *capas_model_extra(const capas_model *model)
{
    capas_value *extra = capas_value_map();
    if (!extra || fill_extra(model, extra) == CAPAS_OK) return extra;
    capas_value_free(extra);
    return NULL;
}

static capas_status fail_extra(const char *name, const char *expected, const capas_value *found)
{
    char text[96];
    return capas_fail(CAPAS_BAD_FILE, "%s must be %s, found %s", name, expected,
                      capas_value_describe(found, text, sizeof text));
}

static bool is_number(const capas_value *value)
{
    return value->kind == CAPAS_VALUE_REAL || value->kind == CAPAS_VALUE_INTEGER;
}

static capas_status read_numbers(capas_preprocessing *preprocessing, const capas_value *extra)
{
    for (int i = 0; i < NUMBER_COUNT; i++) {
        const capas_value *value = capas_value_get(extra, numbers[i].name);
        if (!value || value->kind == CAPAS_VALUE_NULL) continue;
        if (!is_number(value)) return fail_extra(numbers[i].name, "a number or null", value);
        *number_in(preprocessing, &numbers[i]) = value->real;
    }
    return CAPAS_OK;
}

static capas_status read_channels(capas_preprocessing *preprocessing, const capas_value *extra)
{
    for (int i = 0; i < LIST_COUNT; i++) {
        const capas_value *list = capas_value_get(extra, lists[i].name);
        double *values = number_in(preprocessing, &lists[i]);
        if (!list || list->kind == CAPAS_VALUE_NULL) continue;
        bool right = list->kind == CAPAS_VALUE_LIST && list->count == CHANNELS;
        for (size_t c = 0; right && c < CHANNELS; c++) {
            right = is_number(list->items[c]);
            if (right) values[c] = list->items[c]->real;
        }
        if (!right) return fail_extra(lists[i].name, "a list of 3 numbers or null", list);
    }
    return CAPAS_OK;
}

static capas_status read_order(capas_preprocessing *preprocessing, const capas_value *order)
{
    if (!order || order->kind == CAPAS_VALUE_NULL) return CAPAS_OK;
    bool text = order->kind == CAPAS_VALUE_STRING;
    preprocessing->bgr = text && strcmp(order->string, "bgr") == 0;
    if (preprocessing->bgr) return CAPAS_OK;
    if (text && (strcmp(order->string, "gray") == 0 || strcmp(order->string, "rgb") == 0))
        return CAPAS_OK;
    return fail_extra("channel_order", "\"gray\", \"rgb\" or \"bgr\"", order);
}

static capas_status read_class_names(capas_model *model, const capas_value *list)
{
    if (!list || list->kind == CAPAS_VALUE_NULL) return CAPAS_OK;
    if (list->kind != CAPAS_VALUE_LIST || list->count == 0 || list->count > MOST_CLASSES)
        return fail_extra("class_names", "a list of names or null", list);
    const char **names = capas_allocate(list->count, sizeof *names);
    if (!names) return CAPAS_NO_MEMORY;
    capas_status status = CAPAS_OK;
    for (size_t i = 0; i < list->count && status == CAPAS_OK; i++) {
        names[i] = list->items[i]->string;
        if (list->items[i]->kind != CAPAS_VALUE_STRING)
            status = fail_extra("a class's name", "a text", list->items[i]);
    }
    if (status == CAPAS_OK) status = capas_model_set_class_names(model, names, (int)list->count);
    capas_release(names);
    return status;
}

capas_status capas_model_read_extra(capas_model *model, const capas_value *extra)
{
    if (extra->kind != CAPAS_VALUE_MAP) return fail_extra("the whole", "a map", extra);
    capas_preprocessing preprocessing = model->preprocessing;
    CAPAS_TRY(read_numbers(&preprocessing, extra));
    CAPAS_TRY(read_channels(&preprocessing, extra));
    CAPAS_TRY(read_order(&preprocessing, capas_value_get(extra, "channel_order")));
    CAPAS_TRY(capas_model_set_preprocessing(model, &preprocessing));
    return read_class_names(model, capas_value_get(extra, "class_names"));
}
