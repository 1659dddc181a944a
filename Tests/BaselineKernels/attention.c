#include "../../Sources/CKernels/attention.c"
