/* The data of a recipe: which, how they are scaled, and opening them. Labels become one-hot here
 * when the recipe says so, for the categorical losses. */
#include "base/memory.h"
#include "base/option.h"
#include "base/text.h"
#include "data/augment.h"
#include "data/idx.h"
#include "data/statistics.h"
#include "recipe/pictures.h"
#include "recipe/yaml.h"
#include "training/dataset.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FOUND_SIZE = 96, WHERE_SIZE = 600, MOST_NAMES = 32 };

/* What a recipe's data rest on, behind capas_recipe_data.keep: the one-hot labels, and the training
 * part as it is when the one that is given is augmented. */
typedef struct kept {
    float *targets[2];
    capas_dataset *plain;
} kept;

/* 0.5, or a fraction in a text: "1/255". */
static bool read_number(const capas_value *value, double *number)
{
    if (value->kind == CAPAS_VALUE_REAL || value->kind == CAPAS_VALUE_INTEGER) {
        *number = value->real;
        return isfinite(*number);
    }
    const char *slash = value->kind == CAPAS_VALUE_STRING ? strchr(value->string, '/') : NULL;
    if (!slash) return false;
    double parts[2] = {0, 0};
    capas_value *above = capas_yaml_read(value->string, (size_t)(slash - value->string), "scale");
    capas_value *below = capas_yaml_read(slash + 1, strlen(slash + 1), "scale");
    const capas_value *both[] = {above, below};
    bool done = true;
    for (int i = 0; i < 2 && done; i++) {
        done =
            both[i] && (both[i]->kind == CAPAS_VALUE_REAL || both[i]->kind == CAPAS_VALUE_INTEGER);
        if (done) parts[i] = both[i]->real;
    }
    capas_value_free(above);
    capas_value_free(below);
    *number = parts[0] / parts[1];
    return done && isfinite(*number);
}

static capas_status fail_value(const capas_recipe *recipe, const capas_value *value,
                               const char *what)
{
    char found[FOUND_SIZE];
    return capas_recipe_fail(recipe, value, CAPAS_INVALID_ARGUMENT, "data: %s, found %s", what,
                             capas_value_describe(value, found, sizeof found));
}

/* `name` and `folder` say the same; a name that is known wins over a folder of that name. */
static capas_status read_place(capas_recipe *recipe, const capas_value *data)
{
    const capas_value *name = capas_value_get(data, "name");
    const capas_value *folder = capas_value_get(data, "folder");
    if (name && folder)
        return capas_recipe_fail(recipe, folder, CAPAS_INVALID_ARGUMENT,
                                 "data: name and folder exclude each other");
    const capas_value *place = name ? name : folder;
    if (!place) return CAPAS_OK;
    if (place->kind != CAPAS_VALUE_STRING || !*place->string)
        return fail_value(recipe, place, "its name must be mnist, fashion-mnist or a folder");
    recipe->data = place->string;
    return CAPAS_OK;
}

static capas_status read_scaling(capas_recipe *recipe, const capas_value *data)
{
    const capas_value *scale = capas_value_get(data, "scale");
    const capas_value *offset = capas_value_get(data, "offset");
    if (scale && (!read_number(scale, &recipe->scale) || recipe->scale == 0))
        return fail_value(recipe, scale, "scale must be a number other than 0, as 1/255");
    if (offset && !read_number(offset, &recipe->offset))
        return fail_value(recipe, offset, "offset must be a number");
    if (offset && !scale) recipe->scale = 1;
    return CAPAS_OK;
}

static capas_status read_augment(capas_recipe *recipe, const capas_value *augment)
{
    char where[WHERE_SIZE];
    if (!augment || augment->kind == CAPAS_VALUE_NULL) return CAPAS_OK;
    recipe->augments = true;
    capas_cut_text(where, sizeof where,
                   snprintf(where, sizeof where, "%s: data: augment", recipe->path));
    return capas_augment_options_read(&recipe->augment, augment, where);
}

