/* Eight threads predict from one model at once, with batches of many sizes, while the number of
 * threads of the pool changes under them; each gets the bits that it gets alone. Labels: threads */
#include "support/cmocka.h"
#include "support/kernels.h"

#include <capas/capas.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 6, SIZES = 5, SAMPLES = 150, SIDE = 10, CLASSES = 7 };

static const int64_t sizes[SIZES] = {1, 2, 31, 40, SAMPLES};

static capas_model *make_model(void)
{
    capas_model *model =
        capas_sequential(capas_input(SIDE, SIDE, 2), capas_conv2d(8, 3, .activation = CAPAS_RELU),
                         capas_batch_normalization(), capas_max_pooling2d(2), capas_dropout(0.5),
                         capas_conv2d(6, 2, .padding = CAPAS_SAME, .activation = CAPAS_TANH),
                         capas_flatten(), capas_dense(40, .activation = CAPAS_SELU),
                         capas_dense(CLASSES, .activation = CAPAS_SOFTMAX));
    assert_non_null(model);
    return model;
}

/* One thread: the model, its own samples, and what each size gave alone. */
typedef struct caller {
    capas_model *model;
    int number;
    bool changes_threads;
    float *input, *expected[SIZES];
    int wrong; /* predictions that failed or differ */
} caller;

static void *predict_often(void *argument)
{
    caller *it = argument;
    float *output = malloc(SAMPLES * CLASSES * sizeof *output);
    for (int i = 0; output != NULL && i < ROUNDS * SIZES; i++) {
        int s = (i + it->number) % SIZES;
        memset(output, 0xff, SAMPLES * CLASSES * sizeof *output);
        if (it->changes_threads) it->wrong += capas_set_threads(1 + i % 4) != CAPAS_OK;
        it->wrong += capas_predict(it->model, it->input, sizes[s], output) != CAPAS_OK;
        it->wrong +=
            memcmp(output, it->expected[s], (size_t)sizes[s] * CLASSES * sizeof *output) != 0;
    }
    it->wrong += output == NULL;
    free(output);
    return NULL;
}

static void prepare(caller *it, capas_model *model, int number)
{
    *it = (caller){.model = model, .number = number};
    it->input = random_floats(SAMPLES * SIDE * SIDE * 2, 50 + (uint64_t)number);
    for (int s = 0; s < SIZES; s++) {
        it->expected[s] = malloc(SAMPLES * CLASSES * sizeof(float));
        assert_non_null(it->expected[s]);
        assert_int_equal(capas_predict(model, it->input, sizes[s], it->expected[s]), CAPAS_OK);
    }
}

static void forget(caller *it)
{
    free(it->input);
    for (int s = 0; s < SIZES; s++)
        free(it->expected[s]);
}

static void run_all(caller *callers)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, predict_often, &callers[i]), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(callers[i].wrong, 0);
}

static void eight_threads_predict_from_one_model(void **state)
{
    (void)state;
    capas_model *model = make_model();
    caller callers[THREADS];
    for (int i = 0; i < THREADS; i++)
        prepare(&callers[i], model, i);
    run_all(callers);
    for (int i = 0; i < THREADS; i++)
        callers[i].changes_threads = i % 2 == 0;
    run_all(callers);
    assert_int_equal(capas_set_threads(0), CAPAS_OK);
    for (int i = 0; i < THREADS; i++)
        forget(&callers[i]);
    capas_model_free(model);
}

/* The plans, too, are made by whoever comes first. */
static void a_model_never_used_before_may_be_shared(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        capas_model *known = make_model(), *fresh = make_model();
        caller callers[THREADS];
        for (int i = 0; i < THREADS; i++) {
            prepare(&callers[i], known, i);
            callers[i].model = fresh; /* the same seed, so the same weights */
        }
        run_all(callers);
        for (int i = 0; i < THREADS; i++)
            forget(&callers[i]);
        capas_model_free(known);
        capas_model_free(fresh);
    }
}

/* A thread's failure is its own: its sentence, and nobody else's result. */
static void *fail_often(void *argument)
{
    caller *it = argument;
    float output[CLASSES];
    for (int i = 0; i < 50; i++) {
        it->wrong += capas_predict(it->model, it->input, -1, output) != CAPAS_INVALID_ARGUMENT;
        it->wrong += strstr(capas_error(), "predict: ") == NULL;
    }
    return NULL;
}

static void failures_are_the_threads_own(void **state)
{
    (void)state;
    capas_model *model = make_model();
    caller callers[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        prepare(&callers[i], model, i);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, i % 2 ? fail_often : predict_often, &callers[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(callers[i].wrong, 0);
        forget(&callers[i]);
    }
    assert_int_equal(capas_model_status(model), CAPAS_OK);
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_threads_predict_from_one_model),
        cmocka_unit_test(a_model_never_used_before_may_be_shared),
        cmocka_unit_test(failures_are_the_threads_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
