/* The one rule of options (capas/options.h), held for every option of every layer: zero is Keras's
 * default, CAPAS_ZERO says zero, CAPAS_NONE says None; and what the constructors' own parameters
 * mean. */
#include "layers/list.h"
#include "layers/random.h"
#include "support/cmocka.h"
#include <string.h>

/* gcc 12 takes bytes that memcpy filled for unset; and what is read here as a number was written as
 * bytes, and the reverse. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-strict-aliasing")
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

enum { MOST_BYTES = 1024 };

/* An option struct of any layer. */
typedef struct any_options {
    _Alignas(16) char bytes[MOST_BYTES];
} any_options;

static void *field_of(any_options *given, const capas_option *option)
{
    return given->bytes + option->offset;
}

static bool has_field(const capas_option *option)
{
    return option->kind != &capas_option_only_none && option->kind != &capas_option_only_false &&
           option->kind != &capas_option_only_one && option->kind != &capas_option_unused;
}

/* Some legal value for an option that must be given. */
static void give(any_options *given, const capas_option *option)
{
    void *field = field_of(given, option);
    if (option->kind == &capas_option_integer || option->kind == &capas_option_single)
        *(int *)field = 2;
    else if (option->kind == &capas_option_pair)
        *(capas_pair *)field = (capas_pair){2, 3};
    else if (option->kind == &capas_option_triple)
        *(capas_triple *)field = (capas_triple){2, 3, 4};
    else if (option->kind == &capas_option_real)
        *(double *)field = 0.5;
    else if (option->kind == &capas_option_range || option->kind == &capas_option_factor)
        *(capas_range *)field = (capas_range){0.5, 0};
    else if (option->kind == &capas_option_activation)
        *(capas_activation *)field = CAPAS_RELU;
    else
        *(capas_shape *)field = (capas_shape){2, {2, 1}};
}

/* Options as a user writes them who gives what must be given and nothing else. */
static any_options least(const capas_layer_type *type)
{
    any_options given = {{0}};
    assert_true(type->options.size <= MOST_BYTES);
    memcpy(given.bytes, &type->options.size, sizeof type->options.size);
    for (size_t i = 0; i < type->options.count; i++) {
        const capas_option *option = &type->options.options[i];
        any_options trial = given;
        if (!has_field(option) || !option->kind->resolve || !option->kind->check) continue;
        option->kind->resolve(option, field_of(&trial, option));
        if (option->kind->check(option, field_of(&trial, option)) != CAPAS_OK) give(&given, option);
    }
    return given;
}

static capas_layer *made(const capas_layer_type *type, const any_options *given)
{
    capas_layer *layer = capas_layer_new(type, given->bytes);
    assert_non_null(layer);
    return layer;
}

static any_options resolved(const capas_layer *layer)
{
    any_options options = {{0}};
    memcpy(options.bytes, layer->options, layer->type->options.size);
    return options;
}

/* Calls `check` with every option of every layer that has a field; those of wrappers are
 * test_wrappers.c's. */
static void every_option(void (*check)(const capas_layer_type *type, const capas_option *option))
{
    size_t count;
    const capas_layer_type *const *types = capas_layer_types(&count);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < types[i]->options.count && types[i]->inner[0] == 0; j++)
            if (has_field(&types[i]->options.options[j]))
                check(types[i], &types[i]->options.options[j]);
}

