#include "winograd_internal.h"

// A strip of up to STRIP tiles is brought from 16 planes into [row][column][16 channels], where every transform is a
// loop over vectors of channels, and back. Rows and columns outside of the image are zero.
enum { COLUMNS = TILE * STRIP + 2 };

// 8 planes, columns begin..<end of one row, to [column][16 floats].
INLINE void pack_columns(const float *src, int64_t plane, int64_t count, float *dst) {
    if (count >= 8) {
        for (int64_t x = 0; x < count; x += 8) {
            if (x + 8 > count) x = count - 8; // the last vector overlaps its neighbour
            f8 r[8];
            for (int c = 0; c < 8; c++) r[c] = load8(src + c * plane + x);
            transpose8(r);
            for (int i = 0; i < 8; i++) store8(dst + (x + i) * PANEL, r[i]);
        }
        return;
    }
    if (count >= 4) {
        for (int64_t x = 0; x < count; x += 4) {
            if (x + 4 > count) x = count - 4;
            for (int c = 0; c < 8; c += 4) {
                f4 r[4];
                for (int i = 0; i < 4; i++) r[i] = load4(src + (c + i) * plane + x);
                transpose4(r);
                for (int i = 0; i < 4; i++) store4(dst + (x + i) * PANEL + c, r[i]);
            }
        }
        return;
    }
    for (int64_t x = 0; x < count; x++)
        for (int c = 0; c < 8; c++) dst[x * PANEL + c] = src[c * plane + x];
}

// The reverse; `addend`, planes like dst, may be null, and may be dst.
INLINE void unpack_columns(const float *src, const float *addend, float *dst, int64_t plane, int64_t count) {
    int64_t x = 0;
    for (; x + 8 <= count; x += 8) {
        f8 r[8];
        for (int i = 0; i < 8; i++) r[i] = load8(src + (x + i) * PANEL);
        transpose8(r);
        for (int c = 0; c < 8; c++)
            store8(dst + c * plane + x, addend ? r[c] + load8(addend + c * plane + x) : r[c]);
    }
    for (; x + 4 <= count; x += 4) {
        for (int c = 0; c < 8; c += 4) {
            f4 r[4];
            for (int i = 0; i < 4; i++) r[i] = load4(src + (x + i) * PANEL + c);
            transpose4(r);
            for (int i = 0; i < 4; i++)
                store4(dst + (c + i) * plane + x, addend ? r[i] + load4(addend + (c + i) * plane + x) : r[i]);
        }
    }
    for (; x < count; x++)
        for (int c = 0; c < 8; c++)
            dst[c * plane + x] = src[x * PANEL + c] + (addend ? addend[c * plane + x] : 0);
}

// One row of 16 planes, columns x..<x + columns, with zeros outside of the image and for missing channels.
INLINE void pack_row(const wino_planes *s, const float *src, int64_t missing, int64_t y, int64_t x, int64_t columns,
                     float *dst) {
    int64_t plane = s->height * s->width, begin = x < 0 ? 0 : x, end = smaller(x + columns, s->width);
    if (y < 0 || y >= s->height || begin >= end) {
        memset(dst, 0, (size_t)(columns * PANEL) * sizeof(float));
        return;
    }
    for (int64_t i = 0; i < begin - x; i++) memset(dst + i * PANEL, 0, PANEL * sizeof(float));
    for (int64_t i = end - x; i < columns; i++) memset(dst + i * PANEL, 0, PANEL * sizeof(float));
    const float *row = src + y * s->width + begin;
    float *out = dst + (begin - x) * PANEL;
    for (int64_t c = 0; c < PANEL; c += 8) {
        int64_t present = PANEL - missing - c;
        if (present >= 8) {
            pack_columns(row + c * plane, plane, end - begin, out + c);
        } else {
            for (int64_t i = 0; i < end - begin; i++)
                for (int64_t k = 0; k < 8; k++)
                    out[i * PANEL + c + k] = k < present ? row[(c + k) * plane + i] : 0;
        }
    }
}

