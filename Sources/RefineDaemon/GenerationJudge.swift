import ImageLibrary
import Personalization
import WorkerProtocol

/// From what a judging tuner measured to what becomes of the weights.
enum GenerationJudge {
    /// Of holes, places, noise and resampling: fixed, so that two judgements differ by the weights alone.
    static let seed: UInt64 = 0x5EED_0F_1D6E

    /// - Parameter earlier: judgements that were made before.
    static func judge(_ figures: JudgeFigures, earlier: Int) -> RunJudgement {
        let gains = figures.gains.sorted { $0.key < $1.key }.map(\.value)
        let judgement = AdoptionGate().judge(
            gains: gains, canary: figures.canary, earlier: earlier, seed: seed)
        // SQLite takes no infinities.
        return RunJudgement(
            verdict: judgement.verdict.rawValue, gain: finite(judgement.gain),
            lowerBound: finite(judgement.lowerBound), canaryGain: finite(judgement.canaryGain),
            photos: judgement.photos, level: judgement.level)
    }

    private static func finite(_ value: Double) -> Double { value.isFinite ? value : value > 0 ? 999 : -999 }
}
