/* Augmented data sets: what is drawn, and that it depends on seed, epoch and place alone. */
#include "data/augment.h"
#include "support/cmocka.h"
#include "support/scarce_memory.h"
#include "training/dataset.h"
#include <capas/augment.h>
#include <capas/capas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 50, SIDE = 12, SIZE = SIDE * SIDE };

static uint8_t pictures[COUNT * SIZE], labels[COUNT];

static int fill(void **state)
{
    (void)state;
    for (int i = 0; i < COUNT * SIZE; i++)
        pictures[i] = (uint8_t)(i * 7919 % 251);
    for (int i = 0; i < COUNT; i++)
        labels[i] = (uint8_t)(i % 10);
    return 0;
}

static capas_dataset *plain_set_or_null(void)
{
    capas_tensor x = {CAPAS_UINT8, {4, {COUNT, SIDE, SIDE, 1}}, pictures};
    capas_tensor y = {CAPAS_UINT8, {1, {COUNT}}, labels};
    return capas_dataset_from_arrays(x, y, 0);
}

static capas_dataset *plain_set(void)
{
    capas_dataset *set = plain_set_or_null();
    assert_non_null(set);
    return set;
}

/* The samples of an epoch from a place on, into `all` from that place on. */
static void read_epoch(capas_dataset *set, capas_dataset_place place, int batch_size, uint8_t *all)
{
    capas_batch batch;
    assert_int_equal(capas_batch_new(&set->spec, batch_size, &batch), CAPAS_OK);
    assert_int_equal(set->type->seek(set, &place), CAPAS_OK);
    for (int64_t i = place.index;; i += batch.count) {
        assert_int_equal(set->type->next(set, &batch), CAPAS_OK);
        if (batch.count == 0) break;
        memcpy(all + i * SIZE, batch.inputs[0], (size_t)batch.count * SIZE);
        if (place.shuffle) continue;
        assert_memory_equal(batch.targets[0], labels + i, (size_t)batch.count);
    }
    capas_batch_free(&batch);
}

/* A checkpoint of a training with other settings is known as such. */
static void fingerprints_tell_settings_apart(void **state)
{
    (void)state;
    capas_dataset *plain = plain_set_or_null();
    capas_dataset *sets[] = {capas_dataset_augmented(plain, .rotation_range = 5),
                             capas_dataset_augmented(plain, .rotation_range = 5),
                             capas_dataset_augmented(plain, .shear_range = 5)};
    uint64_t sums[3];
    for (int i = 0; i < 3; i++) {
        sums[i] = sets[i]->type->fingerprint(sets[i]);
        assert_true(sums[i] != plain->type->fingerprint(plain));
        assert_ptr_equal(sets[i]->type->input(sets[i], 0), pictures);
    }
    assert_true(sums[0] == sums[1] && sums[0] != sums[2]);
    for (int i = 0; i < 3; i++)
        capas_dataset_free(sets[i]);
    capas_dataset_free(plain);
}

static capas_dataset *turned(capas_dataset *plain)
{
    capas_dataset *set = capas_dataset_augmented(
        plain, .rotation_range = 20, .zoom_range = {0.2, 0}, .width_shift_range = 0.1,
        .height_shift_range = 2, .shear_range = 5, .horizontal_flip = 1, .elastic_alpha = 8);
    assert_non_null(set);
    return set;
}

static void no_settings_change_nothing(void **state)
{
    (void)state;
    static uint8_t got[COUNT * SIZE];
    capas_dataset *plain = plain_set();
    for (int fill_mode = CAPAS_FILL_CONSTANT; fill_mode <= CAPAS_FILL_WRAP; fill_mode++)
        for (int order = 0; order < 2; order++) {
            capas_dataset *set =
                capas_dataset_augmented(plain, .fill_mode = (capas_fill_mode)fill_mode,
                                        .interpolation_order = order ? 1 : CAPAS_ZERO);
            memset(got, 1, sizeof got);
            read_epoch(set, (capas_dataset_place){.seed = 4}, 7, got);
            assert_memory_equal(got, pictures, sizeof got);
            capas_dataset_free(set);
        }
    capas_dataset_free(plain);
}

