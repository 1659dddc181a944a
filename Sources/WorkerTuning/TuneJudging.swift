import Distillation
import WorkerProtocol

/// Compares tuned weights with those in use and with the base, as each would fill: every photo by what suits it better
/// of the weights and their base.
struct TuneJudging {
    private let candidate: any CropFilling
    private let current: any CropFilling
    private let base: InpaintingNetwork
    private let judge: PersonalJudge

    /// - Throws: `ModelError`.
    init(_ order: JudgeOrder) throws {
        let base = try InpaintingNetwork(directory: order.base, requiresGradient: false)
        func filler(_ folder: String) throws -> any CropFilling {
            guard folder != order.base else { return base }
            return ChoosingFiller(base: base, tuned: try InpaintingNetwork(directory: folder, requiresGradient: false))
        }
        self.base = base
        candidate = try filler(order.candidate)
        current = try filler(order.current)
        judge = PersonalJudge(
            seed: order.seed, cropSize: order.size.cropSize ?? PersonalJudge.cropSize,
            pictures: order.size.canaryPictures ?? PersonalJudge.canaryPictures)
    }

    func figures(_ photos: TunePhotos) throws -> JudgeFigures {
        var gains: [UInt64: Double] = [:]
        for (photo, key) in zip(photos.photos, photos.keys) {
            gains[key] = judge.gain(photo, key: key, from: current, to: candidate)
        }
        return JudgeFigures(gains: gains, canary: judge.canary(from: base, to: candidate))
    }
}
