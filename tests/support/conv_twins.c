/* See conv_twins.h. */
#include "support/conv_twins.h"
#include "support/cmocka.h"
#include <capas/runtime.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_KERNELS = 64 };

typedef struct tally {
    const capas_kernel *kernel;
    int cases;
} tally;

static tally tallies[MOST_KERNELS];
static int tally_count;

static void count_case(const capas_kernel *kernel)
{
    int i = 0;
    while (i < tally_count && tallies[i].kernel != kernel)
        i++;
    if (i == tally_count) tallies[tally_count++].kernel = kernel;
    tallies[i].cases++;
}

/* As conv_twins_each, with a context of any kind. */
typedef void kernel_check(const char *name, const capas_kernel *kernel,
                          const capas_conv_problem *problem, const void *context);

static void for_each_kernel(const char *name, capas_kernel_family family,
                            const capas_conv_problem *problem, kernel_check *check,
                            const void *context)
{
    size_t count;
    const capas_kernel *const *kernels = capas_kernels_of(family, &count);
    for (size_t i = 0; i < count; i++) {
        const capas_kernel *kernel = kernels[i];
        if (kernel->level == CAPAS_CPU_PLAIN || !capas_cpu_has(kernel->level)) continue;
        if (kernel->accepts && !kernel->accepts(problem)) continue;
        check(name, kernel, problem, context);
        count_case(kernel);
    }
}

const capas_kernel *conv_plain(capas_kernel_family family, capas_element element)
{
    size_t count;
    const capas_kernel *const *kernels = capas_kernels_of(family, &count);
    for (size_t i = 0; i < count; i++)
        if (kernels[i]->level == CAPAS_CPU_PLAIN && kernels[i]->element == element)
            return kernels[i];
    fail_msg("no plain twin of %s", capas_kernel_family_name(family));
    return NULL;
}

/* Whole numbers must be equal, but where Winograd's transforms multiply by roots, perhaps group by
 * group or phase by phase. */
static double tolerance_of(const capas_kernel *kernel, conv_values values)
{
    const bool roots = strstr(kernel->name, "winograd") || strstr(kernel->name, "groups") ||
                       strstr(kernel->name, "phases");
    return values == CONV_WHOLE && !roots ? 0 : 1e-5;
}

/* Every value within a small part of the largest. */
static void values_agree(const char *name, const char *what, const capas_kernel *kernel,
                         const float *value, const double *truth, int64_t count, double tolerance)
{
    double largest = 0;
    for (int64_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(truth[i]));
    for (int64_t i = 0; i < count; i++)
        if (!(fabs((double)value[i] - truth[i]) <= tolerance * largest))
            fail_msg("%s: %s: %s[%lld] is %.9g, not %.9g (largest %.3g)", name, kernel->name, what,
                     (long long)i, (double)value[i], truth[i], largest);
}

void conv_same_bits(const char *name, const char *what, const capas_kernel *kernel, const void *a,
                    const void *b, int64_t count, size_t size)
{
    if (memcmp(a, b, (size_t)count * size) != 0)
        fail_msg("%s: %s: %s has other bits", name, kernel->name, what);
}

/* What a case is held against: the truth in double, also of the map before the pool. */
typedef struct truth {
    int n, runs; /* images, and how many numbers of threads are tried */
    conv_values values;
    const conv_data *data;     /* float: what goes in */
    const conv_data *exact;    /* double: what must come out */
    const conv_data *unpooled; /* double: the map, linear */
} truth;

/* The map's value at a position of an output's window. */
static double map_value(const capas_conv_problem *p, const truth *t, int64_t i, int position)
{
    const int k = (int)(i % p->filters);
    const int64_t cell = i / p->filters;
    const int column = (int)(cell % p->pool.out_width);
    const int row = (int)(cell / p->pool.out_width % p->pool.out_height);
    const int64_t n = cell / p->pool.out_width / p->pool.out_height;
    const int y = row * p->pool.stride_height + position / p->pool.width;
    const int x = column * p->pool.stride_width + position % p->pool.width;
    return ((const double *)
                t->unpooled->output)[((n * p->out_height + y) * p->out_width + x) * p->filters + k];
}

