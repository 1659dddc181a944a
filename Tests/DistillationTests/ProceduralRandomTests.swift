import Distillation
import Testing

@Suite("SeededGenerator")
struct ProceduralRandomTests {
    /// The first outputs of xoshiro256** after SplitMix64 from seed 0, as computed by the reference C code
    /// (prng.di.unimi.it: splitmix64.c fills the state of xoshiro256starstar.c).
    @Test("next() follows the reference implementation for seed 0")
    func referenceSequence() {
        var random = SeededGenerator(seed: 0)
        #expect(random.next() == 0x99EC_5F36_CB75_F2B4)
        #expect(random.next() == 0xBF6E_1F78_4956_452A)
        #expect(random.next() == 0x1A5F_849D_4933_E6E0)
    }

    @Test("normal() has mean 0 and variance 1")
    func normalMoments() {
        var random = SeededGenerator(seed: 9)
        let values = (0..<40_000).map { _ in Double(random.normal()) }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        #expect(abs(mean) < 0.02)
        #expect(abs(variance - 1) < 0.04)
    }

    @Test("uniform(_:) stays in its range and reaches both ends of it")
    func uniformRange() {
        var random = SeededGenerator(seed: 5)
        let values = (0..<10_000).map { _ in random.uniform(-3...7) }
        #expect(values.allSatisfy { $0 >= -3 && $0 <= 7 })
        #expect((values.min() ?? 0) < -2.9)
        #expect((values.max() ?? 0) > 6.9)
    }
}
