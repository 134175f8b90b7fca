/* Two models train in two threads at once while a third predicts; each gets the bits that it gets
 * alone, whatever the number of the pool's threads, also when it changes between batches.
 * Labels: threads */
#include "support/cmocka.h"
#include "support/kernels.h"

#include <capas/capas.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 75, SIDE = 8, CLASSES = 4, TRAINERS = 2 };

typedef struct data {
    float *pixels;
    uint8_t labels[SAMPLES];
} data;

static data make_data(uint64_t seed)
{
    data data = {.pixels = random_floats(SAMPLES * SIDE * SIDE, seed)};
    for (int i = 0; i < SAMPLES; i++)
        data.labels[i] = (uint8_t)((unsigned)i * 7 % CLASSES);
    return data;
}

static capas_dataset *make_set(data *data)
{
    capas_tensor x = {.element = CAPAS_FLOAT32,
                      .shape = capas_shape_of(4, SAMPLES, SIDE, SIDE, 1),
                      .data = data->pixels};
    capas_tensor y = {
        .element = CAPAS_UINT8, .shape = capas_shape_of(1, SAMPLES), .data = data->labels};
    return capas_dataset_from_arrays(x, y, 0);
}

static capas_model *make_model(uint64_t seed)
{
    capas_model *model = capas_sequential(
        capas_input(SIDE, SIDE, 1), capas_conv2d(6, 3, .activation = CAPAS_RELU),
        capas_max_pooling2d(2), capas_batch_normalization(), capas_flatten(),
        capas_dense(30, .activation = CAPAS_RELU, .kernel_regularizer = capas_l2(0.001)),
        capas_dropout(0.3), capas_dense(CLASSES, .activation = CAPAS_SOFTMAX));
    assert_int_equal(capas_model_set_seed(model, seed), CAPAS_OK);
    assert_int_equal(capas_compile(model, .optimizer = capas_adam(),
                                   .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
                                   .metrics = {CAPAS_ACCURACY}),
                     CAPAS_OK);
    return model;
}

/* The numbers of threads that the pool has by turns; a batch may find it changed under its feet. */
static capas_status change_threads(void *context, capas_training *training, int64_t batch,
                                   capas_logs *logs)
{
    (void)training;
    (void)logs;
    const int *most = context;
    return *most > 0 ? capas_set_threads(1 + (int)batch % *most) : CAPAS_OK;
}

typedef struct training {
    uint64_t seed;
    int most_threads; /* changed between batches up to this; 0: not */
    capas_status status;
    float *weights;
    size_t count;
    char *history;
} training;

static void copy_weights(capas_model *model, training *it)
{
    for (int w = 0; w < capas_model_weight_count(model); w++) {
        capas_weight_info info;
        size_t size = 1;
        if (capas_model_weight_info(model, w, &info) != CAPAS_OK) return;
        for (int i = 0; i < info.shape.rank; i++)
            size *= (size_t)info.shape.dims[i];
        it->weights = realloc(it->weights, (it->count + size) * sizeof(float));
        if (capas_model_get_weight(model, w, it->weights + it->count) != CAPAS_OK) return;
        it->count += size;
    }
}

/* Two epochs with validation, the last batches partly full. */
static void *train(void *argument)
{
    training *it = argument;
    data data = make_data(it->seed);
    capas_dataset *set = make_set(&data);
    capas_model *model = make_model(it->seed);
    capas_callback callback = {.context = &it->most_threads,
                               .on_train_batch_begin = change_threads};
    const capas_callback *callbacks[] = {&callback};
    capas_history *history = NULL;
    it->status = capas_fit(model, set, .epochs = 2, .batch_size = 16, .validation_split = 0.2,
                           .callbacks = callbacks, .callback_count = 1, .history = &history);
    copy_weights(model, it);
    capas_history_csv(history, &it->history);
    capas_history_free(history);
    capas_model_free(model);
    capas_dataset_free(set);
    free(data.pixels);
    return NULL;
}

static void forget(training *it)
{
    free(it->weights);
    capas_free(it->history);
}

static void assert_equal(const training *got, const training *want)
{
    assert_int_equal(got->status, CAPAS_OK);
    assert_true(got->count > 0 && got->count == want->count);
    assert_memory_equal(got->weights, want->weights, got->count * sizeof(float));
    assert_non_null(got->history);
    assert_string_equal(got->history, want->history);
}

typedef struct predictor {
    capas_model *model;
    data data;
    float expected[SAMPLES * CLASSES];
    int wrong;
} predictor;

static void *predict(void *argument)
{
    predictor *it = argument;
    float *output = malloc(sizeof it->expected);
    for (int i = 0; output != NULL && i < 20; i++) {
        it->wrong += capas_predict(it->model, it->data.pixels, SAMPLES, output) != CAPAS_OK;
        it->wrong += memcmp(output, it->expected, sizeof it->expected) != 0;
    }
    it->wrong += output == NULL;
    free(output);
    return NULL;
}

static void two_train_and_one_predicts(void **state)
{
    (void)state;
    training alone[TRAINERS] = {{.seed = 1}, {.seed = 2}};
    training together[TRAINERS] = {{.seed = 1}, {.seed = 2, .most_threads = 4}};
    predictor predictor = {.model = make_model(3), .data = make_data(3)};
    pthread_t threads[TRAINERS + 1];
    for (int i = 0; i < TRAINERS; i++)
        train(&alone[i]);
    assert_int_equal(
        capas_predict(predictor.model, predictor.data.pixels, SAMPLES, predictor.expected),
        CAPAS_OK);
    for (int i = 0; i < TRAINERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, train, &together[i]), 0);
    assert_int_equal(pthread_create(&threads[TRAINERS], NULL, predict, &predictor), 0);
    for (int i = 0; i <= TRAINERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < TRAINERS; i++) {
        assert_equal(&together[i], &alone[i]);
        forget(&together[i]);
        forget(&alone[i]);
    }
    assert_int_equal(predictor.wrong, 0);
    capas_model_free(predictor.model);
    free(predictor.data.pixels);
    assert_int_equal(capas_set_threads(0), CAPAS_OK);
}

static void training_is_the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    static const int threads[] = {1, 2, 3, 8};
    training first = {.seed = 4};
    for (int i = 0; i < 4; i++) {
        training next = {.seed = 4};
        assert_int_equal(capas_set_threads(threads[i]), CAPAS_OK);
        train(i == 0 ? &first : &next);
        if (i > 0) assert_equal(&next, &first);
        forget(&next);
    }
    assert_int_equal(first.status, CAPAS_OK);
    forget(&first);
    assert_int_equal(capas_set_threads(0), CAPAS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_train_and_one_predicts),
        cmocka_unit_test(training_is_the_same_for_any_number_of_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
