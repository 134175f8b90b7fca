/* The most memory that a command had at one time, in kilobytes: its own and its children's, what
 * they share counted once (their proportional set sizes, and what lies in mappings that they share,
 * for which it must be root; looked at every other millisecond). And the time to its end.
 *
 *   memory COMMAND [ARGUMENT]... */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_SIZE = 8192, STEP_NANOSECONDS = 2000000 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

/* A file of /proc as a text; "" when it is not there any more. */
static void read_text(const char *path, char text[TEXT_SIZE])
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? 0 : read(file, text, TEXT_SIZE - 1);
    text[size > 0 ? size : 0] = '\0';
    if (file >= 0) close(file);
}

static long line_of(const char *text, const char *name)
{
    const char *line = strstr(text, name);
    return line ? strtol(line + strlen(name), NULL, 10) : 0;
}

/* What the mappings that are shared with children hold, whether anybody has it in his tables or
 * not. */
static long shared_of(long process)
{
    char path[160], line[512];
    long memory = 0;
    snprintf(path, sizeof path, "/proc/%ld/maps", process);
    FILE *maps = fopen(path, "re");
    while (maps && fgets(line, sizeof line, maps)) {
        char range[64], flags[8];
        struct stat about;
        if (sscanf(line, "%63s %7s", range, flags) != 2 || flags[3] != 's') continue;
        if (!strstr(line, "/dev/zero")) continue;
        snprintf(path, sizeof path, "/proc/%ld/map_files/%s", process, range);
        if (stat(path, &about) == 0) memory += (long)(about.st_blocks / 2);
    }
    if (maps) fclose(maps);
    return memory;
}

static long memory_of(long process)
{
    char path[64], text[TEXT_SIZE];
    snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", process);
    read_text(path, text);
    long memory = line_of(text, "\nPss_Anon:") + line_of(text, "\nPss_File:");
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", process, process);
    read_text(path, text);
    char *at = text;
    for (long child; (child = strtol(at, &at, 10)) > 0;)
        memory += memory_of(child);
    return memory;
}

int main(int count, char **arguments)
{
    if (count < 2) return EXIT_FAILURE;
    const double start = now();
    pid_t process = fork();
    if (process == 0) {
        execvp(arguments[1], arguments + 1);
        _exit(127);
    }
    long most = 0;
    int status = 0;
    while (process > 0 && waitpid(process, &status, WNOHANG) == 0) {
        const long memory = memory_of(process) + shared_of(process);
        if (memory > most) most = memory;
        nanosleep(&(struct timespec){0, STEP_NANOSECONDS}, NULL);
    }
    fprintf(stderr, "%ld KB, %.0f ms\n", most, now() - start);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
