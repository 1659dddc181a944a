#include "internal.h"

typedef struct {
    const float *x, *bias;
    float *y;
    int64_t channels, inner, bias_stride, rows, columns;
} operands;

CLONES static void add_row(const float *x, float bias, float *y, int64_t n) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < n; i++) y[i] = x[i] + bias;
}

static void channel_add_rows(void *context, int64_t begin, int64_t end) {
    const operands *o = context;
    for (int64_t row = begin; row < end; row++) {
        int64_t outer = row / o->channels, channel = row % o->channels;
        add_row(o->x + row * o->inner, o->bias[outer * o->bias_stride + channel], o->y + row * o->inner, o->inner);
    }
}

void rk_channel_add(const float *x, const float *bias, int64_t bias_stride, float *y, int64_t outer, int64_t channels,
                    int64_t inner) {
    operands o = {.x = x, .bias = bias, .y = y, .channels = channels, .inner = inner, .bias_stride = bias_stride};
    rk_parallel(outer * channels, grain_of(inner), channel_add_rows, &o);
}

CLONES static float row_sum(const float *restrict x, int64_t n) {
    float lanes[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) lanes[l] += x[i + l];
    float total = sum_lanes(lanes);
    for (; i < n; i++) total += x[i];
    return total;
}

static void inner_sum_rows(void *context, int64_t begin, int64_t end) {
    const operands *o = context;
    for (int64_t row = begin; row < end; row++) o->y[row] = row_sum(o->x + row * o->inner, o->inner);
}

void rk_inner_sum(const float *x, float *sums, int64_t rows, int64_t inner) {
    operands o = {.x = x, .y = sums, .inner = inner};
    rk_parallel(rows, grain_of(inner), inner_sum_rows, &o);
}

CLONES void rk_outer_sum(const float *x, float *sums, int64_t outer, int64_t columns) {
    memset(sums, 0, (size_t)columns * sizeof(float));
    for (int64_t o = 0; o < outer; o++)
        for (int64_t c = 0; c < columns; c++) sums[c] += x[o * columns + c];
}

typedef struct {
    const float *x;
    float *y;
    int64_t x_stride, y_stride, width;
} rows_to_copy;

static void copy_rows(void *context, int64_t begin, int64_t end) {
    const rows_to_copy *o = context;
    for (int64_t row = begin; row < end; row++)
        memcpy(o->y + row * o->y_stride, o->x + row * o->x_stride, (size_t)o->width * sizeof(float));
}

void rk_copy_rows(const float *x, int64_t x_stride, float *y, int64_t y_stride, int64_t rows, int64_t width) {
    rows_to_copy o = {x, y, x_stride, y_stride, width};
    rk_parallel(rows, grain_of(width), copy_rows, &o);
}

// Tiles of 16x16 keep both sides in the cache.
CLONES static void transpose_plane(const float *restrict x, float *restrict y, int64_t rows, int64_t columns) {
    for (int64_t r0 = 0; r0 < rows; r0 += 16)
        for (int64_t c0 = 0; c0 < columns; c0 += 16) {
            int64_t r1 = r0 + 16 < rows ? r0 + 16 : rows, c1 = c0 + 16 < columns ? c0 + 16 : columns;
            for (int64_t c = c0; c < c1; c++)
                for (int64_t r = r0; r < r1; r++) y[c * rows + r] = x[r * columns + c];
        }
}

static void transpose_planes(void *context, int64_t begin, int64_t end) {
    const operands *o = context;
    int64_t size = o->rows * o->columns;
    for (int64_t p = begin; p < end; p++) transpose_plane(o->x + p * size, o->y + p * size, o->rows, o->columns);
}

void rk_transpose(const float *x, float *y, int64_t batch, int64_t rows, int64_t columns) {
    operands o = {.x = x, .y = y, .rows = rows, .columns = columns};
    rk_parallel(batch, grain_of(rows * columns), transpose_planes, &o);
}
