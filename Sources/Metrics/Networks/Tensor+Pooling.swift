import TensorCore

/// What the feature networks need besides convolutions. Their pictures are few and small next to the convolutions, so
/// plain loops do.
extension Tensor {
    /// Maximum over windows of [N, C, H, W]; windows that would not fit are left out, padding never wins.
    func maxPooled(window: Int, stride: Int, padding: Int = 0) -> Tensor {
        pooled(window: window, stride: stride, padding: padding, start: -.infinity) {
            max($0, $1)
        } finish: { sum, _ in
            sum
        }
    }

    /// Mean over windows of [N, C, H, W], of the pixels inside of the picture only (torch: count_include_pad=False).
    func averagePooled(window: Int, stride: Int, padding: Int) -> Tensor {
        pooled(window: window, stride: stride, padding: padding, start: 0) {
            $0 + $1
        } finish: {
            $0 / Float($1)
        }
    }

    @inline(__always)
    private func pooled(
        window: Int, stride: Int, padding: Int, start: Float, _ combine: (Float, Float) -> Float,
        finish: (Float, Int) -> Float
    ) -> Tensor {
        let (height, width) = (shape[2], shape[3])
        precondition(
            min(height, width) + 2 * padding >= window, "Metrics: \(shape) is smaller than the pooling window \(window)"
        )
        let rows = (height + 2 * padding - window) / stride + 1, columns = (width + 2 * padding - window) / stride + 1
        let y = Tensor(uninitialized: [shape[0], shape[1], rows, columns])
        for plane in 0..<(shape[0] * shape[1]) {
            let source = pointer + plane * height * width, target = y.pointer + plane * rows * columns
            for row in 0..<rows {
                let top = max(row * stride - padding, 0), bottom = min(row * stride - padding + window, height)
                for column in 0..<columns {
                    let left = max(column * stride - padding, 0), right = min(column * stride - padding + window, width)
                    var value = start
                    for v in top..<bottom {
                        for u in left..<right { value = combine(value, source[v * width + u]) }
                    }
                    target[row * columns + column] = finish(value, (bottom - top) * (right - left))
                }
            }
        }
        return y
    }

    /// Mean over the pixels of [N, C, H, W]: [N, C].
    func averagedOverPixels() -> Tensor { summedOverInner() * (1 / Float(shape[2] * shape[3])) }

    /// max(x, 0), in place.
    func rectifyInPlace() {
        let values = pointer
        for i in 0..<count { values[i] = max(values[i], 0) }
    }

    /// [N, C, H, W] with rows and columns of zeros around it.
    func paddedWithZeros(rows: Int, columns: Int) -> Tensor {
        let (height, width) = (shape[2], shape[3])
        let y = Tensor(repeating: 0, shape: [shape[0], shape[1], height + 2 * rows, width + 2 * columns])
        for plane in 0..<(shape[0] * shape[1]) {
            for row in 0..<height {
                let target = (plane * y.shape[2] + row + rows) * y.shape[3] + columns
                (y.pointer + target).update(from: pointer + (plane * height + row) * width, count: width)
            }
        }
        return y
    }
}
