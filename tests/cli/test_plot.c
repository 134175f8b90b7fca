/* capas plot: each kind leaves its picture where it says, with what is asked for in it; wrong use
 * ends with 2 and failures with 1. What is drawn is tests/report's. */
#include "support/cmocka.h"
#include "support/idx_set.h"
#include "support/program.h"

#include "base/option.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXTS = 3 };

static const char recipe[] =
    "data: {folder: set, scale: 1/255}\n"
    "model: [{Conv2D: {filters: 2, kernel_size: 3, name: first}}, Flatten, {Dense: {units: 2, "
    "activation: softmax, name: out}}]\n"
    "compile: {loss: sparse_categorical_crossentropy, metrics: [accuracy]}\n"
    "fit: {epochs: 20, validation_split: 0.5}\n";

/* Runs it and reads the picture that it must name on its only line. */
static char *plot(const char *arguments, const char *path)
{
    char line[256];
    unlink(path);
    program_run run = run_program("plot %s", arguments);
    if (run.status != 0) fail_msg("%s: %s", arguments, run.errors);
    snprintf(line, sizeof line, "%s\n", path);
    assert_string_equal(run.output, line);
    program_run_free(&run);
    char *picture = get_file(path, NULL);
    assert_non_null(picture);
    return picture;
}

static void every_kind_leaves_its_picture(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *path, *texts[TEXTS];
    } all[] =
    { {"history run/ --metric loss", "run/loss.svg", {">loss</text>", ">validation, best"}},
      {"history run/history.csv run --out both.svg",
       "both.svg",
       {">run, training</text>", ">accuracy</text>"}},
      {"samples --data set --count 6 --first 3 --columns 3", "samples.svg", {">1</text>"}},
      {"pixels --data set --index 1 --title level", "pixels.svg", {">255</text>", ">level</text>"}},
      {"augmented r.yaml --count 4 --set 'data.augment={width_shift_range: 2.5}'",
       "augmented.svg",
       {"<image"}},
      {"confusion run/model.keras --data set", "run/confusion.svg", {">accuracy "}},
      {"filters run/model.keras --layer first", "run/filters.svg", {">first: 2 kernels"}},
#if CAPAS_WITH_PNG
      {"pixels \"$CAPAS_SOURCE_DIR\"/data/digits/digit-7.png", "pixels.svg", {">254</text>"}},
      {"features run/model.keras \"$CAPAS_SOURCE_DIR\"/data/digits/digit-7.png",
       "run/features.svg",
       {">first: what its 2 channels give, 4 \u00d7 4 each"}},
      {"edges \"$CAPAS_SOURCE_DIR\"/data/digits/digit-7.png", "edges.svg", {">vertical edges"}},
#endif
    };
    for (size_t i = 0; i < CAPAS_COUNT(all); i++) {
        char *picture = plot(all[i].arguments, all[i].path);
        for (int t = 0; t < TEXTS && all[i].texts[t]; t++)
            if (!strstr(picture, all[i].texts[t]))
                fail_msg("%s: no %s", all[i].arguments, all[i].texts[t]);
        free(picture);
    }
}

/* A picture that cannot be written is a warning, and the run is whole all the same. */
static void training_leaves_its_curves(void **state)
{
    (void)state;
    static const char *const warning[] = {"warning: ", "lost/loss.svg"};
    char *loss = get_file("run/loss.svg", NULL), *accuracy = get_file("run/accuracy.svg", NULL);
    assert_non_null(loss);
    assert_non_null(accuracy);
    free(loss);
    free(accuracy);
    program_run run = run_line("mkdir -p lost/loss.svg; "
                               "\"$CAPAS_PROGRAM\" train r.yaml --out lost --fresh --verbose 0");
    assert_true(program_fails(&run, 0, warning, 2));
    char *result = get_file("lost/result.json", NULL);
    assert_non_null(result);
    free(result);
    program_run_free(&run);
}

/* Without --metric a picture of each; several runs leave theirs here. */
static void each_metric_has_its_picture(void **state)
{
    (void)state;
    program_run run = run_program("plot history run");
    assert_string_equal(run.output, "run/accuracy.svg\nrun/loss.svg\n");
    program_run_free(&run);
#if CAPAS_WITH_CAIRO
    run = run_program("plot history run --format png");
    assert_string_equal(run.output, "run/accuracy.png\nrun/loss.png\n");
    program_run_free(&run);
#endif
    run = run_program("plot history run run/history.csv");
    assert_string_equal(run.output, "accuracy.svg\nloss.svg\n");
    program_run_free(&run);
}

/* A classifier is right about all or not: either it draws, or says that there is nothing to draw.
 */
