import BusTransport
import RefineBus

/// What the daemon knows of files in formats: nothing but what this port tells. Behind it are sandboxed processes; a crash
/// of one is the error of the call.
///
/// The calls honour cancellation of the task that makes them.
public protocol PhotoCodec: Sendable {
    /// Decodes and checks a photo and its mask.
    ///
    /// - Parameters:
    ///   - image: The photo's file.
    ///   - mask: The mask's file; nil where shapes in `marks` say what to fill.
    ///   - marks: Boxes, polygons, and how to read the mask.
    /// - Throws: `RefineError` whose subject is `image`, `mask`, `box` or `polygon`.
    func decode(
        image: BusFileDescriptor, mask: BusFileDescriptor?, marks: HoleMarks
    ) async throws -> DecodedFile

    /// Writes the photo again, in its own format, with the pixels where `outcome.changed` is not 0 replaced.
    func encode(source image: BusFileDescriptor, _ photo: RawPhoto, _ outcome: FillOutcome) async throws -> EncodedFile

    /// One PNG with the photo with its hole, the classical fill, ours and the original side by side.
    func compare(_ photo: RawPhoto, _ outcome: FillOutcome) async throws -> EncodedFile

    /// The guards of the processes behind this, tried now.
    func guards() async -> PrivacyReport
}

/// A photo that was read from a file.
public struct DecodedFile: Sendable {
    public var photo: RawPhoto
    /// `png`, `jpeg`...
    public var format: String
    /// Codes, such as `mask-covers-most`.
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
