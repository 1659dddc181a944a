#include "internal.h"

typedef struct {
    float *parameter, *first, *second;
    const float *gradient;
    float rate, beta1, beta2, epsilon, decay, correction1, correction2, gradient_scale;
} state;

CLONES static void adamw_loop(float *restrict p, const float *restrict g, float *restrict m, float *restrict v,
                              int64_t n, const state *s) {
    float b1 = s->beta1, b2 = s->beta2, keep = 1.0f - s->rate * s->decay, scale = s->gradient_scale;
    float step = s->rate / s->correction1, root = 1.0f / sqrtf(s->correction2), epsilon = s->epsilon;
    for (int64_t i = 0; i < n; i++) {
        float d = g[i] * scale;
        m[i] = b1 * m[i] + (1.0f - b1) * d;
        v[i] = b2 * v[i] + (1.0f - b2) * d * d;
        // Not sqrtf, which may set errno: the loop would not vectorise.
        p[i] = p[i] * keep - step * m[i] / (__builtin_elementwise_sqrt(v[i]) * root + epsilon);
    }
}

static void adamw_body(void *context, int64_t begin, int64_t end) {
    const state *s = context;
    adamw_loop(s->parameter + begin, s->gradient + begin, s->first + begin, s->second + begin, end - begin, s);
}

void rk_adamw(float *parameter, const float *gradient, float *first, float *second, int64_t n, float rate, float beta1,
              float beta2, float epsilon, float decay, float correction1, float correction2, float gradient_scale) {
    state s = {parameter, first, second, gradient, rate, beta1, beta2, epsilon, decay, correction1, correction2,
               gradient_scale};
    rk_parallel(n, GRAIN, adamw_body, &s);
}