INLINE int64_t missing_channels(const wino_planes *s, int64_t channel) {
    return channel + PANEL > s->channels ? channel + PANEL - s->channels : 0;
}

// The transforms, for vectors of 8 and of 16 channels: 16 is what AVX-512 holds in one register, and on AVX2 the
// halves of 16 would not fit into its registers.
#define TRANSFORMS(bits, vec)                                                                                          \
    /* Bᵀ on six vectors `step` apart; the results are `out_step` apart, and may take the place of the inputs. */      \
    INLINE void window_transform_##bits(const float *x, int64_t step, float *y, int64_t out_step) {                    \
        vec x0 = at(vec, x), x1 = at(vec, x + step), x2 = at(vec, x + 2 * step), x3 = at(vec, x + 3 * step);           \
        vec x4 = at(vec, x + 4 * step), x5 = at(vec, x + 5 * step);                                                    \
        vec even_a = x4 - B2 * x2, odd_a = x3 - B2 * x1, even_b = x4 - A2 * x2, odd_b = x3 - A2 * x1;                  \
        set(vec, y, A2 * B2 * x0 - (A2 + B2) * x2 + x4);                                                               \
        set(vec, y + out_step, even_a + POINT_A * odd_a);                                                              \
        set(vec, y + 2 * out_step, even_a - POINT_A * odd_a);                                                          \
        set(vec, y + 3 * out_step, even_b + POINT_B * odd_b);                                                          \
        set(vec, y + 4 * out_step, even_b - POINT_B * odd_b);                                                          \
        set(vec, y + 5 * out_step, A2 * B2 * x1 - (A2 + B2) * x3 + x5);                                                \
    }                                                                                                                  \
    /* Aᵀ: six vectors to four. */                                                                                     \
    INLINE void product_transform_##bits(const vec x[6], vec y[4]) {                                                   \
        vec sum_a = x[1] + x[2], difference_a = x[1] - x[2], sum_b = x[3] + x[4], difference_b = x[3] - x[4];          \
        y[0] = x[0] + sum_a + sum_b;                                                                                   \
        y[1] = POINT_A * difference_a + POINT_B * difference_b;                                                        \
        y[2] = A2 * sum_a + B2 * sum_b;                                                                                \
        y[3] = A3 * difference_a + B3 * difference_b + x[5];                                                           \
    }                                                                                                                  \
    /* 36 products `step` apart to 4x4 pixels, rows `line` apart. */                                                   \
    INLINE void tile_transform_##bits(const float *in, int64_t step, const float *bias, float *out, int64_t line) {    \
        vec half[TILE][WINDOW], column[WINDOW], result[TILE], offset = at(vec, bias);                                  \
        _Pragma("clang loop unroll(full)") for (int j = 0; j < WINDOW; j++) {                                          \
            for (int i = 0; i < WINDOW; i++) column[i] = at(vec, in + (i * WINDOW + j) * step);                        \
            product_transform_##bits(column, result);                                                                  \
            for (int i = 0; i < TILE; i++) half[i][j] = result[i];                                                     \
        }                                                                                                              \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < TILE; i++) {                                            \
            product_transform_##bits(half[i], result);                                                                 \
            for (int j = 0; j < TILE; j++) set(vec, out + i * line + j * PANEL, result[j] + offset);                   \
        }                                                                                                              \
    }                                                                                                                  \
    /* A: four vectors to six. */                                                                                      \
    INLINE void gradient_transform_##bits(const vec x[4], float *y, int64_t step) {                                    \
        vec even_a = x[0] + A2 * x[2], odd_a = x[1] + A2 * x[3], even_b = x[0] + B2 * x[2], odd_b = x[1] + B2 * x[3];  \
        set(vec, y, x[0]);                                                                                             \
        set(vec, y + step, even_a + POINT_A * odd_a);                                                                  \
        set(vec, y + 2 * step, even_a - POINT_A * odd_a);                                                              \
        set(vec, y + 3 * step, even_b + POINT_B * odd_b);                                                              \
        set(vec, y + 4 * step, even_b - POINT_B * odd_b);                                                              \
        set(vec, y + 5 * step, x[3]);                                                                                  \
    }                                                                                                                  \
    /* 4x4 pixels, rows `line` apart, to 36 vectors `step` apart, and their sum. */                                    \
    INLINE void tile_gradient_##bits(const float *in, int64_t line, float *out, int64_t step, float *total) {          \
        _Alignas(64) float half[WINDOW * TILE * bits];                                                                 \
        vec x[TILE], sum = {0};                                                                                        \
        for (int j = 0; j < TILE; j++) {                                                                               \
            for (int i = 0; i < TILE; i++) x[i] = at(vec, in + i * line + j * PANEL);                                  \
            sum += (x[0] + x[1]) + (x[2] + x[3]);                                                                      \
            gradient_transform_##bits(x, half + j * bits, TILE * bits);                                                \
        }                                                                                                              \
        set(vec, total, sum);                                                                                          \
        for (int i = 0; i < WINDOW; i++) {                                                                             \
            for (int j = 0; j < TILE; j++) x[j] = at(vec, half + (i * TILE + j) * bits);                               \
            gradient_transform_##bits(x, out + i * WINDOW * step, step);                                               \
        }                                                                                                              \
    }
