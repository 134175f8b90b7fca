/* One optimizer step over a range of weights (keras-semantics 4.2; Keras optimizers).
 *
 *   SGD       m = momentum m - lr g;  w += m, or with nesterov w += momentum m - lr g  (momentum 0:
 * w -= lr g) RMSprop   v = rho v + (1-rho) g^2;  centered: a = rho a + (1-rho) g, v - a^2 in its
 * place; increment = lr g / sqrt(v + epsilon);  momentum > 0: b = momentum b + increment; w -= b
 *   Adam      m += (g-m)(1-beta_1);  v += (g^2-v)(1-beta_2);  amsgrad: h = max(h, v) in v's place;
 *             w -= alpha m / (sqrt(v) + epsilon),  alpha = lr sqrt(1-beta_2^t) / (1-beta_1^t)
 *   Adadelta  a = rho a + (1-rho) g^2;  delta = -sqrt(d + epsilon) g / sqrt(a + epsilon);
 *             d = rho d + (1-rho) delta^2;  w += lr delta
 *
 * Before it: g = gradient * gradient_scale (clipping by norm), clipped to +-clip_value when that is
 * > 0; then w -= w * decay. No element is skipped. */
#ifndef CAPAS_KERNELS_UPDATE_H
#define CAPAS_KERNELS_UPDATE_H

#include "kernels/kernel.h"

typedef enum capas_update_rule {
    CAPAS_UPDATE_SGD,
    CAPAS_UPDATE_RMSPROP,
    CAPAS_UPDATE_ADAM,
    CAPAS_UPDATE_ADADELTA,
} capas_update_rule;

typedef struct capas_update_problem {
    int workers;
    capas_update_rule rule;
    double momentum; /* SGD, RMSprop */
    bool nesterov, centered, amsgrad;
    double rho, beta_1, beta_2, epsilon;
} capas_update_problem;

enum { CAPAS_MAX_SLOTS = 3 };

typedef struct capas_update_arguments {
    int64_t count;
    void *weights;
    const void *gradient;
    /* SGD: momentum. RMSprop: velocity, then momentum if any, then average gradient if centered.
     * Adam: momentum, velocity, then the largest velocity if amsgrad. Adadelta: a, d. */
    void *slots[CAPAS_MAX_SLOTS];
    double learning_rate;  /* Adam: alpha, corrected for the step by the caller */
    double decay;          /* weight_decay * learning rate; 0: none */
    double gradient_scale; /* 1: none */
    double clip_value;     /* 0: none */
    bool *finite;          /* set to false when a new weight is not finite; never set to true */
} capas_update_arguments;

#endif
