import Autograd
import Foundation
import Layers
import TensorCore
import Testing

@Suite("AdamW")
struct AdamWTests {
    private func parameters(_ tensors: [(String, Tensor)]) throws -> ParameterSet {
        let set = ParameterSet(
            loaded: Dictionary(uniqueKeysWithValues: tensors), origin: "test", requiresGradient: true)
        for (name, tensor) in tensors { _ = try set.root.parameter(name, tensor.shape, .zeros) }
        return set
    }

    /// Gives a parameter exactly this gradient: that of Σ g p.
    private func give(_ gradient: [Float], to variable: Variable) {
        (variable * Variable(Tensor(gradient, shape: variable.shape))).backward()
    }

    /// ```python
    /// p = Parameter(tensor([[0.5, -1.0, 2.0], [0.25, 3.0, -0.125]])); b = Parameter(tensor([0.1, -0.2]))
    /// o = torch.optim.AdamW([{"params": [p], "weight_decay": 0.01}, {"params": [b], "weight_decay": 0.0}],
    ///                       lr=0.01, betas=(0.9, 0.99), eps=1e-8)
    /// for t in range(1, 4):
    ///     p.grad = tensor([[0.1, -0.2, 0.3], [0.0, 5.0, -0.5]]) * t; b.grad = tensor([1.0, -0.01]) * t; o.step()
    /// ```
    @Test("three updates give what torch.optim.AdamW gives, vectors without decay")
    func torch() throws {
        let set = try parameters([
            ("weight", Tensor([0.5, -1, 2, 0.25, 3, -0.125], shape: [2, 3])),
            ("bias", Tensor([0.1, -0.2], shape: [2])),
        ])
        let optimizer = AdamW(set)
        for t in 1...3 {
            give([0.1, -0.2, 0.3, 0, 5, -0.5].map { $0 * Float(t) }, to: set.all[0].variable)
            give([1, -0.01].map { $0 * Float(t) }, to: set.all[1].variable)
            optimizer.update(rate: 0.01, maximumNorm: .infinity)
        }
        #expect(optimizer.step == 3)
        let expected: [Float] = [
            0.470658869, -0.970508873, 1.97020888, 0.249924988, 2.96990895, -0.0957713723, 0.0708059147, -0.170805931,
        ]
        let got = set.all.flatMap(\.variable.value.values)
        for (a, b) in zip(got, expected) { #expect(abs(a - b) < 3e-7, "\(a) for \(b)") }
    }

    /// Loshchilov and Hutter 2019, algorithm 2, in double precision.
    @Test("two hundred updates follow the algorithm in double precision")
    func longRun() throws {
        var random = SeededRandom(seed: 5)
        let start = random.normalTensor([7, 5])
        let set = try parameters([("weight", start.copy())]), optimizer = AdamW(set)
        var p = start.values.map(Double.init), m = p.map { _ in 0.0 }, v = m
        for step in 1...200 {
            let gradient = random.normalTensor([7, 5]).values, rate = 0.01 / Double(step).squareRoot()
            give(gradient, to: set.all[0].variable)
            optimizer.update(rate: Float(rate), maximumNorm: .infinity)
            for i in p.indices {
                let g = Double(gradient[i])
                m[i] = 0.9 * m[i] + 0.1 * g
                v[i] = 0.99 * v[i] + 0.01 * g * g
                let mHat = m[i] / (1 - pow(0.9, Double(step))), vHat = v[i] / (1 - pow(0.99, Double(step)))
                p[i] -= rate * (mHat / (vHat.squareRoot() + 1e-8) + 0.01 * p[i])
            }
        }
        let worst = zip(set.all[0].variable.value.values, p).map { abs(Double($0) - $1) }.max() ?? .infinity
        #expect(worst < 3e-6)
    }

    @Test("gradients beyond the largest norm are scaled down together, others are left")
    func clipping() throws {
        let set = try parameters([
            ("weight", Tensor(repeating: 1, shape: [1, 2])), ("bias", Tensor(repeating: 1, shape: [1])),
        ])
        let optimizer = AdamW(set)
        give([3, 0], to: set.all[0].variable)
        give([4], to: set.all[1].variable)
        #expect(abs(optimizer.gradientNorm - 5) < 1e-9)
        #expect(abs(optimizer.update(rate: 0, maximumNorm: 0.5) - 5) < 1e-9, "the norm before clipping is returned")
        let first = optimizer.moments["first.weight"]?.values, bias = optimizer.moments["first.bias"]?.values
        #expect(abs((first?[0] ?? 0) - 0.03) < 1e-7 && abs((bias?[0] ?? 0) - 0.04) < 1e-7)
        #expect(set.all.allSatisfy { $0.variable.gradient == nil }, "gradients are used up")

        let gentle = AdamW(set)
        give([3, 0], to: set.all[0].variable)
        give([4], to: set.all[1].variable)
        gentle.update(rate: 0, maximumNorm: 5.1)
        #expect(abs((gentle.moments["first.weight"]?.values[0] ?? 0) - 0.3) < 1e-6)
    }

    @Test("a gradient that is not finite changes nothing", arguments: [Float.nan, .infinity])
    func notFinite(_ bad: Float) throws {
        let set = try parameters([("weight", Tensor(repeating: 1, shape: [2, 2]))]), optimizer = AdamW(set)
        give([1, 1, bad, 1], to: set.all[0].variable)
        #expect(!optimizer.update(rate: 0.1, maximumNorm: 1).isFinite)
        #expect(optimizer.step == 0 && set.all[0].variable.value.values == [1, 1, 1, 1])
        #expect(optimizer.moments["first.weight"]?.values == [0, 0, 0, 0])
        #expect(set.all[0].variable.gradient == nil)
    }

    @Test("a run that was stopped and restored goes on to the same bytes")
    func restore() throws {
        func run(stopAfter stop: Int?) throws -> [UInt32] {
            var random = SeededRandom(seed: 8)
            var set = try parameters([("weight", random.normalTensor([3, 3]))]), optimizer = AdamW(set)
            for step in 0..<6 {
                if step == stop {
                    let moments = optimizer.moments.mapValues { $0.copy() }, done = optimizer.step
                    set = try parameters([("weight", set.all[0].variable.value.copy())])
                    optimizer = AdamW(set)
                    try optimizer.restore(moments, step: done, origin: "checkpoint")
                }
                give(random.normalTensor([3, 3]).values, to: set.all[0].variable)
                optimizer.update(rate: 0.1, maximumNorm: 1)
            }
            return set.all[0].variable.value.values.map(\.bitPattern)
        }
        #expect(try run(stopAfter: nil) == run(stopAfter: 3))
    }

    @Test("restore refuses moments that are missing or do not fit")
    func restoreRefuses() throws {
        let set = try parameters([("weight", Tensor(repeating: 1, shape: [2, 2]))]), optimizer = AdamW(set)
        let good = optimizer.moments
        for (name, tensor) in [("first.weight", nil), ("second.weight", Tensor(repeating: 0, shape: [4]))] {
            var moments = good
            moments[name] = tensor
            let error = #expect(throws: ModelError.self) { try optimizer.restore(moments, step: 1, origin: "x") }
            #expect(error?.code == .wrongShape && error?.problem.contains(name) == true)
        }
    }
}
