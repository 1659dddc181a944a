import Synchronization

extension Convolution {
    // One lock for each. As one struct behind one lock, `Mutex(Choice())` came out of Swift 6.3's optimiser with zeros in
    // place of its initial value, which forced oneDNN's direct kernels on everybody.
    private static let chosenPlan = Mutex<ConvolutionPlan?>(nil)
    private static let forced = Mutex<ConvolutionAlgorithm?>(nil)
    private static let recorded = Mutex<Set<ConvolutionProblem>?>(nil)

    /// The plan that further calls follow; the rule alone until one is set.
    ///
    /// Set it between jobs: results before and after may differ in their last digits.
    public static var plan: ConvolutionPlan {
        get { chosenPlan.withLock { $0 } ?? .rule() }
        set { chosenPlan.withLock { $0 = newValue } }
    }

    /// The one algorithm for all shapes that it covers, whatever the plan says: for measurements, and as an oracle.
    /// Shapes that it does not cover go to oneDNN's direct kernels. Nil, the start, follows the plan.
    public static var forcedAlgorithm: ConvolutionAlgorithm? {
        get { forced.withLock { $0 } }
        set { forced.withLock { $0 = newValue } }
    }

    /// What computes the problem.
    public static func algorithm(for problem: ConvolutionProblem) -> ConvolutionAlgorithm {
        recorded.withLock { _ = $0?.insert(problem) }
        if let forced = forcedAlgorithm {
            return forced.covers(problem) && isAvailable(forced, for: problem) ? forced : .direct
        }
        return chosenPlan.withLock { $0?.algorithm(for: problem) } ?? ConvolutionPlan.ruled(problem)
    }

    /// The convolutions that `body` computes, each once: what to make a plan for.
    public static func problems(of body: () throws -> Void) rethrows -> Set<ConvolutionProblem> {
        recorded.withLock { $0 = [] }
        defer { recorded.withLock { $0 = nil } }
        try body()
        return recorded.withLock { $0 } ?? []
    }
}
