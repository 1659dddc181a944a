import BusTransport
import RefineBus
import WorkerProtocol

/// The codec port on refine-worker: one sandboxed process per call, killed when the call is cancelled.
public struct WorkerCodec: PhotoCodec {
    private let limits: WorkerLimits
    /// Kept for all jobs, because it has a spare process ready.
    private let worker: CodecWorker?

    public init(limits: WorkerLimits = WorkerLimits()) {
        self.limits = limits
        worker = (try? WorkerExecutable.find()).map { CodecWorker(executable: $0, limits: limits) }
    }

    public func decode(
        image: BusFileDescriptor, mask: BusFileDescriptor?, marks: HoleMarks
    ) async throws -> DecodedFile {
        try await refining { worker in
            let options = DecodeOptions(
                boxes: marks.boxes.map {
                    FillBox(x: Int($0.x), y: Int($0.y), width: Int($0.width), height: Int($0.height))
                },
                polygons: marks.polygons.map { $0.map { FillPoint(x: Int($0.x), y: Int($0.y)) } },
                invert: marks.invert, fitMask: marks.fitMask)
            let photo = try await worker.decode(image: image.rawValue, mask: mask?.rawValue, options: options)
            let samples: RawPhoto.Samples =
                photo.bitDepth == 16 ? .u16(photo.pixels.values()) : .u8(photo.pixels.values())
            return DecodedFile(
                photo: RawPhoto(
                    width: photo.width, height: photo.height, samples: samples, mask: photo.mask.values()),
                format: photo.format, warnings: photo.warnings, maskedFraction: photo.maskedFraction)
        }
    }

    public func encode(
        source image: BusFileDescriptor, _ photo: RawPhoto, _ outcome: FillOutcome
    ) async throws -> EncodedFile {
        try await refining { worker in
            try await Self.file(
                worker.encode(
                    source: image.rawValue, filled: outcome.filled.buffer(), changed: buffer(outcome.changed),
                    width: photo.width, height: photo.height, bitDepth: photo.samples.bitDepth))
        }
    }

    public func compare(_ photo: RawPhoto, _ outcome: FillOutcome) async throws -> EncodedFile {
        try await refining { worker in
            try await Self.file(
                worker.compare(
                    original: photo.samples.buffer(), classical: outcome.classical.buffer(),
                    filled: outcome.filled.buffer(), mask: buffer(photo.mask), width: photo.width,
                    height: photo.height, bitDepth: photo.samples.bitDepth))
        }
    }

    public func guards() async -> PrivacyReport {
        do {
            let report = try await refining { try await $0.sandboxReport() }
            return PrivacyReport(guards: report.guards, landlock: report.landlock)
        } catch {
            return PrivacyReport(guards: ["started": false])
        }
    }

    private static func file(_ encoded: EncodedPhoto) throws -> EncodedFile {
        EncodedFile(
            file: try BusFileDescriptor(duplicating: encoded.file.descriptor), size: encoded.file.count,
            format: encoded.format, notes: encoded.notes)
    }

    /// Runs `body` with the worker's errors as those of the bus.
    private func refining<T>(_ body: (CodecWorker) async throws -> T) async throws -> T {
        do {
            // Looked for again where it was missing at the start: it may have been installed since.
            let worker = try worker ?? CodecWorker(executable: try WorkerExecutable.find(), limits: limits)
            return try await body(worker)
        } catch let error as WorkerError {
            let code = RefineError.Code(rawValue: error.code.rawValue) ?? .failed
            // Its first sentence says what, the others say what to do.
            let end = error.message.firstRange(of: ". ")
            throw RefineError(
                code, error.argument, error.reason,
                String(error.message[..<(end?.lowerBound ?? error.message.endIndex)]),
                remedy: end.map { String(error.message[$0.upperBound...]) } ?? "")
        }
    }
}

extension SharedBuffer {
    /// A copy of the content. The buffer is the worker's and is let go of at once; what it holds was checked for size.
    fileprivate func values<T: FixedWidthInteger>() -> [T] {
        withBytes { Array($0.bindMemory(to: T.self)) }
    }
}

extension RawPhoto.Samples {
    fileprivate func buffer() throws -> SharedBuffer {
        switch self {
        case .u8(let values): try RefineDaemon.buffer(values)
        case .u16(let values): try RefineDaemon.buffer(values)
        }
    }
}

private func buffer<T: FixedWidthInteger>(_ values: [T]) throws -> SharedBuffer {
    try values.withUnsafeBytes { try SharedBuffer($0) }
}
