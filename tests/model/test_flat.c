/* Flat models: what goes in comes out with the same bits and is used where it lies; what is
 * damaged, cut short or another machine's is refused; allocation failures leave nothing behind. */
#include "base/file.h"
#include "base/memory.h"
#include "model/flat.h"
#include "support/cmocka.h"
#include "support/program.h"
#include "support/scarce_memory.h"

#include <capas/capas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 5, CLASSES = 3, SAMPLES = 4, LIMIT = 1 << 20 };

static const char *const path = "model.capas";
static uint8_t pictures[SAMPLES * SIDE * SIDE * 2];
static const char *const names[CLASSES] = {"cat", "dog", "\"bird\" \\ ?\?="};

/* With tiled weights, a layer used twice, a model in the model and moving statistics. */
static capas_model *make_model(void)
{
    capas_graph *graph = capas_graph_new();
    capas_model *body = capas_sequential(capas_input(SIDE, SIDE, 2), capas_conv2d(4, 3),
                                         capas_batch_normalization(), capas_flatten());
    capas_node input = capas_graph_apply(graph, capas_input(SIDE, SIDE, 2), NULL, 0);
    capas_node features = capas_graph_apply(graph, capas_nested(body), &input, 1);
    capas_node dense = capas_graph_apply(graph, capas_dense(36, .name = "twice"), &features, 1);
    dense = capas_graph_again(graph, dense, &dense, 1);
    capas_node out =
        capas_graph_apply(graph, capas_dense(CLASSES, .activation = CAPAS_SOFTMAX), &dense, 1);
    capas_model *model = capas_functional(graph, "small", &input, 1, &out, 1);
    capas_preprocessing preprocessing;
    if (!model) return NULL;
    capas_model_preprocessing(model, &preprocessing);
    preprocessing.scale = 1 / 255.0;
    preprocessing.offset = -0.5;
    capas_model_set_preprocessing(model, &preprocessing);
    capas_model_set_class_names(model, names, CLASSES);
    capas_model_set_seed(model, 5);
    if (capas_model_status(model) == CAPAS_OK) return model;
    capas_model_free(model);
    return NULL;
}

static capas_status predict(capas_model *model, float *output)
{
    capas_tensor in = {.element = CAPAS_UINT8, .data = pictures}, out = {.data = output};
    return capas_predict_tensors(model, &in, &out, SAMPLES);
}

/* A flat file's bytes, in memory of their own. */
static char *make_bytes(size_t *size)
{
    char *bytes;
    capas_model *model = make_model();
    assert_non_null(model);
    assert_int_equal(capas_save_flat(model, path), CAPAS_OK);
    capas_model_free(model);
    assert_int_equal(capas_read_file(path, LIMIT, &bytes, size), CAPAS_OK);
    char *own = capas_copy_memory(bytes, *size); /* not one byte more */
    capas_release(bytes);
    return own;
}

static void assert_same(capas_model *model)
{
    static float want[SAMPLES * CLASSES], got[SAMPLES * CLASSES];
    int count = 0;
    capas_model *first = make_model();
    if (!model) fail_msg("%s", capas_error());
    assert_int_equal(predict(first, want), CAPAS_OK);
    assert_int_equal(predict(model, got), CAPAS_OK);
    assert_memory_equal(got, want, sizeof got);
    const char *const *found = capas_model_class_names(model, &count);
    assert_int_equal(count, CLASSES);
    for (int i = 0; i < CLASSES; i++)
        assert_string_equal(found[i], names[i]);
    assert_string_equal(capas_model_name(model), "small");
    capas_model_free(first);
}

static void is_used_where_it_lies(void **state)
{
    (void)state;
    size_t size;
    char *bytes = make_bytes(&size), *before = capas_copy_memory(bytes, size);
    capas_model *model = capas_model_from_flat(&(capas_flat){bytes, size});
    assert_same(model);
    assert_true((char *)model->values > bytes && (char *)model->values < bytes + size);
    capas_model_free(model);
    model = capas_open_flat(path);
    assert_same(model);
    assert_true(model->values_lent);
    capas_model_free(model);
    model = capas_load(path);
    assert_same(model);
    capas_model_free(model);
    assert_memory_equal(bytes, before, size);
    capas_release(bytes);
    capas_release(before);
}

