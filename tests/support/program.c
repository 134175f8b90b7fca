/* Running the program, see program.h: through the shell, into two files that are read back. */
#include "support/program.h"

#include "base/file.h"
#include "support/cmocka.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

char *get_file(const char *path, long *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long length = ftell(file);
    rewind(file);
    char *text = malloc((size_t)length + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)length, file), length);
    text[length] = '\0';
    if (size != NULL) *size = length;
    fclose(file);
    return text;
}

void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void put_bytes(const char *path, const void *data, size_t size)
{
    assert_int_equal(capas_make_folder_of(path), CAPAS_OK);
    assert_int_equal(capas_write_file(path, data, size), CAPAS_OK);
}

static program_run run_text(const char *line)
{
    enum { SIGNALLED = 128 };
    char command[4096];
    assert_non_null(getenv("CAPAS_PROGRAM"));
    int length =
        snprintf(command, sizeof command, "{ %s\n} >stdout.txt 2>stderr.txt </dev/null", line);
    assert_true(length > 0 && length < (int)sizeof command);
    int ended = system(command);
    program_run run = {.status = WIFEXITED(ended) ? WEXITSTATUS(ended) : SIGNALLED};
    run.output = get_file("stdout.txt", NULL);
    run.errors = get_file("stderr.txt", NULL);
    assert_true(run.output != NULL && run.errors != NULL);
    return run;
}

program_run run_line(const char *format, ...)
{
    char line[2048];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    assert_true(length >= 0 && length < (int)sizeof line);
    return run_text(line);
}

program_run run_program(const char *format, ...)
{
    char line[2048] = "\"$CAPAS_PROGRAM\" ";
    size_t used = strlen(line);
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line + used, sizeof line - used, format, list);
    va_end(list);
    assert_true(length >= 0 && (size_t)length < sizeof line - used);
    return run_text(line);
}

void program_run_free(program_run *run)
{
    free(run->output);
    free(run->errors);
    *run = (program_run){0};
}

bool program_fails(const program_run *run, int status, const char *const *texts, int count)
{
    bool right = run->status == status;
    for (int i = 0; i < count; i++)
        right = right && strstr(run->errors, texts[i]) != NULL;
    if (right) return true;
    print_error("ended with %d, expected %d; stderr:\n%s\nexpected in it:\n", run->status, status,
                run->errors);
    for (int i = 0; i < count; i++)
        print_error("    %s\n", texts[i]);
    return false;
}
