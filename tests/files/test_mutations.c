/* Damaged copies of every recorded file, made by chance: each is refused with a sentence or opens;
 * the sanitizers watch. CAPAS_MUTATIONS in the environment says how many of each (25). */
#include "base/file.h"
#include "base/memory.h"
#include "files/archive.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/mutate.h"
#include <capas/capas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
enum { LIMIT = 1 << 24, USUAL_COUNT = 25, MOST_PIECE = 64 << 20 };

/* A changed configuration may ask for layers of any size. */
static void *allocate(size_t size, size_t alignment, void *context)
{
    void *memory = NULL;
    (void)context;
    return size <= MOST_PIECE && posix_memalign(&memory, alignment, size) == 0 ? memory : NULL;
}

static void release(void *memory, void *context)
{
    (void)context;
    free(memory);
}

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
    capas_set_allocator(&(capas_allocator){allocate, release, NULL});
    json_t *files = golden_json("files/files.json"), *entry;
    size_t i, tried = 0;
    json_array_foreach(json_object_get(files, "files"), i, entry)
    {
        const char *file = json_string_value(json_object_get(entry, "file"));
        if (strncmp(file, "broken/", 7) == 0) continue;
        try_file(file);
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
