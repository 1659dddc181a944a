import Foundation
import Personalization
import Testing

@Suite struct AdoptionGateTests {
    private var gate: AdoptionGate {
        var gate = AdoptionGate()
        gate.resamples = 4000
        return gate
    }

    /// Normally distributed numbers by Box and Muller.
    private struct Normal {
        var state: UInt64

        mutating func next() -> Double {
            func uniform() -> Double {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return (Double(state >> 11) + 0.5) / 9_007_199_254_740_992
            }
            return (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform())
        }
    }

    private let calm = [Double](repeating: 0.02, count: 10)

    @Test func aClearGainIsAdopted() {
        var normal = Normal(state: 1)
        let gains = (0..<30).map { _ in 0.6 + 0.3 * normal.next() }
        let judgement = gate.judge(gains: gains, canary: calm, earlier: 0, seed: 1)
        #expect(judgement.verdict == .adopted)
        #expect(judgement.lowerBound > 0.3 && judgement.lowerBound < judgement.gain)
    }

    @Test func aLossIsNot() {
        #expect(
            gate.judge(gains: [-0.2, -0.1, -0.3, 0.1, -0.2, -0.1], canary: calm, earlier: 0, seed: 1).verdict == .noGain
        )
    }

    @Test func aGainThatCostsTheCanaryIsNot() {
        let gains = (0..<20).map { 1 + Double($0) / 100 }
        #expect(gate.judge(gains: gains, canary: [-0.2, -0.05], earlier: 0, seed: 1).verdict == .canaryLost)
        #expect(gate.judge(gains: gains, canary: [-0.1, -0.05], earlier: 0, seed: 1).verdict == .adopted)
    }

    @Test func fewPhotosOrUndefinedFiguresDecideNothing() {
        #expect(gate.judge(gains: [1, 1, 1, 1], canary: calm, earlier: 0, seed: 1).verdict == .tooFewPhotos)
        #expect(gate.judge(gains: [], canary: calm, earlier: 0, seed: 1).verdict == .tooFewPhotos)
        #expect(gate.judge(gains: [1, 1, 1, 1, 1], canary: [], earlier: 0, seed: 1).verdict == .tooFewPhotos)
        #expect(gate.judge(gains: [1, .nan, 1, 1, 1, 1], canary: calm, earlier: 0, seed: 1).verdict == .notFinite)
    }

    @Test func eachFurtherJudgementCostsCertainty() {
        var normal = Normal(state: 3)
        let gains = (0..<20).map { _ in 0.3 + 0.5 * normal.next() }
        let bounds = [0, 1, 5, 20].map { gate.judge(gains: gains, canary: calm, earlier: $0, seed: 1).lowerBound }
        #expect(bounds == bounds.sorted(by: >))
        let levels = (0..<1000).map { gate.judge(gains: [1, 1], canary: calm, earlier: $0, seed: 1).level }
        #expect(levels.reduce(0, +) <= 0.05)
    }

    /// Noise around zero must be adopted in no more than about one of twenty first judgements.
    @Test func noiseIsSeldomAdopted() {
        var normal = Normal(state: 5)
        var gate = gate
        gate.resamples = 1000
        let adopted = (0..<400).count { i in
            let gains = (0..<16).map { _ in normal.next() }
            return gate.judge(gains: gains, canary: calm, earlier: 0, seed: UInt64(i)).verdict == .adopted
        }
        // The first level is 2.5 %: 10 of 400 expected, 24 are four standard deviations more.
        #expect(adopted <= 24, "\(adopted) of 400")
        #expect(adopted > 0)
    }

    @Test func theSameFiguresGiveTheSameJudgement() {
        let gains = [0.1, 0.5, -0.2, 0.4, 0.3, 0.2]
        #expect(
            gate.judge(gains: gains, canary: calm, earlier: 0, seed: 9)
                == gate.judge(gains: gains, canary: calm, earlier: 0, seed: 9))
    }
}
