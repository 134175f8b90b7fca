/* The tuned kernels that work element by element or row by row against the plain ones: activations,
 * rectifiers, softmax, sums and products, affine maps, dropout, losses; over odd sizes, in place
 * where that is allowed, and with numbers that are none. */
#include "kernels/elementwise.h"
#include "kernels/loss.h"
#include "kernels/rectify.h"
#include "support/cmocka.h"
#include "support/twins.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const int64_t counts[] = {0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 257, 40003};

/* Numbers up to `scale` in size, and some that are special at fixed places. */
static double *spread_numbers(int64_t count, double scale, uint64_t seed)
{
    static const double special[] = {NAN, INFINITY, -INFINITY, 0, -0.0, 100, -100, 1e-30, 89, -88};
    double *value = twin_numbers(count, 0.9, seed);
    for (int64_t i = 0; i < count; i++) {
        value[i] *= scale;
        if (i % 11 == 5 && count > 30) value[i] = special[i / 11 % (int64_t)COUNT(special)];
    }
    return value;
}

static void check_activation(capas_activation activation, int64_t count, bool in_place)
{
    typedef capas_activate_arguments arguments;
    const capas_activate_problem p = {TWIN_WORKERS, activation};
    const arguments a = {.count = count};
    const size_t input = offsetof(arguments, input), output = offsetof(arguments, output);
    const size_t dy = offsetof(arguments, output_gradient),
                 dx = offsetof(arguments, input_gradient);
    double *x = spread_numbers(count, 8, 1), *y = twin_numbers(count, 0.9, 2);
    double *gradient = twin_numbers(count, 0.7, 3);
    char name[64];
    snprintf(name, sizeof name, "activation %d of %lld", (int)activation, (long long)count);
    twin_case forward = twin_case_of(name, CAPAS_FAMILY_activate_forward, &p, &a, sizeof a);
    if (in_place) {
        twin_changed(&forward, input, x, count);
        twin_shares(&forward, output, input);
    } else {
        twin_input(&forward, input, x, count);
        twin_output(&forward, output, count);
    }
    twin_check(&forward);
    twin_case backward = twin_case_of(name, CAPAS_FAMILY_activate_backward, &p, &a, sizeof a);
    twin_input(&backward, output, y, count);
    if (in_place) {
        twin_changed(&backward, dy, gradient, count);
        twin_shares(&backward, dx, dy);
    } else {
        twin_input(&backward, dy, gradient, count);
        twin_output(&backward, dx, count);
    }
    twin_check(&backward);
    free(x);
    free(y);
    free(gradient);
}

static void test_activations(void **state)
{
    static const capas_activation all[] = {CAPAS_LINEAR, CAPAS_RELU, CAPAS_SIGMOID, CAPAS_TANH,
                                           CAPAS_ELU,    CAPAS_SELU, CAPAS_RELU6};
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++)
        for (size_t n = 0; n < COUNT(counts); n++)
            check_activation(all[i], counts[n], n % 2);
    twin_report(CAPAS_FAMILY_activate_forward);
    twin_report(CAPAS_FAMILY_activate_backward);
}

static void check_rectifier(double slope, double threshold, double maximum, int64_t count)
{
    typedef capas_rectify_arguments arguments;
    const capas_rectify_problem p = {
        .batch = 1,
        .workers = TWIN_WORKERS,
        .threshold = threshold,
        .maximum = maximum,
        .slope = slope,
        .at_threshold = slope,
        .at_maximum = 1,
        .shape = {2, {1, count > 0 ? count : 1}},
    };
    const arguments a = {.n = count > 0};
    double *x = spread_numbers(count, 8, 1), *gradient = twin_numbers(count, 0.7, 3);
    for (int64_t i = 0; i < count; i += 7)
        x[i] = i % 2 ? threshold : maximum;
    twin_case forward = twin_case_of("rectifier", CAPAS_FAMILY_rectify_forward, &p, &a, sizeof a);
    twin_input(&forward, offsetof(arguments, input), x, count);
    twin_output(&forward, offsetof(arguments, output), count);
    twin_check(&forward);
    twin_case backward = twin_case_of("rectifier", CAPAS_FAMILY_rectify_backward, &p, &a, sizeof a);
    twin_input(&backward, offsetof(arguments, input), x, count);
    twin_input(&backward, offsetof(arguments, output_gradient), gradient, count);
    twin_output(&backward, offsetof(arguments, input_gradient), count);
    twin_check(&backward);
    free(x);
    free(gradient);
}

