#include "internal.h"

// libgomp's ABI, which GCC-compiled OpenMP code calls; declared here since clang ships no <omp.h> for it. Using the
// same pool as oneDNN and OpenBLAS means that two cores never run three sets of threads.
void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_get_max_threads(void);
void omp_set_num_threads(int);

typedef struct {
    rk_body body;
    void *context;
    int64_t count;
} task;

static void run_share(void *data) {
    const task *t = data;
    int64_t threads = omp_get_num_threads(), index = omp_get_thread_num();
    int64_t begin = t->count * index / threads, end = t->count * (index + 1) / threads;
    if (begin < end) t->body(t->context, begin, end);
}

void rk_set_threads(int threads) { omp_set_num_threads(threads < 1 ? 1 : threads); }
int rk_threads(void) { return omp_get_max_threads(); }

void rk_parallel(int64_t count, int64_t grain, rk_body body, void *context) {
    if (count <= 0) return;
    int64_t threads = omp_get_max_threads(), useful = (count + grain - 1) / grain;
    if (useful < threads) threads = useful;
    if (threads <= 1) {
        body(context, 0, count);
        return;
    }
    task t = {body, context, count};
    GOMP_parallel(run_share, &t, (unsigned)threads, 0);
}

int rk_x86_level(void) {
#if defined(REFINE_BASELINE_KERNELS)
    return 2;
#elif defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return 4;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 3;
    return 2;
#else
    return 0;
#endif
}
