/* Writing a small IDX set: big-endian headers, then bytes. */
#include "support/idx_set.h"
#include "base/file.h"
#include "support/cmocka.h"
#include <stdint.h>
#include <stdio.h>

enum { COUNT = IDX_SET_COUNT, SIDE = IDX_SET_SIDE };

static void write_file(const char *folder, const char *part, const char *what, const void *data,
                       size_t size)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s-%s-ubyte", folder, part, what);
    if (capas_write_file(path, data, size) != CAPAS_OK) fail_msg("%s", capas_error());
}

void idx_set_write(const char *folder, const char *part, int label)
{
    uint8_t images[16 + COUNT * SIDE * SIDE] = {0, 0, 8, 3,    0, 0, 0, COUNT,
                                                0, 0, 0, SIDE, 0, 0, 0, SIDE};
    uint8_t labels[8 + COUNT] = {0, 0, 8, 1, 0, 0, 0, COUNT};
    for (int i = 0; i < COUNT; i++) {
        labels[8 + i] = (uint8_t)(label + i % 2);
        for (int p = 0; p < SIDE * SIDE; p++)
            images[16 + i * SIDE * SIDE + p] = (p % SIDE < SIDE / 2) == (i % 2) ? 255 : 0;
    }
    if (capas_make_folder(folder) != CAPAS_OK) fail_msg("%s", capas_error());
    write_file(folder, part, "images-idx3", images, sizeof images);
    write_file(folder, part, "labels-idx1", labels, sizeof labels);
}
