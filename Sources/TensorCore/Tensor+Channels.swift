import CKernels

extension Tensor {
    /// Adds a bias along axis 1. `self` is [N, C, ...]; `bias` is [C], shared by the batch, or [N, C].
    public func addingAlongChannels(_ bias: Tensor) -> Tensor {
        let y = Tensor(uninitialized: shape)
        addAlongChannels(bias, into: y)
        return y
    }

    /// The same in place.
    public func addAlongChannelsInPlace(_ bias: Tensor) {
        noteChange()
        addAlongChannels(bias, into: self)
    }

    /// Overwrites [N, C, ...] with `bias` [C] or [N, C] plus `addend`, zeros where they are nil: what a product is then
    /// added to.
    func start(bias: Tensor?, adding addend: Tensor?) {
        if let addend { requireSameShape(as: addend, "adding") }
        noteChange()
        switch (bias, addend) {
        case (let bias?, let addend?): addend.addAlongChannels(bias, into: self)
        case (let bias?, nil): fillAlongChannels(bias)
        case (nil, let addend?): copyInPlace(from: addend)
        case (nil, nil): rk_fill(pointer, 0, Int64(count))
        }
    }

    private func requireBias(_ bias: Tensor) {
        require(
            shape.count >= 2 && (bias.shape == [shape[1]] || bias.shape == [shape[0], shape[1]]),
            "TensorCore: bias of shape \(bias.shape) on \(shape)")
    }

    private func fillAlongChannels(_ bias: Tensor) {
        requireBias(bias)
        rk_channel_add(
            nil, bias.pointer, bias.shape.count == 2 ? Int64(shape[1]) : 0, pointer, Int64(shape[0]), Int64(shape[1]),
            Int64(innerCount))
    }

    private func addAlongChannels(_ bias: Tensor, into y: Tensor) {
        requireBias(bias)
        rk_channel_add(
            pointer, bias.pointer, bias.shape.count == 2 ? Int64(shape[1]) : 0, y.pointer, Int64(shape[0]),
            Int64(shape[1]), Int64(innerCount))
    }

    /// Sums [N, C, ...] over all axes but the first two, giving [N, C].
    public func summedOverInner() -> Tensor {
        let y = Tensor(uninitialized: Array(shape.prefix(2)))
        rk_inner_sum(pointer, y.pointer, Int64(y.count), Int64(innerCount))
        return y
    }

    /// Sums [N, ...] over the first axis.
    public func summedOverOuter() -> Tensor {
        let y = Tensor(uninitialized: Array(shape.dropFirst()))
        rk_outer_sum(pointer, y.pointer, Int64(shape[0]), Int64(y.count))
        return y
    }

    private var innerCount: Int { shape.dropFirst(2).reduce(1, *) }

    /// Swaps the last two axes of [N, R, C].
    public func transposed() -> Tensor {
        requireRank(3, "transpose")
        let y = Tensor(uninitialized: [shape[0], shape[2], shape[1]])
        rk_transpose(pointer, y.pointer, Int64(shape[0]), Int64(shape[1]), Int64(shape[2]))
        return y
    }

    /// Joins along axis 1: [N, C1, ...] and [N, C2, ...] give [N, C1 + C2, ...].
    public static func concatenated(_ parts: [Tensor]) -> Tensor {
        let first = parts[0].shape
        for part in parts {
            require(
                part.shape[0] == first[0] && part.shape.dropFirst(2) == first.dropFirst(2),
                "TensorCore: concatenation of shapes \(first) and \(part.shape)")
        }
        let channels = parts.reduce(0) { $0 + $1.shape[1] }
        let y = Tensor(uninitialized: [first[0], channels] + first.dropFirst(2))
        var destination = y.pointer
        for part in parts where part.count > 0 {
            rk_copy_rows(
                part.pointer, Int64(part.imageCount), destination, Int64(y.imageCount), Int64(first[0]),
                Int64(part.imageCount))
            destination += part.imageCount
        }
        return y
    }

    /// Cuts along axis 1 into parts of the given numbers of channels: the reverse of `concatenated`.
    public func split(channels: [Int]) -> [Tensor] {
        require(channels.reduce(0, +) == shape[1], "TensorCore: split of \(shape) into \(channels)")
        var source = pointer
        return channels.map { count in
            let part = Tensor(uninitialized: [shape[0], count] + shape.dropFirst(2))
            if part.count > 0 {
                rk_copy_rows(
                    source, Int64(imageCount), part.pointer, Int64(part.imageCount), Int64(shape[0]),
                    Int64(part.imageCount))
                source += part.imageCount
            }
            return part
        }
    }

    /// Elements of one image.
    private var imageCount: Int { shape.dropFirst().reduce(1, *) }
}
