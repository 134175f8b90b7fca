/* The floating-point control register of each kind of processor. Giving the old value back also
 * gives back the exception flags, so that a caller sees none of ours. */
#include "base/float_mode.h"

#if defined(__SSE__)

/* MXCSR: all exceptions masked, round to nearest; bit 15 flushes results to zero, bit 6 reads
 * denormals as zero. */
enum { ALL_MASKED = 0x1F80, FLUSH_TO_ZERO = 0x8000, DENORMALS_ARE_ZERO = 0x0040 };

static uint64_t read_mode(void)
{
    return __builtin_ia32_stmxcsr();
}

static void write_mode(uint64_t mode)
{
    __builtin_ia32_ldmxcsr((unsigned)mode);
}

static const uint64_t our_mode = ALL_MASKED | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO;

#elif defined(__aarch64__)

static uint64_t read_mode(void)
{
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}

static void write_mode(uint64_t mode)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}

/* FPCR: bit 24 flushes denormals; rounding to nearest and untrapped are zeros. */
static const uint64_t our_mode = 1u << 24;

#else
#include <fenv.h>

static uint64_t read_mode(void)
{
    return (uint64_t)fegetround();
}

static void write_mode(uint64_t mode)
{
    fesetround((int)mode);
}

static const uint64_t our_mode = FE_TONEAREST;

#endif

capas_float_mode capas_float_mode_enter(void)
{
    uint64_t before = read_mode();
    if (before != our_mode) write_mode(our_mode);
    return before;
}

void capas_float_mode_leave(capas_float_mode before)
{
    if (before != read_mode()) write_mode(before);
}
