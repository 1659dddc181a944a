import Autograd
import Diffusion
import Foundation
import Layers
import TensorCore
import Testing

@Suite("CLIPTextModel against transformers")
struct CLIPTextParityTests {
    private func network(_ fixture: Fixture, requiresGradient: Bool) throws -> CLIPTextModel {
        try CLIPTextModel(
            fixture.decoded(CLIPTextConfiguration.self),
            parameters: ParameterSet(
                loaded: CLIPTextModel.canonical(fixture.weights), origin: fixture.path,
                requiresGradient: requiresGradient))
    }

    private func tokens(_ fixture: Fixture, _ name: String = "tokens") throws -> [[Int]] {
        let tensor = try fixture.tensor(name), length = tensor.shape[1], values = tensor.values.map { Int($0) }
        return (0..<tensor.shape[0]).map { Array(values[$0 * length..<($0 + 1) * length]) }
    }

    @Test("outputs agree, with the exact and the approximate activation", arguments: ["clip-quick", "clip-exact"])
    func outputs(_ name: String) throws {
        let fixture = try Fixture(name, weights: "model.safetensors")
        let output = try network(fixture, requiresGradient: false)(tokens(fixture)).value
        #expect(largestDifference(output, try fixture.tensor("output")) < 1e-4)
    }

    @Test("the state at the end of a text is the pooler's output", arguments: ["clip-quick", "clip-exact"])
    func pooled(_ name: String) throws {
        let fixture = try Fixture(name, weights: "model.safetensors"), texts = try tokens(fixture, "ended")
        let network = try network(fixture, requiresGradient: false)
        #expect(largestDifference(network.embedding(of: texts).pooled.value, try fixture.tensor("pooled")) < 1e-4)
        // Files of old say 2: the largest number ends a text, wherever the number 2 stands.
        var old = network.configuration
        old.eosTokenId = 2
        let parameters = ParameterSet(
            loaded: network.parameters.tensors, origin: fixture.path, requiresGradient: false)
        let same = try CLIPTextModel(old, parameters: parameters)
        #expect(largestDifference(same.embedding(of: texts).pooled.value, try fixture.tensor("pooled")) < 1e-4)
    }

    @Test("an encoder that begins to learn tells texts of other words apart at their ends, and nothing else")
    func means() throws {
        let network = try CLIPTextModel(.small(), parameters: ParameterSet(seed: 4))
        network.startAsMeans()
        let end = network.configuration.eosTokenId
        func pooled(_ words: [Int]) -> Tensor {
            let text = [end - 1] + words + [end]
            return network.embedding(of: [text + Array(repeating: end, count: 16 - text.count)]).pooled.value
        }
        // Which words, and not in which order, but for the small share of their places.
        let one = pooled([5, 6]), turned = pooled([6, 5]), other = pooled([5, 7])
        #expect(largestDifference(one, turned) < 0.25 * largestDifference(one, other))
    }

    @Test("gradients at every parameter agree", arguments: ["clip-quick", "clip-exact"])
    func gradients(_ name: String) throws {
        let fixture = try Fixture(name, weights: "model.safetensors")
        let network = try network(fixture, requiresGradient: true)
        network(try tokens(fixture)).backward(seed: try fixture.tensor("weight"))
        #expect(network.parameters.all.count == fixture.weights.count)
        for (name, variable) in network.parameters.all {
            let expected = try fixture.tensor("d." + name.dropFirst("text_model.".count))
            let gradient = try #require(variable.gradient, "\(name)")
            let scale = max(expected.values.map(abs).max() ?? 0, 0.1)
            #expect(largestDifference(gradient, expected) / scale < 1e-4, "\(name)")
        }
    }

    @Test("a token does not see those after it")
    func causal() throws {
        let fixture = try Fixture("clip-quick", weights: "model.safetensors")
        let network = try network(fixture, requiresGradient: false)
        var texts = try tokens(fixture)
        let before = network(texts).value.values
        texts[0][6] = (texts[0][6] + 1) % 30
        let after = network(texts).value.values
        let width = network.configuration.hiddenSize
        #expect(before[..<(6 * width)] == after[..<(6 * width)])
        #expect(before[(6 * width)..<(7 * width)] != after[(6 * width)..<(7 * width)])
    }

    @Test("numbers that make no encoder are refused")
    func refused() throws {
        let changes: [(inout CLIPTextConfiguration) -> Void] = [
            { $0.numAttentionHeads = 5 }, { $0.numAttentionHeads = 0 }, { $0.vocabSize = 0 },
            { $0.hiddenSize = -8 }, { $0.maxPositionEmbeddings = 1 }, { $0.numHiddenLayers = 0 },
            { $0.layerNormEps = 0 },
        ]
        for change in changes {
            var configuration = CLIPTextConfiguration.small()
            change(&configuration)
            let error = #expect(throws: ModelError.self) { try configuration.validate(origin: "test") }
            #expect(error?.code == .badConfiguration)
        }
        var other = CLIPTextConfiguration.small()
        other.modelType = "t5"
        #expect(throws: ModelError.self) { try other.validate(origin: "test") }
    }
}
