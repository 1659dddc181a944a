/// Times the algorithms for each of a network's convolutions and keeps the fastest.
///
/// One problem at a time, so that whoever has other work for the engine can do it in between.
public struct ConvolutionPlanner {
    public let machine: ConvolutionPlan.Machine
    public private(set) var remaining: [ConvolutionProblem]
    public private(set) var choices: [ConvolutionProblem: ConvolutionAlgorithm] = [:]

    /// How long the candidates took, in seconds.
    public typealias Timing = [(algorithm: ConvolutionAlgorithm, seconds: Double)]

    public init(_ problems: some Sequence<ConvolutionProblem>, machine: ConvolutionPlan.Machine = .current) {
        self.machine = machine
        remaining = Set(problems).sorted { $1.order.lexicographicallyPrecedes($0.order) }
    }

    /// The plan of what has been timed so far.
    public var plan: ConvolutionPlan { ConvolutionPlan(machine: machine, choices: choices) }

    /// A challenger must be faster than the rule's choice by this factor: less is noise, and would change bytes from
    /// one plan to the next for nothing.
    static let advantage = 0.95

    /// Times the candidates of the next problem. Nil when all are done.
    ///
    /// Rounds alternate between the candidates and each keeps its best time, so that a busy moment hits all alike.
    public mutating func advance(rounds: Int = 5) -> (problem: ConvolutionProblem, timing: Timing)? {
        guard let problem = remaining.popLast() else { return nil }
        let operands = Operands(problem)
        let ruled = ConvolutionPlan.ruled(problem)
        let candidates = ConvolutionAlgorithm.allCases.filter {
            $0.covers(problem) && Convolution.isAvailable($0, for: problem)
        }
        var best = candidates.map { algorithm in
            operands.run(algorithm)
            return Double.infinity
        }
        for _ in 0..<max(rounds, 1) {
            for (i, algorithm) in candidates.enumerated() {
                let seconds = ContinuousClock().measure { operands.run(algorithm) } / .seconds(1)
                best[i] = min(best[i], seconds)
            }
        }
        var choice = ruled, time = candidates.firstIndex(of: ruled).map { best[$0] * Self.advantage } ?? .infinity
        for (algorithm, seconds) in zip(candidates, best) where algorithm != ruled && seconds < time {
            (choice, time) = (algorithm, seconds)
        }
        choices[problem] = choice
        return (problem, zip(candidates, best).map { ($0, $1) })
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
