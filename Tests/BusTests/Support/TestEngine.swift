import TestSupport
import Foundation
import RefineBus
import RefineDaemon

/// Fills with mid-grey, in as many steps as asked for.
final class TestEngine: FillEngine {
    let info: EngineInfo
    private let gate: StepGate?

    init(steps: Int = 3, hasTextEncoder: Bool = false, gate: StepGate? = nil) {
        info = EngineInfo(
            name: "grey", generation: "1", parameterCount: 0, defaultSteps: steps, hasTextEncoder: hasTextEncoder)
        self.gate = gate
    }

    func begin(_ photo: RawPhoto, _ request: FillRequest) throws -> any FillRun {
        guard photo.mask.contains(255) else {
            throw RefineError(.invalidArgument, "mask", "empty", "nothing is marked", remedy: "paint something white")
        }
        return TestRun(photo, steps: request.steps ?? info.defaultSteps, gate: gate)
    }
}

private final class TestRun: FillRun {
    private let photo: RawPhoto
    private let gate: StepGate?
    let totalSteps: Int
    private(set) var completedSteps = 0
    var stage: String { completedSteps == 0 ? "prefill" : "denoise" }

    init(_ photo: RawPhoto, steps: Int, gate: StepGate?) {
        self.photo = photo
        self.gate = gate
        totalSteps = steps
    }

    func advance() throws -> Bool {
        try gate?.pass()
        completedSteps += 1
        return completedSteps < totalSteps
    }

    func finish() throws -> FillOutcome {
        guard case .u8(var values) = photo.samples else {
            throw RefineError(.failed, "engine", "depth", "8 bit only")
        }
        for (pixel, mask) in photo.mask.enumerated() where mask != 0 {
            for channel in 0..<3 { values[pixel * 3 + channel] = 128 }
        }
        return FillOutcome(filled: .u8(values), changed: photo.mask, classical: photo.samples, steps: totalSteps)
    }
}

/// Holds the engine before each step until the test lets it go on. Also counts, and can fail a step.
///
/// `@unchecked Sendable`: the variables are used under `condition` only.
final class StepGate: @unchecked Sendable {
    private let condition = NSCondition()
    private var allowed = 0
    private var begun = 0
    private var error: RefineError?

    /// Steps that were begun, the one that waits included.
    var arrived: Int { condition.withLock { begun } }

    func allow(_ steps: Int) { change { allowed += steps } }

    func open() { change { allowed = .max / 2 } }

    func fail(_ error: RefineError) { change { self.error = error } }

    /// Called on the engine's thread, which may block.
    func pass() throws {
        try condition.withLock {
            begun += 1
            while allowed == 0, error == nil { condition.wait() }
            if let error { throw error }
            allowed -= 1
        }
    }

    private func change(_ body: () -> Void) {
        condition.withLock(body)
        condition.broadcast()
    }
}