static void test_rectifiers(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(counts); n++) {
        check_rectifier(0, 0, 6, counts[n]);
        check_rectifier(0.3, 0, HUGE_VAL, counts[n]);
        check_rectifier(0.25, 1.5, 4, counts[n]);
    }
    twin_report(CAPAS_FAMILY_rectify_forward);
    twin_report(CAPAS_FAMILY_rectify_backward);
}

/* Rows and classes that fill lanes and do not, few classes and many. */
static const int row_counts[] = {0, 1, 3, 8, 15, 16, 17, 33, 100};
static const int class_counts[] = {1, 2, 3, 7, 8, 10, 16, 17, 100, 128, 129, 1000};

static void check_softmax(int64_t rows, int classes)
{
    typedef capas_softmax_arguments arguments;
    const capas_softmax_problem p = {TWIN_WORKERS, classes};
    const arguments a = {.rows = rows};
    const int64_t count = rows * classes;
    double *x = twin_numbers(count, 0.9, 1), *y = twin_numbers(count, 1, 2);
    double *dy = twin_numbers(count, 0.8, 3);
    char name[64];
    snprintf(name, sizeof name, "softmax %lldx%d", (long long)rows, classes);
    for (int64_t i = 0; i < count; i++)
        x[i] *= i % 3 == 0 ? 90 : 4;
    twin_case forward = twin_case_of(name, CAPAS_FAMILY_softmax_forward, &p, &a, sizeof a);
    twin_input(&forward, offsetof(arguments, input), x, count);
    twin_output(&forward, offsetof(arguments, output), count);
    twin_check(&forward);
    twin_case backward = twin_case_of(name, CAPAS_FAMILY_softmax_backward, &p, &a, sizeof a);
    twin_input(&backward, offsetof(arguments, output), y, count);
    twin_input(&backward, offsetof(arguments, output_gradient), dy, count);
    twin_output(&backward, offsetof(arguments, input_gradient), count);
    twin_check(&backward);
    free(x);
    free(y);
    free(dy);
}

static void test_softmax(void **state)
{
    (void)state;
    for (size_t r = 0; r < COUNT(row_counts); r++)
        for (size_t c = 0; c < COUNT(class_counts); c++)
            check_softmax(row_counts[r], class_counts[c]);
    twin_report(CAPAS_FAMILY_softmax_forward);
    twin_report(CAPAS_FAMILY_softmax_backward);
}

/* b is a at some places, where an extremum has two. */
static void check_combine(int n, int64_t size, capas_combination combination)
{
    typedef capas_combine_arguments arguments;
    const capas_shape shape = {2, {n + 2, size}};
    const capas_combine_problem p = {TWIN_WORKERS, shape, shape, shape, combination};
    const arguments arguments_of_n = {.n = n};
    const int64_t count = n * size;
    double *a = twin_numbers(count, 1, 1), *b = twin_numbers(count, 1, 2);
    double *dy = twin_numbers(count, 0.8, 3);
    for (int64_t i = 0; i < count; i += 5)
        b[i] = a[i];
    twin_case forward = twin_case_of("combine", CAPAS_FAMILY_combine_forward, &p, &arguments_of_n,
                                     sizeof(arguments));
    twin_input(&forward, offsetof(arguments, a), a, count);
    twin_input(&forward, offsetof(arguments, b), b, count);
    twin_output(&forward, offsetof(arguments, output), count);
    twin_check(&forward);
    twin_case backward = twin_case_of("combine", CAPAS_FAMILY_combine_backward, &p, &arguments_of_n,
                                      sizeof(arguments));
    twin_input(&backward, offsetof(arguments, a), a, count);
    twin_input(&backward, offsetof(arguments, b), b, count);
    twin_input(&backward, offsetof(arguments, output_gradient), dy, count);
    if (size % 3) twin_output(&backward, offsetof(arguments, a_gradient), count);
    if (size % 4) twin_output(&backward, offsetof(arguments, b_gradient), count);
    twin_check(&backward);
    free(a);
    free(b);
    free(dy);
}

