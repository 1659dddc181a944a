#include "winograd_internal.h"

// softmax(Q Kᵀ / √D) V without a matrix of scores, after Rabe and Staats 2021 and Dao et al. 2022: a block of keys at a
// time, whose scores stay in the first-level cache, with the maximum and the sum of each query's row carried on.
//
// Everything is transposed, so that queries are the lanes of vectors: 16 of them are one panel, and a row of the block
// is one key's scores for all of them. Then maxima and sums need no shuffles, and both products are the ones that
// Winograd has: scores [key][16] = Σ_d K[key][d] Qᵀ[d][16], and result [e][16] += Σ_key V[key][e] scores[key][16].
//
// A job takes one head's block of queries past all keys, each block of which it copies once, out of [N, S, H D].

enum {
    KEYS = 128,           // scores of a block and panel: 8 KiB
    STATE = 64 * 1024,    // floats of the queries and results of one job: half of a second-level cache of 512 KiB
    LINE = 16,            // floats of a cache line
    PAIR = 2,
};

// In units of log2, below all that scores of finite numbers come to.
#define LOWEST (-3.0e38f)

typedef struct {
    const rk_attention_shape *shape;
    const float *q, *k, *v;
    float *y, *workspace;
    int64_t block, blocks;         // queries of one job, jobs of one head
    int64_t panels, value_stride;
    int64_t floats;                // of one worker
} attention_task;

static attention_task plan(const rk_attention_shape *s) {
    attention_task t = {.shape = s};
    int64_t most = STATE / (s->depth + s->width) / (PAIR * PANEL) * (PAIR * PANEL);
    if (most < PAIR * PANEL) most = PAIR * PANEL;
    // Twice as many jobs as threads, so that one thread can take over work from another that is held up.
    int64_t wanted = 2 * rk_threads(), rows = s->batch * s->heads;
    t.blocks = (s->queries + most - 1) / most;
    if (rows && rows * t.blocks < wanted) t.blocks = smaller((wanted + rows - 1) / rows, panels(s->queries));
    t.block = t.blocks ? round_up((s->queries + t.blocks - 1) / t.blocks, PANEL) : 0;
    t.blocks = t.block ? (s->queries + t.block - 1) / t.block : 0;
    t.panels = t.block / PANEL;
    // An odd number of lines from key to key: with even ones a column of values would lie in few of the cache's sets.
    t.value_stride = (round_up(s->width, LINE) / LINE | 1) * LINE;
    t.floats = t.panels * PANEL * (s->depth + s->width + 2) + KEYS * (round_up(s->depth, LINE) + t.value_stride)
             + PAIR * KEYS * PANEL;
    return t;
}

size_t rk_attention_workspace_size(const rk_attention_shape *s) {
    attention_task t = plan(s);
    return (size_t)(t.floats * rk_threads());
}

// Vectors whose comparisons choose; the others of these files have none in C.
typedef float lanes8 __attribute__((ext_vector_type(8), aligned(4)));
typedef int32_t whole8 __attribute__((ext_vector_type(8)));

// *x = 2^*x for -126 <= *x <= 0, by a minimax polynomial of degree 5 on |r| <= 1/2; relative error under 2e-7.
// Below -126 it is 2^-126, which no sum feels; NaN stays.
INLINE void power_of_two(lanes8 *x) {
    const lanes8 magic = 12582912.0f;
    lanes8 v = *x < -126.0f ? (lanes8)-126.0f : *x;
    lanes8 shifted = v + magic, r = v - (shifted - magic), p = 1.3264727e-3f;
    p = p * r + 9.6715130e-3f;
    p = p * r + 5.5507336e-2f;
    p = p * r + 2.4022242e-1f;
    p = p * r + 6.9314700e-1f;
    p = p * r + 1.0f;
    // The lowest bits of `shifted` are the whole number.
    union { lanes8 f; whole8 i; } scale = {.f = shifted};
    scale.i = (scale.i << 23) + (127 << 23);
    *x = p * scale.f;
}

// Scores [keys][16] to powers of two below the highest so far; `peak` and `sum` of each lane are carried on, and what was
// summed before, `result` [width][16] too, is scaled to the new peak.
CLONES static void weigh(float *restrict scores, int64_t keys, float *restrict peak, float *restrict sum,
                         float *restrict result, int64_t width) {
    lanes8 highest[2], total[2], *row;
    for (int h = 0; h < 2; h++) highest[h] = ((const lanes8 *)peak)[h], total[h] = (lanes8)0.0f;
    for (int64_t t = 0; t < keys; t++) {
        row = (lanes8 *)(scores + t * PANEL);
        for (int h = 0; h < 2; h++) highest[h] = row[h] > highest[h] ? row[h] : highest[h];
    }
    for (int64_t t = 0; t < keys; t++) {
        row = (lanes8 *)(scores + t * PANEL);
        for (int h = 0; h < 2; h++) {
            lanes8 weight = row[h] - highest[h];
            power_of_two(&weight);
            row[h] = weight;
            total[h] += weight;
        }
    }
    for (int h = 0; h < 2; h++) {
        lanes8 factor = ((const lanes8 *)peak)[h] - highest[h];
        power_of_two(&factor);
        ((lanes8 *)peak)[h] = highest[h];
        ((lanes8 *)sum)[h] = ((lanes8 *)sum)[h] * factor + total[h];
        for (int64_t e = 0; e < width; e++) ((lanes8 *)(result + e * PANEL))[h] *= factor;
    }
}

