#pragma once
// Convolution through oneDNN, behind five functions of our own.
//
// Nothing of oneDNN's API shows here: its C API changed between 2.x and 3.x, and its Winograd kernels came and went.
// All tensors are dense fp32: activations NCHW, weights OIHW. The library picks its own blocked layouts inside; data is
// reordered into a workspace that the process shares, so calls must come from one thread at a time.
#include <stdint.h>

typedef struct refine_conv refine_conv;

typedef enum {
    REFINE_CONV_DIRECT = 0,
    REFINE_CONV_WINOGRAD = 1,
} refine_conv_algorithm;

typedef struct {
    int64_t batch, in_channels, out_channels;
    int64_t height, width; // of the input
    int64_t kernel_height, kernel_width;
    int64_t stride, padding;
} refine_conv_shape;

/// Prepares forward and, when `training` is set, both backward primitives for one shape.
/// Returns 0, or oneDNN's status code when there is no implementation or no memory.
int refine_conv_create(const refine_conv_shape *shape, refine_conv_algorithm algorithm, int training, refine_conv **out);
void refine_conv_destroy(refine_conv *conv);

/// Frees the memory that calls share for operands in the library's own layout; the next call takes what it needs. Not
/// during a call.
void refine_conv_release_workspace(void);

/// dst = conv(src, weights) + bias; `bias` may be NULL.
int refine_conv_forward(refine_conv *conv, const float *src, const float *weights, const float *bias, float *dst);
/// diff_src = convᵀ(diff_dst, weights).
int refine_conv_backward_data(refine_conv *conv, const float *diff_dst, const float *weights, float *diff_src);
/// diff_weights and diff_bias = the gradients of weights and bias.
int refine_conv_backward_weights(refine_conv *conv, const float *src, const float *diff_dst, float *diff_weights,
                                 float *diff_bias);

/// The name of the implementation that was picked, for example "jit:avx2"; owned by `conv`.
const char *refine_conv_implementation(const refine_conv *conv);
/// "2.6.3" and the instruction set in use, both static strings.
const char *refine_onednn_version(void);
const char *refine_onednn_isa(void);
