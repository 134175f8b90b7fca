/* Each tuned convolution against its plain twin, in double, over many odd sizes: values, positions
 * of maxima, gradients; the same bits for any number of threads, for any place of an image in the
 * batch, and for any place of a pixel in a row. Prints how many cases each kernel ran. Arrays are
 * pieces of memory of their own, so that a sanitizer sees a step outside. */
#include "support/cmocka.h"
#include "support/conv_case.h"
#include <capas/runtime.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MOST_KERNELS = 64, RANDOM_CASES = 150 };

/* The shapes that matter, whatever chance brings. */
static const char *const known_cases[] = {
    "conv 5x28x28x1 k3 f32 relu pool2 nodx",
    "conv 2x28x28x1 k5 f32 same relu pool2 nodx",
    "conv 3x14x14x32 k5 f17 same relu pool2",
    "conv 2x12x13x32 k3 f64 relu pool2",
    "conv 2x28x28x1 k3 f32 relu nodx",
    "conv 2x9x11x16 k2 f32 same relu pool2",
    "conv 3x6x7x32 k1 f64 same relu pool2",
    "conv 2x9x9x5 k3 f40 same",
    "conv 17x5x5x16 k3 f16 s2 same",
    "conv 2x17x19x3 k7 f40 s2 same relu pool3s2",
    "conv 33x4x5x2 k2 f5 relu pool2s3x2",
    "conv 1x10x10x8 k3 f16 relu pool2s1",
    "conv 1x9x31x2 k3 f3 same pool1x3s2x1",
    "conv 1x30x5x32 k3 f33 s3 relu",
    "conv 2x8x8x17 k5x1 f17 relu nobias",
    "conv 2x8x8x4 k1x5 f33 same nobias inference pool2",
    "conv 1x20x20x33 k3 f16 relu pool2 inference",
    "conv 5x7x7x1 k7 f1 same relu pool7",
    "conv 1x3x3x1 k3 f1",
    "conv 2x12x12x3 k3 f9 s2x1 same relu pool2 nodx",
    "conv 2x10x9x130 k3 f8 relu",
};

typedef struct tally {
    const capas_kernel *kernel;
    int cases;
} tally;

static tally tallies[MOST_KERNELS];
static int tally_count;

static void count_case(const capas_kernel *kernel)
{
    int i = 0;
    while (i < tally_count && tallies[i].kernel != kernel)
        i++;
    if (i == tally_count) tallies[tally_count++].kernel = kernel;
    tallies[i].cases++;
}

/* Calls a check for each tuned kernel of the family that this processor runs and that accepts. */
typedef void kernel_check(const capas_kernel *kernel, const capas_conv_problem *problem,
                          const void *context);

static void for_each_kernel(capas_kernel_family family, const capas_conv_problem *problem,
                            kernel_check *check, const void *context)
{
    size_t count;
    const capas_kernel *const *kernels = capas_kernels_of(family, &count);
    for (size_t i = 0; i < count; i++) {
        const capas_kernel *kernel = kernels[i];
        if (kernel->level == CAPAS_CPU_PLAIN || !capas_cpu_has(kernel->level)) continue;
        if (kernel->accepts && !kernel->accepts(problem)) continue;
        check(kernel, problem, context);
        count_case(kernel);
    }
}

static const capas_kernel *plain_twin(capas_kernel_family family, capas_element element)
{
    size_t count;
    const capas_kernel *const *kernels = capas_kernels_of(family, &count);
    for (size_t i = 0; i < count; i++)
        if (kernels[i]->level == CAPAS_CPU_PLAIN && kernels[i]->element == element)
            return kernels[i];
    fail_msg("no plain twin of %s", capas_kernel_family_name(family));
    return NULL;
}

static const char *current_case;

/* Every value within a small part of the largest. Whole numbers must be equal. */
static void values_agree(const char *what, const capas_kernel *kernel, const float *value,
                         const double *truth, int64_t count, double tolerance)
{
    double largest = 0;
    for (int64_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(truth[i]));
    for (int64_t i = 0; i < count; i++)
        if (!(fabs((double)value[i] - truth[i]) <= tolerance * largest))
            fail_msg("%s: %s: %s[%lld] is %.9g, not %.9g (largest %.3g)", current_case,
                     kernel->name, what, (long long)i, (double)value[i], truth[i], largest);
}

static void bits_agree(const char *what, const capas_kernel *kernel, const void *a, const void *b,
                       int64_t count, size_t size)
{
    if (memcmp(a, b, (size_t)count * size) != 0)
        fail_msg("%s: %s: %s has other bits", current_case, kernel->name, what);
}

