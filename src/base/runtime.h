/* What the process is set to, for the folders to the right of base. */
#ifndef CAPAS_BASE_RUNTIME_H
#define CAPAS_BASE_RUNTIME_H

#include <capas/runtime.h>

/* What capas_set_random_seed last said. */
uint64_t capas_random_seed(void);

#endif
