import Autograd
import Layers
import TensorCore

/// The `config.json` of a text prior.
public struct TextPriorConfiguration: Codable, Sendable, Equatable {
    public var className = "TextPriorModel"
    /// Width of a text's pooled state.
    public var textDim: Int
    /// Channels between the convolutions.
    public var hiddenChannels: Int

    public init(textDim: Int, hiddenChannels: Int = 48) {
        self.textDim = textDim
        self.hiddenChannels = hiddenChannels
    }

    enum CodingKeys: String, CodingKey {
        case className = "_class_name"
        case textDim = "text_dim"
        case hiddenChannels = "hidden_channels"
    }

    /// - Throws: `ModelError` naming what is out of range.
    func validate(origin: String) throws {
        guard className == "TextPriorModel" else {
            throw ModelError(.unsupportedModel, at: origin, "class \"\(className)\" is not TextPriorModel")
        }
        guard (1...4096).contains(textDim), (1...1024).contains(hiddenChannels) else {
            throw ModelError(.badConfiguration, at: origin, "text_dim or hidden_channels is out of range")
        }
    }
}

/// What a text alone says about the colours in a hole: a shift of the pre-fill, which the U-Net's residual is added to.
///
/// The U-Net works in units of the contrast around a hole, and with norms. What "red" is there, (red - what is there) /
/// contrast, is a quotient that it hardly learns. This network sees the tones themselves and answers in them, and only
/// its answer is divided: three convolutions over the folded pixels, to which the text adds a bias for each channel. It
/// starts by adding nothing. It is ours; diffusers has none.
public final class TextPriorModel {
    public let configuration: TextPriorConfiguration
    public let parameters: ParameterSet
    private let convolutions: [Convolution2D]
    private let texts: [Linear]

    /// - Parameters:
    ///   - c: its shape.
    ///   - codec: of the pixels that it sees.
    ///   - parameters: makes or loads each weight.
    ///   - origin: what errors call it.
    /// - Throws: `ModelError` when the configuration is wrong or a loaded weight is missing or misshapen.
    public init(
        _ c: TextPriorConfiguration, codec: CodecConfiguration, parameters: ParameterSet, origin: String = "text prior"
    ) throws {
        try c.validate(origin: origin)
        configuration = c
        self.parameters = parameters
        let root = parameters.root, hidden = c.hiddenChannels
        convolutions = [
            try Convolution2D(root.scope("conv_in"), codec.conditionChannels, hidden, kernel: 3, padding: 1),
            try Convolution2D(root.scope("conv_mid"), hidden, hidden, kernel: 3, padding: 1),
            try Convolution2D(
                root.scope("conv_out"), hidden, codec.residualChannels, kernel: 3, padding: 1, zero: true),
        ]
        texts = try (0..<2).map { try Linear(root.scope("text_proj", $0), c.textDim, hidden) }
        try parameters.requireAllUsed()
    }

    /// The shift in units of the residual, [N, 3 p², H/p, W/p].
    /// - Parameters:
    ///   - text: [N, ...].
    ///   - condition: of the codec.
    public func callAsFunction(_ text: TextEmbedding, _ condition: SpaceToDepthCodec.Condition) -> Variable {
        var x = Variable(condition.tones)
        for (convolution, projection) in zip(convolutions, texts) {
            x = convolution(x, channels: projection(text.pooled)).activated(.silu)
        }
        return convolutions[2](x) * Variable(condition.unitsOfPixel)
    }
}
