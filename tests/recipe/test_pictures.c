/* Folders of pictures in recipes: their words reach the data set, parts are sub folders or a split,
 * a network trains on them and keeps the names of the classes, and what is wrong is told. */
#include "base/file.h"
#include "base/memory.h"
#include "recipe/parts.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "training/dataset.h"
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_PNG
#define MODEL                                                                                      \
    "model:\n  - GlobalAveragePooling2D\n  - Dense: {units: 2, activation: softmax}\n"             \
    "compile: {optimizer: sgd, loss: sparse_categorical_crossentropy, metrics: [accuracy]}\n"      \
    "fit: {epochs: 2, batch_size: 2, verbose: 0}\n"

static void copy_golden(const char *name, const char *folder)
{
    char path[128], *data;
    size_t size;
    assert_int_equal(capas_read_file(golden_path("images/%s", name), 1 << 20, &data, &size),
                     CAPAS_OK);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(capas_make_folder_of(path), CAPAS_OK);
    assert_int_equal(capas_write_file(path, data, size), CAPAS_OK);
    capas_release(data);
}

static int make_folders(void **state)
{
    static const char *const roots[] = {"flat", "apart/train", "apart/val", "apart/test"};
    char folder[64];
    (void)state;
    setenv("CAPAS_DATA", CAPAS_SOURCE_DIR "/data", 1);
    for (int i = 0; i < 4; i++) {
        snprintf(folder, sizeof folder, "%s/gray", roots[i]);
        copy_golden("gray.png", folder);
        copy_golden("bilevel.png", folder);
        snprintf(folder, sizeof folder, "%s/colour", roots[i]);
        copy_golden("rgb.png", folder);
        copy_golden("palette.png", folder);
    }
    return 0;
}

static capas_recipe *load(const char *text)
{
    assert_int_equal(capas_write_file("t.yaml", text, strlen(text)), CAPAS_OK);
    return capas_recipe_load("t.yaml", NULL, 0);
}

static capas_recipe *open_recipe(const char *text, capas_recipe_data *data)
{
    capas_recipe *recipe = load(text);
    if (!recipe || capas_recipe_open_data(recipe, NULL, data) != CAPAS_OK)
        fail_msg("%s", capas_error());
    return recipe;
}

static void words_reach_the_data(void **state)
{
    (void)state;
    capas_recipe_data data;
    capas_recipe *recipe =
        open_recipe("data: {folder: flat, image_size: [20, 30], color_mode: grayscale, label_mode: "
                    "categorical, validation_split: 0.25, seed: 3, interpolation: area, "
                    "crop_to_aspect_ratio: true, class_names: [gray, colour]}\n" MODEL,
                    &data);
    const capas_dataset_spec *spec = &data.train->spec;
    assert_int_equal(spec->count, 3);
    assert_int_equal(data.validation->spec.count, 1);
    assert_null(data.test);
    assert_int_equal(spec->input_elements[0], CAPAS_UINT8);
    assert_int_equal(spec->input_shapes[0].dims[0], 20);
    assert_int_equal(spec->input_shapes[0].dims[1], 30);
    assert_int_equal(spec->input_shapes[0].dims[2], 1);
    assert_int_equal(spec->target_shapes[0].dims[0], 2);
    int count;
    assert_string_equal(capas_dataset_class_names(data.train, &count)[0], "gray");
    const capas_picture_options as = {.struct_size = sizeof as,
                                      .channels = 1,
                                      .height = 20,
                                      .width = 30,
                                      .interpolation = CAPAS_INTERPOLATE_AREA,
                                      .crop_to_aspect_ratio = 1};
    static const char *const files[] = {"gray/gray.png", "gray/bilevel.png", "colour/rgb.png",
                                        "colour/palette.png"};
    capas_batch batch;
    int found = 0;
    assert_int_equal(capas_batch_new(spec, 3, &batch), CAPAS_OK);
    assert_int_equal(data.train->type->seek(data.train, &(capas_dataset_place){0}), CAPAS_OK);
    assert_int_equal(data.train->type->next(data.train, &batch), CAPAS_OK);
    for (int f = 0; f < 4; f++) {
        char path[64];
        capas_picture picture;
        snprintf(path, sizeof path, "flat/%s", files[f]);
        assert_int_equal(capas_load_picture_with(path, &as, &picture), CAPAS_OK);
        for (int i = 0; i < 3; i++)
            found += memcmp((char *)batch.inputs[0] + i * 600, picture.pixels, 600) == 0 &&
                     ((float *)batch.targets[0])[2 * i + (f >= 2)] == 1;
        capas_free(picture.pixels);
    }
    assert_int_equal(found, 3);
    capas_batch_free(&batch);
    capas_recipe_close_data(&data);
    capas_recipe_free(recipe);
}