static void mistakes_are_drawn_or_there_are_none(void **state)
{
    (void)state;
    idx_set_write("other", "train", 0);
    idx_set_write("other", "t10k", 0);
    static const char labels[] = {0, 0, 8, 1, 0, 0, 0, 20};
    FILE *file = fopen("other/t10k-labels-idx1-ubyte", "wb");
    fwrite(labels, 1, sizeof labels, file);
    for (int i = 0; i < 20; i++)
        fputc(1, file); /* half of the pictures are class 0 */
    fclose(file);
    char *picture = plot("mistakes run/model.keras --data other --count 3", "run/mistakes.svg");
    assert_non_null(strstr(picture, " of 20 are wrong; the surest 3</text>"));
    assert_non_null(strstr(picture, ">is 1</text>"));
    assert_non_null(strstr(picture, ">read as 0</text>"));
    free(picture);
}

static void wrong_use_and_failures_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        int status;
        const char *texts[TEXTS];
    } all[] = {
        {"", 2, {"Use: capas plot KIND", "history", "edges"}},
        {"histori", 2, {"no kind \"histori\"", "did you mean \"history\"?"}},
        {"history", 2, {"capas plot history: ", "missing", "RUN..."}},
        {"samples --count 0", 2, {"--count must be 1"}},
        {"samples --format gif", 2, {"--format must be svg or png"}},
        {"samples --width 50 --data set", 2, {"--width must be 100 to 8192"}},
        {"mistakes m.keras --count 1000", 2, {"--count"}},
        {"augmented r.yaml --index -1", 2, {"--index"}},
        {"samples --data set --part half", 1, {"--part must be train or test"}},
        {"samples --data set --first 15", 1, {"sample 20"}},
        {"samples --data set --count 1 --out a.gif", 1, {"a.gif", ".svg or .png"}},
        {"samples --data set --count 1 --out none/a.svg", 1, {"none/a.svg"}},
        {"history no-such-run", 1, {"capas plot history: ", "no-such-run", "No such file"}},
        {"history empty.csv", 1, {"empty.csv", "line 1"}},
        {"history untrained.csv", 1, {"no epoch to draw"}},
        {"history untrained.csv --metric loss", 1, {"no epoch to draw"}},
        {"history run --metric acuracy", 1, {"did you mean \"accuracy\"?"}},
        {"filters run/model.keras --layer frist", 1, {"did you mean \"first\"?"}},
        {"filters run/model.keras --layer out", 1, {"out is a Dense"}},
        {"confusion none.keras", 1, {"none.keras"}},
        {"augmented r.yaml --count 3", 1, {"the same in 3 epochs", "augment"}},
    };
    put_file("empty.csv", "");
    put_file("untrained.csv", "epoch,accuracy,loss\r\n");
    for (size_t i = 0; i < CAPAS_COUNT(all); i++) {
        int count = 0;
        while (count < TEXTS && all[i].texts[count])
            count++;
        program_run run = run_program("plot %s", all[i].arguments);
        assert_true(program_fails(&run, all[i].status, all[i].texts, count));
        assert_string_equal(run.output, "");
        program_run_free(&run);
    }
}

static void every_kind_has_help(void **state)
{
    (void)state;
    static const char *const kinds[] = {"history",  "samples", "pixels",   "augmented", "confusion",
                                        "mistakes", "filters", "features", "edges"};
    program_run list = run_program("plot --help");
    assert_int_equal(list.status, 0);
    for (size_t i = 0; i < CAPAS_COUNT(kinds); i++) {
        char example[64];
        snprintf(example, sizeof example, "  capas plot %s ", kinds[i]);
        assert_non_null(strstr(list.output, kinds[i]));
        program_run run = run_program("plot %s --help", kinds[i]);
        assert_int_equal(run.status, 0);
        assert_non_null(strstr(run.output, example));
        assert_non_null(strstr(run.output, "--out FILE"));
        program_run_free(&run);
    }
    program_run_free(&list);
}

static int train(void **state)
{
    (void)state;
    idx_set_write("set", "train", 0);
    idx_set_write("set", "t10k", 0);
    put_file("r.yaml", recipe);
    program_run run = run_program("train r.yaml --out run --fresh --verbose 0");
    if (run.status != 0) print_error("%s\n", run.errors);
    int failed = run.status != 0;
    program_run_free(&run);
    return failed;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_leaves_its_curves), /* before others draw there */
        cmocka_unit_test(every_kind_leaves_its_picture),
        cmocka_unit_test(each_metric_has_its_picture),
        cmocka_unit_test(mistakes_are_drawn_or_there_are_none),
        cmocka_unit_test(wrong_use_and_failures_are_told),
        cmocka_unit_test(every_kind_has_help),
    };
    return cmocka_run_group_tests(tests, train, NULL);
}
