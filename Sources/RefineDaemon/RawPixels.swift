import BusTransport
import Glibc
import RefineBus
import WorkerProtocol

/// The photo of an `InpaintPixels` call: sealed memory files of pixels. No decoder is needed, so no worker either.
///
/// The files are read, never mapped: a mapping of memory that the system cannot back ends a process by SIGBUS.
struct RawPixels: Sendable {
    let pixels: BusFileDescriptor
    let layout: RasterLayout
    /// Nil where the boxes say what to fill.
    let mask: (file: BusFileDescriptor, layout: RasterLayout)?
    let boxes: [InpaintOptions.Box]

    /// Seals the memory and compares sizes; reads no pixel.
    ///
    /// - Throws: `RefineError` that names the argument.
    init(_ arguments: [BusValue], _ options: InpaintOptions) throws {
        let given: [(String, Bool)] = [
            ("polygon", !options.polygon.isEmpty), ("invert", options.invert), ("fit_mask", options.fitMask),
        ]
        if let (name, _) = given.first(where: { $0.1 }) {
            throw RefineError(
                .invalidArgument, name, "files-only", "the option is for Inpaint, not for InpaintPixels",
                remedy: "leave it out, and draw the mask accordingly")
        }
        guard arguments.count >= 4, let pixels = arguments[0].descriptor, let mask = arguments[2].descriptor else {
            throw BusError(remote: BusErrorName.invalidArguments, "InpaintPixels takes two descriptors with layouts")
        }
        self.pixels = pixels
        boxes = options.box
        layout = try RasterLayout(arguments[1], argument: "layout")
        try Self.check(pixels, "pixels", layout)
        guard boxes.isEmpty else {
            self.mask = nil
            guard try InputFile.check(mask, named: "mask") == 0 else { throw InputFile.maskAndBox }
            return
        }
        let maskLayout = try RasterLayout(arguments[3], argument: "mask_layout")
        guard maskLayout.format == .gray8 else {
            throw RefineError(
                .invalidArgument, "mask_layout", "unknown-format", "a mask of \(maskLayout.format.rawValue)",
                remedy: "give a mask of GRAY8, 255 where the photo is to be filled")
        }
        guard maskLayout.width == layout.width, maskLayout.height == layout.height else {
            throw RefineError(
                .invalidArgument, "mask", "mask-size",
                "the mask has \(maskLayout.width)x\(maskLayout.height) pixels and the photo "
                    + "\(layout.width)x\(layout.height)", remedy: "make the mask as large as the photo")
        }
        try Self.check(mask, "mask", maskLayout)
        self.mask = (mask, maskLayout)
    }

    private static func check(_ file: BusFileDescriptor, _ name: String, _ layout: RasterLayout) throws {
        let size = try InputFile.check(file, named: name)
        do {
            try file.seal()
        } catch {
            let (reason, detail, remedy) =
                switch error {
                case .notMemory:
                    ("not-memory", "the file is not in memory and cannot be sealed", "copy the pixels into a memfd")
                case .sealingForbidden:
                    (
                        "not-sealable", "the memfd cannot be sealed",
                        "make it with MFD_ALLOW_SEALING, or seal it against writing, shrinking and growing"
                    )
                case .mappedForWriting:
                    ("mapped", "the memfd is mapped for writing", "unmap it before the call")
                case .readOnly:
                    (
                        "not-sealed", "the memfd lacks seals and is not open for writing, so they cannot be added",
                        "seal it against writing, shrinking and growing"
                    )
                }
            throw RefineError(.invalidArgument, name, reason, detail, remedy: remedy)
        }
        // After the seals: only now the size stays.
        var status = stat()
        guard fstat(file.rawValue, &status) == 0, Int(status.st_size) >= layout.byteCount else {
            throw RefineError(
                .invalidArgument, name, "too-few-bytes",
                "the memory has \(size) bytes and its layout takes \(layout.byteCount)",
                remedy: "give stride * (height - 1) + the bytes of a row, or more")
        }
    }

    // MARK: Reading

    /// The photo with its mask.
    ///
    /// - Throws: `RefineError` for a mask that marks nothing or everything, or a box outside of the photo.
    func read() throws -> DecodedFile {
        let marked = try mask.map { try Self.mask($0.file, $0.layout) } ?? boxMask()
        let subject = mask == nil ? "box" : "mask"
        let count = marked.count { $0 != 0 }
        guard count > 0 else {
            throw RefineError(
                .invalidArgument, subject, "mask-empty", "the mask is empty, no pixel is white",
                remedy: "paint what is to be filled white, the rest black")
        }
        guard count < marked.count else {
            throw RefineError(
                .invalidArgument, subject, "mask-covers-everything", "the \(subject) covers the whole photo",
                remedy: "leave some of the photo black, as white is filled")
        }
        let fraction = Double(count) / Double(marked.count)
        return DecodedFile(
            photo: RawPhoto(width: layout.width, height: layout.height, samples: try samples(), mask: marked),
            format: layout.format.rawValue, warnings: fraction > 0.6 ? ["mask-covers-most"] : [],
            maskedFraction: fraction)
    }

