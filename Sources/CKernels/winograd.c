#include "winograd_internal.h"

// Jobs are taken from a counter, so that a thread that is held up by other work of the machine does not hold up the
// rest. `worker` names the scratch memory; what a job computes does not depend on who takes it.
typedef void (*wino_job)(void *context, int64_t worker, int64_t job);
typedef struct {
    wino_job run;
    void *context;
    int64_t jobs, next;
} wino_queue;

static void work(void *context, int64_t begin, int64_t end) {
    wino_queue *q = context;
    for (int64_t worker = begin; worker < end; worker++)
        for (int64_t job; (job = __atomic_fetch_add(&q->next, 1, __ATOMIC_RELAXED)) < q->jobs;)
            q->run(q->context, worker, job);
}

static void run_jobs(int64_t jobs, wino_job run, void *context) {
    wino_queue q = {run, context, jobs, 0};
    rk_parallel(smaller(jobs, rk_threads()), 1, work, &q);
}

static wino_planes planes_of(const rk_winograd_shape *s, int64_t channels) {
    wino_planes p = {.batch = s->batch, .channels = channels, .height = s->height, .width = s->width};
    p.tiles_y = round_up(s->height, TILE) / TILE;
    p.tiles_x = round_up(s->width, TILE) / TILE;
    p.tiles = p.batch * p.tiles_y * p.tiles_x;
    return p;
}

static int64_t panels(int64_t channels) { return round_up(channels, PANEL) / PANEL; }

// A line more than needed: strides of a power of two would put all 36 points into the same cache sets.
static int64_t point_stride(int64_t tiles, int64_t width) { return tiles * width + 16; }

// MARK: weights

typedef struct {
    const float *weights;
    float *transformed;
    int64_t outputs, inputs, panels, blocks, rows, block;
    int transposed;
} weights_task;

static void weights_job(void *context, int64_t worker, int64_t job) {
    const weights_task *t = context;
    int64_t panel = job / t->blocks, begin = job % t->blocks * t->block, end = smaller(begin + t->block, t->rows);
    float *u = t->transformed + panel * POINTS * t->rows * PANEL;
    (t->transposed ? wino_weights_transposed : wino_weights)(t->weights, t->outputs, t->inputs, panel, begin, end, u);
}

size_t rk_winograd_weights_size(const rk_winograd_shape *s, rk_winograd_operation operation) {
    int back = operation == RK_WINOGRAD_BACKWARD_DATA;
    int64_t from = back ? s->out_channels : s->in_channels, to = back ? s->in_channels : s->out_channels;
    return (size_t)(panels(to) * POINTS * from * PANEL);
}

void rk_winograd_transform_weights(const rk_winograd_shape *s, rk_winograd_operation operation, const float *weights,
                                   float *transformed) {
    weights_task t = {.weights = weights, .transformed = transformed, .outputs = s->out_channels,
                      .inputs = s->in_channels, .transposed = operation == RK_WINOGRAD_BACKWARD_DATA};
    t.rows = t.transposed ? t.outputs : t.inputs;
    t.panels = panels(t.transposed ? t.inputs : t.outputs);
    t.block = 32;
    t.blocks = (t.rows + t.block - 1) / t.block;
    run_jobs(t.panels * t.blocks, weights_job, &t);
}

// MARK: forward and backward data

typedef struct {
    wino_planes from, to;
    const float *src, *transformed, *bias;
    float *dst;
    float *v, *m;      // scratch: V of all tiles or of one block for each worker, M of one block for each worker
    int64_t block, blocks, width;
    int64_t v_stride, m_stride; // between points
    int shared;        // V holds all tiles
} product_task;

enum { V_FLOATS = 160 * 1024, SHARED_TILES = 64 };

static void plan(const rk_winograd_shape *s, int back, product_task *t) {
    t->from = planes_of(s, back ? s->out_channels : s->in_channels);
    t->to = planes_of(s, back ? s->in_channels : s->out_channels);
    t->width = panels(t->from.channels) * PANEL;
    int64_t tiles = t->from.tiles, threads = rk_threads();
    t->shared = tiles < SHARED_TILES;
    int64_t limit = V_FLOATS / (POINTS * t->width);
    limit = limit < 12 ? 12 : limit > 64 ? 64 : limit;
    if (t->shared) limit = 32;
    t->blocks = (tiles + limit - 1) / limit;
    if (!t->shared) t->blocks = round_up(t->blocks, threads);
    t->block = (tiles + t->blocks - 1) / t->blocks;
    t->blocks = (tiles + t->block - 1) / t->block;
    t->v_stride = point_stride(t->shared ? tiles : t->block, t->width);
    t->m_stride = point_stride(t->block, PANEL);
}

