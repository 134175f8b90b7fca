/* The process that reads an HDF5 file: libhdf5 falls over some damaged files, and must then not
 * take the program along. It shares with us one room for what it finds, which we look at once it is
 * no more; its memory and time are limited, and it has no output. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "base/system.h"
#include "files/hdf5_inside.h"

#if CAPAS_WITH_KERAS_FILES
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Numbers of one byte become four, compressed ones perhaps more. */
enum { ROOM_PER_BYTE = 8, BYTES_A_SECOND = 1 << 20, LEAST_SECONDS = 10 };
static const size_t least_room = (size_t)16 << 20;
static const size_t spare_memory = (size_t)512 << 20;

static void limit(int resource, size_t most)
{
    struct rlimit now;
    if (getrlimit(resource, &now) != 0) return;
    if (now.rlim_max != RLIM_INFINITY && now.rlim_max < most) return;
    setrlimit(resource, &(struct rlimit){most, most});
}

/* The addresses that the process has already; 0 when that is not known. */
static size_t present_memory(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return 0;
    if (fscanf(file, "%llu", &pages) != 1) pages = 0;
    fclose(file);
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* A fall is the parent's to tell: nothing is printed, dumped or caught. */
static void prepare(size_t image_size)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU};
    size_t memory = present_memory();
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], SIG_DFL);
    if (nowhere >= 0) {
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
    }
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, image_size / BYTES_A_SECOND + LEAST_SECONDS);
    if (memory > 0) limit(RLIMIT_AS, memory + ROOM_PER_BYTE * image_size + spare_memory);
}

static capas_status tell(const capas_extract *room)
{
    switch (room->state) {
    case CAPAS_EXTRACT_DONE:
        return CAPAS_OK;
    case CAPAS_EXTRACT_NO_FILE:
        return capas_fail(CAPAS_BAD_FILE, "it is no HDF5 file, or damaged");
    case CAPAS_EXTRACT_TOO_MUCH:
        return capas_fail(CAPAS_BAD_FILE, "it holds more than a file of its size can hold");
    default:
        return capas_fail(CAPAS_BAD_FILE,
                          "it is damaged: the HDF5 library fell over it; get the file again");
    }
}

static capas_status run(const capas_hdf5_bytes *image, capas_extract *room, size_t size)
{
    capas_hdf5_silence silence;
    capas_hdf5_enter(&silence);
    pid_t child = capas_system.fork();
    if (child == 0) {
        prepare(image->size);
        capas_hdf5_extract(image, room, size);
        _exit(0);
    }
    int error = errno;
    capas_hdf5_leave(&silence);
    if (child < 0)
        return capas_fail(CAPAS_NO_THREAD, "no process could be made to read it: %s",
                          strerror(error));
    /* With SIGCHLD ignored there is nothing to be told, but it is waited for all the same. */
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    return tell(room);
}

capas_extract *capas_hdf5_guarded(const capas_hdf5_bytes *image, size_t *size)
{
    *size = sizeof(capas_extract) + least_room + ROOM_PER_BYTE * image->size;
    void *room = mmap(NULL, *size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED) {
        capas_fail(CAPAS_NO_MEMORY, "there is no memory for %zu bytes", *size);
        return NULL;
    }
    if (run(image, room, *size) == CAPAS_OK) return room;
    munmap(room, *size);
    return NULL;
}
#endif
