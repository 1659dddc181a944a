#include "internal.h"

typedef struct {
    const float *x, *gamma, *beta, *dy;
    const float *saved_mean, *saved_rstd;
    float *y, *mean, *rstd, *partial;
    int64_t batch, channels, inner, groups;
    float epsilon;
    int silu;
} norm;

// Two passes over a group that is hot in cache: the mean first, then the variance around it, which loses no digits.
CLONES static void moments(const float *restrict x, int64_t n, float epsilon, float *mean, float *rstd) {
    double total = 0, squares = 0;
    for (int64_t i0 = 0; i0 < n; i0 += 1024) {
        float lanes[LANES] = {0}, tail = 0;
        int64_t end = i0 + 1024 < n ? i0 + 1024 : n, i = i0;
        for (; i + LANES <= end; i += LANES)
            for (int l = 0; l < LANES; l++) lanes[l] += x[i + l];
        for (; i < end; i++) tail += x[i];
        total += sum_lanes(lanes) + tail;
    }
    float m = (float)(total / n);
    for (int64_t i0 = 0; i0 < n; i0 += 1024) {
        float lanes[LANES] = {0}, tail = 0;
        int64_t end = i0 + 1024 < n ? i0 + 1024 : n, i = i0;
        for (; i + LANES <= end; i += LANES)
            for (int l = 0; l < LANES; l++) lanes[l] += (x[i + l] - m) * (x[i + l] - m);
        for (; i < end; i++) tail += (x[i] - m) * (x[i] - m);
        squares += sum_lanes(lanes) + tail;
    }
    *mean = m;
    *rstd = (float)(1.0 / sqrt(squares / n + epsilon));
}

CLONES static void affine(const float *restrict x, float scale, float shift, float *restrict y, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * scale + shift;
}

CLONES static void affine_silu(const float *restrict x, float scale, float shift, float *restrict y, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        float z = x[i] * scale + shift;
        y[i] = z * sigmoid(z);
    }
}

static void group_norm_groups(void *context, int64_t begin, int64_t end) {
    const norm *o = context;
    int64_t width = o->channels / o->groups;
    for (int64_t index = begin; index < end; index++) {
        int64_t first = (index % o->groups) * width;
        const float *x = o->x + index * width * o->inner;
        float *y = o->y + index * width * o->inner;
        moments(x, width * o->inner, o->epsilon, &o->mean[index], &o->rstd[index]);
        for (int64_t c = 0; c < width; c++) {
            float scale = o->gamma[first + c] * o->rstd[index], shift = o->beta[first + c] - o->mean[index] * scale;
            (o->silu ? affine_silu : affine)(x + c * o->inner, scale, shift, y + c * o->inner, o->inner);
        }
    }
}

void rk_group_norm(const float *x, const float *gamma, const float *beta, float *y, float *mean, float *rstd,
                   int64_t batch, int64_t channels, int64_t inner, int64_t groups, float epsilon, int silu) {
    norm o = {.x = x, .gamma = gamma, .beta = beta, .y = y, .mean = mean, .rstd = rstd, .batch = batch,
              .channels = channels, .inner = inner, .groups = groups, .epsilon = epsilon, .silu = silu};
    rk_parallel(batch * groups, grain_of(channels / groups * inner), group_norm_groups, &o);
}

// Writes dz (the gradient at the affine's output) and returns Σ dz and Σ dz x̂ of one channel.
CLONES static void channel_sums(const float *restrict x, const float *restrict dy, float *restrict dz, int64_t n,
                                float mean, float rstd, float gamma, float beta, int silu, float *sum,
                                float *sum_normalized) {
    double total = 0, total_normalized = 0;
    for (int64_t i0 = 0; i0 < n; i0 += 1024) {
        int64_t end = i0 + 1024 < n ? i0 + 1024 : n;
        if (silu) {
            for (int64_t i = i0; i < end; i++) {
                float z = (x[i] - mean) * rstd * gamma + beta;
                dz[i] = dy[i] * silu_slope(z);
            }
        } else {
            memcpy(dz + i0, dy + i0, (size_t)(end - i0) * sizeof(float));
        }
        float lanes[LANES] = {0}, lanes_normalized[LANES] = {0};
        int64_t i = i0;
        for (; i + LANES <= end; i += LANES)
            for (int l = 0; l < LANES; l++) {
                lanes[l] += dz[i + l];
                lanes_normalized[l] += dz[i + l] * ((x[i + l] - mean) * rstd);
            }
        total += sum_lanes(lanes), total_normalized += sum_lanes(lanes_normalized);
        for (; i < end; i++) total += dz[i], total_normalized += dz[i] * ((x[i] - mean) * rstd);
    }
    *sum = (float)total;
    *sum_normalized = (float)total_normalized;
}

