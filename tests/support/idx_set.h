/* A small IDX set for tests: pictures of two kinds, whose left or right half is dark. */
#ifndef CAPAS_TESTS_IDX_SET_H
#define CAPAS_TESTS_IDX_SET_H

enum { IDX_SET_COUNT = 20, IDX_SET_SIDE = 6 };

/* `part` is "train" or "t10k"; labels are `label` and `label` + 1 in turn. Ends the running cmocka
 * test when it cannot be written. */
void idx_set_write(const char *folder, const char *part, int label);

#endif