/* What a case is held against: the truth in double, also of the map before the pool. */
typedef struct truth {
    int n;
    double tolerance;
    const conv_data *data;     /* float: what goes in */
    const conv_data *exact;    /* double: what must come out */
    const conv_data *unpooled; /* double: the map, linear */
} truth;

/* The map's value at a position of an output's window. */
static double map_value(const capas_conv_problem *p, const truth *t, int64_t i, int position)
{
    const int k = (int)(i % p->filters);
    const int64_t cell = i / p->filters;
    const int column = (int)(cell % p->pool.out_width);
    const int row = (int)(cell / p->pool.out_width % p->pool.out_height);
    const int64_t n = cell / p->pool.out_width / p->pool.out_height;
    const int y = row * p->pool.stride_height + position / p->pool.width;
    const int x = column * p->pool.stride_width + position % p->pool.width;
    return ((const double *)
                t->unpooled->output)[((n * p->out_height + y) * p->out_width + x) * p->filters + k];
}

/* The same position, or one where the map is as good as equal. */
static void positions_agree(const capas_kernel *kernel, const capas_conv_problem *p, const truth *t,
                            const uint8_t *position, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const int expected = t->exact->position[i];
        if (position[i] == expected) continue;
        if (position[i] >= p->pool.height * p->pool.width)
            fail_msg("%s: %s: position[%lld] is %d", current_case, kernel->name, (long long)i,
                     position[i]);
        const double a = map_value(p, t, i, position[i]), b = map_value(p, t, i, expected);
        if (!(fabs(a - b) <= t->tolerance * (1 + fabs(b))))
            fail_msg("%s: %s: position[%lld] is %d (%.9g), not %d (%.9g)", current_case,
                     kernel->name, (long long)i, position[i], a, expected, b);
    }
}

static conv_data with_inputs_of(const capas_conv_problem *p, const conv_data *data)
{
    return conv_data_convert(p, data, CAPAS_FLOAT32);
}

static void check_forward(const capas_kernel *kernel, const capas_conv_problem *problem,
                          const void *context)
{
    static const int threads[] = {1, 2, 3, 8};
    const truth *t = context;
    const int64_t count = t->data->output_count / problem->batch * t->n;
    conv_data first = {0};
    for (size_t i = 0; i < COUNT(threads); i++) {
        conv_data run = with_inputs_of(problem, t->data);
        capas_set_threads(threads[i]);
        conv_data_forward(kernel, problem, t->n, &run);
        if (i == 0) {
            values_agree("output", kernel, run.output, t->exact->output, count, t->tolerance);
            if (problem->pool.height > 0 && problem->for_training)
                positions_agree(kernel, problem, t, run.position, count);
            first = run;
            continue;
        }
        bits_agree("output", kernel, run.output, first.output, count, sizeof(float));
        if (problem->pool.height > 0 && problem->for_training)
            bits_agree("position", kernel, run.position, first.position, count, 1);
        conv_data_free(&run);
    }
    conv_data_free(&first);
}

/* A copy with the truth's output and positions. */
static conv_data with_outputs_of(const capas_conv_problem *p, const truth *t)
{
    conv_data run = with_inputs_of(p, t->data);
    const int64_t count = t->data->output_count / p->batch * t->n;
    for (int64_t i = 0; i < count; i++)
        ((float *)run.output)[i] = (float)((const double *)t->exact->output)[i];
    if (p->pool.height > 0) memcpy(run.position, t->exact->position, (size_t)count);
    return run;
}

static void check_backward(const capas_kernel *kernel, const capas_conv_problem *problem,
                           const void *context)
{
    static const int threads[] = {1, 2, 3, 8};
    const truth *t = context;
    const int64_t inputs = t->data->input_count / problem->batch * t->n;
    conv_data first = {0};
    for (size_t i = 0; i < COUNT(threads); i++) {
        conv_data run = with_outputs_of(problem, t);
        capas_set_threads(threads[i]);
        conv_data_backward(kernel, problem, t->n, &run);
        if (i == 0) {
            const conv_data *exact = t->exact;
            values_agree("weight gradient", kernel, run.weight_gradient, exact->weight_gradient,
                         run.weight_count, t->tolerance);
            if (problem->has_bias)
                values_agree("bias gradient", kernel, run.bias_gradient, exact->bias_gradient,
                             problem->filters, t->tolerance);
            if (problem->wants_input_gradient)
                values_agree("input gradient", kernel, run.input_gradient, exact->input_gradient,
                             inputs, t->tolerance);
            first = run;
            continue;
        }
        bits_agree("weight gradient", kernel, run.weight_gradient, first.weight_gradient,
                   run.weight_count, sizeof(float));
        if (problem->has_bias)
            bits_agree("bias gradient", kernel, run.bias_gradient, first.bias_gradient,
                       problem->filters, sizeof(float));
        if (problem->wants_input_gradient)
            bits_agree("input gradient", kernel, run.input_gradient, first.input_gradient, inputs,
                       sizeof(float));
        conv_data_free(&run);
    }
    conv_data_free(&first);
}

