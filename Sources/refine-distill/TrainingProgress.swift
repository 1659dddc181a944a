import Foundation
import Glibc

/// One line that is rewritten on a terminal, one line in a hundred steps elsewhere.
struct TrainingProgress {
    let steps: Int
    let first: Int
    private let began = ContinuousClock.now
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private var average = 0.0
    private var isLineOpen = false

    private let name: String

    /// - Parameter name: of the run, where there are several.
    init(steps: Int, first: Int, name: String = "") {
        self.steps = steps
        self.first = first
        self.name = name.isEmpty ? "" : "\(name): "
    }

    /// - Parameter share: what the last step left of the pre-fill's error.
    mutating func report(step: Int, share: Double) {
        average = average == 0 ? share : 0.98 * average + 0.02 * share
        guard isTerminal || step % 100 == 0 || step == steps else { return }
        let seconds = began.duration(to: .now) / .seconds(1)
        let left = seconds / Double(max(step - first, 1)) * Double(steps - step)
        let line =
            name
            + String(
                format: "step %d/%d  error left %.3f  %.2f s/step  %d:%02d left", step, steps, average,
                seconds / Double(max(step - first, 1)), Int(left) / 3600, Int(left) / 60 % 60)
        // Erased to its end: the line before it may have been longer.
        print(isTerminal ? "\r\(line)\u{1B}[K" : line, terminator: isTerminal ? "" : "\n")
        isLineOpen = isTerminal
        fflush(nil)
    }

    /// Leaves the line.
    mutating func finish() {
        if isLineOpen { print() }
        isLineOpen = false
    }
}
