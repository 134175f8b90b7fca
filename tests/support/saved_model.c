/* Small models for the tests of files: made, trained a step, saved, opened and compared. */
#include "support/saved_model.h"
#include "base/file.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 1 << 24 };

capas_model *open_model(const char *path)
{
    capas_model *model = capas_load(path);
    if (!model) fail_msg("%s", capas_error());
    return model;
}

void save_model(capas_model *model, const char *path)
{
    if (capas_save(model, path) != CAPAS_OK) fail_msg("%s", capas_error());
}

/* The output for one of the recorded inputs, to be freed. */
float *predict_recorded(capas_model *model, const npy *input, size_t count)
{
    float *x = npy_floats(input), *y = calloc(count, sizeof *y);
    if (capas_predict(model, x, input->shape[0], y) != CAPAS_OK) fail_msg("%s", capas_error());
    free(x);
    return y;
}

void assert_recorded_output(capas_model *model, const char *input_name, const char *output_name)
{
    npy input = golden_npy("files/%s", input_name), output = golden_npy("files/%s", output_name);
    float *y = predict_recorded(model, &input, output.count);
    assert_true(golden_close(output_name, y, &output, 1e-4, 1e-5));
    free(y);
    npy_free(&input);
    npy_free(&output);
}

/* A small graph with a branch, compiled and trained for one step. */
capas_model *small_graph(void)
{
    capas_graph *graph = capas_graph_new();
    capas_node in = capas_graph_apply(graph, capas_input(6, 5, 2), NULL, 0);
    capas_node conv = capas_graph_apply(
        graph, capas_conv2d(3, 3, .padding = CAPAS_SAME, .activation = CAPAS_RELU), &in, 1);
    capas_node norm = capas_graph_apply(graph, capas_batch_normalization(), &conv, 1);
    capas_node both[] = {conv, norm};
    capas_node sum = capas_graph_apply(graph, capas_add(), both, 2);
    capas_node flat = capas_graph_apply(graph, capas_flatten(), &sum, 1);
    capas_node out =
        capas_graph_apply(graph, capas_dense(4, .activation = CAPAS_SOFTMAX), &flat, 1);
    capas_model *model = capas_functional(graph, "small", &in, 1, &out, 1);
    if (!model) fail_msg("%s", capas_error());
    capas_compile(model, .optimizer = capas_adam(.learning_rate = 0.01),
                  .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY, .metrics = {CAPAS_ACCURACY});
    return model;
}

void train_step(capas_model *model)
{
    static float x[8 * 60];
    static int32_t y[8];
    for (int i = 0; i < 8 * 60; i++)
        x[i] = (float)(i % 17) / 17;
    for (int i = 0; i < 8; i++)
        y[i] = i % 4;
    capas_tensor inputs = {CAPAS_FLOAT32, {4, {8, 6, 5, 2}}, x};
    capas_tensor targets = {CAPAS_INT32, {1, {8}}, y};
    capas_evaluation evaluation;
    if (capas_train_on_batch(model, &inputs, &targets, 8, &evaluation) != CAPAS_OK)
        fail_msg("%s", capas_error());
}

void assert_keeps_meaning(const char *path)
{
    static const char *const names[] = {"one", "zwei", "drei \xe2\x82\xac", "\"four\""};
    capas_preprocessing written = {.scale = 1.0 / 255,
                                   .offset = -0.5,
                                   .minimum = -0.5,
                                   .maximum = 0.5,
                                   .mean = NAN,
                                   .deviation = 0.25},
                        read;
    capas_model *model = small_graph();
    assert_int_equal(capas_model_set_preprocessing(model, &written), CAPAS_OK);
    assert_int_equal(capas_model_set_class_names(model, names, 4), CAPAS_OK);
    save_model(model, path);
    capas_model_free(model);
    model = open_model(path);
    assert_int_equal(capas_model_preprocessing(model, &read), CAPAS_OK);
    assert_true(read.scale == written.scale && read.offset == written.offset);
    assert_true(read.minimum == written.minimum && read.maximum == written.maximum);
    assert_true(isnan(read.mean) && read.deviation == written.deviation);
    int count;
    const char *const *found = capas_model_class_names(model, &count);
    assert_int_equal(count, 4);
    for (int i = 0; i < count; i++)
        assert_string_equal(found[i], names[i]);
    capas_model_free(model);
}

void assert_same_bytes(const char *a, const char *b)
{
    char *first, *second;
    size_t first_size, second_size;
    assert_int_equal(capas_read_file(a, LIMIT, &first, &first_size), CAPAS_OK);
    assert_int_equal(capas_read_file(b, LIMIT, &second, &second_size), CAPAS_OK);
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    capas_release(first);
    capas_release(second);
}

void assert_same_weights(capas_model *a, capas_model *b)
{
    assert_int_equal(capas_model_weight_count(a), capas_model_weight_count(b));
    for (int i = 0; i < capas_model_weight_count(a); i++) {
        float first[1024], second[1024];
        capas_weight_info info, other;
        assert_int_equal(capas_model_weight_info(a, i, &info), CAPAS_OK);
        assert_int_equal(capas_model_weight_info(b, i, &other), CAPAS_OK);
        assert_string_equal(info.layer, other.layer);
        assert_string_equal(info.name, other.name);
        size_t count = 1;
        for (int d = 0; d < info.shape.rank; d++)
            count *= (size_t)info.shape.dims[d];
        assert_true(count <= 1024);
        capas_model_get_weight(a, i, first);
        capas_model_get_weight(b, i, second);
        assert_memory_equal(first, second, count * sizeof(float));
    }
}

void copy_weights(const capas_model *from, capas_model *to)
{
    assert_int_equal(capas_model_weight_count(from), capas_model_weight_count(to));
    for (int w = 0; w < capas_model_weight_count(from); w++) {
        capas_weight_info info;
        size_t count = 1;
        assert_int_equal(capas_model_weight_info(from, w, &info), CAPAS_OK);
        for (int i = 0; i < info.shape.rank; i++)
            count *= (size_t)info.shape.dims[i];
        float *values = malloc(count * sizeof *values);
        assert_non_null(values);
        assert_int_equal(capas_model_get_weight(from, w, values), CAPAS_OK);
        assert_int_equal(capas_model_set_weight(to, w, values), CAPAS_OK);
        free(values);
    }
}
