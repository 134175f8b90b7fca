/* LoggingTensor, and callbacks that ask for the outputs of layers: what they see, that the training
 * keeps its bits, and what is refused. */
#include "base/file.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/small_network.h"
#include "training/callback.h"
#include "training/hooks.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct seen {
    int calls;
    int64_t steps[8];
    int64_t samples[8];
    double first[8];
} seen;

static capas_status look(void *context, int64_t step, const char *layer, const capas_tensor *tensor)
{
    seen *s = context;
    assert_true(s->calls < 8);
    assert_string_equal(layer, "dense_1");
    assert_int_equal(tensor->element, CAPAS_FLOAT32);
    assert_int_equal(tensor->shape.rank, 2);
    assert_int_equal(tensor->shape.dims[1], SMALL_CLASSES);
    const float *values = tensor->data;
    for (int64_t i = 0; i < tensor->shape.dims[0]; i++) {
        const float *row = values + i * SMALL_CLASSES;
        assert_true(fabsf(row[0] + row[1] + row[2] - 1) < 1e-5f); /* probabilities */
    }
    s->steps[s->calls] = step;
    s->samples[s->calls] = tensor->shape.dims[0];
    s->first[s->calls++] = (double)values[0];
    return CAPAS_OK;
}

static capas_status fit(capas_model *model, const capas_callback *callback, int epochs)
{
    capas_dataset *data = small_dataset();
    const capas_callback *callbacks[] = {callback};
    capas_status status = capas_fit(model, data, .batch_size = 8, .epochs = epochs,
                                    .callbacks = callbacks, .callback_count = 1);
    capas_dataset_free(data);
    return status;
}

/* 20 samples in batches of 8 are 3 steps an epoch, the last of 4 samples. */
static void sees_every_second_step(void **state)
{
    (void)state;
    seen s = {0};
    capas_model *model = small_network(), *plain = small_network();
    capas_callback *callback = capas_logging_tensor(.tensors = {"dense_1"}, .every_n_iter = 2,
                                                    .function = look, .context = &s);
    if (!callback) fail_msg("%s", capas_error());
    if (fit(model, callback, 2) != CAPAS_OK) fail_msg("%s", capas_error());
    assert_int_equal(s.calls, 3);
    static const int64_t steps[] = {1, 3, 5}, samples[] = {8, 4, 8};
    assert_memory_equal(s.steps, steps, sizeof steps);
    assert_memory_equal(s.samples, samples, sizeof samples);
    assert_int_equal(fit(plain, NULL, 2), CAPAS_OK);
    size_t count;
    float *one = small_weights(model, &count), *two = small_weights(plain, NULL);
    assert_memory_equal(one, two, count * sizeof *one);
    free(one);
    free(two);
    capas_callback_free(callback);
    capas_model_free(model);
    capas_model_free(plain);
}

/* A picture's network in which convolution, activation and pooling become one op. */
static capas_model *pictures(void)
{
    capas_model *model = capas_sequential(
        capas_input(6, 6, 1), capas_conv2d(2, 3, .name = "conv"),
        capas_activation_layer(CAPAS_RELU, .name = "relu"), capas_max_pooling2d(2, .name = "pool"),
        capas_flatten(.name = "flat"), capas_dense(3, .name = "logits"),
        capas_activation_layer(CAPAS_SOFTMAX, .name = "softmax"));
    if (!model) fail_msg("%s", capas_error());
    assert_int_equal(capas_compile(model, .optimizer = capas_sgd(),
                                   .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY),
                     CAPAS_OK);
    return model;
}

