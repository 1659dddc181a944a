import NaiveOracle
import TensorCore
import Testing

@Suite("StoragePool")
struct StoragePoolTests {
    /// The pool counts for the whole process, where other tests run at the same time: of several measurements the
    /// smallest is this test's own.
    private func smallest(_ measure: () -> Int) -> Int {
        var least = Int.max
        for _ in 0..<100 where least > 0 { least = min(least, measure()) }
        return least
    }

    /// One convolution by Winograd, one by oneDNN, and what a network has around them.
    private func step() {
        let x = Tensor(repeating: 0.5, shape: [1, 16, 6, 14])
        let w = Tensor(repeating: 0.1, shape: [16, 16, 3, 3]), one = Tensor(repeating: 0.1, shape: [16, 16, 1, 1])
        let y = Convolution.forward(x, weights: w, bias: nil, options: .init(padding: 1)).activated(.silu)
        let z = Convolution.forward(y, weights: one, bias: nil, options: .init())
        let joined = Tensor.concatenated([x, z])
        _ = (joined + joined).summedOverInner()
        let tokens = joined.reshaped([1, 32, 84]).transposed()
        _ = DotProductAttention.forward(queries: tokens, keys: tokens, values: tokens, heads: 4).gatedGELU()
        _ = Convolution.backwardWeights(x, gradient: y, weights: w.shape, options: .init(padding: 1))
    }

    @Test("identical steps allocate nothing after the first")
    func steadyState() {
        step()
        let fresh = smallest {
            let before = StoragePool.freshAllocations
            step()
            return StoragePool.freshAllocations - before
        }
        #expect(fresh == 0)
    }

    @Test("a buffer is counted, kept for the next tensor of its size, and given back by trim")
    func trim() {
        // A size that no other test uses.
        let count = 1_234_567
        do {
            let tensor = Tensor(repeating: 1, shape: [count])
            #expect(StoragePool.allocatedBytes >= count * 4)
            #expect(tensor.pointer[count - 1] == 1)
        }
        let fresh = smallest {
            let before = StoragePool.freshAllocations
            _ = Tensor(uninitialized: [count]).pointer
            return StoragePool.freshAllocations - before
        }
        #expect(fresh == 0, "the second tensor of a size takes the first one's buffer")
        let before = StoragePool.freshAllocations
        StoragePool.trim()
        _ = Tensor(uninitialized: [count]).pointer
        #expect(StoragePool.freshAllocations > before, "after trim the buffer has to be made again")
        StoragePool.trim()
    }

    @Test("a tensor takes a free buffer of up to twice its size")
    func reuse() {
        // Trainings in this process keep the sizes apart.
        let shared = StoragePool.sharesSizes
        defer { StoragePool.sharesSizes = shared }
        StoragePool.sharesSizes = true
        let count = 7_654_321
        func fresh(for part: Int) -> Int {
            smallest {
                StoragePool.trim()
                _ = Tensor(uninitialized: [count]).pointer
                let before = StoragePool.freshAllocations
                _ = Tensor(uninitialized: [part]).pointer
                return StoragePool.freshAllocations - before
            }
        }
        #expect(fresh(for: count * 2 / 3) == 0)
        #expect(fresh(for: count / 3) > 0, "a much smaller one does not")
        StoragePool.sharesSizes = false
        #expect(fresh(for: count * 2 / 3) > 0, "nor any where the sizes are kept apart")
        StoragePool.trim()
    }

    @Test("buffers are aligned for the widest vectors")
    func alignment() {
        for count in [0, 1, 3, 17, 1000] {
            #expect(UInt(bitPattern: Tensor(uninitialized: [count]).pointer) % 64 == 0)
        }
    }
}
