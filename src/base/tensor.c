/* Shapes and element types of tensors; the numbers in them are the kernels' matter. */
#include "base/status.h"
#include <capas/tensor.h>
#include <stdarg.h>

capas_shape capas_shape_of(int rank, ...)
{
    capas_shape shape = {0};
    if (rank < 0 || rank > CAPAS_MAX_RANK) {
        capas_fail(CAPAS_INVALID_ARGUMENT, "a shape has from 0 to %d dimensions, found %d",
                   CAPAS_MAX_RANK, rank);
        return shape;
    }
    va_list dims;
    va_start(dims, rank);
    shape.rank = rank;
    for (int i = 0; i < rank; i++)
        shape.dims[i] = va_arg(dims, int);
    va_end(dims);
    return shape;
}

int capas_element_size(capas_element element)
{
    switch (element) {
    case CAPAS_FLOAT32:
    case CAPAS_INT32:
        return 4;
    case CAPAS_FLOAT64:
        return 8;
    case CAPAS_UINT8:
        return 1;
    }
    return 0;
}

const char *capas_element_name(capas_element element)
{
    switch (element) {
    case CAPAS_FLOAT32:
        return "float32";
    case CAPAS_FLOAT64:
        return "float64";
    case CAPAS_INT32:
        return "int32";
    case CAPAS_UINT8:
        return "uint8";
    }
    return "?";
}
