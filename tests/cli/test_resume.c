/* `capas train`, killed again and again, leaves the same files as if it had not been: config.json,
 * weights and history, byte for byte. It is killed at seeded allocations, which are everywhere; at
 * each call of write (half of it done), fsync and rename; and from outside. The lives are children
 * of this process that call the verb itself, so that nothing depends on time. */
#include "support/cmocka.h"
#include "support/program.h"

#include "base/file.h"
#include "base/philox.h"
#include "base/system.h"
#include "command.h"
#include <capas/capas.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIDE = 8, TRAIN = 200, TEST = 40, CLASSES = 4, MOST_LIVES = 200, MOST_ARGUMENTS = 24 };

/* Data: noise with a bright bar whose place is the class. */
static void write_part(const char *part, int count, uint64_t seed)
{
    static uint8_t images[16 + TRAIN * SIDE * SIDE], labels[8 + TRAIN];
    char path[64];
    memcpy(images, (uint8_t[]){0, 0, 8, 3, 0, 0, 0, (uint8_t)count, 0, 0, 0, SIDE, 0, 0, 0, SIDE},
           16);
    memcpy(labels, (uint8_t[]){0, 0, 8, 1, 0, 0, 0, (uint8_t)count}, 8);
    for (int i = 0; i < count; i++) {
        labels[8 + i] = (uint8_t)(i % CLASSES);
        for (int p = 0; p < SIDE * SIDE; p++) {
            uint32_t word[4];
            capas_philox((capas_random){.seed = seed}, (uint64_t)(i * SIDE * SIDE + p), word);
            bool bright = p / SIDE / 2 == i % CLASSES && word[1] % 3 > 0;
            images[16 + i * SIDE * SIDE + p] = (uint8_t)(bright ? 128 + word[0] % 128 : word[0]);
        }
    }
    snprintf(path, sizeof path, "set/%s-images-idx3-ubyte", part);
    assert_int_equal(capas_write_file(path, images, 16 + (size_t)count * SIDE * SIDE), CAPAS_OK);
    snprintf(path, sizeof path, "set/%s-labels-idx1-ubyte", part);
    assert_int_equal(capas_write_file(path, labels, 8 + (size_t)count), CAPAS_OK);
}

#define STOP   "{EarlyStopping: {patience: 1, restore_best_weights: true}}"
#define REDUCE "{ReduceLROnPlateau: {patience: 1, factor: 0.3}}"

/* The recipe, with more lines for its fit. */
static void put_recipe(const char *fit)
{
    char text[1024];
    snprintf(text, sizeof text,
             "data: {folder: set, scale: 1/255}\n"
             "model:\n"
             "  - Conv2D: {filters: 3, kernel_size: 3, activation: relu}\n"
             "  - BatchNormalization\n"
             "  - MaxPooling2D\n"
             "  - Flatten\n"
             "  - Dropout: {rate: 0.3}\n"
             "  - Dense: {units: 4, activation: softmax}\n"
             "compile:\n"
             "  optimizer: {Adam: {learning_rate: 0.01}}\n"
             "  loss: sparse_categorical_crossentropy\n"
             "  metrics: [accuracy]\n"
             "fit:\n"
             "  batch_size: 16\n"
             "  epochs: 6\n"
             "  validation_split: 0.2\n"
             "%s",
             fit);
    put_file("net.yaml", text);
}

static int make_files(void **state)
{
    (void)state;
    assert_int_equal(system("rm -rf set runs && mkdir set"), 0);
    write_part("train", TRAIN, 1);
    write_part("t10k", TEST, 2);
    put_recipe("");
    return 0;
}

/* When a life ends, and what happened in it; shared with the child. */
typedef struct fate {
    long allocations_left, calls_left;  /* until it is killed; -1: never */
    long allocations, calls, last_call; /* that it made; what it was killed in */
} fate;

static fate *shared;
enum { IN_WRITE = 1, IN_FSYNC, IN_RENAME };

static void *counted_allocate(size_t size, size_t alignment, void *context)
{
    void *memory = NULL;
    (void)context;
    shared->allocations++;
    if (shared->allocations_left >= 0 && shared->allocations_left-- == 0) raise(SIGKILL);
    return posix_memalign(&memory, alignment, size) == 0 ? memory : NULL;
}

static void counted_release(void *memory, void *context)
{
    (void)context;
    free(memory);
}

static bool is_the_last(long call)
{
    shared->calls++;
    bool last = shared->calls_left >= 0 && shared->calls_left-- == 0;
    if (last) shared->last_call = call;
    return last;
}

