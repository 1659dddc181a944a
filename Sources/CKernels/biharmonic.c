#include "biharmonic.h"
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "clones.h"

INLINE int smaller(int a, int b) { return a < b ? a : b; }
INLINE int larger(int a, int b) { return a > b ? a : b; }

/// Columns of row y in which L u is needed: the unknowns of rows y-1...y+1, one column wider, inside of the grid.
INLINE void laplace_span(const rc_plate_grid *g, int y, int *from, int *to) {
    int first = g->width, last = 0;
    for (int row = larger(y - 1, 0); row <= smaller(y + 1, g->height - 1); row++) {
        if (g->first[row] >= g->last[row]) continue;
        first = smaller(first, g->first[row]);
        last = larger(last, g->last[row]);
    }
    *from = larger(first - 1, 0);
    *to = smaller(last + 1, g->width);
}

/// out = L u in row y, guard columns included.
INLINE void laplace_row(const rc_plate_grid *g, const float *u, int y, float *restrict out) {
    int from, to;
    laplace_span(g, y, &from, &to);
    if (from >= to) return;
    const float *row = u + (ptrdiff_t)y * g->stride, *above = row - g->stride, *below = row + g->stride;
    for (int x = from; x < to; x++) {
        // Differences first: in smooth fields they are exact, and the large values never enter a sum.
        const float c = row[x];
        out[x] = (c - row[x - 1]) + (c - row[x + 1]) + ((c - above[x]) + (c - below[x]));
    }
    if (from == 0) out[-1] = out[0];
    if (to == g->width) out[to] = out[to - 1];
}

/// Rows y-1, y, y+1 of L u while y walks down the grid; repeated at the border.
typedef struct {
    float *above, *here, *below, *spare;
} window;

INLINE window window_open(const rc_plate_grid *g, const float *u) {
    window w;
    w.here = w.above = g->scratch + 16;
    w.below = w.here + g->stride;
    w.spare = w.below + g->stride;
    laplace_row(g, u, 0, w.here);
    return w;
}

INLINE void window_read(const rc_plate_grid *g, const float *u, int y, window *w) {
    if (y + 1 < g->height) laplace_row(g, u, y + 1, w->below);
    else w->below = w->here;
}

INLINE void window_step(window *w) {
    float *unused = w->above == w->here ? w->spare : w->above;
    w->above = w->here;
    w->here = w->below;
    w->below = unused;
}

/// A u at column x.
INLINE float plate(const window *w, float bend, float tension, int x) {
    const float c = w->here[x];
    const float bent = (c - w->here[x - 1]) + (c - w->here[x + 1]) + ((c - w->above[x]) + (c - w->below[x]));
    return bend * bent + tension * c;
}

INLINE void guard_columns(const rc_plate_grid *g, float *row) {
    row[-1] = row[0];
    row[g->width] = row[g->width - 1];
}

/// Repeats the outermost rows, guard columns included.
INLINE void guard_rows(const rc_plate_grid *g, float *u) {
    const size_t bytes = (size_t)(g->width + 2) * sizeof(float);
    memcpy(u - g->stride - 1, u - 1, bytes);
    float *end = u + (ptrdiff_t)(g->height - 1) * g->stride - 1;
    memcpy(end + g->stride, end, bytes);
}

CLONES void rc_plate_relax(const rc_plate_grid *g, float *u, const float *b, float *d, float alpha, float beta) {
    const float bend = g->bend, tension = g->tension;
    // Row y of u changes only after the rows y-1...y+1 of L u are there, and row y+2 does not read it.
    window w = window_open(g, u);
    for (int y = 0; y < g->height; y++) {
        window_read(g, u, y, &w);
        const ptrdiff_t at = (ptrdiff_t)y * g->stride;
        float *restrict ur = u + at, *restrict dr = d + at;
        const float *br = b + at, *mr = g->mask + at;
        for (int x = g->first[y]; x < g->last[y]; x++) {
            const float step = mr[x] * (beta * dr[x] + alpha * (br[x] - plate(&w, bend, tension, x)));
            dr[x] = step;
            ur[x] += step;
        }
        guard_columns(g, ur);
        window_step(&w);
    }
    guard_rows(g, u);
}

CLONES void rc_plate_relax_from_zero(const rc_plate_grid *g, float *u, const float *b, float *d, float alpha) {
    for (int y = 0; y < g->height; y++) {
        const ptrdiff_t at = (ptrdiff_t)y * g->stride;
        float *restrict ur = u + at, *restrict dr = d + at;
        const float *br = b + at;
        memset(ur - 1, 0, (size_t)(g->width + 2) * sizeof(float));
        for (int x = g->first[y]; x < g->last[y]; x++) ur[x] = dr[x] = alpha * br[x];
        guard_columns(g, ur);
    }
    guard_rows(g, u);
}

CLONES void rc_plate_residual(const rc_plate_grid *g, const float *u, const float *b, float *r) {
    const float bend = g->bend, tension = g->tension;
    window w = window_open(g, u);
    for (int y = 0; y < g->height; y++) {
        window_read(g, u, y, &w);
        const int from = g->first[y], to = g->last[y];
        const ptrdiff_t at = (ptrdiff_t)y * g->stride;
        float *restrict rr = r + at;
        const float *mr = g->mask + at;
        memset(rr - 1, 0, (size_t)(g->width + 2) * sizeof(float));
        if (b) {
            const float *br = b + at;
            for (int x = from; x < to; x++) rr[x] = mr[x] * (br[x] - plate(&w, bend, tension, x));
        } else {
            for (int x = from; x < to; x++) rr[x] = -mr[x] * plate(&w, bend, tension, x);
        }
        guard_columns(g, rr);
        window_step(&w);
    }
    guard_rows(g, r);
}

