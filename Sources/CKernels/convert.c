#include "internal.h"

INLINE uint32_t bits_of(float f) {
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}
INLINE float float_of(uint32_t u) {
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

CLONES void rk_half_to_float(const uint16_t *restrict x, float *restrict y, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        uint32_t h = x[i], sign = (h & 0x8000u) << 16, rest = (h & 0x7fffu) << 13;
        // Exponents are rebased by a multiplication, which makes subnormal halves right as well.
        float value = float_of(rest) * 0x1p112f;
        uint32_t special = (h & 0x7c00u) == 0x7c00u ? 0x7f800000u : 0;
        y[i] = float_of(bits_of(value) | special | sign);
    }
}

CLONES void rk_float_to_half(const float *restrict x, uint16_t *restrict y, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        uint32_t u = bits_of(x[i]), sign = u >> 16 & 0x8000u, magnitude = u & 0x7fffffffu, h;
        if (magnitude >= 0x47800000u) {
            h = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u; // NaN, or too large
        } else if (magnitude < 0x38800000u) {
            h = bits_of(float_of(magnitude) + 0.5f) - 0x3f000000u; // subnormal: the addition rounds to a multiple of 2^-24
        } else {
            h = (magnitude + 0xc8000fffu + (magnitude >> 13 & 1u)) >> 13;
        }
        y[i] = (uint16_t)(h | sign);
    }
}

CLONES void rk_bfloat_to_float(const uint16_t *restrict x, float *restrict y, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = float_of((uint32_t)x[i] << 16);
}

CLONES void rk_float_to_bfloat(const float *restrict x, uint16_t *restrict y, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        uint32_t u = bits_of(x[i]), nan = (u & 0x7fffffffu) > 0x7f800000u;
        y[i] = (uint16_t)(nan ? (u >> 16 | 0x40u) : (u + 0x7fffu + (u >> 16 & 1u)) >> 16);
    }
}
