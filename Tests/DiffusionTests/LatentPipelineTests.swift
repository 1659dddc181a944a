import Autograd
import Diffusion
import Foundation
import Layers
import TensorCore
import Testing

/// See Tests/Peers/make_latent_fixture.py.
@Suite("LatentInpaintingPipeline against diffusers")
struct LatentPipelineTests {
    private func fixture() throws -> Fixture {
        try Fixture("latent", weights: "vae/diffusion_pytorch_model.safetensors")
    }

    @Test("the autoencoder's latents and pictures agree")
    func autoencoder() throws {
        let fixture = try fixture()
        let configuration = try JSONDecoder().decode(
            AutoencoderConfiguration.self,
            from: Data(contentsOf: URL(fileURLWithPath: "\(fixture.path)/vae/config.json")))
        let autoencoder = try AutoencoderKL(
            configuration,
            parameters: ParameterSet(
                loaded: AutoencoderKL.canonical(fixture.weights), origin: "vae", requiresGradient: false))
        let image = try fixture.tensor("image")
        let pixels = image * 2 - Tensor(repeating: 1, shape: image.shape)
        #expect(largestDifference(autoencoder.encode(pixels), try fixture.tensor("latents")) < 1e-4)
        let picture = autoencoder.decode(try fixture.tensor("latents"))
        #expect(largestDifference(picture, try fixture.tensor("decoded")) < 1e-4)
    }

    @Test("weights under the names of old versions of diffusers are the same weights")
    func oldNames() throws {
        let weights = try fixture().weights
        let old = ["to_q": "query", "to_k": "key", "to_v": "value"]
        var renamed: [String: Tensor] = [:]
        for (name, tensor) in weights {
            var parts = name.split(separator: ".").map(String.init)
            if parts.contains("attentions"), parts.contains("to_out") {
                parts = parts.dropLast(3) + ["proj_attn", parts[parts.count - 1]]
            } else if parts.contains("attentions"), let name = old[parts[parts.count - 2]] {
                parts[parts.count - 2] = name
            }
            let asConvolution = parts.contains("attentions") && tensor.shape.count == 2
            renamed[parts.joined(separator: ".")] = asConvolution ? tensor.reshaped(tensor.shape + [1, 1]) : tensor
        }
        #expect(Set(renamed.keys) != Set(weights.keys))
        let canonical = AutoencoderKL.canonical(renamed)
        #expect(canonical.mapValues(\.shape) == weights.mapValues(\.shape))
    }

    static let runs: [(prompt: String, guidance: Float, name: String)] = [
        ("", 1, "output..1"), ("a red brick wall", 1, "output.a red brick wall.1"),
        ("a red brick wall", 7.5, "output.a red brick wall.7.5"),
    ]

    @Test("pictures after three steps agree", arguments: runs.indices)
    func pictures(_ i: Int) throws {
        let (prompt, guidance, name) = Self.runs[i], fixture = try fixture()
        let pipeline = try LatentInpaintingPipeline(directory: fixture.path), image = try fixture.tensor("image")
        let run = pipeline.start(
            prefill: image.values, mask: try fixture.tensor("mask").values.map { $0 > 0 ? 255 : 0 },
            width: image.shape[3], height: image.shape[2], steps: 3, noise: try fixture.tensor("noise"),
            condition: pipeline.condition(prompt: prompt, guidance: guidance))
        #expect(run.totalSteps == 3)
        while run.completedSteps < run.totalSteps { run.step() }
        let expected = try fixture.tensor(name)
        #expect(expected.values.contains { $0 > 0.05 && $0 < 0.95 })
        #expect(largestDifference(Tensor(run.image(), shape: expected.shape), expected) < 1e-3)
    }

    @Test("a hole of one pixel reaches the network")
    func thinHole() throws {
        let pipeline = try LatentInpaintingPipeline(directory: fixture().path)
        let image = [Float](repeating: 0.5, count: 3 * 16 * 24)
        func fill(_ mask: [UInt8]) -> [Float] {
            let run = pipeline.start(prefill: image, mask: mask, width: 24, height: 16, steps: 1, seed: 1)
            run.step()
            return run.image()
        }
        var mask = [UInt8](repeating: 0, count: 16 * 24)
        let none = fill(mask)
        mask[5 * 24 + 7] = 255
        #expect(fill(mask) != none)
    }

    /// What a copy of the folder has changed: file, text, replacement (nil: the file goes), code.
    private static let damages: [(String, String, String?, ModelError.Code)] = [
        ("vae/config.json", "", nil, .missingFile), ("text_encoder/model.safetensors", "", nil, .missingFile),
        ("vae/config.json", "AutoencoderKL", "AutoencoderTiny", .badConfiguration),
        (
            "vae/config.json", #""mid_block_add_attention": true"#, #""mid_block_add_attention": false"#,
            .badConfiguration
        ),
        ("vae/config.json", #""shift_factor": null"#, #""shift_factor": 0.1"#, .badConfiguration),
        ("vae/config.json", #""scaling_factor": 0.4"#, #""scaling_factor": 0"#, .badConfiguration),
        ("unet/config.json", #""in_channels": 9"#, #""in_channels": 4"#, .unsupportedModel),
        ("unet/config.json", #""cross_attention_dim": 8"#, #""cross_attention_dim": 16"#, .badConfiguration),
        ("unet/config.json", #""class_embed_type": null"#, #""class_embed_type": "projection""#, .unsupportedModel),
        ("scheduler/scheduler_config.json", "PNDMScheduler", "EulerDiscreteScheduler", .unsupportedModel),
        ("scheduler/scheduler_config.json", #""trained_betas": null"#, #""trained_betas": [0.1]"#, .badConfiguration),
        ("scheduler/scheduler_config.json", #""skip_prk_steps": true"#, #""thresholding": true"#, .badConfiguration),
    ]

    @Test("folders that make no such model are refused", arguments: damages.indices)
    func damaged(_ i: Int) throws {
        let (file, old, new, code) = Self.damages[i], folder = try TemporaryFolder()
        let copy = "\(folder.path)/model"
        try FileManager.default.copyItem(atPath: fixture().path, toPath: copy)
        if let new {
            var text = try String(contentsOfFile: "\(copy)/\(file)", encoding: .utf8)
            let range = try #require(text.range(of: old), "\(old) is not in \(text)")
            text.replaceSubrange(range, with: new)
            try text.write(toFile: "\(copy)/\(file)", atomically: true, encoding: .utf8)
        } else {
            try FileManager.default.removeItem(atPath: "\(copy)/\(file)")
        }
        let error = #expect(throws: ModelError.self) { try LatentInpaintingPipeline(directory: copy) }
        #expect(error?.code == code, "\(error.debugDescription)")
    }
}
