/* Files: reading within a limit; writing so that, when any step fails, the old file is untouched
 * and nothing is left beside it. */
#include "base/file.h"
#include "base/memory.h"
#include "base/system.h"
#include "support/cmocka.h"
#include "support/scarce_memory.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each test runs in an empty folder, and with the system's own calls. */
static char folder[64];
static capas_system_calls system_calls;

static int enter_folder(void **state)
{
    (void)state;
    system_calls = capas_system;
    strcpy(folder, "files-XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    (void)state;
    capas_system = system_calls;
    return chdir("..");
}

static int count_entries(void)
{
    DIR *entries = opendir(".");
    int count = 0;
    for (struct dirent *entry; (entry = readdir(entries));)
        count += entry->d_name[0] != '.';
    closedir(entries);
    return count;
}

static void assert_file(const char *path, const char *expected, size_t expected_size)
{
    char *data;
    size_t size;
    assert_int_equal(capas_read_file(path, 1 << 20, &data, &size), CAPAS_OK);
    assert_int_equal(size, expected_size);
    assert_memory_equal(data, expected, size);
    assert_int_equal(data[size], 0);
    capas_release(data);
}

static bool error_says(const char *words)
{
    return strstr(capas_error(), words) != NULL;
}

/* Reading ---------------------------------------------------------------------------------------
 */

static void reads_what_was_written(void **state)
{
    (void)state;
    static char large[300000];
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (char)(i * 7);
    assert_int_equal(capas_write_file("large", large, sizeof large), CAPAS_OK);
    assert_file("large", large, sizeof large);
    assert_int_equal(capas_write_file("empty", NULL, 0), CAPAS_OK);
    assert_file("empty", "", 0);
    for (size_t size = 4090; size < 4100; size++) { /* about the size of the first buffer */
        assert_int_equal(capas_write_file("page", large, size), CAPAS_OK);
        assert_file("page", large, size);
    }
    assert_int_equal(count_entries(), 3);
}

static void keeps_to_the_limit(void **state)
{
    (void)state;
    char *data;
    size_t size;
    capas_write_file("ten", "0123456789", 10);
    assert_int_equal(capas_read_file("ten", 10, &data, &size), CAPAS_OK);
    capas_release(data);
    assert_int_equal(capas_read_file("ten", 9, &data, &size), CAPAS_BAD_FILE);
    assert_string_equal(capas_error(), "ten: the file is larger than the 9 bytes allowed");
    assert_null(data);
    assert_int_equal(size, 0);
    /* the size of these is not known beforehand */
    assert_int_equal(capas_read_file("/dev/zero", 10000, &data, &size), CAPAS_BAD_FILE);
    assert_int_equal(capas_read_file("/dev/null", 0, &data, &size), CAPAS_OK);
    assert_int_equal(size, 0);
    capas_release(data);
}

static void says_what_cannot_be_read(void **state)
{
    (void)state;
    char *data;
    size_t size;
    assert_int_equal(capas_read_file("none", 10, &data, &size), CAPAS_NO_FILE);
    assert_string_equal(capas_error(), "none cannot be opened: No such file or directory");
    mkdir("below", 0777);
    assert_int_equal(capas_read_file("below", 10, &data, &size), CAPAS_NO_FILE);
    assert_string_equal(capas_error(), "below is a folder; a file was expected");
    assert_int_equal(capas_read_file("", 10, &data, &size), CAPAS_NO_FILE);
    capas_write_file("file", "text", 4);
    scarce_memory_begin(0);
    assert_int_equal(capas_read_file("file", 10, &data, &size), CAPAS_NO_MEMORY);
    scarce_memory_end();
}

/* Writing ---------------------------------------------------------------------------------------
 */

static int failing_step, calls_before_failure;

static bool fails_now(int step)
{
    return step == failing_step && calls_before_failure-- == 0;
}

static ssize_t failing_write(int file, const void *data, size_t size)
{
    if (fails_now(0)) {
        errno = ENOSPC;
        return -1;
    }
    return system_calls.write(file, data, size < 10 ? size : 10); /* a little at a time */
}

static int failing_fsync(int file)
{
    errno = EIO;
    return fails_now(1) ? -1 : system_calls.fsync(file);
}

static int failing_rename(const char *from, const char *to)
{
    errno = EACCES;
    return fails_now(2) ? -1 : system_calls.rename(from, to);
}

static void fail_at(int step, int calls)
{
    failing_step = step;
    calls_before_failure = calls;
    capas_system.write = failing_write;
    capas_system.fsync = failing_fsync;
    capas_system.rename = failing_rename;
}

static void loses_nothing_when_a_step_fails(void **state)
{
    (void)state;
    static const struct {
        int step, calls;
        const char *says;
    } cases[] = {
        {0, 0, "model.keras could not be written: No space left on device (0 of 26 bytes were)"},
        {0, 2, "model.keras could not be written: No space left on device (20 of 26 bytes were)"},
        {1, 0, "model.keras could not be brought to the disk: Input/output error"},
        {2, 0, "could not be renamed to model.keras: Permission denied"},
    };
    assert_int_equal(capas_write_file("model.keras", "old", 3), CAPAS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fail_at(cases[i].step, cases[i].calls);
        assert_int_equal(capas_write_file("model.keras", "abcdefghijklmnopqrstuvwxyz", 26),
                         CAPAS_WRITE_FAILED);
        if (!error_says(cases[i].says)) fail_msg("found: %s", capas_error());
        assert_file("model.keras", "old", 3);
        assert_int_equal(capas_write_file("new", "x", 1), CAPAS_OK); /* the failure is over */
        assert_int_equal(unlink("new"), 0);
        assert_int_equal(count_entries(), 1);
    }
}

static void tells_of_a_folder_that_is_not_on_the_disk(void **state)
{
    (void)state;
    fail_at(1, 1);
    assert_int_equal(capas_write_file("file", "new", 3), CAPAS_WRITE_FAILED);
    assert_true(error_says("file is written, but its folder could not be brought to the disk"));
    capas_system = system_calls;
    assert_file("file", "new", 3);
    assert_int_equal(count_entries(), 1);
}

static ssize_t interrupted_write(int file, const void *data, size_t size)
{
    errno = EINTR;
    return calls_before_failure++ % 2 == 0 ? -1
                                           : system_calls.write(file, data, size < 3 ? size : 3);
}

static ssize_t write_nothing(int file, const void *data, size_t size)
{
    (void)file, (void)data, (void)size;
    return 0;
}

static void goes_on_after_an_interruption(void **state)
{
    (void)state;
    calls_before_failure = 0;
    capas_system.write = interrupted_write;
    assert_int_equal(capas_write_file("file", "0123456789", 10), CAPAS_OK);
    assert_file("file", "0123456789", 10);
    capas_system.write = write_nothing;
    assert_int_equal(capas_write_file("file", "new", 3), CAPAS_WRITE_FAILED);
    assert_file("file", "0123456789", 10);
}

/* The system itself refuses to go on, with a signal that would end the process. */
static void survives_the_limit_of_file_sizes(void **state)
{
    (void)state;
    static char large[100000];
    struct rlimit before, small;
    capas_write_file("file", "old", 3);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 5000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    capas_status status = capas_write_file("file", large, sizeof large);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, CAPAS_WRITE_FAILED);
    assert_true(error_says("file could not be written: File too large (5000 of 100000"));
    assert_file("file", "old", 3);
    assert_int_equal(count_entries(), 1);
    sigset_t pending;
    sigpending(&pending);
    assert_false(sigismember(&pending, SIGXFSZ));
}

