#include "winograd_internal.h"

// Forward and backward data: the same sum, with the weights of the second transposed and turned.
//
// Many tiles: each job takes a block of them from the input to the output, and its V stays in the cache of its core.
// Two panels of U at a time pass by it; where there are so many channels that only a few tiles fit, the block is large
// all the same and the loop over points goes outside, so that V of one point stays in the cache while all of U passes.
// Few tiles, down to a single block: there the weights are the bulk of the data, so V of all tiles is shared and each
// job takes some panels of U, which is thereby read once, or, when the weights are still to be transformed, never
// exists as a whole. All ways add in the same order.

typedef struct {
    wino_planes from, to;
    const float *src, *weights, *transformed;
    rk_winograd_tail tail;
    float *dst;
    float *v, *m, *u; // V of all tiles or of one block for each worker; M and a few rows of U for each worker
    int64_t block, blocks, width;
    int64_t group, groups;                 // panels of one M, and into how many parts the panels are cut
    int64_t v_stride, m_stride, u_stride;  // from point to point
    int64_t slices, slice;                 // of V, each of `width` channels: how many, floats from one to the next
    int shared, fused, back;
} product_task;

// V of one block and the products of two panels should fit a second-level cache of 1 MiB with room for U passing by.
enum { V_FLOATS = 160 * 1024, LEAST_BLOCK = 20, MOST_BLOCK = 64 };
enum { SHARED_TILES = 64, FUSED_ROWS = 64, PAIR = 2 };

static product_task plan(const rk_winograd_shape *s, int back, int fresh) {
    product_task t = {.back = back, .group = PAIR};
    t.from = wino_planes_of(s, back ? s->out_channels : s->in_channels);
    t.to = wino_planes_of(s, back ? s->in_channels : s->out_channels);
    t.width = panels(t.from.channels) * PANEL, t.slices = 1;
    int64_t tiles = t.from.tiles, threads = rk_threads(), outputs = panels(t.to.channels);
    int64_t pairs = (outputs + PAIR - 1) / PAIR;
    t.shared = tiles <= SHARED_TILES;
    t.fused = t.shared && fresh;
    if (t.shared) {
        // Twice as many parts as threads, so that one thread can take over work from another that is held up.
        t.groups = t.fused ? pairs : smaller(pairs, 2 * threads);
        t.group = t.groups ? (pairs + t.groups - 1) / t.groups * PAIR : 0;
        t.groups = t.group ? (outputs + t.group - 1) / t.group : 0;
        t.blocks = !t.fused && t.groups % threads && tiles >= 16 ? 2 : 1;
        t.block = (tiles + t.blocks - 1) / t.blocks;
        // All points of a few channels pass by each pair of panels: together in memory, or each would touch a page for
        // two lines of it.
        if (t.fused) t.width = FUSED_ROWS, t.slices = round_up(t.from.channels, FUSED_ROWS) / FUSED_ROWS;
    } else {
        int64_t limit = V_FLOATS / (POINTS * t.width);
        if (limit < LEAST_BLOCK) limit = MOST_BLOCK, t.group = outputs;
        limit = smaller(limit, MOST_BLOCK);
        t.groups = t.group ? (outputs + t.group - 1) / t.group : 0;
        t.blocks = round_up((tiles + limit - 1) / limit, threads);
        t.block = (tiles + t.blocks - 1) / t.blocks;
    }
    t.blocks = t.block ? (tiles + t.block - 1) / t.block : 0;
    t.v_stride = point_stride(t.shared ? tiles : t.block, t.width);
    t.slice = POINTS * t.v_stride;
    t.m_stride = point_stride(t.block, PANEL);
    t.u_stride = point_stride(FUSED_ROWS, PANEL);
    return t;
}

// Products of panels `first` and, where `two`, the next, at one point.
static void multiply(const product_task *t, const float *v, const float *u, int64_t u_panel, int64_t channels, float *m,
                     int64_t rows, int two, int accumulate) {
    if (two)
        wino_product_of_two(v, t->width, u, u + u_panel, channels, m, m + POINTS * t->m_stride, rows, accumulate);
    else
        wino_product(v, t->width, u, channels, m, rows, accumulate);
}

static void multiply_fused(const product_task *t, const float *v, int64_t first, int64_t last, float *m, float *u) {
    int64_t channels = t->from.channels, u_panel = POINTS * t->u_stride;
    for (int64_t c = 0; c < channels; c += FUSED_ROWS) {
        int64_t end = smaller(c + FUSED_ROWS, channels);
        for (int64_t panel = first; panel < last; panel++)
            (t->back ? wino_weights_transposed : wino_weights)(
                t->weights, t->back ? channels : t->to.channels, t->back ? t->to.channels : channels, panel, c, end,
                u + (panel - first) * u_panel, t->u_stride);
        for (int64_t x = 0; x < POINTS; x++)
            multiply(t, v + c / FUSED_ROWS * t->slice + x * t->v_stride, u + x * t->u_stride, u_panel, end - c, m + x * t->m_stride, t->block,
                     last - first > 1, c > 0);
    }
}

