/* Broken .keras files: each is told by what is wrong in it; none is read past its end. */
#define _GNU_SOURCE /* asprintf */
#include "base/file.h"
#include "base/memory.h"
#include "files/archive.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include <capas/capas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
enum { LIMIT = 1 << 24 };

/* libhdf5 itself loses some bytes over some damaged files. Visible, or the sanitizer's library does
 * not find it. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

static void assert_refused(const char *path, capas_status status, const char *const *parts)
{
    capas_model *model = capas_load(path);
    assert_null(model);
    if (capas_error_status() != status)
        fail_msg("%s: %s, %s was expected: %s", path, capas_status_name(capas_error_status()),
                 capas_status_name(status), capas_error());
    if (!strstr(capas_error(), path)) fail_msg("\"%s\" lacks the path", capas_error());
    for (; *parts; parts++)
        if (!strstr(capas_error(), *parts)) fail_msg("\"%s\" lacks \"%s\"", capas_error(), *parts);
}

#define REFUSED(path, status, ...)                                                                 \
    assert_refused(path, status, (const char *const[]){__VA_ARGS__, NULL})

static const char *broken(const char *name)
{
    return golden_path("files/broken/%s", name);
}

static void tells_what_is_wrong(void **state)
{
    (void)state;
    REFUSED(broken("missing_weight.keras"), CAPAS_BAD_FILE, "layer dense_a", "weight bias",
            "is missing");
    REFUSED(broken("wrong_shape.keras"), CAPAS_SHAPE_MISMATCH, "layer dense_a", "weight kernel",
            "(60, 3)", "(61, 3)");
    REFUSED(broken("nan_weight.keras"), CAPAS_NOT_FINITE, "layer ", "weight ", "NaN");
    REFUSED(broken("truncated.keras"), CAPAS_BAD_FILE, "truncated");
    REFUSED(broken("unknown_layer.keras"), CAPAS_UNKNOWN_NAME, "MaxPoolingXD", "MaxPooling");
    REFUSED(broken("wrong_shape_legacy.h5"), CAPAS_SHAPE_MISMATCH, "layer dense_a", "weight kernel",
            "(60, 3)", "(60, 2)");
}

/* The four parts of a right file. */
enum { METADATA, CONFIG, WEIGHTS, EXTRA, PARTS };
static const char *const part_names[PARTS] = {"metadata.json", "config.json", "model.weights.h5",
                                              "capas.json"};
static char *parts[PARTS];
static size_t part_sizes[PARTS];

static int make_file(void **state)
{
    (void)state;
    capas_model *model = capas_sequential(capas_input(4, 4, 1), capas_conv2d(2, 3), capas_flatten(),
                                          capas_dense(3, .activation = CAPAS_SOFTMAX));
    capas_compile(model, .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY);
    if (!model || capas_save(model, "whole.keras") != CAPAS_OK) return -1;
    capas_model_free(model);
    capas_archive *archive = capas_archive_open("whole.keras");
    for (int i = 0; i < PARTS; i++)
        if (capas_archive_read(archive, part_names[i], LIMIT, &parts[i], &part_sizes[i]) !=
            CAPAS_OK)
            return -1;
    capas_archive_close(archive);
    return 0;
}

static int free_file(void **state)
{
    (void)state;
    for (int i = 0; i < PARTS; i++)
        capas_release(parts[i]);
    return 0;
}

/* The file with one part changed; NULL: without it. */
static void write_with(int part, const char *data, size_t size)
{
    capas_archive_entry entries[PARTS];
    size_t count = 0;
    for (int i = 0; i < PARTS; i++) {
        if (i == part && !data) continue;
        entries[count].name = part_names[i];
        entries[count].data = i == part ? data : parts[i];
        entries[count++].size = i == part ? size : part_sizes[i];
    }
    assert_int_equal(capas_archive_write("changed.keras", entries, count), CAPAS_OK);
}

static void write_text(int part, const char *text)
{
    write_with(part, text, strlen(text));
}