/* The map before the pool, linear, in double. */
static conv_data compute_unpooled(const capas_conv_problem *problem, int n, const conv_data *data)
{
    capas_conv_problem whole = *problem;
    whole.pool = (capas_conv_pool){0};
    whole.activation = CAPAS_LINEAR;
    conv_data map = conv_data_convert(&whole, data, CAPAS_FLOAT64);
    conv_data_forward(plain_twin(CAPAS_FAMILY_conv_forward, CAPAS_FLOAT64), &whole, n, &map);
    return map;
}

static void check_case(const capas_conv_problem *problem, int n, uint64_t seed, conv_values values,
                       double live)
{
    conv_data data = conv_data_make(problem, seed, values, live);
    conv_data exact = conv_data_convert(problem, &data, CAPAS_FLOAT64);
    conv_data unpooled = compute_unpooled(problem, n, &data);
    truth t = {n, values == CONV_WHOLE ? 0 : 1e-5, &data, &exact, &unpooled};
    conv_data_forward(plain_twin(CAPAS_FAMILY_conv_forward, CAPAS_FLOAT64), problem, n, &exact);
    for_each_kernel(CAPAS_FAMILY_conv_forward, problem, check_forward, &t);
    if (problem->for_training) {
        conv_data_backward(plain_twin(CAPAS_FAMILY_conv_backward, CAPAS_FLOAT64), problem, n,
                           &exact);
        for_each_kernel(CAPAS_FAMILY_conv_backward, problem, check_backward, &t);
    }
    conv_data_free(&unpooled);
    conv_data_free(&exact);
    conv_data_free(&data);
}

static void agrees_on_known_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(known_cases); i++) {
        capas_conv_problem problem;
        current_case = known_cases[i];
        assert_true(conv_case_parse(known_cases[i], &problem));
        problem.workers = 8;
        for (int live = 0; live <= 4; live += 2)
            check_case(&problem, problem.batch, i, live == 4 ? CONV_WHOLE : CONV_SMOOTH,
                       live / 4.0);
        check_case(&problem, 0, i, CONV_SMOOTH, 1);
    }
}

/* Numbers drawn one after another. */
typedef struct dice {
    capas_random random;
    uint64_t thrown;
} dice;

static int draw(dice *dice, const int *from, size_t count)
{
    uint32_t word[4];
    capas_philox(dice->random, dice->thrown++, word);
    return from[word[0] % count];
}
#define DRAW(dice, ...) draw(dice, (const int[]){__VA_ARGS__}, COUNT(((const int[]){__VA_ARGS__})))

/* A line for a random problem. The larger its numbers of channels and filters, the smaller its
 * images. */
static void random_line(dice *dice, char *line, size_t size)
{
    const int channels = DRAW(dice, 1, 1, 2, 3, 4, 5, 8, 16, 17, 32);
    const int filters = DRAW(dice, 1, 5, 16, 17, 32, 40, 64);
    const int kernel = DRAW(dice, 1, 2, 3, 3, 5, 7), other = DRAW(dice, 1, 2, 3, 5);
    const int kernel_width = DRAW(dice, 0, 0, 1) ? other : kernel;
    const int most = channels * filters > 256 ? 5 : channels * filters > 64 ? 9 : 14;
    const int height = kernel + DRAW(dice, 0, 1, 2, 3, 5, 8, 13) % most;
    const int width = kernel_width + DRAW(dice, 0, 1, 3, 4, 6, 7, 11, 12, 13) % most;
    const int batch = DRAW(dice, 1, 2, 5, channels * filters * kernel < 300 ? 33 : 3);
    const int down = DRAW(dice, 1, 1, 1, 2, 3), right = DRAW(dice, 1, 1, 1, 2, 3);
    const char *padding = DRAW(dice, 0, 1) ? "same" : "",
               *activation = DRAW(dice, 0, 1) ? "relu" : "";
    static const char *const pools[] = {"", "pool2", "pool3s2", "pool2s1"};
    const char *pool = pools[DRAW(dice, 0, 0, 1, 1, 1, 2, 3)];
    const char *bias = DRAW(dice, 0, 0, 0, 1) ? "nobias" : "",
               *input = DRAW(dice, 0, 1) ? "nodx" : "";
    snprintf(line, size, "conv %dx%dx%dx%d k%dx%d f%d s%dx%d %s %s %s %s %s", batch, height, width,
             channels, kernel, kernel_width, filters, down, right, padding, activation, pool, bias,
             input);
}

