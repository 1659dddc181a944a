import CVips

/// libvips, started once for the process.
///
/// All that it reads from the disc is read here, so that a sandbox can close afterwards.
public enum CodecLibrary {
    /// Starts libvips, and loads its HEIF module where asked. Both happen once; further calls cost nothing.
    ///
    /// - Throws: `CodecError` with `failed` when libvips does not start, with `unsupportedFormat` when this libvips has
    ///   no HEIF module.
    public static func start(heif: Bool = false) throws {
        guard started else {
            throw CodecError(
                .failed, argument: "library", reason: "library",
                message: "libvips did not start. Check that its package is complete.")
        }
        guard !heif || heifLoaded else { throw noHEIF }
    }

    /// Reads a picture that is built in, so that what is slow the first time is done when a photo comes. Starts no thread.
    public static func rehearse() {
        let file = FileBytes(smallest)
        _ = try? HoleMask(file: file, width: 8, height: 8)
        guard let photo = try? PhotoReader(file: file, argument: "image") else { return }
        var pixels = [UInt8](repeating: 0, count: photo.rgbByteCount)
        pixels.withUnsafeMutableBytes { try? photo.readRGB(into: $0) }
    }

    /// A PNG of 8x8 pixels, the left half white, the right one black.
    private static let smallest: [UInt8] = [
        0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00,
        0x00, 0x08, 0x00, 0x00, 0x00, 0x08, 0x08, 0x02, 0x00, 0x00, 0x00, 0x4B, 0x6D, 0x29, 0xDC, 0x00, 0x00, 0x00,
        0x11, 0x49, 0x44, 0x41, 0x54, 0x78, 0xDA, 0x63, 0xF8, 0x8F, 0x04, 0x18, 0x90, 0xC1, 0xD0, 0x92, 0x00, 0x00,
        0x9B, 0x51, 0x5F, 0xA1, 0x81, 0xB8, 0x3D, 0x76, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42,
        0x60, 0x82,
    ]

    /// Globals of Swift are initialised once, under a lock.
    private static let started = refine_vips_start("refine-worker") == 0
    private static let heifLoaded = refine_vips_load_heif() == 0

    private static let noHEIF = CodecError(
        .unsupportedFormat, argument: "image", reason: "no-heif",
        message: "This system's libvips has no HEIF module. Install libvips42 with HEIF support, or export a PNG.")

    /// Why the last operation failed, in libvips' words; for finding out about memory only, as the words can hold text
    /// from inside a file. Clears it.
    static func takeError() -> String {
        defer { vips_error_clear() }
        return vips_error_buffer().map { String(cString: $0) } ?? ""
    }
}
