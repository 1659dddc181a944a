import ArgumentParser
import Foundation
import TensorCore

/// Times the parts of the product. Machines are noisy: read medians, and ratios against a peer in the same run.
@main
struct RefineBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refine-bench",
        abstract: "Time the engine and the model on this machine.",
        discussion: """
            Every benchmark prints a line, or with --json one JSON object: name, shape, median_s, min_s, median_cpu_s \
            (processor time of all threads), runs, threads, gflops (effective: operations of the direct method over \
            the median), peak_rss_mb, peak_tensor_mb and fresh_allocations (of the timed runs), engine, blas_core, plan \
            and, for one convolution, algorithm.

            How long a fill takes here, and its parts:

              refine-bench inpaint --size 512
              refine-bench prefill
              refine-bench unet

            The fastest algorithms for this machine, into a plan that refined reads:

              refine-bench plan
            """,
        subcommands: [
            LibraryBench.self,
            ConvolutionBench.self, ProductBench.self, ElementwiseBench.self, UNetBench.self, TrainStepBench.self,
            InpaintBench.self, PrefillBench.self, LargePhotoBench.self, Forward.self, PlanCommand.self,
        ])

    static func main() {
        EngineProcess.restartWithPassiveThreads()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            exit(withError: error)
        }
    }
}

extension ConvolutionAlgorithm: ExpressibleByArgument {}

/// What every benchmark takes.
struct BenchOptions: ParsableArguments {
    @Option(help: "How often to run; the first, which prepares, is not counted.") var runs = 10
    @Option(help: "Threads of the engine; as many as there are cores where not given.") var threads: Int?
    @Flag(help: "Print one JSON object.") var json = false
    @Option(help: "A plan of convolution algorithms; this machine's own where not given, if there is one.")
    var plan: String?
    @Flag(help: "Use no plan, but the rule that a machine without one follows.") var noPlan = false

    @Option(
        help: """
            Compute every convolution by this one, and by onednn-direct where it cannot do the shape; the plan's choice \
            where not given.
            """)
    var algorithm: ConvolutionAlgorithm?

    /// Sets the plan; says on standard error why a file that is there is not used.
    private func usePlan() {
        guard !noPlan, let path = plan ?? ConvolutionPlan.defaultPath() else { return }
        do {
            Convolution.plan = try ConvolutionPlan(reading: path)
        } catch let error as ConvolutionPlanError where error.code == .missing && plan == nil {
            return
        } catch {
            FileHandle.standardError.write(Data("refine-bench: plan ignored: \(error)\n".utf8))
        }
    }

    func validate() throws {
        guard !noPlan || plan == nil else { throw ValidationError("--plan and --no-plan exclude each other") }
        guard (1...1_000_000).contains(runs) else { throw ValidationError("--runs must be at least 1") }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be 1 to 1024") }
    }

    /// Runs `body` once to prepare and `runs` times on the clock, and prints the figures.
    /// - Parameters:
    ///   - operations: floating-point operations of one run, where they are known.
    ///   - bytes: bytes that one run must read and write, where that is what limits it.
    ///   - convolution: what is computed, where it is one convolution.
    func measure(
        _ name: String, shape: String, operations: Double? = nil, bytes: Double? = nil,
        convolution: ConvolutionProblem? = nil, _ body: () throws -> Void
    ) throws {
        if let threads { BLAS.threads = threads }
        usePlan()
        if let algorithm { Convolution.forcedAlgorithm = algorithm }
        try body()
        StoragePool.restartPeak()
        let allocations = StoragePool.freshAllocations
        var seconds: [Double] = [], processor: [Double] = []
        for _ in 0..<runs {
            let before = BenchReport.processorSeconds()
            let duration = try ContinuousClock().measure(body)
            seconds.append(duration / .seconds(1))
            processor.append(BenchReport.processorSeconds() - before)
        }
        seconds.sort()
        processor.sort()
        let median = seconds[seconds.count / 2]
        let report = BenchReport(
            name: name, shape: shape, median_s: median, min_s: seconds[0], median_cpu_s: processor[runs / 2],
            runs: runs, threads: BLAS.threads,
            gflops: operations.map { $0 / median / 1e9 }, gbytes_per_s: bytes.map { $0 / median / 1e9 },
            peak_rss_mb: BenchReport.peakResidentMegabytes(), peak_tensor_mb: Double(StoragePool.peakLiveBytes) / 1e6,
            fresh_allocations: StoragePool.freshAllocations - allocations, engine: Convolution.implementation,
            blas_core: BLAS.coreType.inUse, plan: Convolution.plan.id,
            algorithm: convolution.map { Convolution.algorithm(for: $0).rawValue })
        print(json ? try report.json() : report.line)
    }
}
