/* What training asks of files: states come back as they were, a file that is cut off, changed or of
 * another kind is refused with a sentence, and weights alone are a file that has them. */
#include "support/cmocka.h"
#include "support/program.h"
#include "support/small_network.h"

#include "base/file.h"
#include "base/memory.h"
#include "files/hdf5.h"
#include "training/store.h"
#include <math.h>
#include <string.h>
#include <unistd.h>

static const char *const path = "state";

static void write_state(void)
{
    capas_state_store store = {0};
    capas_state state = capas_state_of(&store);
    capas_state part = capas_state_part(&state, "callback");
    assert_int_equal(capas_state_set_number(&state, "rate", 0.1), CAPAS_OK);
    assert_int_equal(capas_state_set_text(&part, "name", "text"), CAPAS_OK);
    assert_int_equal(capas_state_set_data(&part, "nothing", NULL, 0), CAPAS_OK);
    assert_int_equal(capas_state_lend(&state, "lent", "some bytes", 10), CAPAS_OK);
    if (capas_store_state(&store, path) != CAPAS_OK) fail_msg("%s", capas_error());
    capas_state_clear(&store);
}

static void a_state_comes_back(void **unused)
{
    (void)unused;
    capas_state_store store = {0};
    double number;
    const char *text;
    char bytes[10];
    write_state();
    if (capas_restore_state(path, &store) != CAPAS_OK) fail_msg("%s", capas_error());
    capas_state state = capas_state_of(&store);
    assert_int_equal(store.count, 4);
    assert_int_equal(capas_state_get_number(&state, "rate", &number), CAPAS_OK);
    assert_true(number == 0.1);
    assert_int_equal(capas_state_get_text(&state, "callback/name", &text), CAPAS_OK);
    assert_string_equal(text, "text");
    assert_int_equal(capas_state_get_data(&state, "callback/nothing", NULL, 0), CAPAS_OK);
    assert_int_equal(capas_state_get_data(&state, "lent", bytes, 10), CAPAS_OK);
    assert_memory_equal(bytes, "some bytes", 10);
    capas_state_clear(&store);
}

static void assert_refused(const char *data, size_t size, size_t place)
{
    capas_state_store store = {0};
    assert_int_equal(capas_write_file("broken", data, size), CAPAS_OK);
    if (capas_restore_state("broken", &store) != CAPAS_BAD_FILE)
        fail_msg("%zu bytes, changed at %zu, were taken", size, place);
    assert_true(store.count == 0 && store.block == NULL);
    assert_true(strncmp(capas_error(), "broken is ", 10) == 0);
}

/* The copies are exactly as long as the file, so that the sanitizer sees a byte read too far. */
static void every_cut_and_change_is_noticed(void **unused)
{
    (void)unused;
    char *whole;
    size_t size;
    write_state();
    assert_int_equal(capas_read_file(path, 1 << 20, &whole, &size), CAPAS_OK);
    for (size_t length = 0; length < size; length++)
        assert_refused(whole, length, length);
    for (size_t i = 0; i < size; i++) {
        char before = whole[i];
        static const unsigned char changes[] = {0x01, 0x80, 0xFF};
        for (size_t c = 0; c < sizeof changes; c++) {
            capas_state_store store = {0};
            whole[i] = (char)(before ^ changes[c]);
            assert_int_equal(capas_write_file("broken", whole, size), CAPAS_OK);
            /* Only zeros that fill up to a word may change without being noticed. */
            if (capas_restore_state("broken", &store) == CAPAS_OK && before != 0)
                fail_msg("a change at %zu was not noticed", i);
            capas_state_clear(&store);
        }
        whole[i] = before;
    }
    capas_release(whole);
}

static void foreign_files_are_refused(void **unused)
{
    (void)unused;
    capas_state_store store = {0};
    assert_refused("PK\3\4 this is an archive", 24, 0);
    assert_int_equal(capas_restore_state("missing", &store), CAPAS_NO_FILE);
    /* Sizes that would overflow. */
    uint64_t hostile[8] = {0, 1, CAPAS_STATE_DATA, 1, UINT64_MAX - 2, 'a', 0, 0};
    memcpy(hostile, "CAPASST1", 8);
    assert_refused((const char *)hostile, sizeof hostile, 0);
    hostile[1] = UINT64_MAX / 8;
    assert_refused((const char *)hostile, sizeof hostile, 0);
    hostile[1] = 1, hostile[3] = UINT64_MAX - 7;
    assert_refused((const char *)hostile, sizeof hostile, 0);
}

static void weights_alone_can_be_stored(void **unused)
{
    (void)unused;
    char *image;
    size_t size;
    capas_model *model = small_network();
    capas_status status = capas_store_weights(model, "w.weights.h5");
    if (status == CAPAS_UNSUPPORTED) skip();
    assert_int_equal(status, CAPAS_OK);
    assert_int_equal(capas_read_file("w.weights.h5", 1 << 20, &image, &size), CAPAS_OK);
    capas_hdf5_contents *file = capas_hdf5_open(&(capas_hdf5_bytes){image, size, false});
    assert_non_null(file);
    capas_shape shape;
    const float *stored = capas_hdf5_floats(file, "layers/dense/vars/0", &shape);
    float held[SMALL_FEATURES * 4];
    assert_int_equal(shape.dims[0] * shape.dims[1], SMALL_FEATURES * 4);
    assert_int_equal(capas_model_get_weight(model, 0, held), CAPAS_OK);
    assert_memory_equal(stored, held, sizeof held);
    assert_true(capas_hdf5_has(file, "optimizer/vars/0"));
    capas_hdf5_close_contents(file);
    capas_release(image);
    assert_int_equal(capas_store_model(model, "m.keras"), CAPAS_OK);
    assert_int_equal(access("m.keras", R_OK), 0);
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_comes_back),
        cmocka_unit_test(every_cut_and_change_is_noticed),
        cmocka_unit_test(foreign_files_are_refused),
        cmocka_unit_test(weights_alone_can_be_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
