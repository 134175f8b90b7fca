/* The op that calls a user's function (custom.c), for the tables in forward.c and backward.c. */
#ifndef CAPAS_OPS_CUSTOM_H
#define CAPAS_OPS_CUSTOM_H

#include "ops/op.h"

void capas_complete_custom(capas_op *op, const capas_program *program,
                           const capas_op_setting *setting);
void capas_forward_custom(const capas_op *op, const capas_kernel *kernel,
                          const capas_operands *operands, const capas_call *call);
void capas_backward_custom(const capas_op *op, const capas_kernel *kernel,
                           const capas_operands *operands, const capas_call *call);

#endif
