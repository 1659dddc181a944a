import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

/// `refine-bench forward` against what diffusers and transformers said of the same folders (Tests/Peers/make_*_fixture.py).
@Suite struct ForwardTests {
    private let bench = Program.product("refine-bench", bus: nil)
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("DiffusionTests/Fixtures").path

    private func expected(_ fixture: String) throws -> [String: Tensor] {
        try Safetensors.read("\(Self.fixtures)/\(fixture)/expected.safetensors").tensors
    }

    private func run(
        _ component: String, _ inputs: [String: Tensor]
    ) async throws -> (outputs: [String: Tensor], outcome: Program.Outcome) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "refine-forward-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Safetensors.write(inputs, to: "\(folder.path)/in.safetensors")
        let outcome = try await bench.run([
            "forward", "\(Self.fixtures)/\(component)", "--inputs", "\(folder.path)/in.safetensors", "--output",
            "\(folder.path)/out.safetensors",
        ])
        guard outcome.code == 0 else { return ([:], outcome) }
        return (try Safetensors.read("\(folder.path)/out.safetensors").tensors, outcome)
    }

    private func difference(_ a: Tensor?, _ b: Tensor?) throws -> Float {
        let a = try #require(a), b = try #require(b)
        try #require(a.shape == b.shape)
        return zip(a.values, b.values).map { abs($0 - $1) }.max() ?? 0
    }

    @Test func aControlNetGivesItsResidualsAndTheUNetTakesThem() async throws {
        let told = try expected("control")
        let control = try await run(
            "control",
            [
                "sample": try #require(told["sample"]), "timestep": try #require(told["timesteps"]),
                "encoder_hidden_states": try #require(told["encoder_hidden_states"]),
                "controlnet_cond": try #require(told["control"]), "conditioning_scale": Tensor([0.7], shape: []),
            ])
        #expect(control.outcome.code == 0, "\(control.outcome.errors)")
        var inputs = [
            "sample": try #require(told["sample"]), "timestep": try #require(told["timesteps"]),
            "encoder_hidden_states": try #require(told["encoder_hidden_states"]),
        ]
        for i in 0..<6 {
            let residual = control.outputs["down_block_res_samples.\(i)"]
            #expect(try difference(residual, told["down.\(i)"]) < 1e-4)
            inputs["down_block_additional_residuals.\(i)"] = residual
        }
        inputs["mid_block_additional_residual"] = control.outputs["mid_block_res_sample"]
        #expect(try difference(inputs["mid_block_additional_residual"], told["middle"]) < 1e-4)
        let unet = try await run("text", inputs)
        #expect(try difference(unet.outputs["sample"], told["output"]) < 1e-4, "\(unet.outcome.errors)")

        inputs["down_block_additional_residuals.5"] = nil
        let lacking = try await run("text", inputs)
        #expect(lacking.outcome.code != 0 && lacking.outcome.errors.contains("down_block_additional_residuals.5"))
    }

    @Test func anAutoencoderDecodesAndATextEncoderReads() async throws {
        let latent = try expected("latent"), latents = try #require(latent["latents"])
        // The fixture's latents are scaled by its scaling_factor of 0.4.
        let decoded = try await run("latent/vae", ["z": latents * 2.5])
        #expect(try difference(decoded.outputs["sample"], latent["decoded"]) < 1e-3, "\(decoded.outcome.errors)")
        let image = try #require(latent["image"])
        let encoded = try await run("latent/vae", ["sample": image * 2 - Tensor(repeating: 1, shape: image.shape)])
        #expect(try difference(encoded.outputs["latent_dist.mean"], latents * 2.5) < 1e-3, "\(encoded.outcome.errors)")
        #expect(try difference(encoded.outputs["sample"], latent["decoded"]) < 1e-3)
        let odd = try await run("latent/vae", ["sample": Tensor(repeating: 0, shape: [1, 3, 15, 24])])
        #expect(odd.outcome.code != 0 && odd.outcome.errors.contains("sample"))

        let clip = try expected("clip-exact"), tokens = try #require(clip["tokens"])
        let states = try await run("clip-exact", ["input_ids": tokens])
        #expect(try difference(states.outputs["last_hidden_state"], clip["output"]) < 1e-4, "\(states.outcome.errors)")
        let unknown = try await run("clip-exact", ["input_ids": tokens + Tensor(repeating: 1000, shape: tokens.shape)])
        #expect(unknown.outcome.code != 0 && unknown.outcome.errors.contains("input_ids"))
    }
}
