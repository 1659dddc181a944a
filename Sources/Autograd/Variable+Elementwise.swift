import TensorCore

extension Variable {
    /// d(a + b) = da + db
    public static func + (a: Variable, b: Variable) -> Variable {
        recorded(a.value + b.value, inputs: [a, b]) { dy in [dy, dy] }
    }

    /// d(a - b) = da - db
    public static func - (a: Variable, b: Variable) -> Variable {
        recorded(a.value - b.value, inputs: [a, b]) { dy in [dy, dy * -1] }
    }

    /// d(a b) = b da + a db
    public static func * (a: Variable, b: Variable) -> Variable {
        recorded(a.value * b.value, inputs: [a, b]) { dy in [dy * b.value, dy * a.value] }
    }

    /// d(f a) = f da
    public static func * (a: Variable, factor: Float) -> Variable {
        recorded(a.value * factor, inputs: [a]) { dy in [dy * factor] }
    }

    /// SiLU or GELU.
    public func activated(_ activation: Tensor.Activation) -> Variable {
        Variable.recorded(value.activated(activation), inputs: [self]) { [value] dy in
            [value.activatedBackward(activation, gradient: dy)]
        }
    }

    /// The same elements under another shape.
    public func reshaped(_ shape: [Int]) -> Variable {
        Variable.recorded(value.reshaped(shape), inputs: [self]) { [old = self.shape] dy in [dy.reshaped(old)] }
    }

    /// Σ w (x - target)² / divisor as a scalar; `target` and `weight` are constants of the same shape.
    public func weightedSquaredError(to target: Tensor, weight: Tensor? = nil, divisor: Double) -> Variable {
        let error = Tensor.weightedSquaredError(value, target, weight: weight) / divisor
        return Variable.recorded(Tensor([Float(error)], shape: []), inputs: [self]) { [value] dy in
            [
                Tensor.weightedSquaredErrorBackward(
                    value, target, weight: weight, factor: dy.scalar / Float(divisor))
            ]
        }
    }

    /// The mean squared error to another variable, which may require a gradient as well.
    public func meanSquaredError(to other: Variable) -> Variable {
        let divisor = Double(max(value.count, 1))
        let error = Tensor.weightedSquaredError(value, other.value, weight: nil) / divisor
        return Variable.recorded(Tensor([Float(error)], shape: []), inputs: [self, other]) { [value] dy in
            let gradient = Tensor.weightedSquaredErrorBackward(
                value, other.value, weight: nil, factor: dy.scalar / Float(divisor))
            return [gradient, gradient * -1]
        }
    }
}
