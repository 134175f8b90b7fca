/* Part of a model: it gives what the layer gives inside the whole, is its own, and shares nothing.
 */
#include "support/cmocka.h"

#include <capas/capas.h>
#include <math.h>
#include <string.h>

enum { SIDE = 5, VALUES = SIDE * SIDE };

static const char *error_with(const char *text)
{
    return strstr(capas_error(), text);
}

/* The rest of the layers, applied to what the part gives, is the whole: here one dense layer. */
static void a_chain_is_cut(void **state)
{
    (void)state;
    float x[VALUES], features[4 * 4 * 2], whole[3], weights[32 * 3], rest[3];
    for (int i = 0; i < VALUES; i++)
        x[i] = sinf((float)i);
    capas_model *model = capas_sequential(
        capas_input(SIDE, SIDE, 1), capas_conv2d(2, 2, .activation = CAPAS_RELU, .name = "a"),
        capas_flatten(.name = "flat"), capas_dense(3, .name = "b"));
    capas_model *part = capas_model_until(model, "a");
    assert_non_null(part);
    assert_int_equal(capas_model_weight_count(part), 2);
    assert_int_equal(capas_predict(model, x, 1, whole), CAPAS_OK);
    assert_int_equal(capas_predict(part, x, 1, features), CAPAS_OK);
    assert_int_equal(capas_model_get_weight(model, 2, weights), CAPAS_OK);
    for (int j = 0; j < 3; j++) {
        rest[j] = 0;
        for (int k = 0; k < 32; k++)
            rest[j] += features[k] * weights[k * 3 + j];
        assert_true(fabsf(rest[j] - whole[j]) < 1e-5f);
    }
    float zeros[8] = {0}, again[3];
    assert_int_equal(capas_model_set_weight(part, 0, zeros), CAPAS_OK);
    assert_int_equal(capas_predict(model, x, 1, again), CAPAS_OK);
    assert_memory_equal(whole, again, sizeof whole);
    capas_model_free(model);
    assert_int_equal(capas_predict(part, x, 1, features), CAPAS_OK);
    capas_model_free(part);
}

/* Branches and a layer that is used twice: up to its first use. */
static void a_graph_is_cut(void **state)
{
    (void)state;
    capas_graph *graph = capas_graph_new();
    capas_node in = capas_graph_apply(graph, capas_input(2), NULL, 0);
    capas_node shared = capas_graph_apply(graph, capas_dense(2, .name = "shared"), &in, 1);
    capas_node twice = capas_graph_again(graph, shared, &shared, 1);
    const capas_node both[] = {in, twice};
    capas_node sum = capas_graph_apply(graph, capas_add(.name = "sum"), both, 2);
    capas_node out = capas_graph_apply(graph, capas_dense(1), &sum, 1);
    capas_model *model = capas_functional(graph, NULL, &in, 1, &out, 1);
    assert_non_null(model);
    float w[4] = {1, 2, 3, 4}, x[2] = {1, -1}, y[2];
    assert_int_equal(capas_model_set_weight(model, 0, w), CAPAS_OK);
    capas_model *first = capas_model_until(model, "shared"),
                *sums = capas_model_until(model, "sum");
    assert_non_null(first);
    assert_non_null(sums);
    assert_int_equal(capas_predict(first, x, 1, y), CAPAS_OK);
    assert_true(y[0] == -2 && y[1] == -2); /* x W */
    assert_int_equal(capas_predict(sums, x, 1, y), CAPAS_OK);
    assert_true(y[0] == 1 - 8 && y[1] == -1 - 12); /* x + x W W */
    capas_model_free(model);
    capas_model_free(first);
    capas_model_free(sums);
}

static void an_unknown_layer_is_told(void **state)
{
    (void)state;
    capas_model *model = capas_sequential(capas_input(2), capas_dense(2, .name = "dense"));
    assert_null(capas_model_until(model, "dens"));
    assert_int_equal(capas_error_status(), CAPAS_UNKNOWN_NAME);
    assert_non_null(error_with("did you mean \"dense\"?"));
    assert_null(capas_model_until(model, NULL));
    assert_int_equal(capas_model_status(model), CAPAS_OK);
    capas_model_free(model);
    assert_null(capas_model_until(NULL, "dense"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_cut),
        cmocka_unit_test(a_graph_is_cut),
        cmocka_unit_test(an_unknown_layer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