CLONES static void channel_gradient(const float *restrict x, float *restrict dx, int64_t n, float mean, float rstd,
                                    float scale, float offset, float slope) {
    // dx holds dz on entry.
    for (int64_t i = 0; i < n; i++) dx[i] = dx[i] * scale - offset - (x[i] - mean) * rstd * slope;
}

static void group_norm_backward_groups(void *context, int64_t begin, int64_t end) {
    const norm *o = context;
    int64_t width = o->channels / o->groups;
    for (int64_t index = begin; index < end; index++) {
        int64_t image = index / o->groups, first = (index % o->groups) * width;
        const float *x = o->x + index * width * o->inner, *dy = o->dy + index * width * o->inner;
        float *dx = o->y + index * width * o->inner;
        float mean = o->saved_mean[index], rstd = o->saved_rstd[index];
        float *sums = o->partial + image * o->channels + first, *normalized = sums + o->batch * o->channels;
        double total = 0, total_normalized = 0;
        for (int64_t c = 0; c < width; c++) {
            float gamma = o->gamma[first + c];
            channel_sums(x + c * o->inner, dy + c * o->inner, dx + c * o->inner, o->inner, mean, rstd, gamma,
                         o->beta[first + c], o->silu, &sums[c], &normalized[c]);
            total += gamma * sums[c], total_normalized += gamma * normalized[c];
        }
        double n = (double)(width * o->inner);
        for (int64_t c = 0; c < width; c++)
            channel_gradient(x + c * o->inner, dx + c * o->inner, o->inner, mean, rstd, o->gamma[first + c] * rstd,
                             (float)(total / n * rstd), (float)(total_normalized / n * rstd));
    }
}

void rk_group_norm_backward(const float *x, const float *gamma, const float *beta, const float *mean,
                            const float *rstd, const float *dy, float *dx, float *dgamma, float *dbeta, float *partial,
                            int64_t batch, int64_t channels, int64_t inner, int64_t groups, int silu) {
    norm o = {.x = x, .gamma = gamma, .beta = beta, .dy = dy, .saved_mean = mean, .saved_rstd = rstd, .y = dx,
              .partial = partial, .batch = batch, .channels = channels, .inner = inner, .groups = groups, .silu = silu};
    rk_parallel(batch * groups, grain_of(channels / groups * inner), group_norm_backward_groups, &o);
    rk_outer_sum(partial, dbeta, batch, channels);
    rk_outer_sum(partial + batch * channels, dgamma, batch, channels);
}

CLONES static void layer_norm_row(const float *restrict x, const float *restrict gamma, const float *restrict beta,
                                  float mean, float rstd, float *restrict y, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd * gamma[i] + beta[i];
}

static void layer_norm_rows(void *context, int64_t begin, int64_t end) {
    const norm *o = context;
    for (int64_t r = begin; r < end; r++) {
        const float *x = o->x + r * o->inner;
        moments(x, o->inner, o->epsilon, &o->mean[r], &o->rstd[r]);
        layer_norm_row(x, o->gamma, o->beta, o->mean[r], o->rstd[r], o->y + r * o->inner, o->inner);
    }
}

void rk_layer_norm(const float *x, const float *gamma, const float *beta, float *y, float *mean, float *rstd,
                   int64_t rows, int64_t width, float epsilon) {
    norm o = {.x = x, .gamma = gamma, .beta = beta, .y = y, .mean = mean, .rstd = rstd, .inner = width,
              .epsilon = epsilon};
    rk_parallel(rows, grain_of(width), layer_norm_rows, &o);
}

