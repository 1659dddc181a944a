import ImageCodec
import WorkerProtocol

extension CodecRole {
    func decode(_ files: [OwnedDescriptor], _ options: DecodeOptions, _ limits: CodecLimits) throws -> (
        WorkerReply, [SharedBuffer]
    ) {
        guard files.count == (options.hasShapes ? 1 : 2) else { throw WorkerError.badJob }
        let photo = try PhotoReader(
            file: FileBytes(descriptor: files[0].number, argument: "image", limits: limits), argument: "image",
            limits: limits)
        let info = photo.info
        // The mask first: it is quick, and where it is wrong no time goes into the photo.
        let mask: HoleMask
        if !options.hasShapes {
            let file = try FileBytes(descriptor: files[1].number, argument: "mask", limits: limits)
            mask = try HoleMask(
                file: file, width: info.width, height: info.height, inverted: options.invert, fits: options.fitMask,
                limits: limits)
        } else {
            mask = try HoleMask(
                boxes: options.boxes.map { PixelBox($0) },
                polygons: options.polygons.map { $0.map { PixelPoint(x: $0.x, y: $0.y) } }, inverted: options.invert,
                width: info.width, height: info.height)
        }
        let pixels = try SharedBuffer(count: photo.rgbByteCount) { try photo.readRGB(into: $0) }
        let maskBuffer = try mask.values.withUnsafeBytes { try SharedBuffer($0) }
        let header = DecodedHeader(
            layout: PixelLayout(width: info.width, height: info.height, bitDepth: info.layout.bitDepth),
            format: info.format.rawValue, hasAlpha: info.layout.hasAlpha,
            warnings: mask.warnings + (info.pages > 1 ? ["first-page-only"] : []), maskedFraction: mask.fraction)
        return (.decoded(header), [pixels, maskBuffer])
    }

    func encode(
        _ files: [OwnedDescriptor], _ layout: PixelLayout, _ box: FillBox, _ options: EncodeOptions,
        _ limits: CodecLimits
    ) throws -> (WorkerReply, [SharedBuffer]) {
        guard (3...4).contains(files.count), let part = layout.layout(of: box), let size = part.rgbByteCount,
            let pixels = part.pixelCount, (1...100).contains(options.quality ?? 1)
        else { throw WorkerError.badJob }
        let source = try FileBytes(descriptor: files[0].number, argument: "image", limits: limits)
        let filled = try SharedBuffer(adopting: files[1].duplicated(), count: size)
        let changed = try SharedBuffer(adopting: files[2].duplicated(), count: pixels)
        let photo =
            try files.count == 4 ? SharedBuffer(adopting: files[3].duplicated(), count: layout.rgbByteCount) : nil
        let encoded = try filled.withBytes { filled in
            try changed.withBytes { changed in
                func encode(_ pixels: UnsafeRawBufferPointer?) throws -> EncodedFile {
                    try PhotoWriter.encode(
                        source: source, fill: FilledPart(box: PixelBox(box), filled: filled, changed: changed),
                        pixels: pixels, width: layout.width, height: layout.height, bitDepth: layout.bitDepth,
                        options: PhotoWriterOptions(quality: options.quality), limits: limits)
                }
                return try photo?.withBytes { try encode($0) } ?? encode(nil)
            }
        }
        return try reply(encoded.bytes, format: encoded.format.rawValue, notes: encoded.notes)
    }

    func compare(_ files: [OwnedDescriptor], _ layout: PixelLayout, _ box: FillBox) throws -> (
        WorkerReply, [SharedBuffer]
    ) {
        guard files.count == 4, let part = layout.layout(of: box)?.rgbByteCount, let size = layout.rgbByteCount,
            let pixels = layout.pixelCount
        else { throw WorkerError.badJob }
        let pictures = try zip(files, [size, part, part]).map {
            try SharedBuffer(adopting: $0.duplicated(), count: $1)
        }
        let mask = try SharedBuffer(adopting: files[3].duplicated(), count: pixels)
        let png = try pictures[0].withBytes { original in
            try pictures[1].withBytes { classical in
                try pictures[2].withBytes { filled in
                    try mask.withBytes { mask in
                        try ComparePicture(
                            original: original, classical: classical, filled: filled, fillBox: PixelBox(box),
                            mask: mask, width: layout.width, height: layout.height, bitDepth: layout.bitDepth
                        ).png()
                    }
                }
            }
        }
        return try reply(png, format: PhotoFormat.png.rawValue, notes: [])
    }

    private func reply(_ bytes: [UInt8], format: String, notes: [String]) throws -> (WorkerReply, [SharedBuffer]) {
        let file = try bytes.withUnsafeBytes { try SharedBuffer($0) }
        return (.encoded(EncodedHeader(format: format, notes: notes)), [file])
    }
}

extension PixelBox {
    fileprivate init(_ box: FillBox) { self.init(x: box.x, y: box.y, width: box.width, height: box.height) }
}
