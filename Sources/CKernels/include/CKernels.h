#pragma once
// Element-wise, normalisation and optimiser kernels, vectorised by the compiler for x86-64-v4, -v3 and the baseline
// (chosen at load time), or for NEON. All tensors are dense fp32. Results do not depend on the number of threads:
// every reduction is cut the same way whoever computes its parts.
#include <stdint.h>

#include "attention.h"
#include "biharmonic.h"
#include "winograd.h"

// threads.c: loops over libgomp's pool, the one that oneDNN and the OpenMP build of OpenBLAS use too.
void rk_set_threads(int threads);
int rk_threads(void);
typedef void (*rk_body)(void *context, int64_t begin, int64_t end);
void rk_parallel(int64_t count, int64_t grain, rk_body body, void *context);
/// The x86-64 level of this CPU (2, 3 = AVX2, 4 = AVX-512), 0 elsewhere.
int rk_x86_level(void);

// memory.c
void rk_release_free_memory(void);

// elementwise.c: y = f(x), n elements; y may be x.
void rk_fill(float *y, float value, int64_t n);
void rk_add(const float *a, const float *b, float *y, int64_t n);
void rk_subtract(const float *a, const float *b, float *y, int64_t n);
void rk_multiply(const float *a, const float *b, float *y, int64_t n);
void rk_scale(const float *x, float factor, float *y, int64_t n);
/// y += factor * x
void rk_accumulate(const float *x, float factor, float *y, int64_t n);
/// y += factor * (x - y)
void rk_lerp(const float *x, float factor, float *y, int64_t n);
void rk_silu(const float *x, float *y, int64_t n);
void rk_silu_backward(const float *x, const float *dy, float *dx, int64_t n);
/// The exact GELU, x Φ(x).
void rk_gelu(const float *x, float *y, int64_t n);
void rk_gelu_backward(const float *x, const float *dy, float *dx, int64_t n);
/// Of each row of x [rows, 2 * width], the first half times the GELU of the second: y [rows, width].
void rk_gated_gelu(const float *x, float *y, int64_t rows, int64_t width);
/// Σ x², summed in double over fixed blocks.
double rk_sum_of_squares(const float *x, int64_t n);
double rk_sum(const float *x, int64_t n);
/// Σ w (a - b)²; `w` may be NULL for ones.
double rk_weighted_squared_error(const float *a, const float *b, const float *w, int64_t n);
/// da = factor * 2 w (a - b)
void rk_weighted_squared_error_backward(const float *a, const float *b, const float *w, float factor, float *da,
                                        int64_t n);
/// 1 when every element is finite.
int rk_all_finite(const float *x, int64_t n);

// channels.c: x is [outer, channels, inner].
/// y[o, c, i] = x[o, c, i] + bias[o * bias_stride + c]; bias_stride is 0 or `channels`, y may be x, x may be NULL for 0.
void rk_channel_add(const float *x, const float *bias, int64_t bias_stride, float *y, int64_t outer, int64_t channels,
                    int64_t inner);
/// sums[o, c] = Σ_i x[o, c, i]
void rk_inner_sum(const float *x, float *sums, int64_t rows, int64_t inner);
/// sums[c] = Σ_o x[o, c]
void rk_outer_sum(const float *x, float *sums, int64_t outer, int64_t columns);
/// `rows` rows of `width` from x to y, whose rows begin `x_stride` and `y_stride` apart.
void rk_copy_rows(const float *x, int64_t x_stride, float *y, int64_t y_stride, int64_t rows, int64_t width);
/// [batch, rows, columns] -> [batch, columns, rows]
void rk_transpose(const float *x, float *y, int64_t batch, int64_t rows, int64_t columns);

// normalization.c
/// x [batch, channels, inner]; mean and rstd [batch, groups] are kept for the backward pass; silu: y = silu(norm).
void rk_group_norm(const float *x, const float *gamma, const float *beta, float *y, float *mean, float *rstd,
                   int64_t batch, int64_t channels, int64_t inner, int64_t groups, float epsilon, int silu);
/// partial [2, batch, channels] is scratch; dgamma and dbeta [channels].
void rk_group_norm_backward(const float *x, const float *gamma, const float *beta, const float *mean,
                            const float *rstd, const float *dy, float *dx, float *dgamma, float *dbeta, float *partial,
                            int64_t batch, int64_t channels, int64_t inner, int64_t groups, int silu);
/// x [rows, width]
void rk_layer_norm(const float *x, const float *gamma, const float *beta, float *y, float *mean, float *rstd,
                   int64_t rows, int64_t width, float epsilon);
void rk_layer_norm_backward(const float *x, const float *gamma, const float *mean, const float *rstd, const float *dy,
                            float *dx, float *dgamma, float *dbeta, int64_t rows, int64_t width);
/// y = softmax over the last axis of x [rows, width]; y may be x.
void rk_softmax(const float *x, float *y, int64_t rows, int64_t width);
/// dx = y (dy - Σ y dy); dx may be dy.
void rk_softmax_backward(const float *y, const float *dy, float *dx, int64_t rows, int64_t width);

// resample.c: planes of height x width; height and width are those of the smaller side.
void rk_upsample_nearest2(const float *x, float *y, int64_t planes, int64_t height, int64_t width);
void rk_upsample_nearest2_backward(const float *dy, float *dx, int64_t planes, int64_t height, int64_t width);
void rk_average_pool2(const float *x, float *y, int64_t planes, int64_t height, int64_t width);
void rk_average_pool2_backward(const float *dy, float *dx, int64_t planes, int64_t height, int64_t width);
/// [batch, channels, height*f, width*f] -> [batch, channels*f*f, height, width], as torch.nn.PixelUnshuffle.
void rk_space_to_depth(const float *x, float *y, int64_t batch, int64_t channels, int64_t height, int64_t width,
                       int64_t factor);
void rk_depth_to_space(const float *x, float *y, int64_t batch, int64_t channels, int64_t height, int64_t width,
                       int64_t factor);

// optimizer.c
/// Decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2). `correction1` = 1 - beta1^t and so on.
void rk_adamw(float *parameter, const float *gradient, float *first, float *second, int64_t n, float rate, float beta1,
              float beta2, float epsilon, float decay, float correction1, float correction2, float gradient_scale);

// convert.c: IEEE half and bfloat16, round to nearest even.
void rk_half_to_float(const uint16_t *x, float *y, int64_t n);
void rk_float_to_half(const float *x, uint16_t *y, int64_t n);
void rk_bfloat_to_float(const uint16_t *x, float *y, int64_t n);
void rk_float_to_bfloat(const float *x, uint16_t *y, int64_t n);
