/* Plots: every kind from small data, as SVG and PNG: what is in the file, its size, the same bytes
 * again; and what goes wrong is told. */
#include "support/cmocka.h"
#include "support/program.h"
#include "support/scarce_memory.h"

#include "base/option.h"
#include "report/figure.h"
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIDE = 6, CLASSES = 3 };

static uint8_t pixels[SIDE * SIDE], colours[SIDE * SIDE * 3];
static const capas_picture gray = {SIDE, SIDE, 1, pixels}, rgb = {SIDE, SIDE, 3, colours};
static capas_history *history, *other;
static capas_model *model;

static const char csv[] = "epoch,accuracy,loss,val_accuracy,val_loss\r\n"
                          "0,0.5,2.0,0.6,1.5\r\n"
                          "1,0.75,1.0,NA,nan\r\n"
                          "2,0.9,0.5,0.85,0.75\r\n";

/* One picture of each kind; the options are the caller's. */
static capas_status plot_history(const char *path, const capas_plot_options *options)
{
    const capas_plot_run run = {.history = history};
    return capas_plot_history_with(path, &run, 1, NULL, 0, options);
}

static capas_status plot_two_histories(const char *path, const capas_plot_options *options)
{
    const capas_plot_run runs[] = {{"one & only", history}, {"two", other}};
    static const char *const metrics[] = {"loss"};
    return capas_plot_history_with(path, runs, 2, metrics, 1, options);
}

static capas_status plot_images(const char *path, const capas_plot_options *options)
{
    const capas_picture pictures[] = {gray, rgb, gray};
    static const char *const captions[] = {"first", NULL, "third\nof <three>"};
    return capas_plot_images_with(path, pictures, captions, 3, options);
}

static capas_status plot_pixels(const char *path, const capas_plot_options *options)
{
    return capas_plot_pixels_with(path, &gray, options);
}

static capas_status plot_confusion(const char *path, const capas_plot_options *options)
{
    static const int64_t counts[] = {40, 0, 10, 1, 48, 1, 0, 0, 50};
    static const char *const names[] = {"cat", "dog", "a very long name of a class indeed"};
    return capas_plot_confusion_with(path, counts, CLASSES, names, options);
}

static capas_status plot_maps(const char *path, const capas_plot_options *options)
{
    static const float values[] = {-1, 0, 0.5f, NAN};
    const capas_plot_map maps[] = {{values, 2, 2, "map"}, {values, 1, 3, NULL}};
    return capas_plot_maps_with(path, maps, 2, options);
}

static capas_status plot_filters(const char *path, const capas_plot_options *options)
{
    return capas_plot_filters_with(path, model, NULL, options);
}

static capas_status plot_deep_filters(const char *path, const capas_plot_options *options)
{
    return capas_plot_filters_with(path, model, "second", options);
}

static capas_status plot_features(const char *path, const capas_plot_options *options)
{
    return capas_plot_features_with(path, model, "second", &gray, options);
}

static capas_status plot_edges(const char *path, const capas_plot_options *options)
{
    return capas_plot_edges_with(path, &rgb, options);
}

typedef struct kind {
    const char *name;
    capas_status (*plot)(const char *path, const capas_plot_options *options);
    const char *texts[6]; /* in the SVG */
} kind;

static const kind kinds[] = {
    {"history",
     plot_history,
     {">accuracy</text>", ">loss</text>", ">training</text>",
      ">validation, best 0.8500 in epoch 3</text>", ">validation, best 0.7500 in epoch 3</text>",
      ">epoch</text>"}},
    {"histories",
     plot_two_histories,
     {">one &amp; only, training</text>", ">two, validation, best 0.7500 in epoch 3</text>"}},
    {"images",
     plot_images,
     {"<image", ">first</text>", ">third</text>", ">of &lt;three&gt;</text>"}},
    {"pixels", plot_pixels, {">0</text>", ">245</text>"}},
    {"confusion",
     plot_confusion,
     {">accuracy 92.00 % (138 of 150)</text>", ">80.0 %</text>", ">dog</text>", ">a very long",
      ">predicted</text>", ">true</text>"}},
    {"maps", plot_maps, {">map</text>", ">-0.5</text>", ">1.0</text>"}},
    {"filters", plot_filters, {">first: 4 kernels of 3 \u00d7 3</text>", ">3</text>"}},
    {"deep", plot_deep_filters, {">second: 2 kernels of 2 \u00d7 2 over 4 channels"}},
    {"features", plot_features, {">second: what its 2 channels give, 3 \u00d7 3 each</text>"}},
    {"edges", plot_edges, {">photo in gray</text>", ">vertical edges</text>"}},
};

