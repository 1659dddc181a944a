#include "battery.h"

#include <math.h>
#include <stdlib.h>

#include "CKernels.h"

typedef struct {
    float *results;
    int64_t capacity, count;
} sink;

// Scaled to a largest result of 1, which is what rounding errors are relative to.
static void put(sink *s, const float *x, int64_t n) {
    float largest = 0;
    for (int64_t i = 0; i < n; i++) largest = fmaxf(largest, fabsf(x[i]));
    for (int64_t i = 0; i < n && s->count + i < s->capacity; i++) s->results[s->count + i] = x[i] / largest;
    s->count += n;
}

// Numbers in -2...2 that look like noise.
static float *made_up(int64_t n, uint32_t seed) {
    float *x = malloc((size_t)n * sizeof(float));
    for (int64_t i = 0; x && i < n; i++) {
        uint32_t h = ((uint32_t)i + seed * 7919u) * 2654435761u;
        h ^= h >> 15, h *= 2246822519u, h ^= h >> 13;
        x[i] = (float)(h & 0xffff) / 16384.0f - 2.0f;
    }
    return x;
}

enum { N = 20011 };

static void elementwise(sink *s) {
    float *a = made_up(N, 1), *b = made_up(N, 2), *y = made_up(N, 3);
    rk_silu(a, y, N), put(s, y, N);
    rk_silu_backward(a, b, y, N), put(s, y, N);
    rk_gelu(a, y, N), put(s, y, N);
    rk_gelu_backward(a, b, y, N), put(s, y, N);
    rk_gated_gelu(a, y, N / 26, 13), put(s, y, N / 26 * 13);
    rk_accumulate(a, 0.3f, y, N), put(s, y, N);
    rk_lerp(b, 0.3f, y, N), put(s, y, N);
    rk_weighted_squared_error_backward(a, b, 0, 0.1f, y, N), put(s, y, N);
    float sums[3] = {(float)rk_sum(a, N), (float)rk_sum_of_squares(a, N), (float)rk_weighted_squared_error(a, b, 0, N)};
    put(s, sums, 3);
    float *m = made_up(N, 4), *v = made_up(N, 5);
    for (int64_t i = 0; i < N; i++) v[i] *= v[i];
    rk_adamw(y, a, m, v, N, 0.01f, 0.9f, 0.99f, 1e-8f, 0.01f, 0.1f, 0.01f, 0.5f);
    put(s, y, N), put(s, m, N), put(s, v, N);
    uint16_t half[N];
    rk_float_to_half(a, half, N), rk_half_to_float(half, y, N), put(s, y, N);
    rk_float_to_bfloat(a, half, N), rk_bfloat_to_float(half, y, N), put(s, y, N);
    free(a), free(b), free(y), free(m), free(v);
}

static void norms(sink *s) {
    enum { BATCH = 2, CHANNELS = 12, INNER = 401, ALL = BATCH * CHANNELS * INNER, GROUPS = 4 };
    float *x = made_up(ALL, 1), *dy = made_up(ALL, 2), *y = made_up(ALL, 3);
    float *gamma = made_up(INNER, 4), *beta = made_up(INNER, 5);
    float mean[BATCH * CHANNELS], rstd[BATCH * CHANNELS], partial[2 * BATCH * CHANNELS], dgamma[INNER], dbeta[INNER];
    for (int silu = 0; silu < 2; silu++) {
        rk_group_norm(x, gamma, beta, y, mean, rstd, BATCH, CHANNELS, INNER, GROUPS, 1e-5f, silu), put(s, y, ALL);
        rk_group_norm_backward(x, gamma, beta, mean, rstd, dy, y, dgamma, dbeta, partial, BATCH, CHANNELS, INNER, GROUPS,
                               silu);
        put(s, y, ALL), put(s, dgamma, CHANNELS), put(s, dbeta, CHANNELS);
    }
    rk_layer_norm(x, gamma, beta, y, mean, rstd, BATCH * CHANNELS, INNER, 1e-5f), put(s, y, ALL);
    rk_layer_norm_backward(x, gamma, mean, rstd, dy, y, dgamma, dbeta, BATCH * CHANNELS, INNER);
    put(s, y, ALL), put(s, dgamma, INNER), put(s, dbeta, INNER);
    rk_softmax(x, y, BATCH * CHANNELS, INNER), put(s, y, ALL);
    rk_softmax_backward(y, dy, x, BATCH * CHANNELS, INNER), put(s, x, ALL);
    free(x), free(dy), free(y), free(gamma), free(beta);
}

