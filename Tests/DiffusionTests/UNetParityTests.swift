import Autograd
import Diffusion
import Layers
import TensorCore
import Testing

@Suite("UNet2DConditionModel against diffusers")
struct UNetParityTests {
    @Test("outputs agree", arguments: Fixture.names)
    func outputs(_ name: String) throws {
        let fixture = try Fixture(name), (unet, _) = try fixture.network(requiresGradient: false)
        let output = unet(
            Variable(try fixture.tensor("sample")), timesteps: try fixture.tensor("timesteps").values,
            encoderHiddenStates: fixture.text(), classLabels: fixture.labels())
        let expected = try fixture.tensor("output")
        #expect((expected.values.map(abs).max() ?? 0) > 1, "the fixture's numbers must be worth comparing")
        #expect(largestDifference(output.value, expected) < 1e-4)
    }

    @Test("gradients at every parameter and at the sample agree", arguments: Fixture.names)
    func gradients(_ name: String) throws {
        let fixture = try Fixture(name), (unet, set) = try fixture.network(requiresGradient: true)
        let sample = Variable(try fixture.tensor("sample"), requiresGradient: true)
        let text = fixture.text(requiresGradient: true), labels = fixture.labels(requiresGradient: true)
        unet(
            sample, timesteps: try fixture.tensor("timesteps").values, encoderHiddenStates: text, classLabels: labels
        ).backward(seed: try fixture.tensor("weight"))
        #expect(set.all.count == fixture.weights.count)
        let inputs = [("sample", sample), ("encoder_hidden_states", text), ("class_labels", labels)]
        let all = set.all + inputs.compactMap { name, variable in variable.map { (name, $0) } }
        for (name, variable) in all {
            let expected = try fixture.tensor("d.\(name)"), gradient = try #require(variable.gradient, "\(name)")
            // The bias of the keys has no influence, so its gradient is rounding on both sides.
            let scale = max(expected.values.map(abs).max() ?? 0, 0.1)
            #expect(largestDifference(gradient, expected) / scale < 1e-4, "\(name)")
        }
    }

    @Test("the features of every stage agree", arguments: ["text", "linear"])
    func features(_ name: String) throws {
        let fixture = try Fixture(name), (unet, _) = try fixture.network(requiresGradient: false)
        let (output, features) = unet.withFeatures(
            Variable(try fixture.tensor("sample")), timesteps: try fixture.tensor("timesteps").values,
            encoderHiddenStates: fixture.text())
        #expect(largestDifference(output.value, try fixture.tensor("output")) < 1e-4)
        let levels = try fixture.configuration.blockOutChannels.count
        #expect(
            features.map(\.stage)
                == (0..<levels).map { .down($0) } + [.middle] + (0..<levels).map { .up($0) })
        for feature in features {
            let name =
                switch feature.stage {
                case .down(let i): "feature.down.\(i)"
                case .middle: "feature.middle"
                case .up(let i): "feature.up.\(i)"
                }
            #expect(largestDifference(feature.value.value, try fixture.tensor(name)) < 1e-4, "\(name)")
        }
    }

    @Test("each image of a batch is computed by itself")
    func batch() throws {
        let fixture = try Fixture("student"), (unet, _) = try fixture.network(requiresGradient: false)
        let sample = try fixture.tensor("sample"), timesteps = try fixture.tensor("timesteps").values
        let half = sample.count / 2, shape = [1] + sample.shape.dropFirst()
        let together = unet(Variable(sample), timesteps: timesteps).value
        for i in 0..<2 {
            let one = Tensor(Array(sample.values[i * half..<(i + 1) * half]), shape: shape)
            let alone = unet(Variable(one), timesteps: [timesteps[i]]).value
            let part = Tensor(
                Array(together.values[i * alone.count..<(i + 1) * alone.count]), shape: alone.shape)
            #expect(largestDifference(alone, part) < 1e-5)
        }
    }

    @Test("a new student has the size of the design and answers with zeros")
    func student() throws {
        let set = ParameterSet(seed: 1)
        let configuration = UNetConfiguration.student(codec: CodecConfiguration())
        let unet = try UNet2DConditionModel(configuration, parameters: set)
        #expect((1_000_000...10_000_000).contains(set.count), "\(set.count) parameters")
        var random = SeededRandom(seed: 2)
        let input = random.normalTensor([1, configuration.inChannels, 8, 16])
        let output = unet(Variable(input), timesteps: [999]).value
        #expect(output.shape == [1, configuration.outChannels, 8, 16])
        #expect(output.values.allSatisfy { $0 == 0 })
    }

    @Test("weights that are missing, left over or misshapen are named")
    func weights() throws {
        let fixture = try Fixture("student")
        func refusal(_ change: (inout [String: Tensor]) -> Void) throws -> ModelError {
            var tensors = fixture.weights
            change(&tensors)
            return try #require(
                #expect(throws: ModelError.self) {
                    let set = ParameterSet(loaded: tensors, origin: "weights", requiresGradient: false)
                    _ = try UNet2DConditionModel(fixture.configuration, parameters: set)
                })
        }
        let name = "up_blocks.0.attentions.1.to_out.0.bias"
        let missing = try refusal { $0[name] = nil }
        #expect(missing.code == .missingWeight && missing.problem.contains(name))
        let unknown = try refusal { $0["mid_block.attentions.0.to_q.weight"] = Tensor([1], shape: [1]) }
        #expect(unknown.code == .unknownWeight && unknown.problem.contains("mid_block.attentions.0.to_q.weight"))
        let misshapen = try refusal { $0["conv_in.weight"] = $0["conv_in.weight"]?.reshaped([4, 63]) }
        #expect(misshapen.code == .wrongShape && misshapen.problem.contains("conv_in.weight"))
    }
}
