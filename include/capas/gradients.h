/* Gradients to look at: of the compiled loss, or of chosen outputs, with respect to inputs and
 * weights (what tf.GradientTape gives), in inference mode: nothing is dropped, batch normalisation
 * uses its moving statistics, and nothing changes in the model. What the network saw in a picture
 * follows from the gradient with respect to it.
 *
 * All `n` samples are in memory at once, as a batch of training. The arrays that take results are
 * the caller's, float32 in Keras's order: one for each input of the model ([n, ...]) and one for
 * each weight (numbered as by capas_model_weight_info); NULL, also in place of the whole list: not
 * wanted. Weights that are frozen, or never trained (moving statistics), get zeros. */
#ifndef CAPAS_GRADIENTS_H
#define CAPAS_GRADIENTS_H

#include <capas/model.h>

CAPAS_BEGIN

/* Of the compiled loss (with its loss weights, without the penalties of regularisers), which comes
 * in *loss, with the penalties, when that is not NULL. Inputs and targets as in
 * capas_train_on_batch. */
CAPAS_API capas_status capas_loss_gradients(capas_model *model, const capas_tensor *inputs,
                                            const capas_tensor *targets, int64_t n,
                                            float *const *input_gradients,
                                            float *const *weight_gradients, double *loss);

/* Of the sum over all outputs of output * weight: `output_gradients` has a [n, ...] array for each
 * output of the model. A 1 at a class and 0 elsewhere gives the gradient of the score of that
 * class. The model need not be compiled. Inputs as in capas_predict_tensors. */
CAPAS_API capas_status capas_output_gradients(capas_model *model, const capas_tensor *inputs,
                                              int64_t n, const float *const *output_gradients,
                                              float *const *input_gradients,
                                              float *const *weight_gradients);

/* Holds the gradients of the compiled loss against small differences of it: for layers and losses
 * of one's own (capas/custom.h), in a small model that has them, with a few samples. Inputs of
 * float32 and weights that train are moved along random directions, the weights in the end as
 * before. Fails with CAPAS_INVALID_ARGUMENT and the tensor where a gradient is beside by more than
 * `tolerance` of its size (0: 0.02). Inputs of whole numbers are left as they are. */
CAPAS_API capas_status capas_check_gradients(capas_model *model, const capas_tensor *inputs,
                                             const capas_tensor *targets, int64_t n,
                                             double tolerance);

CAPAS_END

#endif
