#include "../../Sources/CKernels/resample.c"