static void assert_default(const capas_layer_type *type, const capas_option *option)
{
    any_options given = least(type), zero = {{0}};
    size_t size = option->kind == &capas_option_real ? sizeof(double) : sizeof(int);
    if (memcmp(field_of(&given, option), field_of(&zero, option), size) != 0) return;
    capas_layer *layer = made(type, &given);
    if (layer->status != CAPAS_OK) fail_msg("%s: %s", type->name, layer->message);
    any_options options = resolved(layer);
    const void *field = field_of(&options, option);
    if (option->kind == &capas_option_integer || option->kind == &capas_option_bool ||
        option->kind == &capas_option_enum || option->kind == &capas_option_activation)
        assert_true(*(const int *)field == (int)option->standard);
    if (option->kind == &capas_option_real) assert_true(*(const double *)field == option->standard);
    if (option->kind == &capas_option_initializer)
        assert_true(((const capas_initializer *)field)->kind ==
                    (capas_initializer_kind)option->standard);
    if (option->kind == &capas_option_regularizer)
        assert_int_equal(((const capas_regularizer *)field)->kind, CAPAS_REGULARIZER_NONE);
    if (option->kind == &capas_option_weight_constraint)
        assert_int_equal(((const capas_constraint *)field)->kind, CAPAS_CONSTRAINT_NONE);
    capas_layer_free(layer);
}

static void what_is_left_out_is_the_default(void **state)
{
    (void)state;
    every_option(assert_default);
}

/* Zero where it is allowed; otherwise the sentence says the option and what was found. */
static void assert_zero(const capas_layer_type *type, const capas_option *option)
{
    any_options given = least(type);
    void *field = field_of(&given, option);
    bool is_integer = option->kind == &capas_option_integer || option->kind == &capas_option_bool;
    if (is_integer)
        *(int *)field = CAPAS_ZERO;
    else if (option->kind == &capas_option_pair)
        *(capas_pair *)field = (capas_pair){CAPAS_ZERO, CAPAS_ZERO};
    else if (option->kind == &capas_option_triple)
        *(capas_triple *)field = (capas_triple){CAPAS_ZERO, CAPAS_ZERO, CAPAS_ZERO};
    else if (option->kind == &capas_option_real)
        *(double *)field = CAPAS_ZERO;
    else
        return;
    capas_layer *layer = made(type, &given);
    any_options options = resolved(layer);
    if (layer->status != CAPAS_OK) {
        assert_non_null(strstr(layer->message, option->name));
        assert_non_null(strstr(layer->message, ", found 0"));
    } else if (option->kind == &capas_option_real) {
        assert_true(*(double *)field_of(&options, option) == 0);
    } else {
        assert_int_equal(*(int *)field_of(&options, option), 0);
    }
    bool allows_zero = option->minimum <= 0 && !option->open_minimum;
    assert_int_equal(layer->status == CAPAS_OK, allows_zero);
    capas_layer_free(layer);
}

static void capas_zero_says_zero(void **state)
{
    (void)state;
    every_option(assert_zero);
}

static void assert_none(const capas_layer_type *type, const capas_option *option)
{
    any_options given = least(type);
    void *field = field_of(&given, option);
    if (option->kind == &capas_option_integer || option->kind == &capas_option_bool ||
        option->kind == &capas_option_pair || option->kind == &capas_option_triple)
        *(int *)field = CAPAS_NONE;
    else if (option->kind == &capas_option_real)
        *(double *)field = CAPAS_NONE;
    else
        return;
    capas_layer *layer = made(type, &given);
    assert_int_equal(layer->status == CAPAS_OK, option->nullable);
    if (!option->nullable) assert_non_null(strstr(layer->message, "found None"));
    capas_layer_free(layer);
}

static void capas_none_says_none(void **state)
{
    (void)state;
    every_option(assert_none);
}

static void every_option_says_what_it_is(void **state)
{
    (void)state;
    size_t count;
    const capas_layer_type *const *types = capas_layer_types(&count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(types[i]->summary);
        for (size_t j = 0; j < types[i]->options.count; j++)
            assert_non_null(types[i]->options.options[j].help);
    }
}

/* The sentence of a layer that was made wrong; frees it. */
static void assert_fails(capas_layer *layer, const char *sentence)
{
    assert_non_null(layer);
    assert_int_not_equal(capas_layer_check(layer), CAPAS_OK);
    assert_string_equal(capas_error(), sentence);
    capas_layer_free(layer);
}

