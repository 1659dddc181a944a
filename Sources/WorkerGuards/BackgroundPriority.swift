import CSandbox

/// The priority of work that nobody waits for.
package enum BackgroundPriority {
    /// Nice 19, the scheduling class of idle work, and that of idle reads. A system that refuses one of them only lets
    /// the work be more noticeable, so nothing is checked.
    package static func take() { refine_background_priority() }
}
