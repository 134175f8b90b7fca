/* CTC, plain: the logarithm of the chance that a sequence of classes, repetitions joined and blanks
 * (class 0) left out, is that of the labels (Graves et al., 2006), with the numbers of
 * tf.nn.ctc_loss, which Keras calls.
 *
 * The states of a sample lie in a row: a blank, the first label, a blank, ..., the last label, a
 * blank. From one step to the next a state stays, goes on by one, or from a label to the next label
 * where the two differ. TensorFlow's logarithm of "never" for where a way begins and ends is that
 * of 1e-307 (`unlikely`): labels that the steps cannot hold cost some 707 and not infinity, and
 * their gradient still pulls.
 *
 *   before[t][s]  log chance of the classes up to step t, at state s
 *   after[t][s]   log chance of the classes behind step t
 *   value = -log sum of the ways from the start;  dx = softmax(x) - share of the ways at a class
 *
 * All in double, as logarithms. */
#include "kernels/plain/loss_row.h"
#include <math.h>

static const double unlikely = -706.8936157226562; /* log 1e-307 as a float */

/* A sample, and its part of the workspace. */
typedef struct sequence {
    const capas_loss_problem *problem;
    const capas_real *x;  /* [steps][classes] */
    const int32_t *label; /* [labels] */
    int states, length;
    double factor;
    double *log_sum;      /* [steps], log sum e^x */
    double *before;       /* [steps][states] */
    double *after, *next; /* [states] */
    double *share;        /* [classes] */
} sequence;

static size_t numbers_of(const capas_loss_problem *p)
{
    const size_t states = 2 * (size_t)p->labels + 1, steps = (size_t)p->steps;
    return steps + steps * states + 2 * states + (size_t)p->classes;
}

/* log(e^a + e^b + e^c); what is below 1e-17 of the largest is left out. */
static double log_add(double a, double b, double c)
{
    double most = a > b ? a : b, sum = 0;
    most = c > most ? c : most;
    if (!(most > -HUGE_VAL)) return a + b + c; /* none, or not a number */
    if (!(a < most - 40)) sum += a == most ? 1 : exp(a - most);
    if (!(b < most - 40)) sum += b == most ? 1 : exp(b - most);
    if (!(c < most - 40)) sum += c == most ? 1 : exp(c - most);
    return most + log(sum);
}

/* The class of a state. */
static int class_of(const sequence *q, int state)
{
    return state % 2 ? q->label[state / 2] : 0;
}

/* Whether the label of a state follows the label before it without a blank. */
static bool follows(const sequence *q, int state)
{
    return state % 2 && state >= 3 && q->label[state / 2] != q->label[state / 2 - 1];
}

static double log_chance(const sequence *q, int step, int class)
{
    return q->x[(int64_t)step * q->problem->classes + class] - q->log_sum[step];
}

static void find_log_sums(const sequence *q)
{
    const int classes = q->problem->classes;
    for (int t = 0; t < q->problem->steps; t++) {
        const capas_real *x = q->x + (int64_t)t * classes;
        double largest = x[0], sum = 0;
        for (int c = 1; c < classes; c++)
            largest = x[c] > largest ? x[c] : largest;
        for (int c = 0; c < classes; c++)
            sum += exp(x[c] - largest);
        q->log_sum[t] = largest + log(sum);
    }
}

/* The ways up to each step. From the start the first blank and the first label are reached. */
static void find_before(const sequence *q)
{
    for (int t = 0; t < q->problem->steps; t++) {
        double *now = q->before + (int64_t)t * q->states;
        const double *last = now - q->states;
        for (int s = 0; s < q->states; s++) {
            double stays = t > 0 ? last[s] : s < 2 ? 0 : unlikely;
            double steps = s < 1 ? -HUGE_VAL : t > 0 ? last[s - 1] : unlikely;
            double jumps = !follows(q, s) ? -HUGE_VAL : t > 0 ? last[s - 2] : unlikely;
            now[s] = log_chance(q, t, class_of(q, s)) + log_add(stays, steps, jumps);
        }
    }
}

