#include "winograd_internal.h"

// Register tiles of `rows` x 16: on AVX2 6 rows are 12 accumulators, on AVX-512 12 rows are 12, or 24 with two panels at
// a time, which is a quarter faster. All heights
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

// The same for two panels: each element of v that is loaded serves two vectors of weights, so on AVX-512, where 24 sums
// and both vectors fit into registers, the multipliers are what limits it and not the loads.
INLINE void product_rows_of_two(const int rows, const float *v, int64_t v_stride, const float *u, const float *u2,
                                int64_t channels, float *m, float *m2, int accumulate) {
    f16 sum[12], sum2[12];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        sum[r] = accumulate ? load16(m + r * PANEL) : (f16){0};
        sum2[r] = accumulate ? load16(m2 + r * PANEL) : (f16){0};
    }
    for (int64_t c = 0; c < channels; c++) {
        f16 weights = load16(u + c * PANEL), weights2 = load16(u2 + c * PANEL);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            float value = v[r * v_stride + c];
            sum[r] += value * weights;
            sum2[r] += value * weights2;
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) store16(m + r * PANEL, sum[r]), store16(m2 + r * PANEL, sum2[r]);
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

INLINE void outer_rows_of_two(const int rows, const float *v, int64_t v_stride, const float *z, const float *z2,
                              int64_t tiles, float *u, float *u2, int accumulate) {
    f16 sum[12], sum2[12];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        sum[r] = accumulate ? load16(u + r * PANEL) : (f16){0};
        sum2[r] = accumulate ? load16(u2 + r * PANEL) : (f16){0};
    }
    for (int64_t t = 0; t < tiles; t++) {
        f16 gradient = load16(z + t * PANEL), gradient2 = load16(z2 + t * PANEL);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            float value = v[t * v_stride + r];
            sum[r] += value * gradient;
            sum2[r] += value * gradient2;
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) store16(u + r * PANEL, sum[r]), store16(u2 + r * PANEL, sum2[r]);
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
#define PRODUCT_OF_TWO(n)                                                                                              \
    case n:                                                                                                            \
        product_rows_of_two(n, v + done * v_stride, v_stride, u, u2, channels, m + done * PANEL, m2 + done * PANEL,    \
                            accumulate);                                                                               \
        break;
#define OUTER(n)                                                                                                       \
    case n: outer_rows(n, v + done, v_stride, z, tiles, u + done * PANEL, accumulate); break;
#define OUTER_OF_TWO(n)                                                                                                \
    case n:                                                                                                            \
        outer_rows_of_two(n, v + done, v_stride, z, z2, tiles, u + done * PANEL, u2 + done * PANEL, accumulate);       \
        break;
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
static void product_of_two_v4(const float *v, int64_t v_stride, const float *u, const float *u2, int64_t channels,
                              float *m, float *m2, int64_t rows, int accumulate) {
    GROUPS(12, rows, UP_TO_12(PRODUCT_OF_TWO))
}
static void outer_of_two_v4(const float *v, int64_t v_stride, const float *z, const float *z2, int64_t tiles, float *u,
                            float *u2, int64_t channels, int accumulate) {
    GROUPS(12, channels, UP_TO_12(OUTER_OF_TWO))
}
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
KERNELS(v3, 6, UP_TO_6)
#pragma clang attribute pop
KERNELS(baseline, 3, UP_TO_3)

void wino_product(const float *v, int64_t v_stride, const float *u, int64_t channels, float *m, int64_t rows,
                  int accumulate) {
    switch (wino_level()) {
    case 4: product_v4(v, v_stride, u, channels, m, rows, accumulate); break;
    case 3: product_v3(v, v_stride, u, channels, m, rows, accumulate); break;
    default: product_baseline(v, v_stride, u, channels, m, rows, accumulate);
    }
}

void wino_outer_product(const float *v, int64_t v_stride, const float *z, int64_t tiles, float *u, int64_t channels,
                        int accumulate) {
    switch (wino_level()) {
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

void wino_product_of_two(const float *v, int64_t v_stride, const float *u, const float *u2, int64_t channels, float *m,
                         float *m2, int64_t rows, int accumulate) {
#if defined(__x86_64__)
    if (wino_level() == 4) {
        product_of_two_v4(v, v_stride, u, u2, channels, m, m2, rows, accumulate);
        return;
    }
#endif
    wino_product(v, v_stride, u, channels, m, rows, accumulate);
    wino_product(v, v_stride, u2, channels, m2, rows, accumulate);
}

void wino_outer_product_of_two(const float *v, int64_t v_stride, const float *z, const float *z2, int64_t tiles,
                               float *u, float *u2, int64_t channels, int accumulate) {
#if defined(__x86_64__)
    if (wino_level() == 4) {
        outer_of_two_v4(v, v_stride, z, z2, tiles, u, u2, channels, accumulate);
        return;
    }
#endif
    wino_outer_product(v, v_stride, z, tiles, u, channels, accumulate);
    wino_outer_product(v, v_stride, z2, tiles, u2, channels, accumulate);
}
