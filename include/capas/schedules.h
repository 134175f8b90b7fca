/* Learning rates that change from step to step (keras-semantics 4.4): value structs for an
 * optimizer's .schedule, checked by what takes them.
 *
 *     capas_sgd(.momentum = 0.9, .schedule = capas_exponential_decay(0.1, 1000, 0.96))
 *
 * A step is one batch, counted from 0 since compile. The rate cannot be set by hand or by a
 * callback then, and as in Keras it is not in the logs. */
#ifndef CAPAS_SCHEDULES_H
#define CAPAS_SCHEDULES_H

#include <capas/options.h>

CAPAS_BEGIN

/* initial_learning_rate * decay_rate ^ (step / decay_steps) */
typedef struct capas_exponential_decay_options {
    size_t struct_size;
    double initial_learning_rate, decay_steps, decay_rate; /* the macro's */
    int staircase; /* step / decay_steps without its fraction; default: false */
} capas_exponential_decay_options;

/* initial_learning_rate / (1 + decay_rate * step / decay_steps) */
typedef struct capas_inverse_time_decay_options {
    size_t struct_size;
    double initial_learning_rate, decay_steps, decay_rate; /* the macro's */
    int staircase;                                         /* default: false */
} capas_inverse_time_decay_options;

/* From initial_learning_rate to end_learning_rate in decay_steps: their difference *
 * (1 - step / decay_steps) ^ power. */
typedef struct capas_polynomial_decay_options {
    size_t struct_size;
    double initial_learning_rate, decay_steps; /* the macro's */
    double end_learning_rate;                  /* default: 0.0001 */
    double power;                              /* default: 1 */
    int cycle; /* after decay_steps up again, to twice, three times them; default: false */
} capas_polynomial_decay_options;

/* Down half a wave of the cosine in decay_steps, to alpha of where it began. */
typedef struct capas_cosine_decay_options {
    size_t struct_size;
    double initial_learning_rate, decay_steps; /* the macro's */
    double alpha;                              /* default: 0 */
    double warmup_target; /* first straight from the initial rate to this; default: None */
    double warmup_steps;  /* in so many steps, which come before decay_steps; default: 0 */
} capas_cosine_decay_options;

/* The same again and again, each time t_mul as long and from m_mul as high. */
typedef struct capas_cosine_decay_restarts_options {
    size_t struct_size;
    double initial_learning_rate, first_decay_steps; /* the macro's */
    double t_mul;                                    /* default: 2; at least 1 */
    double m_mul;                                    /* default: 1 */
    double alpha;                                    /* default: 0 */
} capas_cosine_decay_restarts_options;

/* values[i] up to and with step boundaries[i], the last value from then on. */
enum { CAPAS_SCHEDULE_VALUES = 33 };
typedef struct capas_numbers {
    int count;
    double numbers[CAPAS_SCHEDULE_VALUES];
} capas_numbers;
typedef struct capas_piecewise_constant_decay_options {
    size_t struct_size;
    capas_numbers boundaries, values; /* one value more than boundaries */
} capas_piecewise_constant_decay_options;

typedef enum capas_schedule_kind {
    CAPAS_SCHEDULE_NONE,
    CAPAS_EXPONENTIAL_DECAY,
    CAPAS_INVERSE_TIME_DECAY,
    CAPAS_POLYNOMIAL_DECAY,
    CAPAS_PIECEWISE_CONSTANT_DECAY,
    CAPAS_COSINE_DECAY,
    CAPAS_COSINE_DECAY_RESTARTS,
} capas_schedule_kind;

typedef struct capas_schedule {
    capas_schedule_kind kind;
    union {
        capas_exponential_decay_options exponential_decay;
        capas_inverse_time_decay_options inverse_time_decay;
        capas_polynomial_decay_options polynomial_decay;
        capas_piecewise_constant_decay_options piecewise_constant_decay;
        capas_cosine_decay_options cosine_decay;
        capas_cosine_decay_restarts_options cosine_decay_restarts;
    } options;
} capas_schedule;

CAPAS_API capas_schedule
capas_exponential_decay_with(double initial_learning_rate, double decay_steps, double decay_rate,
                             const capas_exponential_decay_options *options);
CAPAS_API capas_schedule
capas_inverse_time_decay_with(double initial_learning_rate, double decay_steps, double decay_rate,
                              const capas_inverse_time_decay_options *options);
CAPAS_API capas_schedule capas_polynomial_decay_with(double initial_learning_rate,
                                                     double decay_steps,
                                                     const capas_polynomial_decay_options *options);
CAPAS_API capas_schedule capas_cosine_decay_with(double initial_learning_rate, double decay_steps,
                                                 const capas_cosine_decay_options *options);
CAPAS_API capas_schedule
capas_cosine_decay_restarts_with(double initial_learning_rate, double first_decay_steps,
                                 const capas_cosine_decay_restarts_options *options);
#define capas_exponential_decay(initial_learning_rate, decay_steps, decay_rate, ...)               \
    capas_exponential_decay_with(                                                                  \
        (initial_learning_rate), (decay_steps), (decay_rate),                                      \
        &(capas_exponential_decay_options){.struct_size = sizeof(capas_exponential_decay_options), \
                                           __VA_ARGS__})
#define capas_inverse_time_decay(initial_learning_rate, decay_steps, decay_rate, ...)              \
    capas_inverse_time_decay_with(                                                                 \
        (initial_learning_rate), (decay_steps), (decay_rate),                                      \
        &(capas_inverse_time_decay_options){                                                       \
            .struct_size = sizeof(capas_inverse_time_decay_options), __VA_ARGS__})
#define capas_polynomial_decay(initial_learning_rate, decay_steps, ...)                            \
    capas_polynomial_decay_with(                                                                   \
        (initial_learning_rate), (decay_steps),                                                    \
        &(capas_polynomial_decay_options){.struct_size = sizeof(capas_polynomial_decay_options),   \
                                          __VA_ARGS__})
#define capas_cosine_decay(initial_learning_rate, decay_steps, ...)                                \
    capas_cosine_decay_with((initial_learning_rate), (decay_steps),                                \
                            &(capas_cosine_decay_options){                                         \
                                .struct_size = sizeof(capas_cosine_decay_options), __VA_ARGS__})
#define capas_cosine_decay_restarts(initial_learning_rate, first_decay_steps, ...)                 \
    capas_cosine_decay_restarts_with(                                                              \
        (initial_learning_rate), (first_decay_steps),                                              \
        &(capas_cosine_decay_restarts_options){                                                    \
            .struct_size = sizeof(capas_cosine_decay_restarts_options), __VA_ARGS__})
/* `count` boundaries, at most 32, and one value more; both are copied. */
CAPAS_API capas_schedule capas_piecewise_constant_decay(int count, const double *boundaries,
                                                        const double *values);

/* The learning rate at a step, as the float32 that Keras has; fails when an option is wrong. */
CAPAS_API capas_status capas_schedule_rate(const capas_schedule *schedule, int64_t step,
                                           double *learning_rate);

CAPAS_END

#endif
