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