static capas_status fit_pictures(capas_model *model, const capas_callback *callback)
{
    enum { PICTURES = 5 };
    float x[PICTURES * 36];
    uint8_t y[PICTURES] = {0, 1, 2, 0, 1};
    for (int i = 0; i < PICTURES * 36; i++)
        x[i] = (float)(i * 37 % 11) / 11;
    capas_tensor inputs = {CAPAS_FLOAT32, {4, {PICTURES, 6, 6, 1}}, x};
    capas_tensor targets = {CAPAS_UINT8, {1, {PICTURES}}, y};
    capas_dataset *data = capas_dataset_from_arrays(inputs, targets, 0);
    const capas_callback *callbacks[] = {callback};
    capas_status status =
        capas_fit(model, data, .epochs = 3, .callbacks = callbacks, .callback_count = 1);
    capas_dataset_free(data);
    return status;
}

/* softmax(logits) is what softmax is, in the same step. */
static capas_status compare(void *context, capas_training *training, int64_t batch,
                            capas_logs *logs)
{
    capas_tensor logits, softmax, pool, flat, other;
    (void)batch, (void)logs;
    assert_int_equal(capas_training_tensor(training, "logits", &logits), CAPAS_OK);
    assert_int_equal(capas_training_tensor(training, "softmax", &softmax), CAPAS_OK);
    assert_int_equal(capas_training_tensor(training, "pool", &pool), CAPAS_OK);
    assert_int_equal(capas_training_tensor(training, "flat", &flat), CAPAS_OK);
    assert_int_equal(capas_training_tensor(training, "conv", &other), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(pool.shape.rank, 4);
    assert_int_equal(pool.shape.dims[0], 5);
    assert_int_equal(flat.shape.dims[1], 8);
    assert_memory_equal(pool.data, flat.data, 5 * 8 * sizeof(float));
    for (int n = 0; n < 5; n++) {
        const float *z = (const float *)logits.data + n * 3,
                    *p = (const float *)softmax.data + n * 3;
        double sum = exp((double)z[0]) + exp((double)z[1]) + exp((double)z[2]);
        for (int c = 0; c < 3; c++)
            assert_true(fabs((double)p[c] - exp((double)z[c]) / sum) < 1e-5);
    }
    ++*(int *)context;
    return CAPAS_OK;
}

static void shows_what_is_there(void **state)
{
    (void)state;
    static const char *const names[] = {"softmax", "logits", "pool", "flat", "pool"};
    int calls = 0;
    capas_callback own = {
        .context = &calls, .on_train_batch_end = compare, .tensors = names, .tensor_count = 5};
    capas_model *model = pictures(), *plain = pictures();
    if (fit_pictures(model, &own) != CAPAS_OK) fail_msg("%s", capas_error());
    assert_int_equal(calls, 3);
    assert_int_equal(fit_pictures(plain, NULL), CAPAS_OK);
    size_t count;
    float *one = small_weights(model, &count), *two = small_weights(plain, NULL);
    assert_memory_equal(one, two, count * sizeof *one);
    free(one);
    free(two);
    capas_model_free(model);
    capas_model_free(plain);
}

static void assert_refused(const char *name, capas_status status, const char *sentence)
{
    capas_callback own = {.tensors = &name, .tensor_count = 1};
    capas_model *model = pictures();
    assert_int_equal(fit_pictures(model, &own), status);
    if (!strstr(capas_error(), sentence)) fail_msg("\"%s\" lacks \"%s\"", capas_error(), sentence);
    capas_model_free(model);
}

static void says_what_is_nowhere(void **state)
{
    (void)state;
    assert_refused("conv", CAPAS_UNSUPPORTED, "computed together with layer pool");
    assert_refused("relu", CAPAS_UNSUPPORTED,
                   "fit: a callback wants the output of layer relu, which is nowhere: it is "
                   "computed together with layer pool; ask for the output of that");
    assert_refused("softmaks", CAPAS_UNKNOWN_NAME,
                   "the model has no such layer; did you mean \"softmax\"?");
    assert_refused(NULL, CAPAS_INVALID_ARGUMENT, "no layer");
    assert_null(capas_logging_tensor(.function = look));
    assert_non_null(strstr(capas_error(), "tensors must be a list of 1 to 8 names of layers"));
    assert_null(capas_logging_tensor(.tensors = {"a"}));
    assert_non_null(strstr(capas_error(), "filename is missing"));
    assert_null(capas_logging_tensor(.tensors = {"a"}, .function = look, .every_n_iter = -2));
}

static char *text_of(const char *path)
{
    char *text;
    size_t size;
    assert_int_equal(capas_read_file(path, 1 << 20, &text, &size), CAPAS_OK);
    return text;
}

static void writes_a_file(void **state)
{
    (void)state;
    capas_value *map = capas_value_map(), *names = capas_value_list();
    capas_value_append(names, capas_value_string("dense_1"));
    capas_value_set(map, "tensors", names);
    capas_value_set(map, "every_n_iter", capas_value_integer(3));
    capas_value_set(map, "filename", capas_value_string("tensors.log"));
    capas_callback *callback = capas_callback_read(&capas_logging_tensor_type, map, "recipe");
    if (!callback) fail_msg("%s", capas_error());
    capas_value_free(map);
    capas_model *model = small_network();
    assert_int_equal(fit(model, callback, 2), CAPAS_OK);
    char *text = text_of("tensors.log");
    float row[3];
    int end = 0;
    assert_int_equal(
        sscanf(text, "step 1: dense_1 = [[%g %g %g]\n %n", &row[0], &row[1], &row[2], &end), 3);
    assert_true(fabsf(row[0] + row[1] + row[2] - 1) < 1e-5f);
    assert_int_equal(text[end], '[');
    assert_non_null(strstr(text, "]]\nstep 4: dense_1 = [["));
    assert_null(strstr(text, "step 2") ? strstr(text, "step 2") : strstr(text, "step 7"));
    capas_release(text);
    capas_callback_free(callback);
    capas_model_free(model);
}

/* Killed after step 2 and gone on: the same file. */
static capas_status save_at(void *context, capas_training *training, int64_t batch,
                            capas_logs *logs)
{
    capas_callback *logger = ((void **)context)[0];
    capas_state *saved = ((void **)context)[1];
    (void)training, (void)logs;
    return batch == 1 ? logger->save_state(logger->context, saved) : CAPAS_OK;
}

static capas_status load_at(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    capas_callback *logger = ((void **)context)[0];
    const capas_state *saved = ((void **)context)[1];
    (void)training, (void)logs, (void)epoch;
    return logger->load_state(logger->context, saved);
}

static void goes_on(void **state)
{
    (void)state;
    capas_state_store store = {0};
    capas_state saved = capas_state_of(&store);
    capas_dataset *data = small_dataset();
    capas_model *model = small_network();
    for (int again = 0; again < 2; again++) {
        capas_callback *logger =
            capas_logging_tensor(.tensors = {"dense"}, .every_n_iter = 3, .filename = "go.log");
        void *both[] = {logger, &saved};
        capas_callback other = {.context = both};
        if (again)
            other.on_epoch_begin = load_at;
        else
            other.on_train_batch_end = save_at;
        const capas_callback *callbacks[] = {logger, &other};
        assert_int_equal(capas_fit(model, data, .batch_size = 4, .steps_per_epoch = again ? 2 : 4,
                                   .callbacks = callbacks, .callback_count = 2),
                         CAPAS_OK);
        capas_callback_free(logger);
    }
    /* Of the first run step 1 stays (4 came behind the checkpoint); then the second's 2nd step. */
    char *text = text_of("go.log");
    assert_memory_equal(text, "step 1: ", 8);
    assert_null(strstr(text, "step 4: "));
    assert_non_null(strstr(text, "step 6: "));
    capas_release(text);
    capas_state_clear(&store);
    capas_dataset_free(data);
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_every_second_step),
        cmocka_unit_test(shows_what_is_there),
        cmocka_unit_test(says_what_is_nowhere),
        cmocka_unit_test(writes_a_file),
        cmocka_unit_test(goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
