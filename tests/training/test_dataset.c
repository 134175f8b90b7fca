/* Data sets: arrays in and out of order, parts, generators, and what is refused. */
#include "support/cmocka.h"

#include "kernels/fill.h"
#include "training/dataset.h"
#include <stdlib.h>
#include <string.h>

enum { COUNT = 10, WIDTH = 2 };

/* Sample i is (i, 10 i) with the label i. */
static float values[COUNT * WIDTH];
static uint8_t labels[COUNT];

static int fill_arrays(void **state)
{
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        values[i * WIDTH] = (float)i;
        values[i * WIDTH + 1] = 10 * (float)i;
        labels[i] = (uint8_t)i;
    }
    return 0;
}

static capas_tensor x_tensor(void)
{
    return (capas_tensor){CAPAS_FLOAT32, {2, {COUNT, WIDTH}}, values};
}

static capas_tensor y_tensor(void)
{
    return (capas_tensor){CAPAS_UINT8, {1, {COUNT}}, labels};
}

static capas_dataset *make(int copy)
{
    capas_dataset *set = capas_dataset_from_arrays(x_tensor(), y_tensor(), copy);
    assert_non_null(set);
    return set;
}

/* All labels of an epoch from a place on, in batches of three; returns how many. */
static int read_epoch(capas_dataset *set, capas_dataset_place place, int *order)
{
    capas_batch batch;
    int count = 0;
    assert_int_equal(capas_batch_new(&set->spec, 3, &batch), CAPAS_OK);
    assert_int_equal(set->type->seek(set, &place), CAPAS_OK);
    for (;;) {
        assert_int_equal(set->type->next(set, &batch), CAPAS_OK);
        if (batch.count == 0) break;
        for (int i = 0; i < batch.count; i++) {
            int label = ((uint8_t *)batch.targets[0])[i];
            float *sample = (float *)batch.inputs[0] + i * WIDTH;
            assert_true(sample[0] == (float)label && sample[1] == 10 * (float)label);
            order[count++] = label;
        }
    }
    capas_batch_free(&batch);
    return count;
}

