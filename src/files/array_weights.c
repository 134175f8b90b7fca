/* Weights from files of named arrays. An array is a weight's when its name ends in the weight's and
 * has the layer's among the parts before it, as Keras 3 calls its variables: "conv1/kernel",
 * "model/lstm/lstm_cell/kernel" ("." for "/" and a ":0" at the end are let pass). When no array of
 * a file is called so, they belong to the model's weights in its order, which is get_weights'. */
#include "base/memory.h"
#include "base/text.h"
#include "files/array_file.h"
#include "files/keras.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
enum { SHAPE_TEXT = 128, MOST_EXTRA = 1 << 16, NO_ARRAY = -1, SEVERAL = -2 };

typedef struct reader {
    capas_model *model;
    capas_array_file *file;
    bool skip_mismatch;
    size_t limit; /* bytes of an array */
    int found;
} reader;

static bool is_border(char letter)
{
    return letter == '/' || letter == '.';
}

/* Whether one of the parts of a name of `length` letters is `word`. */
static bool has_part(const char *name, size_t length, const char *word)
{
    size_t size = strlen(word);
    for (size_t at = 0; at + size <= length; at++)
        if ((at == 0 || is_border(name[at - 1])) && memcmp(name + at, word, size) == 0 &&
            (at + size == length || is_border(name[at + size])))
            return true;
    return false;
}

static bool is_called(const char *name, const capas_model_weight *weight)
{
    const char *own = weight->weight->name;
    size_t length = strlen(name), size = strlen(own);
    if (capas_path_ends_in(name, ".npy")) length -= 4;
    if (length > 2 && strncmp(name + length - 2, ":0", 2) == 0) length -= 2;
    if (length < size + 2 || memcmp(name + length - size, own, size) != 0) return false;
    length -= size + 1;
    return is_border(name[length]) && has_part(name, length, weight->layer->name);
}

/* The array of that name, NO_ARRAY or SEVERAL, as for the two layers in a Bidirectional. */
static int find_array(const capas_array_file *file, const capas_model_weight *weight)
{
    int found = NO_ARRAY;
    for (size_t i = 0; i < file->count; i++) {
        if (!is_called(file->arrays[i].name, weight)) continue;
        if (found >= 0) return SEVERAL;
        found = (int)i;
    }
    return found;
}

static capas_status fail_weight(const capas_model_weight *weight, capas_status status,
                                const char *what)
{
    return capas_fail(status, "layer %s: weight %s %s", weight->layer->name, weight->weight->name,
                      what);
}

static capas_status check(const capas_model_weight *weight, const char *name,
                          const capas_shape *shape, const float *values)
{
    char what[4 * SHAPE_TEXT], expected[SHAPE_TEXT], found[SHAPE_TEXT];
    const capas_shape *own = &weight->weight->shape;
    if (!capas_shape_equal(shape, own)) {
        capas_cut_text(what, sizeof what,
                       snprintf(what, sizeof what,
                                "must have the shape %s, found %s in the file (array %s)",
                                capas_shape_text(own, expected, sizeof expected),
                                capas_shape_text(shape, found, sizeof found), name));
        return fail_weight(weight, CAPAS_SHAPE_MISMATCH, what);
    }
    for (int64_t i = 0; i < capas_shape_count(own, 0); i++) {
        if (isfinite(values[i])) continue;
        capas_cut_text(what, sizeof what,
                       snprintf(what, sizeof what, "is not finite at place %lld (array %s)",
                                (long long)i, name));
        return fail_weight(weight, CAPAS_NOT_FINITE, what);
    }
    return CAPAS_OK;
}

static capas_status read_weight(reader *reader, int number, size_t array)
{
    capas_shape shape;
    float *values;
    const capas_model_weight *weight = &reader->model->weights[number];
    const char *name = reader->file->arrays[array].name;
    CAPAS_TRY(capas_array_file_read(reader->file, array, reader->limit, &shape, &values));
    capas_status status = check(weight, name, &shape, values);
    if (status == CAPAS_OK) status = capas_model_set_weight(reader->model, number, values);
    capas_release(values);
    reader->found += status == CAPAS_OK;
    if (status != CAPAS_SHAPE_MISMATCH || !reader->skip_mismatch) return status;
    capas_warn("left as it was: %s", capas_error());
    return CAPAS_OK;
}

static capas_status read_named(reader *reader, bool all)
{
    for (int i = 0; i < reader->model->weight_count; i++) {
        const capas_model_weight *weight = &reader->model->weights[i];
        int array = find_array(reader->file, weight);
        if (array >= 0)
            CAPAS_TRY(read_weight(reader, i, (size_t)array));
        else if (array == SEVERAL)
            return fail_weight(weight, CAPAS_UNSUPPORTED,
                               "has several arrays of its name in the file, which cannot be told "
                               "apart");
        else if (all)
            return fail_weight(weight, CAPAS_BAD_FILE, "is missing in the file");
    }
    if (reader->found > 0) return CAPAS_OK;
    return capas_fail(CAPAS_UNKNOWN_NAME, "model %s has no weight that is called as the file's are",
                      capas_model_name(reader->model));
}

static capas_status read_by_order(reader *reader)
{
    const capas_model *model = reader->model;
    if ((size_t)model->weight_count != reader->file->count)
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "it holds %zu arrays, and model %s has %d weights; model and weights do "
                          "not belong together",
                          reader->file->count, capas_model_name(model), model->weight_count);
    for (int i = 0; i < model->weight_count; i++)
        CAPAS_TRY(read_weight(reader, i, (size_t)i));
    return CAPAS_OK;
}

/* Nothing is left over in the file either. */
static capas_status check_extra(const reader *reader)
{
    const capas_model *model = reader->model;
    if ((size_t)model->weight_count == reader->file->count) return CAPAS_OK;
    return capas_fail(CAPAS_SHAPE_MISMATCH,
                      "it holds %zu arrays, and model %s has %d weights; load those that belong to "
                      "it by_name",
                      reader->file->count, capas_model_name(model), model->weight_count);
}

/* Whether arrays are called after weights. An npz is in order, which serves where names do not. */
static bool has_names(const reader *reader)
{
    bool found = false;
    for (int i = 0; i < reader->model->weight_count; i++) {
        int array = find_array(reader->file, &reader->model->weights[i]);
        if (array == SEVERAL && reader->file->archive) return false;
        found = found || array != NO_ARRAY;
    }
    return found;
}

capas_status capas_array_read_weights(capas_model *model, capas_array_file *file,
                                      const capas_weights_options *options)
{
    reader reader = {
        .model = model,
        .file = file,
        .skip_mismatch = options->skip_mismatch == CAPAS_TRUE,
        .limit = (size_t)model->value_count * sizeof(double) + MOST_EXTRA,
    };
    if (options->by_name == CAPAS_TRUE) return read_named(&reader, false);
    if (!has_names(&reader)) return read_by_order(&reader);
    CAPAS_TRY(read_named(&reader, true));
    return check_extra(&reader);
}
#endif
