/// What other parts of the daemon tell to the one that decides about tuning, as it happens.
public enum DaemonActivity: Sendable, Equatable {
    /// Fills that wait or run.
    case jobs(Int)
    /// Whether there is a model to fill with.
    case model(isReady: Bool)
    /// Photos to learn from or to check by have come or gone.
    case photos
    /// The tuner was ended, because photos are forgotten.
    case tunerEnded
}
