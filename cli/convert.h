/* What `capas convert` has in more than one file. */
#ifndef CAPAS_CLI_CONVERT_H
#define CAPAS_CLI_CONVERT_H

#include "command.h"
#include <capas/flat.h>

/* The bytes in a C source of a flat model; flat->data is released with capas_free. */
capas_status cli_read_source(const char *path, capas_flat *flat);

#endif
