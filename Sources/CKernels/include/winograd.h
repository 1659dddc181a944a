#pragma once
#include <stddef.h>
#include <stdint.h>

// Winograd convolution F(4x4, 3x3): windows of 3x3, stride 1, padding 1, dense fp32, activations NCHW, weights OIHW.
//
// Each 4x4 tile of the output costs 36 multiplications per pair of channels instead of 144; the price is a transform of
// every input tile, of the weights and of every output tile, so it pays from 16 channels on, and not for planes below
// 4x4. The result does not depend on the number of threads. The largest error is 1e-6 to 5e-6 of the largest output.
//
// The calls share libgomp's pool (rk_parallel) and must come from one thread at a time; rk_threads() must not change
// between asking for the size of a workspace and its use. Buffers need the alignment of float only; 64 bytes is faster.

typedef struct {
    int64_t batch, in_channels, out_channels;
    int64_t height, width; // of input and output
} rk_winograd_shape;

typedef enum {
    RK_WINOGRAD_FORWARD = 0,
    RK_WINOGRAD_BACKWARD_DATA = 1,
    RK_WINOGRAD_BACKWARD_WEIGHTS = 2,
    RK_WINOGRAD_FORWARD_FRESH = 3,
    RK_WINOGRAD_BACKWARD_DATA_FRESH = 4,
} rk_winograd_operation;

/// Floats of the transformed weights, for `operation` forward or backward data.
size_t rk_winograd_weights_size(const rk_winograd_shape *shape, rk_winograd_operation operation);
/// Transforms OIHW weights once for any number of calls; `operation` is forward or backward data.
void rk_winograd_transform_weights(const rk_winograd_shape *shape, rk_winograd_operation operation,
                                   const float *weights, float *transformed);

/// Floats of workspace that `operation` needs; grows with the number of threads.
size_t rk_winograd_workspace_size(const rk_winograd_shape *shape, rk_winograd_operation operation);

/// What is added to a convolution while its result is in registers.
typedef struct {
    const float *bias;   ///< per output channel, or NULL
    int64_t bias_stride; ///< from one image's biases to the next's: 0 where all images share them
    const float *addend; ///< laid out as the result, may be the result itself, or NULL
} rk_winograd_tail;

/// dst = conv(src, weights) + bias + addend.
void rk_winograd_forward(const rk_winograd_shape *shape, const float *src, const float *transformed,
                         const rk_winograd_tail *tail, float *dst, float *workspace);
/// diff_src = convᵀ(diff_dst, weights); `transformed` was made for backward data. The shape is that of the forward
/// call.
void rk_winograd_backward_data(const rk_winograd_shape *shape, const float *diff_dst, const float *transformed,
                               float *diff_src, float *workspace);
/// diff_weights (OIHW) and diff_bias are overwritten; `diff_bias` may be NULL.
void rk_winograd_backward_weights(const rk_winograd_shape *shape, const float *src, const float *diff_dst,
                                  float *diff_weights, float *diff_bias, float *workspace);

// OIHW weights, transformed on the way, with the same bits as a result. Where tiles are few (64 and below) the
// transformed weights, which are four times as large, then never leave the cache: that is as fast as reading them
// prepared or faster, even when the weights are constant. Where tiles are many the transform costs a few percent.
void rk_winograd_forward_fresh(const rk_winograd_shape *shape, const float *src, const float *weights,
                               const rk_winograd_tail *tail, float *dst, float *workspace);
void rk_winograd_backward_data_fresh(const rk_winograd_shape *shape, const float *diff_dst, const float *weights,
                                     float *diff_src, float *workspace);
