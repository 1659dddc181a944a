import Autograd
import Diffusion
import Distillation
import Foundation
import Layers
import TensorCore
import Testing

@Suite struct NetworkGrowthTests {
    /// Three levels: plain, with attention to text where asked for, and with attention to itself.
    private static func source(text: Bool = false) -> NetworkShape {
        var shape = NetworkShape.student(codec: CodecConfiguration(), channels: [16, 32, 64])
        guard text else { return shape }
        shape.unet.upBlockTypes[1] = .crossAttention
        shape.unet.downBlockTypes[1] = .crossAttention
        shape.unet.attentionHeadDim = [32, 2, 32]
        shape.unet.setTextWidth(24)
        return shape
    }

    /// Weights none of which is zero or one, so that each has its share in the output.
    private static func student(_ shape: NetworkShape) throws -> InpaintingNetwork {
        let network = try InpaintingNetwork(shape, seed: 1)
        var random = SeededRandom(seed: 2)
        for (_, variable) in network.parameters {
            variable.value.copyInPlace(from: variable.value + random.normalTensor(variable.shape) * 0.05)
        }
        return network
    }

    private struct Input {
        let sample: Variable, text: Variable, labels: Variable, control: Variable
        let timesteps: [Float] = [999, 350]

        init(_ shape: NetworkShape) {
            var random = SeededRandom(seed: 3)
            sample = Variable(random.normalTensor([2, shape.unet.inChannels, 8, 12]))
            let width = shape.unet.attendsToText ? shape.unet.crossAttentionDim : 128
            text = Variable(random.normalTensor([2, 5, width]))
            labels = Variable(random.normalTensor([2, width]))
            control = Variable(random.normalTensor([2, shape.codec.conditionChannels, 8, 12]))
        }

        func output(_ network: InpaintingNetwork) -> Tensor {
            let residuals = network.controlNet?(
                sample, timesteps: timesteps, encoderHiddenStates: text, classLabels: labels, control: control)
            return network.unet(
                sample, timesteps: timesteps, encoderHiddenStates: network.shape.unet.attendsToText ? text : nil,
                classLabels: labels, additionalResiduals: residuals
            ).value
        }
    }

    private static func error(_ channels: [Int], layers: Int, text: Bool) throws -> Float {
        let source = source(text: text), student = try student(source)
        let growth = try NetworkGrowth(of: source, channels: channels, layers: layers, origin: "student")
        let grown = try growth.network(from: student, seed: 4)
        let input = Input(source), expected = input.output(student), output = input.output(grown)
        let scale = Float((expected.sumOfSquares / Double(expected.count)).squareRoot())
        let difference = output - expected
        return (0..<difference.count).reduce(Float(0)) { max($0, abs(difference.pointer[$1])) } / scale
    }

    private static let sizes = [
        ([16, 32, 64], 1), ([32, 64, 128], 1), ([16, 32, 64], 3), ([32, 64, 128], 2), ([48, 96, 192], 2),
    ]

    /// Wider, deeper and both, with attention to itself and to text.
    @Test(arguments: sizes)
    func grownNetworkComputesWhatTheStudentDoes(_ channels: [Int], _ layers: Int) throws {
        for text in [false, true] {
            #expect(try Self.error(channels, layers: layers, text: text) < 1e-4)
        }
    }