/* The configuration with one text in place of another. */
static void write_config_with(const char *old, const char *new)
{
    char *found = strstr(parts[CONFIG], old), *text = NULL;
    assert_non_null(found);
    assert_true(asprintf(&text, "%.*s%s%s", (int)(found - parts[CONFIG]), parts[CONFIG], new,
                         found + strlen(old)) > 0);
    write_text(CONFIG, text);
    free(text);
}

static void tells_missing_parts(void **state)
{
    (void)state;
    write_with(CONFIG, NULL, 0);
    REFUSED("changed.keras", CAPAS_BAD_FILE, "holds no config.json");
    write_with(WEIGHTS, NULL, 0);
    REFUSED("changed.keras", CAPAS_BAD_FILE, "holds no model.weights.h5");
    write_with(METADATA, NULL, 0);
    capas_model_free(capas_load("changed.keras")); /* nobody needs it */
    write_with(EXTRA, NULL, 0);
    capas_model *model = capas_load("changed.keras"); /* as Keras's own files */
    assert_non_null(model);
    capas_model_free(model);
}

static void tells_wrong_configurations(void **state)
{
    (void)state;
    write_text(CONFIG, "{\"a\": ");
    REFUSED("changed.keras", CAPAS_BAD_FILE, "config.json, line 1", "this is not JSON");
    write_text(CONFIG, "[]");
    REFUSED("changed.keras", CAPAS_INVALID_ARGUMENT, "class_name");
    write_config_with("\"filters\": 2", "\"filters\": -2");
    REFUSED("changed.keras", CAPAS_INVALID_ARGUMENT, "layer conv2d", "filters must be", "-2");
    write_config_with("\"filters\": 2", "\"filtres\": 2");
    REFUSED("changed.keras", CAPAS_UNKNOWN_NAME, "did you mean \"filters\"?");
    write_config_with("\"activation\": \"softmax\"", "\"activation\": \"softmix\"");
    REFUSED("changed.keras", CAPAS_UNKNOWN_NAME, "softmax");
    write_config_with("\"kernel_size\": [3, 3]", "\"kernel_size\": [9, 9]");
    REFUSED("changed.keras", CAPAS_SHAPE_MISMATCH, "conv2d");
    write_config_with("\"filters\": 2", "\"filters\": 3");
    REFUSED("changed.keras", CAPAS_SHAPE_MISMATCH, "model.weights.h5", "layer conv2d",
            "weight kernel", "(3, 3, 1, 3)", "(3, 3, 1, 2)");
}

/* Code in a file is never run, and code that is not in it is told. */
static void tells_layers_that_are_code(void **state)
{
    (void)state;
    write_config_with("\"class_name\": \"Flatten\"", "\"class_name\": \"Lambda\"");
    REFUSED("changed.keras", CAPAS_UNSUPPORTED, "layer flatten", "Lambda", "Python code",
            "save the model again");
    write_config_with("\"module\": \"keras.layers\", \"class_name\": \"Flatten\"",
                      "\"module\": \"mine.layers\", \"class_name\": \"Flat\"");
    REFUSED("changed.keras", CAPAS_UNSUPPORTED, "layer flatten", "Flat", "custom layer",
            "mine.layers");
    write_config_with("\"class_name\": \"Flatten\"", "\"class_name\": \"TFOpLambda\"");
    REFUSED("changed.keras", CAPAS_UNSUPPORTED, "layer flatten", "TensorFlow");
}

