/* The forward half of the operations that put arrays together and lay them out anew (arrange.c),
 * for the table in forward.c. */
#ifndef CAPAS_OPS_ARRANGE_H
#define CAPAS_OPS_ARRANGE_H

#include "ops/op.h"

#define CAPAS_ARRANGE_OP(word)                                                                     \
    void capas_complete_##word(capas_op *op, const capas_program *program,                         \
                               const capas_op_setting *setting);                                   \
    void capas_forward_##word(const capas_op *op, const capas_kernel *kernel,                      \
                              const capas_operands *operands, const capas_call *call);
CAPAS_ARRANGE_OP(combine)
CAPAS_ARRANGE_OP(join)
CAPAS_ARRANGE_OP(repeat)
CAPAS_ARRANGE_OP(move)
CAPAS_ARRANGE_OP(pad)
CAPAS_ARRANGE_OP(stack)
#undef CAPAS_ARRANGE_OP

void capas_forward_bias(const capas_op *op, const capas_kernel *kernel,
                        const capas_operands *operands, const capas_call *call);

#endif
