import BusTransport
import RefineBus

/// What the daemon knows of files in formats: nothing but what this port tells. Behind it is a sandboxed process per job.
public protocol PhotoCodec: Sendable {
    /// Starts the codec for one job.
    func open() async throws -> any PhotoCodecSession
}

/// The codec for one job. A crash of it is that job's error.
///
/// The calls honour cancellation of the task that makes them.
public protocol PhotoCodecSession: Sendable {
    /// Decodes and checks a photo and its mask.
    ///
    /// - Parameters:
    ///   - image: The photo's file.
    ///   - mask: The mask's file; of zero length where `boxes` is not empty.
    ///   - boxes: Rectangles in upright pixels that are filled too.
    /// - Throws: `RefineError` whose subject is `image`, `mask` or `box`.
    func decode(
        image: BusFileDescriptor, mask: BusFileDescriptor, boxes: [InpaintOptions.Box]
    ) async throws -> DecodedFile

    /// Writes the photo again, in its own format, with the pixels where `outcome.changed` is not 0 replaced.
    func encode(source image: BusFileDescriptor, _ photo: DecodedFile, _ outcome: FillOutcome) async throws
        -> EncodedFile

    /// One PNG with the photo with its hole, the classical fill, ours and the original side by side.
    func compare(
        source image: BusFileDescriptor, _ photo: DecodedFile, _ outcome: FillOutcome
    ) async throws -> EncodedFile

    /// Ends the codec. Called once, whatever happened before.
    func close() async
}

/// A photo that was read from a file.
public struct DecodedFile: Sendable, Equatable {
    public var photo: RawPhoto
    /// `png`, `jpeg`...
    public var format: String
    /// Codes, such as `mask.mostly-filled`.
    public var warnings: [String]
    /// 0 to 1.
    public var maskedFraction: Double

    public init(photo: RawPhoto, format: String, warnings: [String], maskedFraction: Double) {
        self.photo = photo
        self.format = format
        self.warnings = warnings
        self.maskedFraction = maskedFraction
    }
}

/// A file in memory.
public struct EncodedFile: Sendable {
    public var file: BusFileDescriptor
    public var size: Int
    public var format: String
    /// Codes about what the format could and could not keep.
    public var notes: [String]

    public init(file: BusFileDescriptor, size: Int, format: String, notes: [String]) {
        self.file = file
        self.size = size
        self.format = format
        self.notes = notes
    }
}
