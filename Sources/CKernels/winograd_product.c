#include "winograd_internal.h"

// Register tiles of `rows` x 16: on AVX2 6 rows are 12 accumulators, on AVX-512 12 rows are 12 as well. All heights
// come from the same template and add in the same order, so the split into heights does not change any bit.

INLINE void product_rows(const int rows, const float *v, int64_t v_stride, const float *u, int64_t channels, float *m,
                         int accumulate) {
    f16 sum[12];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) sum[r] = accumulate ? load16(m + r * PANEL) : (f16){0};
    for (int64_t c = 0; c < channels; c++) {
        f16 weights = load16(u + c * PANEL);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) sum[r] += v[r * v_stride + c] * weights;
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) store16(m + r * PANEL, sum[r]);
}

INLINE void outer_rows(const int rows, const float *v, int64_t v_stride, const float *z, int64_t tiles, float *u,
                       int accumulate) {
    f16 sum[12];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) sum[r] = accumulate ? load16(u + r * PANEL) : (f16){0};
    for (int64_t t = 0; t < tiles; t++) {
        f16 gradient = load16(z + t * PANEL);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) sum[r] += v[t * v_stride + r] * gradient;
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) store16(u + r * PANEL, sum[r]);
}

// Cuts `count` rows into groups of at most `limit`, as even as possible.
#define GROUPS(limit, count, CALL)                                                                                     \
    for (int64_t left = (count), groups = (left + (limit) - 1) / (limit), done = 0; groups > 0; groups--) {            \
        int64_t height = (left + groups - 1) / groups;                                                                 \
        switch (height) { CALL }                                                                                       \
        left -= height;                                                                                                \
        done += height;                                                                                                \
    }
#define PRODUCT(n)                                                                                                     \
    case n: product_rows(n, v + done * v_stride, v_stride, u, channels, m + done * PANEL, accumulate); break;
#define OUTER(n)                                                                                                       \
    case n: outer_rows(n, v + done, v_stride, z, tiles, u + done * PANEL, accumulate); break;
#define UP_TO_3(CALL) CALL(1) CALL(2) CALL(3)
#define UP_TO_6(CALL) UP_TO_3(CALL) CALL(4) CALL(5) CALL(6)
#define UP_TO_12(CALL) UP_TO_6(CALL) CALL(7) CALL(8) CALL(9) CALL(10) CALL(11) CALL(12)

#define KERNELS(name, limit, CASES)                                                                                    \
    static void product_##name(const float *v, int64_t v_stride, const float *u, int64_t channels, float *m,           \
                               int64_t rows, int accumulate) {                                                         \
        GROUPS(limit, rows, CASES(PRODUCT))                                                                            \
    }                                                                                                                  \
    static void outer_##name(const float *v, int64_t v_stride, const float *z, int64_t tiles, float *u,                \
                             int64_t channels, int accumulate) {                                                       \
        GROUPS(limit, channels, CASES(OUTER))                                                                          \
    }

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"), min_vector_width(512))), apply_to = function)
KERNELS(v4, 12, UP_TO_12)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
KERNELS(v3, 6, UP_TO_6)
#pragma clang attribute pop
KERNELS(baseline, 3, UP_TO_3)

static int level(void) {
    static int known;
    int value = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (!value) __atomic_store_n(&known, value = rk_x86_level(), __ATOMIC_RELAXED);
    return value;
}

void wino_product(const float *v, int64_t v_stride, const float *u, int64_t channels, float *m, int64_t rows,
                  int accumulate) {
    switch (level()) {
    case 4: product_v4(v, v_stride, u, channels, m, rows, accumulate); break;
    case 3: product_v3(v, v_stride, u, channels, m, rows, accumulate); break;
    default: product_baseline(v, v_stride, u, channels, m, rows, accumulate);
    }
}

void wino_outer_product(const float *v, int64_t v_stride, const float *z, int64_t tiles, float *u, int64_t channels,
                        int accumulate) {
    switch (level()) {
    case 4: outer_v4(v, v_stride, z, tiles, u, channels, accumulate); break;
    case 3: outer_v3(v, v_stride, z, tiles, u, channels, accumulate); break;
    default: outer_baseline(v, v_stride, z, tiles, u, channels, accumulate);
    }
}
#else
KERNELS(vector, 6, UP_TO_6)

void wino_product(const float *v, int64_t v_stride, const float *u, int64_t channels, float *m, int64_t rows,
                  int accumulate) {
    product_vector(v, v_stride, u, channels, m, rows, accumulate);
}

void wino_outer_product(const float *v, int64_t v_stride, const float *z, int64_t tiles, float *u, int64_t channels,
                        int accumulate) {
    outer_vector(v, v_stride, z, tiles, u, channels, accumulate);
}
#endif