#define at(vec, p) (*(const vec *)(p))
#define set(vec, p, v) (*(vec *)(p) = (v))
TRANSFORMS(8, f8)
TRANSFORMS(16, f16)

INLINE void input(const int wide, const wino_planes *s, const float *src, int64_t channel, int64_t begin, int64_t end,
                  float *v, int64_t row_stride, int64_t point_stride) {
    _Alignas(64) float rows[WINDOW * COLUMNS * PANEL];
    int64_t missing = missing_channels(s, channel), plane = s->height * s->width;
    for (int64_t t = begin; t < end;) {
        wino_strip strip = strip_at(s, t, end);
        int64_t columns = TILE * strip.tiles + 2, line = columns * PANEL;
        const float *planes = src + (strip.image * s->channels + channel) * plane;
        for (int64_t r = 0; r < WINDOW; r++)
            pack_row(s, planes, missing, strip.row * TILE - 1 + r, strip.column * TILE - 1, columns, rows + r * line);
        for (int64_t i = 0; i < line; i += wide ? 16 : 8)
            wide ? window_transform_16(rows + i, line, rows + i, line)
                 : window_transform_8(rows + i, line, rows + i, line);
        for (int64_t k = 0; k < strip.tiles; k++) {
            float *out = v + (t - begin + k) * row_stride;
            for (int64_t r = 0; r < WINDOW; r++) {
                const float *in = rows + r * line + k * TILE * PANEL;
                float *points = out + r * WINDOW * point_stride;
                if (wide) window_transform_16(in, PANEL, points, point_stride);
                else for (int64_t c = 0; c < PANEL; c += 8) window_transform_8(in + c, PANEL, points + c, point_stride);
            }
        }
        t += strip.tiles;
    }
}