/* As a byte array of a program may lie. */
static void anywhere_in_memory(void **state)
{
    (void)state;
    size_t size;
    char *bytes = make_bytes(&size), *shifted = capas_allocate(size + 1, 1);
    memcpy(shifted + 1, bytes, size);
    capas_model *model = capas_model_from_flat(&(capas_flat){shifted + 1, size});
    capas_release(shifted);
    assert_same(model);
    capas_model_free(model);
    capas_release(bytes);
}

/* Whoever changes weights has a copy of his own by then, and plans that know where it is. */
static void is_never_written_to(void **state)
{
    (void)state;
    size_t size;
    float output[SAMPLES * CLASSES], again[SAMPLES * CLASSES], zeros[1024] = {0};
    char *bytes = make_bytes(&size), *before = capas_copy_memory(bytes, size);
    for (int change = 0; change < 3; change++) {
        capas_model *model = capas_model_from_flat(&(capas_flat){bytes, size});
        assert_int_equal(predict(model, output), CAPAS_OK);
        if (change == 0) {
            int weight = capas_model_find_weight(model, "dense", "kernel");
            assert_int_equal(capas_model_set_weight(model, weight, zeros), CAPAS_OK);
        } else if (change == 1) {
            assert_int_equal(capas_model_set_seed(model, 7), CAPAS_OK);
        } else {
            assert_int_equal(capas_compile(model, .optimizer = capas_adam(),
                                           .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY),
                             CAPAS_OK);
            uint8_t labels[SAMPLES] = {0, 1, 2, 0};
            capas_tensor x = {CAPAS_UINT8, capas_shape_of(4, SAMPLES, SIDE, SIDE, 2), pictures};
            capas_tensor y = {CAPAS_UINT8, capas_shape_of(1, SAMPLES), labels};
            capas_dataset *set = capas_dataset_from_arrays(x, y, 0);
            assert_int_equal(capas_fit(model, set, .epochs = 1, .force = 1), CAPAS_OK);
            capas_dataset_free(set);
        }
        assert_false(model->values_lent);
        assert_int_equal(predict(model, again), CAPAS_OK);
        assert_memory_not_equal(output, again, sizeof output);
        capas_model_free(model);
    }
    assert_memory_equal(bytes, before, size);
    capas_release(bytes);
    capas_release(before);
}

static void assert_refused(const char *bytes, size_t size, capas_status status, const char *said)
{
    capas_model *model = capas_model_from_flat(&(capas_flat){bytes, size});
    assert_null(model);
    assert_int_equal(capas_error_status(), status);
    if (said && !strstr(capas_error(), said)) fail_msg("%s", capas_error());
}

static void is_refused_when_cut(void **state)
{
    (void)state;
    size_t size;
    char *bytes = make_bytes(&size);
    for (size_t left = 0; left < size; left += left < 200 ? 1 : 97) {
        char *cut = capas_copy_memory(bytes, left);
        assert_refused(cut, left, CAPAS_BAD_FILE, NULL);
        capas_release(cut);
    }
    assert_refused(bytes, size - 4, CAPAS_BAD_FILE, "but says that it has");
    capas_release(bytes);
}

/* Each bit of its head, and some of the rest. */
static void damage_is_found(void **state)
{
    (void)state;
    size_t size, head = sizeof(capas_flat_head);
    char *bytes = make_bytes(&size);
    const uint64_t end = ((const capas_flat_head *)(const void *)bytes)->description_size + head;
    for (size_t at = 0; at < size; at += at < head ? 1 : 13)
        for (int bit = 0; bit < 8; bit++) {
            bool padding = at >= end && at < ((end + 63) & ~(uint64_t)63);
            if (padding) continue;
            bytes[at] ^= (char)(1 << bit);
            assert_refused(bytes, size, CAPAS_BAD_FILE, NULL);
            bytes[at] ^= (char)(1 << bit);
        }
    bytes[7] = bytes[7] == 'L' ? 'B' : 'L';
    assert_refused(bytes, size, CAPAS_BAD_FILE, "another order of bytes");
    bytes[6] = '9';
    assert_refused(bytes, size, CAPAS_BAD_FILE, "another version of capas");
    assert_refused("PK\3\4....", 8, CAPAS_BAD_FILE, "no flat model");
    capas_release(bytes);
}