// Panels first..<last for tiles begin..<end.
static void some_panels(const product_task *t, const float *v, int64_t first, int64_t last, int64_t begin, int64_t end,
                        int64_t worker) {
    int64_t channels = t->from.channels, stride = point_stride(channels, PANEL), m_panel = POINTS * t->m_stride;
    float *m = t->m + worker * t->group * m_panel;
    if (t->fused) {
        multiply_fused(t, v, first, last, m, t->u + worker * PAIR * POINTS * t->u_stride);
    } else {
        for (int64_t x = 0; x < POINTS; x++)
            for (int64_t panel = first; panel < last; panel += PAIR)
                multiply(t, v + x * t->v_stride, t->transformed + panel * panel_floats(channels) + x * stride,
                         panel_floats(channels), channels, m + (panel - first) * m_panel + x * t->m_stride, end - begin,
                         panel + 1 < last, 0);
    }
    for (int64_t panel = first; panel < last; panel++)
        wino_output(&t->to, m + (panel - first) * m_panel, t->m_stride, panel * PANEL, begin, end, &t->tail, t->dst);
}

static void block_job(const void *context, int64_t worker, int64_t job) {
    const product_task *t = context;
    float *v = t->v + worker * t->slice;
    int64_t begin = job * t->block, end = smaller(begin + t->block, t->from.tiles), outputs = panels(t->to.channels);
    for (int64_t c = 0; c < t->from.channels; c += PANEL)
        wino_input(&t->from, t->src, c, begin, end, v + c, t->width, t->v_stride);
    for (int64_t first = 0; first < outputs; first += t->group)
        some_panels(t, v, first, smaller(first + t->group, outputs), begin, end, worker);
}

static void shared_input_job(const void *context, int64_t worker, int64_t job) {
    (void)worker;
    const product_task *t = context;
    int64_t c = job * PANEL;
    float *v = t->v + c / t->width * t->slice + c % t->width;
    wino_input(&t->from, t->src, c, 0, t->from.tiles, v, t->width, t->v_stride);
}

static void shared_panel_job(const void *context, int64_t worker, int64_t job) {
    const product_task *t = context;
    int64_t first = job / t->blocks * t->group, begin = job % t->blocks * t->block;
    int64_t end = smaller(begin + t->block, t->from.tiles);
    some_panels(t, t->v + begin * t->width, first, smaller(first + t->group, panels(t->to.channels)), begin, end,
                worker);
}

// V, M, U; U in whole where it is made beforehand.
static void scratch_floats(const product_task *t, int fresh, int64_t floats[3]) {
    int64_t threads = rk_threads();
    floats[0] = (t->shared ? t->slices : threads) * t->slice;
    floats[1] = threads * t->group * POINTS * t->m_stride;
    floats[2] = t->fused ? threads * PAIR * POINTS * t->u_stride
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
                     const float *transformed, const rk_winograd_tail *tail, float *dst, float *workspace) {
    product_task t = plan(s, back, !transformed);
    if (t.from.tiles == 0 || t.to.channels == 0) return;
    int64_t floats[3];
    scratch_floats(&t, !transformed, floats);
    t.src = src, t.weights = weights, t.transformed = transformed, t.dst = dst;
    if (tail) t.tail = *tail;
    t.v = workspace, t.m = t.v + floats[0], t.u = t.m + floats[1];
    if (!transformed && !t.fused) {
        wino_all_weights(s, back, weights, t.u);
        t.transformed = t.u;
    }
    if (t.shared) {
        wino_run(panels(t.from.channels), shared_input_job, &t);
        wino_run(t.groups * t.blocks, shared_panel_job, &t);
    } else {
        wino_run(t.blocks, block_job, &t);
    }
}

void rk_winograd_forward(const rk_winograd_shape *s, const float *src, const float *transformed,
                         const rk_winograd_tail *tail, float *dst, float *workspace) {
    convolve(s, 0, src, NULL, transformed, tail, dst, workspace);
}

void rk_winograd_backward_data(const rk_winograd_shape *s, const float *diff_dst, const float *transformed,
                               float *diff_src, float *workspace) {
    convolve(s, 1, diff_dst, NULL, transformed, NULL, diff_src, workspace);
}

void rk_winograd_forward_fresh(const rk_winograd_shape *s, const float *src, const float *weights,
                               const rk_winograd_tail *tail, float *dst, float *workspace) {
    convolve(s, 0, src, weights, NULL, tail, dst, workspace);
}

void rk_winograd_backward_data_fresh(const rk_winograd_shape *s, const float *diff_dst, const float *weights,
                                     float *diff_src, float *workspace) {
    convolve(s, 1, diff_dst, weights, NULL, NULL, diff_src, workspace);
}
