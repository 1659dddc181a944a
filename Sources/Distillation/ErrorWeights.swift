import TensorCore

extension Tensor {
    /// These weights of squared errors, those of each crop divided by an answer's own weighted error.
    ///
    /// What a fill that moves away from the answer loses in dB goes with how far it moves, measured in the answer's own
    /// error: a crop that is filled well is held as tightly as that. `w / max(N Σ w (answer - truth)², least)`, with the
    /// sum over each crop of N.
    /// - Parameters:
    ///   - answer: [N, ...], as these weights.
    ///   - truth: the same.
    ///   - first: the first crop that is divided; those before it stay as they are.
    ///   - least: the least divisor.
    package func dividedByErrors(of answer: Tensor, from truth: Tensor, first: Int, least: Float) -> Tensor {
        precondition(
            shape == answer.shape && shape == truth.shape,
            "Distillation: weights \(shape) of \(answer.shape) against \(truth.shape)")
        let result = copy(), crops = shape[0], size = count / max(crops, 1)
        for n in first..<crops {
            let crop = (n * size)..<((n + 1) * size)
            var error: Float = 0
            for i in crop {
                let difference = answer.pointer[i] - truth.pointer[i]
                error += pointer[i] * difference * difference
            }
            let factor = 1 / max(error * Float(crops), least)
            for i in crop { result.pointer[i] *= factor }
        }
        return result
    }
}
