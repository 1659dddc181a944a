import BusTransport
import RefineBus

/// Fills one photo: hands the files to the daemon, shows how far it is, and writes what comes back.
struct FillRunner: Sendable {
    let bus: BusConnection
    let plan: FillPlan
    let options: InpaintOptions
    /// Whether the photo is one of several, and messages need its name.
    let isLabelled: Bool
    let json: Bool
    var pictures: PictureShow?

    /// - Throws: `Failure`, `RefineError`, `BusError`; `CancellationError` after the job was cancelled.
    func run() async throws {
        let image = try FilePath.open(plan.photo, "photo")
        let mask =
            try plan.mask.map { try FilePath.open($0, "mask") } ?? BusFileDescriptor.memory(named: "no-mask")
        // Before the work: it would be a pity to fill first and then not to be able to write.
        let outputs = try plan.outputs.map { try OutputFile($0) }
        let compare = try plan.compare.map { try OutputFile($0) }
        let start = ContinuousClock.now

        let job = try await ManagerProxy(bus).inpaint(image: image, mask: mask, options)
        try await follow(job)
        let result = try await job.result()

        guard result.images.count >= outputs.count else { throw Failure.vanished }
        for (output, file) in zip(outputs, result.images) { try output.write(file) }
        if let compare {
            guard let index = result.info.compareIndex, result.images.indices.contains(Int(index)) else {
                throw Failure(
                    Failure.Code.software, "refined sent no comparison",
                    hint: "use a refined and a refinectl of the same version")
            }
            try compare.write(result.images[Int(index)])
        }
        try pictures?.show(result)
        report(result.info, ContinuousClock.now - start)
    }

    /// Shows the progress and returns at the end of the job.
    private func follow(_ job: JobProxy) async throws {
        let bar = ProgressBar(isLabelled ? plan.photo : "refinectl")
        defer { bar.clear() }
        let isComplete = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await event in job.events() {
                    switch event {
                    case .changed(let properties): bar.show(properties)
                    case .completed: return true
                    }
                }
                return false
            }
            group.addTask {
                try await bus.waitUntilVanished(RefineNames.bus)
                return false
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
        if Task.isCancelled {
            // In a task of its own: calls of this one fail at once by now.
            _ = await Task { try await job.cancel() }.result
            throw CancellationError()
        }
        guard isComplete else { throw Failure.vanished }
    }

    private func report(_ info: ResultInfo, _ time: Duration) {
        if info.warnings.contains("mask-covers-most") {
            Terminal.say(
                "refinectl: warning: more than 60 % of the photo is masked\n"
                    + "  white is filled and black is kept: is the mask the wrong way round?")
        }
        if !info.unknownWords.isEmpty {
            Terminal.say(
                "refinectl: warning: the model does not know \(info.unknownWords.joined(separator: ", "))\n"
                    + "  it ignores these words of the prompt: say it in simpler ones")
        }
        for warning in info.warnings where !["mask-covers-most", "unknown-words"].contains(warning) {
            Terminal.say("refinectl: warning: \(warning)")
        }
        if let name = Self.otherFormat(info.format, plan.outputs[0]) {
            Terminal.say(
                "refinectl: warning: \(plan.outputs[0]) is a \(info.format) file, as the photo, and not \(name)\n"
                    + "  rename it, or convert the photo first")
        }
        let seconds = (time / .milliseconds(1)).rounded() / 1000
        guard json else {
            if Terminal.isInteractive || isLabelled {
                let steps = "\(info.steps) step\(info.steps == 1 ? "" : "s")"
                let texture = info.texture.map { ", texture of \($0)" } ?? ""
                Terminal.say(
                    "\(plan.outputs.joined(separator: ", ")): filled in \(seconds) s "
                        + "(seed \(info.seeds.map(String.init).joined(separator: ", ")), \(steps)\(texture))")
            }
            return
        }
        Terminal.print(object(info, seconds).text)
    }

    private func object(_ info: ResultInfo, _ seconds: Double) -> JSON {
        var entries: [(String, JSON)] = [
            ("photo", .string(plan.photo)), ("output", .string(plan.outputs[0])), ("outputs", .strings(plan.outputs)),
        ]
        if let compare = plan.compare { entries.append(("compare", .string(compare))) }
        if let texture = info.texture { entries.append(("texture", .string(texture))) }
        entries += [
            ("seed", .integer(info.seed)), ("seeds", .array(info.seeds.map(JSON.integer))),
            ("steps", .integer(UInt64(info.steps))), ("model", .string(info.model)),
            ("generation", .string(info.generation)), ("format", .string(info.format)),
            ("width", .integer(UInt64(info.width))), ("height", .integer(UInt64(info.height))),
            ("masked_fraction", .number(info.maskedFraction)), ("warnings", .strings(info.warnings)),
            ("notes", .strings(info.notes)), ("unknown_words", .strings(info.unknownWords)),
            ("plan", .string(info.plan)),
            ("total_seconds", .number(seconds)),
            ("seconds", .object(info.seconds.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })),
        ]
        return .object(entries)
    }

    /// The format that a file name promises, where it is another one than `format`.
    private static func otherFormat(_ format: String, _ path: String) -> String? {
        let suffix = FilePath.splitName(FilePath.split(path).name).suffix.lowercased()
        let formats = [
            "jpg": "jpeg", "jpeg": "jpeg", "jpe": "jpeg", "png": "png", "webp": "webp", "tif": "tiff", "tiff": "tiff",
            "heic": "heic", "heif": "heic", "avif": "avif", "gif": "gif",
        ]
        guard let promised = formats[suffix], promised != format else { return nil }
        return promised
    }
}