static ssize_t counted_write(int file, const void *data, size_t size)
{
    if (is_the_last(IN_WRITE)) {
        size = (size_t)write(file, data, size / 2);
        raise(SIGKILL);
    }
    return write(file, data, size);
}

/* What was written is there after a kill; fsync is for the machine's own end. */
static int counted_fsync(int file)
{
    (void)file;
    if (is_the_last(IN_FSYNC)) raise(SIGKILL);
    return 0;
}

static int counted_rename(const char *from, const char *to)
{
    if (is_the_last(IN_RENAME)) raise(SIGKILL);
    return rename(from, to);
}

static void live(const char *line)
{
    static const capas_allocator allocator = {counted_allocate, counted_release, NULL};
    char words[512], *arguments[MOST_ARGUMENTS];
    int count = 0, log = open("log", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    dup2(log, 1);
    dup2(log, 2);
    snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
        arguments[count++] = word;
    capas_set_allocator(&allocator);
    capas_system.write = counted_write;
    capas_system.fsync = counted_fsync;
    capas_system.rename = counted_rename;
    int status = cli_train.run(&cli_train, count, arguments);
    fflush(stdout);
    _exit(status);
}

/* One life; true when it came to its end, false when it was killed. */
static bool come_to_end(const char *line, long allocations, long calls)
{
    int status;
    *shared = (fate){.allocations_left = allocations, .calls_left = calls};
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) live(line);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return false;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    char *log = get_file("log", NULL);
    fail_msg("status %d: %s", status, log ? log : "");
    return false;
}

static void assert_told(const char *text)
{
    char *log = get_file("log", NULL);
    assert_non_null(log);
    if (!strstr(log, text)) fail_msg("no \"%s\" in: %s", text, log);
    free(log);
}

static void assert_same_file(const char *file, const char *a, const char *b)
{
    char path[128];
    long size_a, size_b;
    snprintf(path, sizeof path, "runs/%s/%s", a, file);
    char *data_a = get_file(path, &size_a);
    snprintf(path, sizeof path, "runs/%s/%s", b, file);
    char *data_b = get_file(path, &size_b);
    assert_true(data_a != NULL && data_b != NULL && size_a > 0);
    if (size_a != size_b || memcmp(data_a, data_b, (size_t)size_a) != 0)
        fail_msg("%s of %s and %s differ", file, a, b);
    free(data_a);
    free(data_b);
}

/* An archive of equal entries has equal bytes: config.json and model.weights.h5 are in it. */
static void assert_same_run(const char *a, const char *b)
{
    assert_same_file("model.keras", a, b);
    assert_same_file("history.csv", a, b);
    char command[128];
    snprintf(command, sizeof command, "ls -A runs/%s | grep -e tmp -e new -e previous", b);
    assert_int_not_equal(system(command), 0); /* nothing is left lying about */
    snprintf(command, sizeof command,
             "[ $(wc -l <runs/%s/timing.csv) = $(wc -l <runs/%s/timing.csv) ]", a, b);
    assert_int_equal(system(command), 0);
}

typedef struct scenario {
    const char *fit;
    int kills; /* at allocations; that there must be at least */
} scenario;

static const scenario scenarios[] = {
    {"  callbacks: [" STOP "]\n", 3},
    {"  callbacks: [" REDUCE ", {BackupAndRestore: {backup_dir: own, save_freq: 3}}]\n", 8},
    {"  steps_per_epoch: 7\n"
     "  callbacks: [" STOP ", {BackupAndRestore: {backup_dir: own, save_freq: 1, "
     "double_checkpoint: true}}]\n",
     8},
};

enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

#define ARGUMENTS "net.yaml --verbose 0 --seed 3 --out runs/"

static void run_whole(const char *fit)
{
    put_recipe(fit);
    assert_int_equal(system("rm -rf own runs"), 0);
    assert_true(come_to_end(ARGUMENTS "whole", -1, -1));
    assert_int_equal(system("rm -rf own"), 0);
}

/* Each life is a little longer than the one before, so that the last comes to the end. */
static void killed_anywhere(void **state)
{
    (void)state;
    int all = 0;
    for (int s = 0; s < SCENARIOS; s++) {
        run_whole(scenarios[s].fit);
        long whole = shared->allocations, kills = 0;
        while (kills < MOST_LIVES) {
            uint32_t word[4];
            capas_philox((capas_random){.seed = (uint64_t)s}, (uint64_t)kills, word);
            long life = (long)(word[0] % (uint32_t)(whole / 2)) + kills * whole / 60;
            if (come_to_end(ARGUMENTS "part", life, -1)) break;
            kills++;
        }
        if (kills < scenarios[s].kills) fail_msg("only %ld kills in scenario %d", kills, s);
        assert_same_run("whole", "part");
        all += (int)kills;
    }
    assert_true(all >= 20);
}

