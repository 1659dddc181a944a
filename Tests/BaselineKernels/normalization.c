#include "../../Sources/CKernels/normalization.c"
