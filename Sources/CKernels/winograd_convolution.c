#include "winograd_internal.h"

// Forward and backward data: the same sum, with the weights of the second transposed and turned.
//
// Many tiles: each job takes a block of them from the input to the output, all panels, and its V and M stay in the
// cache of its core. Few tiles, down to a single block: there the weights are the bulk of the data, so V of all tiles
// is shared and each job takes one panel of U, which is thereby read once, or, when the weights are still to be
// transformed, never exists as a whole. All ways add in the same order.

typedef struct {
    wino_planes from, to;
    const float *src, *weights, *transformed, *bias;
    float *dst;
    float *v, *m, *u; // V of all tiles or of one block for each worker; M and a few rows of U for each worker
    int64_t block, blocks, width;
    int64_t v_stride, m_stride, u_stride; // from point to point
    int shared, fused, back;
} product_task;

// V of one block and the product of one panel should fit a second-level cache of 1 MiB with room for U passing by.
enum { V_FLOATS = 160 * 1024, LEAST_BLOCK = 12, MOST_BLOCK = 64 };
enum { SHARED_TILES = 64, SHARED_BLOCK = 32, FUSED_ROWS = 64 };

static product_task plan(const rk_winograd_shape *s, int back, int fresh) {
    product_task t = {.back = back};
    t.from = wino_planes_of(s, back ? s->out_channels : s->in_channels);
    t.to = wino_planes_of(s, back ? s->in_channels : s->out_channels);
    t.width = panels(t.from.channels) * PANEL;
    int64_t tiles = t.from.tiles;
    t.shared = tiles <= SHARED_TILES;
    t.fused = t.shared && fresh;
    int64_t limit = V_FLOATS / (POINTS * t.width);
    limit = limit < LEAST_BLOCK ? LEAST_BLOCK : smaller(limit, MOST_BLOCK);
    if (t.shared) limit = t.fused ? tiles : SHARED_BLOCK;
    t.blocks = limit ? (tiles + limit - 1) / limit : 0;
    if (!t.shared) t.blocks = round_up(t.blocks, rk_threads());
    t.block = t.blocks ? (tiles + t.blocks - 1) / t.blocks : 0;
    t.blocks = t.block ? (tiles + t.block - 1) / t.block : 0;
    t.v_stride = point_stride(t.shared ? tiles : t.block, t.width);
    t.m_stride = point_stride(t.block, PANEL);
    t.u_stride = point_stride(FUSED_ROWS, PANEL);
    return t;
}

static void multiply_fused(const product_task *t, const float *v, int64_t panel, float *m, float *u) {
    int64_t channels = t->from.channels;
    for (int64_t c = 0; c < channels; c += FUSED_ROWS) {
        int64_t end = smaller(c + FUSED_ROWS, channels);
        if (t->back)
            wino_weights_transposed(t->weights, channels, t->to.channels, panel, c, end, u, t->u_stride);
        else
            wino_weights(t->weights, t->to.channels, channels, panel, c, end, u, t->u_stride);
        for (int64_t x = 0; x < POINTS; x++)
            wino_product(v + x * t->v_stride + c, t->width, u + x * t->u_stride, end - c, m + x * t->m_stride,
                         t->block, c > 0);
    }
}

static void one_panel(const product_task *t, const float *v, int64_t panel, int64_t begin, int64_t end,
                      int64_t worker) {
    float *m = t->m + worker * POINTS * t->m_stride;
    int64_t channels = t->from.channels, stride = point_stride(channels, PANEL);
    if (t->fused) {
        multiply_fused(t, v, panel, m, t->u + worker * POINTS * t->u_stride);
    } else {
        const float *u = t->transformed + panel * panel_floats(channels);
        for (int64_t x = 0; x < POINTS; x++)
            wino_product(v + x * t->v_stride, t->width, u + x * stride, channels, m + x * t->m_stride, end - begin, 0);
    }
    wino_output(&t->to, m, t->m_stride, panel * PANEL, begin, end, t->bias, t->dst);
}

