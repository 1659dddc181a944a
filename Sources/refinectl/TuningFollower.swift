import BusTransport
import Glibc
import RefineBus

/// How far a run is, as the daemon tells.
struct TuningRun {
    let step: UInt32?
    let steps: UInt32?
    /// Microseconds since 1970.
    let expectedEnd: UInt64?
    /// The code of how the last run failed.
    let failure: String?

    init(_ properties: [String: BusValue]) {
        let run = properties["Run"]?.options ?? [:]
        step = run["step"]?.content()
        steps = run["steps"]?.content()
        expectedEnd = run["expected-end"]?.content()
        failure = run["failure"]?.content(as: String.self).map { InpaintOptions.printable($0) }
    }

    var part: Double? {
        guard let step, let steps, steps > 0 else { return nil }
        return min(Double(step) / Double(steps), 1)
    }

    /// Nil before the first step.
    var words: String? {
        guard let step, let steps else { return nil }
        // Weights are judged then, which takes a minute or two and has no steps.
        guard step < steps else { return "all \(steps) steps done, being judged" }
        return "step \(step) of \(steps)" + left
    }

    private var left: String {
        guard let expectedEnd, expectedEnd > Terminal.now else { return "" }
        return ", " + TuningText.duration(Double(expectedEnd - Terminal.now) / 1e6) + " left"
    }
}

/// Follows a run to its end, with a bar on a terminal.
enum TuningFollower {
    enum End: Equatable {
        case ended
        case failed(String)
        case paused
        /// The user has left it to itself.
        case left

        var state: String {
            switch self {
            case .ended: "ended"
            case .failed: "failed"
            case .paused: "paused"
            case .left: "left"
            }
        }

        var words: String {
            switch self {
            case .ended: "the run has ended; see: refinectl tune history"
            case .failed(let code): "the run failed: \(TuningText.failure(code))"
            case .paused: "paused"
            case .left: ""
            }
        }
    }

    /// - Parameters:
    ///   - changes: of the daemon's properties, from before the start.
    ///   - interrupts: by which the user leaves it to itself.
    static func follow(
        _ tuning: PersonalizationProxy, _ changes: AsyncStream<BusMessage>, _ interrupts: Interrupts
    ) async throws -> End {
        let reader = Task { try await read(tuning, changes) }
        let watcher = Task {
            for await _ in interrupts.signals { return reader.cancel() }
        }
        defer {
            watcher.cancel()
            clear()
        }
        do {
            return try await reader.value
        } catch is CancellationError {
            return .left
        }
    }

    private static func read(_ tuning: PersonalizationProxy, _ changes: AsyncStream<BusMessage>) async throws -> End {
        // Cheap ones only: Conditions would look at everything.
        var properties = try await tuning.announced()
        while true {
            show(properties)
            // A run that waits, runs, is held or judged is forced until it is decided.
            guard properties["Forced"]?.content() == true else { break }
            var isChanged = false
            for await change in changes {
                guard let values = change.body.dropFirst().first?.options else { continue }
                properties.merge(values) { $1 }
                isChanged = true
                break
            }
            guard !Task.isCancelled else { return .left }
            guard isChanged else { throw Failure.vanished }
        }
        if properties["State"]?.content() == "paused" { return .paused }
        return TuningRun(properties).failure.map { .failed($0) } ?? .ended
    }

    private static func show(_ properties: [String: BusValue]) {
        guard Terminal.isInteractive else { return }
        let run = TuningRun(properties)
        var line = TuningText.headline(properties)
        if let part = run.part, let words = run.words {
            let state: String = properties["State"]?.content() ?? ""
            let room = min(30, Terminal.width - words.count - state.count - 8)
            let done = Int((part * Double(max(room, 0))).rounded())
            let full = String(repeating: "#", count: done)
            let bar =
                (Terminal.hasColors ? "\u{1b}[32m\(full)\u{1b}[0m" : full)
                + String(repeating: ".", count: max(room, 0) - done)
            line = room >= 5 ? "\(state): [\(bar)] \(words)" : words
        }
        Terminal.put("\r\(line)\u{1b}[K", to: STDERR_FILENO)
    }

    private static func clear() {
        guard Terminal.isInteractive else { return }
        Terminal.put("\r\u{1b}[K", to: STDERR_FILENO)
    }
}
