#include "winograd_internal.h"

// G: three vectors to six. The rows of G are (1, ±p, p²) / M'(±p) with M(p) = p (p² - a²)(p² - b²).
#define G0 (1 / (A2 * B2))
#define GA (1 / (2 * A2 * (A2 - B2)))
#define GB (1 / (2 * B2 * (B2 - A2)))

INLINE void expand(const f8 x[3], f8 y[6]) {
    f8 even_a = GA * x[0] + GA * A2 * x[2], odd_a = GA * POINT_A * x[1];
    f8 even_b = GB * x[0] + GB * B2 * x[2], odd_b = GB * POINT_B * x[1];
    y[0] = G0 * x[0];
    y[1] = even_a + odd_a;
    y[2] = even_a - odd_a;
    y[3] = even_b + odd_b;
    y[4] = even_b - odd_b;
    y[5] = x[2];
}

// Gᵀ: six vectors to three.
INLINE void contract(const f8 x[6], f8 y[3]) {
    f8 sum_a = x[1] + x[2], difference_a = x[1] - x[2], sum_b = x[3] + x[4], difference_b = x[3] - x[4];
    y[0] = G0 * x[0] + GA * sum_a + GB * sum_b;
    y[1] = GA * POINT_A * difference_a + GB * POINT_B * difference_b;
    y[2] = GA * A2 * sum_a + GB * B2 * sum_b + x[5];
}

// taps [9][16 floats] to 36 vectors `step` apart; 8 of the 16 channels.
INLINE void expand_window(const float *taps, float *u, int64_t step) {
    f8 half[6][3], x[3], y[6];
#pragma clang loop unroll(full)
    for (int j = 0; j < 3; j++) {
        for (int i = 0; i < 3; i++) x[i] = load8(taps + (i * 3 + j) * PANEL);
        expand(x, y);
        for (int i = 0; i < 6; i++) half[i][j] = y[i];
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 6; i++) {
        expand(half[i], y);
        for (int j = 0; j < 6; j++) store8(u + (i * WINDOW + j) * step, y[j]);
    }
}

INLINE void contract_window(const float *u, int64_t step, float *taps) {
    f8 half[6][3], column[6], result[3];
#pragma clang loop unroll(full)
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) column[j] = load8(u + (i * WINDOW + j) * step);
        contract(column, half[i]);
    }
    for (int j = 0; j < 3; j++) {
        for (int i = 0; i < 6; i++) column[i] = half[i][j];
        contract(column, result);
        for (int i = 0; i < 3; i++) store8(taps + (i * 3 + j) * PANEL, result[i]);
    }
}

// Inputs begin..<end of one panel. Eight inputs of one output are 72 floats in a row: nine transposes of 8x8 for each
// half of the panel bring them to [input][tap][16 outputs].
CLONES void wino_weights(const float *weights, int64_t outputs, int64_t inputs, int64_t panel, int64_t begin,
                         int64_t end, float *u, int64_t step) {
    _Alignas(64) float taps[8 * 9 * PANEL];
    int64_t first = panel * PANEL, present = smaller(outputs - first, PANEL);
    if (present < PANEL) memset(taps, 0, sizeof taps);
    for (int64_t c = begin; c < end; c += 8) {
        int64_t count = smaller(end - c, 8);
        const float *w = weights + (first * inputs + c) * 9;
        for (int64_t o = 0; o < PANEL; o += 8) {
            if (count == 8 && present >= o + 8) {
                for (int64_t k = 0; k < 72; k += 8) {
                    f8 r[8];
                    for (int i = 0; i < 8; i++) r[i] = load8(w + (o + i) * inputs * 9 + k);
                    transpose8(r);
                    for (int i = 0; i < 8; i++) store8(taps + (k + i) * PANEL + o, r[i]);
                }
            } else {
                for (int64_t i = o; i < smaller(o + 8, present); i++)
                    for (int64_t k = 0; k < count * 9; k++) taps[k * PANEL + i] = w[i * inputs * 9 + k];
            }
        }
        for (int64_t i = 0; i < count; i++)
            for (int64_t o = 0; o < PANEL; o += 8)
                expand_window(taps + i * 9 * PANEL + o, u + (c - begin + i) * PANEL + o, step);
    }
}

