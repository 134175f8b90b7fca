/* Networks with weights that were trained on ImageNet, converted to Keras's order and brought into
 * the networks by name: they give what the frameworks they come from gave, and `capas predict`
 * names what photographs show. Weights, pairs of inputs and outputs, and photographs are no part of
 * the project: the environment's CAPAS_DATA is a folder with squeezenet1.1/ (ONNX's model zoo),
 * mobilenetv2/ (TensorFlow's, batch normalisation folded) and photos/; skipped where it is not. */
#include "base/memory.h"
#include "files/keras.h"
#include "support/cmocka.h"
#include "support/npy.h"
#include "support/program.h"

#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if CAPAS_WITH_KERAS_FILES
enum { SIDE = 224, PIXELS = SIDE * SIDE, PAIRS = 3, PATH = 512, CLASSES = 1001, SKIPPED = 77 };

static const char *data_path(const char *format, const char *name, int number)
{
    static char path[PATH], inside[PATH / 2];
    snprintf(inside, sizeof inside, format, name, number);
    snprintf(path, sizeof path, "%s/%s", getenv("CAPAS_DATA"), inside);
    return path;
}

static npy read_npy(const char *path)
{
    npy array;
    if (!npy_read(path, &array)) fail_msg("%s", array.error);
    return array;
}

/* [outer, middle, inner] into [inner or middle first, ..., outer last]: what OIHW (middle inputs,
 * inner places) and OHWI (middle places, inner inputs) need to become HWIO. */
static void to_hwio(const float *from, int64_t outputs, int64_t places, int64_t inputs,
                    bool inputs_first, float *to)
{
    for (int64_t o = 0; o < outputs; o++)
        for (int64_t p = 0; p < places; p++)
            for (int64_t i = 0; i < inputs; i++)
                to[(p * inputs + i) * outputs + o] =
                    from[o * places * inputs + (inputs_first ? i * places + p : p * inputs + i)];
}

static void set_weight(capas_model *model, int weight, const float *values)
{
    if (capas_model_set_weight(model, weight, values) != CAPAS_OK) fail_msg("%s", capas_error());
}

/* SqueezeNet. */

/* The number of a layer's convolution in ONNX's file: 0, then three for each of fire2 to 9, 25. */
static int squeezenet_number(const char *layer)
{
    int fire = 0;
    if (sscanf(layer, "fire%d_", &fire) != 1) return strcmp(layer, "conv1") == 0 ? 0 : 25;
    return 3 * (fire - 2) + (strstr(layer, "squeeze") ? 1 : strstr(layer, "1x1") ? 2 : 3);
}

static capas_model *squeezenet(capas_activation last)
{
    capas_model *model = capas_squeezenet(.classifier_activation = last);
    if (!model) fail_msg("%s", capas_error());
    for (int w = 0; w < capas_model_weight_count(model); w++) {
        capas_weight_info info;
        assert_int_equal(capas_model_weight_info(model, w, &info), CAPAS_OK);
        bool kernel = strcmp(info.name, "kernel") == 0;
        npy array = read_npy(data_path(kernel ? "%s/weights/squeezenet0_conv%d_weight.npy"
                                              : "%s/weights/squeezenet0_conv%d_bias.npy",
                                       "squeezenet1.1", squeezenet_number(info.layer)));
        const int64_t *dims = info.shape.dims;
        float *values = malloc(array.count * sizeof *values);
        if (kernel)
            assert_true(array.count == (size_t)(dims[0] * dims[1] * dims[2] * dims[3]));
        else
            assert_true(array.count == (size_t)dims[0]);
        if (kernel)
            to_hwio(array.data, dims[3], dims[0] * dims[1], dims[2], true, values);
        else
            memcpy(values, array.data, array.count * sizeof *values);
        set_weight(model, w, values);
        free(values);
        npy_free(&array);
    }
    return model;
}

/* MobileNetV2. */

static capas_array_file *open_npz(void)
{
    const char *path = data_path("%s/mobilenetv2_1.0_224.npz", "mobilenetv2", 0);
    capas_archive *archive = capas_archive_open(path);
    capas_array_file *file = archive ? capas_npz_open(archive, path) : NULL;
    if (!file) fail_msg("%s", capas_error());
    return file;
}

/* Array `*next` of the file, and the number after it. */
static float *next_array(capas_array_file *file, size_t *next, capas_shape *shape)
{
    float *values;
    if (capas_array_file_read(file, (*next)++, 16 << 20, shape, &values) != CAPAS_OK)
        fail_msg("%s", capas_error());
    return values;
}

/* The normalisation is in the weights already: what is left of it adds the bias alone. */
static void set_normalisation(capas_model *model, int first, const float *bias, int64_t count)
{
    float *values = calloc((size_t)count, sizeof *values);
    for (int64_t i = 0; i < count; i++)
        values[i] = (float)sqrt(1 + 1e-3);
    set_weight(model, first, values);
    set_weight(model, first + 1, bias);
    for (int64_t i = 0; i < count; i++)
        values[i] = 1;
    set_weight(model, first + 3, values);
    free(values);
}

