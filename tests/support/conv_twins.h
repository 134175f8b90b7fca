/* Tuned convolutions held against their plain twins in double: values, positions of maxima,
 * gradients, and the same bits for any number of threads. */
#ifndef CAPAS_TESTS_CONV_TWINS_H
#define CAPAS_TESTS_CONV_TWINS_H

#include "support/conv_case.h"

/* One case: a problem, which of its images, and what is in them (conv_case.h). `name` is what a
 * failure says; `runs` how many numbers of threads are tried, at most 4. */
typedef struct conv_twins_case {
    const char *name;
    const capas_conv_problem *problem;
    int n, runs;
    uint64_t seed;
    conv_values values;
    double live;
} conv_twins_case;

/* Forward, and for training backward, by every tuned kernel that accepts. The test fails where one
 * differs. */
void conv_twins_check(const conv_twins_case *c);

/* Calls a check for each tuned kernel of the family that this processor runs and that accepts. */
typedef void conv_kernel_check(const char *name, const capas_kernel *kernel,
                               const capas_conv_problem *problem, conv_data *data);
void conv_twins_each(const char *name, capas_kernel_family family,
                     const capas_conv_problem *problem, conv_kernel_check *check, conv_data *data);

/* Prints how many cases each tuned convolution ran; fails if one ran none. */
void conv_twins_report(void);

const capas_kernel *conv_plain(capas_kernel_family family, capas_element element);

/* Fails when two arrays differ. */
void conv_same_bits(const char *name, const char *what, const capas_kernel *kernel, const void *a,
                    const void *b, int64_t count, size_t size);

#endif
