import BusTransport
import RefineBus

/// Pixels to be shown in the terminal.
struct RGBPicture: Sendable, Equatable {
    struct Color: Sendable, Hashable {
        var red, green, blue: UInt8
    }

    let width, height: Int
    /// Row by row, without padding.
    private let bytes: [UInt8]

    /// - Parameter file: `width * height` pixels of RGB8 without padding.
    /// - Throws: `BusError` where the file has fewer.
    init(_ file: BusFileDescriptor, width: Int, height: Int) throws {
        self.width = width
        self.height = height
        var bytes = [UInt8](repeating: 0, count: width * height * 3)
        try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        self.bytes = bytes
    }

    subscript(x: Int, y: Int) -> Color {
        let start = (y * width + x) * 3
        return Color(red: bytes[start], green: bytes[start + 1], blue: bytes[start + 2])
    }
}

/// Pictures of one size side by side, with nothing between them.
struct PictureRow: Sendable {
    let pictures: [RGBPicture]
    /// Pixels between two pictures.
    let gap: Int

    init(_ pictures: [RGBPicture], gap: Int) {
        precondition(
            pictures.allSatisfy { $0.width == pictures[0].width && $0.height == pictures[0].height },
            "pictures of one size are wanted")
        self.pictures = pictures
        self.gap = gap
    }

    var width: Int { pictures.count * pictures[0].width + (pictures.count - 1) * gap }
    var height: Int { pictures[0].height }

    /// Nil between pictures and below them.
    subscript(x: Int, y: Int) -> RGBPicture.Color? {
        let step = pictures[0].width + gap
        guard y < height, x % step < pictures[0].width else { return nil }
        return pictures[x / step][x % step, y]
    }
}
