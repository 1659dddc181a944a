import Diffusion
import Layers
import TensorCore
import Testing

@Suite("SpaceToDepthCodec")
struct SpaceToDepthCodecTests {
    /// [1, 3, 8, 12] of 8-bit levels in 0...1.
    private func picture(seed: UInt64) -> Tensor {
        var random = SeededRandom(seed: seed)
        return Tensor((0..<288).map { _ in Float(random.next() >> 56) / 255 }, shape: [1, 3, 8, 12])
    }

    @Test("image undoes residual to 8 bits for any scale", arguments: [0.05, 0.0731, 0.25, 1, 3] as [Float])
    func roundTrip(_ scale: Float) {
        let codec = SpaceToDepthCodec(CodecConfiguration(residualScale: scale))
        let image = picture(seed: 1), prefill = picture(seed: 2)
        let residual = codec.residual(image: image, prefill: prefill)
        #expect(residual.shape == [1, 48, 2, 3])
        let back = codec.image(residual: residual, prefill: prefill, mask: Tensor(repeating: 1, shape: image.shape))
        #expect(largestDifference(back, image) < 1e-6)
        #expect(back.values.map { ($0 * 255).rounded() } == image.values.map { ($0 * 255).rounded() })
    }

    @Test("where the mask is 0 the image is the pre-fill, bit for bit")
    func outside() {
        let codec = SpaceToDepthCodec(CodecConfiguration(residualScale: 0.0731))
        let prefill = picture(seed: 2)
        var random = SeededRandom(seed: 3)
        let residual = random.normalTensor([1, 48, 2, 3])
        let mask = Tensor((0..<288).map { $0 % 3 == 0 ? 1 : 0 }, shape: prefill.shape)
        let image = codec.image(residual: residual, prefill: prefill, mask: mask).values
        for (i, value) in prefill.values.enumerated() {
            if i % 3 == 0 {
                #expect(image[i] != value)
            } else {
                #expect(image[i].bitPattern == value.bitPattern)
            }
        }
    }

    @Test("the condition is the pre-fill in -1...1, then the mask, folded")
    func condition() {
        let codec = SpaceToDepthCodec(CodecConfiguration(patchSize: 2, residualScale: 1))
        let prefill = Tensor([0, 0.25, 0.5, 1] + [Float](repeating: 0.5, count: 8), shape: [1, 3, 2, 2])
        let condition = codec.condition(prefill: prefill, mask: Tensor([1, 0, 0, 1], shape: [1, 1, 2, 2]))
        #expect(condition.shape == [1, 16, 1, 1])
        #expect(condition.values == [-1, -0.5, 0, 1] + [Float](repeating: 0, count: 8) + [1, 0, 0, 1])
    }

    @Test("numbers out of range and another class are refused")
    func refused() {
        for (patch, scale) in [(0, 1), (17, 1), (4, 0), (4, -1), (4, Float.nan), (4, .infinity)] as [(Int, Float)] {
            let error = #expect(throws: ModelError.self) {
                try CodecConfiguration(patchSize: patch, residualScale: scale).validate(origin: "codec")
            }
            #expect(error?.code == .badConfiguration)
        }
        var other = CodecConfiguration(residualScale: 1)
        other.className = "AutoencoderKL"
        let error = #expect(throws: ModelError.self) { try other.validate(origin: "codec") }
        #expect(error?.code == .unsupportedModel)
    }
}
