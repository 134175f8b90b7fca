/* The cache of unpacked data: an entry is taken when it is right, and only then; whatever happens
 * to it, the data are those of the source, and nobody is told. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/system.h"
#include "data/cache.h"
#include "data/idx.h"
#include "support/cmocka.h"
#include "support/scarce_memory.h"
#include <capas/runtime.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

/* A little over the size from which sets are kept. */
enum { COUNT = 1400, SIDE = 28, PIXELS = COUNT * SIDE * SIDE, PATH = 400 };

static const char images_name[] = "set/train-images-idx3-ubyte.gz";
static uint8_t images[16 + PIXELS] = {0, 0, 8, 3,    0, 0, COUNT >> 8, COUNT & 255,
                                      0, 0, 0, SIDE, 0, 0, 0,          SIDE};
static uint8_t labels[8 + COUNT] = {0, 0, 8, 1, 0, 0, COUNT >> 8, COUNT & 255};

static void write_images(int seed)
{
    for (int i = 0; i < PIXELS; i++)
        images[16 + i] = (uint8_t)((unsigned)(i + seed) * 2654435761u >> 13);
    gzFile file = gzopen(images_name, "wb1");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, images, sizeof images), sizeof images);
    assert_int_equal(gzclose(file), Z_OK);
}

static void no_cache(void)
{
    assert_int_equal(system("rm -rf cache home"), 0);
}

/* A set and an empty cache. */
static int begin(void **state)
{
    (void)state;
    capas_make_folder("set");
    write_images(0);
    assert_int_equal(capas_write_file("set/train-labels-idx1-ubyte", labels, sizeof labels), 0);
    no_cache();
    setenv("CAPAS_CACHE", "cache", 1);
    return 0;
}

/* The only entry in a folder, as a path; empty when there is none. */
static const char *entry_in(const char *folder)
{
    static char path[PATH];
    int found = 0;
    path[0] = '\0';
    DIR *open_folder = opendir(folder);
    if (!open_folder) return path;
    for (const struct dirent *entry; (entry = readdir(open_folder));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%.200s", folder, entry->d_name);
        found++;
    }
    closedir(open_folder);
    assert_true(found <= 1);
    return path;
}

/* Whether this process has the entry mapped. */
static bool is_mapped(void)
{
    char line[1000];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps))
        found = found || strstr(line, "/train-images-idx3-ubyte.gz-");
    fclose(maps);
    return found;
}

/* Loads the set; says whether its pictures came from the cache. */
static bool load(void)
{
    capas_idx_place place;
    capas_idx idx;
    assert_int_equal(capas_idx_find("set", &place), CAPAS_OK);
    if (capas_idx_load(&place, CAPAS_IDX_TRAIN, &idx) != CAPAS_OK) fail_msg("%s", capas_error());
    bool mapped = is_mapped();
    assert_int_equal(idx.count, COUNT);
    assert_memory_equal(idx.images, images + 16, PIXELS);
    assert_memory_equal(idx.labels, labels + 8, COUNT);
    if (idx.levels) {
        int64_t levels[CAPAS_LEVELS];
        capas_count_levels(images + 16, PIXELS, levels);
        assert_memory_equal(idx.levels, levels, sizeof levels);
    }
    assert_true(idx.levels || !mapped);
    capas_idx_free(&idx);
    assert_false(is_mapped());
    return mapped;
}

static void keeps_what_it_unpacked(void **state)
{
    (void)state;
    assert_false(load());
    assert_string_not_equal(entry_in("cache"), "");
    assert_true(load());
    assert_true(load());
}

static void knows_a_changed_source(void **state)
{
    (void)state;
    struct stat before;
    load();
    assert_int_equal(stat(images_name, &before), 0);
    write_images(1);
    const struct timespec times[2] = {before.st_atim, before.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, images_name, times, 0), 0); /* as cp -p or tar would */
    assert_false(load());
    assert_true(load());
    entry_in("cache"); /* the old one is gone */
}

static void flip(const char *path, int64_t at)
{
    uint8_t byte;
    int file = open(path, O_RDWR);
    assert_true(file >= 0);
    assert_int_equal(pread(file, &byte, 1, at), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(file, &byte, 1, at), 1);
    close(file);
}

static void notices_damage(void **state)
{
    (void)state;
    static const int64_t places[] = {
        0, 9, 20, 1500, 1580, 1600, 1700, 3600, 4000, 4095, 4096, 9999, 4096 + PIXELS - 1};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        load();
        assert_true(load());
        flip(entry_in("cache"), places[i]);
        assert_false(load());
    }
    static const int64_t lengths[] = {0, 100, 4096, 4096 + PIXELS - 1, 4096 + PIXELS + 1};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_true(load());
        assert_int_equal(truncate(entry_in("cache"), lengths[i]), 0);
        assert_false(load());
    }
    assert_true(load());
}

/* An entry of another user may be anything. */
static void trusts_its_own_user(void **state)
{
    (void)state;
    load();
    if (chown(entry_in("cache"), 12345, (gid_t)-1) != 0) skip();
    assert_false(load());
}

static bool key_with(const char *sum, capas_cache_key *key)
{
    return capas_cache_key_of(images_name, images, 16, PIXELS, sum, key);
}

static bool is_there(const capas_cache_key *key)
{
    capas_cache_map map;
    bool there = capas_cache_open(key, &map);
    assert_true(there == (map.bytes != NULL));
    capas_cache_close(&map);
    return there;
}

