import Autograd
import Foundation
import Layers
import TensorCore

/// Two linear layers with a SiLU between them (diffusers' `TimestepEmbedding`, which it also has for class labels).
struct EmbeddingProjection {
    private let first: Linear, second: Linear

    /// - Parameter zero: starts with zeros for any input.
    init(_ scope: ParameterScope, _ input: Int, _ width: Int, zero: Bool = false) throws {
        first = try Linear(scope.scope("linear_1"), input, width)
        second = try Linear(scope.scope("linear_2"), width, width, zero: zero)
    }

    /// [N, input] to [N, width].
    func callAsFunction(_ x: Variable) -> Variable { second(first(x).activated(.silu)) }
}

/// Sinusoids of the timestep (Vaswani et al. 2017; diffusers' `get_timestep_embedding`), then two linear layers.
struct TimestepEmbedding {
    private let projection: EmbeddingProjection
    private let channels: Int, flipSinToCos: Bool, freqShift: Int

    init(_ scope: ParameterScope, channels: Int, width: Int, flipSinToCos: Bool, freqShift: Int) throws {
        projection = try EmbeddingProjection(scope, channels, width)
        self.channels = channels
        self.flipSinToCos = flipSinToCos
        self.freqShift = freqShift
    }

    /// Timesteps [N] to [N, width].
    func callAsFunction(_ timesteps: [Float]) -> Variable {
        let sinusoids = Tensor(
            timesteps.flatMap { Self.sinusoids($0, channels, flipSinToCos: flipSinToCos, freqShift: freqShift) },
            shape: [timesteps.count, channels])
        return projection(Variable(sinusoids))
    }

    /// [sin | cos] of t / 10000^(i / (half - shift)), halves swapped when `flipSinToCos`.
    static func sinusoids(_ timestep: Float, _ channels: Int, flipSinToCos: Bool, freqShift: Int) -> [Float] {
        let half = channels / 2
        let angles = (0..<half).map { i in
            timestep * expf(-logf(10_000) * Float(i) / Float(half - freqShift))
        }
        let sines = angles.map(sinf), cosines = angles.map(cosf)
        return flipSinToCos ? cosines + sines : sines + cosines
    }
}
