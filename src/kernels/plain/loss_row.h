/* What the plain losses share: a row, and the clip of probabilities. */
#ifndef CAPAS_KERNELS_PLAIN_LOSS_ROW_H
#define CAPAS_KERNELS_PLAIN_LOSS_ROW_H

#include "kernels/loss.h"
#include "kernels/plain/real.h"

/* One row: prediction [K], target [K] or the label; gradient and probability [K] or NULL. `factor`
 * is what the row's value counts in the reduced loss. */
typedef struct loss_row {
    const capas_loss_problem *problem;
    const capas_real *prediction, *target;
    int32_t label;
    bool zero_one; /* hinges: all targets of the batch are 0 or 1, and mean -1 and 1 */
    double factor;
    capas_real *gradient, *probability;
} loss_row;

/* Probabilities that enter a logarithm lie between these, as numbers of the type. */
static const capas_real lowest = (capas_real)1e-7, highest = (capas_real)(1 - 1e-7);

static inline capas_real clipped(capas_real p)
{
    return p < lowest ? lowest : p > highest ? highest : p;
}

/* Whether the clip lets a gradient through. */
static inline bool passes(capas_real p)
{
    return !(p < lowest) && !(p > highest);
}

/* The value of a row, whose gradient is set: losses that are a mean over the row's elements, losses
 * of vectors. */
double CAPAS_PLAIN(capas_loss_of_elements)(const loss_row *row);
double CAPAS_PLAIN(capas_loss_of_vector)(const loss_row *row);

/* Dice and Tversky: the loss of all rows together, and its gradient. */
double CAPAS_PLAIN(capas_loss_of_overlap)(const capas_loss_problem *problem,
                                          const capas_loss_arguments *arguments);

/* Losses of a batch that have a file each: all their values and gradients; and what they need as
 * workspace. */
void CAPAS_PLAIN(capas_loss_of_pairs)(const capas_loss_problem *problem,
                                      const capas_loss_arguments *arguments);
size_t CAPAS_PLAIN(capas_loss_of_pairs_workspace)(const capas_loss_problem *problem);
void CAPAS_PLAIN(capas_loss_of_sequences)(const capas_loss_problem *problem,
                                          const capas_loss_arguments *arguments);
size_t CAPAS_PLAIN(capas_loss_of_sequences_workspace)(const capas_loss_problem *problem);

#endif
