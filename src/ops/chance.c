/* NOISE; and WARP and ADJUST: pictures changed by what each of them draws. Picture i of a batch
 * draws from block i of the op's sequence in this step; all of a batch draw the same crop, from
 * block 0. */
#include "ops/chance.h"
#include <math.h>

enum { MAP = 6, FACTORS = 2 };

static const double pi = 3.14159265358979323846;

static double draw(const capas_range *range, uint32_t word)
{
    return range->low + (range->high - range->low) * (double)capas_uniform(word);
}

/* The whole numbers 0 .. most, each as likely. */
static double draw_whole(int most, uint32_t word)
{
    return floor((double)capas_uniform(word) * (most + 1.0));
}

/* About the middle, positive angles counter-clockwise (rows count downwards). */
static void rotate(const capas_warp_problem *p, double turns, double map[MAP])
{
    const double cosine = cos(2 * pi * turns), sine = sin(2 * pi * turns);
    const double y = (p->height - 1) / 2.0, x = (p->width - 1) / 2.0;
    map[0] = map[4] = cosine;
    map[1] = sine;
    map[3] = -sine;
    map[2] = y - (map[0] * y + map[1] * x);
    map[5] = x - (map[3] * y + map[4] * x);
}

/* row = map[0] y + map[1] x + map[2], column = map[3] y + map[4] x + map[5] */
static void draw_map(const capas_warp_op *op, capas_random random, int64_t picture, double map[MAP])
{
    const capas_warp_problem *p = &op->warp;
    const double size[2] = {p->height, p->width};
    const bool mirrored[2] = {op->vertical, op->horizontal};
    uint32_t word[4];
    capas_philox(random, op->kind == CAPAS_WARP_CROP ? 0 : (uint64_t)picture, word);
    for (int i = 0; i < MAP; i++)
        map[i] = op->kind == CAPAS_WARP_FIXED ? op->map[i] : i % 4 == 0;
    if (op->kind == CAPAS_WARP_ROTATE) rotate(p, draw(&op->range[0], word[0]), map);
    for (int axis = 0; axis < 2; axis++) {
        double *scale = &map[4 * axis], *offset = &map[3 * axis + 2];
        const uint32_t drawn = word[op->together ? 0 : axis];
        if (op->kind == CAPAS_WARP_FLIP && mirrored[axis] && capas_uniform(word[0]) <= 0.5f) {
            *scale = -1;
            *offset = size[axis] - 1;
        } else if (op->kind == CAPAS_WARP_TRANSLATE) {
            *offset = -draw(&op->range[axis], drawn) * size[axis];
        } else if (op->kind == CAPAS_WARP_ZOOM) {
            *scale = 1 + draw(&op->range[op->together ? 0 : axis], drawn);
            *offset = (size[axis] - 1) / 2 * (1 - *scale);
        }
    }
    if (op->kind != CAPAS_WARP_CROP) return;
    map[2] = draw_whole(p->height - p->out_height, word[0]);
    map[5] = draw_whole(p->width - p->out_width, word[1]);
}

/* Numbers of a picture, in the plan's element. */
static void keep(void *saved, capas_element element, int64_t first, const double *value, int count)
{
    for (int i = 0; i < count; i++)
        if (element == CAPAS_FLOAT64)
            ((double *)saved)[first + i] = value[i];
        else
            ((float *)saved)[first + i] = (float)value[i];
}

static capas_random random_of(const capas_op *op, const capas_call *call)
{
    return (capas_random){.seed = call->seed, .stream = op->stream, .step = call->step};
}

void capas_complete_warp(capas_op *op, const capas_program *program,
                         const capas_op_setting *setting)
{
    (void)program;
    op->problem.warp.warp.workers = setting->workers;
}

size_t capas_saved_warp(const capas_op *op, const capas_program *program,
                        const capas_op_setting *setting, capas_element element)
{
    (void)op;
    (void)program;
    return (size_t)setting->batch * MAP * (size_t)capas_element_size(element);
}

void capas_forward_warp(const capas_op *op, const capas_kernel *kernel,
                        const capas_operands *operands, const capas_call *call)
{
    double map[MAP];
    for (int i = 0; i < call->n; i++) {
        draw_map(&op->problem.warp, random_of(op, call), i, map);
        keep(operands->saved, kernel->element, MAP * i, map, MAP);
    }
    capas_warp_arguments arguments = {
        .n = call->n,
        .input = operands->inputs[0],
        .output = operands->output,
        .map = operands->saved,
        .workspace = operands->workspace,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

void capas_complete_adjust(capas_op *op, const capas_program *program,
                           const capas_op_setting *setting)
{
    (void)program;
    op->problem.adjust.adjust.workers = setting->workers;
}

size_t capas_saved_adjust(const capas_op *op, const capas_program *program,
                          const capas_op_setting *setting, capas_element element)
{
    (void)op;
    (void)program;
    return (size_t)setting->batch * FACTORS * (size_t)capas_element_size(element);
}

void capas_forward_adjust(const capas_op *op, const capas_kernel *kernel,
                          const capas_operands *operands, const capas_call *call)
{
    const capas_adjust_op *adjust = &op->problem.adjust;
    for (int i = 0; i < call->n; i++) {
        uint32_t word[4];
        capas_philox(random_of(op, call), (uint64_t)i, word);
        const double factors[FACTORS] = {draw(&adjust->contrast, word[0]),
                                         draw(&adjust->brightness, word[0])};
        keep(operands->saved, kernel->element, FACTORS * i, factors, FACTORS);
    }
    capas_adjust_arguments arguments = {
        .n = call->n,
        .input = operands->inputs[0],
        .factor = operands->saved,
        .output = operands->output,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

void capas_complete_noise(capas_op *op, const capas_program *program,
                          const capas_op_setting *setting)
{
    (void)program;
    op->problem.noise.workers = setting->workers;
}

void capas_forward_noise(const capas_op *op, const capas_kernel *kernel,
                         const capas_operands *operands, const capas_call *call)
{
    capas_noise_arguments arguments = {
        .n = call->n,
        .random = random_of(op, call),
        .input = operands->inputs[0],
        .output = operands->output,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}
