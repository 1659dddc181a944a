import Autograd
import Diffusion
import Layers
import TensorCore
import Testing

@Suite("ControlNetModel against diffusers")
struct ControlNetParityTests {
    private func network(_ fixture: Fixture, requiresGradient: Bool = false) throws -> ControlNetModel {
        try ControlNetModel(
            fixture.decoded(ControlNetConfiguration.self),
            parameters: ParameterSet(
                loaded: fixture.weights, origin: fixture.path, requiresGradient: requiresGradient))
    }

    private func residuals(_ fixture: Fixture, scale: Float = 0.7) throws -> ControlNetModel.Residuals {
        try network(fixture)(
            Variable(try fixture.tensor("sample")), timesteps: try fixture.tensor("timesteps").values,
            encoderHiddenStates: fixture.text(), classLabels: fixture.labels(),
            control: Variable(try fixture.tensor("control")), scale: scale)
    }

    @Test("residuals agree", arguments: ["control", "spread", "control-labels"])
    func outputs(_ name: String) throws {
        let fixture = try Fixture(name), got = try residuals(fixture)
        #expect(fixture.expected["down.\(got.down.count)"] == nil)
        for (i, residual) in got.down.enumerated() {
            #expect(largestDifference(residual.value, try fixture.tensor("down.\(i)")) < 1e-4, "down.\(i)")
        }
        #expect(largestDifference(got.middle.value, try fixture.tensor("middle")) < 1e-4)
    }

    @Test("a U-Net with the residuals agrees", arguments: [("control", "text"), ("control-labels", "labels")])
    func unet(_ control: String, _ unet: String) throws {
        let fixture = try Fixture(control), (unet, _) = try Fixture(unet).network(requiresGradient: false)
        func output(_ residuals: ControlNetModel.Residuals?) throws -> Tensor {
            unet(
                Variable(try fixture.tensor("sample")), timesteps: try fixture.tensor("timesteps").values,
                encoderHiddenStates: fixture.text(), classLabels: fixture.labels(), additionalResiduals: residuals
            ).value
        }
        #expect(largestDifference(try output(residuals(fixture)), try fixture.tensor("output")) < 1e-4)
        #expect(largestDifference(try output(nil), try fixture.tensor("output")) > 0.1)
    }

    @Test("a new ControlNet changes nothing, and learns from the first step on")
    func new() throws {
        let fixture = try Fixture("control"), (unet, _) = try Fixture("text").network(requiresGradient: false)
        let control = try ControlNetModel(
            fixture.decoded(ControlNetConfiguration.self), parameters: ParameterSet(seed: 3))
        let sample = Variable(try fixture.tensor("sample")), text = fixture.text()
        let timesteps = try fixture.tensor("timesteps").values
        let residuals = control(
            sample, timesteps: timesteps, encoderHiddenStates: text, control: Variable(try fixture.tensor("control")))
        let output = unet(
            sample, timesteps: timesteps, encoderHiddenStates: text, additionalResiduals: residuals)
        let alone = unet(sample, timesteps: timesteps, encoderHiddenStates: text).value
        // Not to the bit: where gradients are recorded, the engine may convolve by another algorithm.
        #expect(largestDifference(output.value, alone) < 1e-5)
        output.backward()
        for name in ["controlnet_down_blocks.0.weight", "controlnet_mid_block.weight"] {
            let gradient = try #require(control.parameters.all.first { $0.name == name }?.variable.gradient)
            #expect(gradient.sumOfSquares > 0, "\(name)")
        }
    }

    @Test("the configuration for a U-Net is written and read as diffusers' keys")
    func configuration() throws {
        for (name, unet, channels) in [("control", "text", 5), ("control-labels", "labels", 3)] {
            let control = ControlNetConfiguration(
                for: try Fixture(unet).configuration, conditioningChannels: channels,
                conditioningEmbeddingOutChannels: [6])
            #expect(control == (try Fixture(name).decoded(ControlNetConfiguration.self)))
            #expect(control == (try reencoded(control)))
            #expect(control.conditioningFactor == 1)
        }
    }
}
