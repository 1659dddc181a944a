import Glibc
import Personalization

/// What others than the tuner make the processors do, and how much they wait for memory: the difference of two looks at
/// the kernel's counters.
package actor LoadSource: SurroundingsSource {
    package nonisolated let conditions: Set<Condition> = [.load, .memory]
    private let folder: String
    private let time: TimeSource
    private let usage: @Sendable () async -> TunerUsage

    /// Counters since the machine's start.
    private struct Look {
        /// Seconds since the machine's start, without sleep.
        var at: Double
        /// Seconds of all processors.
        var busy: Double
        var total: Double
        /// Seconds in which something waited for memory; nil where the kernel does not count it.
        var stalled: Double?
        var tuner: TunerUsage
    }
    private var last: Look?
    private var result: (load: Reading<Double>, memory: Reading<Double>) = (.unknown, .unknown)

    /// Looks that are further apart say nothing about now.
    private static let longest = 30.0
    /// Looks that are closer together are too coarse: the kernel counts hundredths of seconds.
    private static let shortest = 0.4

    /// - Parameters:
    ///   - usage: what the tuner itself has used.
    ///   - folder: where procfs is.
    package init(time: TimeSource, usage: @escaping @Sendable () async -> TunerUsage, folder: String = "/proc") {
        self.time = time
        self.usage = usage
        self.folder = folder
    }

    package func read(into now: inout Surroundings) async {
        if let last, seconds - last.at < Self.shortest {
            (now.load, now.memoryPressure) = result
            return
        }
        if last.map({ seconds - $0.at > Self.longest }) ?? true {
            last = await look()
            try? await time.sleep(.milliseconds(500))
        }
        guard let look = await look() else {
            (now.load, now.memoryPressure) = (.unknown, .unknown)
            return
        }
        // Another one may have looked while this one slept.
        if let last, look.at - last.at >= Self.shortest {
            result = (Self.load(last, look), Self.memory(last, look))
            self.last = look
        }
        (now.load, now.memoryPressure) = result
    }

    private var seconds: Double { Double(time.awake()) / 1e6 }

    private func look() async -> Look? {
        let tuner = await usage()
        guard let statistics = SmallFile.text(folder + "/stat"),
            let ticks = Self.processorTicks(statistics)
        else { return nil }
        let tick = Double(sysconf(Int32(_SC_CLK_TCK)))
        return Look(
            at: seconds, busy: Double(ticks.busy) / tick, total: Double(ticks.total) / tick,
            stalled: SmallFile.text(folder + "/pressure/memory").flatMap(Self.stalledSeconds), tuner: tuner)
    }

    /// Reads the line `cpu  user nice system idle iowait irq softirq steal guest guest_nice` of proc(5).
    static func processorTicks(_ text: String) -> (busy: UInt64, total: UInt64)? {
        guard let line = text.split(separator: "\n").first, line.hasPrefix("cpu ") else { return nil }
        // The guests' are in user and nice already.
        let fields = line.split(separator: " ").dropFirst().prefix(8).compactMap { UInt64($0) }
        guard fields.count == 8 else { return nil }
        let idle = fields[3] + fields[4], stolen = fields[7]
        let total = fields.reduce(0, +)
        return (total - idle - stolen, total)
    }

    /// Reads `some ... total=MICROSECONDS` of the kernel's Documentation/accounting/psi.rst.
    static func stalledSeconds(_ text: String) -> Double? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("some ") }),
            let field = line.split(separator: " ").last, field.hasPrefix("total="),
            let total = UInt64(field.dropFirst(6))
        else { return nil }
        return Double(total) / 1e6
    }

    private static func load(_ before: Look, _ after: Look) -> Reading<Double> {
        let own = since(before.tuner.processorSeconds, after.tuner.processorSeconds)
        guard after.total > before.total else { return .unknown }
        return .known(min(max((after.busy - before.busy - own) / (after.total - before.total), 0), 1))
    }

    private static func memory(_ before: Look, _ after: Look) -> Reading<Double> {
        guard let start = before.stalled, let end = after.stalled else { return .absent }
        let own = since(before.tuner.memoryStallSeconds, after.tuner.memoryStallSeconds)
        return .known(min(max((end - start - own) / (after.at - before.at), 0), 1))
    }

    /// The growth of a counter that begins anew with each tuner.
    private static func since(_ before: Double, _ after: Double) -> Double { after >= before ? after - before : after }
}
