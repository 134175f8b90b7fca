/* What a classifier answers: classes, confusion and mistakes of a model whose answers are known,
 * and samples as pictures. */
#include "support/cmocka.h"
#include "support/program.h"
#include "support/scarce_memory.h"

#include "base/option.h"
#include <capas/capas.h>
#include <math.h>
#include <string.h>

enum { CLASSES = 3, SAMPLES = 300 };

static float inputs[SAMPLES][CLASSES];
static uint8_t labels[SAMPLES];

/* Softmax of its inputs. */
static capas_model *make_model(int classes)
{
    return capas_sequential(capas_input(classes), capas_activation_layer(CAPAS_SOFTMAX));
}

static capas_dataset *make_set(void)
{
    const capas_tensor x = {.shape = capas_shape_of(2, SAMPLES, CLASSES), .data = inputs},
                       y = {CAPAS_UINT8, capas_shape_of(1, SAMPLES), labels};
    return capas_dataset_from_arrays(x, y, 0);
}

/* Sample i is class i % 3; every seventh is taken for the next class, the surer the later. */
static void make_samples(void)
{
    for (int i = 0; i < SAMPLES; i++) {
        bool wrong = i % 7 == 0;
        labels[i] = (uint8_t)(i % CLASSES);
        for (int c = 0; c < CLASSES; c++)
            inputs[i][c] = 0;
        inputs[i][(i + wrong) % CLASSES] = wrong ? 1 + 0.01f * (float)i : 3;
    }
}

