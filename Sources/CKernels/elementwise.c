#include "internal.h"

typedef struct {
    const float *a, *b, *w;
    float *y;
    float factor;
} operands;

// One vectorised loop and its entry point.
#define LOOP(name, statement)                                                                                          \
    CLONES static void name##_loop(const float *restrict a, const float *restrict b, const float *restrict w,          \
                                   float factor, float *y, int64_t n) {                                                \
        (void)a, (void)b, (void)w, (void)factor;                                                                       \
        _Pragma("clang loop vectorize(assume_safety)") for (int64_t i = 0; i < n; i++) statement;                      \
    }                                                                                                                  \
    static void name##_body(void *context, int64_t begin, int64_t end) {                                               \
        const operands *o = context;                                                                                   \
        name##_loop(o->a ? o->a + begin : 0, o->b ? o->b + begin : 0, o->w ? o->w + begin : 0, o->factor,              \
                    o->y + begin, end - begin);                                                                        \
    }                                                                                                                  \
    static void name##_run(const float *a, const float *b, const float *w, float factor, float *y, int64_t n) {        \
        operands o = {a, b, w, y, factor};                                                                             \
        rk_parallel(n, GRAIN, name##_body, &o);                                                                        \
    }

INLINE float gelu_phi(float x) {
    // Φ(x) by erf of Abramowitz and Stegun 7.1.26, |error| < 1.5e-7.
    float z = fabsf(x) * 0.70710678118654752f, t = 1.0f / (1.0f + 0.3275911f * z);
    float p = t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
    float erf = 1.0f - p * fast_exp(-z * z);
    return 0.5f * (1.0f + (x < 0 ? -erf : erf));
}
INLINE float gelu_slope(float x) { return gelu_phi(x) + x * 0.39894228040143268f * fast_exp(-0.5f * x * x); }

LOOP(fill, y[i] = factor)
LOOP(add, y[i] = a[i] + b[i])
LOOP(subtract, y[i] = a[i] - b[i])
LOOP(multiply, y[i] = a[i] * b[i])
LOOP(scale, y[i] = a[i] * factor)
LOOP(accumulate, y[i] += factor * a[i])
LOOP(lerp, y[i] += factor * (a[i] - y[i]))
LOOP(silu, y[i] = a[i] * sigmoid(a[i]))
LOOP(silu_backward, y[i] = b[i] * silu_slope(a[i]))
LOOP(gelu, y[i] = a[i] * gelu_phi(a[i]))
LOOP(gelu_backward, y[i] = b[i] * gelu_slope(a[i]))
LOOP(error_backward, y[i] = factor * (a[i] - b[i]))
LOOP(weighted_error_backward, y[i] = factor * w[i] * (a[i] - b[i]))

void rk_fill(float *y, float value, int64_t n) { fill_run(0, 0, 0, value, y, n); }
void rk_add(const float *a, const float *b, float *y, int64_t n) { add_run(a, b, 0, 0, y, n); }
void rk_subtract(const float *a, const float *b, float *y, int64_t n) { subtract_run(a, b, 0, 0, y, n); }
void rk_multiply(const float *a, const float *b, float *y, int64_t n) { multiply_run(a, b, 0, 0, y, n); }
void rk_scale(const float *x, float factor, float *y, int64_t n) { scale_run(x, 0, 0, factor, y, n); }
void rk_accumulate(const float *x, float factor, float *y, int64_t n) { accumulate_run(x, 0, 0, factor, y, n); }
void rk_lerp(const float *x, float factor, float *y, int64_t n) { lerp_run(x, 0, 0, factor, y, n); }
void rk_silu(const float *x, float *y, int64_t n) { silu_run(x, 0, 0, 0, y, n); }
void rk_silu_backward(const float *x, const float *dy, float *dx, int64_t n) { silu_backward_run(x, dy, 0, 0, dx, n); }
void rk_gelu(const float *x, float *y, int64_t n) { gelu_run(x, 0, 0, 0, y, n); }
void rk_gelu_backward(const float *x, const float *dy, float *dx, int64_t n) { gelu_backward_run(x, dy, 0, 0, dx, n); }
void rk_weighted_squared_error_backward(const float *a, const float *b, const float *w, float factor, float *da,
                                        int64_t n) {
    if (w) weighted_error_backward_run(a, b, w, 2 * factor, da, n);
    else error_backward_run(a, b, 0, 2 * factor, da, n);
}

