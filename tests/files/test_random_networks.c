/* 500 random networks in files: saved, opened and saved again they are the same bytes, and what was
 * opened predicts the same bits. */
#include "model/model.h"
#include "support/cmocka.h"
#include "support/network.h"
#include "support/saved_model.h"
#include <capas/capas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
enum { NETWORKS = 500, SAMPLES = 3 };

/* The network's numbers and those of the file's model, which reads the same inputs and has the
 * weights of the file. */
static void assert_predicts_the_same(network *network, capas_model *opened)
{
    const size_t size = (size_t)opened->value_count * sizeof(float);
    struct network other = {.seed = network->seed, .model = opened, .start = malloc(size + 1)};
    assert_non_null(other.start);
    memcpy(other.start, opened->values, size);
    capas_plan_options options = network_options(network, SAMPLES, false, false);
    options.backward = options.input_gradients = false;
    const network_data data = {.seed = network->seed, .n = SAMPLES};
    network_result want = network_run(network, &options, &data);
    network_result got = network_run(&other, &options, &data);
    assert_true(network_same(network, "opened", &got, &want, 0, true));
    network_result_free(&want);
    network_result_free(&got);
    network_free(&other);
}

static void come_back_as_they_were(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= NETWORKS; seed++) {
        network network = network_random(seed);
        if (capas_save(network.model, "first.keras") != CAPAS_OK)
            fail_msg("network %d: %s", (int)seed, capas_error());
        capas_model *opened = capas_load("first.keras");
        if (!opened) fail_msg("network %d: %s", (int)seed, capas_error());
        assert_int_equal(capas_save(opened, "second.keras"), CAPAS_OK);
        assert_same_bytes("first.keras", "second.keras");
        assert_predicts_the_same(&network, opened);
        network_free(&network);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(come_back_as_they_were)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
    return 77; /* files are not in this build */
}
#endif
