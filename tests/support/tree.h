/* Trees for tests, from JSON. */
#ifndef CAPAS_TESTS_TREE_H
#define CAPAS_TESTS_TREE_H

#include "base/value.h"
#include <capas/model.h>

/* From JSON with ' in place of ", so that it reads well in C; ends the test when it is none. */
capas_value *tree(const char *json);

/* A JSON file of the golden folder (support/golden.h). */
capas_value *golden_tree(const char *path);

/* The model of a configuration that `tree` reads; NULL with the sentence when there is none. */
capas_model *tree_model(const char *json);

/* Ends the test unless the model's configuration is this one. */
void assert_model_writes(const capas_model *model, const capas_value *wanted);

/* False, and says so, when the build cannot read JSON: tests that need trees have nothing to do. */
bool trees_can_be_read(void);

#endif
