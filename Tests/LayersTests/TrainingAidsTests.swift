import Autograd
import Layers
import TensorCore
import Testing

@Suite("ExponentialMovingAverage")
struct ExponentialMovingAverageTests {
    @Test("update follows min(decay, (1 + n) / (10 + n)) towards the weights")
    func follows() throws {
        let set = ParameterSet(seed: 1)
        let weight = try set.root.parameter("w", [2], .ones)
        let average = ExponentialMovingAverage(set, decay: 0.5)
        var expected = 1.0
        for n in 0..<30 {
            weight.value.copyInPlace(from: Tensor(repeating: Float(n), shape: [2]))
            average.update()
            let factor = min(0.5, Double(1 + n) / Double(10 + n))
            expected = factor * expected + (1 - factor) * Double(n)
            #expect(abs(Double(average.tensors["w"]?.values[1] ?? .nan) - expected) < 1e-5, "update \(n)")
        }
        #expect(weight.value.values == [29, 29], "the weights themselves stay")
    }

    @Test("restore takes up averages and their count, and refuses what does not fit")
    func restore() throws {
        let set = ParameterSet(seed: 1)
        _ = try set.root.parameter("w", [2], .ones)
        let average = ExponentialMovingAverage(set, decay: 0.9)
        try average.restore(["w": Tensor([3, 5], shape: [2])], updates: 1_000_000, origin: "x")
        average.update()
        #expect(abs((average.tensors["w"]?.values[0] ?? 0) - 2.8) < 1e-5, "decay 0.9, not the first update's 0.1")
        for tensors in [[:], ["w": Tensor([3], shape: [1])]] {
            let error = #expect(throws: ModelError.self) { try average.restore(tensors, updates: 0, origin: "x") }
            #expect(error?.code == .wrongShape && error?.problem.contains("\"w\"") == true)
        }
    }
}

@Suite("LearningRateSchedule")
struct LearningRateScheduleTests {
    private let schedule = LearningRateSchedule(peak: 2, warmUpSteps: 10, totalSteps: 110, floor: 0.1)

    static let rates: [(step: Int, rate: Double)] = [
        (0, 0.2), (4, 1), (9, 2), (10, 2), (35, 1.73639610), (60, 1.1), (110, 0.2), (1000, 0.2),
    ]

    /// At step 35: 0.2 + 1.8 (1 + √½) / 2.
    @Test("warms up in a line, falls along half a cosine, stays at the floor", arguments: rates)
    func rate(step: Int, rate: Double) {
        #expect(abs(Double(schedule.rate(at: step)) - rate) < 1e-6)
    }

    @Test("without warm-up it starts at the peak, and no length divides by zero")
    func edges() {
        #expect(LearningRateSchedule(peak: 1, warmUpSteps: 0, totalSteps: 10).rate(at: 0) == 1)
        #expect(LearningRateSchedule(peak: 1, warmUpSteps: 5, totalSteps: 5).rate(at: 5) == 1)
        #expect(LearningRateSchedule(peak: 1, warmUpSteps: 0, totalSteps: 0).rate(at: 3).isFinite)
    }
}

@Suite("SeededRandom")
struct SeededRandomTests {
    /// From the reference C code, splitmix64.c filling the state of xoshiro256plusplus.c (prng.di.unimi.it).
    static let outputs: [(seed: UInt64, words: [UInt64])] = [
        (0, [0x5317_5D61_490B_23DF, 0x61DA_6F3D_C380_D507, 0x5C0F_DF91_EC9A_7BFC, 0x02EE_BF8C_3BBE_5E1A]),
        (42, [0xD076_4D4F_4476_689F, 0x519E_4174_576F_3791, 0xFBE0_7CFB_0C24_ED8C, 0xB37D_9F60_0CD8_35B8]),
    ]

    @Test("next follows the reference implementation", arguments: outputs)
    func reference(seed: UInt64, words: [UInt64]) {
        var random = SeededRandom(seed: seed)
        #expect(words.map { _ in random.next() } == words)
    }

    @Test("uniform takes the upper 24 bits")
    func uniform() {
        var random = SeededRandom(seed: 42)
        let expected: [Float] = [13_661_773, 5_348_929, 16_507_004, 11_763_103].map { $0 * 0x1p-24 }
        #expect(expected.map { _ in random.uniform() } == expected)
    }

    /// √(-2 ln(1 - u)) (cos, sin)(2π v) of the reference's u and v, by Python's math in double precision.
    @Test("normal follows Box and Muller")
    func normal() {
        var random = SeededRandom(seed: 42)
        let expected: [Float] = [-0.7689927475533667, 1.6661185404187082, -0.8684461106554736, -2.739149829714798]
        #expect(expected.map { _ in random.normal() } == expected)
        #expect(random.normalTensor([50, 50]).isFinite)
    }

    @Test("streams of one seed are the fixed ones and differ")
    func streams() {
        var first = SeededRandom(seed: 7, stream: 0), second = SeededRandom(seed: 7, stream: 1)
        #expect(first.next() == 0x7D94_A751_B9D5_0020)
        #expect(second.next() == 0x39AB_3DE9_2EDC_CEAA)
    }

    @Test("words restore the state, half of a pair of normals included")
    func words() {
        var random = SeededRandom(seed: 3)
        for draws in 0..<4 {
            var copy = SeededRandom(seed: 0)
            copy.words = random.words
            #expect(copy.normal() == random.normal(), "after \(draws) draws")
            #expect(copy.next() == random.next())
        }
    }
}
