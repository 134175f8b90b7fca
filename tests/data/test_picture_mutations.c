/* Damaged copies of every recorded picture, and of WebPs made here: each is decoded or refused with
 * a sentence that names it; the sanitizers watch. CAPAS_MUTATIONS in the environment says how many
 * of each (60). */
#include "base/file.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/mutate.h"
#include <capas/model.h>
#include <capas/pictures.h>
#include <capas/runtime.h>
#include <stdio.h>
#include <string.h>
#if CAPAS_WITH_WEBP
#include <webp/encode.h>
#endif

#if CAPAS_WITH_PNG && CAPAS_WITH_JPEG && CAPAS_WITH_JANSSON
enum { LIMIT = 1 << 22, USUAL_COUNT = 60 };

static void open_copy(const char *path, int turn)
{
    const capas_picture_options options = {.struct_size = sizeof options,
                                           .channels = turn % 5,
                                           .height = turn % 3 ? 16 : 0,
                                           .width = turn % 3 ? 16 : 0,
                                           .upright = turn % 2,
                                           .fast_dct = turn % 7 == 0};
    capas_picture picture;
    if (capas_load_picture_with(path, &options, &picture) == CAPAS_OK)
        capas_free(picture.pixels);
    else if (!strstr(capas_error(), path))
        fail_msg("\"%s\" lacks the path", capas_error());
}

static void try_copies(const char *data, size_t size)
{
    mutate_seed(size);
    for (int i = 0, count = mutate_count(USUAL_COUNT); i < count; i++) {
        size_t left = size;
        char *copy = mutate_copy(data, &left);
        assert_int_equal(capas_write_in_passing("hurt", &(capas_piece){copy, left}, 1), CAPAS_OK);
        capas_release(copy);
        open_copy("hurt", i);
    }
}

static void is_refused_or_decoded(void **state)
{
    (void)state;
    json_t *images = golden_json("images/images.json"), *entry;
    size_t i, tried = 0;
    mutate_limit_memory();
    json_array_foreach(json_object_get(images, "decode"), i, entry)
    {
        char *data;
        size_t size;
        const char *file = json_string_value(json_object_get(entry, "file"));
        assert_int_equal(capas_read_file(golden_path("images/%s", file), LIMIT, &data, &size),
                         CAPAS_OK);
        try_copies(data, size);
        capas_release(data);
        tried++;
    }
    capas_set_allocator(NULL);
    assert_true(tried >= 12);
    json_decref(images);
}

#if CAPAS_WITH_WEBP
static void webp_is_refused_or_decoded(void **state)
{
    (void)state;
    enum { SIDE = 40 };
    uint8_t pixels[SIDE * SIDE * 4], *file;
    for (int i = 0; i < SIDE * SIDE * 4; i++)
        pixels[i] = (uint8_t)(i * i / 97 + i);
    mutate_limit_memory();
    for (int lossy = 0; lossy < 2; lossy++) {
        const size_t size = lossy ? WebPEncodeRGBA(pixels, SIDE, SIDE, SIDE * 4, 70, &file)
                                  : WebPEncodeLosslessRGBA(pixels, SIDE, SIDE, SIDE * 4, &file);
        assert_true(size > 0);
        try_copies((char *)file, size);
        WebPFree(file);
    }
    capas_set_allocator(NULL);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_refused_or_decoded),
#if CAPAS_WITH_WEBP
        cmocka_unit_test(webp_is_refused_or_decoded),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
/* What a build without a format says is test_picture.c's matter. */
int main(void)
{
    return 0;
}
#endif
