import BusTransport
import Glibc
import RefineBus

/// Where the photo of a job comes from.
enum JobSource: Sendable {
    /// Files in formats, for the worker. The mask is nil where shapes say what to fill.
    case files(image: BusFileDescriptor, mask: BusFileDescriptor?, marks: HoleMarks)
    /// Raw pixels in sealed memory.
    case pixels(RawPixels)

    /// Checks the descriptors of a call: everything that can be known without reading pixels.
    ///
    /// - Parameters:
    ///   - member: `Inpaint` or `InpaintPixels`.
    ///   - arguments: those of the call; their signature was checked.
    /// - Throws: `RefineError` that names the argument.
    init(_ member: String, _ arguments: [BusValue], _ options: InpaintOptions) throws {
        guard member == "Inpaint" else {
            self = .pixels(try RawPixels(arguments, options))
            return
        }
        guard arguments.count >= 2, let image = arguments[0].descriptor, let mask = arguments[1].descriptor else {
            throw BusError(remote: BusErrorName.invalidArguments, "Inpaint takes two file descriptors and options")
        }
        try InputFile.check(image, mask, options)
        self = .files(image: image, mask: options.hasShapes ? nil : mask, marks: HoleMarks(options))
    }

    /// The pixels of the photo and what is to be filled.
    func decode(_ codec: any PhotoCodec) async throws -> DecodedFile {
        switch self {
        case .files(let image, let mask, let marks): try await codec.decode(image: image, mask: mask, marks: marks)
        case .pixels(let raw): try raw.read()
        }
    }

    /// The filled photo in the form in which it came.
    func encode(_ codec: any PhotoCodec, _ photo: RawPhoto, _ outcome: FillOutcome) async throws -> EncodedFile {
        switch self {
        case .files(let image, _, _): try await codec.encode(source: image, photo, outcome)
        case .pixels(let raw): try raw.write(outcome)
        }
    }

    /// Bytes from row to row of the result; nil for files.
    var stride: Int? {
        guard case .pixels(let raw) = self else { return nil }
        return raw.layout.stride
    }
}

/// Checks of the descriptors of a call.
enum InputFile {
    /// - Returns: The size in bytes.
    /// - Throws: `RefineError` with code `invalidArgument` for what is not a readable regular file or memfd.
    static func check(_ file: BusFileDescriptor, named name: String) throws(RefineError) -> Int {
        var status = stat()
        guard fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw RefineError(
                .invalidArgument, name, "not-a-file", "the descriptor is not a regular file or memfd",
                remedy: "open the file itself, or copy the data into a memfd")
        }
        // Not fcntl(F_GETFL): a descriptor made with O_PATH has a read mode there and still cannot be read.
        var byte: UInt8 = 0
        guard pread(file.rawValue, &byte, 1, 0) >= 0 else {
            throw RefineError(
                .invalidArgument, name, "not-readable", "the descriptor is not open for reading",
                remedy: "open the file for reading")
        }
        return Int(status.st_size)
    }

    /// The photo and the mask of `Inpaint`.
    static func check(
        _ image: BusFileDescriptor, _ mask: BusFileDescriptor, _ options: InpaintOptions
    ) throws(RefineError) {
        if try check(image, named: "image") == 0 {
            throw RefineError(
                .unsupportedFormat, "image", "empty-file", "the photo's file has no content",
                remedy: "check how the file was made")
        }
        switch (try check(mask, named: "mask") == 0, !options.hasShapes) {
        case (true, true):
            throw RefineError(
                .invalidArgument, "mask", "empty-file", "the mask's file has no content and there is no box or polygon",
                remedy: "give a mask that is white where the photo is to be filled, or the option box or polygon")
        case (false, false): throw maskAndBox
        default: break
        }
    }

    static let maskAndBox = RefineError(
        .invalidArgument, "box", "mask-and-box", "there are a mask and a box or polygon",
        remedy: "give one of them; with box or polygon the mask's file must be of zero length")
}
