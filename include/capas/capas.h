/* capas: deep learning in C, with Keras's words, Keras's files and Keras's numbers.
 *
 * This header brings everything. See examples/first.c for a whole program. */
#ifndef CAPAS_H
#define CAPAS_H

#include <capas/activations.h>
#include <capas/applications.h>
#include <capas/augment.h>
#include <capas/callbacks.h>
#include <capas/classification.h>
#include <capas/convolutions.h>
#include <capas/custom.h>
#include <capas/data.h>
#include <capas/dataset.h>
#include <capas/files.h>
#include <capas/flat.h>
#include <capas/gradients.h>
#include <capas/layers.h>
#include <capas/model.h>
#include <capas/normalization.h>
#include <capas/optimizers.h>
#include <capas/options.h>
#include <capas/pictures.h>
#include <capas/plot.h>
#include <capas/pooling.h>
#include <capas/recipe.h>
#include <capas/regularization.h>
#include <capas/reshaping.h>
#include <capas/runtime.h>
#include <capas/schedules.h>
#include <capas/state.h>
#include <capas/status.h>
#include <capas/tensor.h>
#include <capas/training.h>

#endif
