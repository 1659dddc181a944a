#include "../../Sources/CKernels/channels.c"
