#include "../../Sources/CKernels/winograd_tiles.c"
