/* Holding tuned kernels against their plain twins; see the header. */
#include "support/twins.h"
#include "support/cmocka.h"
#include "support/kernels.h"
#include <capas/runtime.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TALLIES = 256 };

static struct {
    const capas_kernel *kernel;
    int cases;
} tallies[MOST_TALLIES];

static int *cases_of(const capas_kernel *kernel)
{
    int i = 0;
    while (i < MOST_TALLIES - 1 && tallies[i].kernel && tallies[i].kernel != kernel)
        i++;
    tallies[i].kernel = kernel;
    return &tallies[i].cases;
}

twin_case twin_case_of(const char *name, capas_kernel_family family, const void *problem,
                       const void *arguments, size_t arguments_size)
{
    return (twin_case){.name = name,
                       .family = family,
                       .problem = problem,
                       .arguments = arguments,
                       .arguments_size = arguments_size,
                       .tolerance = 1e-5};
}

static void add_array(twin_case *c, twin_array array)
{
    assert_true(c->arrays < TWIN_MOST_ARRAYS);
    c->array[c->arrays++] = array;
}

void twin_input(twin_case *c, size_t offset, const double *value, int64_t count)
{
    add_array(c, (twin_array){.offset = offset, .value = value, .count = count, .shares = -1});
}

void twin_output(twin_case *c, size_t offset, int64_t count)
{
    add_array(c, (twin_array){.offset = offset, .count = count, .compared = true, .shares = -1});
}

void twin_changed(twin_case *c, size_t offset, const double *value, int64_t count)
{
    twin_input(c, offset, value, count);
    c->array[c->arrays - 1].compared = true;
}

void twin_labels(twin_case *c, size_t offset, const int32_t *value, int64_t count)
{
    add_array(c, (twin_array){.offset = offset, .labels = value, .count = count, .shares = -1});
}

void twin_shares(twin_case *c, size_t offset, size_t of)
{
    int first = 0;
    while (first < c->arrays && c->array[first].offset != of)
        first++;
    assert_true(first < c->arrays);
    add_array(c, (twin_array){.offset = offset, .count = c->array[first].count, .shares = first});
}

static void *copy_of(const twin_array *array, capas_element element)
{
    if (array->labels) {
        int32_t *copy = unwritten(array->count, sizeof *copy);
        memcpy(copy, array->labels, (size_t)array->count * sizeof *copy);
        return copy;
    }
    if (!array->value) return unwritten(array->count, (size_t)capas_element_size(element));
    if (element == CAPAS_FLOAT32) return floats_of(array->value, array->count);
    double *copy = unwritten(array->count, sizeof *copy);
    for (int64_t i = 0; i < array->count; i++)
        copy[i] = (float)array->value[i]; /* the same number as the float kernel gets */
    return copy;
}

/* Runs a kernel on copies, which the caller frees. */
static void run_on_copies(const twin_case *c, const capas_kernel *kernel, void **memory)
{
    char *arguments = malloc(c->arguments_size);
    assert_non_null(arguments);
    memcpy(arguments, c->arguments, c->arguments_size);
    for (int i = 0; i < c->arrays; i++) {
        const twin_array *array = &c->array[i];
        memory[i] = array->shares < 0 ? copy_of(array, kernel->element) : memory[array->shares];
        memcpy(arguments + array->offset, &memory[i], sizeof(void *));
    }
    void *workspace = workspace_for(kernel, c->problem);
    if (c->workspace) memcpy(arguments + c->workspace, &workspace, sizeof(void *));
    void *prepared = c->prepared ? prepared_for(kernel, c->problem, arguments) : NULL;
    if (prepared) memcpy(arguments + c->prepared, &prepared, sizeof(void *));
    capas_run_kernel(kernel, c->problem, arguments, 0);
    free(prepared);
    free(workspace);
    free(arguments);
}

static void free_copies(const twin_case *c, void **memory)
{
    for (int i = 0; i < c->arrays; i++)
        if (c->array[i].shares < 0) free(memory[i]);
}

static void expect_close(const twin_case *c, const capas_kernel *kernel, int array,
                         const float *got, const double *want)
{
    double largest = 0;
    for (int64_t i = 0; i < c->array[array].count; i++)
        if (isfinite(want[i])) largest = fmax(largest, fabs(want[i]));
    for (int64_t i = 0; i < c->array[array].count; i++) {
        const double value = (double)got[i];
        if (fabs(value - want[i]) <= c->tolerance * largest + 1e-30) continue;
        if ((isnan(value) && isnan(want[i])) || value == want[i]) continue;
        fail_msg("%s, %s: element %lld of array %d is %.9g, the plain kernel's %.9g", c->name,
                 kernel->name, (long long)i, array, value, want[i]);
    }
}

static void check_kernel(const twin_case *c, const capas_kernel *kernel, void *const *plain)
{
    static const int threads[] = {1, 2, 3, 8};
    void *first[TWIN_MOST_ARRAYS], *memory[TWIN_MOST_ARRAYS];
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        assert_int_equal(capas_set_threads(threads[t]), CAPAS_OK);
        run_on_copies(c, kernel, t == 0 ? first : memory);
        for (int i = 0; i < c->arrays; i++) {
            if (!c->array[i].compared) continue;
            if (t == 0)
                expect_close(c, kernel, i, first[i], plain[i]);
            else if (memcmp(first[i], memory[i], (size_t)c->array[i].count * sizeof(float)) != 0)
                fail_msg("%s, %s: array %d has other bits with %d threads", c->name, kernel->name,
                         i, threads[t]);
        }
        if (t > 0) free_copies(c, memory);
    }
    free_copies(c, first);
    ++*cases_of(kernel);
}

static bool runs(const capas_kernel *kernel, const void *problem)
{
    return kernel->level != CAPAS_CPU_PLAIN && kernel->element == CAPAS_FLOAT32 &&
           capas_cpu_has(kernel->level) && (!kernel->accepts || kernel->accepts(problem));
}

void twin_check(const twin_case *c)
{
    size_t count;
    const capas_kernel *const *kernels = capas_kernels_of(c->family, &count);
    void *plain[TWIN_MOST_ARRAYS];
    run_on_copies(c, kernels[count - 1], plain); /* plain in double is the last */
    for (size_t i = 0; i < count; i++)
        if (runs(kernels[i], c->problem)) check_kernel(c, kernels[i], plain);
    free_copies(c, plain);
    assert_int_equal(capas_set_threads(0), CAPAS_OK);
}

void twin_report(capas_kernel_family family)
{
    size_t count;
    const capas_kernel *const *kernels = capas_kernels_of(family, &count);
    for (size_t i = 0; i < count; i++) {
        if (kernels[i]->level == CAPAS_CPU_PLAIN || !capas_cpu_has(kernels[i]->level)) continue;
        const int cases = *cases_of(kernels[i]);
        printf("%-36s %5d cases\n", kernels[i]->name, cases);
        if (cases == 0) fail_msg("%s ran no case", kernels[i]->name);
    }
}

double *twin_numbers(int64_t count, double live, uint64_t seed)
{
    double *value = random_doubles(count, seed), *chance = random_doubles(count, seed + 0x1000);
    for (int64_t i = 0; i < count; i++)
        if (chance[i] >= 2 * live - 1) value[i] = 0;
    free(chance);
    return value;
}
