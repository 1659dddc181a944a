import CKernels

extension Tensor {
    /// Element-wise functions of one variable, each with its derivative beside it.
    public enum Activation: Sendable {
        /// x σ(x)
        case silu
        /// x Φ(x), the exact form
        case gelu
    }

    public static func + (a: Tensor, b: Tensor) -> Tensor { a.combined(with: b, "+", rk_add) }
    public static func - (a: Tensor, b: Tensor) -> Tensor { a.combined(with: b, "-", rk_subtract) }
    public static func * (a: Tensor, b: Tensor) -> Tensor { a.combined(with: b, "*", rk_multiply) }

    public static func * (a: Tensor, factor: Float) -> Tensor {
        let y = Tensor(uninitialized: a.shape)
        rk_scale(a.pointer, factor, y.pointer, Int64(a.count))
        return y
    }

    private func combined(
        with other: Tensor, _ name: StaticString,
        _ kernel: (UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int64) -> Void
    ) -> Tensor {
        requireSameShape(as: other, name)
        let y = Tensor(uninitialized: shape)
        kernel(pointer, other.pointer, y.pointer, Int64(count))
        return y
    }

    public func activated(_ activation: Activation) -> Tensor {
        let y = Tensor(uninitialized: shape)
        switch activation {
        case .silu: rk_silu(pointer, y.pointer, Int64(count))
        case .gelu: rk_gelu(pointer, y.pointer, Int64(count))
        }
        return y
    }

    /// The gradient at the input of `activated`, of which `self` was the input.
    public func activatedBackward(_ activation: Activation, gradient dy: Tensor) -> Tensor {
        requireSameShape(as: dy, "activation backward")
        let dx = Tensor(uninitialized: shape)
        switch activation {
        case .silu: rk_silu_backward(pointer, dy.pointer, dx.pointer, Int64(count))
        case .gelu: rk_gelu_backward(pointer, dy.pointer, dx.pointer, Int64(count))
        }
        return dx
    }

    /// Of [..., 2 D] the first half times the GELU of the second, [..., D], in one pass.
    public func gatedGELU() -> Tensor {
        let width = (shape.last ?? 0) / 2
        require(shape.last == 2 * width && width > 0, "TensorCore: gate over \(shape)")
        let y = Tensor(uninitialized: shape.dropLast() + [width])
        rk_gated_gelu(pointer, y.pointer, Int64(y.count / width), Int64(width))
        return y
    }

    /// self += factor * other, in place.
    public func accumulateInPlace(_ other: Tensor, factor: Float = 1) {
        requireSameShape(as: other, "accumulate")
        noteChange()
        rk_accumulate(other.pointer, factor, pointer, Int64(count))
    }

    /// self += factor * (other - self), in place.
    public func lerpInPlace(towards other: Tensor, factor: Float) {
        requireSameShape(as: other, "lerp")
        noteChange()
        rk_lerp(other.pointer, factor, pointer, Int64(count))
    }

    /// Overwrites the elements with those of `other`, in place.
    public func copyInPlace(from other: Tensor) {
        requireSameShape(as: other, "copy")
        noteChange()
        pointer.update(from: other.pointer, count: count)
    }

    /// Σ x², accumulated in double.
    public var sumOfSquares: Double { rk_sum_of_squares(pointer, Int64(count)) }

    /// Σ x, accumulated in double.
    public var sum: Double { rk_sum(pointer, Int64(count)) }

    /// False when any element is infinite or not a number.
    public var isFinite: Bool { rk_all_finite(pointer, Int64(count)) != 0 }

    /// Σ w (a - b)² as a scalar tensor; `weight` has the shape of both.
    public static func weightedSquaredError(_ a: Tensor, _ b: Tensor, weight: Tensor?) -> Double {
        a.requireSameShape(as: b, "squared error")
        if let weight { a.requireSameShape(as: weight, "squared error weight") }
        return rk_weighted_squared_error(a.pointer, b.pointer, weight?.pointer, Int64(a.count))
    }

    /// factor · 2 w (a - b), the gradient of `weightedSquaredError` at `a`.
    public static func weightedSquaredErrorBackward(_ a: Tensor, _ b: Tensor, weight: Tensor?, factor: Float) -> Tensor
    {
        let da = Tensor(uninitialized: a.shape)
        rk_weighted_squared_error_backward(
            a.pointer, b.pointer, weight?.pointer, factor, da.pointer, Int64(a.count))
        return da
    }
}