    @Test func levelsThatGrowByDifferentFactorsAreNamedAndStayNear() throws {
        let source = Self.source()
        let growth = try NetworkGrowth(of: source, channels: [16, 64, 128], layers: 2, origin: "student")
        #expect(growth.blocksWithOtherGroups == ["up_blocks.1.resnets.2", "up_blocks.2.resnets.0"])
        let error = try Self.error([16, 64, 128], layers: 2, text: false)
        #expect(error > 1e-3 && error < 1)
        #expect(
            try NetworkGrowth(of: source, channels: [32, 64, 128], layers: 2, origin: "student")
                .blocksWithOtherGroups.isEmpty)
    }

    /// Copies with equal gradients would stay copies.
    @Test func copiesOfAChannelLearnDifferently() throws {
        let source = Self.source()
        let growth = try NetworkGrowth(of: source, channels: [32, 64, 128], layers: 1, origin: "student")
        let grown = try growth.network(from: try Self.student(source), seed: 4)
        let input = Input(source)
        let output = grown.unet(
            input.sample, timesteps: input.timesteps, encoderHiddenStates: input.text, classLabels: input.labels)
        let target = Tensor(repeating: 0, shape: output.shape), weight = Tensor(repeating: 1, shape: output.shape)
        output.weightedSquaredError(to: target, weight: weight, divisor: 1).backward()
        let bias = try #require(
            grown.unet.parameters.all.first { $0.name == "down_blocks.0.resnets.0.conv1.bias" }?.variable)
        let gradient = try #require(bias.gradient)
        for channel in 0..<16 {
            let (one, other) = (gradient.pointer[2 * channel], gradient.pointer[2 * channel + 1])
            #expect(abs(one - other) > 0.01 * (abs(one) + abs(other)))
        }
    }

    @Test func controlNetAddsNothingAtFirst() throws {
        let source = Self.source()
        let growth = try NetworkGrowth(of: source, channels: [32, 64, 128], layers: 2, origin: "student")
        let grown = try growth.network(from: try Self.student(source), seed: 4)
        let input = Input(source), controlNet = try #require(grown.controlNet)
        let residuals = controlNet(
            input.sample, timesteps: input.timesteps, encoderHiddenStates: input.text, classLabels: input.labels,
            control: input.control)
        #expect((residuals.down + [residuals.middle]).allSatisfy { $0.value.sumOfSquares == 0 })
    }

    @Test func controlNetBeginsAsTheEncoder() throws {
        let source = Self.source(), student = try Self.student(source)
        let growth = try NetworkGrowth(of: source, channels: [32, 64, 128], layers: 2, origin: "student")
        let grown = try growth.network(from: student, seed: 4)
        let input = Input(source), controlNet = try #require(grown.controlNet)
        // Lets what the middle says through.
        let output = try #require(controlNet.parameters.tensors["controlnet_mid_block.weight"])
        for i in 0..<128 { output.pointer[i * 128 + i] = 1 }
        let middle = controlNet(
            input.sample, timesteps: input.timesteps, encoderHiddenStates: input.text, classLabels: input.labels,
            control: input.control
        ).middle.value
        let features = student.unet.withFeatures(input.sample, timesteps: input.timesteps).features
        let expected = try #require(features.first { $0.stage == .middle }?.value.value)
        let plane = 6
        #expect(expected.shape == [2, 64, 2, 3] && middle.shape == [2, 128, 2, 3])
        for i in 0..<middle.count {
            let (picture, channel, place) = (i / (128 * plane), i / plane % 128, i % plane)
            let old = expected.pointer[(picture * 64 + channel / 2) * plane + place]
            #expect(abs(middle.pointer[i] - old) < 1e-3)
        }
    }

    @Test func theTeacherThatIsKeptHasAControlNetAndText() throws {
        let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
            .standardized
        func network(_ folder: String) throws -> InpaintingNetwork {
            try InpaintingNetwork(directory: top.appendingPathComponent(folder).path, requiresGradient: false)
        }
        let teacher = try network("models/teacher")
        let student = try network("Sources/Diffusion/Resources/compact-student")
        #expect(teacher.controlNet != nil && teacher.textEncoder != nil)
        #expect(teacher.textPrior?.parameters.tensors["conv_out.weight"].map { $0.sumOfSquares > 0 } == true)
        #expect(
            teacher.shape.multiplyAccumulates(side: 256) > 6 * student.shape.multiplyAccumulates(side: 256))
    }

    @Test func whatCannotBeGrownIsRefusedByName() throws {
        let source = Self.source()
        func problem(_ source: NetworkShape, _ channels: [Int], _ layers: Int) -> String {
            do {
                _ = try NetworkGrowth(of: source, channels: channels, layers: layers, origin: "models/student")
                return ""
            } catch { return "\(error)" }
        }
        #expect(
            problem(source, [24, 32, 64], 1).contains("models/student: channels [24, 32, 64] are not whole multiples"))
        #expect(problem(source, [16, 32], 1).contains("whole multiples of [16, 32, 64]"))
        #expect(problem(source, [16, 32, 64], 0).contains("0 layers are fewer than its 1"))
        #expect(problem(source, [64, 64, 128], 1).contains("levels 0 and 1 get the same width of 64"))
        let teacher = try NetworkGrowth(of: source, channels: [16, 32, 64], layers: 1, origin: "student").shape
        #expect(problem(teacher, [16, 32, 64], 1).contains("is grown already"))
    }
}
