import NaiveOracle
import TensorCore

extension Tensor {
    /// The engine's copy of an oracle's tensor.
    init(_ naive: NaiveTensor) { self.init(naive.floats, shape: naive.shape) }
}

/// The bytes of a tensor: what "the same result" means where the promise is bit for bit.
func bits(_ tensor: Tensor) -> [UInt32] { tensor.values.map(\.bitPattern) }
