import Glibc
import TensorCore

extension Variable {
    /// The mean cross-entropy of logits [N, K] against class indices, as a scalar: `-1/N Σ log softmax(x)[label]`.
    ///
    /// dx = (softmax(x) - one-hot) / N
    /// - Parameter labels: [N]; rows with nil do not count, N being the number of the others.
    public func crossEntropy(labels: [Int?]) -> Variable {
        let classes = shape.last ?? 0, count = labels.count { $0 != nil }
        precondition(
            shape.count == 2 && shape[0] == labels.count && count > 0
                && labels.allSatisfy { $0.map((0..<classes).contains) ?? true },
            "Autograd: cross-entropy of \(shape) with \(count) of \(labels.count) labels")
        let probabilities = Softmax.forward(value)
        var sum = 0.0
        for (row, label) in labels.enumerated() {
            guard let label else { continue }
            // Underflow would make the loss infinite where the gradient is still right.
            sum -= log(Double(max(probabilities.pointer[row * classes + label], .leastNormalMagnitude)))
        }
        let loss = Tensor([Float(sum / Double(count))], shape: [])
        return Variable.recorded(loss, inputs: [self]) { dy in
            let dx = probabilities.copy()
            for (row, label) in labels.enumerated() {
                if let label {
                    dx.pointer[row * classes + label] -= 1
                } else {
                    (dx.pointer + row * classes).update(repeating: 0, count: classes)
                }
            }
            return [dx * (dy.scalar / Float(count))]
        }
    }
}
