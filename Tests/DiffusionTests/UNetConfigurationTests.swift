import Diffusion
import Foundation
import Layers
import TensorCore
import Testing

/// What comes back when a configuration is written and read again.
func reencoded<Configuration: Codable>(_ configuration: Configuration) throws -> Configuration {
    try JSONDecoder().decode(Configuration.self, from: JSONEncoder().encode(configuration))
}

@Suite("UNetConfiguration")
struct UNetConfigurationTests {
    /// A configuration of Stable Diffusion 1's kind, as old versions of diffusers wrote it.
    private static let old = """
        {"_class_name": "UNet2DConditionModel", "_diffusers_version": "0.6.0", "act_fn": "silu",
         "attention_head_dim": 8, "block_out_channels": [320, 640, 1280, 1280], "center_input_sample": false,
         "cross_attention_dim": 768, "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
         "CrossAttnDownBlock2D", "DownBlock2D"], "downsample_padding": 1, "flip_sin_to_cos": true, "freq_shift": 0,
         "in_channels": 9, "layers_per_block": 2, "mid_block_scale_factor": 1, "norm_eps": 1e-05,
         "norm_num_groups": 32, "out_channels": 4, "sample_size": 64, "up_block_types": ["UpBlock2D",
         "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]}
        """

    private func decoded(_ change: (String, String)? = nil) throws -> UNetConfiguration {
        let text = change.map { Self.old.replacingOccurrences(of: $0.0, with: $0.1) } ?? Self.old
        return try JSONDecoder().decode(UNetConfiguration.self, from: Data(text.utf8))
    }

    @Test("keys that old versions of diffusers left out have diffusers' defaults, and survive writing")
    func defaults() throws {
        let configuration = try decoded()
        #expect(configuration.midBlockType == .crossAttention && configuration.transformerLayersPerBlock == 1)
        #expect(!configuration.useLinearProjection && configuration.attendsToText)
        try configuration.validate(origin: "test")
        #expect(try reencoded(configuration) == configuration)
    }

    @Test(
        "keys that change the function and are not built here are refused by name",
        arguments: [
            #""center_input_sample": true"#, #""class_embed_type": "timestep""#, #""only_cross_attention": true"#,
            #""only_cross_attention": [false, true, false, false]"#, #""resnet_time_scale_shift": "scale_shift""#,
            #""mid_block_scale_factor": 1.5"#, #""addition_embed_type": "text_time""#, #""num_class_embeds": 10"#,
            #""time_embedding_type": "fourier""#, #""conv_in_kernel": 1"#, #""dual_cross_attention": true"#,
            #""encoder_hid_dim": 4096"#, #""num_attention_heads": 8"#, #""attention_type": "gated""#,
            #""something_new": {"a": 1}"#, #""layers_per_block": [1, 2, 2, 2]"#,
        ])
    func refused(_ key: String) throws {
        let name = try #require(key.split(separator: "\"").first)
        let known = Self.old.range(of: "\"\(name)\": [^,]*", options: .regularExpression)
        let text = known.map { Self.old.replacingCharacters(in: $0, with: key) } ?? "{\(key), \(Self.old.dropFirst())"
        let error = #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(UNetConfiguration.self, from: Data(text.utf8))
        }
        switch error {
        case .dataCorrupted(let context), .typeMismatch(_, let context):
            #expect(context.codingPath.map(\.stringValue) == [String(name)])
        default: Issue.record("\(error.debugDescription)")
        }
    }

    @Test(
        "keys that ask for nothing are passed over",
        arguments: [
            #""only_cross_attention": [false, false, false, false]"#, #""class_embed_type": null"#,
            #""upcast_attention": true"#, #""resnet_out_scale_factor": 1.0"#, #""something_new": false"#,
            #""dropout": 0.1"#, #""sample_size": [64, 32]"#,
        ])
    func neutral(_ key: String) throws {
        let name = try #require(key.split(separator: "\"").first)
        let known = Self.old.range(of: "\"\(name)\": [^,]*", options: .regularExpression)
        let text = known.map { Self.old.replacingCharacters(in: $0, with: key) } ?? "{\(key), \(Self.old.dropFirst())"
        var expected = try decoded()
        if name == "sample_size" { expected.sampleSize = nil }
        #expect(try JSONDecoder().decode(UNetConfiguration.self, from: Data(text.utf8)) == expected)
    }

    @Test("numbers of heads and layers that fit no level are refused")
    func heads() throws {
        func refusal(_ change: (inout UNetConfiguration) -> Void) throws -> String? {
            var configuration = try decoded()
            change(&configuration)
            return #expect(throws: ModelError.self) { try configuration.validate(origin: "test") }?.problem
        }
        #expect(try refusal { $0.attentionHeadDim = [8, 8] }?.contains("attention_head_dim") == true)
        #expect(try refusal { $0.attentionHeadDim = [8, 8, 7, 8] }?.contains("7 does not divide 1280") == true)
        #expect(try refusal { $0.attentionHeadDim = 0 }?.contains("attention_head_dim") == true)
        #expect(try refusal { $0.transformerLayersPerBlock = 0 }?.contains("transformer_layers") == true)
        #expect(try refusal { $0.transformerLayersPerBlock = [1, 1, 1] }?.contains("transformer_layers") == true)
        #expect(try refusal { $0.crossAttentionDim = 0 }?.contains("cross_attention_dim") == true)
        // The second number belongs to a level without attention.
        var plain = UNetConfiguration.student(codec: CodecConfiguration())
        plain.attentionHeadDim = [1, 77, 1, 32]
        try plain.validate(origin: "test")
    }

    /// Counted for this model by PyTorch's `torch.utils.flop_counter.FlopCounterMode`, halved; see
    /// Tests/Peers/count_operations.py.
    @Test("multiply-accumulates agree with PyTorch's count")
    func cost() throws {
        #expect(try decoded().multiplyAccumulates(height: 64, width: 64) == 401_695_703_040)
    }
}