static int pipe_reader;

static ssize_t write_after_the_reader_left(int file, const void *data, size_t size)
{
    close(pipe_reader);
    return system_calls.write(file, data, size);
}

static void survives_a_pipe_whose_reader_leaves(void **state)
{
    (void)state;
    struct stat found;
    char text[8] = "";
    assert_int_equal(mkfifo("pipe", 0666), 0);
    pipe_reader = open("pipe", O_RDONLY | O_NONBLOCK);
    assert_int_equal(capas_write_file("pipe", "through", 7), CAPAS_OK);
    assert_int_equal(read(pipe_reader, text, 7), 7);
    assert_string_equal(text, "through");
    capas_system.write = write_after_the_reader_left;
    assert_int_equal(capas_write_file("pipe", "x", 1), CAPAS_WRITE_FAILED);
    assert_string_equal(capas_error(),
                        "pipe could not be written: Broken pipe (0 of 1 bytes were)");
    assert_int_equal(stat("pipe", &found), 0);
    assert_true(S_ISFIFO(found.st_mode)); /* no file took its place */
}

/* The file has room for nothing, and is no regular file. */
static void survives_a_full_device(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK) != 0) skip();
    assert_int_equal(capas_write_file("/dev/full", "x", 1), CAPAS_WRITE_FAILED);
    assert_true(error_says("No space left on device"));
    assert_int_equal(access("/dev/full", W_OK), 0);
}