/* Rows and one row that repeats: a bias. */
static void check_bias(int n, int64_t pixels, int64_t channels)
{
    typedef capas_combine_arguments arguments;
    const capas_shape shape = {3, {n + 2, pixels, channels}}, row = {3, {1, 1, channels}};
    const capas_combine_problem p = {TWIN_WORKERS, shape, row, shape, CAPAS_COMBINE_SUM};
    const arguments a = {.n = n};
    const int64_t count = n * pixels * channels;
    double *x = twin_numbers(count, 1, 1), *bias = twin_numbers(channels, 1, 2);
    double *dy = twin_numbers(count, 0.8, 3);
    twin_case forward =
        twin_case_of("bias", CAPAS_FAMILY_combine_forward, &p, &a, sizeof(arguments));
    twin_input(&forward, offsetof(arguments, a), x, count);
    twin_input(&forward, offsetof(arguments, b), bias, channels);
    twin_output(&forward, offsetof(arguments, output), count);
    twin_check(&forward);
    twin_case backward =
        twin_case_of("bias", CAPAS_FAMILY_combine_backward, &p, &a, sizeof(arguments));
    twin_input(&backward, offsetof(arguments, output_gradient), dy, count);
    if (channels % 3) twin_output(&backward, offsetof(arguments, a_gradient), count);
    twin_output(&backward, offsetof(arguments, b_gradient), channels);
    twin_check(&backward);
    free(x);
    free(bias);
    free(dy);
}

static void test_biases(void **state)
{
    static const int64_t channels[] = {1, 2, 3, 8, 17, 64};
    (void)state;
    for (size_t c = 0; c < COUNT(channels); c++) {
        check_bias((int)(c % 4), 5, channels[c]);
        check_bias(3, 700, channels[c]);
    }
}

static void check_affine(int64_t count)
{
    typedef capas_affine_arguments arguments;
    const capas_affine_problem p = {TWIN_WORKERS, 1 / 255.0, -0.5};
    const arguments a = {.count = count};
    double *x = spread_numbers(count, 255, 1);
    twin_case c = twin_case_of("affine", CAPAS_FAMILY_affine, &p, &a, sizeof a);
    twin_input(&c, offsetof(arguments, input), x, count);
    twin_output(&c, offsetof(arguments, output), count);
    twin_check(&c);
    free(x);
}

static void test_sums(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(counts); n++) {
        for (int kind = CAPAS_COMBINE_SUM; kind <= CAPAS_COMBINE_MINIMUM; kind++)
            check_combine(counts[n] == 0 ? 0
                          : n % 3        ? 1
                                         : 3,
                          counts[n] + (counts[n] == 0), (capas_combination)kind);
        check_affine(counts[n]);
    }
    twin_report(CAPAS_FAMILY_combine_forward);
    twin_report(CAPAS_FAMILY_combine_backward);
    twin_report(CAPAS_FAMILY_affine);
}

static void check_dropout(int n, int64_t size, double rate)
{
    typedef capas_dropout_arguments arguments;
    const capas_shape shape = {2, {n + 2, size}};
    const capas_dropout_problem p = {TWIN_WORKERS, rate, shape, shape};
    const arguments a = {.n = n, .random = {.seed = 0x123456789abcdef0u, .stream = 7, .step = 3}};
    const int64_t count = n * size;
    double *x = spread_numbers(count, 1, 1);
    char name[64];
    snprintf(name, sizeof name, "dropout %g of %lld", rate, (long long)count);
    twin_case c = twin_case_of(name, CAPAS_FAMILY_dropout, &p, &a, sizeof a);
    twin_input(&c, offsetof(arguments, input), x, count);
    twin_output(&c, offsetof(arguments, output), count);
    twin_check(&c);
    free(x);
}

