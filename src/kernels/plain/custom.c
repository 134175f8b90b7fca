/* A function of the user's; see kernels/custom.h. */
#include "kernels/custom.h"
#include "kernels/kernel.h"
#include "kernels/plain/real.h"

static void custom(const void *problem, const void *arguments)
{
    (void)problem;
    const capas_custom_arguments *a = arguments;
    a->function(a->call);
}

CAPAS_PLAIN_KERNEL(custom, NULL, custom);