static void agrees_on_random_shapes(void **state)
{
    (void)state;
    dice dice = {{.seed = 20}, 0};
    for (int i = 0; i < RANDOM_CASES; i++) {
        char line[200];
        capas_conv_problem problem;
        random_line(&dice, line, sizeof line);
        if (!conv_case_parse(line, &problem)) continue; /* the pool does not fit */
        current_case = line;
        problem.workers = DRAW(&dice, 1, 2, 8);
        check_case(&problem, problem.batch, (uint64_t)i,
                   DRAW(&dice, 0, 0, 1) ? CONV_WHOLE : CONV_SMOOTH, DRAW(&dice, 1, 3, 10) / 10.0);
    }
}

/* All images of a batch alike: so must their outputs and input gradients be, to the bit. */
static void check_places(const capas_kernel *kernel, const capas_conv_problem *problem,
                         const void *context)
{
    conv_data *data = (conv_data *)context;
    const bool forward = kernel->family == CAPAS_FAMILY_conv_forward;
    (forward ? conv_data_forward : conv_data_backward)(kernel, problem, problem->batch, data);
    if (!forward && !problem->wants_input_gradient) return;
    const char *images = forward ? data->output : data->input_gradient;
    const int64_t size = (forward ? data->output_count : data->input_count) / problem->batch;
    for (int n = 1; n < problem->batch; n++)
        bits_agree(forward ? "output of an equal image" : "gradient of an equal image", kernel,
                   images + (size_t)(n * size) * sizeof(float), images, size, sizeof(float));
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
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        capas_conv_problem p;
        current_case = cases[i];
        assert_true(conv_case_parse(cases[i], &p));
        conv_data data = conv_data_make(&p, 3, CONV_SMOOTH, 0.7);
        repeat_first(data.input, data.input_count, p.batch, sizeof(float));
        repeat_first(data.output_gradient, data.output_count, p.batch, sizeof(float));
        for_each_kernel(CAPAS_FAMILY_conv_forward, &p, check_places, &data);
        for_each_kernel(CAPAS_FAMILY_conv_backward, &p, check_places, &data);
        conv_data_free(&data);
    }
}

/* An image that is the same everywhere: all pixels of the output have the same bits, also behind a
 * pool. */
static void check_even(const capas_kernel *kernel, const capas_conv_problem *problem,
                       const void *context)
{
    conv_data *data = (conv_data *)context;
    conv_data_forward(kernel, problem, problem->batch, data);
    const float *output = data->output;
    for (int64_t i = problem->filters; i < data->output_count; i++)
        bits_agree("a pixel of an even image", kernel, output + i, output + i % problem->filters, 1,
                   sizeof(float));
}

static void a_pixels_place_does_not_matter(void **state)
{
    (void)state;
    static const char *const cases[] = {"conv 1x9x29x1 k3 f19 relu",
                                        "conv 1x9x29x1 k3 f19 relu pool2",
                                        "conv 1x5x31x6 k3 f16 pool2", "conv 2x3x40x2 k1 f33"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        capas_conv_problem p;
        current_case = cases[i];
        assert_true(conv_case_parse(cases[i], &p));
        conv_data data = conv_data_make(&p, 4, CONV_SMOOTH, 1);
        for (int64_t j = 0; j < data.input_count; j++)
            ((float *)data.input)[j] = 0.3f;
        for_each_kernel(CAPAS_FAMILY_conv_forward, &p, check_even, &data);
        conv_data_free(&data);
    }
}