// 16 rows of `x`, of which only `rows` are there, to [width][16], times `factor`.
CLONES static void to_panel(const float *x, int64_t stride, int64_t rows, int64_t width, float factor, float *panel) {
    if (rows < PANEL) memset(panel, 0, (size_t)(width * PANEL) * sizeof(float));
    for (int64_t first = 0; first < rows; first += 8) {
        const float *in = x + first * stride;
        int64_t c = 0;
        if (rows - first >= 8)
            for (; c + 8 <= width; c += 8) {
                f8 r[8];
                for (int i = 0; i < 8; i++) r[i] = load8(in + i * stride + c);
                transpose8(r);
                for (int i = 0; i < 8; i++) store8(panel + (c + i) * PANEL + first, r[i] * factor);
            }
        for (; c < width; c++)
            for (int64_t i = 0; i < smaller(8, rows - first); i++)
                panel[c * PANEL + first + i] = in[i * stride + c] * factor;
    }
}

// [width][16] to 16 rows of `y`, lane by lane times `factors`.
CLONES static void from_panel(const float *panel, const float *factors, int64_t rows, int64_t width, float *y,
                              int64_t stride) {
    for (int64_t first = 0; first < rows; first += 8) {
        float *out = y + first * stride;
        f8 factor = load8(factors + first);
        int64_t c = 0;
        if (rows - first >= 8)
            for (; c + 8 <= width; c += 8) {
                f8 r[8];
                for (int i = 0; i < 8; i++) r[i] = load8(panel + (c + i) * PANEL + first) * factor;
                transpose8(r);
                for (int i = 0; i < 8; i++) store8(out + i * stride + c, r[i]);
            }
        for (; c < width; c++)
            for (int64_t i = 0; i < smaller(8, rows - first); i++)
                out[i * stride + c] = panel[c * PANEL + first + i] * factors[first + i];
    }
}

static void copy_block(const float *x, int64_t x_stride, float *y, int64_t y_stride, int64_t rows, int64_t width) {
    for (int64_t r = 0; r < rows; r++) memcpy(y + r * y_stride, x + r * x_stride, (size_t)width * sizeof(float));
}

static void attend(const void *context, int64_t worker, int64_t job) {
    const attention_task *t = context;
    const rk_attention_shape *s = t->shape;
    int64_t image = job / t->blocks / s->heads, head = job / t->blocks % s->heads, first = job % t->blocks * t->block;
    int64_t queries = smaller(t->block, s->queries - first), count = panels(queries);
    int64_t depth = s->depth, width = s->width, q_stride = s->heads * depth, v_stride = s->heads * width;
    const float *q = t->q + (image * s->queries + first) * q_stride + head * depth;
    const float *k = t->k + image * s->keys * q_stride + head * depth;
    const float *v = t->v + image * s->keys * v_stride + head * width;
    float *y = t->y + (image * s->queries + first) * v_stride + head * width;

    float *queries_t = t->workspace + worker * t->floats, *results = queries_t + t->panels * depth * PANEL;
    float *peaks = results + t->panels * width * PANEL, *sums = peaks + t->panels * PANEL;
    float *scores = sums + t->panels * PANEL, *keys = scores + PAIR * KEYS * PANEL;
    float *values = keys + KEYS * round_up(depth, LINE);

    // Weights are powers of two.
    float scale = 1.44269504088896341f / sqrtf((float)depth);
    for (int64_t p = 0; p < count; p++)
        to_panel(q + p * PANEL * q_stride, q_stride, smaller(PANEL, queries - p * PANEL), depth, scale,
                 queries_t + p * depth * PANEL);
    memset(results, 0, (size_t)(count * width * PANEL) * sizeof(float));
    memset(sums, 0, (size_t)(count * PANEL) * sizeof(float));
    for (int64_t i = 0; i < count * PANEL; i++) peaks[i] = LOWEST;

    for (int64_t from = 0; from < s->keys; from += KEYS) {
        int64_t present = smaller(KEYS, s->keys - from);
        copy_block(k + from * q_stride, q_stride, keys, depth, present, depth);
        copy_block(v + from * v_stride, v_stride, values, t->value_stride, present, width);
        for (int64_t p = 0; p < count; p += PAIR) {
            const float *panel = queries_t + p * depth * PANEL;
            float *result = results + p * width * PANEL, *scores2 = scores + KEYS * PANEL;
            int two = p + 1 < count;
            if (two) wino_product_of_two(keys, depth, panel, panel + depth * PANEL, depth, scores, scores2, present, 0);
            else wino_product(keys, depth, panel, depth, scores, present, 0);
            for (int i = 0; i <= two; i++)
                weigh(scores + i * KEYS * PANEL, present, peaks + (p + i) * PANEL, sums + (p + i) * PANEL,
                      result + i * width * PANEL, width);
            if (two)
                wino_outer_product_of_two(values, t->value_stride, scores, scores2, present, result,
                                          result + width * PANEL, width, 1);
            else wino_outer_product(values, t->value_stride, scores, present, result, width, 1);
        }
    }

    for (int64_t p = 0; p < count; p++) {
        float factors[PANEL];
        // A row of infinitely low scores has no weights, as with a softmax over the whole row.
        for (int l = 0; l < PANEL; l++)
            factors[l] = peaks[p * PANEL + l] > LOWEST ? 1.0f / sums[p * PANEL + l] : NAN;
        from_panel(results + p * width * PANEL, factors, smaller(PANEL, queries - p * PANEL), width,
                   y + p * PANEL * v_stride, v_stride);
    }
}

void rk_attention(const rk_attention_shape *s, const float *q, const float *k, const float *v, float *y,
                  float *workspace) {
    attention_task t = plan(s);
    t.q = q, t.k = k, t.v = v, t.y = y, t.workspace = workspace;
    wino_run(s->batch * s->heads * t.blocks, attend, &t);
}
