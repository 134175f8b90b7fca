/* The machine's own limit, for the bench: multiply-adds in registers and nothing else. */
#ifndef CAPAS_KERNELS_PEAK_H
#define CAPAS_KERNELS_PEAK_H

/* The best rate of the kernel set in force on `threads` threads, in FLOP/s (a multiply-add is two),
 * over about `seconds`. The plain set is measured with the least of the tuned ones. */
double capas_measure_peak(int threads, double seconds);

#endif
