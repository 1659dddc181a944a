"""Numbers that Python and Swift draw alike, so that goldens need neither inputs nor weights in the repository.

Value i of the stream NAME is SplitMix64 at position i + 1 from the FNV-1a hash of NAME, its upper 24 bits as a number
in 0 ..< 1. Tests/MetricsTests/PortableRandom.swift is the other side.
"""
import math

import numpy as np

MASK = (1 << 64) - 1


def uniform(name, shape):
    """float32 in 0 ..< 1."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 & MASK
    count = math.prod(shape)
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return ((z >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)).reshape(shape)


def picture(name, height, width):
    """float32 [3, height, width], multiples of 1/255: an 8x8 grid of colours, and noise on top."""
    grid = uniform(f"{name} grid", (3, 8, 8))
    noise = uniform(f"{name} noise", (3, height, width))
    rows, columns = np.arange(height) * 8 // height, np.arange(width) * 8 // width
    smooth = grid[:, rows][:, :, columns]
    return (np.floor(smooth * np.float32(192) + noise * np.float32(63)) / np.float32(255)).astype(np.float32)


def weight(name, shape):
    """A random weight that keeps the size of activations: He et al. 2015 for filters, small biases, scales around 1."""
    values = uniform(name, shape)
    if name.endswith("running_var"):
        return values + np.float32(0.5)
    if len(shape) > 1:
        bound = np.float32(math.sqrt(6 / math.prod(shape[1:])))
        return (np.float32(2) * values - np.float32(1)) * bound
    if name.endswith("weight"):
        return values + np.float32(0.5)
    return (values - np.float32(0.5)) * np.float32(0.2)