/* A NaN loses to any number in a pool and passes ReLU, as in the plain twin. */
static void check_nan(const capas_kernel *kernel, const capas_conv_problem *problem,
                      const void *context)
{
    const conv_data *plain = context;
    conv_data run = with_inputs_of(problem, plain);
    conv_data_forward(kernel, problem, problem->batch, &run);
    for (int64_t i = 0; i < run.output_count; i++) {
        const float value = ((float *)run.output)[i], expected = ((const float *)plain->output)[i];
        if (isnan(value) != isnan(expected))
            fail_msg("%s: %s: output[%lld] is %g, not %g", current_case, kernel->name, (long long)i,
                     (double)value, (double)expected);
        if (isnan(expected)) assert_int_equal(run.position[i], plain->position[i]);
    }
    conv_data_free(&run);
}

static void a_nan_loses(void **state)
{
    (void)state;
    capas_conv_problem p;
    current_case = "conv 2x10x10x1 k1 f17 relu pool2";
    assert_true(conv_case_parse(current_case, &p));
    conv_data data = conv_data_make(&p, 5, CONV_SMOOTH, 1);
    for (int64_t i = 0; i < data.input_count; i++)
        if (i % 7 < 4) ((float *)data.input)[i] = NAN;
    conv_data_forward(plain_twin(CAPAS_FAMILY_conv_forward, CAPAS_FLOAT32), &p, p.batch, &data);
    for_each_kernel(CAPAS_FAMILY_conv_forward, &p, check_nan, &data);
    conv_data_free(&data);
}

static void check_frozen(const capas_kernel *kernel, const capas_conv_problem *problem,
                         const void *context)
{
    const conv_data *data = context;
    conv_data run = with_inputs_of(problem, data), bias_only = with_inputs_of(problem, data);
    memcpy(run.output, data->output, (size_t)data->output_count * sizeof(float));
    memcpy(bias_only.output, data->output, (size_t)data->output_count * sizeof(float));
    conv_data_backward(kernel, problem, problem->batch, &run);
    free(bias_only.weight_gradient);
    bias_only.weight_gradient = NULL;
    conv_data_backward(kernel, problem, problem->batch, &bias_only);
    bits_agree("bias gradient alone", kernel, bias_only.bias_gradient, run.bias_gradient,
               problem->filters, sizeof(float));
    bits_agree("input gradient alone", kernel, bias_only.input_gradient, run.input_gradient,
               run.input_count, sizeof(float));
    conv_data_free(&run);
    conv_data_free(&bias_only);
}

static void weights_may_be_frozen(void **state)
{
    (void)state;
    capas_conv_problem p;
    current_case = "conv 3x8x8x4 k3 f9 relu";
    assert_true(conv_case_parse(current_case, &p));
    conv_data data = conv_data_make(&p, 6, CONV_SMOOTH, 0.5);
    conv_data_forward(plain_twin(CAPAS_FAMILY_conv_forward, CAPAS_FLOAT32), &p, p.batch, &data);
    for_each_kernel(CAPAS_FAMILY_conv_backward, &p, check_frozen, &data);
    conv_data_free(&data);
}

/* What the tuned kernels do not know is the plain twin's. */
static void leaves_the_unusual_to_the_plain_twin(void **state)
{
    (void)state;
    static const char *const cases[] = {"conv 1x9x9x4 k3 f8 d2", "conv 1x9x9x4 k3 f8 g2"};
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

/* Last: no kernel that this processor has went without a case. */
static void every_kernel_ran(void **state)
{
    (void)state;
    static const capas_kernel_family families[] = {CAPAS_FAMILY_conv_forward,
                                                   CAPAS_FAMILY_conv_backward};
    for (size_t f = 0; f < COUNT(families); f++) {
        size_t count;
        const capas_kernel *const *kernels = capas_kernels_of(families[f], &count);
        for (size_t i = 0; i < count; i++) {
            if (kernels[i]->level == CAPAS_CPU_PLAIN || !capas_cpu_has(kernels[i]->level)) continue;
            int cases = 0;
            for (int j = 0; j < tally_count; j++)
                if (tallies[j].kernel == kernels[i]) cases = tallies[j].cases;
            print_message("%-36s %4d cases\n", kernels[i]->name, cases);
            assert_true(cases > 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_on_known_shapes),
        cmocka_unit_test(agrees_on_random_shapes),
        cmocka_unit_test(an_images_place_does_not_matter),
        cmocka_unit_test(a_pixels_place_does_not_matter),
        cmocka_unit_test(a_nan_loses),
        cmocka_unit_test(weights_may_be_frozen),
        cmocka_unit_test(leaves_the_unusual_to_the_plain_twin),
        cmocka_unit_test(every_kernel_ran),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
