import Layers
import TensorCore

/// CLIP's image tower (Radford et al. 2021, a vision transformer) with its projection, in the layout of transformers'
/// `CLIPVisionModelWithProjection`.
public struct CLIPVisionTower {
    public let configuration: CLIPVisionConfiguration
    private let classToken: Tensor, patchFilters: Tensor, positions: Tensor
    private let firstNorm: TowerNorm, lastNorm: TowerNorm
    private let layers: [CLIPVisionLayer]
    private let projection: Tensor

    /// Mean and deviation of CLIP's training pictures, for values of 0...1.
    private static let mean: [Float] = [0.48145466, 0.4578275, 0.40821073]
    private static let deviation: [Float] = [0.26862954, 0.26130258, 0.27577711]

    /// - Throws: `ModelError` unless the weights fit exactly.
    public init(_ parameters: ParameterSet, configuration c: CLIPVisionConfiguration = .vitLarge336) throws {
        let root = parameters.root, model = root.scope("vision_model"), embeddings = model.scope("embeddings")
        configuration = c
        classToken = try embeddings.parameter("class_embedding", [c.hiddenSize], .zeros).value
        patchFilters = try embeddings.scope("patch_embedding")
            .parameter("weight", [c.hiddenSize, 3, c.patchSize, c.patchSize], .zeros).value
        positions = try embeddings.scope("position_embedding").parameter("weight", [c.tokens, c.hiddenSize], .zeros)
            .value
        // The misspelt name is the published one.
        firstNorm = try TowerNorm(model.scope("pre_layrnorm"), c.hiddenSize)
        layers = try (0..<c.hiddenLayers).map { try CLIPVisionLayer(model.scope("encoder").scope("layers", $0), c) }
        lastNorm = try TowerNorm(model.scope("post_layernorm"), c.hiddenSize)
        projection = try root.scope("visual_projection")
            .parameter("weight", [c.projectionSize, c.hiddenSize], .zeros).value
        try parameters.requireAllUsed()
    }

    /// The embedding of a picture, not normalised: [projectionSize].
    ///
    /// The picture's middle square is resized as Pillow does it (bicubic, 8 bits), then normalised.
    public func embedding(of image: MetricImage) -> [Float] {
        let side = configuration.imageSize, width = configuration.hiddenSize
        let square = image.centreSquare.resizedBicubically(width: side, height: side)
        let plane = side * side
        let pixels = square.values.indices.map { i in
            (square.values[i] - Self.mean[i / plane]) / Self.deviation[i / plane]
        }
        let patches = Convolution.forward(
            Tensor(pixels, shape: [1, 3, side, side]), weights: patchFilters, bias: nil,
            options: .init(stride: configuration.patchSize))
        let count = configuration.tokens - 1
        let x = positions.copy()
        for i in 0..<width { x.pointer[i] += classToken.pointer[i] }
        let rows = patches.reshaped([1, width, count]).transposed()
        for i in 0..<rows.count { x.pointer[width + i] += rows.pointer[i] }
        var hidden = firstNorm(x)
        for layer in layers { hidden = layer(hidden) }
        let pooled = Tensor(uninitialized: [1, width])
        pooled.pointer.update(from: hidden.pointer, count: width)
        return MatrixProduct.of(lastNorm(pooled), projection, transposeB: true).values
    }
}

/// LayerNorm over the last axis.
struct TowerNorm {
    private let gamma: Tensor, beta: Tensor

    init(_ scope: ParameterScope, _ width: Int) throws {
        gamma = try scope.parameter("weight", [width], .ones).value
        beta = try scope.parameter("bias", [width], .zeros).value
    }

    func callAsFunction(_ x: Tensor) -> Tensor { LayerNorm.forward(x, gamma: gamma, beta: beta, epsilon: 1e-5).0 }
}

/// y = x Wᵀ + b for x [rows, in].
struct TowerLinear {
    private let weights: Tensor, bias: Tensor

    init(_ scope: ParameterScope, _ input: Int, _ output: Int) throws {
        weights = try scope.parameter("weight", [output, input], .zeros).value
        bias = try scope.parameter("bias", [output], .zeros).value
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        MatrixProduct.of(x, weights, transposeB: true).addingAlongChannels(bias)
    }
}

/// A layer of the tower: self-attention and a two-layer network, each after a norm and beside a shortcut.
struct CLIPVisionLayer {
    private let norm1: TowerNorm, norm2: TowerNorm
    private let query: TowerLinear, key: TowerLinear, value: TowerLinear, output: TowerLinear
    private let inner: TowerLinear, outer: TowerLinear
    private let heads: Int

    init(_ scope: ParameterScope, _ c: CLIPVisionConfiguration) throws {
        let attention = scope.scope("self_attn"), mlp = scope.scope("mlp")
        norm1 = try TowerNorm(scope.scope("layer_norm1"), c.hiddenSize)
        query = try TowerLinear(attention.scope("q_proj"), c.hiddenSize, c.hiddenSize)
        key = try TowerLinear(attention.scope("k_proj"), c.hiddenSize, c.hiddenSize)
        value = try TowerLinear(attention.scope("v_proj"), c.hiddenSize, c.hiddenSize)
        output = try TowerLinear(attention.scope("out_proj"), c.hiddenSize, c.hiddenSize)
        norm2 = try TowerNorm(scope.scope("layer_norm2"), c.hiddenSize)
        inner = try TowerLinear(mlp.scope("fc1"), c.hiddenSize, c.intermediateSize)
        outer = try TowerLinear(mlp.scope("fc2"), c.intermediateSize, c.hiddenSize)
        heads = c.attentionHeads
    }

    /// [tokens, width] to the same.
    func callAsFunction(_ x: Tensor) -> Tensor {
        let hidden = x + attended(norm1(x))
        // CLIP's quick GELU: x σ(1.702 x).
        let activated = (inner(norm2(hidden)) * 1.702).activated(.silu) * (1 / 1.702)
        return hidden + outer(activated)
    }

    private func attended(_ x: Tensor) -> Tensor {
        let (tokens, width) = (x.shape[0], x.shape[1]), depth = width / heads
        /// [tokens, width] to [heads, tokens, depth].
        func split(_ x: Tensor) -> Tensor {
            x.reshaped([1, tokens, width]).transposed().reshaped([heads, depth, tokens]).transposed()
        }
        let scale = 1 / Float(depth).squareRoot()
        let scores = MatrixProduct.batched(split(query(x)), split(key(x)), transposeB: true, scale: scale)
        let mixed = MatrixProduct.batched(Softmax.forward(scores), split(value(x)))
        return output(mixed.transposed().reshaped([1, width, tokens]).transposed().reshaped([tokens, width]))
    }
}
