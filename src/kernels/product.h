/* Family product: for each sample Y[i][j] = sum over k of A[i][k] B[j][k]; the arguments are those
 * of combine. Backward: dA[i][k] = sum over j of dY[i][j] B[j][k], dB[j][k] = sum over i of
 * dY[i][j] A[i][k]. */
#ifndef CAPAS_KERNELS_PRODUCT_H
#define CAPAS_KERNELS_PRODUCT_H

#include "kernels/elementwise.h"

typedef struct capas_product_problem {
    int workers;
    int64_t rows, columns, length; /* of i, j, k */
} capas_product_problem;

#endif
