import TensorCore

extension Variable {
    /// Rows of a table [V, D], one for each index: [count, D]. The gradient of a row is the sum over its uses.
    public func rows(at indices: [Int]) -> Variable {
        require(
            shape.count == 2 && indices.allSatisfy { (0..<shape[0]).contains($0) },
            "Autograd: rows of a table of shape \(shape)")
        let width = shape[1], y = Tensor(uninitialized: [indices.count, width])
        for (i, row) in indices.enumerated() {
            (y.pointer + i * width).update(from: value.pointer + row * width, count: width)
        }
        return Variable.recorded(y, inputs: [self]) { [shape] dy in
            let gradient = Tensor(repeating: 0, shape: shape)
            for (i, row) in indices.enumerated() {
                for j in 0..<width { gradient.pointer[row * width + j] += dy.pointer[i * width + j] }
            }
            return [gradient]
        }
    }
}
