import Distillation
import Testing

@Suite("Procedural masks")
struct ProceduralMaskTests {
    @Test("make(width:height:seed:) keeps the hole between 2 and 35 %", arguments: [64, 128, 256, 512])
    func areaStaysInBounds(size: Int) {
        var usual = 0
        for seed in 0..<60 {
            let mask = RandomMask.make(width: size, height: size, seed: UInt64(seed))
            #expect(mask.count == size * size)
            let filled = mask.count { $0 == 255 }
            #expect(mask.allSatisfy { $0 == 0 || $0 == 255 })
            let share = Double(filled) / Double(mask.count)
            #expect(share >= 0.02 && share <= 0.35, "seed \(seed): \(share)")
            if share >= 0.05 && share <= 0.25 { usual += 1 }
        }
        #expect(usual >= 40)
    }

    @Test("make(width:height:seed:) works for pictures that are not square")
    func oblongMask() {
        for seed in 0..<40 {
            let mask = RandomMask.make(width: 192, height: 64, seed: UInt64(seed))
            let share = Double(mask.count { $0 == 255 }) / Double(mask.count)
            #expect(mask.count == 192 * 64)
            #expect(share >= 0.02 && share <= 0.35, "seed \(seed): \(share)")
        }
    }

    @Test("make(width:height:seed:) is deterministic and differs between seeds")
    func seedDecides() {
        let first = (0..<20).map { RandomMask.make(width: 96, height: 96, seed: $0) }
        let second = (0..<20).map { RandomMask.make(width: 96, height: 96, seed: $0) }
        #expect(first == second)
        #expect(Set(first).count == 20)
    }

    @Test("wide(width:height:seed:) takes up most of the picture and leaves some of it")
    func wideHoles() {
        let masks = (0..<40).map { RandomMask.wide(width: 64, height: 96, seed: UInt64($0)) }
        for mask in masks {
            let share = Double(mask.count { $0 == 255 }) / Double(mask.count)
            #expect(mask.count == 64 * 96 && mask.allSatisfy { $0 == 0 || $0 == 255 })
            #expect(share >= 0.38 && share <= 0.8, "\(share)")
        }
        #expect(Set(masks).count == 40)
        #expect(masks == (0..<40).map { RandomMask.wide(width: 64, height: 96, seed: UInt64($0)) })
    }

    @Test("some holes touch the border, most do not")
    func bordersAreTouched() {
        var touching = 0
        for seed in 0..<100 {
            let mask = RandomMask.make(width: 64, height: 64, seed: UInt64(seed))
            let border = (0..<64).contains {
                mask[$0] != 0 || mask[63 * 64 + $0] != 0 || mask[$0 * 64] != 0 || mask[$0 * 64 + 63] != 0
            }
            if border { touching += 1 }
        }
        #expect(touching > 10 && touching < 95)
    }
}