static void seed_epoch_and_place_decide(void **state)
{
    (void)state;
    static uint8_t want[COUNT * SIZE], got[COUNT * SIZE];
    capas_dataset *plain = plain_set(), *set = turned(plain);
    capas_dataset_place place = {.epoch = 2, .shuffle = true, .seed = 9};
    read_epoch(set, place, 32, want);
    for (int threads = 1; threads <= 3; threads++) {
        assert_int_equal(capas_set_threads(threads), CAPAS_OK);
        memset(got, 0, sizeof got);
        read_epoch(set, place, threads == 2 ? 32 : 7, got);
        assert_memory_equal(got, want, sizeof got);
    }
    capas_set_threads(0);
    place.index = 23;
    memset(got, 0, sizeof got);
    read_epoch(set, place, 10, got);
    assert_memory_equal(got + 23 * SIZE, want + 23 * SIZE, (COUNT - 23) * SIZE);
    place = (capas_dataset_place){.epoch = 3, .seed = 9};
    read_epoch(set, place, 10, want);
    place.epoch = 4;
    read_epoch(set, place, 10, got);
    for (int i = 0; i < COUNT; i++)
        assert_memory_not_equal(got + i * SIZE, want + i * SIZE, SIZE);
    place.seed = 8;
    read_epoch(set, place, 10, want);
    assert_memory_not_equal(got, want, sizeof got);
    capas_dataset_free(set);
    capas_dataset_free(plain);
}

/* The part for validation stays as it is, and labels can be checked before training. */
static void splits_keep_validation_as_it_is(void **state)
{
    (void)state;
    static uint8_t got[COUNT * SIZE];
    static const char *const names[] = {"a", "b"};
    capas_dataset *plain = plain_set();
    assert_int_equal(capas_dataset_set_class_names(plain, names, 2), CAPAS_OK);
    capas_dataset *set = turned(plain);
    capas_dataset *validation = capas_dataset_slice(capas_dataset_unchanged(set), 40, 10);
    capas_dataset *train = capas_dataset_slice(set, 0, 40);
    assert_non_null(validation);
    assert_non_null(train);
    assert_ptr_equal(set->type->target(set, 0), labels);
    assert_string_equal(capas_dataset_class_names(train, NULL)[1], "b");
    capas_batch batch;
    capas_batch_new(&validation->spec, 10, &batch);
    validation->type->seek(validation, &(capas_dataset_place){0});
    validation->type->next(validation, &batch);
    assert_memory_equal(batch.inputs[0], pictures + 40 * SIZE, 10 * SIZE);
    capas_batch_free(&batch);
    read_epoch(train, (capas_dataset_place){0}, 16, got);
    assert_memory_not_equal(got, pictures, 40 * SIZE);
    capas_dataset_free(train);
    capas_dataset_free(validation);
    capas_dataset_free(set);
    capas_dataset_free(plain);
}

/* Fit with validation_split gives the losses of validation that the plain part gives. */
static void fit_validates_on_plain_pictures(void **state)
{
    (void)state;
    capas_dataset *plain = plain_set(), *set = turned(plain);
    capas_dataset *part = capas_dataset_slice(plain, 40, 10);
    capas_model *model = capas_sequential(capas_input(SIDE, SIDE, 1), capas_flatten(),
                                          capas_dense(10, .activation = CAPAS_SOFTMAX));
    capas_history *history = NULL;
    capas_evaluation evaluation;
    capas_compile(model, .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY);
    assert_int_equal(
        capas_fit(model, set, .epochs = 2, .validation_split = 0.2, .history = &history), CAPAS_OK);
    assert_int_equal(capas_evaluate(model, part, &evaluation), CAPAS_OK);
    double last = capas_history_values(history, "val_loss")[1];
    assert_true(last == capas_evaluation_get(&evaluation, "loss"));
    capas_history_free(history);
    capas_model_free(model);
    capas_dataset_free(part);
    capas_dataset_free(set);
    capas_dataset_free(plain);
}

/* Whether what was drawn lies from `low` to `high` and comes near both. */
static void expect_spread(double least, double most, double low, double high)
{
    double width = high - low;
    assert_true(least >= low && least < low + 0.02 * width);
    assert_true(most <= high && most > high - 0.02 * width);
}

