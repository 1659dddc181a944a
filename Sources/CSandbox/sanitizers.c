#include "sanitizers.h"

#include <dlfcn.h>
#include <stddef.h>

#if IS_SANITIZED
// Leaks are looked for at the end by a process that traces this one and opens files, which the guards forbid. What no
// machine could hold is refused as malloc refuses it, for the caller to say so.
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0:allocator_may_return_null=1"; }
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "allocator_may_return_null=1"; }

#if __has_feature(thread_sanitizer)
// Swift's runtime tells ThreadSanitizer of what a task hands to the thread that goes on with it, once this function of its
// was called. ThreadSanitizer calls its own empty one of that name, since the program's symbols come first; without the
// other every value that crosses an await is reported as a race.
__attribute__((constructor)) static void tell_swift_runtime(void) {
    void *runtime = dlopen("libswiftCore.so", RTLD_NOW | RTLD_NOLOAD);
    if (runtime == NULL) return;
    void (*hook)(void) = (void (*)(void))dlsym(runtime, "__tsan_on_initialize");
    if (hook != NULL) hook();
}
#endif
#endif