CLONES static void layer_norm_backward_row(const float *restrict x, const float *restrict gamma,
                                           const float *restrict dy, float mean, float rstd, float *restrict dx,
                                           int64_t n) {
    double total = 0, total_normalized = 0;
    for (int64_t i = 0; i < n; i++) {
        float d = dy[i] * gamma[i];
        total += d, total_normalized += d * ((x[i] - mean) * rstd);
    }
    float offset = (float)(total / n), slope = (float)(total_normalized / n);
    for (int64_t i = 0; i < n; i++) dx[i] = rstd * (dy[i] * gamma[i] - offset - (x[i] - mean) * rstd * slope);
}

static void layer_norm_backward_rows(void *context, int64_t begin, int64_t end) {
    const norm *o = context;
    for (int64_t r = begin; r < end; r++)
        layer_norm_backward_row(o->x + r * o->inner, o->gamma, o->dy + r * o->inner, o->saved_mean[r],
                                o->saved_rstd[r], o->y + r * o->inner, o->inner);
}

void rk_layer_norm_backward(const float *x, const float *gamma, const float *mean, const float *rstd, const float *dy,
                            float *dx, float *dgamma, float *dbeta, int64_t rows, int64_t width) {
    norm o = {.x = x, .gamma = gamma, .dy = dy, .saved_mean = mean, .saved_rstd = rstd, .y = dx, .inner = width};
    rk_parallel(rows, grain_of(width), layer_norm_backward_rows, &o);
    memset(dgamma, 0, (size_t)width * sizeof(float));
    memset(dbeta, 0, (size_t)width * sizeof(float));
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < width; i++) {
            float d = dy[r * width + i];
            dbeta[i] += d, dgamma[i] += d * (x[r * width + i] - mean[r]) * rstd[r];
        }
}

CLONES static void softmax_row(const float *x, float *y, int64_t n) {
    // By lanes: one running maximum would wait for itself at every element.
    float peaks[LANES];
    for (int l = 0; l < LANES; l++) peaks[l] = x[0];
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) peaks[l] = x[i + l] > peaks[l] ? x[i + l] : peaks[l];
    float peak = peaks[0];
    for (int l = 1; l < LANES; l++) peak = peaks[l] > peak ? peaks[l] : peak;
    for (; i < n; i++) peak = x[i] > peak ? x[i] : peak;
    float lanes[LANES] = {0};
    i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) {
            y[i + l] = fast_exp(x[i + l] - peak);
            lanes[l] += y[i + l];
        }
    float total = sum_lanes(lanes);
    for (; i < n; i++) total += y[i] = fast_exp(x[i] - peak);
    float scale = 1.0f / total;
    for (int64_t j = 0; j < n; j++) y[j] *= scale;
}

static void softmax_rows(void *context, int64_t begin, int64_t end) {
    const norm *o = context;
    for (int64_t r = begin; r < end; r++) softmax_row(o->x + r * o->inner, o->y + r * o->inner, o->inner);
}

void rk_softmax(const float *x, float *y, int64_t rows, int64_t width) {
    norm o = {.x = x, .y = y, .inner = width};
    rk_parallel(rows, grain_of(width), softmax_rows, &o);
}

CLONES static void softmax_backward_row(const float *y, const float *dy, float *dx, int64_t n) {
    float lanes[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) lanes[l] += y[i + l] * dy[i + l];
    float dot = sum_lanes(lanes);
    for (; i < n; i++) dot += y[i] * dy[i];
    for (int64_t j = 0; j < n; j++) dx[j] = y[j] * (dy[j] - dot);
}

static void softmax_backward_rows(void *context, int64_t begin, int64_t end) {
    const norm *o = context;
    for (int64_t r = begin; r < end; r++)
        softmax_backward_row(o->x + r * o->inner, o->dy + r * o->inner, o->y + r * o->inner, o->inner);
}

void rk_softmax_backward(const float *y, const float *dy, float *dx, int64_t rows, int64_t width) {
    norm o = {.x = y, .dy = dy, .y = dx, .inner = width};
    rk_parallel(rows, grain_of(width), softmax_backward_rows, &o);
}
