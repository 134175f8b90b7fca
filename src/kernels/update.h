/* One optimizer step over a range of weights (keras-semantics 4.2; Keras optimizers).
 *
 *   SGD       m = momentum m - lr g;  w += m, or with nesterov w += momentum m - lr g;
 *             momentum 0: w -= lr g
 *   RMSprop   v = rho v + (1-rho) g^2;  centered: a = rho a + (1-rho) g, v - a^2 in v's place;
 *             increment = lr g / sqrt(v + epsilon);
 *             momentum > 0: b = momentum b + increment;  w -= b
 *   Adam      m += (g-m)(1-beta_1);  v += (g^2-v)(1-beta_2);  amsgrad: h = max(h, v) in v's place;
 *             w -= alpha m / (sqrt(v) + epsilon),  alpha = lr sqrt(1-beta_2^t) / (1-beta_1^t)
 *   Adadelta  a = rho a + (1-rho) g^2;  delta = -sqrt(d + epsilon) g / sqrt(a + epsilon);
 *             d = rho d + (1-rho) delta^2;  w += lr delta
 *   Adagrad   a += g^2;  w -= lr g / sqrt(a + epsilon)
 *   Adamax    m as Adam;  u = max(beta_2 u, |g|);  w -= alpha m / (u + epsilon),
 *             alpha = lr / (1-beta_1^t)
 *   Nadam     m, v as Adam;  w -= lr (momentum_scale m + gradient_share g) /
 *             (sqrt(velocity_scale v) + epsilon)
 *   Lion      w -= lr sign(beta_1 m + (1-beta_1) g);  m = beta_2 m + (1-beta_2) g
 *   Ftrl      b = a + g^2;  s = (b^-power - a^-power) / lr;  z += g + 2 shrinkage w - s w;  a = b;
 *             w = (clip(z, +-l1) - z) / (b^-power / lr + 2 l2 + beta / lr)
 *   Lamb      m, v as Adam;  d = momentum_scale m / (sqrt(velocity_scale v) + epsilon) goes to
 *             `direction`, and the weights are only decayed: how far to go is told by norms of all
 *             of a weight, so the caller takes the step w -= r d as one of SGD
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
    CAPAS_UPDATE_ADAGRAD,
    CAPAS_UPDATE_ADAMAX,
    CAPAS_UPDATE_NADAM,
    CAPAS_UPDATE_LION,
    CAPAS_UPDATE_FTRL,
    CAPAS_UPDATE_LAMB,
} capas_update_rule;

typedef struct capas_update_problem {
    int workers;
    capas_update_rule rule;
    double momentum; /* SGD, RMSprop */
    bool nesterov, centered, amsgrad;
    double rho, beta_1, beta_2, epsilon;
    double power, l1, l2, shrinkage, beta; /* Ftrl */
} capas_update_problem;

enum { CAPAS_MAX_SLOTS = 3 };

typedef struct capas_update_arguments {
    int64_t count;
    void *weights;
    const void *gradient;
    /* SGD: momentum. RMSprop: velocity, then momentum if any, then average gradient if centered.
     * Adam, Nadam, Lamb: momentum, velocity, then the largest velocity if amsgrad. Adadelta: a, d.
     * Adagrad: a. Adamax: m, u. Lion: m. Ftrl: a, z. */
    void *slots[CAPAS_MAX_SLOTS];
    void *direction;      /* Lamb; may be the gradient's own place */
    double learning_rate; /* Adam, Adamax: alpha, corrected for the step by the caller */
    double momentum_scale, gradient_share, velocity_scale; /* Nadam, Lamb */
    double decay;          /* weight_decay * learning rate; 0: none */
    double gradient_scale; /* 1: none */
    double clip_value;     /* 0: none */
    bool *finite;          /* set to false when a new weight is not finite; never set to true */
} capas_update_arguments;

#endif