static char *plot_and_read(const kind *kind, const char *path, int width, long *size)
{
    const capas_plot_options options = {.struct_size = sizeof options, .width = width};
    capas_status status = kind->plot(path, &options);
    if (status != CAPAS_OK) fail_msg("%s: %s", path, capas_error());
    char *data = get_file(path, size);
    assert_non_null(data);
    return data;
}

static void every_kind_is_an_svg(void **state)
{
    (void)state;
    for (size_t k = 0; k < CAPAS_COUNT(kinds); k++) {
        char path[64];
        long size, again;
        snprintf(path, sizeof path, "%s.svg", kinds[k].name);
        char *data = plot_and_read(&kinds[k], path, 0, &size);
        char *same = plot_and_read(&kinds[k], path, 0, &again);
        assert_int_equal(size, again);
        assert_memory_equal(data, same, (size_t)size);
        assert_memory_equal(data, "<svg xmlns=", 11);
        assert_non_null(strstr(data, " width=\"720\""));
        assert_string_equal(data + size - 7, "</svg>\n");
        for (int i = 0; i < 6 && kinds[k].texts[i]; i++)
            if (!strstr(data, kinds[k].texts[i])) fail_msg("no %s in %s", kinds[k].texts[i], path);
        assert_null(strstr(data, "nan"));
        assert_null(strstr(data, "inf"));
        free(data);
        free(same);
    }
}

static unsigned number_at(const char *data)
{
    const unsigned char *byte = (const unsigned char *)data;
    return (unsigned)byte[0] << 24 | (unsigned)byte[1] << 16 | (unsigned)byte[2] << 8 | byte[3];
}

static void every_kind_is_a_png(void **state)
{
    (void)state;
    if (!CAPAS_WITH_CAIRO) skip();
    for (size_t k = 0; k < CAPAS_COUNT(kinds); k++) {
        char path[64];
        long size, again;
        snprintf(path, sizeof path, "%s.png", kinds[k].name);
        char *data = plot_and_read(&kinds[k], path, 500, &size);
        char *same = plot_and_read(&kinds[k], path, 500, &again);
        assert_int_equal(size, again);
        assert_memory_equal(data, same, (size_t)size);
        assert_memory_equal(data, "\x89PNG\r\n\x1a\n", 8);
        assert_int_equal(number_at(data + 16), 500);
        assert_in_range(number_at(data + 20), 50, 2000);
        free(data);
        free(same);
    }
}

/* The picture is read back: paper in a corner, ink somewhere. */
static void a_png_shows_what_was_drawn(void **state)
{
    (void)state;
    if (!CAPAS_WITH_CAIRO || !CAPAS_WITH_PNG) skip();
    const capas_plot_options options = {.struct_size = sizeof options, .width = 720};
    capas_picture read;
    assert_int_equal(plot_pixels("levels.png", &options), CAPAS_OK);
    assert_int_equal(capas_load_picture("levels.png", 1, &read), CAPAS_OK);
    assert_int_equal(read.width, 720);
    assert_int_equal(read.pixels[0], 255);
    /* The first cell, near its corner: level 0; the last: 245 (cells of 48, in the middle). */
    int left = (720 - SIDE * 48) / 2, top = CAPAS_MARGIN;
    assert_int_equal(read.pixels[(top + 4) * read.width + left + 4], 0);
    assert_int_equal(read.pixels[(top + SIDE * 48 - 4) * read.width + left + SIDE * 48 - 4], 245);
    capas_free(read.pixels);
}

