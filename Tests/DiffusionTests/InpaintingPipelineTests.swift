import Diffusion
import Layers
import TensorCore
import Testing

@Suite("InpaintingPipeline")
struct InpaintingPipelineTests {
    private func pipeline(_ weights: [String: Tensor]) throws -> InpaintingPipeline {
        try InpaintingPipeline(folder: SmallModel.folder, weights: weights)
    }

    private func fill(_ pipeline: InpaintingPipeline, steps: Int, seed: UInt64) -> [Float] {
        let run = pipeline.start(
            prefill: SmallModel.prefill, mask: SmallModel.mask, width: SmallModel.width, height: SmallModel.height,
            steps: steps, seed: seed)
        for _ in 0..<steps { run.step() }
        return run.image()
    }

    @Test("an untrained student gives exactly the pre-fill", arguments: [1, 2, 5])
    func untrained(steps: Int) throws {
        #expect(fill(try pipeline(SmallModel.untrained()), steps: steps, seed: 1) == SmallModel.prefill)
    }

    @Test("the default student gives exactly the pre-fill before training")
    func untrainedDefault() throws {
        let codec = CodecConfiguration(), unet = UNetConfiguration.student(codec: codec)
        let folder = ModelFolder(
            index: ModelIndex(name: "new", generation: "0", defaultSteps: 1), codec: codec,
            scheduler: DDIMConfiguration(), unet: unet)
        let pipeline = try InpaintingPipeline(folder: folder, weights: SmallModel.untrained(unet))
        #expect(pipeline.sizeMultiple == 32)
        let values = (0..<3 * 32 * 64).map { Float($0 % 256) / 255 }
        let run = pipeline.start(
            prefill: values, mask: [UInt8](repeating: 255, count: 32 * 64), width: 64, height: 32, steps: 1, seed: 3)
        run.step()
        #expect(run.image() == values)
    }

    @Test("the same seed gives the same bytes, another one others")
    func seeds() throws {
        let pipeline = try pipeline(SmallModel.trained())
        let first = fill(pipeline, steps: 2, seed: 7).map(\.bitPattern)
        #expect(fill(pipeline, steps: 2, seed: 7).map(\.bitPattern) == first)
        #expect(fill(try self.pipeline(SmallModel.trained()), steps: 2, seed: 7).map(\.bitPattern) == first)
        #expect(fill(pipeline, steps: 2, seed: 8).map(\.bitPattern) != first)
        #expect(fill(pipeline, steps: 3, seed: 7).map(\.bitPattern) != first)
    }

    @Test("pixels outside of the hole are the pre-fill's, bit for bit")
    func outside() throws {
        let filled = fill(try pipeline(SmallModel.trained()), steps: 3, seed: 7), plane = SmallModel.mask.count
        var changed = 0
        for i in filled.indices where filled[i].bitPattern != SmallModel.prefill[i].bitPattern {
            #expect(SmallModel.mask[i % plane] == 255)
            changed += 1
        }
        #expect(changed > 3 * SmallModel.mask.filter { $0 == 255 }.count / 2)
    }

    /// A network that answers with the bias of its last layer whatever it sees makes the whole way computable by hand:
    /// x₀ is that bias in the hole after every step, unfolded, and in the picture times the codec's unit.
    @Test("a constant prediction comes out unfolded and scaled", arguments: [1, 4])
    func constantPrediction(steps: Int) throws {
        var weights = try SmallModel.untrained()
        weights["conv_out.bias"] = Tensor((0..<48).map { Float($0) / 64 - 0.25 }, shape: [48])
        let filled = fill(try pipeline(weights), steps: steps, seed: 9)
        let (width, height, plane) = (SmallModel.width, SmallModel.height, SmallModel.mask.count)
        let unit = SpaceToDepthCodec(SmallModel.codec).condition(
            prefill: Tensor(SmallModel.prefill, shape: [1, 3, height, width]),
            mask: Tensor(SmallModel.mask.map { $0 == 255 ? 1 : 0 }, shape: [1, 1, height, width])
        ).unit.depthToSpace(4).values
        for i in filled.indices {
            let (channel, y, x) = (i / plane, i % plane / width, i % width)
            let bias = Float((channel * 4 + y % 4) * 4 + x % 4) / 64 - 0.25
            let hole: Float = SmallModel.mask[i % plane] == 255 ? 1 : 0
            let expected = min(max(SmallModel.prefill[i] + bias * unit[i] * hole, 0), 1)
            #expect(abs(filled[i] - expected) < 1e-5)
        }
    }

    @Test("a run counts its steps and stops after the last")
    func steps() throws {
        let run = try pipeline(SmallModel.trained()).start(
            prefill: SmallModel.prefill, mask: SmallModel.mask, width: SmallModel.width, height: SmallModel.height,
            steps: 2, seed: 1)
        #expect(run.totalSteps == 2 && run.completedSteps == 0)
        run.step()
        #expect(run.completedSteps == 1)
        run.step()
        let done = run.image()
        run.step()
        #expect(run.completedSteps == 2 && run.image() == done)
    }

    /// With a constant prediction, since each image of a batch gets noise of its own.
    @Test("images of a batch are filled as they would be alone, noise apart")
    func batch() throws {
        var weights = try SmallModel.untrained()
        weights["conv_out.bias"] = Tensor(repeating: 0.5, shape: [48])
        let pipeline = try pipeline(weights), alone = fill(pipeline, steps: 1, seed: 1)
        let prefill = Tensor(
            SmallModel.prefill + SmallModel.prefill, shape: [2, 3, SmallModel.height, SmallModel.width])
        let plane = SmallModel.mask.map { $0 == 255 ? Float(1) : 0 }
        let run = pipeline.start(
            prefill: prefill, mask: Tensor(plane + plane, shape: [2, 1, SmallModel.height, SmallModel.width]),
            steps: 1, seed: 1)
        run.step()
        #expect(run.image() == alone + alone)
    }
}