static void one_panel(const product_task *t, const float *v, int64_t panel, int64_t begin, int64_t end, float *m) {
    const float *u = t->transformed + panel * POINTS * t->from.channels * PANEL;
    for (int64_t x = 0; x < POINTS; x++)
        wino_product(v + x * t->v_stride, t->width, u + x * t->from.channels * PANEL, t->from.channels,
                     m + x * t->m_stride, end - begin);
    wino_output(&t->to, m, t->m_stride, panel * PANEL, begin, end, t->bias, t->dst);
}

static void block_job(void *context, int64_t worker, int64_t job) {
    const product_task *t = context;
    float *v = t->v + worker * POINTS * t->v_stride, *m = t->m + worker * POINTS * t->m_stride;
    int64_t begin = job * t->block, end = smaller(begin + t->block, t->from.tiles);
    for (int64_t c = 0; c < t->from.channels; c += PANEL)
        wino_input(&t->from, t->src, c, begin, end, v + c, t->width, t->v_stride);
    for (int64_t panel = 0; panel < panels(t->to.channels); panel++) one_panel(t, v, panel, begin, end, m);
}

static void shared_input_job(void *context, int64_t worker, int64_t job) {
    const product_task *t = context;
    int64_t c = job / t->blocks * PANEL, begin = job % t->blocks * t->block;
    int64_t end = smaller(begin + t->block, t->from.tiles);
    wino_input(&t->from, t->src, c, begin, end, t->v + begin * t->width + c, t->width, t->v_stride);
}

static void shared_panel_job(void *context, int64_t worker, int64_t job) {
    const product_task *t = context;
    int64_t panel = job / t->blocks, begin = job % t->blocks * t->block;
    int64_t end = smaller(begin + t->block, t->from.tiles);
    one_panel(t, t->v + begin * t->width, panel, begin, end, t->m + worker * POINTS * t->m_stride);
}

static void run_product(product_task *t, float *workspace) {
    if (t->from.tiles == 0 || t->to.channels == 0) return;
    t->v = workspace;
    t->m = workspace + (t->shared ? 1 : rk_threads()) * POINTS * t->v_stride;
    if (t->shared) {
        run_jobs(panels(t->from.channels) * t->blocks, shared_input_job, t);
        run_jobs(panels(t->to.channels) * t->blocks, shared_panel_job, t);
    } else {
        run_jobs(t->blocks, block_job, t);
    }
}

void rk_winograd_forward(const rk_winograd_shape *s, const float *src, const float *transformed, const float *bias,
                         float *dst, float *workspace) {
    product_task t = {.src = src, .transformed = transformed, .bias = bias, .dst = dst};
    plan(s, 0, &t);
    run_product(&t, workspace);
}

void rk_winograd_backward_data(const rk_winograd_shape *s, const float *diff_dst, const float *transformed,
                               float *diff_src, float *workspace) {
    product_task t = {.src = diff_dst, .transformed = transformed, .dst = diff_src};
    plan(s, 1, &t);
    run_product(&t, workspace);
}

// MARK: backward weights

typedef struct {
    wino_planes from, to;
    const float *src, *diff;
    float *diff_weights, *diff_bias;
    float *v, *z, *sums, *u; // u [panel][point][input][16]
    int64_t width, chunk, begin, end, block, blocks;
    int64_t v_stride, z_stride;
} gradient_task;

// V and Z of one chunk of tiles: what stays in the caches between transform and product.
enum { CHUNK_FLOATS = 640 * 1024, GRADIENT_BLOCK = 16 };

static void plan_gradient(const rk_winograd_shape *s, gradient_task *t) {
    t->from = planes_of(s, s->in_channels);
    t->to = planes_of(s, s->out_channels);
    t->width = panels(s->in_channels) * PANEL;
    int64_t tiles = t->from.tiles, both = POINTS * (t->width + panels(s->out_channels) * PANEL);
    int64_t limit = CHUNK_FLOATS / both / GRADIENT_BLOCK * GRADIENT_BLOCK;
    if (limit < 32) limit = 32;
    int64_t chunks = (tiles + limit - 1) / limit;
    t->chunk = chunks ? (tiles + chunks - 1) / chunks : 0;
    t->v_stride = point_stride(t->chunk, t->width);
    t->z_stride = point_stride(t->chunk, PANEL);
}

