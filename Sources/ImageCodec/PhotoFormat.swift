/// The file formats that are read, told apart by their first bytes. Each is read by its own loader of libvips, so that
/// no other loader ever sees a file.
public enum PhotoFormat: String, Sendable, CaseIterable {
    case jpeg, png, webp, tiff, heic, avif, gif

    /// How many first bytes `init(signature:)` looks at.
    public static let signatureLength = 64

    /// The format that the first bytes of a file announce; nil for everything else.
    public init?(signature bytes: some Sequence<UInt8>) {
        let head = Array(bytes.prefix(Self.signatureLength))
        func starts(_ magic: [UInt8], at offset: Int = 0) -> Bool { head.dropFirst(offset).starts(with: magic) }

        if starts([0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if starts([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if starts(Array("RIFF".utf8)), starts(Array("WEBP".utf8), at: 8) {
            self = .webp
        } else if starts([0x49, 0x49, 42, 0]) || starts([0x4D, 0x4D, 0, 42]) || starts([0x49, 0x49, 43, 0])
            || starts([0x4D, 0x4D, 0, 43])
        {
            self = .tiff
        } else if starts(Array("GIF8".utf8)) {
            self = .gif
        } else if starts(Array("ftyp".utf8), at: 4) {
            guard let format = Self(brands: head) else { return nil }
            self = format
        } else {
            return nil
        }
    }

    /// ISO/IEC 14496-12 file type box: a size, "ftyp", the major brand, a version, and compatible brands.
    private init?(brands head: [UInt8]) {
        let size = head.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        var names: [String] = []
        for start in stride(from: 8, to: min(size, head.count) - 3, by: 4) where start != 12 {
            names.append(String(decoding: head[start..<start + 4], as: UTF8.self))
        }
        if names.contains(where: ["avif", "avis"].contains) {
            self = .avif
        } else if names.contains(where: ["heic", "heix", "heim", "heis", "hevc", "mif1"].contains) {
            self = .heic
        } else {
            return nil
        }
    }

    /// Read and written by the HEIF module, which is loaded only when it is needed.
    public var needsHEIF: Bool { self == .heic || self == .avif }

    /// The ending that file names of the format commonly have.
    public var fileExtension: String {
        switch self {
        case .jpeg: "jpg"
        case .tiff: "tif"
        default: rawValue
        }
    }
}