/* The first life ends in its first call, the second in its second, ... */
static void killed_in_each_call_of_a_checkpoint(void **state)
{
    (void)state;
    long kinds[4] = {0};
    for (int s = 0; s < SCENARIOS; s++) {
        run_whole(scenarios[s].fit);
        long kills = 0;
        while (kills < MOST_LIVES && !come_to_end(ARGUMENTS "part", -1, kills)) {
            kinds[shared->last_call]++;
            kills++;
        }
        assert_same_run("whole", "part");
    }
    assert_true(kinds[IN_WRITE] >= 10 && kinds[IN_FSYNC] >= 3 && kinds[IN_RENAME] >= 3);
}

static void more_epochs_are_as_if_asked_for_at_once(void **state)
{
    (void)state;
    static const char few[] = ARGUMENTS "part --set fit.epochs=2", all[] = ARGUMENTS "part";
    run_whole("  callbacks: [" REDUCE "]\n");
    assert_true(come_to_end(few, -1, -1));
    long kills = 0;
    while (kills < MOST_LIVES && !come_to_end(all, -1, kills * 3))
        kills++;
    assert_true(kills > 1);
    assert_same_run("whole", "part");
    assert_told("trained 6 epochs");
    assert_true(come_to_end(all, -1, -1)); /* now it is only shown */
    assert_told("runs/part holds this run, finished");
}

/* The program itself, by the shell: SIGKILL, then Ctrl-C, then to the end. */
static void killed_from_outside(void **state)
{
    (void)state;
    put_recipe("");
    static const char options[] = "net.yaml --seed 3 --verbose 2 --set fit.epochs=120";
    program_run run = run_program("train %s --fresh --out runs/whole", options);
    assert_int_equal(run.status, 0);
    program_run_free(&run);
    static const struct {
        const char *signal;
        int epochs, status; /* of this life, before the signal; what it then ends with */
    } kills[] = {{"KILL", 2, 137}, {"KILL", 15, 137}, {"TERM", 12, 1}, {"INT", 5, 1}};
    assert_int_equal(system("rm -rf runs/part"), 0);
    for (size_t i = 0; i < sizeof kills / sizeof kills[0]; i++) {
        run = run_line("rm -f log; \"$CAPAS_PROGRAM\" train %s --out runs/part 2>log & "
                       "until [ \"$(grep -s -c Epoch log)\" -ge %d ] 2>/dev/null || "
                       "! kill -0 $! 2>/dev/null; do sleep 0.01; done; kill -%s $!; wait $!",
                       options, kills[i].epochs, kills[i].signal);
        /* 0: it had come to its end before the signal. */
        if (run.status != kills[i].status && run.status != 0)
            fail_msg("%s: status %d", kills[i].signal, run.status);
        if (run.status == 1) assert_told("The same command goes on from there.");
        program_run_free(&run);
    }
    run = run_program("train %s --out runs/part", options);
    assert_int_equal(run.status, 0);
    program_run_free(&run);
    assert_same_run("whole", "part");
}

/* Also with --fresh: the other one is still writing its files. */
static void one_at_a_time(void **state)
{
    (void)state;
    static const char *const told[] = {"another capas train is at work in runs/shared",
                                       "--out DIR"};
    put_recipe("");
    assert_int_equal(capas_make_folder("runs/shared"), CAPAS_OK);
    int folder = open("runs/shared", O_RDONLY | O_DIRECTORY);
    assert_true(folder >= 0);
    assert_int_equal(flock(folder, LOCK_EX | LOCK_NB), 0);
    for (int fresh = 0; fresh < 2; fresh++) {
        program_run run =
            run_program("train net.yaml --out runs/shared%s", fresh ? " --fresh" : "");
        assert_true(program_fails(&run, 1, told, 2));
        program_run_free(&run);
    }
    close(folder);
    program_run run = run_program("train net.yaml --out runs/shared --set fit.epochs=1");
    assert_int_equal(run.status, 0);
    program_run_free(&run);
}

int main(void)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_anywhere),
        cmocka_unit_test(killed_in_each_call_of_a_checkpoint),
        cmocka_unit_test(more_epochs_are_as_if_asked_for_at_once),
        cmocka_unit_test(killed_from_outside),
        cmocka_unit_test(one_at_a_time),
    };
    return cmocka_run_group_tests(tests, make_files, NULL);
}
