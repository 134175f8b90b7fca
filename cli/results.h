/* The figures of finished experiments: one row for each recipe and seed, kept in a JSON file, and
 * the table made of them. */
#ifndef CAPAS_CLI_RESULTS_H
#define CAPAS_CLI_RESULTS_H

#include "base/builder.h"
#include "base/value.h"
#include <stdbool.h>
#include <stdio.h>

enum { RESULTS_NAME = 64, RESULTS_HASH = 65, RESULTS_SEEDS = 64 };

/* What is known of a recipe without running it. */
typedef struct results_experiment {
    char id[RESULTS_NAME], hash[RESULTS_HASH];
    const char *recipe;      /* by what it was asked for: the name, or a path; borrowed */
    double published, floor; /* NaN: not said */
    double keras[2];         /* lowest and highest of Keras's own runs; NaN: not said */
    bool validates_on_test;
    bool chosen; /* to be run, not only to stand in the document */
} results_experiment;

/* The rows of a file; a list that is empty when there is no file yet. NULL with a sentence. */
capas_value *results_read(const char *path);
capas_status results_write(const char *path, const capas_value *rows);

/* The row of a recipe and seed, or NULL. One of another hash counts as missing when `hash` is
 * given. */
const capas_value *results_find(const capas_value *rows, const char *id, long long seed,
                                const char *hash);
/* Puts a row in place of the one of the same recipe and seed. Takes `row` over. */
capas_status results_put(capas_value *rows, capas_value *row);
double results_number(const capas_value *row, const char *key); /* NaN when it is not there */

/* A row from the result.json of a run, with what it was computed on. */
capas_value *results_row(const results_experiment *experiment, const capas_value *result);

/* The table: of what was chosen for the terminal, of everything as Markdown. */
void results_print(FILE *to, const capas_value *rows, const results_experiment *experiments,
                   int count);
void results_markdown(capas_builder *text, const capas_value *rows,
                      const results_experiment *experiments, int count);

#endif
