import Autograd
import Foundation
import TensorCore
import Testing

@Suite struct CrossEntropyTests {
    /// The third row does not count.
    private let labels: [Int?] = [2, 0, nil, 4]
    private let logits: [Double] = (0..<20).map { sin(Double($0 * $0)) * 3 }

    private func expected(_ x: [Double]) -> Double {
        labels.enumerated().reduce(0) { sum, entry in
            guard let label = entry.element else { return sum }
            let row = Array(x[(entry.offset * 5)..<(entry.offset * 5 + 5)])
            return sum + log(row.reduce(0) { $0 + exp($1) }) - row[label]
        } / 3
    }

    @Test func valueAndGradientMatchTheDefinition() throws {
        let x = Variable(Tensor(logits.map(Float.init), shape: [4, 5]), requiresGradient: true)
        let loss = x.crossEntropy(labels: labels)
        #expect(abs(Double(loss.value.scalar) - expected(logits)) < 1e-5)
        loss.backward()
        let gradient = try #require(x.gradient).values
        for i in logits.indices {
            var up = logits, down = logits
            up[i] += 1e-5
            down[i] -= 1e-5
            #expect(abs(Double(gradient[i]) - (expected(up) - expected(down)) / 2e-5) < 1e-5)
        }
    }

    @Test func certaintyOfTheWrongClassIsFinite() {
        let x = Variable(Tensor([200, -200], shape: [1, 2]))
        #expect(x.crossEntropy(labels: [1]).value.scalar.isFinite)
    }
}
