/* How many processors this process may use: the affinity mask, and the quota that a container or a
 * service manager set through a Linux control group (version 2: cpu.max; version 1:
 * cpu.cfs_quota_us and cpu.cfs_period_us). A quota counts at every level from the process's own
 * group up to the root.
 *
 * Elsewhere than on Linux: the processors that are online. */
#define _GNU_SOURCE
#include "base/cpu.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int online_processors(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online < 1 ? 1 : online > 1 << 20 ? 1 << 20 : (int)online;
}

#ifdef __linux__

enum { PATH_SIZE = 1024, TEXT_SIZE = 4096 };

/* The mask of a machine with more processors than the kernel would tell us of in a small one. */
static int affinity_processors(void)
{
    for (int bits = CPU_SETSIZE; bits <= 1 << 16; bits *= 4) {
        cpu_set_t *set = CPU_ALLOC(bits);
        if (!set) break;
        int processors = 0;
        if (sched_getaffinity(0, CPU_ALLOC_SIZE(bits), set) == 0)
            processors = CPU_COUNT_S(CPU_ALLOC_SIZE(bits), set);
        CPU_FREE(set);
        if (processors > 0) return processors;
    }
    return online_processors();
}

/* The start of a small file as a string; false when it cannot be read. */
static bool read_text(const char *path, char text[TEXT_SIZE])
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    size_t length = 0;
    ssize_t got;
    while (length < TEXT_SIZE - 1 && (got = read(file, text + length, TEXT_SIZE - 1 - length)) > 0)
        length += (size_t)got;
    close(file);
    text[length] = '\0';
    return length > 0;
}

static int round_up(double quota, double period)
{
    if (!(quota > 0) || !(period > 0)) return 0; /* "max" and -1 mean no quota */
    double processors = quota / period;
    if (processors > 1 << 20) return 0;
    int whole = (int)processors;
    return whole < processors ? whole + 1 : whole;
}

/* The quota that one group's folder states; 0 for none. */
static int quota_of_folder(const char *folder, bool version2)
{
    char path[PATH_SIZE + 32], text[TEXT_SIZE];
    snprintf(path, sizeof path, "%s/%s", folder, version2 ? "cpu.max" : "cpu.cfs_quota_us");
    if (!read_text(path, text)) return 0;
    char *rest;
    double quota = strtod(text, &rest);
    if (version2) return rest == text ? 0 : round_up(quota, strtod(rest, NULL));
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    return read_text(path, text) ? round_up(quota, strtod(text, NULL)) : 0;
}

static int smaller_quota(int a, int b)
{
    if (a == 0) return b;
    return b == 0 || a < b ? a : b;
}

/* Climbs from the group to the root. Inside a container the group's path is often that of the host
 * and not there; the mount itself then is the group. */
static int quota_of_group(const char *mount, const char *group, bool version2)
{
    char folder[PATH_SIZE];
    size_t top = strlen(mount);
    int length = snprintf(folder, sizeof folder, "%s%s", mount, group);
    if (length < 0 || (size_t)length >= sizeof folder) return 0;
    int quota = 0;
    for (;;) {
        quota = smaller_quota(quota, quota_of_folder(folder, version2));
        char *last = strrchr(folder + top, '/');
        if (!last) return quota;
        *last = '\0';
    }
}

/* Whether "cpu" is among "cpu,cpuacct". */
static bool names_cpu(const char *controllers)
{
    for (const char *name = controllers; name; name = strchr(name, ',')) {
        if (*name == ',') name++;
        size_t length = strcspn(name, ",");
        if (length == 3 && memcmp(name, "cpu", 3) == 0) return true;
    }
    return false;
}

/* A line of /proc/self/cgroup: "0::/path" in version 2, "4:cpu,cpuacct:/path" in version 1. */
static int quota_of_line(const char *root, char *line)
{
    char mount[PATH_SIZE];
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) return 0;
    *group++ = '\0';
    controllers++;
    if (*controllers == '\0') {
        snprintf(mount, sizeof mount, "%s/sys/fs/cgroup", root);
        return quota_of_group(mount, group, true);
    }
    if (!names_cpu(controllers)) return 0;
    snprintf(mount, sizeof mount, "%s/sys/fs/cgroup/cpu", root);
    return quota_of_group(mount, group, false);
}

int capas_cpu_quota(const char *root)
{
    char path[PATH_SIZE], text[TEXT_SIZE];
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    if (!read_text(path, text)) return 0;
    int quota = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        quota = smaller_quota(quota, quota_of_line(root, line));
    return quota;
}

int capas_cpu_processors(void)
{
    int processors = affinity_processors(), quota = capas_cpu_quota("");
    return quota > 0 && quota < processors ? quota : processors;
}

#else

int capas_cpu_quota(const char *root)
{
    (void)root;
    return 0;
}

int capas_cpu_processors(void)
{
    return online_processors();
}

#endif