/* Parts that are sub folders, augmented where they are trained on; the model knows the classes. */
static void a_network_trains(void **state)
{
    (void)state;
    capas_recipe_data data;
    capas_recipe *recipe =
        open_recipe("data: {folder: apart, image_size: 16, scale: 1/255, augment: "
                    "{horizontal_flip: true}}\n" MODEL,
                    &data);
    assert_int_equal(data.validation->spec.count, 4);
    assert_int_equal(data.test->spec.count, 4);
    capas_model *model = capas_recipe_model(recipe, 1);
    if (!model) fail_msg("%s", capas_error());
    capas_fit_options options;
    assert_int_equal(capas_recipe_fit_options(recipe, &data, &options), CAPAS_OK);
    if (capas_fit_with(model, data.train, &options) != CAPAS_OK) fail_msg("%s", capas_error());
    capas_evaluation evaluation;
    assert_int_equal(capas_evaluate(model, data.test, &evaluation), CAPAS_OK);
    assert_int_equal(evaluation.samples, 4);
    int count;
    const char *const *names = capas_model_class_names(model, &count);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "colour");
    assert_string_equal(names[1], "gray");
    capas_preprocessing known;
    capas_model_preprocessing(model, &known);
    assert_true(known.scale == 1.0 / 255 && known.minimum == 0 && known.maximum == 1);
    assert_true(known.mean > 0.1 && known.mean < 0.9);
    capas_model_free(model);
    capas_recipe_close_data(&data);
    /* Without its data it still builds: the shape is in the recipe. */
    model = capas_recipe_model(recipe, 1);
    assert_non_null(model);
    capas_model_free(model);
    capas_recipe_free(recipe);
}

static void the_hash_tells_pictures_apart(void **state)
{
    (void)state;
    char hashes[3][CAPAS_RECIPE_HASH];
    for (int i = 0; i < 3; i++) {
        if (i == 2) copy_golden("gray16.png", "flat/gray");
        capas_recipe *recipe = load("data: {folder: flat, image_size: 16}\n" MODEL);
        assert_int_equal(capas_recipe_hash(recipe, hashes[i]), CAPAS_OK);
        capas_recipe_free(recipe);
    }
    assert_string_equal(hashes[0], hashes[1]);
    assert_string_not_equal(hashes[0], hashes[2]);
    remove("flat/gray/gray16.png");
}

static void assert_told(const char *text, const char *sentence)
{
    capas_recipe_data data = {0};
    capas_recipe *recipe = load(text);
    assert_true(!recipe || capas_recipe_open_data(recipe, NULL, &data) != CAPAS_OK);
    if (!strstr(capas_error(), sentence)) fail_msg("\"%s\" lacks \"%s\"", capas_error(), sentence);
    capas_recipe_free(recipe);
}

static void tells_what_is_wrong(void **state)
{
    (void)state;
    assert_told("data: {folder: flat, image_size: 0}\n" MODEL,
                "image_size must be an integer from 1");
    assert_told("data: {folder: flat, color_mode: rbg}\n" MODEL, "rgb");
    assert_told("data: {folder: flat, image_sise: 3}\n" MODEL, "image_size");
    assert_told("data: {folder: flat, class_names: gray}\n" MODEL, "must be a list of the names");
    assert_told("data: {folder: flat, class_names: [gray, green]}\n" MODEL, "\"green\"");
    assert_told(
        "data: {folder: flat, crop_to_aspect_ratio: true, pad_to_aspect_ratio: true}\n" MODEL,
        "cannot both");
    assert_told("data: {folder: apart, validation_split: 0.5}\n" MODEL, "apart/val");
    assert_told("data: {folder: flat, validation_split: 0.1}\n" MODEL, "leaves 4 for training");
    assert_told("data: {name: mnist, image_size: 3}\n" MODEL, "holds an IDX set");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_reach_the_data),
        cmocka_unit_test(a_network_trains),
        cmocka_unit_test(the_hash_tells_pictures_apart),
        cmocka_unit_test(tells_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, make_folders, NULL);
}
#else
/* What a build without PNG says is tests/data/test_picture.c's matter. */
int main(void)
{
    return 0;
}
#endif
