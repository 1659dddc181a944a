#pragma once
#include <stdint.h>

/// Runs the kernels of CKernels on made-up numbers, each with sides that leave a rest, and writes all results one after
/// the other, those of each kernel scaled to a largest one of 1. Returns how many floats that takes; nothing is written
/// beyond `capacity`.
int64_t kernel_battery(float *results, int64_t capacity);
