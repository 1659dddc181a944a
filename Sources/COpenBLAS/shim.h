#pragma once
#include <cblas.h>

// LAPACK's eigenvalues of a symmetric matrix, which OpenBLAS brings along; its headers are in another package. Fortran's
// calling convention: everything by address, matrices by columns.
void dsyevd_(const char *job, const char *triangle, const blasint *order, double *matrix, const blasint *stride,
             double *eigenvalues, double *work, const blasint *work_size, blasint *integers,
             const blasint *integer_count, blasint *status);
