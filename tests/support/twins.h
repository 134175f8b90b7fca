/* Tuned kernels held against their plain twins. A case names a family, a problem and the arrays
 * that the arguments point to; each tuned kernel that this processor runs and that accepts the
 * problem then gets fresh copies of them, in memory of exactly their size, and must give what the
 * plain kernel gives in double, and the same bits with 1, 2, 3 and 8 threads.
 *
 *     twin_case c = twin_case_of("relu", CAPAS_FAMILY_activate_forward, &problem, &arguments,
 *                                sizeof arguments);
 *     twin_input(&c, offsetof(capas_activate_arguments, input), values, count);
 *     twin_output(&c, offsetof(capas_activate_arguments, output), count);
 *     twin_check(&c);
 *
 * The problem's `workers` must be 8 (TWIN_WORKERS). */
#ifndef CAPAS_TESTS_TWINS_H
#define CAPAS_TESTS_TWINS_H

#include "kernels/kernel.h"

enum { TWIN_WORKERS = 8, TWIN_MOST_ARRAYS = 12 };

typedef struct twin_array {
    size_t offset; /* of the pointer in the arguments */
    int64_t count;
    const double *value;   /* before the call; NULL: nothing, all bits set */
    const int32_t *labels; /* in its place: whole numbers */
    bool compared;
    int shares; /* -1, or the array whose memory it is */
} twin_array;

typedef struct twin_case {
    const char *name;
    capas_kernel_family family;
    const void *problem;
    const void *arguments;
    size_t arguments_size;
    size_t workspace; /* offset in the arguments; 0: has none */
    size_t prepared;  /* likewise; not 0: weights are prepared where the kernel can */
    double tolerance; /* of the largest value of an array */
    int arrays;
    twin_array array[TWIN_MOST_ARRAYS];
} twin_case;

twin_case twin_case_of(const char *name, capas_kernel_family family, const void *problem,
                       const void *arguments, size_t arguments_size);

/* Arrays of the float type: read, written, or both. */
void twin_input(twin_case *c, size_t offset, const double *value, int64_t count);
void twin_output(twin_case *c, size_t offset, int64_t count);
void twin_changed(twin_case *c, size_t offset, const double *value, int64_t count);
/* Labels, int32. */
void twin_labels(twin_case *c, size_t offset, const int32_t *value, int64_t count);
/* The pointer at `offset` is the one at `of` (work in place). */
void twin_shares(twin_case *c, size_t offset, size_t of);

/* Runs the case; the test fails where the twins differ. */
void twin_check(const twin_case *c);

/* Prints how many cases each tuned kernel of the family ran; fails if one ran none. */
void twin_report(capas_kernel_family family);

/* Numbers in [-1, 1), of which about `live` are not zero. The caller frees. */
double *twin_numbers(int64_t count, double live, uint64_t seed);

#endif
