/* Running the program `capas` as a user does, from the test's own folder. */
#ifndef CAPAS_TESTS_PROGRAM_H
#define CAPAS_TESTS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#define PROGRAM_PRINTF __attribute__((format(printf, 1, 2)))

typedef struct program_run {
    int status;            /* what it ended with; 128 + the signal's number when one killed it */
    char *output, *errors; /* what it wrote to stdout and stderr */
} program_run;

/* The arguments are one line for the shell, from printf's format. The program is the environment's
 * CAPAS_PROGRAM; the test fails when there is none. */
program_run run_program(const char *arguments, ...) PROGRAM_PRINTF;
/* A whole line for the shell, in which "$CAPAS_PROGRAM" is the program. */
program_run run_line(const char *line, ...) PROGRAM_PRINTF;
void program_run_free(program_run *run);

/* Whether it ended with the status and every one of `count` texts is in its stderr; otherwise shows
 * what it wrote. */
bool program_fails(const program_run *run, int status, const char *const *texts, int count);

/* A file of any bytes, in folders that are made with it. */
void put_bytes(const char *path, const void *data, size_t size);
/* A text file, and what is in one (to be freed; NULL when there is none). */
void put_file(const char *path, const char *text);
char *get_file(const char *path, long *size);

#endif
