import TestSupport
import Foundation
import struct Inpainting.PixelBox
import RefineBus
import RefineDaemon

/// Fills with mid-grey, in as many steps as asked for. It knows no word of more than six letters.
final class TestEngine: FillEngine {
    let info: EngineInfo
    private let gate: StepGate?
    /// Whether the grey depends on the seed.
    private let drawsSeed: Bool
    /// Does one piece of preparation, and tells whether more is left.
    private let prepare: () -> Bool

    init(
        steps: Int = 3, hasTextEncoder: Bool = false, gate: StepGate? = nil, drawsSeed: Bool = false,
        generation: String = "1",
        prepare: @escaping () -> Bool = { false }
    ) {
        self.drawsSeed = drawsSeed
        self.prepare = prepare
        info = EngineInfo(
            name: "grey", generation: generation, parameterCount: 0, defaultSteps: steps, hasTextEncoder: hasTextEncoder
        )
        self.gate = gate
    }

    func prepareFurther() -> Bool { prepare() }

    func begin(_ photo: RawPhoto, _ request: FillRequest) throws -> any FillRun {
        guard photo.marks.contains(255) else {
            throw RefineError(.invalidArgument, "mask", "empty", "nothing is marked", remedy: "paint something white")
        }
        let grey: UInt8 = drawsSeed ? UInt8(truncatingIfNeeded: 130 &+ request.seed) : 128
        let unknown = (request.prompt ?? "").split(separator: " ").map(String.init).filter { $0.count > 6 }
        return TestRun(
            photo, request, steps: request.steps ?? info.defaultSteps, gate: gate, grey: grey, unknownWords: unknown,
            texture: request.prompt?.contains("brick") == true ? "a brick wall" : nil)
    }
}

private final class TestRun: FillRun {
    private let photo: RawPhoto
    private let gate: StepGate?
    private let grey: UInt8
    private let unknownWords: [String]
    private let texture: String?
    let totalSteps: Int
    private(set) var completedSteps = 0
    var stage: String { completedSteps == 0 ? "prefill" : "denoise" }

    private let keepsClassical: Bool

    init(
        _ photo: RawPhoto, _ request: FillRequest, steps: Int, gate: StepGate?, grey: UInt8, unknownWords: [String],
        texture: String?
    ) {
        self.texture = texture
        self.photo = photo
        keepsClassical = request.keepsClassical
        self.grey = grey
        self.unknownWords = unknownWords
        self.gate = gate
        totalSteps = steps
    }

    func advance() throws -> Bool {
        try gate?.pass()
        completedSteps += 1
        return completedSteps < totalSteps
    }

    func finish() throws -> FillOutcome {
        FillOutcome(
            box: PixelBox(x: 0, y: 0, width: photo.width, height: photo.height), filled: filled(),
            changed: photo.marks, classical: keepsClassical ? photo.samples : nil, steps: totalSteps,
            unknownWords: unknownWords, texture: texture)
    }

    private func filled() -> RawPhoto.Samples {
        func fill<T>(_ values: [T], with grey: T) -> [T] {
            var values = values
            for (pixel, mask) in photo.marks.enumerated() where mask != 0 {
                for channel in 0..<3 { values[pixel * 3 + channel] = grey }
            }
            return values
        }
        return switch photo.samples {
        case .u8(let values): .u8(fill(values, with: grey))
        case .u16(let values): .u16(fill(values, with: UInt16(grey) << 8 | 0x81))
        }
    }
}

extension RawPhoto {
    var marks: [UInt8] { mask.withPixels { Array($0) } }

    var samples: Samples {
        pixels.withPixels {
            bitDepth == 8 ? .u8(Array($0)) : .u16(Array($0.bindMemory(to: UInt16.self)))
        }
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