static capas_model *mobilenet(void)
{
    static float hwio[1280 * CLASSES];
    size_t next = 0;
    const char *names[CLASSES] = {"background"};
    capas_array_file *file = open_npz();
    capas_model *model = capas_mobilenet_v2(.classes = CLASSES);
    for (int w = 0; w < capas_model_weight_count(model);) {
        capas_weight_info info;
        capas_shape shape;
        float *kernel = next_array(file, &next, &shape);
        assert_int_equal(capas_model_weight_info(model, w, &info), CAPAS_OK);
        const int64_t *dims = shape.dims;
        /* 1HWC of a depthwise convolution is HWC1 as it is. */
        if (!strstr(info.layer, "depthwise"))
            to_hwio(kernel, dims[0], dims[1] * dims[2], dims[3], false, hwio);
        set_weight(model, w++, strstr(info.layer, "depthwise") ? kernel : hwio);
        float *bias = next_array(file, &next, &shape);
        if (strcmp(info.layer, "predictions") == 0)
            set_weight(model, w++, bias);
        else
            set_normalisation(model, w, bias, shape.dims[0]), w += 4;
        capas_release(kernel);
        capas_release(bias);
    }
    assert_int_equal(next, file->count);
    capas_array_file_close(file);
    for (int c = 0; c + 1 < CLASSES; c++)
        names[c + 1] = capas_imagenet_name(c);
    assert_int_equal(capas_model_set_class_names(model, names, CLASSES), CAPAS_OK);
    return model;
}

/* What both must give. */

static void meets_pairs(capas_model *model, const char *name, bool channels_first, double tolerance)
{
    for (int pair = 0; pair < PAIRS; pair++) {
        static float picture[PIXELS * 3];
        float found[CLASSES];
        npy input = read_npy(data_path("%s/test_data_set/%d/input_0.npy", name, pair));
        npy output = read_npy(data_path("%s/test_data_set/%d/output_0.npy", name, pair));
        const float *from = input.data, *wanted = output.data;
        assert_true(input.count == PIXELS * 3 && output.count <= CLASSES);
        for (int i = 0; i < PIXELS * 3; i++)
            picture[i] = from[channels_first ? i % 3 * PIXELS + i / 3 : i];
        assert_int_equal(capas_predict(model, picture, 1, found), CAPAS_OK);
        double largest = 0, difference = 0;
        for (size_t c = 0; c < output.count; c++)
            if (fabs(wanted[c]) > largest) largest = fabs(wanted[c]);
        for (size_t c = 0; c < output.count; c++) {
            const double off = fabs(wanted[c] - found[c]);
            if (off > difference || isnan(off)) difference = off; /* a NaN stays */
        }
        print_message("%s, pair %d: largest difference %.3g of %.6g\n", name, pair, difference,
                      largest);
        assert_true(difference <= tolerance * largest);
        npy_free(&input);
        npy_free(&output);
    }
}

typedef struct photo {
    const char *file, *classes[4]; /* those that are right */
} photo;

/* One of the right ones is among the first two. */
static void name_photo(const char *network, const photo *photo)
{
    program_run run =
        run_program("predict %s %s/photos/%s --top 2", network, getenv("CAPAS_DATA"), photo->file);
    bool right = false;
    if (run.status != 0) fail_msg("%s: %s", photo->file, run.errors);
    for (int i = 0; photo->classes[i]; i++)
        right = right || strstr(run.output, photo->classes[i]);
    print_message("%s", run.output);
    if (!right) fail_msg("%s: %s is not seen", photo->file, photo->classes[0]);
    program_run_free(&run);
}

static void names_photos(const char *network)
{
    static const photo photos[] = {
        {"cat_720p.jpg", {" tabby ", " tiger_cat ", " Egyptian_cat "}},
        {"hot_dog.jpg", {" hotdog "}},
        {"owl.jpg", {" great_grey_owl "}},
        {"parrot.jpg", {" macaw "}},
    };
    for (size_t i = 0; i < sizeof photos / sizeof photos[0]; i++)
        name_photo(network, &photos[i]);
}

static void squeezenet_sees(void **state)
{
    (void)state;
    capas_model *model = squeezenet(CAPAS_LINEAR);
    meets_pairs(model, "squeezenet1.1", true, 1e-5);
    assert_int_equal(capas_save_weights(model, "squeezenet.weights.h5"), CAPAS_OK);
    capas_model_free(model);
    names_photos("squeezenet --weights squeezenet.weights.h5");
    names_photos("squeezenet --weights squeezenet.weights.h5 --interpolation lanczos3");
}

static void mobilenet_sees(void **state)
{
    (void)state;
    capas_model *model = mobilenet();
    /* Its last layer comes from eight bits. */
    meets_pairs(model, "mobilenetv2", false, 0.02);
    assert_int_equal(capas_save(model, "mobilenet.keras"), CAPAS_OK);
    capas_model_free(model);
    names_photos("mobilenet.keras --fit pad --interpolation lanczos3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(squeezenet_sees),
        cmocka_unit_test(mobilenet_sees),
    };
    if (!getenv("CAPAS_DATA") || access(data_path("%s/weights", "squeezenet1.1", 0), R_OK) != 0) {
        puts("skipped: CAPAS_DATA has no weights to try");
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
    return 77;
}
#endif
