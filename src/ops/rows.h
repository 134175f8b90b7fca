/* The forward half of the operations that bring numbers to a scale or bend them, resize pictures
 * and multiply matrices (rows.c), for the table in forward.c. */
#ifndef CAPAS_OPS_ROWS_H
#define CAPAS_OPS_ROWS_H

#include "ops/op.h"

#define CAPAS_ROWS_OP(word)                                                                        \
    void capas_complete_##word(capas_op *op, const capas_program *program,                         \
                               const capas_op_setting *setting);                                   \
    void capas_forward_##word(const capas_op *op, const capas_kernel *kernel,                      \
                              const capas_operands *operands, const capas_call *call);
CAPAS_ROWS_OP(softmax)
CAPAS_ROWS_OP(rectify)
CAPAS_ROWS_OP(standardise)
CAPAS_ROWS_OP(rescale)
CAPAS_ROWS_OP(resize)
CAPAS_ROWS_OP(product)
#undef CAPAS_ROWS_OP

/* Bytes of one row of what STANDARDISE keeps, the means or the scales: whole cache lines. */
size_t capas_standardise_row(const capas_op *op, capas_element element);
size_t capas_saved_standardise(const capas_op *op, const capas_program *program,
                               const capas_op_setting *setting, capas_element element);

#endif
