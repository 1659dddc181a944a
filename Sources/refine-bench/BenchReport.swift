import Foundation
import Glibc

/// The figures of one benchmark; the property names are the keys of the JSON.
struct BenchReport: Encodable {
    var name: String
    var shape: String
    var median_s: Double
    var min_s: Double
    /// Processor time of all threads in a run; with one thread it hardly depends on what else the machine does.
    var median_cpu_s: Double
    var runs: Int
    var threads: Int
    /// Effective GFLOP/s at the median: the operations of the direct method over the time that was taken.
    var gflops: Double?
    /// Bytes that have to be read and written, in GB/s at the median.
    var gbytes_per_s: Double?
    var peak_rss_mb: Double
    /// The most that tensors held at a time during the timed runs, in MB.
    var peak_tensor_mb: Double
    /// Buffers for tensors that had to be made during the timed runs; 0 in a steady loop.
    var fresh_allocations: Int
    var engine: String
    var blas_core: String
    /// Which plan chose the convolutions' algorithms.
    var plan: String
    /// What computed it, where it is one convolution.
    var algorithm: String?

    /// The largest resident set of this process so far, in MB (10^6 bytes).
    static func peakResidentMegabytes() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_maxrss) * 1024 / 1e6
    }

    /// Seconds of processor time that this process has had.
    static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var line: String {
        let speed =
            gflops.map { String(format: "  %.0f GFLOP/s", $0) } ?? gbytes_per_s.map {
                String(format: "  %.1f GB/s", $0)
            } ?? ""
        return String(
            format: "%@ %@  median %.2f ms  min %.2f ms  (%d runs, %d threads)%@  peak RSS %.0f MB", name, shape,
            median_s * 1e3, min_s * 1e3, runs, threads, speed, peak_rss_mb)
    }
}
