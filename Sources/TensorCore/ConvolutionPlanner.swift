/// Times the algorithms for each of a network's convolutions and keeps the fastest.
///
/// One run of one algorithm at a time, so that whoever has other work for the engine can do it in between.
public struct ConvolutionPlanner {
    public let machine: ConvolutionPlan.Machine
    public private(set) var remaining: [ConvolutionProblem]
    public private(set) var choices: [ConvolutionProblem: ConvolutionAlgorithm] = [:]
    private let rounds: Int
    private var trial: Trial?

    /// How long the candidates took, in seconds.
    public typealias Timing = [(algorithm: ConvolutionAlgorithm, seconds: Double)]

    /// - Parameters:
    ///   - problems: the convolutions to plan for.
    ///   - machine: what the plan is valid for.
    ///   - rounds: how often each algorithm is timed.
    public init(
        _ problems: some Sequence<ConvolutionProblem>, machine: ConvolutionPlan.Machine = .current, rounds: Int = 5
    ) {
        self.machine = machine
        self.rounds = max(rounds, 1)
        remaining = Set(problems).sorted { $1.order.lexicographicallyPrecedes($0.order) }
    }

    /// The plan of what has been timed so far.
    public var plan: ConvolutionPlan { ConvolutionPlan(machine: machine, choices: choices) }

    /// A challenger must be faster than the rule's choice by this factor: less is noise, and would change bytes from
    /// one plan to the next for nothing.
    static let advantage = 0.95

    /// Times the candidates of the next problem. Nil when all are done.
    public mutating func advance() -> (problem: ConvolutionProblem, timing: Timing)? {
        while true {
            if let finished = step() { return finished }
            if trial == nil { return nil }
        }
    }

    /// Whether there is anything left to time.
    public var isFinished: Bool { trial == nil && remaining.isEmpty }

    /// Runs one algorithm once.
    /// - Returns: the problem that has thereby been decided, if any.
    @discardableResult
    public mutating func step() -> (problem: ConvolutionProblem, timing: Timing)? {
        guard var trial = self.trial ?? remaining.popLast().map(Trial.init) else { return nil }
        trial.runNext()
        self.trial = trial
        guard trial.rounds > rounds else { return nil }
        self.trial = nil
        let ruled = ConvolutionPlan.ruled(trial.problem)
        var choice = ruled, time = Double.infinity
        for (algorithm, seconds) in trial.timing where algorithm == ruled { time = seconds * Self.advantage }
        for (algorithm, seconds) in trial.timing where algorithm != ruled && seconds < time {
            (choice, time) = (algorithm, seconds)
        }
        choices[trial.problem] = choice
        return (trial.problem, trial.timing)
    }

    /// The race of the algorithms for one problem.
    ///
    /// Rounds alternate between the candidates and each keeps its best time, so that a busy moment hits all alike.
    private struct Trial {
        let problem: ConvolutionProblem
        let operands: Operands
        var timing: Timing
        /// Rounds that are over; the first one prepares and is not timed.
        var rounds = 0
        var next = 0

        init(_ problem: ConvolutionProblem) {
            self.problem = problem
            operands = Operands(problem)
            timing = ConvolutionAlgorithm.allCases.filter {
                $0.covers(problem) && Convolution.isAvailable($0, for: problem)
            }.map { ($0, .infinity) }
        }

        mutating func runNext() {
            let seconds = ContinuousClock().measure { operands.run(timing[next].algorithm) } / .seconds(1)
            if rounds > 0 { timing[next].seconds = min(timing[next].seconds, seconds) }
            next += 1
            guard next == timing.count else { return }
            next = 0
            rounds += 1
        }
    }

    /// Numbers of the problem's shapes; which ones does not matter to the time, as long as none is subnormal.
    private struct Operands {
        let problem: ConvolutionProblem
        let x: Tensor, weights: Tensor, bias: Tensor, dy: Tensor
        let prepared = PreparedWeights()

        init(_ problem: ConvolutionProblem) {
            self.problem = problem
            x = Tensor(repeating: 0.5, shape: problem.input)
            weights = Tensor(repeating: 0.25, shape: problem.weights)
            bias = Tensor(repeating: 0.125, shape: [problem.weights[0]])
            dy = Tensor(
                repeating: 0.5,
                shape: Convolution.outputShape(problem.input, weights: problem.weights, options: problem.options))
        }

        func run(_ algorithm: ConvolutionAlgorithm) {
            switch problem.direction {
            case .inference, .training:
                let y = Tensor(uninitialized: dy.shape)
                Convolution.forward(
                    problem, algorithm, x, weights: weights, bias: bias, adding: nil,
                    prepared: problem.direction == .inference ? prepared : nil, into: y)
            case .data:
                let dx = Tensor(uninitialized: x.shape)
                Convolution.backwardData(problem, algorithm, dy, weights: weights, into: dx)
            case .weights:
                let dw = Tensor(uninitialized: weights.shape), db = Tensor(uninitialized: bias.shape)
                Convolution.backwardWeights(problem, algorithm, x, gradient: dy, weights: dw, bias: db)
            }
        }
    }
}
