#include "../../Sources/CKernels/winograd_convolution.c"
