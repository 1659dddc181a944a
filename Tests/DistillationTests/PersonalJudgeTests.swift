import Diffusion
import Distillation
import Foundation
import TensorCore
import Testing

@Suite(.serialized) struct PersonalJudgeTests {
    /// Fills the hole with the pre-fill, lighter by a little.
    private struct Offset: CropFilling {
        var offset: Float

        func fill(prefill: Tensor, mask: Tensor, steps: Int, seed: UInt64) -> Tensor {
            let result = prefill.copy()
            for i in 0..<result.count { result.pointer[i] += offset }
            return result
        }
    }

    private static func photo(_ seed: UInt64) -> TrainingPhoto {
        let scene = SceneGenerator().scene(seed: seed, width: 80, height: 80)
        return TrainingPhoto(width: 80, height: 80, pixels: scene.pixels)
    }

    private let judge = PersonalJudge(seed: 4, cropSize: 32, pictures: 3)

    @Test func whatIsWorseLosesAndTheReverseGainsAsMuch() throws {
        let photo = Self.photo(1), (plain, off) = (Offset(offset: 0), Offset(offset: 0.3))
        let loss = try #require(judge.gain(photo, key: 1, from: plain, to: off))
        #expect(loss < -1)
        #expect(judge.gain(photo, key: 1, from: off, to: plain) == -loss)
        #expect(judge.gain(photo, key: 1, from: plain, to: plain) == 0)
        #expect(judge.canary(from: plain, to: off).allSatisfy { $0 < 0 })
        #expect(judge.canary(from: plain, to: off).count == 3)
    }

    @Test func holesAndPlacesFollowFromSeedAndKeyAlone() throws {
        let photo = Self.photo(2), (plain, off) = (Offset(offset: 0), Offset(offset: 0.1))
        func gain(_ judge: PersonalJudge, _ key: UInt64) -> Double? {
            judge.gain(photo, key: key, from: plain, to: off)
        }
        #expect(gain(judge, 7) == gain(PersonalJudge(seed: 4, cropSize: 32), 7))
        #expect(gain(judge, 7) != gain(judge, 8))
        #expect(gain(judge, 7) != gain(PersonalJudge(seed: 5, cropSize: 32), 7))
    }

    @Test func photosThatAreTooSmallAreLeftOut() {
        let small = TrainingPhoto(width: 31, height: 80, pixels: [UInt8](repeating: 9, count: 31 * 80 * 3))
        #expect(judge.gain(small, key: 1, from: Offset(offset: 0), to: Offset(offset: 0)) == nil)
    }
}
