/* Damaged copies of files, made by chance: the same ones in each run. */
#ifndef CAPAS_TESTS_MUTATE_H
#define CAPAS_TESTS_MUTATE_H

#include <stddef.h>

/* Begins the chances anew for a file of `size` bytes. */
void mutate_seed(size_t size);

/* 0 to below - 1. */
size_t mutate_chance(size_t below);

/* A damaged copy of *size bytes, which then says how many it has; to be given to capas_release. */
char *mutate_copy(const char *data, size_t *size);

/* How many copies of each file: CAPAS_MUTATIONS in the environment, or else `usual`. */
int mutate_count(int usual);

/* From now on, until capas_set_allocator(NULL), no piece of memory is larger than 64 MB: what a
 * damaged file asks for may be of any size. */
void mutate_limit_memory(void);

#endif
