import Diffusion
import Distillation
import Layers
import TensorCore
import Testing

@Suite(.serialized) struct TunedBlendTests {
    /// A network whose last layer says something, and more noise the more it has forgotten.
    private func network(noise: Float) throws -> InpaintingNetwork {
        let network = try InpaintingNetwork(TestRun.student(), seed: 9, requiresGradient: false)
        var random = SeededRandom(seed: 10)
        for (name, variable) in network.parameters where name == "unet.conv_out.weight" {
            variable.value.copyInPlace(from: random.normalTensor(variable.shape) * noise)
        }
        return network
    }

    private func lastLayer(_ network: InpaintingNetwork) throws -> [Float] {
        try #require(network.parameters.first { $0.name == "unet.conv_out.weight" }).variable.value.values
    }

    @Test func whatForgetsNothingIsTakenWhole() throws {
        let base = try network(noise: 0)
        let blend = try TunedBlend(base: base, tuned: base, cropSize: 32, pictures: 4)
        #expect(blend.share == 1)
    }

    @Test func theMoreIsForgottenTheLessIsTaken() throws {
        let base = try network(noise: 0)
        // The base is the pre-fill; noise upon it is a loss whose size goes with the share.
        let shares = try [0.0001, 0.003, 0.02].map { noise in
            try TunedBlend(base: base, tuned: network(noise: noise), cropSize: 32, pictures: 4).share
        }
        #expect(shares == shares.sorted(by: >))
        #expect(shares[0] > shares[2])
        #expect(shares.allSatisfy { $0 > 0 })
    }

    @Test func theLargestShareThatLosesLittleIsFound() throws {
        let blend = try TunedBlend(base: network(noise: 0), tuned: network(noise: 0.01), cropSize: 32, pictures: 4)
        #expect(blend.trials.first?.share == 1 && (2...6).contains(blend.trials.count))
        let good = blend.trials.filter { $0.canary >= -0.07 }, bad = blend.trials.filter { $0.canary < -0.07 }
        #expect(good.map(\.share).max() == blend.share)
        #expect(try abs(#require(bad.map(\.share).min()) - blend.share - 0.05) < 1e-5)
    }

    @Test func aShareMixesTheWeights() throws {
        let (base, tuned) = (try network(noise: 0.5), try network(noise: 1))
        let blend = try TunedBlend(base: base, tuned: tuned, share: 0.25, cropSize: 32, pictures: 1)
        #expect(blend.share == 0.25)
        let expected = zip(try lastLayer(base), try lastLayer(tuned)).map { 0.75 * $0 + 0.25 * $1 }
        for (mixed, expected) in zip(try lastLayer(blend.network), expected) { #expect(abs(mixed - expected) < 1e-6) }
    }

    @Test func networksOfDifferentShapesAreRefused() throws {
        let other = try InpaintingNetwork(TestRun.student([16, 64]), seed: 1, requiresGradient: false)
        #expect(throws: ModelError.self) {
            try TunedBlend(base: other, tuned: network(noise: 1), cropSize: 32, pictures: 1)
        }
    }
}