    private func samples() throws -> RawPhoto.Samples {
        let count = layout.width * layout.height * 3
        guard layout.format != .rgb16 else {
            var values = [UInt16](repeating: 0, count: count)
            try values.withUnsafeMutableBytes { target in
                try Self.forEachRow(of: pixels, layout) { y, row in
                    UnsafeMutableRawBufferPointer(rebasing: target[(y * layout.rowBytes)...]).copyMemory(from: row)
                }
            }
            return .u16(values)
        }
        var values = [UInt8](repeating: 0, count: count)
        try values.withUnsafeMutableBytes { target in
            try Self.forEachRow(of: pixels, layout) { y, row in
                let start = y * layout.width * 3
                switch layout.format {
                case .gray8:
                    for x in 0..<layout.width {
                        for channel in 0..<3 { target[start + 3 * x + channel] = row[x] }
                    }
                case .rgba8:
                    for x in 0..<layout.width {
                        for channel in 0..<3 { target[start + 3 * x + channel] = row[4 * x + channel] }
                    }
                default:
                    UnsafeMutableRawBufferPointer(rebasing: target[start...]).copyMemory(from: row)
                }
            }
        }
        return .u8(values)
    }

    private static func mask(_ file: BusFileDescriptor, _ layout: RasterLayout) throws -> [UInt8] {
        var values = [UInt8](repeating: 0, count: layout.width * layout.height)
        try values.withUnsafeMutableBytes { target in
            try forEachRow(of: file, layout) { y, row in
                for x in 0..<layout.width { target[y * layout.width + x] = row[x] >= 128 ? 255 : 0 }
            }
        }
        return values
    }

    private func boxMask() throws -> [UInt8] {
        var values = [UInt8](repeating: 0, count: layout.width * layout.height)
        for box in boxes {
            let (x, y, width, height) = (Int(box.x), Int(box.y), Int(box.width), Int(box.height))
            guard x + width <= layout.width, y + height <= layout.height else {
                throw RefineError(
                    .invalidArgument, "box", "box-outside",
                    "the box \(x),\(y),\(width),\(height) does not lie inside the photo, which has "
                        + "\(layout.width)x\(layout.height) pixels", remedy: "give x, y, width, height in pixels")
            }
            for row in y..<y + height {
                let start = row * layout.width + x
                values.replaceSubrange(start..<start + width, with: repeatElement(255, count: width))
            }
        }
        return values
    }

    /// Rows without their padding, read some at a time.
    private static func forEachRow(
        of file: BusFileDescriptor, _ layout: RasterLayout, _ body: (Int, UnsafeRawBufferPointer) -> Void
    ) throws {
        let rows = max(1, min(layout.height, (1 << 20) / layout.stride))
        // Not rows * stride: a single row may claim a stride of gigabytes.
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: (rows - 1) * layout.stride + layout.rowBytes, alignment: 16)
        defer { buffer.deallocate() }
        for first in stride(from: 0, to: layout.height, by: rows) {
            let count = min(rows, layout.height - first)
            // The last row may lack its padding.
            let band = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<((count - 1) * layout.stride + layout.rowBytes)])
            try file.read(into: band, at: first * layout.stride)
            for row in 0..<count {
                let start = row * layout.stride
                body(first + row, UnsafeRawBufferPointer(rebasing: band[start..<start + layout.rowBytes]))
            }
        }
    }

    // MARK: Writing

    /// The pixels in their own layout, those that the fill changed replaced, in sealed memory. Every other byte, alpha
    /// and padding included, is the caller's.
    func write(_ outcome: FillOutcome) throws -> EncodedFile {
        let buffer = try SharedBuffer(count: layout.byteCount) { target in
            try pixels.read(into: target, at: 0)
            switch outcome.filled {
            case .u8(let filled): replace8(target, filled, outcome)
            case .u16(let filled): replace16(target, filled, outcome)
            }
        }
        return EncodedFile(
            file: try BusFileDescriptor(duplicating: buffer.descriptor), size: layout.byteCount,
            format: layout.format.rawValue, notes: ["lossless"])
    }

    private func replace8(_ target: UnsafeMutableRawBufferPointer, _ filled: [UInt8], _ outcome: FillOutcome) {
        let (bytes, box) = (layout.format.bytesPerPixel, outcome.box)
        for y in 0..<box.height {
            for x in 0..<box.width where outcome.changed[y * box.width + x] != 0 {
                let (from, to) = (3 * (y * box.width + x), (box.y + y) * layout.stride + (box.x + x) * bytes)
                if layout.format == .gray8 {
                    target[to] = Self.brightness(filled[from], filled[from + 1], filled[from + 2])
                } else {
                    for channel in 0..<3 { target[to + channel] = filled[from + channel] }
                }
            }
        }
    }

    private func replace16(_ target: UnsafeMutableRawBufferPointer, _ filled: [UInt16], _ outcome: FillOutcome) {
        let box = outcome.box
        for y in 0..<box.height {
            for x in 0..<box.width where outcome.changed[y * box.width + x] != 0 {
                let (from, to) = (3 * (y * box.width + x), (box.y + y) * layout.stride + (box.x + x) * 6)
                for channel in 0..<3 {
                    // A row may begin at an odd byte.
                    let value = filled[from + channel]
                    withUnsafeBytes(of: value) {
                        target[to + 2 * channel] = $0[0]; target[to + 2 * channel + 1] = $0[1]
                    }
                }
            }
        }
    }

    /// ITU-R BT.601, as for grey photos in files. Equal parts give themselves.
    private static func brightness(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
        let sum: UInt32 = 19595 * UInt32(red) + 38470 * UInt32(green) + 7471 * UInt32(blue)
        return UInt8((sum + 32768) >> 16)
    }
}