/* Every decision is the plain kernel's: a wrong one is an error of the size of the largest value.
 */
static void test_dropout(void **state)
{
    static const double rates[] = {0.5, 0.2, 0, 1, 0.3333};
    (void)state;
    for (size_t n = 0; n < COUNT(counts); n++)
        for (size_t r = 0; r < COUNT(rates); r++)
            check_dropout(counts[n] == 0 ? 0
                          : r % 2        ? 1
                                         : 3,
                          counts[n] + (counts[n] == 0), rates[r]);
    twin_report(CAPAS_FAMILY_dropout);
}

/* Variants of a loss are bits of a number. */
enum { WEIGHTS = 1, PROBABILITIES = 2, NO_GRADIENT = 4, SMOOTHING = 8, IGNORED = 8 };

static int32_t *some_labels(int64_t rows, int classes)
{
    int32_t *label = malloc((size_t)(rows + 1) * sizeof *label);
    assert_non_null(label);
    for (int64_t i = 0; i < rows; i++)
        label[i] = (int32_t)(i * 7 % classes);
    if (rows > 20) label[19] = classes; /* wrong ones */
    if (rows > 20) label[20] = -3;
    return label;
}

static void check_loss(capas_loss_kind kind, int64_t rows, int classes, int variant)
{
    typedef capas_loss_arguments arguments;
    const bool sparse = kind == CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY;
    const capas_loss_problem p = {.workers = TWIN_WORKERS,
                                  .kind = kind,
                                  .classes = classes,
                                  .from_logits = true,
                                  .label_smoothing = !sparse && (variant & SMOOTHING) ? 0.1 : 0,
                                  .has_ignore_class = sparse && (variant & IGNORED),
                                  .ignore_class = variant & 16 ? -3 : 0};
    const arguments a = {.rows = rows, .factor = rows > 0 ? 1.0 / (double)rows : 0};
    const int64_t count = rows * classes;
    double *x = twin_numbers(count, 0.9, 1), *y = twin_numbers(count, 0.4, 2);
    double *weight = twin_numbers(rows, 0.9, 3);
    int32_t *label = some_labels(rows, classes);
    char name[80];
    snprintf(name, sizeof name, "loss %d %lldx%d variant %d", (int)kind, (long long)rows, classes,
             variant);
    for (int64_t i = 0; i < count; i++)
        x[i] *= 9;
    for (int64_t i = 0; i < count; i++)
        y[i] = fabs(y[i]);
    twin_case c = twin_case_of(name, CAPAS_FAMILY_loss, &p, &a, sizeof a);
    twin_input(&c, offsetof(arguments, prediction), x, count);
    if (sparse)
        twin_labels(&c, offsetof(arguments, target), label, rows);
    else
        twin_input(&c, offsetof(arguments, target), y, count);
    if (variant & WEIGHTS) twin_input(&c, offsetof(arguments, weight), weight, rows);
    twin_output(&c, offsetof(arguments, value), rows);
    if (variant & PROBABILITIES) twin_output(&c, offsetof(arguments, probability), count);
    if (!(variant & NO_GRADIENT)) twin_output(&c, offsetof(arguments, prediction_gradient), count);
    twin_check(&c);
    free(x);
    free(y);
    free(weight);
    free(label);
}

static void test_losses(void **state)
{
    int variant = 0;
    (void)state;
    for (size_t r = 0; r < COUNT(row_counts); r++)
        for (size_t c = 0; c < COUNT(class_counts); c++, variant++) {
            const int classes = class_counts[c];
            check_loss(CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY, row_counts[r], classes,
                       variant);
            check_loss(CAPAS_LOSS_KIND_CATEGORICAL_CROSSENTROPY, row_counts[r], classes, variant);
        }
    twin_report(CAPAS_FAMILY_loss);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_activations), cmocka_unit_test(test_rectifiers),
        cmocka_unit_test(test_softmax),     cmocka_unit_test(test_biases),
        cmocka_unit_test(test_sums),        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_losses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
