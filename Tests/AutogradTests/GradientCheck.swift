import Autograd
import NaiveOracle
import TensorCore
import Testing

/// A function of several tensors, for engine and oracle alike.
protocol Differentiable: Sendable {
    /// The shapes of the inputs.
    var inputs: [[Int]] { get }
    /// How far the inputs reach around zero.
    var scale: Double { get }
    func callAsFunction<T: Algebra>(_ x: [T]) -> T
}

extension Differentiable {
    var scale: Double { 1 }

    /// Compares the gradients of L = Σ r f(x), with fixed random r, at every input with central differences of the
    /// oracle's L in double precision.
    /// - Parameter samples: how many elements of each input are differenced; all where it has no more.
    func checkGradients(
        tolerance: Double = 2e-5, samples: Int = 64, seed: UInt64 = 1, _ name: Comment? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let x = inputs.enumerated().map { i, shape in
            NaiveTensor(random: shape, seed: seed &+ UInt64(i) &* 77, scale: scale)
        }
        let variables = x.map { Variable(Tensor($0), requiresGradient: true) }
        let y = self(variables), expected = self(x)
        #expect(y.shape == expected.shape, name, sourceLocation: sourceLocation)
        guard y.shape == expected.shape else { return }
        #expect(Deviation.relative(y.value.values, expected) < tolerance, name, sourceLocation: sourceLocation)

        let r = NaiveTensor(random: expected.shape, seed: 99)
        y.backward(seed: Tensor(r))
        for (i, variable) in variables.enumerated() {
            guard let gradient = variable.gradient else {
                Issue.record("input \(i) has no gradient", sourceLocation: sourceLocation)
                continue
            }
            #expect(gradient.shape == x[i].shape, name, sourceLocation: sourceLocation)
            let chosen = chosenElements(of: x[i].count, samples)
            let differences = chosen.map { element in
                func loss(_ shift: Double) -> Double {
                    var moved = x
                    moved[i].values[element] += shift
                    return self(moved).dot(r)
                }
                // The error of a central difference falls with h², that of rounding rises with 1/h: in double
                // precision they meet near 1e-5, below 1e-9.
                return (loss(1e-5) - loss(-1e-5)) / 2e-5
            }
            let got = gradient.values
            let deviation = Deviation.relative(
                chosen.map { got[$0] }, NaiveTensor(differences, shape: [chosen.count]), floor: 1e-2)
            #expect(deviation < tolerance, name ?? "input \(i)", sourceLocation: sourceLocation)
        }
    }

    private func chosenElements(of count: Int, _ samples: Int) -> [Int] {
        guard count > samples else { return Array(0..<count) }
        // The ends, where loops over lanes have their tails, and elements spread over the rest.
        return [0, count - 1, count - 2] + (0..<(samples - 3)).map { ($0 * 7919 + 13) % count }
    }
}
