/* See conv_case.h. */
#include "support/conv_case.h"
#include "base/clock.h"
#include "kernels/fill.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "3" or "3x5"; what is left out is the first again. */
static bool read_pair(const char *text, int *height, int *width)
{
    int used = 0;
    if (sscanf(text, "%dx%d%n", height, width, &used) == 2) return text[used] == '\0';
    if (sscanf(text, "%d%n", height, &used) != 1) return false;
    *width = *height;
    return text[used] == '\0';
}

/* "2", "2x3", "3s2", "3x3s2x2" */
static bool read_pool(char *text, capas_conv_pool *pool)
{
    char *strides = strchr(text, 's');
    if (strides) *strides++ = '\0';
    if (!read_pair(text, &pool->height, &pool->width)) return false;
    pool->stride_height = pool->height;
    pool->stride_width = pool->width;
    return !strides || read_pair(strides, &pool->stride_height, &pool->stride_width);
}

static bool read_number(const char *word, capas_conv_problem *p)
{
    switch (word[0]) {
    case 'k':
        return read_pair(word + 1, &p->kernel_height, &p->kernel_width);
    case 's':
        return read_pair(word + 1, &p->stride_height, &p->stride_width);
    case 'd':
        return read_pair(word + 1, &p->dilation_height, &p->dilation_width);
    case 'f':
        return (p->filters = atoi(word + 1)) > 0;
    case 'g':
        return (p->groups = atoi(word + 1)) > 0;
    }
    return false;
}

static bool read_word(char *word, capas_conv_problem *p, bool *same)
{
    if (strncmp(word, "pool", 4) == 0) return read_pool(word + 4, &p->pool);
    if (strcmp(word, "same") == 0)
        *same = true;
    else if (strcmp(word, "relu") == 0)
        p->activation = CAPAS_RELU;
    else if (strcmp(word, "relu6") == 0)
        p->activation = CAPAS_RELU6;
    else if (strcmp(word, "nobias") == 0)
        p->has_bias = false;
    else if (strcmp(word, "inference") == 0)
        p->for_training = false;
    else if (strcmp(word, "residual") == 0)
        p->has_residual = true;
    else if (strcmp(word, "nodx") == 0)
        p->wants_input_gradient = false;
    else
        return read_number(word, p);
    return true;
}

bool conv_case_parse(const char *line, capas_conv_problem *problem)
{
    bool same = false;
    char copy[256], *rest = NULL;
    *problem = (capas_conv_problem){
        .workers = 1,
        .groups = 1,
        .kernel_height = 1,
        .kernel_width = 1,
        .stride_height = 1,
        .stride_width = 1,
        .dilation_height = 1,
        .dilation_width = 1,
        .activation = CAPAS_LINEAR,
        .has_bias = true,
        .for_training = true,
        .wants_input_gradient = true,
    };
    snprintf(copy, sizeof copy, "%s", line);
    char *word = strtok_r(copy, " \t\n", &rest);
    if (!word || strcmp(word, "conv") != 0) return false;
    word = strtok_r(NULL, " \t\n", &rest);
    if (!word || sscanf(word, "%dx%dx%dx%d", &problem->batch, &problem->height, &problem->width,
                        &problem->channels) != 4)
        return false;
    while ((word = strtok_r(NULL, " \t\n", &rest)))
        if (!read_word(word, problem, &same)) return false;
    conv_case_complete(problem, same);
    if (problem->pool.height > 0 || problem->for_training) problem->has_residual = false;
    return problem->filters > 0 && problem->out_height > 0 && problem->out_width > 0;
}

static void complete_side(int size, int kernel, int stride, int dilation, bool same, int *out,
                          int *pad)
{
    const int extent = (kernel - 1) * dilation + 1;
    *out = same ? (size + stride - 1) / stride : (size - extent) / stride + 1;
    if (!same && size < extent) *out = 0;
    int around = (*out - 1) * stride + extent - size;
    *pad = same && around > 0 ? around / 2 : 0;
}

void conv_case_complete(capas_conv_problem *p, bool same)
{
    complete_side(p->height, p->kernel_height, p->stride_height, p->dilation_height, same,
                  &p->out_height, &p->pad_top);
    complete_side(p->width, p->kernel_width, p->stride_width, p->dilation_width, same,
                  &p->out_width, &p->pad_left);
    if (p->pool.height == 0) return;
    p->pool.out_height = (p->out_height - p->pool.height) / p->pool.stride_height + 1;
    p->pool.out_width = (p->out_width - p->pool.width) / p->pool.stride_width + 1;
    if (p->out_height < p->pool.height || p->out_width < p->pool.width) p->out_height = 0;
}

double conv_case_flops(const capas_conv_problem *p)
{
    return 2.0 * p->out_height * p->out_width * p->kernel_height * p->kernel_width * p->channels /
           p->groups * p->filters;
}

static int64_t cells_of(const capas_conv_problem *p)
{
    return p->pool.height > 0 ? (int64_t)p->pool.out_height * p->pool.out_width
                              : (int64_t)p->out_height * p->out_width;
}

/* Aligned as the library's memory is, and not a byte too long. */
static void *aligned(size_t size)
{
    void *memory = NULL;
    return posix_memalign(&memory, 64, size > 0 ? size : 1) == 0 ? memory : NULL;
}