static void draws_fill_their_ranges(void **state)
{
    (void)state;
    const capas_augment_options options = {
        .rotation_range = 10,
        .width_shift_range = 0.25,
        .height_shift_range = 3,
        .shear_range = 5,
        .zoom_range = {0.8, 1.1},
        .horizontal_flip = 1,
        .interpolation_order = 1,
    };
    const capas_random random = {1, CAPAS_STREAM_AUGMENT, 5};
    const double degree = acos(-1) / 180;
    double least[5] = {9, 9, 9, 9, 9}, most[5] = {-9, -9, -9, -9, -9}, sum = 0;
    int flips = 0, rows[5] = {0};
    for (int i = 0; i < 2000; i++) {
        capas_augment_draw draw = capas_augment_draw_of(&options, random, i, 30, 20);
        double all[5] = {draw.rotation / degree, draw.column_shift, draw.shear / degree,
                         draw.row_zoom, draw.column_zoom};
        for (int k = 0; k < 5; k++) {
            least[k] = fmin(least[k], all[k]);
            most[k] = fmax(most[k], all[k]);
        }
        flips += draw.horizontal_flip;
        sum += draw.rotation / degree;
        assert_false(draw.vertical_flip);
        assert_true(draw.row_shift == floor(draw.row_shift) && fabs(draw.row_shift) <= 2);
        rows[(int)draw.row_shift + 2]++;
    }
    expect_spread(least[0], most[0], -10.001, 10);
    expect_spread(least[1], most[1], -5, 5);
    expect_spread(least[2], most[2], -5.001, 5);
    expect_spread(least[3], most[3], 0.8, 1.1);
    expect_spread(least[4], most[4], 0.8, 1.1);
    assert_true(fabs(sum / 2000) < 0.5);
    assert_true(flips > 900 && flips < 1100);
    /* 0 has a third, the others a sixth each. */
    for (int i = 0; i < 5; i++)
        assert_true(abs(rows[i] - (i == 2 ? 667 : 333)) < 100);
}

/* The middle stays where it is, a mirror is exact, a shift goes down and right. */
static void maps_are_about_the_middle(void **state)
{
    (void)state;
    float map[6];
    capas_augment_draw draw = {.rotation = 0.3,
                               .shear = 0.1,
                               .row_zoom = 0.9,
                               .column_zoom = 1.2,
                               .horizontal_flip = true};
    capas_augment_map(&draw, 9, 15, map);
    assert_true(fabsf(map[0] * 4 + map[1] * 7 + map[2] - 4) < 1e-5f);
    assert_true(fabsf(map[3] * 4 + map[4] * 7 + map[5] - 7) < 1e-5f);
    draw = (capas_augment_draw){.row_zoom = 1, .column_zoom = 1, .horizontal_flip = true};
    capas_augment_map(&draw, 9, 15, map);
    assert_true(map[0] == 1 && map[1] == 0 && map[2] == 0);
    assert_true(map[3] == 0 && map[4] == -1 && map[5] == 14);
    draw =
        (capas_augment_draw){.row_zoom = 1, .column_zoom = 1, .row_shift = 2, .column_shift = -1};
    capas_augment_map(&draw, 9, 15, map);
    assert_true(map[2] == 2 && map[5] == -1);
}

/* Smooth, no larger than alpha, and not the same in both directions. */
static void elastic_noise_is_smooth(void **state)
{
    (void)state;
    enum { H = 28, W = 20 };
    static float shift[2 * H * W], scratch[H * W];
    capas_elastic elastic;
    capas_elastic_prepare(&elastic, 34, 4);
    capas_elastic_fill(&elastic, (capas_random){1, CAPAS_STREAM_ELASTIC, 0}, 3, H, W, shift,
                       scratch);
    double step = 0, largest = 0, squares = 0;
    for (int i = 0; i < 2 * H * W; i++) {
        if (i % W > 0) step = fmax(step, fabs((double)(shift[i] - shift[i - 1])));
        largest = fmax(largest, fabs((double)shift[i]));
        squares += (double)(shift[i] * shift[i]);
    }
    assert_true(largest < 10 && step < 1.5 && sqrt(squares / (2 * H * W)) > 0.4);
    assert_memory_not_equal(shift, shift + H * W, sizeof scratch);
}

static void odd_pictures_stay_finite(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {{1, 1, 1}, {1, 9, 1}, {7, 1, 3}, {5, 3, 2}};
    float x[64];
    for (int i = 0; i < 64; i++)
        x[i] = (float)(i % 9);
    for (int s = 0; s < 4; s++) {
        capas_tensor tensor = {
            CAPAS_FLOAT32, {4, {1, shapes[s][0], shapes[s][1], shapes[s][2]}}, x};
        capas_dataset *plain = capas_dataset_from_arrays(tensor, (capas_tensor){0}, 0);
        for (int mode = CAPAS_FILL_CONSTANT; mode <= CAPAS_FILL_WRAP; mode++) {
            capas_dataset *set = capas_dataset_augmented(
                plain, .rotation_range = 180, .zoom_range = {0.1, 8}, .elastic_alpha = 5,
                .width_shift_range = 40, .fill_mode = (capas_fill_mode)mode, .cval = 3);
            capas_batch batch;
            assert_non_null(set);
            assert_int_equal(capas_batch_new(&set->spec, 1, &batch), CAPAS_OK);
            for (int epoch = 0; epoch < 20; epoch++) {
                set->type->seek(set, &(capas_dataset_place){.epoch = epoch});
                set->type->next(set, &batch);
                for (int64_t i = 0; i < shapes[s][0] * shapes[s][1] * shapes[s][2]; i++)
                    assert_true(((float *)batch.inputs[0])[i] >= 0 &&
                                ((float *)batch.inputs[0])[i] <= 8);
            }
            capas_batch_free(&batch);
            capas_dataset_free(set);
        }
        capas_dataset_free(plain);
    }
}