static void block_job(const void *context, int64_t worker, int64_t job) {
    const product_task *t = context;
    float *v = t->v + worker * POINTS * t->v_stride;
    int64_t begin = job * t->block, end = smaller(begin + t->block, t->from.tiles);
    for (int64_t c = 0; c < t->from.channels; c += PANEL)
        wino_input(&t->from, t->src, c, begin, end, v + c, t->width, t->v_stride);
    for (int64_t panel = 0; panel < panels(t->to.channels); panel++) one_panel(t, v, panel, begin, end, worker);
}

static void shared_input_job(const void *context, int64_t worker, int64_t job) {
    (void)worker;
    const product_task *t = context;
    int64_t c = job * PANEL;
    wino_input(&t->from, t->src, c, 0, t->from.tiles, t->v + c, t->width, t->v_stride);
}

static void shared_panel_job(const void *context, int64_t worker, int64_t job) {
    const product_task *t = context;
    int64_t panel = job / t->blocks, begin = job % t->blocks * t->block;
    int64_t end = smaller(begin + t->block, t->from.tiles);
    one_panel(t, t->v + begin * t->width, panel, begin, end, worker);
}

// V, M, U; U in whole where it is made beforehand.
static void scratch_floats(const product_task *t, int fresh, int64_t floats[3]) {
    int64_t threads = rk_threads();
    floats[0] = (t->shared ? 1 : threads) * POINTS * t->v_stride;
    floats[1] = threads * POINTS * t->m_stride;
    floats[2] = t->fused ? threads * POINTS * t->u_stride
              : fresh    ? panels(t->to.channels) * panel_floats(t->from.channels)
                         : 0;
}

int64_t wino_convolution_floats(const rk_winograd_shape *s, int back, int fresh) {
    product_task t = plan(s, back, fresh);
    int64_t floats[3];
    scratch_floats(&t, fresh, floats);
    return floats[0] + floats[1] + floats[2];
}

static void convolve(const rk_winograd_shape *s, int back, const float *src, const float *weights,
                     const float *transformed, const float *bias, float *dst, float *workspace) {
    product_task t = plan(s, back, !transformed);
    if (t.from.tiles == 0 || t.to.channels == 0) return;
    int64_t floats[3];
    scratch_floats(&t, !transformed, floats);
    t.src = src, t.weights = weights, t.transformed = transformed, t.bias = bias, t.dst = dst;
    t.v = workspace, t.m = t.v + floats[0], t.u = t.m + floats[1];
    if (!transformed && !t.fused) {
        wino_all_weights(s, back, weights, t.u);
        t.transformed = t.u;
    }
    if (t.shared) {
        wino_run(panels(t.from.channels), shared_input_job, &t);
        wino_run(panels(t.to.channels) * t.blocks, shared_panel_job, &t);
    } else {
        wino_run(t.blocks, block_job, &t);
    }
}

void rk_winograd_forward(const rk_winograd_shape *s, const float *src, const float *transformed, const float *bias,
                         float *dst, float *workspace) {
    convolve(s, 0, src, NULL, transformed, bias, dst, workspace);
}

void rk_winograd_backward_data(const rk_winograd_shape *s, const float *diff_dst, const float *transformed,
                               float *diff_src, float *workspace) {
    convolve(s, 1, diff_dst, NULL, transformed, NULL, diff_src, workspace);
}

void rk_winograd_forward_fresh(const rk_winograd_shape *s, const float *src, const float *weights, const float *bias,
                               float *dst, float *workspace) {
    convolve(s, 0, src, weights, NULL, bias, dst, workspace);
}

void rk_winograd_backward_data_fresh(const rk_winograd_shape *s, const float *diff_dst, const float *weights,
                                     float *diff_src, float *workspace) {
    convolve(s, 1, diff_dst, weights, NULL, NULL, diff_src, workspace);
}