static void gives_arrays_in_order(void **state)
{
    (void)state;
    capas_dataset *set = make(0);
    int order[COUNT];
    assert_int_equal(read_epoch(set, (capas_dataset_place){0}, order), COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(order[i], i);
    assert_int_equal(read_epoch(set, (capas_dataset_place){.index = 8}, order), 2);
    assert_int_equal(order[0], 8);
    assert_int_equal(read_epoch(set, (capas_dataset_place){.index = COUNT}, order), 0);
    assert_int_equal(set->type->seek(set, &(capas_dataset_place){.index = COUNT + 1}),
                     CAPAS_INVALID_ARGUMENT);
    capas_dataset_free(set);
}

/* The order is the permutation of (seed, stream, epoch), wherever one begins. */
static void shuffles_by_seed_and_epoch(void **state)
{
    (void)state;
    capas_dataset *set = make(0);
    int order[COUNT], again[COUNT];
    int64_t want[COUNT];
    for (int epoch = 0; epoch < 3; epoch++) {
        capas_dataset_place place = {.epoch = epoch, .shuffle = true, .seed = 7};
        assert_int_equal(read_epoch(set, place, order), COUNT);
        capas_fill_permutation(want, COUNT,
                               (capas_random){7, CAPAS_STREAM_SHUFFLE, (uint32_t)epoch});
        for (int i = 0; i < COUNT; i++)
            assert_int_equal(order[i], want[i]);
        place.index = 6;
        assert_int_equal(read_epoch(set, place, again), COUNT - 6);
        assert_memory_equal(again, order + 6, (COUNT - 6) * sizeof *order);
    }
    capas_dataset_place other = {.epoch = 2, .shuffle = true, .seed = 8};
    read_epoch(set, other, again);
    assert_memory_not_equal(again, order, sizeof order);
    capas_dataset_free(set);
}

static void copies_or_borrows(void **state)
{
    (void)state;
    capas_dataset *copied = make(1), *borrowed = make(0);
    int order[COUNT];
    labels[0] = 1;
    values[0] = 1;
    values[1] = 10;
    read_epoch(borrowed, (capas_dataset_place){0}, order);
    assert_int_equal(order[0], 1);
    read_epoch(copied, (capas_dataset_place){0}, order);
    assert_int_equal(order[0], 0);
    fill_arrays(NULL);
    capas_dataset_free(copied);
    capas_dataset_free(borrowed);
}

static void cuts_into_parts(void **state)
{
    (void)state;
    capas_dataset *set = make(1);
    static const char *const names[] = {"a", "b"};
    assert_int_equal(capas_dataset_set_class_names(set, names, 2), CAPAS_OK);
    capas_dataset *part = capas_dataset_slice(set, 6, 4);
    assert_non_null(part);
    int order[COUNT], count;
    assert_int_equal(read_epoch(part, (capas_dataset_place){0}, order), 4);
    assert_int_equal(order[0], 6);
    assert_int_equal(order[3], 9);
    assert_int_equal(read_epoch(part, (capas_dataset_place){.shuffle = true}, order), 4);
    const char *const *part_names = capas_dataset_class_names(part, &count);
    assert_int_equal(count, 2);
    assert_string_equal(part_names[1], "b");
    capas_dataset *piece = capas_dataset_slice(part, 1, 1);
    assert_int_equal(read_epoch(piece, (capas_dataset_place){0}, order), 1);
    assert_int_equal(order[0], 7);
    assert_null(capas_dataset_slice(set, 6, 5));
    assert_null(capas_dataset_slice(set, -1, 5));
    assert_null(capas_dataset_slice(set, 3, 0));
    assert_non_null(strstr(capas_error(), "0 samples from sample 3"));
    capas_dataset_free(piece);
    capas_dataset_free(part);
    capas_dataset_free(set);
}

static void describes_itself(void **state)
{
    (void)state;
    capas_dataset *set = make(0);
    capas_dataset_spec spec;
    assert_int_equal(capas_dataset_describe(set, &spec), CAPAS_OK);
    assert_int_equal(spec.count, COUNT);
    assert_int_equal(spec.input_count, 1);
    assert_int_equal(spec.target_count, 1);
    assert_int_equal(spec.input_shapes[0].rank, 1);
    assert_int_equal(spec.input_shapes[0].dims[0], WIDTH);
    assert_int_equal(spec.target_shapes[0].rank, 0);
    assert_int_equal(spec.target_elements[0], CAPAS_UINT8);
    int count = 5;
    assert_null(capas_dataset_class_names(set, &count));
    assert_int_equal(count, 0);
    capas_dataset_free(set);
    capas_dataset_free(NULL);
}

static void refuses_wrong_arrays(void **state)
{
    (void)state;
    capas_tensor x = x_tensor(), y = y_tensor(), none = {0};
    capas_dataset *set = capas_dataset_from_arrays(x, none, 0);
    assert_non_null(set); /* no targets are allowed */
    assert_int_equal(set->spec.target_count, 0);
    capas_dataset_free(set);
    y.shape.dims[0] = COUNT - 1;
    assert_null(capas_dataset_from_arrays(x, y, 0));
    assert_string_equal(capas_error(),
                        "data set: target 0 has 9 samples, input 0 has 10; its shape "
                        "is (9,)");
    x.shape.dims[0] = 0;
    assert_null(capas_dataset_from_arrays(x, none, 0));
    assert_string_equal(capas_error(), "data set: needs at least one sample, found 0");
    x = x_tensor();
    x.shape.dims[1] = 0;
    assert_null(capas_dataset_from_arrays(x, none, 0));
    x = x_tensor();
    x.data = NULL;
    assert_null(capas_dataset_from_arrays(x, none, 0));
    x = x_tensor();
    x.shape.rank = 0;
    assert_null(capas_dataset_from_arrays(x, none, 0));
    x = x_tensor();
    x.element = (capas_element)9;
    assert_null(capas_dataset_from_arrays(x, none, 0));
    x = x_tensor();
    x.shape.dims[0] = INT64_MAX / 2;
    assert_null(capas_dataset_from_arrays(x, none, 0));
    assert_null(capas_dataset_from_tensors(&x, 0, NULL, 0, 0));
    assert_int_equal(capas_error_status(), CAPAS_INVALID_ARGUMENT);
}

/* Counts up, never more than two at a time. */
typedef struct counter {
    int at, end, epoch, restarts;
    int64_t fail_with; /* given back in place of a count when not 0 */
} counter;

static int64_t count_up(void *context, int restart, int epoch, int64_t n, void *const *inputs,
                        void *const *targets)
{
    counter *c = context;
    if (restart) {
        c->at = 0;
        c->epoch = epoch;
        c->restarts++;
    }
    if (c->fail_with) return c->fail_with;
    int64_t given = 0;
    for (; given < n && given < 2 && c->at < c->end; given++, c->at++) {
        ((float *)inputs[0])[given * WIDTH] = (float)c->at;
        ((float *)inputs[0])[given * WIDTH + 1] = 10 * (float)c->at;
        ((uint8_t *)targets[0])[given] = (uint8_t)c->at;
    }
    return given;
}

static capas_dataset_spec counter_spec(void)
{
    return (capas_dataset_spec){
        .input_count = 1,
        .target_count = 1,
        .input_shapes = {{1, {WIDTH}}},
        .input_elements = {CAPAS_FLOAT32},
        .target_elements = {CAPAS_UINT8},
        .count = CAPAS_ANY,
    };
}

static void calls_a_generator(void **state)
{
    (void)state;
    counter c = {.end = 8};
    capas_dataset_spec spec = counter_spec();
    capas_dataset *set = capas_dataset_from_function(&spec, count_up, &c);
    assert_non_null(set);
    int order[COUNT];
    assert_int_equal(read_epoch(set, (capas_dataset_place){.epoch = 4}, order), 8);
    assert_int_equal(order[7], 7);
    assert_int_equal(c.epoch, 4);
    assert_int_equal(c.restarts, 1);
    assert_int_equal(read_epoch(set, (capas_dataset_place){.epoch = 5, .index = 5}, order), 3);
    assert_int_equal(order[0], 5);
    assert_int_equal(read_epoch(set, (capas_dataset_place){.index = 20}, order), 0);
    assert_null(capas_dataset_slice(set, 0, 1));
    assert_int_equal(capas_error_status(), CAPAS_UNSUPPORTED);
    capas_dataset_free(set);
}

static void tells_a_generators_errors(void **state)
{
    (void)state;
    counter c = {.end = 8, .fail_with = -3};
    capas_dataset_spec spec = counter_spec();
    capas_dataset *set = capas_dataset_from_function(&spec, count_up, &c);
    capas_batch batch;
    assert_int_equal(capas_batch_new(&spec, 3, &batch), CAPAS_OK);
    assert_int_equal(set->type->next(set, &batch), CAPAS_BAD_DATA);
    assert_non_null(strstr(capas_error(), "reported an error (-3)"));
    c.fail_with = 4;
    assert_int_equal(set->type->next(set, &batch), CAPAS_BAD_DATA);
    assert_non_null(strstr(capas_error(), "asked for 3 samples and says it gave 4"));
    capas_batch_free(&batch);
    capas_dataset_free(set);
    assert_null(capas_dataset_from_function(&spec, NULL, NULL));
    spec.count = 0;
    assert_null(capas_dataset_from_function(&spec, count_up, &c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_arrays_in_order), cmocka_unit_test(shuffles_by_seed_and_epoch),
        cmocka_unit_test(copies_or_borrows),     cmocka_unit_test(cuts_into_parts),
        cmocka_unit_test(describes_itself),      cmocka_unit_test(refuses_wrong_arrays),
        cmocka_unit_test(calls_a_generator),     cmocka_unit_test(tells_a_generators_errors),
    };
    return cmocka_run_group_tests(tests, fill_arrays, NULL);
}