static void options_hold(void **state)
{
    (void)state;
    const capas_picture pictures[] = {gray, gray, gray, gray};
    assert_int_equal(capas_plot_images("t.svg", pictures, NULL, 4, .title = "A \"title\"",
                                       .width = 1000, .columns = 4),
                     CAPAS_OK);
    char *wide = get_file("t.svg", NULL);
    assert_non_null(strstr(wide, " width=\"1000\""));
    assert_non_null(strstr(wide, ">A \"title\"</text>"));
    assert_int_equal(capas_plot_images("t.svg", pictures, NULL, 4, .columns = 1), CAPAS_OK);
    char *narrow = get_file("t.svg", NULL);
    assert_true(atof(strstr(narrow, "height=\"") + 8) > atof(strstr(wide, "height=\"") + 8));
    free(wide);
    free(narrow);
    /* What is no UTF-8 or would end the text is replaced. */
    assert_int_equal(capas_plot_pixels("t.svg", &gray, .title = "a\xff\x01\xc3\xa9\xed\xa0\x80"),
                     CAPAS_OK);
    char *cleaned = get_file("t.svg", NULL);
    assert_non_null(strstr(cleaned, ">a? \xc3\xa9??"
                                    "?</text>"));
    free(cleaned);
}

static void assert_fails(capas_status found, capas_status expected, const char *text)
{
    if (found != expected || !strstr(capas_error(), text))
        fail_msg("%s: %s", capas_status_name(found), capas_error());
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    const capas_plot_run run = {.history = history};
    static const char *const unknown[] = {"acuracy"};
    static const int64_t counts[] = {1, 2, 3, -4};
    const capas_picture empty = {SIDE, SIDE, 1, NULL}, large = {65, SIDE, 1, pixels};
    assert_fails(capas_plot_pixels("x.gif", &gray), CAPAS_INVALID_ARGUMENT, ".svg or .png");
    assert_fails(capas_plot_pixels(NULL, &gray), CAPAS_INVALID_ARGUMENT, ".svg or .png");
    assert_fails(capas_plot_pixels(".svg", &gray), CAPAS_INVALID_ARGUMENT, ".svg or .png");
    assert_fails(capas_plot_pixels("x.svg", &gray, .width = 99), CAPAS_INVALID_ARGUMENT, "99");
    assert_fails(capas_plot_pixels("x.svg", &gray, .columns = -1), CAPAS_INVALID_ARGUMENT, "-1");
    assert_fails(capas_plot_pixels("no/x.svg", &gray), CAPAS_WRITE_FAILED, "no/x.svg");
    assert_fails(capas_plot_pixels("x.svg", &rgb), CAPAS_INVALID_ARGUMENT, "gray");
    assert_fails(capas_plot_pixels("x.svg", &large), CAPAS_INVALID_ARGUMENT, "65 x 6");
    assert_fails(capas_plot_images("x.svg", &empty, NULL, 1), CAPAS_INVALID_ARGUMENT, "pixels");
    assert_fails(capas_plot_images("x.svg", &gray, NULL, 0), CAPAS_INVALID_ARGUMENT, "found 0");
    assert_fails(capas_plot_history("x.svg", &run, 1, unknown, 1), CAPAS_UNKNOWN_NAME,
                 "did you mean \"accuracy\"?");
    assert_fails(capas_plot_history("x.svg", &run, 0, NULL, 0), CAPAS_INVALID_ARGUMENT, "found 0");
    assert_fails(capas_plot_confusion("x.svg", counts, 2, NULL), CAPAS_INVALID_ARGUMENT, "-4");
    assert_fails(capas_plot_confusion("x.svg", counts, 101, NULL), CAPAS_INVALID_ARGUMENT, "101");
    assert_fails(capas_plot_maps("x.svg", NULL, 1), CAPAS_INVALID_ARGUMENT, "found 0");
    assert_fails(capas_plot_filters("x.svg", model, "frist"), CAPAS_UNKNOWN_NAME,
                 "did you mean \"first\"?");
    assert_fails(capas_plot_filters("x.svg", model, "out"), CAPAS_UNKNOWN_NAME, "first, second");
    assert_fails(capas_plot_features("x.svg", model, "out", &gray), CAPAS_SHAPE_MISMATCH, "out");
    assert_fails(capas_plot_features("x.svg", model, NULL, &rgb), CAPAS_SHAPE_MISMATCH, "6 x 6");
    assert_fails(capas_plot_edges("x.svg", &empty), CAPAS_INVALID_ARGUMENT, "edges");
    assert_int_equal(access("x.svg", F_OK), -1);
}

