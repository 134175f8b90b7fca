/* Files that grow line by line; see log_file.h. */
#include "training/log_file.h"
#include "base/file.h"
#include "base/memory.h"
#include <inttypes.h>

capas_status capas_log_file_open(capas_log_file *file)
{
    file->path = capas_copy_string(file->path);
    return file->path ? CAPAS_OK : CAPAS_NO_MEMORY;
}

void capas_log_file_close(capas_log_file *file)
{
    capas_release(file->path);
}

capas_status capas_log_file_begin(capas_log_file *file)
{
    file->started = false;
    file->length = file->append ? capas_file_size(file->path) : 0;
    capas_status status = capas_make_folder_of(file->path);
    if (status == CAPAS_OK)
        status = capas_extend_file(file->path, capas_file_size(file->path), "", 0);
    return status == CAPAS_OK ? CAPAS_OK : capas_fail_in("%s", file->owner);
}

bool capas_log_file_is_empty(const capas_log_file *file)
{
    return file->length == 0;
}

capas_status capas_log_file_put(capas_log_file *file, const char *text, size_t size)
{
    if (capas_extend_file(file->path, file->length, text, size) != CAPAS_OK)
        return capas_fail_in("%s", file->owner);
    file->started = true;
    file->length += (int64_t)size;
    return CAPAS_OK;
}

capas_status capas_log_file_save(const capas_log_file *file, capas_state *state)
{
    return file->started ? capas_state_set_number(state, "file_length", (double)file->length)
                         : CAPAS_OK;
}

capas_status capas_log_file_load(capas_log_file *file, const capas_state *state)
{
    double length;
    if (!capas_state_has(state, "file_length")) return CAPAS_OK;
    CAPAS_TRY(capas_state_get_number(state, "file_length", &length));
    if (!(length >= 0 && length < 9e15))
        return capas_fail(CAPAS_BAD_FILE, "the saved state's \"file_length\" is %.9g", length);
    int64_t found = capas_file_size(file->path);
    file->started = true;
    file->length = (int64_t)length;
    if (found >= file->length) return CAPAS_OK;
    capas_warn("%s: %s has %" PRId64 " bytes, when the training was saved it had %" PRId64
               "; it goes on at the file's end",
               file->owner, file->path, found, file->length);
    file->length = found;
    return CAPAS_OK;
}
