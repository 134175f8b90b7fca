/* Mapping files; see mapping.h. */
#include "base/mapping.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static capas_status map(const char *path, int file, capas_mapping *mapping)
{
    struct stat found;
    if (fstat(file, &found) != 0) return capas_fail(CAPAS_NO_FILE, "%s: %m", path);
    if (!S_ISREG(found.st_mode))
        return capas_fail(CAPAS_NO_FILE, "%s is no file; a model's file was expected", path);
    if (found.st_size == 0) return capas_fail(CAPAS_BAD_FILE, "%s is empty", path);
    void *data = mmap(NULL, (size_t)found.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (data == MAP_FAILED) return capas_fail(CAPAS_NO_MEMORY, "%s cannot be mapped: %m", path);
    *mapping = (capas_mapping){data, (size_t)found.st_size};
    return CAPAS_OK;
}

capas_status capas_map_file(const char *path, capas_mapping *mapping)
{
    *mapping = (capas_mapping){0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return capas_fail(CAPAS_NO_FILE, "%s cannot be opened: %m", path);
    capas_status status = map(path, file, mapping);
    close(file);
    return status;
}

void capas_unmap(capas_mapping *mapping)
{
    if (mapping->size > 0) munmap((void *)(size_t)mapping->data, mapping->size);
    *mapping = (capas_mapping){0};
}