static void answers_are_counted(void **state)
{
    (void)state;
    capas_classification answers;
    int64_t counts[CLASSES * CLASSES], mistakes[5], all[100];
    make_samples();
    capas_model *model = make_model(CLASSES);
    capas_dataset *set = make_set();
    assert_int_equal(capas_classify(model, set, &answers), CAPAS_OK);
    assert_int_equal(answers.count, SAMPLES);
    assert_int_equal(answers.classes, CLASSES);
    capas_confusion(&answers, counts);
    int right = 0, wrong = 0;
    for (int c = 0; c < CLASSES; c++) {
        right += (int)counts[c * CLASSES + c];
        wrong += (int)counts[c * CLASSES + (c + 1) % CLASSES];
    }
    assert_int_equal(wrong, 43);
    assert_int_equal(right, SAMPLES - 43);
    assert_int_equal(capas_mistakes(&answers, mistakes, 5), 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(mistakes[i], 294 - 7 * i);
    double e = exp((double)inputs[294][1]);
    assert_true(fabs((double)answers.probability[294] - e / (e + 2)) < 1e-6);
    assert_int_equal(capas_mistakes(&answers, all, 100), 43);
    assert_int_equal(capas_mistakes(&answers, all, 0), 0);
    capas_classification_free(&answers);
    capas_classification_free(&answers);
    capas_dataset_free(set);
    capas_model_free(model);
}

/* Equally sure: the first of the set comes first. */
static void equal_mistakes_keep_their_order(void **state)
{
    (void)state;
    int labels_of_four[] = {0, 0, 0, 0}, predicted[] = {1, 1, 0, 1};
    float probability[] = {0.5f, 0.9f, 1, 0.9f};
    const capas_classification answers = {4, 2, labels_of_four, predicted, probability};
    int64_t samples[2];
    assert_int_equal(capas_mistakes(&answers, samples, 2), 2);
    assert_int_equal(samples[0], 1);
    assert_int_equal(samples[1], 3);
}

static void one_hot_labels_and_single_outputs(void **state)
{
    (void)state;
    float x[] = {-1, 2, 3}, one_hot[] = {1, 0, 0, 1, 1, 0};
    capas_classification answers;
    const capas_tensor samples = {.shape = capas_shape_of(2, 3, 1), .data = x},
                       targets = {.shape = capas_shape_of(2, 3, 2), .data = one_hot};
    capas_dataset *set = capas_dataset_from_arrays(samples, targets, 0);
    capas_model *model = capas_sequential(capas_input(1), capas_activation_layer(CAPAS_SIGMOID));
    assert_int_equal(capas_classify(model, set, &answers), CAPAS_OK);
    assert_int_equal(answers.classes, 2);
    static const int predicted[] = {0, 1, 1}, labels_of_three[] = {0, 1, 0};
    assert_memory_equal(answers.predicted, predicted, sizeof predicted);
    assert_memory_equal(answers.labels, labels_of_three, sizeof labels_of_three);
    assert_true(fabs((double)answers.probability[0] - 1 / (1 + exp(-1))) < 1e-6);
    capas_classification_free(&answers);
    capas_dataset_free(set);
    capas_model_free(model);
}

static void assert_fails(capas_model *model, capas_dataset *set, capas_status status,
                         const char *text)
{
    capas_classification answers;
    capas_status found = capas_classify(model, set, &answers);
    if (found != status || !strstr(capas_error(), text))
        fail_msg("%s: %s", capas_status_name(found), capas_error());
    capas_classification_free(&answers);
}

static void what_does_not_fit_is_told(void **state)
{
    (void)state;
    make_samples();
    capas_dataset *set = make_set();
    capas_model *model = make_model(CLASSES);
    labels[250] = CLASSES;
    assert_fails(model, set, CAPAS_BAD_DATA, "a label is 3");
    assert_fails(model, NULL, CAPAS_BAD_DATA, "a label is 3"); /* the failure before stays */
    const capas_tensor x = {.shape = capas_shape_of(2, SAMPLES, CLASSES), .data = inputs},
                       y = {CAPAS_UINT8, capas_shape_of(2, 60, 5), labels}, none = {0};
    capas_tensor short_x = x;
    short_x.shape.dims[0] = 60;
    capas_dataset *wide = capas_dataset_from_arrays(short_x, y, 0);
    assert_fails(model, wide, CAPAS_SHAPE_MISMATCH, "target is (5,)");
    capas_dataset *unlabelled = capas_dataset_from_arrays(x, none, 0);
    assert_fails(model, unlabelled, CAPAS_SHAPE_MISMATCH, "one target");
    capas_model *picture = capas_sequential(capas_input(4, 4, 1), capas_conv2d(2, 2));
    assert_fails(picture, set, CAPAS_SHAPE_MISMATCH, "(None, 3, 3, 2)");
    capas_picture sample;
    assert_int_equal(capas_dataset_picture(set, 0, 0, &sample, NULL), CAPAS_SHAPE_MISMATCH);
    capas_dataset_free(set);
    capas_dataset_free(wide);
    capas_dataset_free(unlabelled);
    capas_model_free(model);
    capas_model_free(picture);
}

static void samples_are_pictures(void **state)
{
    (void)state;
    static const uint8_t bytes[2][2][2] = {{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}};
    static const float floats[2][2][2][1] = {{{{0}, {0}}, {{0}, {0}}}, {{{-1}, {0}}, {{1}, {NAN}}}};
    static const uint8_t classes[] = {4, 9};
    const capas_tensor y = {CAPAS_UINT8, capas_shape_of(1, 2), (void *)classes};
    const capas_tensor all[] = {
        {CAPAS_UINT8, capas_shape_of(3, 2, 2, 2), (void *)bytes},
        {CAPAS_FLOAT32, capas_shape_of(4, 2, 2, 2, 1), (void *)floats},
    };
    static const uint8_t expected[2][2][4] = {{{1, 2, 3, 4}, {5, 6, 7, 8}},
                                              {{0, 0, 0, 0}, {0, 128, 255, 0}}};
    for (int k = 0; k < 2; k++) {
        capas_dataset *set = capas_dataset_from_arrays(all[k], y, 0);
        for (int i = 0; i < 2; i++) {
            capas_picture picture;
            int label;
            assert_int_equal(capas_dataset_picture(set, 0, i, &picture, &label), CAPAS_OK);
            assert_int_equal(label, classes[i]);
            assert_int_equal(picture.height * 100 + picture.width * 10 + picture.channels, 221);
            assert_memory_equal(picture.pixels, expected[k][i], 4);
            capas_free(picture.pixels);
        }
        capas_picture none;
        assert_int_equal(capas_dataset_picture(set, 0, 2, &none, NULL), CAPAS_INVALID_ARGUMENT);
        assert_int_equal(capas_dataset_picture(set, 0, -1, &none, NULL), CAPAS_INVALID_ARGUMENT);
        capas_dataset_free(set);
    }
}

/* Everything that plots begin with, in which each allocation fails in turn. */
static capas_status read_all(capas_model *model, capas_dataset *set, capas_dataset *pictures)
{
    capas_classification answers;
    capas_picture picture = {0};
    capas_status status = capas_classify(model, set, &answers);
    capas_classification_free(&answers);
    if (status == CAPAS_OK) status = capas_dataset_picture(pictures, 0, 1, &picture, NULL);
    capas_free(picture.pixels);
    if (status != CAPAS_OK) return status;
    capas_history *history = capas_history_load("scarce.csv");
    capas_model *part = history ? capas_model_until(model, "first") : NULL;
    status = part ? CAPAS_OK : capas_error_status();
    capas_history_free(history);
    capas_model_free(part);
    return status;
}

static void every_allocation_fails(void **state)
{
    (void)state;
    static const uint8_t bytes[2][2][2] = {{{1}}};
    const capas_tensor x = {CAPAS_UINT8, capas_shape_of(3, 2, 2, 2), (void *)bytes}, none = {0};
    make_samples();
    put_file("scarce.csv", "epoch,loss,val_loss\n0,1,2\n1,NA,4\n");
    capas_dataset *set = make_set(), *pictures = capas_dataset_from_arrays(x, none, 0);
    capas_model *model =
        capas_sequential(capas_input(CLASSES), capas_dense(CLASSES, .name = "first"),
                         capas_activation_layer(CAPAS_SOFTMAX));
    assert_int_equal(capas_set_threads(1), CAPAS_OK);
    assert_int_equal(read_all(model, set, pictures), CAPAS_OK); /* plans are made once */
    for (long allowed = 0;; allowed++) {
        scarce_memory_begin(allowed);
        capas_status status = read_all(model, set, pictures);
        long live = scarce_memory_live(), asked = scarce_memory_asked();
        scarce_memory_end();
        if (live != 0) fail_msg("allocation %ld: %ld blocks were lost", allowed, live);
        if (asked <= allowed) break;
        if (status != CAPAS_NO_MEMORY) fail_msg("allocation %ld: %s", allowed, capas_error());
    }
    capas_dataset_free(set);
    capas_dataset_free(pictures);
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_counted),
        cmocka_unit_test(equal_mistakes_keep_their_order),
        cmocka_unit_test(one_hot_labels_and_single_outputs),
        cmocka_unit_test(what_does_not_fit_is_told),
        cmocka_unit_test(samples_are_pictures),
        cmocka_unit_test(every_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
