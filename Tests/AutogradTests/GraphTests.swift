import Autograd
import NaiveOracle
import TensorCore
import Testing

@Suite("The graph: what it records, what it frees")
struct GraphTests {
    private func leaf(_ values: [Float], gradient: Bool = true) -> Variable {
        Variable(Tensor(values, shape: [values.count]), requiresGradient: gradient)
    }

    @Test("backward without a seed starts from ones")
    func defaultSeed() {
        let x = leaf([1, 2, 3])
        (x * x).backward()
        #expect(x.gradient?.values == [2, 4, 6])
    }

    @Test("gradients of several backward passes add up until they are cleared")
    func accumulation() {
        let x = leaf([1, 2])
        (x * 3).backward()
        (x * 4).backward()
        #expect(x.gradient?.values == [7, 7])
        x.clearGradient()
        #expect(x.gradient == nil)
        (x * 5).backward()
        #expect(x.gradient?.values == [5, 5])
    }

    @Test("a gradient that two inputs share is not changed when one of them gets more")
    func sharedGradient() {
        let a = leaf([1, 2]), b = leaf([3, 4])
        ((a + b) + (a * 2)).backward()
        #expect(a.gradient?.values == [3, 3] && b.gradient?.values == [1, 1])
        let square = a * a
        ((square + b) + square * 2).backward()
        #expect(a.gradient?.values == [3 + 6, 3 + 12] && b.gradient?.values == [2, 2])
    }

    @Test("inputs that require no gradient get none")
    func constants() {
        let x = leaf([1, 2]), constant = leaf([3, 4], gradient: false)
        (x * constant + constant).backward()
        #expect(x.gradient?.values == [3, 4])
        #expect(constant.gradient == nil)
    }

    @Test("rules with weights that require no gradient still carry it to the input")
    func frozenWeights() {
        let image = NaiveTensor(random: [1, 2, 4, 4], seed: 1), kernel = NaiveTensor(random: [3, 2, 3, 3], seed: 2)
        let x = Variable(Tensor(image), requiresGradient: true), w = Variable(Tensor(kernel))
        let bias = Variable(Tensor(repeating: 0, shape: [3])),
            trained = Variable(Tensor(kernel), requiresGradient: true)
        let options = Convolution.Options(padding: 1)
        x.convolved(weights: w, bias: bias, options: options).backward()
        let frozen = x.gradient?.values
        x.clearGradient()
        x.convolved(weights: trained, bias: bias, options: options).backward()
        #expect(frozen != nil && frozen == x.gradient?.values)
        #expect(w.gradient == nil && bias.gradient == nil && trained.gradient != nil)

        let shift = Variable(Tensor(repeating: 1, shape: [2]))
        x.clearGradient()
        x.addingAlongChannels(shift).backward()
        #expect(x.gradient?.values.allSatisfy { $0 == 1 } == true && shift.gradient == nil)
    }

    @Test("a bias alone can require a gradient")
    func biasOnly() {
        let x = Variable(Tensor(repeating: 1, shape: [2, 1, 3, 3])),
            w = Variable(Tensor(repeating: 1, shape: [4, 1, 1, 1]))
        let bias = Variable(Tensor(repeating: 0, shape: [4]), requiresGradient: true)
        x.convolved(weights: w, bias: bias, options: .init()).backward()
        #expect(bias.gradient?.values == [18, 18, 18, 18])
        #expect(x.gradient == nil && w.gradient == nil)
    }

    @Test("detached cuts the gradient off and keeps the value")
    func detached() {
        let x = leaf([2, 3])
        let y = x * x
        #expect(y.detached.value.values == [4, 9] && !y.detached.requiresGradient)
        (y.detached * x).backward()
        #expect(x.gradient?.values == [4, 9], "without the cut it would be 3 x²")
    }

    @Test("nothing is recorded while no input requires a gradient")
    func inference() {
        let x = leaf([1, 2], gradient: false)
        weak var intermediate: Variable?
        func run() -> Variable {
            let y = x * 2
            intermediate = y
            return y * 3
        }
        let z = run()
        #expect(!z.requiresGradient && z.value.values == [6, 12])
        #expect(intermediate == nil)
    }

    @Test("activations live until backward, and no longer")
    func released() {
        let x = leaf([1, 2])
        weak var intermediate: Variable?
        func run() -> Variable {
            let y = x.activated(.silu)
            intermediate = y
            return y * y
        }
        let z = run()
        #expect(intermediate != nil)
        z.backward()
        #expect(intermediate == nil)
        #expect(x.gradient != nil && z.value.count == 2)
    }

    /// The gradients of the factors, which stay, take over the buffers of activations that were freed before them.
    /// Were all freed at the end only, each of the 40 rules would need a fresh one.
    @Test("backward frees each activation as soon as its rule has run")
    func releasedOnTheWay() {
        // The pool counts for all tests that run at this time; the smallest count is this test's own.
        let fresh = (0..<8).map { attempt in
            let size = 100_003 + attempt
            let factors = (0..<40).map { _ in Variable(Tensor(repeating: 1, shape: [size]), requiresGradient: true) }
            let y = factors.dropFirst().reduce(factors[0]) { $0 * $1 }
            let before = StoragePool.freshAllocations
            y.backward()
            return StoragePool.freshAllocations - before
        }
        #expect((fresh.min() ?? .max) <= 8)
        StoragePool.trim()
    }

    @Test("a chain of 20,000 operations neither overflows the stack forward nor backward")
    func longChain() {
        let x = leaf([1])
        let y = (0..<20_000).reduce(x) { y, _ in y * 1 }
        y.backward()
        #expect(x.gradient?.values == [1])
    }
}