CLONES static void gated_gelu_row(const float *restrict x, const float *restrict gate, float *restrict y, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * (gate[i] * gelu_phi(gate[i]));
}

typedef struct {
    const float *x;
    float *y;
    int64_t width;
} gated;

static void gated_gelu_rows(void *context, int64_t begin, int64_t end) {
    const gated *o = context;
    for (int64_t r = begin; r < end; r++) {
        const float *x = o->x + 2 * r * o->width;
        gated_gelu_row(x, x + o->width, o->y + r * o->width, o->width);
    }
}

void rk_gated_gelu(const float *x, float *y, int64_t rows, int64_t width) {
    gated o = {x, y, width};
    rk_parallel(rows, grain_of(width), gated_gelu_rows, &o);
}

// Reductions: blocks of a fixed size, each summed in float lanes, the blocks added in double in their order.
enum { BLOCK = 4096 };

#define BLOCK_SUM(name, term)                                                                                          \
    CLONES static double name(const float *restrict a, const float *restrict b, const float *restrict w, int64_t n) {  \
        (void)b, (void)w;                                                                                              \
        float lanes[LANES] = {0};                                                                                      \
        int64_t i = 0;                                                                                                 \
        for (; i + LANES <= n; i += LANES)                                                                             \
            for (int l = 0; l < LANES; l++) lanes[l] += term(i + l);                                                   \
        double total = 0;                                                                                              \
        for (int l = 0; l < LANES; l++) total += lanes[l];                                                             \
        for (; i < n; i++) total += term(i);                                                                           \
        return total;                                                                                                  \
    }
#define VALUE(i) (a[i])
#define SQUARE(i) (a[i] * a[i])
#define ERROR(i) ((a[i] - b[i]) * (a[i] - b[i]))
#define WEIGHTED_ERROR(i) (w[i] * (a[i] - b[i]) * (a[i] - b[i]))
BLOCK_SUM(block_sum, VALUE)
BLOCK_SUM(block_squares, SQUARE)
BLOCK_SUM(block_error, ERROR)
BLOCK_SUM(block_weighted_error, WEIGHTED_ERROR)

typedef double (*block_function)(const float *, const float *, const float *, int64_t);

// Blocks whose sums are kept at a time, for the threads to fill in any order.
enum { BATCH = 256 };

typedef struct {
    block_function f;
    const float *a, *b, *w;
    int64_t n;
    double sums[BATCH];
} reduction;

static void sum_blocks(void *context, int64_t begin, int64_t end) {
    reduction *r = context;
    for (int64_t block = begin; block < end; block++) {
        int64_t i = block * BLOCK, left = r->n - i;
        r->sums[block] = r->f(r->a + i, r->b ? r->b + i : 0, r->w ? r->w + i : 0, left < BLOCK ? left : BLOCK);
    }
}

static double by_blocks(block_function f, const float *a, const float *b, const float *w, int64_t n) {
    double total = 0;
    for (int64_t i = 0; i < n; i += BATCH * BLOCK) {
        reduction r = {f, a + i, b ? b + i : 0, w ? w + i : 0, n - i < BATCH * BLOCK ? n - i : BATCH * BLOCK, {0}};
        int64_t blocks = (r.n + BLOCK - 1) / BLOCK;
        rk_parallel(blocks, grain_of(BLOCK), sum_blocks, &r);
        for (int64_t block = 0; block < blocks; block++) total += r.sums[block];
    }
    return total;
}

double rk_sum(const float *x, int64_t n) { return by_blocks(block_sum, x, 0, 0, n); }
double rk_sum_of_squares(const float *x, int64_t n) { return by_blocks(block_squares, x, 0, 0, n); }
double rk_weighted_squared_error(const float *a, const float *b, const float *w, int64_t n) {
    return by_blocks(w ? block_weighted_error : block_error, a, b, w, n);
}

CLONES int rk_all_finite(const float *x, int64_t n) {
    // A number times zero is zero unless it is infinite or NaN.
    float lanes[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) lanes[l] += x[i + l] * 0.0f;
    float total = sum_lanes(lanes);
    for (; i < n; i++) total += x[i] * 0.0f;
    return total == 0;
}
