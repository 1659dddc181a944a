#include "internal.h"

#include <malloc.h>

// glibc keeps freed buffers below its (growing) mmap threshold; after a job they belong back to the system.
void rk_release_free_memory(void) { malloc_trim(0); }
