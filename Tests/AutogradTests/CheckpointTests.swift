import Autograd
import NaiveOracle
import TensorCore
import Testing

@Suite("Checkpoints")
struct CheckpointTests {
    private func leaf(_ shape: [Int], seed: UInt64) -> Variable {
        Variable(Tensor(NaiveTensor(random: shape, seed: seed)), requiresGradient: true)
    }

    /// A block with a parameter that is no input of it, used twice, and a plain operation behind it.
    private func gradients(checkpointed: Bool, frozenInput: Bool = false) -> [[Float]?] {
        let x = frozenInput ? leaf([2, 16, 6, 6], seed: 1).detached : leaf([2, 16, 6, 6], seed: 1)
        let other = leaf([2, 16, 6, 6], seed: 2), weights = leaf([16, 16, 3, 3], seed: 3)
        func block(_ inputs: [Variable]) -> Variable {
            let hidden = inputs[0].convolved(weights: weights, bias: nil, options: .init(padding: 1)).activated(.silu)
            return hidden.convolved(weights: weights, bias: nil, options: .init(padding: 1)) * inputs[1]
        }
        let y = checkpointed ? Variable.checkpointed([x, other], block) : block([x, other])
        (y.activated(.gelu) + other).backward(seed: Tensor(NaiveTensor(random: [2, 16, 6, 6], seed: 4)))
        return [x, other, weights].map { $0.gradient?.values }
    }

    @Test("give the gradients of the block alone, bit by bit", arguments: [false, true])
    func sameGradients(frozenInput: Bool) {
        let plain = gradients(checkpointed: false, frozenInput: frozenInput)
        #expect(plain[1] != nil && plain[2] != nil && (plain[0] == nil) == frozenInput)
        #expect(gradients(checkpointed: true, frozenInput: frozenInput) == plain)
    }

    @Test("keep nothing of the block until the backward pass")
    func keepsNothing() {
        weak var intermediate: Variable?
        let x = leaf([4], seed: 1)
        let y = Variable.checkpointed([x]) { inputs in
            let hidden = inputs[0].activated(.silu)
            intermediate = hidden
            return hidden * hidden
        }
        #expect(intermediate == nil && y.requiresGradient)
        y.backward()
        #expect(intermediate == nil && x.gradient != nil)
    }
}