/* The same position, or one where the map is as good as equal. */
static void positions_agree(const char *name, const capas_kernel *kernel,
                            const capas_conv_problem *p, const truth *t, const uint8_t *position,
                            int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const int expected = t->exact->position[i];
        if (position[i] == expected) continue;
        if (position[i] >= p->pool.height * p->pool.width)
            fail_msg("%s: %s: position[%lld] is %d", name, kernel->name, (long long)i, position[i]);
        const double a = map_value(p, t, i, position[i]), b = map_value(p, t, i, expected);
        if (!(fabs(a - b) <= tolerance_of(kernel, t->values) * (1 + fabs(b))))
            fail_msg("%s: %s: position[%lld] is %d (%.9g), not %d (%.9g)", name, kernel->name,
                     (long long)i, position[i], a, expected, b);
    }
}

static const int threads[] = {1, 3, 2, 8};

static void check_forward(const char *name, const capas_kernel *kernel,
                          const capas_conv_problem *problem, const void *context)
{
    const truth *t = context;
    const int64_t count = t->data->output_count / problem->batch * t->n;
    conv_data first = {0};
    for (int i = 0; i < t->runs; i++) {
        conv_data run = conv_data_convert(problem, t->data, CAPAS_FLOAT32);
        capas_set_threads(threads[i]);
        conv_data_forward(kernel, problem, t->n, &run);
        if (i == 0) {
            values_agree(name, "output", kernel, run.output, t->exact->output, count,
                         tolerance_of(kernel, t->values));
            if (problem->pool.height > 0 && problem->for_training)
                positions_agree(name, kernel, problem, t, run.position, count);
            first = run;
            continue;
        }
        conv_same_bits(name, "output", kernel, run.output, first.output, count, sizeof(float));
        if (problem->pool.height > 0 && problem->for_training)
            conv_same_bits(name, "position", kernel, run.position, first.position, count, 1);
        conv_data_free(&run);
    }
    conv_data_free(&first);
}

/* A copy with the truth's output and positions. */
static conv_data with_outputs_of(const capas_conv_problem *p, const truth *t)
{
    conv_data run = conv_data_convert(p, t->data, CAPAS_FLOAT32);
    const int64_t count = t->data->output_count / p->batch * t->n;
    for (int64_t i = 0; i < count; i++)
        ((float *)run.output)[i] = (float)((const double *)t->exact->output)[i];
    if (p->pool.height > 0) memcpy(run.position, t->exact->position, (size_t)count);
    return run;
}

/* Without a pool a backward kernel may go Winograd's way, too. */
static double gradient_tolerance(const capas_kernel *kernel, const capas_conv_problem *problem,
                                 const truth *t)
{
    return problem->pool.height == 0 ? 1e-5 : tolerance_of(kernel, t->values);
}

