import Synchronization

extension Convolution {
    private struct Choice {
        var plan: ConvolutionPlan?
        var forced: ConvolutionAlgorithm?
        var recorded: Set<ConvolutionProblem>?
    }

    private static let choice = Mutex(Choice())

    /// The plan that further calls follow; the rule alone until one is set.
    ///
    /// Set it between jobs: results before and after may differ in their last digits.
    public static var plan: ConvolutionPlan {
        get { choice.withLock { $0.plan } ?? .rule() }
        set { choice.withLock { $0.plan = newValue } }
    }

    /// The one algorithm for all shapes that it covers, whatever the plan says: for measurements, and as an oracle.
    /// Shapes that it does not cover go to oneDNN's direct kernels. Nil, the start, follows the plan.
    public static var forcedAlgorithm: ConvolutionAlgorithm? {
        get { choice.withLock { $0.forced } }
        set { choice.withLock { $0.forced = newValue } }
    }

    static func algorithm(for problem: ConvolutionProblem) -> ConvolutionAlgorithm {
        let (plan, forced) = choice.withLock { choice in
            choice.recorded?.insert(problem)
            return (choice.plan, choice.forced)
        }
        if let forced {
            return forced.covers(problem) && isAvailable(forced, for: problem) ? forced : .direct
        }
        return plan?.algorithm(for: problem) ?? ConvolutionPlan.ruled(problem)
    }

    /// The convolutions that `body` computes, each once: what to make a plan for.
    public static func problems(of body: () throws -> Void) rethrows -> Set<ConvolutionProblem> {
        choice.withLock { $0.recorded = [] }
        defer { choice.withLock { $0.recorded = nil } }
        try body()
        return choice.withLock { $0.recorded } ?? []
    }
}
