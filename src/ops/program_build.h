/* What the files that build programs share; for them only. */
#ifndef CAPAS_OPS_PROGRAM_BUILD_H
#define CAPAS_OPS_PROGRAM_BUILD_H

#include "ops/program.h"

/* An op of a kind over its first input; the rest is filled in by the caller. NULL on failure. */
capas_op *capas_program_add(capas_program *program, capas_op_kind kind, const char *label,
                            int input);
/* Gives the newest op its output buffer. */
int capas_program_finish(capas_program *program, const capas_shape *shape);

#endif
