import BusTransport
import Inpainting
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
            return DecodedFile(
                photo: RawPhoto(
                    width: photo.width, height: photo.height, bitDepth: photo.bitDepth, pixels: photo.pixels,
                    mask: photo.mask),
                format: photo.format, warnings: photo.warnings, maskedFraction: photo.maskedFraction)
        }
    }

    public func encode(
        source image: BusFileDescriptor, _ photo: RawPhoto, _ outcome: FillOutcome
    ) async throws -> EncodedFile {
        try await refining { worker in
            try await Self.file(
                worker.encode(
                    source: image.rawValue, filled: SharedBuffer.holding(outcome.filled.memory),
                    changed: .holding(PixelArray(outcome.changed)), region: FillBox(outcome.box),
                    pixels: photo.pixels as? SharedBuffer, width: photo.width, height: photo.height,
                    bitDepth: photo.bitDepth))
        }
    }

    public func compare(_ photo: RawPhoto, _ outcome: FillOutcome) async throws -> EncodedFile {
        guard let classical = outcome.classical else {
            throw RefineError(.failed, "compare", "no-classical", "the classical fill was not kept")
        }
        return try await refining { worker in
            try await Self.file(
                worker.compare(
                    original: SharedBuffer.holding(photo.pixels), classical: .holding(classical.memory),
                    filled: .holding(outcome.filled.memory), mask: .holding(photo.mask),
                    region: FillBox(outcome.box), width: photo.width, height: photo.height, bitDepth: photo.bitDepth))
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

extension SharedBuffer: PixelMemory {
    public var byteCount: Int { count }

    public func withPixels<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withBytes(body)
    }

    /// Pixels in memory that a worker can be given: as they are where they came from one, else copied.
    fileprivate static func holding(_ memory: any PixelMemory) throws -> SharedBuffer {
        if let shared = memory as? SharedBuffer { return shared }
        return try memory.withPixels { try SharedBuffer($0) }
    }
}

extension FillBox {
    fileprivate init(_ box: PixelBox) { self.init(x: box.x, y: box.y, width: box.width, height: box.height) }
}
