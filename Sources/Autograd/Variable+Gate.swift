import TensorCore

extension Variable {
    /// GEGLU (Shazeer 2020): of [..., 2 D] the first half times the GELU of the second, [..., D].
    ///
    /// With y = a gelu(b): da = gelu(b) dy, db = gelu'(b) a dy.
    public func gatedGELU() -> Variable {
        if !Variable.records([self]) { return Variable(value.gatedGELU()) }
        let width = (shape.last ?? 0) / 2, rows = value.count / max(2 * width, 1)
        require(shape.last == 2 * width && width > 0, "Autograd: gate over \(shape)")
        // Halves of the last axis are channels where every row is an image of no extent.
        let halves = value.reshaped([rows, 2 * width]).split(channels: [width, width])
        let gate = halves[1].activated(.gelu)
        let y = (halves[0] * gate).reshaped(shape.dropLast() + [width])
        return Variable.recorded(y, inputs: [self]) { [shape] dy in
            let dy = dy.reshaped([rows, width])
            let gradient = Tensor.concatenated([
                dy * gate, halves[1].activatedBackward(.gelu, gradient: dy * halves[0]),
            ])
            return [gradient.reshaped(shape)]
        }
    }
}
