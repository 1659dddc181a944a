#include "../../Sources/CKernels/winograd_gradient.c"