CLONES void rc_plate_restrict(const rc_plate_grid *f, const rc_plate_grid *c, float *r, float *coarse_b) {
    // With an odd side the last coarse cell has one child per direction: nothing lies behind it.
    if (f->width & 1) for (int y = -1; y <= f->height; y++) r[(ptrdiff_t)y * f->stride + f->width] = 0;
    if (f->height & 1) memset(r + (ptrdiff_t)f->height * f->stride - 1, 0, (size_t)(f->width + 2) * sizeof(float));
    float *restrict t = f->scratch + 16;
    for (int Y = 0; Y < c->height; Y++) {
        float *restrict out = coarse_b + (ptrdiff_t)Y * c->stride;
        memset(out - 1, 0, (size_t)(c->width + 2) * sizeof(float));
        const int first = c->first[Y], last = c->last[Y];
        if (first < last) {
            const float *r1 = r + (ptrdiff_t)(2 * Y) * f->stride, *r0 = r1 - f->stride, *r2 = r1 + f->stride;
            const int inside = 2 * Y + 1 < f->height;
            const float *r3 = inside ? r2 + f->stride : r2;
            const float outer = inside ? 0.25f : 0.0f;
            const int from = 2 * first - 1, to = smaller(2 * last + 1, f->width + 1);
            for (int x = from; x < to; x++) t[x] = 0.25f * r0[x] + 0.75f * (r1[x] + r2[x]) + outer * r3[x];
            if (f->width & 1) t[f->width + 1] = 0;
            const float *mr = c->mask + (ptrdiff_t)Y * c->stride;
            for (int X = first; X < last; X++)
                out[X] = mr[X] * (0.25f * (t[2 * X - 1] + t[2 * X + 2]) + 0.75f * (t[2 * X] + t[2 * X + 1]));
        }
        guard_columns(c, out);
    }
    guard_rows(c, coarse_b);
}

CLONES void rc_plate_prolong(const rc_plate_grid *f, const rc_plate_grid *c, const float *e, float *u) {
    float *restrict t = f->scratch + 16;
    for (int y = 0; y < f->height; y++) {
        const int first = f->first[y], last = f->last[y];
        if (first >= last) continue;
        const float *near = e + (ptrdiff_t)(y / 2) * c->stride;
        const float *far = near + (y & 1 ? c->stride : -c->stride);
        const int X0 = first / 2, X1 = (last + 1) / 2;
        for (int X = X0 - 1; X <= X1; X++) t[X] = 0.75f * near[X] + 0.25f * far[X];
        float *restrict ur = u + (ptrdiff_t)y * f->stride;
        const float *mr = f->mask + (ptrdiff_t)y * f->stride;
        for (int X = X0; X < X1; X++) {
            ur[2 * X] += mr[2 * X] * (0.75f * t[X] + 0.25f * t[X - 1]);
            ur[2 * X + 1] += mr[2 * X + 1] * (0.75f * t[X] + 0.25f * t[X + 1]);
        }
        guard_columns(f, ur);
    }
    guard_rows(f, u);
}

CLONES double rc_plate_dot(const rc_plate_grid *g, const float *a, const float *b) {
    double total = 0;
    for (int y = 0; y < g->height; y++) {
        const ptrdiff_t at = (ptrdiff_t)y * g->stride;
        const int from = g->first[y], to = g->last[y];
        // Sixteen partial sums in a fixed order: vector code without -ffast-math, same bits on every machine.
        float part[16] = {0};
        int x = from;
        for (; x + 16 <= to; x += 16)
            for (int k = 0; k < 16; k++) part[k] += a[at + x + k] * b[at + x + k] * g->mask[at + x + k];
        for (; x < to; x++) part[0] += a[at + x] * b[at + x] * g->mask[at + x];
        for (int k = 0; k < 16; k++) total += part[k];
    }
    return total;
}

CLONES void rc_plate_axpy(const rc_plate_grid *g, float alpha, const float *x, float *y) {
    for (int row = 0; row < g->height; row++) {
        const ptrdiff_t at = (ptrdiff_t)row * g->stride;
        const float *mr = g->mask + at, *xr = x + at;
        float *restrict yr = y + at;
        for (int i = g->first[row]; i < g->last[row]; i++) yr[i] += alpha * mr[i] * xr[i];
        guard_columns(g, yr);
    }
    guard_rows(g, y);
}

CLONES void rc_plate_xpby(const rc_plate_grid *g, const float *x, float beta, float *y) {
    for (int row = 0; row < g->height; row++) {
        const ptrdiff_t at = (ptrdiff_t)row * g->stride;
        const float *mr = g->mask + at, *xr = x + at;
        float *restrict yr = y + at;
        for (int i = g->first[row]; i < g->last[row]; i++) yr[i] = mr[i] * (xr[i] + beta * yr[i]);
        guard_columns(g, yr);
    }
    guard_rows(g, y);
}

CLONES float rc_plate_max(const rc_plate_grid *g, const float *a) {
    float best[16] = {0};
    for (int y = 0; y < g->height; y++) {
        const float *mr = g->mask + (ptrdiff_t)y * g->stride, *ar = a + (ptrdiff_t)y * g->stride;
        int x = g->first[y];
        for (; x + 16 <= g->last[y]; x += 16)
            for (int k = 0; k < 16; k++) {
                const float value = mr[x + k] * fabsf(ar[x + k]);
                best[k] = value > best[k] ? value : best[k];
            }
        for (; x < g->last[y]; x++) {
            const float value = mr[x] * fabsf(ar[x]);
            best[0] = value > best[0] ? value : best[0];
        }
    }
    for (int k = 1; k < 16; k++) best[0] = best[k] > best[0] ? best[k] : best[0];
    return best[0];
}
