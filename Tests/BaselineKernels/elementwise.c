#include "../../Sources/CKernels/elementwise.c"