static void a_wrong_option_is_kept_in_the_layer(void **state)
{
    (void)state;
    assert_fails(capas_dense(0), "layer dense: units must be an integer of at least 1, found 0");
    assert_fails(capas_dense(-3, .name = "hidden"),
                 "layer hidden: units must be an integer of at least 1, found -3");
    assert_fails(capas_dropout(1.5), "layer dropout: rate must be a number from 0 to 1, found 1.5");
    assert_fails(capas_dense(3, .kernel_regularizer = capas_l2(-1)),
                 "layer dense: kernel_regularizer must be a regularizer whose factors are at least "
                 "0, found -1");
    assert_fails(
        capas_dense(3, .kernel_constraint = capas_max_norm(-1)),
        "layer dense: kernel_constraint must be a constraint whose numbers are at least 0, "
        "found -1");
    assert_fails(capas_dense(3, .bias_constraint = capas_min_max_norm(0, 1, 2)),
                 "layer dense: bias_constraint must be a constraint with a rate from 0 to 1, found "
                 "2");
    assert_fails(
        capas_dense(3, .activity_regularizer = capas_orthogonal_regularizer(1, CAPAS_ROWS)),
        "layer dense: activity_regularizer must be L1, L2 or L1L2: right angles are asked "
        "of weights alone, found an OrthogonalRegularizer");
    assert_fails(
        capas_activation_layer(0),
        "layer activation: activation must be a name like \"linear\", \"relu\", "
        "\"sigmoid\", \"tanh\", \"softmax\", \"elu\", \"silu\" or \"gelu\", found nothing");
    assert_fails(capas_conv2d(6, 3, .groups = 4),
                 "layer conv2d: groups must divide filters, found 4 groups and 6 filters");
    assert_fails(
        capas_conv2d(6, 3, .strides = {2, 2}, .dilation_rate = {2, 2}),
        "layer conv2d: strides and dilation_rate cannot both be above 1, found strides 2x2 "
        "and dilation_rate 2x2");
    assert_fails(capas_conv2d_transpose(6, 3, .strides = {2, 3}, .output_padding = {1, 3}),
                 "layer conv2d_transpose: output_padding must be below strides, found 1x3 and "
                 "strides 2x3");
    assert_fails(capas_conv3d(6, 3, .strides = {2, 1, -1}),
                 "layer conv3d: strides must be an integer of at least 1 or a list of three, found "
                 "-1");
    assert_fails(capas_cropping3d(1, .cropping = {1, 1, 0, 0, 0, -2}),
                 "layer cropping3d: cropping must be an integer of at least 0, a list of three or "
                 "a list of three lists of two, found [[1, 1], [0, 0], [0, -2]]");
    assert_fails(capas_batch_normalization(.synchronized = CAPAS_TRUE),
                 "layer batch_normalization: synchronized must be false: there is one replica to "
                 "take statistics of");
    assert_fails(capas_dense(3, .name = "a/b"),
                 "layer dense: a layer's name must not be empty nor have a \"/\" in it, found "
                 "\"a/b\"");
    assert_fails(capas_input(28, 0), "layer input_layer: batch_shape must be sizes of at least 1 "
                                     "(capas needs to know all but the batch's), found (28, 0)");
    assert_fails(capas_input_with(NULL),
                 "layer input_layer: batch_shape must be a list of 1 to 7 sizes, the batch not "
                 "among them, found none");
    assert_fails(capas_input(1, 2, 3, 4, 5, 6, 7, 8, 9),
                 "layer input_layer: batch_shape must be a list of 1 to 7 sizes, the batch not "
                 "among them, found more");
}

