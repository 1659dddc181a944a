#include "winograd_internal.h"

int wino_level(void) {
    static int known;
    int value = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (!value) __atomic_store_n(&known, value = rk_x86_level() + 1, __ATOMIC_RELAXED);
    return value - 1;
}

typedef struct {
    wino_job run;
    const void *context;
    int64_t jobs, next;
} wino_queue;

static void work(void *context, int64_t begin, int64_t end) {
    wino_queue *q = context;
    for (int64_t worker = begin; worker < end; worker++)
        for (int64_t job; (job = __atomic_fetch_add(&q->next, 1, __ATOMIC_RELAXED)) < q->jobs;)
            q->run(q->context, worker, job);
}

void wino_run(int64_t jobs, wino_job run, const void *context) {
    wino_queue q = {run, context, jobs, 0};
    rk_parallel(smaller(jobs, rk_threads()), 1, work, &q);
}

wino_planes wino_planes_of(const rk_winograd_shape *s, int64_t channels) {
    wino_planes p = {.batch = s->batch, .channels = channels, .height = s->height, .width = s->width};
    p.tiles_y = round_up(s->height, TILE) / TILE;
    p.tiles_x = round_up(s->width, TILE) / TILE;
    p.tiles = p.batch * p.tiles_y * p.tiles_x;
    return p;
}

size_t rk_winograd_weights_size(const rk_winograd_shape *s, rk_winograd_operation operation) {
    int back = operation == RK_WINOGRAD_BACKWARD_DATA;
    int64_t from = back ? s->out_channels : s->in_channels, to = back ? s->in_channels : s->out_channels;
    return (size_t)(panels(to) * panel_floats(from));
}

void rk_winograd_transform_weights(const rk_winograd_shape *s, rk_winograd_operation operation, const float *weights,
                                   float *transformed) {
    wino_all_weights(s, operation == RK_WINOGRAD_BACKWARD_DATA, weights, transformed);
}

size_t rk_winograd_workspace_size(const rk_winograd_shape *s, rk_winograd_operation operation) {
    switch (operation) {
    case RK_WINOGRAD_FORWARD: return (size_t)wino_convolution_floats(s, 0, 0);
    case RK_WINOGRAD_FORWARD_FRESH: return (size_t)wino_convolution_floats(s, 0, 1);
    case RK_WINOGRAD_BACKWARD_DATA: return (size_t)wino_convolution_floats(s, 1, 0);
    case RK_WINOGRAD_BACKWARD_DATA_FRESH: return (size_t)wino_convolution_floats(s, 1, 1);
    case RK_WINOGRAD_BACKWARD_WEIGHTS: return (size_t)wino_gradient_floats(s);
    }
    return 0;
}
