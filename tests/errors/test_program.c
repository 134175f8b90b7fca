/* Wrong use of the program ends with 2 and says how it is used; models that are broken, folders
 * that cannot be written and full disks end with 1 and say so; the file that was there is kept. */
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/idx_set.h"
#include "support/program.h"

#include "base/option.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXTS = 5 };

typedef struct expectation {
    const char *arguments;
    int status;
    const char *texts[TEXTS];
} expectation;

static int count_texts(const char *const *texts)
{
    int count = 0;
    while (count < TEXTS && texts[count] != NULL)
        count++;
    return count;
}

static void assert_all(const expectation *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        program_run run = run_program("%s", all[i].arguments);
        assert_true(program_fails(&run, all[i].status, all[i].texts, count_texts(all[i].texts)));
        assert_string_equal(run.output, "");
        program_run_free(&run);
    }
}

static void wrong_use_ends_with_2(void **state)
{
    (void)state;
    static const expectation all[] = {
        {"", 2, {"Use: capas VERB", "train", "predict"}},
        {"trian", 2, {"no verb \"trian\"", "did you mean \"train\"?"}},
        {"train", 2, {"capas train: ", "missing", "RECIPE", "--help"}},
        {"train a b", 2, {"capas train: ", "too many", "\"b\""}},
        {"train a --sed 7", 2, {"no option \"--sed\"", "did you mean --s"}},
        {"train a --seed", 2, {"a value is missing after", "--seed"}},
        {"train a --seed seven", 2, {"--seed needs a whole number", "\"seven\""}},
        {"train a --seed -3", 2, {"--seed", "at least 0"}},
        {"train a --fresh=1", 2, {"takes no value", "--fresh=1"}},
        {"train a --out ''", 2, {"--out must be the path of a folder"}},
        {"train a --verbose 3", 2, {"--verbose must be 0, 1 or 2"}},
        {"predict model.keras", 2, {"capas predict: ", "missing", "MODEL|NETWORK FILE..."}},
        {"predict m.keras a.png --top -1", 2, {"--top must be at least 1"}},
        {"predict m.keras a.png --scale x", 2, {"--scale", "1/255"}},
        {"evaluate", 2, {"capas evaluate: ", "missing", "MODEL"}},
        {"evaluate m.keras --part half", 2, {"--part must be train or test"}},
        {"evaluate m.keras --batch-size 0", 2, {"--batch-size"}},
        {"summary", 2, {"capas summary: ", "missing", "MODEL|RECIPE"}},
        {"summary a --line-length 3", 2, {"--line-length must be 40 to 1000"}},
        {"bench --seconds 0", 2, {"--seconds"}},
    };
    assert_all(all, CAPAS_COUNT(all));
}

static void help_and_version_end_with_0(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *text;
    } all[] = {
        {"--help", "Use: capas VERB"},       {"--version", "capas 0."},
        {"train --help", "--set KEY=VALUE"}, {"evaluate --help", "--data D"},
        {"predict --help", "--top N"},       {"summary --help", "--cost"},
        {"bench --help", "--seconds S"},
    };
    for (size_t i = 0; i < CAPAS_COUNT(all); i++) {
        program_run run = run_program("%s", all[i].arguments);
        assert_int_equal(run.status, 0);
        assert_string_equal(run.errors, "");
        assert_non_null(strstr(run.output, all[i].text));
        program_run_free(&run);
    }
}

static void models_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *file, *texts[TEXTS];
    } broken[] = {
        {"missing_weight.keras", {"missing_weight.keras", "dense_a", "bias", "missing"}},
        {"wrong_shape.keras", {"wrong_shape.keras", "kernel", "(60, 3)", "(61, 3)"}},
        {"nan_weight.keras", {"nan_weight.keras", "weight ", "NaN"}},
        {"truncated.keras", {"truncated.keras", "truncated"}},
        {"unknown_layer.keras", {"unknown_layer.keras", "MaxPoolingXD", "did you mean"}},
        {"no-such-file.keras", {"no-such-file.keras", "No such file"}},
    };
    for (size_t i = 0; i < CAPAS_COUNT(broken); i++) {
        static const char *const verbs[][2] = {
            {"predict", "a.png"}, {"evaluate", ""}, {"summary", ""}};
        for (size_t v = 0; v < CAPAS_COUNT(verbs); v++) {
            const char *file = golden_path("files/broken/%s", broken[i].file);
            program_run run = run_program("%s \"%s\" %s", verbs[v][0], file, verbs[v][1]);
            assert_true(program_fails(&run, 1, broken[i].texts, count_texts(broken[i].texts)));
            assert_string_equal(run.output, "");
            program_run_free(&run);
        }
    }
    put_file("text.keras", "no model");
    const expectation text = {"predict text.keras a.png", 1, {"text.keras"}};
    assert_all(&text, 1);
}

