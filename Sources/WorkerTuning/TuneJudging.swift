import Distillation
import WorkerProtocol

/// Compares tuned weights with those in use and with the base.
struct TuneJudging {
    private let candidate: InpaintingNetwork
    private let current: InpaintingNetwork
    private let base: InpaintingNetwork
    private let judge: PersonalJudge

    /// - Throws: `ModelError`.
    init(_ order: JudgeOrder) throws {
        candidate = try InpaintingNetwork(directory: order.candidate, requiresGradient: false)
        current = try InpaintingNetwork(directory: order.current, requiresGradient: false)
        base =
            order.base == order.current
            ? current : try InpaintingNetwork(directory: order.base, requiresGradient: false)
        judge = PersonalJudge(
            seed: order.seed, cropSize: order.size.cropSize ?? PersonalJudge.cropSize,
            pictures: order.size.canaryPictures ?? PersonalJudge.canaryPictures)
    }

    func figures(_ photos: TunePhotos) throws -> JudgeFigures {
        var gains: [UInt64: Double] = [:]
        for (photo, key) in zip(photos.photos, photos.keys) {
            gains[key] = judge.gain(photo, key: key, from: current, to: candidate)
        }
        return JudgeFigures(
            gains: gains, canary: judge.canary(from: base, to: candidate),
            prompts: judge.prompts(from: base, to: candidate))
    }
}
