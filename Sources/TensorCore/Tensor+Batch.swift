extension Tensor {
    /// A copy of what belongs to the images from `first` on, of the first axis.
    public func suffix(from first: Int) -> Tensor {
        precondition(
            !shape.isEmpty && (0..<shape[0]).contains(first), "TensorCore: images from \(first) on of shape \(shape)")
        let slice = count / shape[0]
        let result = Tensor(uninitialized: [shape[0] - first] + shape.dropFirst())
        result.pointer.update(from: pointer + first * slice, count: result.count)
        return result
    }

    /// Two copies: one is zero from image `index` on, of the first axis, the other before it.
    public func split(at index: Int) -> (head: Tensor, tail: Tensor) {
        precondition(
            !shape.isEmpty && (0...shape[0]).contains(index), "TensorCore: split at \(index) of shape \(shape)")
        let head = copy(), tail = copy(), before = count / max(shape[0], 1) * index
        (head.pointer + before).update(repeating: 0, count: count - before)
        tail.pointer.update(repeating: 0, count: before)
        return (head, tail)
    }
}