/* `next` from `after`: the ways behind the step before `t`. */
static void step_back(const sequence *q, int t)
{
    for (int s = 0; s < q->states; s++) {
        double ways[3] = {-HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
        for (int k = 0; k < 3 && s + k < q->states; k++)
            if (k < 2 || follows(q, s + k))
                ways[k] = log_chance(q, t, class_of(q, s + k)) + q->after[s + k];
        q->next[s] = log_add(ways[0], ways[1], ways[2]);
    }
}

/* factor (softmax(x) - share of the ways that are at a class). Blanks among the labels take no
 * share, as in TensorFlow. */
static void set_gradient(const sequence *q, int t, capas_real *gradient)
{
    const double *before = q->before + (int64_t)t * q->states;
    const int classes = q->problem->classes;
    double most = -HUGE_VAL, sum = 0;
    for (int s = 0; s < q->states; s++)
        most = before[s] + q->after[s] > most ? before[s] + q->after[s] : most;
    for (int c = 0; c < classes; c++)
        q->share[c] = 0;
    for (int s = 0; s < q->states; s++) {
        double part = exp(before[s] + q->after[s] - most);
        sum += part;
        if (s % 2 == 0 || class_of(q, s) != 0) q->share[class_of(q, s)] += part;
    }
    for (int c = 0; c < classes; c++)
        gradient[c] = (capas_real)(q->factor * (exp(log_chance(q, t, c)) - q->share[c] / sum));
}

static double value_of(sequence *q, capas_real *gradient)
{
    const capas_loss_problem *p = q->problem;
    find_log_sums(q);
    if (gradient) find_before(q);
    for (int s = 0; s < q->states; s++)
        q->after[s] = s == 2 * q->length || s == 2 * q->length - 1 ? 0 : unlikely;
    for (int t = p->steps - 1; t >= 0; t--) {
        if (gradient) set_gradient(q, t, gradient + (int64_t)t * p->classes);
        if (t == 0) break;
        step_back(q, t);
        double *swapped = q->after;
        q->after = q->next;
        q->next = swapped;
    }
    return -log_add(log_chance(q, 0, 0) + q->after[0], log_chance(q, 0, q->label[0]) + q->after[1],
                    -HUGE_VAL);
}

static bool labels_fit(const capas_loss_problem *p, const int32_t *label)
{
    for (int i = 0; i < p->labels; i++)
        if (label[i] < 0 || label[i] >= p->classes) return false;
    return true;
}

static void run_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    const capas_loss_problem *p = problem;
    const capas_loss_arguments *a = arguments;
    const int64_t count = (int64_t)p->steps * p->classes;
    const capas_real *weight = a->weight;
    sequence q = {.problem = p, .states = 2 * p->labels + 1};
    q.log_sum = (double *)a->workspace + (size_t)shard * numbers_of(p);
    q.before = q.log_sum + p->steps;
    q.after = q.before + (int64_t)p->steps * q.states;
    q.next = q.after + q.states;
    q.share = q.next + q.states;
    for (int64_t i = begin; i < end; i++) {
        capas_real *gradient = a->prediction_gradient;
        if (gradient) gradient += i * count;
        q.x = (const capas_real *)a->prediction + i * count;
        q.label = (const int32_t *)a->target + i * p->labels;
        q.factor = a->factor * (weight ? weight[i] : 1);
        q.length = 0;
        for (int l = 0; l < p->labels; l++)
            q.length += q.label[l] != 0;
        bool fit = labels_fit(p, q.label);
        ((capas_real *)a->value)[i] = fit ? (capas_real)value_of(&q, gradient) : (capas_real)NAN;
        for (int64_t k = 0; !fit && gradient && k < count; k++)
            gradient[k] = (capas_real)NAN;
    }
}

void CAPAS_PLAIN(capas_loss_of_sequences)(const capas_loss_problem *problem,
                                          const capas_loss_arguments *arguments)
{
    capas_parallel_ranges(arguments->rows, 1, problem->workers, run_range, problem, arguments);
}

size_t CAPAS_PLAIN(capas_loss_of_sequences_workspace)(const capas_loss_problem *problem)
{
    return CAPAS_MAX_SHARDS * numbers_of(problem) * sizeof(double);
}
