import Autograd
import Layers
import TensorCore

/// A resolution level: residual blocks, each followed by attention where the level has it.
struct Level {
    let residuals: [ResidualBlock]
    private let attentions: Attentions

    enum Kind {
        case plain, attention, crossAttention
    }

    private enum Attentions {
        case none
        case spatial([SpatialAttention])
        case text([Transformer2DModel])
    }

    /// - Parameter level: counted from the finest.
    init(
        _ scope: ParameterScope, inputs: [Int], level: Int, time: Int, kind: Kind, _ c: UNetConfiguration
    ) throws {
        let output = c.blockOutChannels[level]
        residuals = try inputs.enumerated().map { i, input in
            try ResidualBlock(
                scope.scope("resnets", i), input, output, time: time, groups: c.normNumGroups, epsilon: c.normEps)
        }
        switch kind {
        case .plain: attentions = .none
        case .attention:
            attentions = .spatial(
                try inputs.indices.map { i in
                    try SpatialAttention(
                        scope.scope("attentions", i), output, headDim: c.attentionHeadDim[level],
                        groups: c.normNumGroups, epsilon: c.normEps)
                })
        case .crossAttention:
            attentions = .text(
                try inputs.indices.map { i in
                    try Transformer2DModel(scope.scope("attentions", i), level: level, c)
                })
        }
    }

    /// Runs block `i` of the level.
    /// - Parameters:
    ///   - parts: what to join along the channels and to begin from.
    ///   - checkpoint: keeps no activations for the backward pass.
    func callAsFunction(
        _ i: Int, _ parts: consuming [Variable], time: Variable, text: Variable?, checkpoint: Bool
    ) -> Variable {
        guard checkpoint, time.requiresGradient else { return run(i, consume parts, time: time, text: text) }
        let count = parts.count, hasText = text != nil
        var inputs: [Variable] = consume parts
        inputs.append(time)
        if let text { inputs.append(text) }
        return Variable.checkpointed(inputs) { (inputs: [Variable]) -> Variable in
            let text: Variable? = hasText ? inputs[count + 1] : nil
            return run(i, Array(inputs[..<count]), time: inputs[count], text: text)
        }
    }

    private func run(_ i: Int, _ parts: consuming [Variable], time: Variable, text: Variable?) -> Variable {
        let joined = parts.count == 1 ? parts[0] : Variable.concatenated(parts)
        _ = consume parts
        let hidden = residuals[i](joined, time: time)
        switch attentions {
        case .none: return hidden
        case .spatial(let attentions): return attentions[i](hidden)
        case .text(let transformers): return text.map { transformers[i](hidden, text: $0) } ?? hidden
        }
    }
}

/// The block at the coarsest resolution (diffusers' `UNetMidBlock2D` without attention, `UNetMidBlock2DCrossAttn`).
struct MiddleBlock {
    private let first: ResidualBlock
    private let attended: (Transformer2DModel, ResidualBlock)?

    init(_ scope: ParameterScope, time: Int, _ c: UNetConfiguration) throws {
        let level = c.blockOutChannels.count - 1, channels = c.blockOutChannels[level]
        func residual(_ i: Int, zero: Bool) throws -> ResidualBlock {
            try ResidualBlock(
                scope.scope("resnets", i), channels, channels, time: time, groups: c.normNumGroups,
                epsilon: c.normEps, zero: zero)
        }
        first = try residual(0, zero: false)
        // Like the transformer before it, the second residual starts by adding nothing.
        attended =
            c.midBlockType == .crossAttention
            ? (try Transformer2DModel(scope.scope("attentions", 0), level: level, c), try residual(1, zero: true))
            : nil
    }

    func callAsFunction(_ x: Variable, time: Variable, text: Variable?) -> Variable {
        let hidden = first(x, time: time)
        guard let (transformer, residual) = attended else { return hidden }
        return residual(text.map { transformer(hidden, text: $0) } ?? hidden, time: time)
    }
}

extension Transformer2DModel {
    init(_ scope: ParameterScope, level: Int, _ c: UNetConfiguration) throws {
        // diffusers takes `attention_head_dim` for the number of heads here, and published models rely on it.
        try self.init(
            scope, c.blockOutChannels[level], heads: c.attentionHeadDim[level],
            layers: c.transformerLayersPerBlock[level], text: c.crossAttentionDim, groups: c.normNumGroups,
            linear: c.useLinearProjection)
    }
}
