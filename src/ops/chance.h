/* The forward half of the operations that change pictures by chance and of noise (chance.c), for
 * the table in forward.c. What pictures drew is kept for the way back; noise is drawn again. */
#ifndef CAPAS_OPS_CHANCE_H
#define CAPAS_OPS_CHANCE_H

#include "ops/op.h"

#define CAPAS_CHANCE_OP(word)                                                                      \
    void capas_complete_##word(capas_op *op, const capas_program *program,                         \
                               const capas_op_setting *setting);                                   \
    size_t capas_saved_##word(const capas_op *op, const capas_program *program,                    \
                              const capas_op_setting *setting, capas_element element);             \
    void capas_forward_##word(const capas_op *op, const capas_kernel *kernel,                      \
                              const capas_operands *operands, const capas_call *call);
CAPAS_CHANCE_OP(warp)
CAPAS_CHANCE_OP(adjust)
#undef CAPAS_CHANCE_OP

void capas_complete_noise(capas_op *op, const capas_program *program,
                          const capas_op_setting *setting);
void capas_forward_noise(const capas_op *op, const capas_kernel *kernel,
                         const capas_operands *operands, const capas_call *call);

#endif
