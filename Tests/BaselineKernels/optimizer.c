#include "../../Sources/CKernels/optimizer.c"
