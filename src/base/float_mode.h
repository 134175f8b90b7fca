/* The one floating-point mode that all arithmetic of capas runs in: round to nearest, denormal
 * numbers read and written as zero, no traps. On processors that are neither x86 nor 64-bit ARM
 * only the rounding is set. */
#ifndef CAPAS_BASE_FLOAT_MODE_H
#define CAPAS_BASE_FLOAT_MODE_H

#include <stdint.h>

typedef uint64_t capas_float_mode;

/* Sets the mode in this thread and returns the one before, to be given back. Costs a few
 * nanoseconds. */
capas_float_mode capas_float_mode_enter(void);
void capas_float_mode_leave(capas_float_mode before);

#endif
