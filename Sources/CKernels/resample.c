#include "internal.h"

typedef struct {
    const float *x;
    float *y;
    int64_t height, width, channels, factor;
} operands;

CLONES static void double_row(const float *restrict x, float *restrict y, int64_t width) {
    for (int64_t i = 0; i < width; i++) y[2 * i] = y[2 * i + 1] = x[i];
}

CLONES static void halve_rows(const float *restrict upper, const float *restrict lower, float factor,
                              float *restrict y, int64_t width) {
    for (int64_t i = 0; i < width; i++)
        y[i] = factor * (upper[2 * i] + upper[2 * i + 1] + lower[2 * i] + lower[2 * i + 1]);
}

CLONES static void scaled_double_row(const float *restrict x, float factor, float *restrict y, int64_t width) {
    for (int64_t i = 0; i < width; i++) y[2 * i] = y[2 * i + 1] = factor * x[i];
}

static void upsample_planes(void *context, int64_t begin, int64_t end) {
    const operands *o = context;
    for (int64_t r = begin * o->height; r < end * o->height; r++) {
        float *y = o->y + 4 * r * o->width;
        double_row(o->x + r * o->width, y, o->width);
        memcpy(y + 2 * o->width, y, (size_t)(2 * o->width) * sizeof(float));
    }
}

static void sum_planes(void *context, int64_t begin, int64_t end) {
    const operands *o = context;
    for (int64_t r = begin * o->height; r < end * o->height; r++) {
        const float *x = o->x + 4 * r * o->width;
        halve_rows(x, x + 2 * o->width, 1.0f, o->y + r * o->width, o->width);
    }
}

static void average_planes(void *context, int64_t begin, int64_t end) {
    const operands *o = context;
    for (int64_t r = begin * o->height; r < end * o->height; r++) {
        const float *x = o->x + 4 * r * o->width;
        halve_rows(x, x + 2 * o->width, 0.25f, o->y + r * o->width, o->width);
    }
}

static void spread_planes(void *context, int64_t begin, int64_t end) {
    const operands *o = context;
    for (int64_t r = begin * o->height; r < end * o->height; r++) {
        float *y = o->y + 4 * r * o->width;
        scaled_double_row(o->x + r * o->width, 0.25f, y, o->width);
        memcpy(y + 2 * o->width, y, (size_t)(2 * o->width) * sizeof(float));
    }
}

static void by_planes(rk_body body, const float *x, float *y, int64_t planes, int64_t height, int64_t width) {
    operands o = {.x = x, .y = y, .height = height, .width = width};
    rk_parallel(planes, grain_of(4 * height * width), body, &o);
}

void rk_upsample_nearest2(const float *x, float *y, int64_t planes, int64_t height, int64_t width) {
    by_planes(upsample_planes, x, y, planes, height, width);
}
void rk_upsample_nearest2_backward(const float *dy, float *dx, int64_t planes, int64_t height, int64_t width) {
    by_planes(sum_planes, dy, dx, planes, height, width);
}
void rk_average_pool2(const float *x, float *y, int64_t planes, int64_t height, int64_t width) {
    by_planes(average_planes, x, y, planes, height, width);
}
void rk_average_pool2_backward(const float *dy, float *dx, int64_t planes, int64_t height, int64_t width) {
    by_planes(spread_planes, dy, dx, planes, height, width);
}

static void fold_planes(void *context, int64_t begin, int64_t end) {
    const operands *o = context;
    int64_t f = o->factor, folded = o->height * o->width;
    for (int64_t p = begin; p < end; p++) // p: one plane of the unfolded side
        for (int64_t row = 0; row < o->height * f; row++)
            for (int64_t fx = 0; fx < f; fx++) {
                const float *x = o->x + (p * o->height * f + row) * o->width * f + fx;
                float *y = o->y + (p * f * f + row % f * f + fx) * folded + row / f * o->width;
                for (int64_t i = 0; i < o->width; i++) y[i] = x[i * f];
            }
}

static void unfold_planes(void *context, int64_t begin, int64_t end) {
    const operands *o = context;
    int64_t f = o->factor, folded = o->height * o->width;
    for (int64_t p = begin; p < end; p++)
        for (int64_t row = 0; row < o->height * f; row++)
            for (int64_t fx = 0; fx < f; fx++) {
                const float *x = o->x + (p * f * f + row % f * f + fx) * folded + row / f * o->width;
                float *y = o->y + (p * o->height * f + row) * o->width * f + fx;
                for (int64_t i = 0; i < o->width; i++) y[i * f] = x[i];
            }
}

void rk_space_to_depth(const float *x, float *y, int64_t batch, int64_t channels, int64_t height, int64_t width,
                       int64_t factor) {
    operands o = {.x = x, .y = y, .height = height, .width = width, .factor = factor};
    rk_parallel(batch * channels, grain_of(height * width * factor * factor), fold_planes, &o);
}
void rk_depth_to_space(const float *x, float *y, int64_t batch, int64_t channels, int64_t height, int64_t width,
                       int64_t factor) {
    operands o = {.x = x, .y = y, .height = height, .width = width, .factor = factor};
    rk_parallel(batch * channels, grain_of(height * width * factor * factor), unfold_planes, &o);
}