static void weights_must_be_finite(void **state)
{
    (void)state;
    float values[CLASSES] = {0, INFINITY, 0};
    capas_model *model = make_model();
    assert_int_equal(
        capas_model_set_weight(model, capas_model_find_weight(model, "dense", "bias"), values),
        CAPAS_OK);
    assert_int_equal(capas_save_flat(model, path), CAPAS_OK);
    assert_null(capas_open_flat(path));
    assert_int_equal(capas_error_status(), CAPAS_NOT_FINITE);
    assert_non_null(strstr(capas_error(), "model.capas: layer dense: its bias"));
    capas_model_free(model);
}

static void wrong_use_is_told(void **state)
{
    (void)state;
    capas_model *model = make_model();
    assert_null(capas_open_flat("missing.capas"));
    assert_int_equal(capas_error_status(), CAPAS_NO_FILE);
    assert_null(capas_open_flat("."));
    assert_int_equal(capas_error_status(), CAPAS_NO_FILE);
    assert_null(capas_open_flat(NULL));
    assert_null(capas_model_from_flat(NULL));
    put_file("empty.capas", "");
    assert_null(capas_open_flat("empty.capas"));
    assert_int_equal(capas_error_status(), CAPAS_BAD_FILE);
    assert_int_equal(capas_save_flat(model, ""), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_save_flat(model, "2.c"), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_save_flat(model, "none/model.capas"), CAPAS_WRITE_FAILED);
    capas_model_free(model);
}

/* Somebody's own program of that name stays; capas's own source is written anew. */
static void sources_are_not_written_over(void **state)
{
    (void)state;
    long size;
    capas_model *model = make_model();
    put_file("main.c", "int main(void) { return 0; }\n");
    assert_int_equal(capas_save_flat(model, "main.c"), CAPAS_INVALID_ARGUMENT);
    char *text = get_file("main.c", &size);
    assert_string_equal(text, "int main(void) { return 0; }\n");
    free(text);
    assert_int_equal(capas_save(model, "small-one.c"), CAPAS_OK);
    assert_int_equal(capas_save(model, "small-one.c"), CAPAS_OK);
    text = get_file("small-one.c", &size);
    assert_non_null(strstr(text, "const capas_flat small_one = {bytes, "));
    free(text);
    capas_model_free(model);
}

static capas_status write_and_open(void)
{
    float output[SAMPLES * CLASSES];
    capas_model *model = make_model();
    capas_status status = model ? capas_save_flat(model, path) : capas_error_status();
    if (status == CAPAS_OK) status = capas_save_flat(model, "few.c");
    capas_model_free(model);
    model = status == CAPAS_OK ? capas_open_flat(path) : NULL;
    if (status == CAPAS_OK) status = model ? predict(model, output) : capas_error_status();
    if (status == CAPAS_OK) status = capas_model_set_seed(model, 3);
    capas_model_free(model);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long allowed = 0;; allowed++) {
        scarce_memory_begin(allowed);
        capas_status status = write_and_open();
        long asked = scarce_memory_asked(), live = scarce_memory_live();
        scarce_memory_end();
        assert_int_equal(live, 0);
        if (asked <= allowed) break;
        if (status != CAPAS_NO_MEMORY)
            fail_msg("allocation %ld: %s: %s", allowed, capas_status_name(status), capas_error());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_used_where_it_lies),     cmocka_unit_test(anywhere_in_memory),
        cmocka_unit_test(is_never_written_to),       cmocka_unit_test(is_refused_when_cut),
        cmocka_unit_test(damage_is_found),           cmocka_unit_test(weights_must_be_finite),
        cmocka_unit_test(wrong_use_is_told),         cmocka_unit_test(sources_are_not_written_over),
        cmocka_unit_test(every_allocation_may_fail),
    };
    for (size_t i = 0; i < sizeof pictures; i++)
        pictures[i] = (uint8_t)(i * 37 % 251);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
