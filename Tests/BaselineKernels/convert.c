#include "../../Sources/CKernels/convert.c"
