import Foundation

/// Which algorithm computes which convolution. The same plan, CPU kind and number of threads give the same bytes.
///
/// A plan is a file, since one that were made anew by timing at every start would choose differently from day to day.
/// Shapes that are not in it follow a rule (`rule`) that does not time anything.
public struct ConvolutionPlan: Sendable, Equatable {
    /// What a plan is valid for: the choice depends on all of these.
    public struct Machine: Codable, Sendable, Equatable {
        /// The CPU's model name.
        public var cpu: String
        /// Versions and instruction sets of the libraries, and the revision of our own kernels.
        public var engine: String
        public var threads: Int

        public init(cpu: String, engine: String, threads: Int) {
            self.cpu = cpu
            self.engine = engine
            self.threads = threads
        }

        /// Raised whenever our own kernels change their speed or their sums.
        static let kernelRevision = 3

        /// This machine, with the engine's present number of threads.
        public static var current: Machine {
            Machine(
                cpu: cpuName,
                engine: "\(Convolution.implementation), OpenBLAS \(BLAS.coreType.inUse), kernels \(kernelRevision)",
                threads: BLAS.threads)
        }

        private static let cpuName: String = {
            let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
            // x86 names its model; arm64 gives numbers for maker and part.
            for key in ["model name", "CPU part", "cpu"] {
                if let line = lines.first(where: { $0.hasPrefix(key) }), let colon = line.firstIndex(of: ":") {
                    return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                }
            }
            return "unknown"
        }()
    }

    public let machine: Machine
    /// The choices by problem.
    public let choices: [ConvolutionProblem: ConvolutionAlgorithm]
    /// Identifies the plan in reports: "rule-1" for the rule alone, else 16 hexadecimal digits of its contents.
    public let id: String
    /// The choices for each layer at the sizes that were timed, by the number of pixels.
    private let sizes: [Layer: [(pixels: Int, algorithm: ConvolutionAlgorithm)]]

    /// What problems of one layer at several sizes have in common.
    private struct Layer: Hashable {
        var direction: ConvolutionProblem.Direction, weights: [Int], options: Convolution.Options

        init(_ problem: ConvolutionProblem) {
            (direction, weights, options) = (problem.direction, problem.weights, problem.options)
        }
    }

    public init(machine: Machine, choices: [ConvolutionProblem: ConvolutionAlgorithm]) {
        self.machine = machine
        self.choices = choices
        sizes = Dictionary(grouping: choices, by: { Layer($0.key) }).mapValues { timed in
            timed.sorted { $0.key.order.lexicographicallyPrecedes($1.key.order) }
                .map { ($0.key.pixels, $0.value) }.sorted { $0.0 < $1.0 }
        }
        id = choices.isEmpty ? Self.ruleName : Self.digest(machine, choices)
    }

    static let ruleName = "rule-1"

    /// No choices: the rule decides everything. This is what ships; it names the fastest algorithm for nearly every
    /// shape of the default student on the machines that it was timed on (EXPERIMENTS.md).
    public static func rule(for machine: Machine = .current) -> ConvolutionPlan {
        ConvolutionPlan(machine: machine, choices: [:])
    }

    public static func == (a: ConvolutionPlan, b: ConvolutionPlan) -> Bool {
        a.machine == b.machine && a.choices == b.choices
    }

    /// The algorithm for a problem: the plan's choice; for a size that was not timed, that of the same layer at the
    /// nearest one, by the ratio of their pixels; else the rule's.
    public func algorithm(for problem: ConvolutionProblem) -> ConvolutionAlgorithm {
        if let choice = choices[problem], choice.covers(problem) { return choice }
        guard let timed = sizes[Layer(problem)] else { return Self.ruled(problem) }
        func distance(_ pixels: Int) -> Double {
            Double(max(pixels, problem.pixels)) / Double(max(min(pixels, problem.pixels), 1))
        }
        guard let nearest = timed.min(by: { distance($0.pixels) < distance($1.pixels) }),
            distance(nearest.pixels) <= Self.farthest, nearest.algorithm.covers(problem),
            Convolution.isAvailable(nearest.algorithm, for: problem)
        else { return Self.ruled(problem) }
        return nearest.algorithm
    }

    /// Timings of a size say nothing about one that differs by more than this factor.
    private static let farthest = 4.0

    /// Matrix products need no other layout, so they are best for 1x1; our Winograd pays from 16 channels on.
    static func ruled(_ problem: ConvolutionProblem) -> ConvolutionAlgorithm {
        if ConvolutionAlgorithm.product.covers(problem) { return .product }
        if ConvolutionAlgorithm.winograd.covers(problem), min(problem.weights[0], problem.weights[1]) >= 16 {
            return .winograd
        }
        return .direct
    }

    /// FNV-1a of the sorted contents: it tells plans apart, and guards nothing.
    private static func digest(_ machine: Machine, _ choices: [ConvolutionProblem: ConvolutionAlgorithm]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ text: String) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        add("\(machine.cpu)|\(machine.engine)|\(machine.threads)")
        for (problem, algorithm) in choices.sorted(by: { $0.key.order.lexicographicallyPrecedes($1.key.order) }) {
            add("|\(problem.order)\(algorithm.rawValue)")
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