static const char recipe[] =
    "data: {folder: set, scale: 1/255}\n"
    "model: [{Conv2D: {filters: 2, kernel_size: 3}}, Flatten, {Dense: {units: 2, activation: "
    "softmax}}]\n"
    "compile: {optimizer: adam, loss: sparse_categorical_crossentropy, metrics: [accuracy]}\n";

static void make_recipe(void)
{
    idx_set_write("set", "train", 0);
    idx_set_write("set", "t10k", 0);
    put_file("t.yaml", recipe);
}

static void folders_that_cannot_be_written_are_told_first(void **state)
{
    (void)state;
    make_recipe();
    put_file("occupied", "a file");
    static const expectation all[] = {
        {"train t.yaml --verbose 0 --out occupied/run", 1, {"capas train: ", "occupied"}},
        {"train t.yaml --verbose 0 --out /dev/null/run", 1, {"capas train: ", "/dev/null"}},
        {"train t.yaml --verbose 0 --out occupied", 1, {"capas train: ", "occupied"}},
        {"train t.yaml --verbose 0 --out /proc/self/run", 1, {"capas train: ", "/proc/self/run"}},
    };
    assert_all(all, CAPAS_COUNT(all));
    char *kept = get_file("occupied", NULL);
    assert_string_equal(kept, "a file");
    free(kept);
    if (geteuid() == 0) return; /* whom no mode keeps out */
    mkdir("closed", 0555);
    const expectation closed = {
        "train t.yaml --verbose 0 --out closed", 1, {"capas train: ", "closed"}};
    assert_all(&closed, 1);
}

/* And nothing that is half written; what can be gone on with may be there. */
static void assert_old_file(const char *folder, const char *old)
{
    char path[64];
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (strstr(entry->d_name, ".tmp-") != NULL || strstr(entry->d_name, ".new") != NULL)
            fail_msg("%s was left in %s", entry->d_name, folder);
    closedir(directory);
    snprintf(path, sizeof path, "%s/model.keras", folder);
    char *found = get_file(path, NULL);
    assert_non_null(found);
    assert_string_equal(found, old);
    free(found);
}

static void a_full_disk_keeps_the_old_model(void **state)
{
    (void)state;
    make_recipe();
    mkdir("disk", 0755);
    put_file("disk/model.keras", "the old one");
    program_run run =
        run_line("ulimit -f 4; \"$CAPAS_PROGRAM\" train t.yaml --verbose 0 --out disk --fresh");
    const char *const texts[] = {"capas train: ", "disk/model.keras", "could not be written"};
    assert_true(program_fails(&run, 1, texts, 3));
    program_run_free(&run);
    assert_old_file("disk", "the old one");
    run = run_program("train t.yaml --verbose 0 --json --out printed --fresh >/dev/full");
    const char *const output[] = {"standard output"};
    assert_true(program_fails(&run, 1, output, 1));
    program_run_free(&run);
}

/* The same in JSON, finished runs, and training anew. */
static void a_finished_run_is_not_done_again(void **state)
{
    (void)state;
    make_recipe();
    program_run first = run_program("train t.yaml --verbose 0 --json --out done --fresh");
    assert_int_equal(first.status, 0);
    program_run second = run_program("train t.yaml --verbose 0 --json --out done");
    assert_int_equal(second.status, 0);
    assert_non_null(strstr(second.errors, "done holds this run, finished"));
    assert_string_equal(first.output, second.output);
    assert_non_null(strstr(first.output, "\"accuracy\": "));
    put_file("done/result.json", "{");
    program_run third = run_program("train t.yaml --verbose 0 --out done");
    const char *const texts[] = {"done/result.json", "line "};
    assert_true(program_fails(&third, 1, texts, 2));
    program_run_free(&first);
    program_run_free(&second);
    program_run_free(&third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_use_ends_with_2),
        cmocka_unit_test(help_and_version_end_with_0),
        cmocka_unit_test(models_are_checked),
        cmocka_unit_test(folders_that_cannot_be_written_are_told_first),
        cmocka_unit_test(a_full_disk_keeps_the_old_model),
        cmocka_unit_test(a_finished_run_is_not_done_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
