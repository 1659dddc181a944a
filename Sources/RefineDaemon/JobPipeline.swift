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
        let model = try await room.lease()
        do {
            let result = try await work(input, model, report: report)
            await room.release(model)
            return result
        } catch {
            await room.abandon()
            await room.release(model)
            throw error
        }
    }

    private func work(
        _ input: Job.Input, _ model: EngineRoom.Lease, report: @Sendable (JobMachine.Event) async -> Void
    ) async throws -> Job.Result {
        var stopwatch = Stopwatch(time)
        let file = try await input.source.decode(codec)
        stopwatch.lap("decode")
        try Task.checkCancellation()

        var results = Results()
        var progress = FillProgress(variants: input.request.variants)
        var preview: Preview?
        for index in 0..<input.request.variants {
            var request = input.request.variant(index)
            // Of several variants the first is compared.
            request.keepsClassical = input.compare && index == 0
            let begun = try await room.begin(file.photo, request, with: model)
            if index == 0 { await report(progress.begun(begun)) }
            let outcome = try await fill(begun, &progress, &stopwatch, report: report)
            let isLast = index == input.request.variants - 1
            await report(isLast ? .filled : progress.event(stage: "encode"))
            results.images.append(try await input.source.encode(codec, file.photo, outcome))
            results.seeds.append(request.seed)
            results.steps = outcome.steps
            results.generation = outcome.generation ?? model.info.generation
            results.unknownWords = outcome.unknownWords
            results.texture = outcome.texture
            stopwatch.lap("encode")
            if let size = input.preview {
                let place = preview ?? Preview(of: file.photo, outcome, within: size)
                preview = place
                if index == 0 { results.previews.append(try place.picture(of: file.photo)) }
                results.previews.append(try place.picture(of: file.photo, under: outcome))
                stopwatch.lap("preview")
            }
            guard request.keepsClassical else { continue }
            try Task.checkCancellation()
            results.comparison = try await codec.compare(file.photo, outcome)
            stopwatch.lap("compare")
        }
        return Job.Result(
            images: results.files,
            info: info(model.info, file, results, preview, input.source.stride, stopwatch.seconds))
    }

    /// Fills to the end, one piece of work after the other.
    private func fill(
        _ begun: EngineRoom.Report, _ progress: inout FillProgress, _ stopwatch: inout Stopwatch,
        report: @Sendable (JobMachine.Event) async -> Void
    ) async throws -> FillOutcome {
        var current = begun
        repeat {
            try Task.checkCancellation()
            let stage = current.stage
            current = try await room.advance()
            stopwatch.lap(stage)
            await report(progress.stepped(current))
        } while current.isMoreLeft
        try Task.checkCancellation()
        let outcome = try await room.finish()
        stopwatch.lap("blend")
        progress.finished()
        return outcome
    }

    /// What was made so far.
    private struct Results {
        var images: [EncodedFile] = []
        var comparison: EncodedFile?
        /// Before, then after of each variant.
        var previews: [EncodedFile] = []
        var seeds: [UInt64] = []
        var steps = 0
        var generation = ""
        var unknownWords: [String] = []
        var texture: String?

        /// In the order in which callers get them.
        var files: [EncodedFile] { images + (comparison.map { [$0] } ?? []) + previews }
    }

    private func info(
        _ model: EngineInfo, _ file: DecodedFile, _ results: Results, _ preview: Preview?, _ stride: Int?,
        _ seconds: [String: Double]
    ) -> ResultInfo {
        var info = ResultInfo(
            seed: results.seeds.first ?? 0, seeds: results.seeds, steps: UInt32(clamping: results.steps),
            model: model.name, generation: results.generation, format: results.images.first?.format ?? file.format,
            width: UInt32(clamping: file.photo.width), height: UInt32(clamping: file.photo.height),
            stride: stride.map { UInt32(clamping: $0) }, maskedFraction: file.maskedFraction,
            warnings: file.warnings + (results.unknownWords.isEmpty ? [] : ["unknown-words"]),
            notes: results.images.first?.notes ?? [], seconds: seconds, unknownWords: results.unknownWords,
            compareIndex: results.comparison == nil ? nil : UInt32(clamping: results.images.count), plan: model.plan)
        info.texture = results.texture
        info.preview = preview?.info(index: results.files.count - results.previews.count)
        return info
    }
}

/// Steps over all variants of a job. How many a fill takes is known for sure only when it has begun, and may change.
private struct FillProgress {
    private let variants: Int
    private var finishedVariants = 0
    private var finishedSteps = 0
    private var current = (completed: 0, total: 0)

    init(variants: Int) { self.variants = variants }

    mutating func begun(_ report: EngineRoom.Report) -> JobMachine.Event {
        current = (0, report.totalSteps)
        return .decoded(totalSteps: total)
    }

    mutating func stepped(_ report: EngineRoom.Report) -> JobMachine.Event {
        current = (report.completedSteps, report.totalSteps)
        return event(stage: report.stage)
    }

    mutating func finished() {
        finishedSteps += current.completed
        finishedVariants += 1
        // What the last one took is the best guess for the next one.
        current.completed = 0
    }

    func event(stage: String) -> JobMachine.Event {
        .stepped(stage: stage, completed: finishedSteps + current.completed, total: total)
    }

    private var total: Int { finishedSteps + current.total * (variants - finishedVariants) }
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
