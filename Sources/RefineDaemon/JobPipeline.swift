import BusTransport
import RefineBus

/// The work of one job: decode, fill step by step, encode.
struct JobPipeline: Sendable {
    let codec: any PhotoCodec
    let room: EngineRoom
    let time: TimeSource

    /// Runs a job to its end. Stops within one step when the task is cancelled.
    ///
    /// - Parameter report: Told of each event before the next piece of work.
    func run(
        _ input: Job.Input, report: @Sendable (JobMachine.Event) async -> Void
    ) async throws -> Job.Result {
        do {
            return try await work(input, report: report)
        } catch {
            await room.abandon()
            throw error
        }
    }

    private func work(
        _ input: Job.Input, report: @Sendable (JobMachine.Event) async -> Void
    ) async throws -> Job.Result {
        var stopwatch = Stopwatch(time)
        let file = try await codec.decode(image: input.image, mask: input.mask, boxes: input.boxes)
        stopwatch.lap("decode")
        try Task.checkCancellation()

        var progress = try await room.begin(file.photo, input.request)
        await report(.decoded(totalSteps: progress.totalSteps))
        repeat {
            try Task.checkCancellation()
            let stage = progress.stage
            progress = try await room.advance()
            stopwatch.lap(stage)
            await report(
                .stepped(
                    stage: progress.stage, completed: progress.completedSteps, total: progress.totalSteps))
        } while progress.isMoreLeft
        try Task.checkCancellation()
        let outcome = try await room.finish()
        stopwatch.lap("blend")
        await report(.filled)

        var images = [try await codec.encode(source: input.image, file.photo, outcome)]
        stopwatch.lap("encode")
        if input.compare {
            try Task.checkCancellation()
            images.append(try await codec.compare(file.photo, outcome))
            stopwatch.lap("compare")
        }
        let model = try await room.load()
        return Job.Result(
            images: images,
            info: ResultInfo(
                seed: input.request.seed, steps: UInt32(clamping: outcome.steps), model: model.name,
                generation: model.generation, format: images[0].format, width: UInt32(clamping: file.photo.width),
                height: UInt32(clamping: file.photo.height), maskedFraction: file.maskedFraction,
                warnings: file.warnings, notes: images[0].notes, seconds: stopwatch.seconds,
                compareIndex: input.compare ? 1 : nil))
    }
}

/// Adds up time by stage.
private struct Stopwatch {
    private let time: TimeSource
    private var last: UInt64
    private(set) var seconds: [String: Double] = [:]

    init(_ time: TimeSource) {
        self.time = time
        last = time.now()
    }

    mutating func lap(_ stage: String) {
        let now = time.now()
        // The wall clock may be set back.
        seconds[stage, default: 0] += now > last ? Double(now - last) / 1e6 : 0
        last = now
    }
}