capas_status capas_recipe_read_data(capas_recipe *recipe, const capas_value *data)
{
    const char *names[MOST_NAMES] = {"name", "folder", "scale", "offset", "one_hot", "augment"};
    const size_t count = 6 + capas_recipe_picture_words(names + 6, MOST_NAMES - 6);
    recipe->scale = NAN;
    if (data && data->kind == CAPAS_VALUE_STRING) {
        recipe->data = data->string;
        return capas_recipe_read_pictures(recipe, NULL);
    }
    CAPAS_TRY(capas_recipe_check_keys(recipe, data, "data", names, count));
    const capas_value *one_hot = capas_value_get(data, "one_hot");
    if (one_hot && one_hot->kind != CAPAS_VALUE_BOOL)
        return fail_value(recipe, one_hot, "one_hot must be true or false");
    recipe->one_hot = one_hot && one_hot->boolean;
    CAPAS_TRY(read_place(recipe, data));
    CAPAS_TRY(capas_recipe_read_pictures(recipe, data));
    CAPAS_TRY(read_augment(recipe, capas_value_get(data, "augment")));
    return read_scaling(recipe, data);
}

/* Opening -----------------------------------------------------------------------------------------
 */

/* Both parts, on their way to become data sets. */
typedef struct opening {
    capas_recipe *recipe;
    capas_idx_place place;
    capas_idx parts[2]; /* by capas_idx_part */
    int classes;        /* of one-hot labels */
    kept *kept;
} opening;

/* As many as have names, or else as the training labels need. */
static int count_classes(const opening *opening)
{
    const capas_idx *train = &opening->parts[CAPAS_IDX_TRAIN];
    int most = 0;
    if (opening->place.class_names) return CAPAS_IDX_CLASSES;
    for (int64_t i = 0; i < train->count; i++)
        if (train->labels[i] > most) most = train->labels[i];
    return most + 1;
}

/* target[i][labels[i]] = 1, elsewhere 0 */
static capas_status make_one_hot(opening *opening, capas_idx_part part)
{
    const capas_idx *idx = &opening->parts[part];
    size_t classes = (size_t)opening->classes;
    float *targets = capas_allocate_zeroed((size_t)idx->count * classes, sizeof *targets);
    if (!targets) return CAPAS_NO_MEMORY;
    opening->kept->targets[part] = targets;
    for (int64_t i = 0; i < idx->count; i++) {
        if (idx->labels[i] >= opening->classes)
            return capas_fail(
                CAPAS_BAD_DATA, "%s: label %lld of the %s part is %d; the labels must be 0 to %d",
                opening->place.folder, (long long)i, part == CAPAS_IDX_TRAIN ? "training" : "test",
                idx->labels[i], opening->classes - 1);
        targets[(size_t)i * classes + idx->labels[i]] = 1;
    }
    return CAPAS_OK;
}

/* The pictures with the one-hot labels. */
static capas_dataset *one_hot_dataset(opening *opening, capas_idx_part part)
{
    capas_idx *idx = &opening->parts[part];
    if (make_one_hot(opening, part) != CAPAS_OK) return NULL;
    capas_tensor y = {
        CAPAS_FLOAT32, {2, {idx->count, opening->classes}}, opening->kept->targets[part]};
    return capas_idx_dataset(&opening->place, idx, &y);
}

static capas_dataset *make_dataset(opening *opening, capas_idx_part part)
{
    if (opening->recipe->one_hot) return one_hot_dataset(opening, part);
    return capas_idx_dataset(&opening->place, &opening->parts[part], NULL);
}

static void free_classes(capas_recipe *recipe)
{
    for (int i = 0; i < recipe->class_count; i++)
        capas_release(recipe->class_names[i]);
    capas_release(recipe->class_names);
    recipe->class_names = NULL;
    recipe->class_count = 0;
}

capas_status capas_recipe_keep_classes(capas_recipe *recipe, const char *const *names, int count)
{
    free_classes(recipe);
    if (!names) return CAPAS_OK;
    recipe->class_names = capas_allocate_zeroed((size_t)count, sizeof *recipe->class_names);
    if (!recipe->class_names) return CAPAS_NO_MEMORY;
    recipe->class_count = count;
    for (int i = 0; i < count; i++) {
        recipe->class_names[i] = capas_copy_string(names[i]);
        if (recipe->class_names[i]) continue;
        free_classes(recipe);
        return CAPAS_NO_MEMORY;
    }
    return CAPAS_OK;
}

