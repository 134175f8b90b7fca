/* The program and pictures: a recipe trains on a folder of them, the model knows their classes, and
 * names, evaluates and draws them; a phone's photo is turned upright. */
#include "base/file.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/program.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_PNG && CAPAS_WITH_JPEG && CAPAS_WITH_KERAS_FILES
static void copy_golden(const char *name, const char *to)
{
    char *data;
    size_t size;
    assert_int_equal(capas_read_file(golden_path("images/%s", name), 1 << 20, &data, &size), 0);
    assert_int_equal(capas_make_folder_of(to), 0);
    assert_int_equal(capas_write_file(to, data, size), 0);
    capas_release(data);
}

static program_run run_right(const char *arguments)
{
    program_run run = run_program("%s", arguments);
    if (run.status != 0) fail_msg("%s: %s", arguments, run.errors);
    return run;
}

static int train(void **state)
{
    (void)state;
    copy_golden("gray.jpg", "photos/gray/a.jpg");
    copy_golden("gray.png", "photos/gray/b.png");
    copy_golden("bilevel.png", "photos/gray/c.png");
    copy_golden("rgb_444.jpg", "photos/colour/a.JPG");
    copy_golden("rgb.png", "photos/colour/b.png");
    copy_golden("cmyk.jpg", "photos/colour/c.jpeg");
    put_file("t.yaml", "data: {folder: photos, image_size: [40, 20], scale: 1/255}\n"
                       "model:\n"
                       "  - Conv2D: {filters: 4, kernel_size: 3, activation: relu}\n"
                       "  - GlobalAveragePooling2D\n"
                       "  - Dense: {units: 2, activation: softmax}\n"
                       "compile: {optimizer: adam, loss: sparse_categorical_crossentropy, "
                       "metrics: [accuracy]}\n"
                       "fit: {epochs: 2, batch_size: 4, validation_split: 0.34}\n");
    program_run run = run_right("train t.yaml --out run --fresh --verbose 0");
    program_run_free(&run);
    return 0;
}

static void names_their_classes(void **state)
{
    (void)state;
    program_run run = run_right("predict run/model.keras photos/gray/a.jpg photos/colour/a.JPG "
                                "--top 2");
    assert_non_null(strstr(run.output, "colour"));
    assert_non_null(strstr(run.output, "gray  "));
    assert_non_null(strstr(run.errors, "resized from 97x61 to the model's 20x40"));
    program_run_free(&run);
}

static void evaluates_and_draws(void **state)
{
    (void)state;
    program_run run = run_right("evaluate run/model.keras --data photos");
    assert_non_null(strstr(run.output, "6"));
    program_run_free(&run);
    run = run_right("plot confusion run/model.keras --data photos --out confusion.svg");
    program_run_free(&run);
    long size;
    char *svg = get_file("confusion.svg", &size);
    assert_non_null(strstr(svg, "colour"));
    free(svg);
}

/* Stored lying, with EXIF's note of how it was held. */
static void turns_a_photo_upright(void **state)
{
    (void)state;
    static const unsigned char block[] = {0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0,  'M', 'M',
                                          0,    42,   0, 0,  0,   8,   0,   1,   1, 18, 0,   3,
                                          0,    0,    0, 1,  0,   6,   0,   0,   0, 0,  0,   0};
    char *data;
    size_t size;
    assert_int_equal(capas_read_file(golden_path("images/rgb_444.jpg"), 1 << 20, &data, &size), 0);
    const capas_piece pieces[] = {{data, 2}, {block, sizeof block}, {data + 2, size - 2}};
    assert_int_equal(capas_write_pieces("phone.jpg", pieces, 3), 0);
    capas_release(data);
    program_run run = run_right("predict run/model.keras phone.jpg");
    assert_non_null(strstr(run.errors, "resized from 61x97 to"));
    program_run_free(&run);
}

static void a_broken_picture_is_named(void **state)
{
    (void)state;
    put_file("photos/gray/z.jpg", "\xFF\xD8\xFF\xE0 and no more");
    program_run run = run_program("train t.yaml --out broken --fresh --verbose 0");
    const char *const texts[] = {"photos/gray/z.jpg is a damaged JPEG picture"};
    assert_true(program_fails(&run, 1, texts, 1));
    program_run_free(&run);
    remove("photos/gray/z.jpg");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_their_classes),
        cmocka_unit_test(evaluates_and_draws),
        cmocka_unit_test(turns_a_photo_upright),
        cmocka_unit_test(a_broken_picture_is_named),
    };
    return cmocka_run_group_tests(tests, train, NULL);
}
#else
/* What a build without these says is tests/data's and tests/files's matter. */
int main(void)
{
    return 0;
}
#endif
