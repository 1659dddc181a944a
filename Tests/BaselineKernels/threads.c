#include "../../Sources/CKernels/threads.c"
