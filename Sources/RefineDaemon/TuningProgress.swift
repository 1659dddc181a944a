/// How far a run has come, and how long it may take still: by the steps that this daemon has seen it make while it was
/// not held.
struct TuningProgress: Sendable {
    private(set) var step = 0
    private(set) var steps = 0
    /// Where the measured steps began; nil before the first report since the tuner was started or went on.
    private var origin: (step: Int, at: UInt64)?
    private var secondsPerStep: Double?

    /// - Parameter now: microseconds of a clock that is never set.
    mutating func take(_ step: Int, of steps: Int, at now: UInt64) {
        (self.step, self.steps) = (step, steps)
        guard let origin, step > origin.step, now > origin.at else {
            origin = (step, now)
            return
        }
        secondsPerStep = Double(now - origin.at) / 1e6 / Double(step - origin.step)
    }

    /// A tuner that was held begins to be measured anew.
    mutating func stand() { origin = nil }

    /// Nil while nothing was measured.
    var secondsLeft: Double? { secondsPerStep.map { $0 * Double(max(0, steps - step)) } }
}