static void check_backward(const char *name, const capas_kernel *kernel,
                           const capas_conv_problem *problem, const void *context)
{
    const truth *t = context;
    const int64_t inputs = t->data->input_count / problem->batch * t->n;
    conv_data first = {0};
    for (int i = 0; i < t->runs; i++) {
        conv_data run = with_outputs_of(problem, t);
        capas_set_threads(threads[i]);
        conv_data_backward(kernel, problem, t->n, &run);
        if (i == 0) {
            const conv_data *exact = t->exact;
            const double tolerance = gradient_tolerance(kernel, problem, t);
            values_agree(name, "weight gradient", kernel, run.weight_gradient,
                         exact->weight_gradient, run.weight_count, tolerance);
            if (problem->has_bias)
                values_agree(name, "bias gradient", kernel, run.bias_gradient, exact->bias_gradient,
                             problem->filters, tolerance_of(kernel, t->values));
            if (problem->wants_input_gradient)
                values_agree(name, "input gradient", kernel, run.input_gradient,
                             exact->input_gradient, inputs, tolerance);
            first = run;
            continue;
        }
        conv_same_bits(name, "weight gradient", kernel, run.weight_gradient, first.weight_gradient,
                       run.weight_count, sizeof(float));
        if (problem->has_bias)
            conv_same_bits(name, "bias gradient", kernel, run.bias_gradient, first.bias_gradient,
                           problem->filters, sizeof(float));
        if (problem->wants_input_gradient)
            conv_same_bits(name, "input gradient", kernel, run.input_gradient, first.input_gradient,
                           inputs, sizeof(float));
        conv_data_free(&run);
    }
    conv_data_free(&first);
}

/* The map before the pool, linear, in double. */
static conv_data compute_unpooled(const capas_conv_problem *problem, int n, const conv_data *data)
{
    capas_conv_problem whole = *problem;
    whole.pool = (capas_conv_pool){0};
    whole.activation = CAPAS_LINEAR;
    conv_data map = conv_data_convert(&whole, data, CAPAS_FLOAT64);
    conv_data_forward(conv_plain(CAPAS_FAMILY_conv_forward, CAPAS_FLOAT64), &whole, n, &map);
    return map;
}

void conv_twins_check(const conv_twins_case *c)
{
    const capas_conv_problem *problem = c->problem;
    conv_data data = conv_data_make(problem, c->seed, c->values, c->live);
    conv_data exact = conv_data_convert(problem, &data, CAPAS_FLOAT64);
    conv_data unpooled = compute_unpooled(problem, c->n, &data);
    truth t = {c->n, c->runs, c->values, &data, &exact, &unpooled};
    conv_data_forward(conv_plain(CAPAS_FAMILY_conv_forward, CAPAS_FLOAT64), problem, c->n, &exact);
    for_each_kernel(c->name, CAPAS_FAMILY_conv_forward, problem, check_forward, &t);
    if (problem->for_training) {
        conv_data_backward(conv_plain(CAPAS_FAMILY_conv_backward, CAPAS_FLOAT64), problem, c->n,
                           &exact);
        for_each_kernel(c->name, CAPAS_FAMILY_conv_backward, problem, check_backward, &t);
    }
    capas_set_threads(0);
    conv_data_free(&unpooled);
    conv_data_free(&exact);
    conv_data_free(&data);
}

typedef struct each_context {
    conv_kernel_check *check;
    conv_data *data;
} each_context;

static void check_each(const char *name, const capas_kernel *kernel,
                       const capas_conv_problem *problem, const void *context)
{
    const each_context *each = context;
    each->check(name, kernel, problem, each->data);
}

void conv_twins_each(const char *name, capas_kernel_family family,
                     const capas_conv_problem *problem, conv_kernel_check *check, conv_data *data)
{
    each_context context = {check, data};
    for_each_kernel(name, family, problem, check_each, &context);
}

static void report_family(capas_kernel_family family)
{
    size_t count;
    const capas_kernel *const *kernels = capas_kernels_of(family, &count);
    for (size_t i = 0; i < count; i++) {
        if (kernels[i]->level == CAPAS_CPU_PLAIN || !capas_cpu_has(kernels[i]->level)) continue;
        int cases = 0;
        for (int j = 0; j < tally_count; j++)
            if (tallies[j].kernel == kernels[i]) cases = tallies[j].cases;
        printf("%-36s %5d cases\n", kernels[i]->name, cases);
        if (cases == 0) fail_msg("%s ran no case", kernels[i]->name);
    }
}

void conv_twins_report(void)
{
    report_family(CAPAS_FAMILY_conv_forward);
    report_family(CAPAS_FAMILY_conv_backward);
}
