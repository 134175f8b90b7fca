/* Damaged copies of every recorded file, and of those models as flat files, made by chance: each is
 * refused with a sentence or opens; the sanitizers watch. CAPAS_MUTATIONS in the environment says
 * how many of each (25). */
#include "base/checksum.h"
#include "base/file.h"
#include "base/memory.h"
#include "files/archive.h"
#include "model/flat.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/mutate.h"
#include <capas/capas.h>
#include <stdio.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
enum { LIMIT = 1 << 24, USUAL_COUNT = 25 };

static void open_copy(const char *path, bool weights)
{
    capas_status status = CAPAS_OK;
    capas_model *model = capas_load(weights ? golden_path("files/cnn_k3.json") : path);
    if (weights) {
        assert_non_null(model);
        status = capas_load_weights(model, path);
    } else if (!model) {
        status = capas_error_status();
    }
    if (status != CAPAS_OK && status != CAPAS_NO_MEMORY && !strstr(capas_error(), path))
        fail_msg("\"%s\" lacks the path", capas_error());
    capas_model_free(model);
}

/* The entries of a .keras file, one of them changed, with checksums that are right. */
static void write_inside(const char *from, const char *to)
{
    static const char *const names[] = {"config.json", "model.weights.h5"};
    capas_archive_entry entries[2];
    size_t hurt = mutate_chance(2);
    capas_archive *archive = capas_archive_open(from);
    assert_non_null(archive);
    for (size_t i = 0; i < 2; i++) {
        char *data;
        size_t size;
        assert_int_equal(capas_archive_read(archive, names[i], LIMIT, &data, &size), CAPAS_OK);
        char *copy = i == hurt ? mutate_copy(data, &size) : capas_copy_memory(data, size);
        entries[i] = (capas_archive_entry){names[i], copy, size};
        capas_release(data);
    }
    capas_archive_close(archive);
    assert_int_equal(capas_archive_write(to, entries, 2), CAPAS_OK);
    for (size_t i = 0; i < 2; i++)
        capas_release((void *)entries[i].data);
}

/* The model as a flat file, of which either any byte is changed, or the description or the weights,
 * with sizes and checksums that are right. */
static void write_flat(const char *data, size_t size, bool inside, const char *to)
{
    capas_flat_head head;
    memcpy(&head, data, sizeof head);
    size_t first = (size_t)head.description_size, second = size - (size_t)head.values_offset;
    const char *values = data + head.values_offset;
    bool description = mutate_chance(4) > 0;
    char *copy = !inside       ? mutate_copy(data, &size)
                 : description ? mutate_copy(data + sizeof head, &first)
                               : mutate_copy(values, &second);
    if (!inside) {
        assert_int_equal(capas_write_file(to, copy, size), CAPAS_OK);
        capas_release(copy);
        return;
    }
    static const char zeros[CAPAS_ALIGNMENT];
    second -= second % sizeof(float);
    const capas_piece parts[] = {
        {&head, sizeof head},
        {description ? copy : data + sizeof head, first},
        {zeros, (CAPAS_ALIGNMENT - first % CAPAS_ALIGNMENT) % CAPAS_ALIGNMENT},
        {description ? values : copy, second}};
    head.description_size = first;
    head.values_offset = sizeof head + first + parts[2].size;
    head.value_count = second / sizeof(float);
    head.size = head.values_offset + second;
    head.values_checksum = capas_checksum(0, parts[3].data, second);
    head.checksum = capas_flat_checksum(&head, parts[1].data);
    assert_int_equal(capas_write_pieces(to, parts, 4), CAPAS_OK);
    capas_release(copy);
}

static void try_flat(const char *file)
{
    char *data;
    size_t size;
    capas_model *model = capas_load(golden_path("files/%s", file));
    assert_non_null(model);
    assert_int_equal(capas_save_flat(model, "whole.capas"), CAPAS_OK);
    capas_model_free(model);
    assert_int_equal(capas_read_file("whole.capas", LIMIT, &data, &size), CAPAS_OK);
    mutate_seed(size);
    for (int i = 0, count = mutate_count(USUAL_COUNT); i < count; i++) {
        write_flat(data, size, i % 4 > 0, "hurt.capas");
        open_copy("hurt.capas", false);
    }
    capas_release(data);
}

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), more = strlen(end);
    return length >= more && strcmp(text + length - more, end) == 0;
}

static void try_file(const char *file)
{
    char *data, path[128];
    size_t size;
    bool zip = ends_in(file, ".keras"), weights = ends_in(file, "weights.h5");
    snprintf(path, sizeof path, "hurt.%s", zip ? "keras" : "h5");
    assert_int_equal(capas_read_file(golden_path("files/%s", file), LIMIT, &data, &size), CAPAS_OK);
    mutate_seed(size);
    for (int i = 0, count = mutate_count(USUAL_COUNT); i < count; i++) {
        if (zip && i % 4 > 0) {
            write_inside(golden_path("files/%s", file), path);
        } else {
            size_t left = size;
            char *copy = mutate_copy(data, &left);
            assert_int_equal(capas_write_file(path, copy, left), CAPAS_OK);
            capas_release(copy);
        }
        open_copy(path, weights);
    }
    capas_release(data);
}

static void is_refused_or_opens(void **state)
{
    (void)state;
    mutate_limit_memory();
    json_t *files = golden_json("files/files.json"), *entry;
    size_t i, tried = 0;
    json_array_foreach(json_object_get(files, "files"), i, entry)
    {
        const char *file = json_string_value(json_object_get(entry, "file"));
        if (strncmp(file, "broken/", 7) == 0) continue;
        try_file(file);
        if (ends_in(file, ".keras")) try_flat(file);
        tried++;
    }
    assert_true(tried >= 15);
    json_decref(files);
    capas_set_allocator(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_refused_or_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
/* A build without Keras's files has nothing to test here; test_broken.c sees that it says so. */
int main(void)
{
    return 0;
}
#endif
