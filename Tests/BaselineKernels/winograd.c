#include "../../Sources/CKernels/winograd.c"