static void layouts(sink *s) {
    enum { PLANES = 6, HEIGHT = 10, WIDTH = 27, SMALL = PLANES * HEIGHT * WIDTH };
    float *x = made_up(4 * SMALL, 1), *y = made_up(4 * SMALL, 2), *bias = made_up(PLANES, 3);
    rk_upsample_nearest2(x, y, PLANES, HEIGHT, WIDTH), put(s, y, 4 * SMALL);
    rk_upsample_nearest2_backward(x, y, PLANES, HEIGHT, WIDTH), put(s, y, SMALL);
    rk_average_pool2(x, y, PLANES, HEIGHT, WIDTH), put(s, y, SMALL);
    rk_average_pool2_backward(x, y, PLANES, HEIGHT, WIDTH), put(s, y, 4 * SMALL);
    rk_channel_add(x, bias, 0, y, 1, PLANES, HEIGHT * WIDTH), put(s, y, SMALL);
    rk_inner_sum(x, y, PLANES * HEIGHT, WIDTH), put(s, y, PLANES * HEIGHT);
    rk_outer_sum(x, y, PLANES * HEIGHT, WIDTH), put(s, y, WIDTH);
    rk_transpose(x, y, PLANES, HEIGHT, WIDTH), put(s, y, SMALL);
    free(x), free(y), free(bias);
}

static void winograd(sink *s, rk_winograd_shape shape) {
    int64_t pixels = shape.batch * shape.height * shape.width;
    int64_t inputs = pixels * shape.in_channels, outputs = pixels * shape.out_channels;
    int64_t weights = 9 * shape.in_channels * shape.out_channels;
    size_t space = 1;
    for (int operation = RK_WINOGRAD_FORWARD; operation <= RK_WINOGRAD_BACKWARD_DATA_FRESH; operation++) {
        size_t needed = rk_winograd_workspace_size(&shape, (rk_winograd_operation)operation);
        if (needed > space) space = needed;
    }
    float *x = made_up(inputs, 1), *w = made_up(weights, 2), *y = made_up(outputs, 3), *workspace = made_up((int64_t)space, 4);
    float *bias = made_up(shape.out_channels, 5);
    rk_winograd_tail tail = {.bias = bias};
    rk_winograd_forward_fresh(&shape, x, w, &tail, y, workspace), put(s, y, outputs);
    rk_winograd_backward_weights(&shape, x, y, w, bias, workspace), put(s, w, weights), put(s, bias, shape.out_channels);
    free(w), w = made_up(weights, 2);
    rk_winograd_backward_data_fresh(&shape, y, w, x, workspace), put(s, x, inputs);
    free(x), free(w), free(y), free(workspace), free(bias);
}

static void attention(sink *s, rk_attention_shape shape) {
    int64_t queries = shape.batch * shape.queries * shape.heads, keys = shape.batch * shape.keys * shape.heads;
    float *q = made_up(queries * shape.depth, 1), *k = made_up(keys * shape.depth, 2);
    float *v = made_up(keys * shape.width, 3), *y = made_up(queries * shape.width, 4);
    float *workspace = made_up((int64_t)rk_attention_workspace_size(&shape), 5);
    rk_attention(&shape, q, k, v, y, workspace), put(s, y, queries * shape.width);
    free(q), free(k), free(v), free(y), free(workspace);
}

int64_t kernel_battery(float *results, int64_t capacity) {
    sink s = {results, capacity, 0};
    elementwise(&s);
    norms(&s);
    layouts(&s);
    winograd(&s, (rk_winograd_shape){2, 19, 35, 9, 14});
    winograd(&s, (rk_winograd_shape){1, 16, 16, 40, 37});
    attention(&s, (rk_attention_shape){2, 37, 300, 3, 10, 12});
    return s.count;
}
