#pragma once

// REFINE_BASELINE_KERNELS: no clones, as on a CPU that none of them is for (Tests/BaselineKernels). Under a sanitizer there
// are none either: its calls would stand in the resolvers as well, which run before its runtime is there.
#if defined(__has_feature)
#if (__has_feature(thread_sanitizer) || __has_feature(address_sanitizer)) && !defined(REFINE_BASELINE_KERNELS)
#define REFINE_BASELINE_KERNELS
#endif
#endif

// A function for each kind of CPU, chosen when the program is loaded.
#if defined(__x86_64__) && !defined(REFINE_BASELINE_KERNELS)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif
#define INLINE static inline __attribute__((always_inline))