/* Data that were not checked do not serve who wants them checked. */
static void tells_checked_from_unchecked(void **state)
{
    (void)state;
    capas_cache_key unchecked, checked, other;
    int64_t levels[CAPAS_LEVELS] = {0};
    assert_true(key_with(NULL, &unchecked));
    assert_true(key_with("0123", &checked));
    assert_true(key_with("4567", &other));
    capas_cache_keep(&unchecked, images + 16, levels);
    assert_true(is_there(&unchecked));
    assert_false(is_there(&checked));
    capas_cache_keep(&checked, images + 16, levels);
    assert_true(is_there(&unchecked));
    assert_true(is_there(&checked));
    assert_false(is_there(&other));
    images[7]++; /* another header */
    assert_true(key_with(NULL, &other));
    assert_false(is_there(&other));
    images[7]--;
}

/* What was read while its source changed is not kept. */
static void keeps_nothing_that_is_old(void **state)
{
    (void)state;
    capas_cache_key key;
    int64_t levels[CAPAS_LEVELS] = {0};
    assert_true(key_with(NULL, &key));
    write_images(2);
    capas_cache_keep(&key, images + 16, levels);
    assert_string_equal(entry_in("cache"), "");
}

static void finds_its_folder(void **state)
{
    (void)state;
    char here[PATH], home[PATH + 10];
    assert_non_null(getcwd(here, sizeof here));
    snprintf(home, sizeof home, "%s/home", here);
    unsetenv("CAPAS_CACHE");
    setenv("XDG_CACHE_HOME", home, 1);
    setenv("HOME", "/dev/null", 1);
    load();
    assert_string_not_equal(entry_in("home/capas"), "");
    setenv("XDG_CACHE_HOME", "home/relative", 1); /* is to be ignored */
    setenv("HOME", home, 1);
    assert_false(load());
    assert_string_not_equal(entry_in("home/.cache/capas"), "");
    assert_true(load());
    setenv("CAPAS_CACHE", "", 1);
    assert_false(load());
    unsetenv("CAPAS_CACHE");
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    assert_false(load());
}

static ssize_t write_to_a_full_disk(int file, const void *data, size_t size)
{
    (void)file, (void)data, (void)size;
    errno = ENOSPC;
    return -1;
}

static int fail_to_rename(const char *from, const char *to)
{
    (void)from, (void)to;
    errno = EROFS;
    return -1;
}

/* Nobody is told, nothing is left behind, and the failure before stays the last. */
static void works_without(void **state)
{
    (void)state;
    const capas_system_calls real = capas_system;
    capas_fail(CAPAS_BAD_DATA, "said before");
    capas_system.write = write_to_a_full_disk;
    assert_false(load());
    capas_system = real;
    assert_string_equal(entry_in("cache"), "");
    capas_system.rename = fail_to_rename;
    assert_false(load());
    capas_system = real;
    assert_string_equal(entry_in("cache"), "");
    setenv("CAPAS_CACHE", "set/train-labels-idx1-ubyte/cache", 1); /* below a file */
    assert_false(load());
    assert_false(load());
    assert_string_equal(capas_error(), "said before");
    assert_int_equal(capas_error_status(), CAPAS_BAD_DATA);
}

static void keeps_nothing_small(void **state)
{
    (void)state;
    capas_cache_key key;
    assert_false(capas_cache_key_of(images_name, images, 16, 1000, NULL, &key));
    assert_false(capas_cache_key_of("nowhere", images, 16, PIXELS, NULL, &key));
    assert_false(capas_cache_key_of("set", images, 16, PIXELS, NULL, &key));
}

static void serves_processes_at_once(void **state)
{
    (void)state;
    enum { PROCESSES = 6 };
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0) {
            load();
            load();
            _exit(0);
        }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_true(load());
    entry_in("cache"); /* and nothing beside it */
}

static void survives_without_memory(void **state)
{
    (void)state;
    capas_dataset *train = NULL;
    for (int round = 0; round < 2; round++) {
        for (long allowed = 0; !train; allowed++) {
            assert_true(allowed < 100);
            scarce_memory_begin(allowed);
            capas_status status = capas_load_idx("set", &train, NULL);
            assert_int_equal(status, train ? CAPAS_OK : CAPAS_NO_MEMORY);
            capas_dataset_free(train);
            assert_int_equal(scarce_memory_live(), 0);
            scarce_memory_end();
            assert_false(is_mapped());
        }
        train = NULL;
        load();
    }
}

/* One thread: qemu, which runs the tests for other processors, forks no program with several. */
int main(void)
{
    capas_set_threads(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(keeps_what_it_unpacked, begin),
        cmocka_unit_test_setup(knows_a_changed_source, begin),
        cmocka_unit_test_setup(notices_damage, begin),
        cmocka_unit_test_setup(trusts_its_own_user, begin),
        cmocka_unit_test_setup(tells_checked_from_unchecked, begin),
        cmocka_unit_test_setup(keeps_nothing_that_is_old, begin),
        cmocka_unit_test_setup(finds_its_folder, begin),
        cmocka_unit_test_setup(works_without, begin),
        cmocka_unit_test_setup(keeps_nothing_small, begin),
        cmocka_unit_test_setup(serves_processes_at_once, begin),
        cmocka_unit_test_setup(survives_without_memory, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
