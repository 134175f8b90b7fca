/* See keras_array.h. */
#include "files/keras_array.h"
#include "base/text.h"
#include "kernels/fill.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#if CAPAS_WITH_KERAS_FILES
enum { SHAPE_TEXT = 128 };

static capas_status fail_array(const capas_keras_array *array, capas_status status,
                               const char *what)
{
    if (!array->layer)
        return capas_fail(status, "%s %s: weight %s %s (%s)", array->owner, array->owner_name,
                          array->weight, what, array->path);
    return capas_fail(status, "%s %s: its variable for weight %s of layer %s %s (%s)", array->owner,
                      array->owner_name, array->weight, array->layer, what, array->path);
}

/* Its numbers when the shape is right. */
static const float *find_array(const capas_hdf5_contents *file, const capas_keras_array *array,
                               const capas_shape *expected)
{
    capas_shape found;
    char what[2 * SHAPE_TEXT + 64], wanted_text[SHAPE_TEXT], found_text[SHAPE_TEXT];
    const float *values = capas_hdf5_floats(file, array->path, &found);
    if (values && capas_shape_equal(&found, expected)) return values;
    if (!capas_hdf5_has(file, array->path))
        fail_array(array, CAPAS_BAD_FILE, "is missing in the file");
    else if (!values)
        fail_array(array, CAPAS_BAD_FILE, "is no array of numbers in the file, or damaged");
    else {
        capas_cut_text(what, sizeof what,
                       snprintf(what, sizeof what, "must have the shape %s, found %s in the file",
                                capas_shape_text(expected, wanted_text, sizeof wanted_text),
                                capas_shape_text(&found, found_text, sizeof found_text)));
        fail_array(array, CAPAS_SHAPE_MISMATCH, what);
    }
    return NULL;
}

static capas_status check_finite(const capas_keras_array *array, const float *values, int64_t count)
{
    char what[96];
    if (capas_all_finite(values, count)) return CAPAS_OK;
    for (int64_t i = 0; i < count; i++) {
        if (isfinite(values[i])) continue;
        snprintf(what, sizeof what, "holds %s at place %" PRId64 "; the file cannot be used",
                 isnan(values[i]) ? "NaN" : "an infinity", i);
        return fail_array(array, CAPAS_NOT_FINITE, what);
    }
    return CAPAS_OK;
}

const float *capas_keras_read_array(const capas_hdf5_contents *file, const capas_keras_array *array,
                                    const capas_shape *shape)
{
    const float *values = find_array(file, array, shape);
    if (!values) return NULL;
    return check_finite(array, values, capas_shape_count(shape, 0)) == CAPAS_OK ? values : NULL;
}
#endif
