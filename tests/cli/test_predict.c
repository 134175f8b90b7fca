/* capas predict with names of classes, WordNet's numbers and preprocessing: of a plain Keras file
 * by options, and of networks by name. */
#include "base/file.h"
#include "report/figure.h"
#include "support/cmocka.h"
#include "support/program.h"

#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGIT CAPAS_SOURCE_DIR "/data/digits/digit-7.png"

#if CAPAS_WITH_KERAS_FILES && CAPAS_WITH_PNG
enum { CLASSES = 1001, VIZSLA = 211, LABRADOR = 208 };

/* The mean of the first channel decides between two classes: its softmax is `factor` mean + 1. */
static void write_model(const char *path, int classes, int first, float factor)
{
    static float kernel[3 * CLASSES], bias[CLASSES];
    capas_model *model =
        capas_sequential(capas_input(28, 28, 3), capas_global_average_pooling2d(),
                         capas_dense(classes, .activation = CAPAS_SOFTMAX, .name = "classes"));
    memset(kernel, 0, sizeof kernel);
    for (int c = 0; c < classes; c++)
        bias[c] = -200;
    kernel[first + VIZSLA] = factor;
    bias[first + VIZSLA] = 1;
    bias[first + LABRADOR] = 0;
    capas_model_set_weight(model, 0, kernel);
    capas_model_set_weight(model, 1, bias);
    if (capas_save(model, path) != CAPAS_OK) fail_msg("%s", capas_error());
    capas_model_free(model);
}

static double mean_level(void)
{
    capas_picture picture;
    double sum = 0;
    assert_int_equal(capas_load_picture(DIGIT, 1, &picture), CAPAS_OK);
    for (int i = 0; i < 28 * 28; i++)
        sum += picture.pixels[i];
    capas_free(picture.pixels);
    return sum / (28 * 28);
}

/* What is printed has the lines' parts in this order. */
static void prints(const char *arguments, const char *const *parts)
{
    program_run run = run_program("predict %s", arguments);
    if (run.status != 0) fail_msg("%s: status %d: %s", arguments, run.status, run.errors);
    const char *at = run.output;
    for (; *parts; parts++) {
        at = strstr(at, *parts);
        if (!at) fail_msg("%s: \"%s\" is not in its place in: %s", arguments, *parts, run.output);
        at += strlen(*parts);
    }
    program_run_free(&run);
}

static void names_classes(void **state)
{
    (void)state;
    write_model("plain.h5", 1000, 0, 0);
    prints("plain.h5 " DIGIT " --top 2",
           (const char *[]){"digit-7.png  211 ", "73.11 %", "208 ", "26.89 %", NULL});
    prints("plain.h5 " DIGIT " --classes imagenet",
           (const char *[]){"n02100583  vizsla ", "73.11 %", "n02099712  Labrador_retriever ",
                            "26.89 %", NULL});
    prints("plain.h5 " DIGIT " --classes imagenet --json",
           (const char *[]){"\"class\": 211, \"id\": \"n02100583\", \"name\": \"vizsla\"", NULL});
    write_model("background.h5", 1001, 1, 0);
    prints("background.h5 " DIGIT " --classes imagenet",
           (const char *[]){"n02100583  vizsla ", NULL});
    FILE *file = fopen("names.txt", "w");
    for (int c = 0; c < 1000; c++)
        fprintf(file, c == VIZSLA ? "Hungarian pointer, vizsla\r\n" : "number %d\n", c);
    fclose(file);
    prints("plain.h5 " DIGIT " --classes names.txt",
           (const char *[]){"digit-7.png  Hungarian pointer, vizsla ", "number 208 ", NULL});
}

static void scales_as_it_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *mode;
        double scale, offset;
    } modes[] = {{"none", 1, 0},
                 {"caffe", 1, -103.939},
                 {"tf", 1 / 127.5, -1},
                 {"torch", 1 / 255.0 / 0.229, -0.485 / 0.229}};
    write_model("mean.h5", 1000, 0, 0.01f);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        char arguments[512], share[32];
        double logit = 0.01 * (mean_level() * modes[i].scale + modes[i].offset) + 1;
        snprintf(share, sizeof share, " %.2f %%", 100 / (1 + exp(-logit)));
        snprintf(arguments, sizeof arguments, "mean.h5 %s --preprocess %s", DIGIT, modes[i].mode);
        prints(arguments, (const char *[]){"211 ", share, NULL});
    }
}

/* A white picture twice as wide as high: half of it is rim, or all of it white. */
static void fits_as_it_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *fit;
        double mean;
    } fits[] = {{"", 255}, {" --fit stretch", 255}, {" --fit crop", 255}, {" --fit pad", 127.5}};
    uint8_t *white = malloc(80 * 40);
    capas_picture picture = {40, 80, 1, memset(white, 255, 80 * 40)};
    char *png;
    size_t size;
    assert_int_equal(capas_picture_png(&picture, 1, &png, &size), CAPAS_OK);
    assert_int_equal(capas_write_file("white.png", png, size), CAPAS_OK);
    capas_free(png);
    free(white);
    write_model("mean.h5", 1000, 0, 0.01f);
    for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++) {
        char arguments[128], share[32];
        snprintf(share, sizeof share, " %.2f %%", 100 / (1 + exp(-0.01 * fits[i].mean - 1)));
        snprintf(arguments, sizeof arguments, "mean.h5 white.png%s", fits[i].fit);
        prints(arguments, (const char *[]){"211 ", share, NULL});
    }
}

static void knows_networks_by_name(void **state)
{
    (void)state;
    capas_model *model = capas_squeezenet();
    capas_model_set_seed(model, 3);
    assert_int_equal(capas_save_weights(model, "drawn.weights.h5"), CAPAS_OK);
    capas_model_free(model);
    prints("SqueezeNet " DIGIT " --weights drawn.weights.h5", (const char *[]){"  n0", NULL});
}

static void fails(const char *arguments, const char *a, const char *b)
{
    program_run run = run_program("predict %s", arguments);
    const char *const texts[] = {a, b};
    assert_true(program_fails(&run, 1, texts, 2));
    program_run_free(&run);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    write_model("plain.h5", 1000, 0, 0);
    write_model("few.h5", 999, 0, 0);
    FILE *file = fopen("short.txt", "w");
    fputs("one\ntwo", file);
    fclose(file);
    fails("resnet50 " DIGIT, "network without weights", "--weights FILE");
    fails("plain.h5 " DIGIT " --classes short.txt", "1000 classes", "found 2 lines");
    fails("plain.h5 " DIGIT " --classes none.txt", "none.txt", "No such file");
    fails("few.h5 " DIGIT " --classes imagenet", "1000 classes, or 1001", "has 999");
    fails("plain.h5 " DIGIT " --fit squeeze", "--fit must be one of stretch, pad, crop", "squeeze");
    fails("plain.h5 " DIGIT " --interpolation 2", "nearest, bilinear, bicubic", "\"2\"");
    fails("plain.h5 " DIGIT " --preprocess coffee", "\"coffee\"", "caffe, tf, torch");
    fails("squeezenet " DIGIT " --weights plain.h5", "plain.h5", "layer conv1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_classes),      cmocka_unit_test(scales_as_it_is_told),
        cmocka_unit_test(fits_as_it_is_told), cmocka_unit_test(knows_networks_by_name),
        cmocka_unit_test(says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
    return 0;
}
#endif
