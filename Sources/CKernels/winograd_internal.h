#pragma once
// Shared by the winograd_*.c files; winograd.h says what they do together.
//
// With B, G, A the matrices of F(4, 3) at the points 0, ±3/4, ±3/2, ∞, one tile is
//     Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A,     d 6x6 input, g 3x3 weights, Y 4x4 output,
// and the sum over input channels is taken between ⊙ and A, as one matrix product for each of the 36 points. These
// points give a fifth of the error of the usual 0, ±1, ±2, ∞.
//
// Layouts (t = tile, c = input channel, o = output channel, x = one of 36 points, p = panel of 16 output channels):
//     V [x][t][c]         transformed input, rows padded to a multiple of 16 channels
//     U [p][x][c][16 o]   transformed weights, their gradient too; points are point_stride(c, 16) apart
//     M [x][t][16 o]      products of one panel
// Products take V's rows as they lie and U's panels as vectors, so nothing is packed in between.
#include "internal.h"
#include "vectors.h"
#include "winograd.h"

// Vectors of 8 floats for AVX2 and below, of 16 for AVX-512: two functions of the same template, chosen by the CPU.
#if defined(__x86_64__)
#ifdef REFINE_BASELINE_KERNELS
#define NARROW
#else
#define NARROW __attribute__((target_clones("arch=x86-64-v3", "default")))
#endif
#define WIDE __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#else
#define NARROW
#define WIDE
#endif
/// rk_x86_level(), asked once.
int wino_level(void);

enum { TILE = 4, WINDOW = 6, POINTS = 36, PANEL = 16, STRIP = 16 };

#define POINT_A 0.75f
#define POINT_B 1.5f
#define A2 (POINT_A * POINT_A)
#define B2 (POINT_B * POINT_B)
#define A3 (A2 * POINT_A)
#define B3 (B2 * POINT_B)

/// One plane stack: `channels` planes of height x width for each image.
typedef struct {
    int64_t batch, channels, height, width;
    int64_t tiles_y, tiles_x, tiles; // tiles over the whole batch, in the order image, row, column
} wino_planes;

/// Where a strip of at most STRIP tiles of one tile row lies.
typedef struct {
    int64_t image, row, column, tiles;
} wino_strip;

/// The longest strip that starts at `tile` and ends before `end`.
INLINE wino_strip strip_at(const wino_planes *s, int64_t tile, int64_t end) {
    int64_t line = tile / s->tiles_x, column = tile - line * s->tiles_x;
    int64_t count = s->tiles_x - column;
    if (count > end - tile) count = end - tile;
    if (count > STRIP) count = STRIP;
    return (wino_strip){line / s->tiles_y, line % s->tiles_y, column, count};
}

// winograd.c: jobs are taken from a counter, so that a thread that is held up by other work of the machine does not
// hold up the rest. `worker` < rk_threads() names scratch memory; what a job computes does not depend on who takes it.
typedef void (*wino_job)(const void *context, int64_t worker, int64_t job);
void wino_run(int64_t jobs, wino_job run, const void *context);
wino_planes wino_planes_of(const rk_winograd_shape *s, int64_t channels);


// Floats of workspace: winograd_convolution.c (`fresh`: weights come as OIHW) and winograd_gradient.c.
int64_t wino_convolution_floats(const rk_winograd_shape *s, int back, int fresh);
int64_t wino_gradient_floats(const rk_winograd_shape *s);

INLINE int64_t round_up(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }
/// From one point to the next: a line more than `rows` rows take. Strides of 4 KiB, which the usual numbers of channels
/// give, would put all 36 points into the same cache sets.
INLINE int64_t point_stride(int64_t rows, int64_t width) { return rows * width + 16; }
INLINE int64_t panels(int64_t channels) { return round_up(channels, PANEL) / PANEL; }
/// Floats of one panel of U.
INLINE int64_t panel_floats(int64_t inputs) { return POINTS * point_stride(inputs, PANEL); }
INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// winograd_tiles.c. Channels are taken 16 at a time, from `channel` on; those past the last are zero.
/// v[x * point_stride + (t - begin) * row_stride + 0..15] for tiles begin..<end.
void wino_input(const wino_planes *s, const float *src, int64_t channel, int64_t begin, int64_t end, float *v,
                int64_t row_stride, int64_t point_stride);
/// The inverse: m[x * point_stride + (t - begin) * 16] to 4x4 pixels of dst, and the tail.
void wino_output(const wino_planes *s, const float *m, int64_t point_stride, int64_t channel, int64_t begin,
                 int64_t end, const rk_winograd_tail *tail, float *dst);
/// The transpose of wino_output, for the gradient of the weights; sums[(t - begin) * 16] are the sums of the tiles.
void wino_output_gradient(const wino_planes *s, const float *diff, int64_t channel, int64_t begin, int64_t end,
                          float *z, int64_t point_stride, float *sums);

// winograd_weights.c: rows begin..<end of one panel of U, to and from u[x * step + (row - begin) * 16].
void wino_weights(const float *weights, int64_t outputs, int64_t inputs, int64_t panel, int64_t begin, int64_t end,
                  float *u, int64_t step);
void wino_weights_transposed(const float *weights, int64_t outputs, int64_t inputs, int64_t panel, int64_t begin,
                             int64_t end, float *u, int64_t step);
void wino_weights_gradient(const float *u, int64_t step, int64_t outputs, int64_t inputs, int64_t panel, int64_t begin,
                           int64_t end, float *diff_weights);

/// All of U, in parallel.
void wino_all_weights(const rk_winograd_shape *s, int back, const float *weights, float *transformed);

// winograd_product.c
/// m[t][16] (+)= Σ_c v[t][c] u[c][16]; channels in several calls, in order, give the bits of one call.
void wino_product(const float *v, int64_t v_stride, const float *u, int64_t channels, float *m, int64_t rows,
                  int accumulate);
/// The same for two panels of weights, u to m and u2 to m2.
void wino_product_of_two(const float *v, int64_t v_stride, const float *u, const float *u2, int64_t channels, float *m,
                         float *m2, int64_t rows, int accumulate);
/// u[c][16] (+)= Σ_t v[t][c] z[t][16]
void wino_outer_product(const float *v, int64_t v_stride, const float *z, int64_t tiles, float *u, int64_t channels,
                        int accumulate);
/// The same for two panels, z to u and z2 to u2.
void wino_outer_product_of_two(const float *v, int64_t v_stride, const float *z, const float *z2, int64_t tiles,
                               float *u, float *u2, int64_t channels, int accumulate);