static void without_cairo_png_is_refused(void **state)
{
    (void)state;
    if (CAPAS_WITH_CAIRO) skip();
    assert_fails(capas_plot_pixels("x.png", &gray), CAPAS_UNSUPPORTED, "CAPAS_WITH_CAIRO");
}

/* What cairo cannot do comes back as a status. */
static void cairo_failing_is_told(void **state)
{
    (void)state;
    if (!CAPAS_WITH_CAIRO) skip();
    char *data = NULL;
    size_t size;
    capas_figure figure = {.width = 720, .height = 10};
    assert_fails(capas_figure_png(&figure, 40000, &data, &size), CAPAS_NO_MEMORY, "40000");
    figure.height = 72000;
    assert_fails(capas_figure_png(&figure, 720, &data, &size), CAPAS_UNSUPPORTED, "72000");
    assert_null(data);
}

/* Each allocation fails in turn: a status, nothing lost, no file. */
static void every_allocation_fails(void **state)
{
    (void)state;
    const capas_plot_options options = {.struct_size = sizeof options, .width = 200};
    assert_int_equal(capas_set_threads(1), CAPAS_OK);
    for (size_t k = 0; k < CAPAS_COUNT(kinds); k++)
        for (int png = 0; png <= CAPAS_WITH_CAIRO; png++) {
            const char *path = png ? "scarce.png" : "scarce.svg";
            assert_int_equal(kinds[k].plot(path, &options), CAPAS_OK); /* plans are made once */
            unlink(path);
            for (long allowed = 0;; allowed += allowed < 100 ? 1 : 7) {
                scarce_memory_begin(allowed);
                capas_status status = kinds[k].plot(path, &options);
                long live = scarce_memory_live(), asked = scarce_memory_asked();
                scarce_memory_end();
                if (live != 0)
                    fail_msg("%s: allocation %ld: %ld lost", kinds[k].name, allowed, live);
                if (asked <= allowed) break;
                if (status != CAPAS_NO_MEMORY)
                    fail_msg("%s: allocation %ld: %s", kinds[k].name, allowed, capas_error());
                assert_int_equal(access(path, F_OK), -1);
            }
            assert_int_equal(access(path, F_OK), 0);
        }
}

static int make(void **state)
{
    (void)state;
    for (int i = 0; i < SIDE * SIDE; i++)
        pixels[i] = (uint8_t)(7 * i);
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        colours[i] = (uint8_t)(5 * i);
    put_file("one.csv", csv);
    history = capas_history_load("one.csv");
    other = capas_history_load("one.csv");
    model = capas_sequential(capas_input(SIDE, SIDE, 1), capas_conv2d(4, 3, .name = "first"),
                             capas_conv2d(2, 2, .name = "second", .activation = CAPAS_RELU),
                             capas_flatten(), capas_dense(CLASSES, .name = "out"));
    return history && other && model ? 0 : -1;
}

static int clear(void **state)
{
    (void)state;
    capas_history_free(history);
    capas_history_free(other);
    capas_model_free(model);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_an_svg),
        cmocka_unit_test(every_kind_is_a_png),
        cmocka_unit_test(a_png_shows_what_was_drawn),
        cmocka_unit_test(options_hold),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(without_cairo_png_is_refused),
        cmocka_unit_test(cairo_failing_is_told),
        cmocka_unit_test(every_allocation_fails),
    };
    return cmocka_run_group_tests(tests, make, clear);
}
