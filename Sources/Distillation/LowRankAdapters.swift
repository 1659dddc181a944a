import Autograd
import Diffusion
import Layers
import TensorCore

/// Low-rank adaptation (Hu et al. 2021): each weight matrix is its frozen start plus a product of two thin ones,
/// `W = W₀ + B A`, and only A [r, K] and B [O, r] learn. Convolutions count as matrices [O, I k k].
///
/// The network computes with W. Its gradient G [O, K] gives `dA = Bᵀ G` and `dB = G Aᵀ`, so that no layer needs to know
/// of adapters. A starts random and B at zero: at first nothing changes. Biases and norms stay as they are.
final class LowRankAdapters {
    private struct Adapter {
        let name: String
        let weight: Variable
        let start: Tensor
        let a: Variable, b: Variable

        /// W₀ + B A for the given factors.
        func merged(_ a: Tensor, _ b: Tensor) -> Tensor {
            let product = MatrixProduct.batched(b.reshaped([1] + b.shape), a.reshaped([1] + a.shape))
            return start + product.reshaped(start.shape)
        }
    }

    private let adapters: [Adapter]
    private let frozen: [(name: String, variable: Variable)]
    private let all: [(name: String, variable: Variable)]

    init(_ network: InpaintingNetwork, rank: Int, seed: UInt64) {
        var random = SeededRandom(seed: seed, stream: 3)
        var adapters: [Adapter] = [], frozen: [(name: String, variable: Variable)] = []
        all = network.parameters
        for (name, variable) in network.parameters {
            let rows = variable.shape.first ?? 1, columns = variable.value.count / max(rows, 1)
            guard variable.shape.count > 1, min(rows, columns) > rank else {
                frozen.append((name: name, variable: variable))
                continue
            }
            let deviation = (1 / Float(columns)).squareRoot()
            adapters.append(
                Adapter(
                    name: name, weight: variable, start: variable.value.copy(),
                    a: Variable(random.normalTensor([rank, columns]) * deviation, requiresGradient: true),
                    b: Variable(Tensor(repeating: 0, shape: [rows, rank]), requiresGradient: true)))
        }
        self.adapters = adapters
        self.frozen = frozen
    }

    /// What learns.
    var parameters: [(name: String, variable: Variable)] {
        adapters.flatMap { [(name: "\($0.name).lora_A", variable: $0.a), (name: "\($0.name).lora_B", variable: $0.b)] }
    }

    /// Turns the gradients of the network's weights into those of the adapters.
    func collectGradients() {
        for adapter in adapters {
            guard let gradient = adapter.weight.gradient else { continue }
            let rows = adapter.b.shape[0], columns = adapter.a.shape[1]
            let g = gradient.reshaped([1, rows, columns])
            let (a, b) = (adapter.a.value, adapter.b.value)
            let da = MatrixProduct.batched(b.reshaped([1] + b.shape), g, transposeA: true)
            let db = MatrixProduct.batched(g, a.reshaped([1] + a.shape), transposeB: true)
            adapter.a.backward(seed: da.reshaped(a.shape))
            adapter.b.backward(seed: db.reshaped(b.shape))
        }
        for (_, variable) in all { variable.clearGradient() }
    }

    /// Puts W₀ + B A into the network.
    func apply() {
        for adapter in adapters {
            adapter.weight.value.copyInPlace(from: adapter.merged(adapter.a.value, adapter.b.value))
        }
    }

    /// The network's weights for other values of the adapters, by their names.
    func weights(of values: [String: Tensor]) -> [String: Tensor] {
        var result = Dictionary(uniqueKeysWithValues: frozen.map { ($0.name, $0.variable.value) })
        for adapter in adapters {
            guard let a = values["\(adapter.name).lora_A"], let b = values["\(adapter.name).lora_B"] else {
                preconditionFailure("Distillation: no values for the adapter of \(adapter.name)")
            }
            result[adapter.name] = adapter.merged(a, b)
        }
        return result
    }
}
