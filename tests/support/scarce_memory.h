/* Memory that runs out when a test wants it to, and counts its blocks: through capas_set_allocator.
 * What was allocated before or is released afterwards does no harm. */
#ifndef CAPAS_TESTS_SCARCE_MEMORY_H
#define CAPAS_TESTS_SCARCE_MEMORY_H

#include <capas/status.h>

/* Runs it with all memory, for what is made once, and then with ever more allocations, at most
 * `most`, until it succeeds: before, each run ends with CAPAS_NO_MEMORY; none leaves anything. */
void scarce_memory_everywhere(capas_status (*once)(void), long most);

/* From now on `allowed` allocations succeed and all later ones fail; -1: none fails. */
void scarce_memory_begin(long allowed);

/* The C library's memory again. */
void scarce_memory_end(void);

/* Since scarce_memory_begin: allocations asked for, and blocks made and not released. */
long scarce_memory_asked(void);
long scarce_memory_live(void);

#endif
