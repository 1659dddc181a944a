#pragma once
#include <stddef.h>
#include <stdint.h>

// Scaled dot-product attention, softmax(Q Kᵀ / √D) V for each head, without a matrix of scores in memory.
//
// The result does not depend on the number of threads. The calls share libgomp's pool (rk_parallel) and must come from
// one thread at a time; rk_threads() must not change between asking for the size of a workspace and its use.

typedef struct {
    int64_t batch, queries, keys, heads;
    int64_t depth, width; ///< of one head's queries and keys, and of its values; keys and all of these are 1 or more
} rk_attention_shape;

/// Floats of workspace; grows with the number of threads, not with that of queries and keys.
size_t rk_attention_workspace_size(const rk_attention_shape *shape);

/// q [batch, queries, heads * depth], k [batch, keys, heads * depth], v [batch, keys, heads * width] to
/// y [batch, queries, heads * width]. A row with a score that is not a number, or infinitely high, becomes NaN, and so
/// does one whose scores all are infinitely low.
void rk_attention(const rk_attention_shape *shape, const float *q, const float *k, const float *v, float *y,
                  float *workspace);
