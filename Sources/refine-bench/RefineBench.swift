import ArgumentParser
import TensorCore

/// Times the parts of the product. Machines are noisy: read medians, and ratios against a peer in the same run.
@main
struct RefineBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refine-bench",
        abstract: "Time the engine and the model on this machine.",
        discussion: """
            EXAMPLES
              refine-bench unet --width 128 --height 128
              refine-bench inpaint --size 512 --json
              refine-bench prefill --size 768 --hole 512
            """,
        subcommands: [UNetBench.self, InpaintBench.self, PrefillBench.self])

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

/// What every benchmark takes.
struct BenchOptions: ParsableArguments {
    @Option(help: "How often to run; the first, which prepares, is not counted.") var runs = 10
    @Option(help: "Threads of the engine; as many as there are cores where it is left out.") var threads: Int?
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        guard runs > 0 else { throw ValidationError("--runs must be at least 1") }
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
    }

    /// Runs `body` once to prepare and `runs` times on the clock, and prints the figures.
    /// - Parameter operations: floating-point operations of one run, where they are known.
    func measure(_ name: String, shape: String, operations: Double? = nil, _ body: () throws -> Void) throws {
        if let threads { BLAS.threads = threads }
        try body()
        var seconds: [Double] = []
        for _ in 0..<runs {
            let duration = try ContinuousClock().measure(body)
            seconds.append(duration / .seconds(1))
        }
        seconds.sort()
        let report = BenchReport(
            name: name, shape: shape, median_s: seconds[seconds.count / 2], min_s: seconds[0], runs: runs,
            threads: BLAS.threads, gflops: operations.map { $0 / seconds[seconds.count / 2] / 1e9 },
            peak_rss_mb: BenchReport.peakResidentMegabytes(), engine: Convolution.implementation,
            blas_core: BLAS.coreType.inUse)
        print(json ? try report.json() : report.line)
    }
}
