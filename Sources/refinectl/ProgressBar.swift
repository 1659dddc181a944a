import Glibc
import RefineBus

/// One line on the terminal that shows how far a job is and how long it takes still. Draws nothing elsewhere.
struct ProgressBar {
    private let label: String
    private let isDrawn = Terminal.isInteractive
    private let hasColors = Terminal.hasColors

    init(_ label: String) {
        self.label = label
    }

    func show(_ properties: JobProperties) {
        guard isDrawn else { return }
        let now = Terminal.now
        Terminal.put(
            "\r" + Self.line(label, properties, now: now, width: Terminal.width, colors: hasColors) + "\u{1b}[K",
            to: STDERR_FILENO)
    }

    /// Takes the line away.
    func clear() {
        guard isDrawn else { return }
        Terminal.put("\r\u{1b}[K", to: STDERR_FILENO)
    }

    /// The line as text.
    ///
    /// - Parameter now: Microseconds since 1970.
    static func line(_ label: String, _ properties: JobProperties, now: UInt64, width: Int, colors: Bool) -> String {
        guard properties.progressValid else { return "\(label): \(JobText.stage(properties.stage))" }
        let part = min(max(properties.progress, 0), 1)
        let percent = String(Int(part * 100))
        let padded = String(repeating: " ", count: 3 - percent.count) + percent
        let tail = "\(padded) % \(JobText.stage(properties.stage))" + remaining(properties, now)
        let room = min(40, width - label.count - tail.count - 6)
        guard room >= 5 else { return tail }
        let done = Int((part * Double(room)).rounded())
        let full = String(repeating: "#", count: done)
        let bar = (colors ? "\u{1b}[32m\(full)\u{1b}[0m" : full) + String(repeating: ".", count: room - done)
        return "\(label): [\(bar)] \(tail)"
    }

    private static func remaining(_ properties: JobProperties, _ now: UInt64) -> String {
        guard properties.expectedEndTime > now, properties.stage != "done" else { return "" }
        let seconds = (properties.expectedEndTime - now + 999_999) / 1_000_000
        return seconds < 90 ? ", \(seconds) s left" : ", \((seconds + 30) / 60) min left"
    }
}
