#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "CKernels.h"
#include "clones.h"

// Below this many elements a loop is not worth a second thread.
enum { GRAIN = 16384, LANES = 16 };

// The grain of a loop whose every round handles `elements`, which may be none.
INLINE int64_t grain_of(int64_t elements) { return GRAIN / (elements < 1 ? 1 : elements) + 1; }

// exp by 2^n * e^r with a degree-6 polynomial on |r| <= ln(2)/2; relative error under 2e-7. Written without calls and
// branches so that loops over it vectorise.
INLINE float fast_exp(float x) {
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    float n = (x * 1.44269504088896341f + 12582912.0f) - 12582912.0f;
    float r = x - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.3888889e-3f;
    p = p * r + 8.3333333e-3f;
    p = p * r + 4.1666667e-2f;
    p = p * r + 1.6666667e-1f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    union { int32_t i; float f; } scale = {.i = ((int32_t)n + 127) << 23};
    return p * scale.f;
}

INLINE float sigmoid(float x) { return 1.0f / (1.0f + fast_exp(-x)); }

// d silu(x) / dx
INLINE float silu_slope(float x) {
    float s = sigmoid(x);
    return s * (1.0f + x * (1.0f - s));
}

// Fixed-order lane sums: the compiler may not reorder float additions, so the lanes are spelled out.
INLINE float sum_lanes(const float *lanes) {
    float total = 0;
    for (int i = 0; i < LANES; i++) total += lanes[i];
    return total;
}
