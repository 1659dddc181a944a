import NaiveOracle
import TensorCore
import Testing

@Suite("Layout: channels, concatenation, resampling")
struct LayoutTests {
    /// [N, C, H, W] with even H and W, most no multiples of 16.
    static let even = [
        [1, 1, 2, 2], [2, 3, 4, 6], [1, 5, 18, 34], [3, 2, 64, 66], [0, 2, 4, 4], [2, 0, 4, 4], [1, 2, 0, 4],
    ]

    @Test(
        "addingAlongChannels takes one bias for all or one for each image",
        arguments: [
            [2, 3], [500, 77], [2, 5, 7], [3, 17, 5, 9], [2, 4, 100, 90], [0, 3, 4], [2, 3, 0],
        ])
    func channelAdd(_ shape: [Int]) {
        let x = NaiveTensor(random: shape, seed: 1)
        for bias in [NaiveTensor(random: [shape[1]], seed: 2), NaiveTensor(random: Array(shape.prefix(2)), seed: 3)] {
            let y = Tensor(x).addingAlongChannels(Tensor(bias))
            #expect(y.shape == shape)
            #expect(Deviation.relative(y.values, x.addingAlongChannels(bias)) < 1e-7)
        }
    }

    @Test(
        "sums over inner and outer axes agree with the definition",
        arguments: [
            [1, 1], [500, 77], [2, 5, 7], [3, 17, 5, 9], [2, 4, 100, 90], [0, 3, 4], [2, 3, 0],
        ])
    func axisSums(_ shape: [Int]) {
        let x = NaiveTensor(random: shape, seed: 1)
        #expect(Deviation.relative(Tensor(x).summedOverInner().values, x.summedOverInner()) < 1e-5)
        #expect(Deviation.relative(Tensor(x).summedOverOuter().values, x.summedOverOuter()) < 1e-6)
        #expect(Tensor(x).summedOverOuter().shape == Array(shape.dropFirst()))
    }

    @Test(
        "transposed swaps the last two axes",
        arguments: [
            [1, 1, 1], [2, 3, 5], [1, 17, 33], [3, 16, 16], [2, 130, 140], [1, 77, 1300], [2, 0, 4], [2, 4, 0],
            [0, 3, 4],
        ])
    func transpose(_ shape: [Int]) {
        let x = NaiveTensor(random: shape, seed: 1), y = Tensor(x).transposed()
        #expect(y.shape == [shape[0], shape[2], shape[1]])
        #expect(y.values == x.transposed().floats)
        #expect(y.transposed().values == x.floats)
    }

    @Test("concatenated joins channels and split takes them apart again", arguments: [0, 1, 3])
    func concatenation(batch: Int) {
        let parts = [2, 0, 5, 1].enumerated().map { i, channels in
            NaiveTensor(random: [batch, channels, 3, 7], seed: UInt64(i))
        }
        let joined = Tensor.concatenated(parts.map { Tensor($0) })
        #expect(joined.shape == [batch, 8, 3, 7])
        #expect(joined.values == NaiveTensor.concatenated(parts).floats)
        for (part, original) in zip(joined.split(channels: [2, 0, 5, 1]), parts) {
            #expect(part.shape == original.shape)
            #expect(part.values == original.floats)
        }
    }

    @Test("images that are longer than what one thread copies at a time are joined and split")
    func longImages() {
        let parts = [5, 3].enumerated().map { i, channels in
            NaiveTensor(random: [2, channels, 97, 101], seed: UInt64(i))
        }
        let joined = Tensor.concatenated(parts.map { Tensor($0) })
        #expect(joined.values == NaiveTensor.concatenated(parts).floats)
        for (part, original) in zip(joined.split(channels: [5, 3]), parts) { #expect(part.values == original.floats) }
    }

    @Test("upsampledNearest2 repeats every pixel, and its backward sums them", arguments: even)
    func upsample(_ shape: [Int]) {
        let x = NaiveTensor(random: shape, seed: 1), y = Tensor(x).upsampledNearest2()
        #expect(y.shape == [shape[0], shape[1], 2 * shape[2], 2 * shape[3]])
        #expect(y.values == x.upsampledNearest2().floats)
        let dy = NaiveTensor(random: y.shape, seed: 2)
        #expect(
            Deviation.relative(Tensor(dy).upsampledNearest2Backward().values, dy.averagePooled2() * 4) < 1e-6)
    }

    @Test("averagePooled2 takes the mean, and its backward spreads a quarter", arguments: even)
    func pool(_ shape: [Int]) {
        let x = NaiveTensor(random: shape, seed: 1), y = Tensor(x).averagePooled2()
        #expect(y.shape == [shape[0], shape[1], shape[2] / 2, shape[3] / 2])
        #expect(Deviation.relative(y.values, x.averagePooled2()) < 1e-6)
        let dy = NaiveTensor(random: y.shape, seed: 2)
        #expect(Tensor(dy).averagePooled2Backward().values == (dy.upsampledNearest2() * 0.25).floats)
    }

    @Test("spaceToDepth and depthToSpace have the order of PixelUnshuffle", arguments: [1, 2, 3, 4])
    func fold(_ factor: Int) {
        for (n, c, h, w) in [(1, 1, 1, 1), (2, 3, 3, 5), (1, 4, 17, 20), (0, 2, 3, 3), (2, 1, 0, 3)] {
            let x = NaiveTensor(random: [n, c, h * factor, w * factor], seed: 1)
            let folded = Tensor(x).spaceToDepth(factor)
            #expect(folded.shape == [n, c * factor * factor, h, w])
            #expect(folded.values == x.spaceToDepth(factor).floats)
            #expect(folded.depthToSpace(factor).values == x.floats)
            let deep = NaiveTensor(random: folded.shape, seed: 2)
            #expect(Tensor(deep).depthToSpace(factor).values == deep.depthToSpace(factor).floats)
        }
    }

    /// torch.nn.PixelUnshuffle(2)(torch.arange(16.).reshape(1, 1, 4, 4)).flatten().int().tolist()
    @Test("spaceToDepth gives what torch gives")
    func foldGolden() {
        let folded = Tensor((0..<16).map(Float.init), shape: [1, 1, 4, 4]).spaceToDepth(2)
        #expect(folded.values == [0, 2, 8, 10, 1, 3, 9, 11, 4, 6, 12, 14, 5, 7, 13, 15])
    }
}