// The convolution that carries gradients back: inputs and outputs change places and the window is turned by 180
// degrees. Here `panel` counts inputs of the forward call and begin..<end its outputs.
CLONES void wino_weights_transposed(const float *weights, int64_t outputs, int64_t inputs, int64_t panel,
                                    int64_t begin, int64_t end, float *u, int64_t step) {
    _Alignas(64) float taps[9 * PANEL];
    int64_t first = panel * PANEL, present = smaller(inputs - first, PANEL);
    memset(taps, 0, sizeof taps);
    for (int64_t o = begin; o < end; o++) {
        const float *w = weights + (o * inputs + first) * 9;
        for (int64_t c = 0; c < PANEL; c += 8) {
            if (present >= c + 8) {
                f8 r[8];
                for (int i = 0; i < 8; i++) r[i] = load8(w + (c + i) * 9);
                transpose8(r);
                for (int i = 0; i < 8; i++) store8(taps + (8 - i) * PANEL + c, r[i]);
                for (int i = 0; i < 8; i++) taps[c + i] = w[(c + i) * 9 + 8];
            } else {
                for (int64_t i = c; i < present; i++)
                    for (int64_t k = 0; k < 9; k++) taps[(8 - k) * PANEL + i] = w[i * 9 + k];
            }
        }
        for (int64_t c = 0; c < PANEL; c += 8) expand_window(taps + c, u + (o - begin) * PANEL + c, step);
    }
}

CLONES void wino_weights_gradient(const float *u, int64_t step, int64_t outputs, int64_t inputs, int64_t panel,
                                  int64_t begin, int64_t end, float *diff_weights) {
    _Alignas(64) float taps[8 * 9 * PANEL];
    int64_t first = panel * PANEL, present = smaller(outputs - first, PANEL);
    for (int64_t c = begin; c < end; c += 8) {
        int64_t count = smaller(end - c, 8);
        float *w = diff_weights + (first * inputs + c) * 9;
        for (int64_t i = 0; i < count; i++)
            for (int64_t o = 0; o < PANEL; o += 8)
                contract_window(u + (c - begin + i) * PANEL + o, step, taps + i * 9 * PANEL + o);
        for (int64_t o = 0; o < PANEL; o += 8) {
            if (count == 8 && present >= o + 8) {
                for (int64_t k = 0; k < 72; k += 8) {
                    f8 r[8];
                    for (int i = 0; i < 8; i++) r[i] = load8(taps + (k + i) * PANEL + o);
                    transpose8(r);
                    for (int i = 0; i < 8; i++) store8(w + (o + i) * inputs * 9 + k, r[i]);
                }
            } else {
                for (int64_t i = o; i < smaller(o + 8, present); i++)
                    for (int64_t k = 0; k < count * 9; k++) w[i * inputs * 9 + k] = taps[k * PANEL + i];
            }
        }
    }
}

typedef struct {
    const float *weights;
    float *transformed;
    int64_t outputs, inputs, rows, blocks;
    int back;
} weights_task;

enum { WEIGHTS_BLOCK = 32 };

static void weights_job(const void *context, int64_t worker, int64_t job) {
    (void)worker;
    const weights_task *t = context;
    int64_t panel = job / t->blocks, begin = job % t->blocks * WEIGHTS_BLOCK;
    int64_t end = smaller(begin + WEIGHTS_BLOCK, t->rows);
    float *u = t->transformed + panel * panel_floats(t->rows) + begin * PANEL;
    (t->back ? wino_weights_transposed : wino_weights)(t->weights, t->outputs, t->inputs, panel, begin, end, u,
                                                       point_stride(t->rows, PANEL));
}

void wino_all_weights(const rk_winograd_shape *s, int back, const float *weights, float *transformed) {
    weights_task t = {.weights = weights, .transformed = transformed, .outputs = s->out_channels,
                      .inputs = s->in_channels, .back = back, .rows = back ? s->out_channels : s->in_channels};
    t.blocks = (t.rows + WEIGHTS_BLOCK - 1) / WEIGHTS_BLOCK;
    wino_run(panels(back ? t.inputs : t.outputs) * t.blocks, weights_job, &t);
}
