#include "../../Sources/CKernels/winograd_product.c"