static void *array_of(const conv_data *data, int64_t count)
{
    return aligned((size_t)count * (size_t)capas_element_size(data->element));
}

static void allocate(const capas_conv_problem *p, conv_data *data)
{
    data->input_count = (int64_t)p->batch * p->height * p->width * p->channels;
    data->weight_count =
        (int64_t)p->kernel_height * p->kernel_width * (p->channels / p->groups) * p->filters;
    data->output_count = p->batch * cells_of(p) * p->filters;
    data->input = array_of(data, data->input_count);
    data->weights = array_of(data, data->weight_count);
    data->bias = array_of(data, p->filters);
    data->residual = array_of(data, data->output_count);
    data->output = array_of(data, data->output_count);
    data->output_gradient = array_of(data, data->output_count);
    data->input_gradient = array_of(data, data->input_count);
    data->weight_gradient = array_of(data, data->weight_count);
    data->bias_gradient = array_of(data, p->filters);
    data->position = malloc((size_t)data->output_count);
}

static void fill(float *value, int64_t count, capas_random random, conv_values values, double live)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t word[4];
        capas_philox(random, (uint64_t)i, word);
        float uniform = 2 * capas_uniform(word[0]) - 1;
        value[i] = values == CONV_WHOLE ? (float)(int)(uniform * 3) : uniform;
        if (capas_uniform(word[1]) >= live) value[i] = 0;
    }
}

conv_data conv_data_make(const capas_conv_problem *p, uint64_t seed, conv_values values,
                         double live)
{
    conv_data data = {.element = CAPAS_FLOAT32};
    capas_random random = {.seed = seed};
    allocate(p, &data);
    fill(data.input, data.input_count, random, values, 1);
    random.stream = 1;
    fill(data.weights, data.weight_count, random, values, 1);
    random.stream = 2;
    fill(data.bias, p->filters, random, values, 1);
    random.stream = 3;
    fill(data.output_gradient, data.output_count, random, values, live);
    random.stream = 4;
    fill(data.residual, data.output_count, random, values, 1);
    return data;
}

conv_data conv_data_convert(const capas_conv_problem *p, const conv_data *data,
                            capas_element element)
{
    conv_data copy = {.element = element};
    allocate(p, &copy);
    capas_convert(element, copy.input, data->element, data->input, data->input_count);
    capas_convert(element, copy.weights, data->element, data->weights, data->weight_count);
    capas_convert(element, copy.bias, data->element, data->bias, p->filters);
    capas_convert(element, copy.residual, data->element, data->residual, data->output_count);
    capas_convert(element, copy.output_gradient, data->element, data->output_gradient,
                  data->output_count);
    return copy;
}

void conv_data_free(conv_data *data)
{
    void *arrays[] = {data->residual,       data->input,           data->weights,
                      data->bias,           data->output,          data->output_gradient,
                      data->input_gradient, data->weight_gradient, data->bias_gradient,
                      data->position};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        free(arrays[i]);
    *data = (conv_data){0};
}

static void *make_workspace(const capas_kernel *kernel, const capas_conv_problem *p)
{
    const size_t size = capas_kernel_workspace(kernel, p);
    void *workspace = aligned(size);
    return workspace ? memset(workspace, 0xFF, size) : NULL;
}

static void run_timed(const capas_kernel *kernel, const capas_conv_problem *p,
                      const void *arguments, conv_data *data)
{
    const double start = capas_seconds();
    capas_run_kernel(kernel, p, arguments, 0);
    data->seconds = capas_seconds() - start;
}

void conv_data_forward(const capas_kernel *kernel, const capas_conv_problem *p, int n,
                       conv_data *data)
{
    capas_conv_forward_arguments arguments = {
        .n = n,
        .input = data->input,
        .weights = data->weights,
        .bias = p->has_bias ? data->bias : NULL,
        .residual = p->has_residual ? data->residual : NULL,
        .output = data->output,
        .position = p->pool.height > 0 && p->for_training ? data->position : NULL,
        .workspace = make_workspace(kernel, p),
    };
    const size_t size = p->for_training ? 0 : capas_kernel_prepared(kernel, p);
    void *prepared = size > 0 ? memset(aligned(size), 0xFF, size) : NULL;
    if (prepared) {
        kernel->prepare(p, &arguments, prepared);
        arguments.prepared = prepared;
        arguments.weights = arguments.bias = NULL;
    }
    run_timed(kernel, p, &arguments, data);
    free(prepared);
    free(arguments.workspace);
}

void conv_data_backward(const capas_kernel *kernel, const capas_conv_problem *p, int n,
                        conv_data *data)
{
    capas_conv_backward_arguments arguments = {
        .n = n,
        .input = data->input,
        .weights = data->weights,
        .output = data->output,
        .position = p->pool.height > 0 ? data->position : NULL,
        .output_gradient = data->output_gradient,
        .input_gradient = p->wants_input_gradient ? data->input_gradient : NULL,
        .weight_gradient = data->weight_gradient,
        .bias_gradient = p->has_bias ? data->bias_gradient : NULL,
        .workspace = make_workspace(kernel, p),
    };
    run_timed(kernel, p, &arguments, data);
    free(arguments.workspace);
}