INLINE void output(const int wide, const wino_planes *s, const float *m, int64_t point_stride, int64_t channel,
                   int64_t begin, int64_t end, const rk_winograd_tail *tail, float *dst) {
    _Alignas(64) float pixels[TILE * COLUMNS * PANEL];
    int64_t missing = missing_channels(s, channel), plane = s->height * s->width;
    float padded_bias[PANEL] = {0};
    for (int64_t t = begin; t < end;) {
        wino_strip strip = strip_at(s, t, end);
        if (tail->bias)
            memcpy(padded_bias, tail->bias + strip.image * tail->bias_stride + channel,
                   (size_t)(PANEL - missing) * sizeof(float));
        int64_t line = TILE * strip.tiles * PANEL;
        for (int64_t k = 0; k < strip.tiles; k++) {
            const float *in = m + (t - begin + k) * PANEL;
            float *out = pixels + k * TILE * PANEL;
            if (wide) tile_transform_16(in, point_stride, padded_bias, out, line);
            else
                for (int64_t c = 0; c < PANEL; c += 8)
                    tile_transform_8(in + c, point_stride, padded_bias + c, out + c, line);
        }
        int64_t x = strip.column * TILE, columns = smaller(TILE * strip.tiles, s->width - x);
        for (int64_t i = 0; i < TILE && strip.row * TILE + i < s->height; i++) {
            int64_t first = (strip.image * s->channels + channel) * plane + (strip.row * TILE + i) * s->width + x;
            float *out = dst + first;
            const float *addend = tail->addend ? tail->addend + first : 0;
            for (int64_t c = 0; c < PANEL; c += 8) {
                int64_t present = PANEL - missing - c;
                if (present >= 8) {
                    unpack_columns(pixels + i * line + c, addend ? addend + c * plane : 0, out + c * plane, plane, columns);
                } else {
                    for (int64_t k = 0; k < present; k++)
                        for (int64_t j = 0; j < columns; j++) {
                            float value = pixels[i * line + j * PANEL + c + k];
                            out[(c + k) * plane + j] = addend ? value + addend[(c + k) * plane + j] : value;
                        }
                }
            }
        }
        t += strip.tiles;
    }
}

INLINE void output_gradient(const int wide, const wino_planes *s, const float *diff, int64_t channel, int64_t begin,
                            int64_t end, float *z, int64_t point_stride, float *sums) {
    _Alignas(64) float pixels[TILE * COLUMNS * PANEL];
    int64_t missing = missing_channels(s, channel), plane = s->height * s->width;
    for (int64_t t = begin; t < end;) {
        wino_strip strip = strip_at(s, t, end);
        int64_t columns = TILE * strip.tiles, line = columns * PANEL;
        const float *planes = diff + (strip.image * s->channels + channel) * plane;
        for (int64_t r = 0; r < TILE; r++)
            pack_row(s, planes, missing, strip.row * TILE + r, strip.column * TILE, columns, pixels + r * line);
        for (int64_t k = 0; k < strip.tiles; k++) {
            const float *in = pixels + k * TILE * PANEL;
            float *out = z + (t - begin + k) * PANEL, *total = sums + (t - begin + k) * PANEL;
            if (wide) tile_gradient_16(in, line, out, point_stride, total);
            else
                for (int64_t c = 0; c < PANEL; c += 8)
                    tile_gradient_8(in + c, line, out + c, point_stride, total + c);
        }
        t += strip.tiles;
    }
}

// One entry point for each, by the width of the CPU's registers.
#define ENTRY(name, PARAMETERS, ...)                                                                                   \
    NARROW static void name##_narrow PARAMETERS { name(0, __VA_ARGS__); }                                              \
    WIDE static void name##_wide PARAMETERS { name(1, __VA_ARGS__); }                                                  \
    void wino_##name PARAMETERS { (wino_level() == 4 ? name##_wide : name##_narrow)(__VA_ARGS__); }

ENTRY(input,
      (const wino_planes *s, const float *src, int64_t channel, int64_t begin, int64_t end, float *v,
       int64_t row_stride, int64_t point_stride),
      s, src, channel, begin, end, v, row_stride, point_stride)
ENTRY(output,
      (const wino_planes *s, const float *m, int64_t point_stride, int64_t channel, int64_t begin, int64_t end,
       const rk_winograd_tail *tail, float *dst),
      s, m, point_stride, channel, begin, end, tail, dst)
ENTRY(output_gradient,
      (const wino_planes *s, const float *diff, int64_t channel, int64_t begin, int64_t end, float *z,
       int64_t point_stride, float *sums),
      s, diff, channel, begin, end, z, point_stride, sums)