static void keeps_the_mode_and_follows_links(void **state)
{
    (void)state;
    mkdir("data", 0777);
    assert_int_equal(capas_write_file("data/real", "old", 3), CAPAS_OK);
    assert_int_equal(chmod("data/real", 0640), 0);
    assert_int_equal(symlink("data/real", "link"), 0);
    assert_int_equal(capas_write_file("link", "new", 3), CAPAS_OK);
    assert_file("data/real", "new", 3);
    struct stat found;
    assert_int_equal(lstat("link", &found), 0);
    assert_true(S_ISLNK(found.st_mode));
    assert_int_equal(stat("data/real", &found), 0);
    assert_int_equal(found.st_mode & 0777, 0640);
}

/* What a killed process with our number left is neither in the way nor taken for ours. */
static void leaves_others_leftovers_alone(void **state)
{
    (void)state;
    char name[64];
    snprintf(name, sizeof name, "file.tmp-%ld", (long)getpid());
    assert_int_equal(capas_write_file(name, "leftover", 8), CAPAS_OK);
    assert_int_equal(capas_write_file("file", "new", 3), CAPAS_OK);
    assert_file("file", "new", 3);
    assert_file(name, "leftover", 8);
    assert_int_equal(count_entries(), 2);
}

static void says_what_cannot_be_written(void **state)
{
    (void)state;
    assert_int_equal(capas_write_file("none/file", "x", 1), CAPAS_WRITE_FAILED);
    assert_true(error_says("could not be made: No such file or directory"));
    mkdir("below", 0777);
    assert_int_equal(capas_write_file("below", "x", 1), CAPAS_WRITE_FAILED);
    assert_string_equal(capas_error(), "below is a folder; a file was to be written there");
    for (long allowed = 0; allowed < 2; allowed++) {
        scarce_memory_begin(allowed);
        assert_int_equal(capas_write_file("file", "x", 1), CAPAS_NO_MEMORY);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
    }
    assert_int_equal(count_entries(), 1);
}

/* Folders ---------------------------------------------------------------------------------------
 */

static void makes_folders(void **state)
{
    (void)state;
    struct stat found;
    assert_int_equal(capas_make_folder("a/b//c/"), CAPAS_OK);
    assert_int_equal(stat("a/b/c", &found), 0);
    assert_true(S_ISDIR(found.st_mode));
    assert_int_equal(capas_make_folder("a/b/c"), CAPAS_OK);
    assert_int_equal(capas_make_folder("/"), CAPAS_OK);
    assert_int_equal(capas_make_folder("."), CAPAS_OK);
    assert_int_equal(capas_make_folder(""), CAPAS_INVALID_ARGUMENT);
    capas_write_file("a/file", "x", 1);
    assert_int_equal(capas_make_folder("a/file"), CAPAS_WRITE_FAILED);
    assert_string_equal(capas_error(), "a/file is a file; a folder was to be made there");
    assert_int_equal(capas_make_folder("a/file/d"), CAPAS_WRITE_FAILED);
    assert_int_equal(capas_make_folder("/proc/none/d"), CAPAS_WRITE_FAILED);
    assert_true(error_says("the folder /proc/none cannot be made: "));
    scarce_memory_begin(0);
    assert_int_equal(capas_make_folder("z"), CAPAS_NO_MEMORY);
    scarce_memory_end();
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Process 1 is always there, and none has a number this large. */
static void what_killed_processes_left_is_removed(void **state)
{
    (void)state;
    static const char *const names[] = {"left/a.tmp-999999999",
                                        "left/a.tmp-999999999-2",
                                        "left/a.tmp-1",
                                        "left/b.tmp-999999999",
                                        "left/a",
                                        "left/a.tmp-x",
                                        "left/a.tmp-999999999x"};
    assert_int_equal(capas_make_folder("left"), CAPAS_OK);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(capas_write_file(names[i], "x", 1), CAPAS_OK);
    capas_remove_leftovers("left/a");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is_there(names[i]) != (i >= 2)) fail_msg("%s", names[i]);
    capas_remove_leftovers("left/");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is_there(names[i]) != (i == 2 || i >= 4)) fail_msg("%s", names[i]);
    capas_remove_leftovers("missing/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(reads_what_was_written),
        IN_FOLDER(keeps_to_the_limit),
        IN_FOLDER(says_what_cannot_be_read),
        IN_FOLDER(loses_nothing_when_a_step_fails),
        IN_FOLDER(tells_of_a_folder_that_is_not_on_the_disk),
        IN_FOLDER(goes_on_after_an_interruption),
        IN_FOLDER(survives_the_limit_of_file_sizes),
        IN_FOLDER(survives_a_pipe_whose_reader_leaves),
        IN_FOLDER(survives_a_full_device),
        IN_FOLDER(keeps_the_mode_and_follows_links),
        IN_FOLDER(leaves_others_leftovers_alone),
        IN_FOLDER(says_what_cannot_be_written),
        IN_FOLDER(makes_folders),
        cmocka_unit_test(what_killed_processes_left_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
