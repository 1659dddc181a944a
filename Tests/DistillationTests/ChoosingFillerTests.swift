import Diffusion
import Distillation
import Layers
import TensorCore
import Testing

@Suite struct ChoosingFillerTests {
    /// A network that adds to the pre-fill what its last layer says: nothing, or noise.
    private func network(noise: Float) throws -> InpaintingNetwork {
        let network = try InpaintingNetwork(TestRun.student(), seed: 9, requiresGradient: false)
        var random = SeededRandom(seed: 10)
        for (name, variable) in network.parameters where name == "unet.conv_out.weight" {
            variable.value.copyInPlace(from: random.normalTensor(variable.shape) * noise)
        }
        return network
    }

    private let crops = CropSampler(TestRun.training).batch(step: 0, count: 3, size: 64).tensors()

    private func fill(_ filler: some CropFilling) -> [Float] {
        filler.fill(prefill: crops.prefill, mask: crops.mask, steps: 1, seed: 2).values
    }

    @Test func theOneThatFillsTheSurroundingsBetterIsTaken() throws {
        let (good, bad) = (try network(noise: 0), try network(noise: 1))
        #expect(fill(good) != fill(bad))
        #expect(fill(ChoosingFiller(base: good, tuned: bad)) == fill(good))
        #expect(fill(ChoosingFiller(base: bad, tuned: good)) == fill(good))
        #expect(fill(ChoosingFiller(base: bad, tuned: bad)) == fill(bad))
    }
}
