import Glibc
import TensorCore

extension Variable {
    /// The mean cross-entropy of logits [N, K] against class indices, as a scalar: `-1/N Σ log softmax(x)[label]`.
    ///
    /// dx = (softmax(x) - one-hot) / N
    public func crossEntropy(labels: [Int]) -> Variable {
        let classes = shape.last ?? 0
        precondition(
            shape.count == 2 && shape[0] == labels.count && !labels.isEmpty
                && labels.allSatisfy { (0..<classes).contains($0) },
            "Autograd: cross-entropy of \(shape) with \(labels.count) labels")
        let probabilities = Softmax.forward(value)
        var sum = 0.0
        for (row, label) in labels.enumerated() {
            // Underflow would make the loss infinite where the gradient is still right.
            sum -= log(Double(max(probabilities.pointer[row * classes + label], .leastNormalMagnitude)))
        }
        let loss = Tensor([Float(sum / Double(labels.count))], shape: [])
        return Variable.recorded(loss, inputs: [self]) { dy in
            let dx = probabilities.copy()
            for (row, label) in labels.enumerated() { dx.pointer[row * classes + label] -= 1 }
            return [dx * (dy.scalar / Float(labels.count))]
        }
    }
}
