import Personalization

/// One place that knows something of the moment: whether the user is there, where the power comes from.
///
/// Sources tell of changes rather than being asked again and again, so that a daemon with nothing to do sleeps.
package protocol SurroundingsSource: Sendable {
    /// What it knows something of.
    var conditions: Set<Condition> { get }

    /// Follows what can be followed, until the task is cancelled.
    ///
    /// - Parameter changed: called when `read` may answer something else from now on.
    func follow(_ changed: @escaping @Sendable () -> Void) async

    /// Takes settings that were read again.
    func adapt(to policy: TuningPolicy) async

    /// Writes what is so now into its fields of `now`.
    func read(into now: inout Surroundings) async
}

extension SurroundingsSource {
    package func adapt(to policy: TuningPolicy) async {}

    /// Of what cannot be followed nothing is told.
    package func follow(_ changed: @escaping @Sendable () -> Void) async {}
}
