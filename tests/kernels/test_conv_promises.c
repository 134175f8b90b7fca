/* What the tuned convolutions promise beside their values: an image's and a pixel's place does not
 * matter to the bit, NaN as in the plain twin, parts of the gradient that nobody wants are left
 * out, and unusual problems are left to the plain twin. */
#include "support/cmocka.h"
#include "support/conv_twins.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* All images of a batch alike: so must their outputs and input gradients be, to the bit. */
static void check_places(const char *name, const capas_kernel *kernel,
                         const capas_conv_problem *problem, conv_data *data)
{
    const bool forward = kernel->family == CAPAS_FAMILY_conv_forward;
    (forward ? conv_data_forward : conv_data_backward)(kernel, problem, problem->batch, data);
    if (!forward && !problem->wants_input_gradient) return;
    const char *images = forward ? data->output : data->input_gradient;
    const int64_t size = (forward ? data->output_count : data->input_count) / problem->batch;
    for (int n = 1; n < problem->batch; n++)
        conv_same_bits(name, forward ? "output of an equal image" : "gradient of an equal image",
                       kernel, images + (size_t)(n * size) * sizeof(float), images, size,
                       sizeof(float));
}

static void repeat_first(void *array, int64_t count, int batch, size_t size)
{
    const size_t image = (size_t)(count / batch) * size;
    for (int n = 1; n < batch; n++)
        memcpy((char *)array + (size_t)n * image, array, image);
}

static void an_images_place_does_not_matter(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "conv 33x11x13x1 k3 f20 relu pool2",
        "conv 17x7x9x5 k3 f20 same relu",
        "conv 17x7x9x5 k3 f20 same",
        "conv 5x9x7x8 k3 f20 d2 same relu",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        capas_conv_problem p;
        assert_true(conv_case_parse(cases[i], &p));
        conv_data data = conv_data_make(&p, 3, CONV_SMOOTH, 0.7);
        repeat_first(data.input, data.input_count, p.batch, sizeof(float));
        repeat_first(data.output_gradient, data.output_count, p.batch, sizeof(float));
        conv_twins_each(cases[i], CAPAS_FAMILY_conv_forward, &p, check_places, &data);
        conv_twins_each(cases[i], CAPAS_FAMILY_conv_backward, &p, check_places, &data);
        conv_data_free(&data);
    }
}

/* An image that is the same everywhere: all pixels of the output have the same bits, also behind a
 * pool. */
static void check_even(const char *name, const capas_kernel *kernel,
                       const capas_conv_problem *problem, conv_data *data)
{
    conv_data_forward(kernel, problem, problem->batch, data);
    const float *output = data->output;
    for (int64_t i = problem->filters; i < data->output_count; i++)
        conv_same_bits(name, "a pixel of an even image", kernel, output + i,
                       output + i % problem->filters, 1, sizeof(float));
}

static void a_pixels_place_does_not_matter(void **state)
{
    (void)state;
    static const char *const cases[] = {"conv 1x9x29x1 k3 f19 relu",
                                        "conv 1x9x29x1 k3 f19 relu pool2",
                                        "conv 1x5x31x6 k3 f16 pool2", "conv 2x3x40x2 k1 f33"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        capas_conv_problem p;
        assert_true(conv_case_parse(cases[i], &p));
        conv_data data = conv_data_make(&p, 4, CONV_SMOOTH, 1);
        for (int64_t j = 0; j < data.input_count; j++)
            ((float *)data.input)[j] = 0.3f;
        conv_twins_each(cases[i], CAPAS_FAMILY_conv_forward, &p, check_even, &data);
        conv_data_free(&data);
    }
}

