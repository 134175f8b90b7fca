/* The operations of sequences (sequence.c, sequence_backward.c), for the tables in forward.c and
 * backward.c. */
#ifndef CAPAS_OPS_SEQUENCE_H
#define CAPAS_OPS_SEQUENCE_H

#include "ops/op.h"

#define CAPAS_SEQUENCE_OP(word)                                                                    \
    void capas_complete_##word(capas_op *op, const capas_program *program,                         \
                               const capas_op_setting *setting);                                   \
    void capas_forward_##word(const capas_op *op, const capas_kernel *kernel,                      \
                              const capas_operands *operands, const capas_call *call);
CAPAS_SEQUENCE_OP(scan)
CAPAS_SEQUENCE_OP(lookup)
CAPAS_SEQUENCE_OP(mask)
CAPAS_SEQUENCE_OP(share)
#undef CAPAS_SEQUENCE_OP

#define CAPAS_SEQUENCE_BACKWARD(word)                                                              \
    void capas_backward_##word(const capas_op *op, const capas_kernel *kernel,                     \
                               const capas_operands *operands, const capas_call *call);
CAPAS_SEQUENCE_BACKWARD(scan)
CAPAS_SEQUENCE_BACKWARD(lookup)
#undef CAPAS_SEQUENCE_BACKWARD

size_t capas_saved_scan(const capas_op *op, const capas_program *program,
                        const capas_op_setting *setting, capas_element element);
double capas_flops_scan(const capas_op *op);
void capas_describe_scan(const capas_op *op, char *text, size_t size);

/* What a scan's kernel is given in both directions. */
capas_scan_arguments capas_scan_arguments_of(const capas_op *op, const capas_kernel *kernel,
                                             const capas_operands *operands,
                                             const capas_call *call);

#endif
