/* Memory that runs out when a test wants it to, and counts its blocks: through capas_set_allocator.
 * What was allocated before or is released afterwards does no harm. */
#ifndef CAPAS_TESTS_SCARCE_MEMORY_H
#define CAPAS_TESTS_SCARCE_MEMORY_H

/* From now on `allowed` allocations succeed and all later ones fail; -1: none fails. */
void scarce_memory_begin(long allowed);

/* The C library's memory again. */
void scarce_memory_end(void);

/* Since scarce_memory_begin: allocations asked for, and blocks made and not released. */
long scarce_memory_asked(void);
long scarce_memory_live(void);

#endif