/* A NaN loses to any number in a pool and passes ReLU, as in the plain twin. */
static void check_nan(const char *name, const capas_kernel *kernel,
                      const capas_conv_problem *problem, conv_data *plain)
{
    conv_data run = conv_data_convert(problem, plain, CAPAS_FLOAT32);
    conv_data_forward(kernel, problem, problem->batch, &run);
    for (int64_t i = 0; i < run.output_count; i++) {
        const float value = ((float *)run.output)[i], expected = ((const float *)plain->output)[i];
        if (isnan(value) != isnan(expected))
            fail_msg("%s: %s: output[%lld] is %g, not %g", name, kernel->name, (long long)i,
                     (double)value, (double)expected);
        if (isnan(expected)) assert_int_equal(run.position[i], plain->position[i]);
    }
    conv_data_free(&run);
}

static void a_nan_loses(void **state)
{
    (void)state;
    capas_conv_problem p;
    const char *name = "conv 2x10x10x1 k1 f17 relu pool2";
    assert_true(conv_case_parse(name, &p));
    conv_data data = conv_data_make(&p, 5, CONV_SMOOTH, 1);
    for (int64_t i = 0; i < data.input_count; i++)
        if (i % 7 < 4) ((float *)data.input)[i] = NAN;
    conv_data_forward(conv_plain(CAPAS_FAMILY_conv_forward, CAPAS_FLOAT32), &p, p.batch, &data);
    conv_twins_each(name, CAPAS_FAMILY_conv_forward, &p, check_nan, &data);
    conv_data_free(&data);
}

static void check_frozen(const char *name, const capas_kernel *kernel,
                         const capas_conv_problem *problem, conv_data *data)
{
    conv_data run = conv_data_convert(problem, data, CAPAS_FLOAT32);
    conv_data bias_only = conv_data_convert(problem, data, CAPAS_FLOAT32);
    memcpy(run.output, data->output, (size_t)data->output_count * sizeof(float));
    memcpy(bias_only.output, data->output, (size_t)data->output_count * sizeof(float));
    conv_data_backward(kernel, problem, problem->batch, &run);
    free(bias_only.weight_gradient);
    bias_only.weight_gradient = NULL;
    conv_data_backward(kernel, problem, problem->batch, &bias_only);
    conv_same_bits(name, "bias gradient alone", kernel, bias_only.bias_gradient, run.bias_gradient,
                   problem->filters, sizeof(float));
    conv_same_bits(name, "input gradient alone", kernel, bias_only.input_gradient,
                   run.input_gradient, run.input_count, sizeof(float));
    conv_data_free(&run);
    conv_data_free(&bias_only);
}

static void weights_may_be_frozen(void **state)
{
    (void)state;
    capas_conv_problem p;
    const char *name = "conv 3x8x8x4 k3 f9 relu";
    assert_true(conv_case_parse(name, &p));
    conv_data data = conv_data_make(&p, 6, CONV_SMOOTH, 0.5);
    conv_data_forward(conv_plain(CAPAS_FAMILY_conv_forward, CAPAS_FLOAT32), &p, p.batch, &data);
    conv_twins_each(name, CAPAS_FAMILY_conv_backward, &p, check_frozen, &data);
    conv_data_free(&data);
}

/* What the tuned kernels do not know is the plain twin's. */
static void leaves_the_unusual_to_the_plain_twin(void **state)
{
    (void)state;
    static const char *const cases[] = {"conv 1x9x9x4 k3 f8 d2 s2", "conv 1x9x9x4 k3 f8 g2 d2 s2"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        capas_conv_problem p;
        assert_true(conv_case_parse(cases[i], &p));
        const capas_kernel *forward =
            capas_choose_kernel(CAPAS_FAMILY_conv_forward, CAPAS_FLOAT32, &p);
        const capas_kernel *backward =
            capas_choose_kernel(CAPAS_FAMILY_conv_backward, CAPAS_FLOAT32, &p);
        assert_int_equal(forward->level, CAPAS_CPU_PLAIN);
        assert_int_equal(backward->level, CAPAS_CPU_PLAIN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_images_place_does_not_matter),
        cmocka_unit_test(a_pixels_place_does_not_matter),
        cmocka_unit_test(a_nan_loses),
        cmocka_unit_test(weights_may_be_frozen),
        cmocka_unit_test(leaves_the_unusual_to_the_plain_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