static void constructors_take_their_parameters(void **state)
{
    (void)state;
    capas_layer *conv = capas_conv2d(8, 5), *wide = capas_conv2d(8, 5, .kernel_size = {3, 2});
    const capas_conv2d_options *square = conv->options, *given = wide->options;
    assert_int_equal(square->filters, 8);
    assert_true(square->kernel_size.height == 5 && square->kernel_size.width == 5);
    assert_true(given->kernel_size.height == 3 && given->kernel_size.width == 2);
    assert_int_equal(square->activation, CAPAS_LINEAR);
    assert_true(square->use_bias && square->padding == CAPAS_VALID);
    capas_layer_free(conv);
    capas_layer_free(wide);

    capas_layer *pool = capas_max_pooling2d(3), *other = capas_max_pooling2d(3, .strides = {1, 1});
    const capas_pooling2d_options *same = pool->options, *dense = other->options;
    assert_true(same->strides.height == 3 && same->strides.width == 3);
    assert_true(dense->strides.height == 1 && dense->strides.width == 1);
    capas_layer_free(pool);
    capas_layer_free(other);

    capas_layer *cube = capas_conv3d(8, 5),
                *flat = capas_conv3d(8, 5, .kernel_size = {.depth = 1, .height = 3}),
                *deep = capas_max_pooling3d(2, .pool_size = {3, 2, 1});
    const capas_conv3d_options *five = cube->options, *three = flat->options;
    const capas_triple *strides = &((const capas_pooling3d_options *)deep->options)->strides;
    assert_true(five->kernel_size.depth == 5 && five->kernel_size.height == 5 &&
                five->kernel_size.width == 5);
    assert_true(three->kernel_size.depth == 1 && three->kernel_size.height == 3 &&
                three->kernel_size.width == 3);
    assert_true(strides->depth == 3 && strides->height == 2 && strides->width == 1);
    capas_layer_free(cube);
    capas_layer_free(flat);
    capas_layer_free(deep);

    capas_layer *dropout = capas_dropout(0), *rescaling = capas_rescaling(0, .offset = 2);
    assert_true(((const capas_dropout_options *)dropout->options)->rate == 0);
    assert_true(((const capas_rescaling_options *)rescaling->options)->scale == 0);
    assert_int_equal(dropout->status, CAPAS_OK);
    assert_int_equal(rescaling->status, CAPAS_OK);
    capas_layer_free(dropout);
    capas_layer_free(rescaling);

    capas_layer *frozen = capas_dense(2, .trainable = CAPAS_FALSE, .name = "x");
    assert_false(frozen->trainable);
    assert_true(frozen->named_by_user);
    assert_string_equal(frozen->name, "x");
    capas_layer_free(frozen);
}

/* A program built against an older capas knows fewer fields. */
static void a_shorter_struct_leaves_the_rest_at_its_default(void **state)
{
    (void)state;
    capas_dense_options options = {.struct_size = offsetof(capas_dense_options, use_bias),
                                   .activation = CAPAS_RELU,
                                   .use_bias = CAPAS_FALSE};
    capas_layer *layer = capas_dense_with(4, &options);
    const capas_dense_options *resolved_options = layer->options;
    assert_int_equal(layer->status, CAPAS_OK);
    assert_int_equal(resolved_options->activation, CAPAS_RELU);
    assert_int_equal(resolved_options->use_bias, 1);
    capas_layer_free(layer);
    options.struct_size = 0;
    layer = capas_dense_with(4, &options);
    assert_int_equal(capas_layer_check(layer), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(), "layer dense: struct_size is 0; it must be the size of the "
                                       "option struct");
    capas_layer_free(layer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_is_the_default),
        cmocka_unit_test(capas_zero_says_zero),
        cmocka_unit_test(capas_none_says_none),
        cmocka_unit_test(every_option_says_what_it_is),
        cmocka_unit_test(a_wrong_option_is_kept_in_the_layer),
        cmocka_unit_test(constructors_take_their_parameters),
        cmocka_unit_test(a_shorter_struct_leaves_the_rest_at_its_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