static void gradient_transform_job(void *context, int64_t worker, int64_t job) {
    const gradient_task *t = context;
    int64_t group = job / t->blocks, begin = t->begin + job % t->blocks * t->block;
    int64_t end = smaller(begin + t->block, t->end), inputs = panels(t->from.channels), local = begin - t->begin;
    if (group < inputs) {
        float *v = t->v + local * t->width + group * PANEL;
        wino_input(&t->from, t->src, group * PANEL, begin, end, v, t->width, t->v_stride);
    } else {
        group -= inputs;
        float *z = t->z + group * POINTS * t->z_stride + local * PANEL;
        float *sums = t->sums + (group * t->from.tiles + begin) * PANEL;
        wino_output_gradient(&t->to, t->diff, group * PANEL, begin, end, z, t->z_stride, sums);
    }
}

static void gradient_product_job(void *context, int64_t worker, int64_t job) {
    const gradient_task *t = context;
    int64_t outputs = panels(t->to.channels), x = job / outputs, panel = job % outputs;
    float *u = t->u + (panel * POINTS + x) * t->from.channels * PANEL;
    wino_outer_product(t->v + x * t->v_stride, t->width, t->z + (panel * POINTS + x) * t->z_stride, t->end - t->begin,
                       u, t->from.channels, t->begin > 0);
}

static void gradient_inverse_job(void *context, int64_t worker, int64_t job) {
    const gradient_task *t = context;
    int64_t panel = job / t->blocks, begin = job % t->blocks * t->block;
    int64_t end = smaller(begin + t->block, t->from.channels);
    wino_weights_gradient(t->u + panel * POINTS * t->from.channels * PANEL, t->to.channels, t->from.channels, panel,
                          begin, end, t->diff_weights);
    if (begin > 0 || !t->diff_bias) return;
    double total[PANEL] = {0};
    const float *sums = t->sums + panel * t->from.tiles * PANEL;
    for (int64_t i = 0; i < t->from.tiles; i++)
        for (int k = 0; k < PANEL; k++) total[k] += sums[i * PANEL + k];
    for (int64_t k = 0; k < smaller(PANEL, t->to.channels - panel * PANEL); k++)
        t->diff_bias[panel * PANEL + k] = (float)total[k];
}

void rk_winograd_backward_weights(const rk_winograd_shape *s, const float *src, const float *diff_dst,
                                  float *diff_weights, float *diff_bias, float *workspace) {
    gradient_task t = {.src = src, .diff = diff_dst, .diff_weights = diff_weights, .diff_bias = diff_bias};
    plan_gradient(s, &t);
    int64_t tiles = t.from.tiles, inputs = panels(s->in_channels), outputs = panels(s->out_channels);
    if (tiles == 0) {
        memset(diff_weights, 0, (size_t)(s->out_channels * s->in_channels * 9) * sizeof(float));
        if (diff_bias) memset(diff_bias, 0, (size_t)s->out_channels * sizeof(float));
        return;
    }
    t.v = workspace;
    t.z = t.v + POINTS * t.v_stride;
    t.u = t.z + outputs * POINTS * t.z_stride;
    t.sums = t.u + outputs * POINTS * s->in_channels * PANEL;
    for (t.begin = 0; t.begin < tiles; t.begin = t.end) {
        t.end = smaller(t.begin + t.chunk, tiles);
        t.block = GRADIENT_BLOCK;
        t.blocks = (t.end - t.begin + t.block - 1) / t.block;
        run_jobs((inputs + outputs) * t.blocks, gradient_transform_job, &t);
        run_jobs(POINTS * outputs, gradient_product_job, &t);
    }
    t.block = 32;
    t.blocks = (s->in_channels + t.block - 1) / t.block;
    run_jobs(outputs * t.blocks, gradient_inverse_job, &t);
}

size_t rk_winograd_workspace_size(const rk_winograd_shape *s, rk_winograd_operation operation) {
    if (operation == RK_WINOGRAD_BACKWARD_WEIGHTS) {
        gradient_task t;
        plan_gradient(s, &t);
        int64_t outputs = panels(s->out_channels);
        return (size_t)(POINTS * t.v_stride + outputs * POINTS * (t.z_stride + s->in_channels * PANEL) +
                        outputs * t.from.tiles * PANEL);
    }
    product_task t;
    plan(s, operation == RK_WINOGRAD_BACKWARD_DATA, &t);
    int64_t threads = rk_threads();
    return (size_t)(POINTS * ((t.shared ? 1 : threads) * t.v_stride + threads * t.m_stride));
}