#define REFUSES(sentence, ...)                                                                     \
    do {                                                                                           \
        assert_null(capas_dataset_augmented(plain, __VA_ARGS__));                                  \
        assert_string_equal(capas_error(), sentence);                                              \
    } while (0)

static void refuses_what_makes_no_sense(void **state)
{
    (void)state;
    capas_dataset *plain = plain_set();
    REFUSES("augment: rotation_range must be a number from 0 to 360, found -1",
            .rotation_range = -1);
    REFUSES("augment: zoom_range must be a number below 1 or a list of two above 0, found 1",
            .zoom_range = {1, 0});
    REFUSES(
        "augment: zoom_range must be a number from 0 to 1000 or a list of two, found [0.8, 2000]",
        .zoom_range = {2000, 0.8});
    REFUSES("augment: zoom_range must be a number below 1 or a list of two above 0, found a list "
            "that begins with 0",
            .zoom_range = {CAPAS_ZERO, 1});
    REFUSES("augment: width_shift_range must be a number of at least 0, found -0.1",
            .width_shift_range = -0.1);
    REFUSES("augment: shear_range must be a number from 0 to 89.999, found 90", .shear_range = 90);
    REFUSES("augment: elastic_sigma must be a number above 0 and at most 64, found 65",
            .elastic_sigma = 65);
    REFUSES("augment: interpolation_order must be an integer from 0 to 1, found 3",
            .interpolation_order = 3);
    REFUSES("augment: cval must be from 0 to 255 for uint8 pictures, found 256", .cval = 256);
    capas_dataset_free(plain);
    capas_tensor x = {CAPAS_UINT8, {2, {COUNT, SIZE}}, pictures};
    plain = capas_dataset_from_arrays(x, (capas_tensor){0}, 0);
    REFUSES("augment: the first input must be pictures, (height, width) or (height, width, "
            "channels) with sides of at most 4096, found samples of (144,)",
            .rotation_range = 1);
    capas_dataset_free(plain);
    plain = NULL;
    assert_null(capas_dataset_augmented(plain, .rotation_range = 1));
}

static void leaks_nothing_when_memory_runs_out(void **state)
{
    (void)state;
    capas_status status = CAPAS_NO_MEMORY;
    for (long allowed = 0; status != CAPAS_OK; allowed++) {
        scarce_memory_begin(allowed);
        capas_dataset *plain = plain_set_or_null(), *set = NULL, *part = NULL;
        if (plain) set = capas_dataset_augmented(plain, .elastic_alpha = 3);
        if (set) part = capas_dataset_slice(set, 0, 9);
        capas_batch batch = {0};
        status = part ? capas_batch_new(&part->spec, 4, &batch) : CAPAS_NO_MEMORY;
        if (status == CAPAS_OK) status = part->type->seek(part, &(capas_dataset_place){0});
        if (status == CAPAS_OK) status = part->type->next(part, &batch);
        capas_batch_free(&batch);
        capas_dataset_free(part);
        capas_dataset_free(set);
        capas_dataset_free(plain);
        long live = scarce_memory_live();
        scarce_memory_end();
        assert_int_equal(live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_settings_change_nothing),
        cmocka_unit_test(seed_epoch_and_place_decide),
        cmocka_unit_test(fingerprints_tell_settings_apart),
        cmocka_unit_test(splits_keep_validation_as_it_is),
        cmocka_unit_test(fit_validates_on_plain_pictures),
        cmocka_unit_test(draws_fill_their_ranges),
        cmocka_unit_test(maps_are_about_the_middle),
        cmocka_unit_test(elastic_noise_is_smooth),
        cmocka_unit_test(odd_pictures_stay_finite),
        cmocka_unit_test(refuses_what_makes_no_sense),
        cmocka_unit_test(leaks_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
