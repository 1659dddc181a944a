#include "../../Sources/CKernels/winograd_weights.c"
