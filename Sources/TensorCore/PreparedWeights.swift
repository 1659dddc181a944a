import Synchronization

/// Weights of one convolution in the form that its algorithm reads, made at the first call and kept.
///
/// Belongs to a layer whose weights do not train. The transformed weights of Winograd are four times as large, so they
/// are kept only where that saves time, and all of a process within a limit; without them results are the same.
public final class PreparedWeights {
    private var transformed: Tensor?
    private var source: (pointer: UnsafeMutablePointer<Float>, version: Int)?

    public init() {}

    deinit { drop() }

    /// Bytes that all prepared weights of the process may take.
    public static let limit = 256 << 20
    private static let bytes = Mutex(0)

    /// The prepared form of `weights`, made by `prepare` when there is none or the weights have changed since. Nil when
    /// the limit is reached.
    func tensor(of weights: Tensor, count: Int, _ prepare: (Tensor) -> Void) -> Tensor? {
        if let transformed, let source, source == (weights.pointer, weights.version) { return transformed }
        drop()
        let size = count * MemoryLayout<Float>.stride
        let fits = Self.bytes.withLock { bytes in
            guard bytes + size <= Self.limit else { return false }
            bytes += size
            return true
        }
        guard fits else { return nil }
        let tensor = Tensor(lasting: [count])
        prepare(tensor)
        transformed = tensor
        source = (weights.pointer, weights.version)
        return tensor
    }

    private func drop() {
        guard let old = transformed else { return }
        Self.bytes.withLock { $0 -= old.count * MemoryLayout<Float>.stride }
        transformed = nil
        source = nil
    }
}