static void tells_wrong_extras(void **state)
{
    (void)state;
    write_text(EXTRA, "{\"scale\": \"1/255\"}");
    REFUSED("changed.keras", CAPAS_BAD_FILE, "capas.json: scale must be a number", "\"1/255\"");
    write_text(EXTRA, "{\"class_names\": [\"a\", 2]}");
    REFUSED("changed.keras", CAPAS_BAD_FILE, "capas.json: a class's name must be a text");
    write_text(EXTRA, "{\"channel_order\": \"bgr\"}");
    REFUSED("changed.keras", CAPAS_INVALID_ARGUMENT, "no input has three channels");
    write_text(EXTRA, "{\"channel_order\": \"bgra\"}");
    REFUSED("changed.keras", CAPAS_BAD_FILE, "channel_order must be");
    write_text(EXTRA, "{\"channel_mean\": [1, 2]}");
    REFUSED("changed.keras", CAPAS_BAD_FILE, "channel_mean must be a list of 3 numbers");
    write_text(EXTRA, "{\"channel_deviation\": [1, 0, 2]}");
    REFUSED("changed.keras", CAPAS_INVALID_ARGUMENT, "channel 1 has 0 and 0");
    write_text(EXTRA, "[1]");
    REFUSED("changed.keras", CAPAS_BAD_FILE, "must be a map");
    write_text(EXTRA, "{\"later\": {\"unknown\": 1}}");
    capas_model *model = capas_load("changed.keras");
    assert_non_null(model);
    capas_model_free(model);
}

/* Cut or changed anywhere, the archive is refused or opens; the sanitizers watch. */
static void survives_damage(void **state)
{
    (void)state;
    char *data;
    size_t size;
    assert_int_equal(capas_read_file("whole.keras", LIMIT, &data, &size), CAPAS_OK);
    for (size_t length = 0; length < size; length += 97) {
        assert_int_equal(capas_write_file("hurt.keras", data, length), CAPAS_OK);
        REFUSED("hurt.keras", CAPAS_BAD_FILE, "hurt.keras");
    }
    for (size_t i = 0; i < size; i += 211) {
        data[i] ^= 0x20;
        assert_int_equal(capas_write_file("hurt.keras", data, size), CAPAS_OK);
        data[i] ^= 0x20;
        capas_model_free(capas_load("hurt.keras"));
    }
    capas_release(data);
}

/* Weights damaged with the archive's checksums right: HDF5 must notice, or the numbers are other
 * ones. */
static void survives_damaged_weights(void **state)
{
    (void)state;
    write_with(WEIGHTS, "no HDF5", 7);
    REFUSED("changed.keras", CAPAS_BAD_FILE, "model.weights.h5: it is no HDF5 file");
    write_with(WEIGHTS, "", 0);
    REFUSED("changed.keras", CAPAS_BAD_FILE, "model.weights.h5");
    for (size_t length = 1000; length < part_sizes[WEIGHTS]; length += 1501) {
        write_with(WEIGHTS, parts[WEIGHTS], length);
        assert_null(capas_load("changed.keras"));
    }
    char *hurt = capas_copy_memory(parts[WEIGHTS], part_sizes[WEIGHTS]);
    assert_non_null(hurt);
    for (size_t i = 0; i < part_sizes[WEIGHTS]; i += 131) {
        hurt[i] ^= 0x10;
        write_with(WEIGHTS, hurt, part_sizes[WEIGHTS]);
        hurt[i] ^= 0x10;
        capas_model_free(capas_load("changed.keras"));
    }
    capas_release(hurt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_is_wrong),        cmocka_unit_test(tells_missing_parts),
        cmocka_unit_test(tells_wrong_configurations), cmocka_unit_test(tells_layers_that_are_code),
        cmocka_unit_test(tells_wrong_extras),         cmocka_unit_test(survives_damage),
        cmocka_unit_test(survives_damaged_weights),
    };
    return cmocka_run_group_tests(tests, make_file, free_file);
}
#else
static void says_what_is_missing(void **state)
{
    (void)state;
    assert_null(capas_load("model.keras"));
    assert_int_equal(capas_error_status(), CAPAS_UNSUPPORTED);
    assert_non_null(strstr(capas_error(), "-DCAPAS_WITH_HDF5=ON"));
    capas_model *model = capas_sequential(capas_input(2), capas_dense(1));
    assert_int_equal(capas_save(model, "model.keras"), CAPAS_UNSUPPORTED);
    assert_non_null(strstr(capas_error(), "-DCAPAS_WITH_ZIP=ON"));
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
