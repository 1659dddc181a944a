/// Linear warm-up, then half a cosine down to `floor` (Loshchilov and Hutter 2017).
public struct LearningRateSchedule: Sendable {
    public var peak: Float
    public var warmUpSteps: Int
    public var totalSteps: Int
    /// The share of `peak` that is left at the end.
    public var floor: Float

    public init(peak: Float, warmUpSteps: Int, totalSteps: Int, floor: Float = 0.02) {
        self.peak = peak
        self.warmUpSteps = warmUpSteps
        self.totalSteps = totalSteps
        self.floor = floor
    }

    /// The rate of step `step`, counted from 0.
    public func rate(at step: Int) -> Float {
        if step < warmUpSteps { return peak * Float(step + 1) / Float(warmUpSteps) }
        let span = Double(max(totalSteps - warmUpSteps, 1))
        let progress = min(Double(step - warmUpSteps) / span, 1)
        let cosineShare = Float(0.5 * (1 + cosine(Double.pi * progress)))
        return peak * (floor + (1 - floor) * cosineShare)
    }
}
