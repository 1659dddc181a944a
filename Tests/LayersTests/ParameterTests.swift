import Autograd
import Layers
import TensorCore
import Testing

@Suite("ParameterSet")
struct ParameterTests {
    private func loaded(_ tensors: [String: Tensor]) -> ParameterSet {
        ParameterSet(loaded: tensors, origin: "folder/weights", requiresGradient: false)
    }

    /// Builds a layer of two parameters, `part.weight` [2, 3] and `part.bias` [2].
    private func build(_ set: ParameterSet) throws -> Linear { try Linear(set.root.scope("part"), 3, 2) }

    private func expectRefused(
        _ tensors: [String: Tensor], _ code: ModelError.Code, naming name: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let set = loaded(tensors)
        let error = #expect(throws: ModelError.self, sourceLocation: sourceLocation) {
            _ = try build(set)
            try set.requireAllUsed()
        }
        #expect(error?.code == code, sourceLocation: sourceLocation)
        #expect(error?.place == "folder/weights", sourceLocation: sourceLocation)
        #expect(error?.problem.contains("\"\(name)\"") == true, sourceLocation: sourceLocation)
    }

    private let weight = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3]), bias = Tensor([10, 20], shape: [2])

    @Test("loaded weights that fit are used as they are")
    func fitting() throws {
        let set = loaded(["part.weight": weight, "part.bias": bias])
        let layer = try build(set)
        try set.requireAllUsed()
        #expect(layer(Variable(Tensor([1, 1, 1], shape: [1, 3]))).value.values == [16, 35])
        #expect(set.count == 8 && set.all.map(\.name) == ["part.weight", "part.bias"])
        #expect(set.all.allSatisfy { !$0.variable.requiresGradient })
    }

    @Test("a missing weight is named")
    func missing() { expectRefused(["part.weight": weight], .missingWeight, naming: "part.bias") }

    @Test("a weight that no layer asks for is named")
    func unknown() {
        expectRefused(
            ["part.weight": weight, "part.bias": bias, "other.weight": bias], .unknownWeight, naming: "other.weight")
    }

    @Test("a weight of another shape is named, also when it has as many numbers")
    func misshapen() {
        expectRefused(
            ["part.weight": weight.reshaped([3, 2]), "part.bias": bias], .wrongShape, naming: "part.weight")
        expectRefused(["part.weight": weight, "part.bias": bias.reshaped([2, 1])], .wrongShape, naming: "part.bias")
        expectRefused(["part.weight": weight, "part.bias": Tensor([], shape: [0])], .wrongShape, naming: "part.bias")
    }

    @Test("a weight that is not finite is named", arguments: [Float.nan, .infinity, -.infinity])
    func notFinite(_ bad: Float) {
        expectRefused(
            ["part.weight": weight, "part.bias": Tensor([0, bad], shape: [2])], .notFinite, naming: "part.bias")
    }

    @Test("initialisers start where they say, and the same seed gives the same parameters")
    func initialisers() throws {
        func make(seed: UInt64) throws -> [Float] {
            let set = ParameterSet(seed: seed)
            return try set.root.parameter("w", [40, 40], .uniform(fanIn: 16)).value.values
                + set.root.parameter("n", [40, 40], .normal(deviation: 0.5)).value.values
        }
        let values = try make(seed: 3)
        #expect(try make(seed: 3) == values)
        #expect(try make(seed: 4) != values)
        let uniform = values.prefix(1600), normal = values.suffix(1600)
        #expect(uniform.allSatisfy { abs($0) <= 0.25 } && (uniform.max() ?? 0) > 0.24 && (uniform.min() ?? 0) < -0.24)
        let variance = normal.reduce(0) { $0 + $1 * $1 } / 1600
        #expect(abs(variance - 0.25) < 0.03)
        let set = ParameterSet(seed: 1)
        #expect(try set.root.parameter("z", [3], .zeros).value.values == [0, 0, 0])
        #expect(try set.root.parameter("o", [3], .ones).value.values == [1, 1, 1])
        #expect(set.all.allSatisfy { $0.variable.requiresGradient })
    }
}
