import NaiveOracle
import TensorCore
import Testing

@Suite("DotProductAttention")
struct DotProductAttentionTests {
    /// Batch, heads, queries, keys, channels of a head, channels of a value; one whose scores take several blocks.
    @Test(
        "agrees with softmax(Q Kᵀ / √D) V by the definition, head by head",
        arguments: [[1, 1, 1, 1, 1, 1], [2, 3, 5, 7, 4, 6], [1, 2, 33, 16400, 2, 3], [1, 4, 20, 20, 8, 8]])
    func forward(_ s: [Int]) {
        let (batch, heads, length, source) = (s[0], s[1], s[2], s[3])
        let q = NaiveTensor(random: [batch, length, heads * s[4]], seed: 1)
        let k = NaiveTensor(random: [batch, source, heads * s[4]], seed: 2)
        let v = NaiveTensor(random: [batch, source, heads * s[5]], seed: 3)
        let y = DotProductAttention.forward(queries: Tensor(q), keys: Tensor(k), values: Tensor(v), heads: heads)
        #expect(y.shape == [batch, length, heads * s[5]])
        var worst = 0.0
        let result = y.values
        let (queries, keys, values) = (q.floats.map(Double.init), k.floats.map(Double.init), v.floats.map(Double.init))
        for n in 0..<batch {
            for h in 0..<heads {
                for i in 0..<length {
                    let scores = (0..<source).map { j in
                        (0..<s[4]).reduce(0.0) { sum, c in
                            sum + queries[(n * length + i) * heads * s[4] + h * s[4] + c]
                                * keys[(n * source + j) * heads * s[4] + h * s[4] + c]
                        } / Double(s[4]).squareRoot()
                    }
                    let weights = NaiveTensor(scores, shape: [1, source]).softmax().values
                    for c in 0..<s[5] {
                        let expected = (0..<source).reduce(0.0) { sum, j in
                            sum + weights[j] * values[(n * source + j) * heads * s[5] + h * s[5] + c]
                        }
                        let got = Double(result[(n * length + i) * heads * s[5] + h * s[5] + c])
                        worst = max(worst, got.isNaN ? .infinity : abs(got - expected))
                    }
                }
            }
        }
        #expect(worst < 5e-6)
    }
}
