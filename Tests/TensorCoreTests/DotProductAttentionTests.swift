import CKernels
import NaiveOracle
import TensorCore
import Testing

@Suite("DotProductAttention")
struct DotProductAttentionTests {
    /// Batch, heads, queries, keys, channels of a head, channels of a value: one of each; panels, pairs and blocks that
    /// are not full; several blocks of keys and of queries; the shapes of Stable Diffusion and of the students.
    static let shapes = [
        [1, 1, 1, 1, 1, 1], [2, 3, 5, 7, 4, 6], [1, 2, 33, 16400, 2, 3], [1, 4, 20, 20, 8, 8], [2, 2, 49, 129, 7, 13],
        [1, 8, 1, 77, 40, 40], [1, 2, 4096, 77, 40, 40], [1, 1, 4096, 4096, 40, 40], [1, 2, 1024, 77, 80, 80],
        [1, 2, 256, 256, 160, 160], [2, 4, 256, 256, 32, 32], [1, 1, 300, 260, 512, 512], [1, 3, 17, 16, 64, 9],
    ]

    /// softmax(Q Kᵀ / √D) V of one query and head by the definition, in double precision.
    private func expected(_ s: [Int], _ q: [Double], _ k: [Double], _ v: [Double], image: Int, head: Int, query: Int)
        -> [Double]
    {
        let (heads, length, source, depth, width) = (s[1], s[2], s[3], s[4], s[5])
        let first = (image * length + query) * heads * depth + head * depth
        var weights = [Double](repeating: 0, count: source)
        for j in 0..<source {
            let key = (image * source + j) * heads * depth + head * depth
            var sum = 0.0
            for c in 0..<depth { sum += q[first + c] * k[key + c] }
            weights[j] = sum / Double(depth).squareRoot()
        }
        weights = NaiveTensor(weights, shape: [1, source]).softmax().values
        var result = [Double](repeating: 0, count: width)
        for j in 0..<source {
            let value = (image * source + j) * heads * width + head * width
            for c in 0..<width { result[c] += weights[j] * v[value + c] }
        }
        return result
    }

    @Test("agrees with softmax(Q Kᵀ / √D) V by the definition, head by head", arguments: shapes)
    func forward(_ s: [Int]) {
        let (batch, heads, length, source) = (s[0], s[1], s[2], s[3])
        let q = NaiveTensor(random: [batch, length, heads * s[4]], seed: 1, scale: 3)
        let k = NaiveTensor(random: [batch, source, heads * s[4]], seed: 2)
        let v = NaiveTensor(random: [batch, source, heads * s[5]], seed: 3)
        let y = DotProductAttention.forward(queries: Tensor(q), keys: Tensor(k), values: Tensor(v), heads: heads)
        #expect(y.shape == [batch, length, heads * s[5]])
        var worst = 0.0
        let result = y.values
        let (queries, keys, values) = (q.floats.map(Double.init), k.floats.map(Double.init), v.floats.map(Double.init))
        // All of a small problem; of a large one every so many queries, and the last.
        let step = max(1, batch * heads * length * source * (s[4] + s[5]) >> 24)
        for n in 0..<batch {
            for h in 0..<heads {
                for i in Set(stride(from: 0, to: length, by: step)).union([length - 1]) {
                    let row = expected(s, queries, keys, values, image: n, head: h, query: i)
                    for c in 0..<s[5] {
                        let got = Double(result[(n * length + i) * heads * s[5] + h * s[5] + c])
                        worst = max(worst, got.isNaN ? .infinity : abs(got - row[c]))
                    }
                }
            }
        }
        #expect(worst < 5e-6)
    }

    @Test("scores of any height have the weights of a softmax", arguments: [Float(1e3), 1e10, 1e30])
    func heights(_ height: Float) {
        // Of 300 keys one lies above all others, in the second block; it alone counts.
        var keys = (0..<300).map { -Float($0 % 7) * height }
        keys[200] = height
        let values = (0..<300).map(Float.init)
        let y = DotProductAttention.forward(
            queries: Tensor([1, 0], shape: [1, 2, 1]), keys: Tensor(keys, shape: [1, 300, 1]),
            values: Tensor(values, shape: [1, 300, 1]), heads: 1)
        #expect(y.values[0] == 200)
        #expect(abs(y.values[1] - 149.5) < 1e-3)
    }

    @Test("a query with a score that is no number, or infinite, has no numbers as a result; others keep theirs")
    func notANumber() {
        for (bad, place) in [(Float.nan, 3), (.infinity, 3), (-.infinity, 3), (Float(bitPattern: 0x7FC0_0001), 140)] {
            var keys = [Float](repeating: 1, count: 150)
            keys[place] = bad
            let whole = DotProductAttention.forward(
                queries: Tensor([1, 1, 2], shape: [1, 3, 1]), keys: Tensor(keys, shape: [1, 150, 1]),
                values: Tensor(keys.map { $0 * 0 }, shape: [1, 150, 1]), heads: 1)
            #expect(whole.values.allSatisfy { $0.isNaN })
            var queries = [Float](repeating: 1, count: 20)
            queries[17] = bad
            let one = DotProductAttention.forward(
                queries: Tensor(queries, shape: [1, 20, 1]), keys: Tensor(repeating: 1, shape: [1, 150, 1]),
                values: Tensor(repeating: 2, shape: [1, 150, 1]), heads: 1)
            #expect(one.values.enumerated().allSatisfy { $0 == 17 ? $1.isNaN : $1 == 2 })
        }
    }

    @Test("1, 2, 3 and 8 threads give the same bytes", arguments: shapes)
    func threads(_ s: [Int]) {
        let before = rk_threads()
        defer { rk_set_threads(before) }
        let q = Tensor(NaiveTensor(random: [s[0], s[2], s[1] * s[4]], seed: 1))
        let k = Tensor(NaiveTensor(random: [s[0], s[3], s[1] * s[4]], seed: 2))
        let v = Tensor(NaiveTensor(random: [s[0], s[3], s[1] * s[5]], seed: 3))
        let results = [1, 2, 3, 8].map { count in
            rk_set_threads(Int32(count))
            return bits(DotProductAttention.forward(queries: q, keys: k, values: v, heads: s[1]))
        }
        for result in results.dropFirst() { #expect(result == results[0]) }
    }
}
