#include "winograd_internal.h"

// The gradient of the weights, Gᵀ [ Σ_t (Bᵀ d B) ⊙ (A dY Aᵀ) ] G. First Z, the transformed output gradient, of all
// tiles. Then each job takes a few input channels through everything else: V of one chunk of tiles, its product with Z
// added to U, chunk after chunk, and U back to windows of 3x3. So there are two parallel loops whatever the shape, V
// and U stay in the cache of one core, and each sum runs over the tiles in their order.

typedef struct {
    wino_planes from, to;
    const float *src, *diff;
    float *diff_weights, *diff_bias;
    float *z, *sums;  // Z [chunk][panel][point][tile][16], sums of tiles [panel][tile][16]
    float *v, *u;     // for each worker
    int64_t chunk, chunks, width, groups, whole, parts;
    int64_t v_stride, z_stride, u_stride; // from point to point
} gradient_task;

enum { CHUNK_TILES = 64, GROUP = 16 };

static gradient_task plan(const rk_winograd_shape *s) {
    gradient_task t = {.from = wino_planes_of(s, s->in_channels), .to = wino_planes_of(s, s->out_channels)};
    int64_t tiles = t.from.tiles, threads = rk_threads();
    t.chunks = (tiles + CHUNK_TILES - 1) / CHUNK_TILES;
    t.chunk = t.chunks ? (tiles + t.chunks - 1) / t.chunks : 0;
    t.width = GROUP;
    t.groups = (s->in_channels + t.width - 1) / t.width;
    // Groups that do not divide among the threads are cut by output channels, at the price of some V made twice.
    int64_t rest = t.groups % threads;
    t.whole = t.groups - rest;
    t.parts = rest ? smaller(panels(s->out_channels), threads / rest) : 1;
    t.v_stride = point_stride(t.chunk, t.width);
    t.z_stride = point_stride(t.chunk, PANEL);
    t.u_stride = point_stride(t.width, PANEL);
    return t;
}

static void scratch_floats(const gradient_task *t, int64_t floats[4]) {
    int64_t outputs = panels(t->to.channels);
    floats[0] = t->chunks * outputs * POINTS * t->z_stride;
    floats[1] = outputs * t->from.tiles * PANEL;
    floats[2] = rk_threads() * POINTS * t->v_stride;
    floats[3] = rk_threads() * outputs * POINTS * t->u_stride;
}

int64_t wino_gradient_floats(const rk_winograd_shape *s) {
    gradient_task t = plan(s);
    int64_t floats[4];
    scratch_floats(&t, floats);
    return floats[0] + floats[1] + floats[2] + floats[3];
}

static void output_job(const void *context, int64_t worker, int64_t job) {
    (void)worker;
    const gradient_task *t = context;
    int64_t outputs = panels(t->to.channels), chunk = job / outputs, panel = job % outputs;
    int64_t begin = chunk * t->chunk, end = smaller(begin + t->chunk, t->from.tiles);
    wino_output_gradient(&t->to, t->diff, panel * PANEL, begin, end, t->z + job * POINTS * t->z_stride, t->z_stride,
                         t->sums + (panel * t->from.tiles + begin) * PANEL);
}

static void bias_gradient(const gradient_task *t, int64_t panel) {
    double total[PANEL] = {0};
    const float *sums = t->sums + panel * t->from.tiles * PANEL;
    for (int64_t i = 0; i < t->from.tiles; i++)
        for (int k = 0; k < PANEL; k++) total[k] += sums[i * PANEL + k];
    for (int64_t k = 0; k < smaller(PANEL, t->to.channels - panel * PANEL); k++)
        t->diff_bias[panel * PANEL + k] = (float)total[k];
}

static void channels_job(const void *context, int64_t worker, int64_t job) {
    const gradient_task *t = context;
    int64_t group = job, part = 0, parts = 1, outputs = panels(t->to.channels);
    if (job >= t->whole) {
        parts = t->parts;
        group = t->whole + (job - t->whole) / parts;
        part = (job - t->whole) % parts;
    }
    int64_t first = outputs * part / parts, last = outputs * (part + 1) / parts;
    int64_t channel = group * t->width, count = smaller(t->width, t->from.channels - channel);
    float *v = t->v + worker * POINTS * t->v_stride, *u = t->u + worker * outputs * POINTS * t->u_stride;
    for (int64_t chunk = 0; chunk < t->chunks; chunk++) {
        int64_t begin = chunk * t->chunk, end = smaller(begin + t->chunk, t->from.tiles);
        for (int64_t c = 0; c < count; c += PANEL)
            wino_input(&t->from, t->src, channel + c, begin, end, v + c, t->width, t->v_stride);
        for (int64_t panel = first; panel < last; panel += 2) {
            int two = panel + 1 < last;
            const float *z = t->z + (chunk * outputs + panel) * POINTS * t->z_stride, *z2 = z + POINTS * t->z_stride;
            float *sum = u + (t->chunks > 1 ? panel * POINTS * t->u_stride : 0), *sum2 = sum + POINTS * t->u_stride;
            for (int64_t x = 0; x < POINTS; x++) {
                const float *point = v + x * t->v_stride;
                int64_t from = x * t->z_stride, to = x * t->u_stride;
                if (two)
                    wino_outer_product_of_two(point, t->width, z + from, z2 + from, end - begin, sum + to, sum2 + to,
                                              count, chunk > 0);
                else
                    wino_outer_product(point, t->width, z + from, end - begin, sum + to, count, chunk > 0);
            }
            if (chunk + 1 < t->chunks) continue;
            for (int64_t i = 0; i <= two; i++) {
                wino_weights_gradient(i ? sum2 : sum, t->u_stride, t->to.channels, t->from.channels, panel + i, channel,
                                      channel + count, t->diff_weights);
                if (group == 0 && t->diff_bias) bias_gradient(t, panel + i);
            }
        }
    }
}

void rk_winograd_backward_weights(const rk_winograd_shape *s, const float *src, const float *diff_dst,
                                  float *diff_weights, float *diff_bias, float *workspace) {
    gradient_task t = plan(s);
    t.src = src, t.diff = diff_dst, t.diff_weights = diff_weights, t.diff_bias = diff_bias;
    if (t.from.tiles == 0) {
        memset(diff_weights, 0, (size_t)(s->out_channels * s->in_channels * 9) * sizeof(float));
        if (diff_bias) memset(diff_bias, 0, (size_t)s->out_channels * sizeof(float));
        return;
    }
    int64_t floats[4];
    scratch_floats(&t, floats);
    t.z = workspace, t.sums = t.z + floats[0], t.v = t.sums + floats[1], t.u = t.v + floats[2];
    wino_run(t.chunks * panels(s->out_channels), output_job, &t);
    wino_run(t.whole + (t.groups - t.whole) * t.parts, channels_job, &t);
}
