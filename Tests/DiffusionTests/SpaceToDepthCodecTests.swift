import Diffusion
import Foundation
import Layers
import TensorCore
import Testing

@Suite("SpaceToDepthCodec")
struct SpaceToDepthCodecTests {
    private let height = 16, width = 24

    /// [1, 3, 16, 24] of 8-bit levels in 0...1.
    private func picture(seed: UInt64) -> Tensor {
        var random = SeededRandom(seed: seed)
        return Tensor(
            (0..<3 * height * width).map { _ in Float(random.next() >> 56) / 255 }, shape: [1, 3, height, width])
    }

    /// [1, 1, 16, 24], 1 inside of a rectangle.
    private func mask(_ rows: Range<Int>, _ columns: Range<Int>) -> Tensor {
        Tensor(
            (0..<height * width).map { rows.contains($0 / width) && columns.contains($0 % width) ? 1 : 0 },
            shape: [1, 1, height, width])
    }

    @Test("image undoes residual in the hole to 8 bits, for any scale", arguments: [0.05, 0.731, 1, 3] as [Float])
    func roundTrip(_ scale: Float) {
        let codec = SpaceToDepthCodec(CodecConfiguration(residualScale: scale))
        let image = picture(seed: 1), prefill = picture(seed: 2), mask = mask(2..<13, 5..<19)
        let condition = codec.condition(prefill: prefill, mask: mask)
        let residual = codec.residual(image: image, condition)
        #expect(residual.shape == [1, 48, 4, 6])
        let back = codec.image(residual: residual, condition).values
        for i in back.indices where mask.values[i % (height * width)] == 1 {
            #expect((back[i] * 255).rounded() == (image.values[i] * 255).rounded())
            #expect(abs(back[i] - image.values[i]) < 1e-6)
        }
    }

    @Test("where the mask is 0 the image is the pre-fill, bit for bit, whatever the residual")
    func outside() {
        let codec = SpaceToDepthCodec(CodecConfiguration())
        let prefill = picture(seed: 2), mask = mask(2..<13, 5..<19)
        var random = SeededRandom(seed: 3)
        let image = codec.image(
            residual: random.normalTensor([1, 48, 4, 6]), codec.condition(prefill: prefill, mask: mask)
        ).values
        for (i, value) in prefill.values.enumerated() {
            let inside = mask.values[i % (height * width)] == 1
            #expect((image[i].bitPattern != value.bitPattern) == inside)
        }
    }

    @Test("an even grey is its own mean, at the least contrast, and zero in units of it")
    func evenGrey() {
        let codec = SpaceToDepthCodec(CodecConfiguration(contrastFloor: 0.02))
        let prefill = Tensor(repeating: 0.25, shape: [1, 3, height, width])
        let condition = codec.condition(prefill: prefill, mask: mask(4..<8, 8..<12))
        #expect(condition.channels.shape == [1, 68, 4, 6])
        let parts = condition.channels.split(channels: [48, 16, 3, 1])
        #expect(parts[0].values.allSatisfy { abs($0) < 0.01 })
        // The hole is one patch: row 1, column 2 of the folded picture.
        #expect(parts[1].values.enumerated().allSatisfy { i, value in value == (i % 24 == 8 ? 1 : 0) })
        #expect(parts[2].values.allSatisfy { abs($0 + 0.5) < 1e-4 })
        #expect(parts[3].values.allSatisfy { abs($0 - Float(log(0.2))) < 0.01 })
        #expect(condition.unit.values.allSatisfy { abs($0 - 0.02) < 2e-4 })
        #expect(condition.hole.values.enumerated().allSatisfy { i, value in value == (i % 24 == 8 ? 1 : 0) })
    }

    @Test("the contrast is that of the known pixels: what lies in the hole does not count")
    func holeDoesNotCount() {
        let codec = SpaceToDepthCodec(CodecConfiguration()), mask = mask(2..<13, 5..<19)
        let prefill = picture(seed: 2), other = picture(seed: 9)
        let mixed = Tensor(
            prefill.values.indices.map { i in
                mask.values[i % (height * width)] == 1 ? other.values[i] : prefill.values[i]
            }, shape: prefill.shape)
        let a = codec.condition(prefill: prefill, mask: mask), b = codec.condition(prefill: mixed, mask: mask)
        #expect(a.unit.values == b.unit.values)
        let tones = [a, b].map { $0.channels.split(channels: [64, 4])[1].values }
        #expect(tones[0] == tones[1])
    }

    @Test("the same picture in dimmer light is the same to the network, but for its tone")
    func light() {
        let codec = SpaceToDepthCodec(CodecConfiguration(contrastFloor: 1e-4)), mask = mask(2..<13, 5..<19)
        let bright = picture(seed: 2)
        let dim = bright * 0.5 + Tensor(repeating: 0.2, shape: bright.shape)
        let a = codec.condition(prefill: bright, mask: mask), b = codec.condition(prefill: dim, mask: mask)
        let shapes = [a, b].map { $0.channels.split(channels: [48, 20])[0] }
        #expect(largestDifference(shapes[0], shapes[1]) < 1e-3)
        #expect(largestDifference(a.unit * 0.5, b.unit) < 1e-4)
    }

    @Test("a crop that is all hole has a middle tone and finite numbers")
    func allHole() {
        let condition = SpaceToDepthCodec(CodecConfiguration()).condition(
            prefill: picture(seed: 2), mask: Tensor(repeating: 1, shape: [1, 1, height, width]))
        #expect(condition.channels.isFinite && condition.unit.isFinite)
        #expect(condition.unit.values.allSatisfy { abs($0 - 0.5) < 0.01 })
    }

    @Test("each image of a batch has a contrast of its own")
    func batch() {
        let codec = SpaceToDepthCodec(CodecConfiguration()), mask = mask(2..<13, 5..<19)
        let first = picture(seed: 2), second = picture(seed: 3) * 0.25
        let together = codec.condition(
            prefill: Tensor(first.values + second.values, shape: [2, 3, height, width]),
            mask: Tensor(mask.values + mask.values, shape: [2, 1, height, width]))
        let alone = [first, second].map { codec.condition(prefill: $0, mask: mask) }
        #expect(together.channels.values == alone[0].channels.values + alone[1].channels.values)
        #expect(together.unit.values == alone[0].unit.values + alone[1].unit.values)
    }

    @Test("numbers out of range and another class are refused")
    func refused() {
        let bad: [CodecConfiguration] = [
            .init(patchSize: 0), .init(patchSize: 17), .init(residualScale: 0), .init(residualScale: -1),
            .init(residualScale: .nan), .init(residualScale: .infinity), .init(contrastFloor: 0),
            .init(contrastFloor: 1), .init(contrastFloor: .nan),
        ]
        for configuration in bad {
            let error = #expect(throws: ModelError.self) { try configuration.validate(origin: "codec") }
            #expect(error?.code == .badConfiguration)
        }
        var other = CodecConfiguration()
        other.className = "AutoencoderKL"
        let error = #expect(throws: ModelError.self) { try other.validate(origin: "codec") }
        #expect(error?.code == .unsupportedModel)
    }
}
