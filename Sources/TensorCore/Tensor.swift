import CKernels

/// A dense fp32 array in row-major order; images are NCHW.
///
/// Copies share storage. The functions of this module always return fresh storage, except those whose name says
/// "in place", which belong to optimisers and accumulators. Tensors stay on the thread that runs the engine: they are
/// not Sendable.
public struct Tensor {
    /// The extent of every axis, outermost first. Empty for a scalar.
    public let shape: [Int]
    /// The number of elements.
    public let count: Int
    private var storage: TensorStorage

    /// A tensor whose elements are not set yet.
    public init(uninitialized shape: [Int]) {
        require(shape.allSatisfy { $0 >= 0 }, "TensorCore: negative extent in shape \(shape)")
        guard let count = Self.count(of: shape), let storage = TensorStorage(count: count) else {
            fatalError("TensorCore: no memory for a tensor of shape \(shape)")
        }
        self.shape = shape
        self.count = count
        self.storage = storage
    }

    /// A tensor that stays, as prepared weights do, and must not sit in a buffer that is larger than it needs.
    init(lasting shape: [Int]) {
        guard let count = Self.count(of: shape), let storage = TensorStorage(count: count, isLasting: true) else {
            fatalError("TensorCore: no memory for a tensor of shape \(shape)")
        }
        self.init(shape: shape, storage: storage, count: count)
    }

    private init(shape: [Int], storage: TensorStorage, count: Int) {
        self.shape = shape
        self.storage = storage
        self.count = count
    }

    /// The product of the extents; nil where no machine could hold so many elements.
    private static func count(of shape: [Int]) -> Int? {
        if shape.contains(0) { return 0 }
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow, product <= Int.max / 16 else { return nil }
            count = product
        }
        return count
    }

    /// A tensor of one repeated value.
    public init(repeating value: Float, shape: [Int]) {
        self.init(uninitialized: shape)
        rk_fill(pointer, value, Int64(count))
    }

    /// Copies `values`; traps when their number is not the shape's product.
    public init(_ values: [Float], shape: [Int]) {
        self.init(uninitialized: shape)
        require(values.count == count, "TensorCore: \(values.count) values for shape \(shape)")
        values.withUnsafeBufferPointer { if let base = $0.baseAddress { pointer.update(from: base, count: count) } }
    }

    /// The first element; valid while the tensor lives.
    public var pointer: UnsafeMutablePointer<Float> { storage.pointer }

    /// Tells whether elements were changed in place since it was last read; writes through `pointer` do not count.
    var version: Int { storage.version }

    /// What every function that changes elements in place calls.
    func noteChange() { storage.version &+= 1 }

    /// A copy of the elements in row-major order.
    public var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    /// The only element of a one-element tensor.
    public var scalar: Float {
        require(count == 1, "TensorCore: scalar of shape \(shape)")
        return pointer[0]
    }

    /// The same elements under another shape, sharing storage.
    public func reshaped(_ shape: [Int]) -> Tensor {
        require(shape.reduce(1, *) == count, "TensorCore: cannot view \(self.shape) as \(shape)")
        return Tensor(shape: shape, storage: storage, count: count)
    }

    /// A copy with storage of its own.
    public func copy() -> Tensor {
        let result = Tensor(uninitialized: shape)
        result.pointer.update(from: pointer, count: count)
        return result
    }

    /// Adds `other`: in place where nobody else holds this tensor's storage, else as a new tensor.
    public mutating func add(_ other: Tensor) {
        if isKnownUniquelyReferenced(&storage) {
            accumulateInPlace(other)
        } else {
            self = self + other
        }
    }

    /// Traps with both shapes unless they are equal.
    func requireSameShape(as other: Tensor, _ operation: StaticString) {
        require(shape == other.shape, "TensorCore: \(operation) of shapes \(shape) and \(other.shape)")
    }

    /// Traps unless the tensor has `rank` axes.
    func requireRank(_ rank: Int, _ operation: StaticString) {
        require(shape.count == rank, "TensorCore: \(operation) needs \(rank) axes, not shape \(shape)")
    }
}
