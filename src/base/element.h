/* One element of a tensor as a number, for the places that look at data of any element type. */
#ifndef CAPAS_BASE_ELEMENT_H
#define CAPAS_BASE_ELEMENT_H

#include <capas/tensor.h>

static inline double capas_element_value(capas_element element, const void *data, int64_t i)
{
    switch (element) {
    case CAPAS_UINT8:
        return ((const uint8_t *)data)[i];
    case CAPAS_INT32:
        return ((const int32_t *)data)[i];
    case CAPAS_FLOAT32:
        return (double)((const float *)data)[i];
    default:
        return ((const double *)data)[i];
    }
}

#endif