/* What models made from now on are told of their data. */
static capas_status note(const opening *opening)
{
    capas_recipe *recipe = opening->recipe;
    const capas_idx *train = &opening->parts[CAPAS_IDX_TRAIN];
    double scale = isnan(recipe->scale) ? 1 : recipe->scale;
    recipe->sample = (capas_shape){3, {train->height, train->width, 1}};
    int64_t counted[CAPAS_LEVELS];
    if (!train->levels)
        capas_count_levels(train->images, train->count * train->height * train->width, counted);
    capas_describe_levels(train->levels ? train->levels : counted, scale, recipe->offset,
                          &recipe->statistics);
    CAPAS_TRY(capas_recipe_keep_classes(recipe, opening->place.class_names,
                                        opening->place.class_names ? CAPAS_IDX_CLASSES : 0));
    recipe->data_known = true;
    return CAPAS_OK;
}

static capas_status check_sizes(const opening *opening)
{
    const capas_idx *train = &opening->parts[0], *test = &opening->parts[1];
    if (train->height == test->height && train->width == test->width) return CAPAS_OK;
    return capas_fail(
        CAPAS_SHAPE_MISMATCH,
        "%s: the training pictures have %lldx%lld pixels, the test pictures %lldx%lld",
        opening->place.folder, (long long)train->height, (long long)train->width,
        (long long)test->height, (long long)test->width);
}

/* Only the training part. */
static capas_status augment(const capas_recipe *recipe, capas_recipe_data *opened)
{
    if (!recipe->augments) return CAPAS_OK;
    ((kept *)opened->keep)->plain = opened->train;
    opened->train = capas_augmented_new(opened->train, &recipe->augment);
    return opened->train ? CAPAS_OK : capas_error_status();
}

static capas_status open_parts(opening *opening, capas_recipe_data *opened)
{
    CAPAS_TRY(capas_idx_load(&opening->place, CAPAS_IDX_TRAIN, &opening->parts[0]));
    CAPAS_TRY(capas_idx_load(&opening->place, CAPAS_IDX_TEST, &opening->parts[1]));
    CAPAS_TRY(check_sizes(opening));
    opening->classes = count_classes(opening);
    CAPAS_TRY(note(opening));
    opened->train = make_dataset(opening, CAPAS_IDX_TRAIN);
    if (!opened->train) return capas_error_status();
    opened->test = make_dataset(opening, CAPAS_IDX_TEST);
    if (!opened->test) return capas_error_status();
    if (opening->recipe->validates_on_test) opened->validation = opened->test;
    return CAPAS_OK;
}

capas_status capas_recipe_open_data(capas_recipe *recipe, const char *data,
                                    capas_recipe_data *opened)
{
    opening opening = {.recipe = recipe};
    if (!opened) return capas_fail(CAPAS_INVALID_ARGUMENT, "a place for the data is missing");
    *opened = (capas_recipe_data){0};
    if (!recipe) return capas_error_status();
    if (!data) data = recipe->data;
    if (!data)
        return capas_recipe_fail(recipe, NULL, CAPAS_INVALID_ARGUMENT,
                                 "it names no data; say data: {name: mnist}, or give a folder");
    const bool has_pictures = capas_recipe_has_pictures(data);
    if (!has_pictures) CAPAS_TRY(capas_idx_find(data, &opening.place));
    if (!has_pictures && recipe->pictures.said)
        return capas_recipe_fail(
            recipe, capas_value_get(recipe->tree, "data"), CAPAS_INVALID_ARGUMENT,
            "data: it says how pictures are read, but %s holds an IDX set", data);
    opened->keep = opening.kept = capas_allocate_zeroed(1, sizeof *opening.kept);
    if (!opened->keep) return CAPAS_NO_MEMORY;
    capas_status status = has_pictures ? capas_recipe_open_pictures(recipe, data, opened)
                                       : open_parts(&opening, opened);
    if (status == CAPAS_OK) status = augment(recipe, opened);
    for (int i = 0; i < 2; i++)
        capas_idx_free(&opening.parts[i]);
    if (status != CAPAS_OK) capas_recipe_close_data(opened);
    return status;
}

void capas_recipe_close_data(capas_recipe_data *opened)
{
    if (!opened) return;
    kept *kept = opened->keep;
    if (opened->validation != opened->test) capas_dataset_free(opened->validation);
    capas_dataset_free(opened->train);
    capas_dataset_free(opened->test);
    if (kept) capas_dataset_free(kept->plain);
    for (int i = 0; kept && i < 2; i++)
        capas_release(kept->targets[i]);
    capas_release(kept);
    *opened = (capas_recipe_data){0};
}
