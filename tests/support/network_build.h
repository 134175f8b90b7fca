/* The graph of a random network; see network.h. */
#ifndef CAPAS_TESTS_NETWORK_BUILD_H
#define CAPAS_TESTS_NETWORK_BUILD_H

#include "base/text.h"
#include <capas/model.h>
#include <stdint.h>

/* Ends the test when it cannot be made. At most CAPAS_PLAN_OUTPUTS outputs for most seeds. */
capas_model *network_build(uint64_t seed);

#endif
