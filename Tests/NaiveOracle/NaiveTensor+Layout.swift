extension NaiveTensor {
    /// x[n, c, ...] + bias[c] or bias[n, c]
    public func addingAlongChannels(_ bias: NaiveTensor) -> NaiveTensor {
        let channels = shape[1], inner = shape.dropFirst(2).reduce(1, *)
        var y = self
        for i in y.values.indices {
            let row = i / inner
            y.values[i] += bias.values[bias.shape.count == 2 ? row : row % channels]
        }
        return y
    }

    /// [N, C, ...] to [N, C]
    public func summedOverInner() -> NaiveTensor {
        var y = NaiveTensor(shape: Array(shape.prefix(2)))
        let inner = shape.dropFirst(2).reduce(1, *)
        for i in values.indices { y.values[i / inner] += values[i] }
        return y
    }

    /// [N, ...] to [...]
    public func summedOverOuter() -> NaiveTensor {
        var y = NaiveTensor(shape: Array(shape.dropFirst()))
        for i in values.indices { y.values[i % y.count] += values[i] }
        return y
    }

    /// Swaps the last two axes of [N, R, C].
    public func transposed() -> NaiveTensor {
        var y = NaiveTensor(shape: [shape[0], shape[2], shape[1]])
        for n in 0..<shape[0] {
            for r in 0..<shape[1] {
                for c in 0..<shape[2] {
                    y.values[(n * shape[2] + c) * shape[1] + r] = values[(n * shape[1] + r) * shape[2] + c]
                }
            }
        }
        return y
    }

    /// Joins along axis 1.
    public static func concatenated(_ parts: [NaiveTensor]) -> NaiveTensor {
        let shape = parts[0].shape
        var values: [Double] = []
        for n in 0..<shape[0] {
            for part in parts { values += part.values[n * part.count / shape[0]..<(n + 1) * part.count / shape[0]] }
        }
        return NaiveTensor(values, shape: [shape[0], parts.reduce(0) { $0 + $1.shape[1] }] + shape.dropFirst(2))
    }

    /// A tensor of `shape` whose every element is computed from its four indices.
    private static func each(_ shape: [Int], _ f: (Int, Int, Int, Int) -> Double) -> NaiveTensor {
        var y = NaiveTensor(shape: shape)
        for n in 0..<shape[0] {
            for c in 0..<shape[1] {
                for i in 0..<shape[2] {
                    for j in 0..<shape[3] { y[n, c, i, j] = f(n, c, i, j) }
                }
            }
        }
        return y
    }

    public func upsampledNearest2() -> NaiveTensor {
        Self.each([shape[0], shape[1], 2 * shape[2], 2 * shape[3]]) { n, c, i, j in self[n, c, i / 2, j / 2] }
    }

    public func averagePooled2() -> NaiveTensor {
        Self.each([shape[0], shape[1], shape[2] / 2, shape[3] / 2]) { n, c, i, j in
            let upper = self[n, c, 2 * i, 2 * j] + self[n, c, 2 * i, 2 * j + 1]
            let lower = self[n, c, 2 * i + 1, 2 * j] + self[n, c, 2 * i + 1, 2 * j + 1]
            return (upper + lower) / 4
        }
    }

    /// torch.nn.PixelUnshuffle: y[n, (c f + k) f + l, i, j] = x[n, c, i f + k, j f + l]
    public func spaceToDepth(_ f: Int) -> NaiveTensor {
        Self.each([shape[0], shape[1] * f * f, shape[2] / f, shape[3] / f]) { n, c, i, j in
            self[n, c / (f * f), i * f + c / f % f, j * f + c % f]
        }
    }

    /// torch.nn.PixelShuffle, the reverse.
    public func depthToSpace(_ f: Int) -> NaiveTensor {
        Self.each([shape[0], shape[1] / (f * f), shape[2] * f, shape[3] * f]) { n, c, i, j in
            self[n, (c * f + i % f) * f + j % f, i / f, j / f]
        }
    }
}
