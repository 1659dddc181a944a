extension HoleMask {
    /// Reads a mask file. Alpha decides where it varies (opaque = fill), else the brightness (white = fill).
    ///
    /// - Parameters:
    ///   - file: in any format that is read.
    ///   - width: of the upright photo, which the mask must match.
    ///   - height: of the upright photo.
    ///   - inverted: fill what the mask leaves out.
    ///   - fits: scale a mask of another size to the photo's, instead of refusing it.
    ///   - limits: how large it may be.
    /// - Throws: `CodecError` about "mask".
    public init(
        file: FileBytes, width: Int, height: Int, inverted: Bool = false, fits: Bool = false,
        limits: CodecLimits = CodecLimits()
    ) throws {
        let reader = try PhotoReader(file: file, argument: "mask", limits: limits)
        let (ownWidth, ownHeight) = (reader.info.width, reader.info.height)
        guard fits || (ownWidth == width && ownHeight == height) else {
            throw CodecError(
                .invalidArgument, argument: "mask", reason: "mask-size",
                message: """
                    The mask has \(ownWidth)x\(ownHeight) pixels, the photo (turned upright) \(width)x\(height). \
                    Scale the mask to \(width)x\(height), or have it fitted (--fit-mask, fit_mask).
                    """)
        }
        let values =
            try reader.info.layout.bitDepth == 8
            ? Self.values(of: reader, as: UInt8.self) { $0 }
            : Self.values(of: reader, as: UInt16.self) { UInt8($0 >> 8) }
        let fitted =
            ownWidth == width && ownHeight == height
            ? values
            : MaskScaling.scaled(values, from: (ownWidth, ownHeight), to: (width, height))
        try self.init(width: width, height: height, marked: fitted, inverted: inverted, argument: "mask")
    }

    private static func values<Sample: FixedWidthInteger & UnsignedInteger>(
        of reader: PhotoReader, as sample: Sample.Type, toByte: (Sample) -> UInt8
    ) throws -> [UInt8] {
        let (width, layout) = (reader.info.width, reader.info.layout)
        let bands = layout.bands
        var bright = [UInt8](repeating: 0, count: width * reader.info.height)
        var opaque = layout.hasAlpha ? bright : []
        var firstAlpha: Sample?
        var alphaVaries = false
        let complete = try reader.upright().forEachRow { row, bytes in
            let samples = bytes.bindMemory(to: Sample.self)
            if layout.bands == 1 {
                // The common mask. A loop so plain that the compiler makes vectors of it.
                bright.withUnsafeMutableBufferPointer { bright in
                    for x in 0..<width { bright[row * width + x] = toByte(samples[x]) >= threshold ? 255 : 0 }
                }
                return
            }
            for x in 0..<width {
                let pixel = x * bands
                let value: Sample
                switch layout.colour {
                case .grey: value = samples[pixel]
                case .rgb: value = luma(samples[pixel], samples[pixel + 1], samples[pixel + 2])
                // Ink: none is white. The black ink alone would do, but not for white made of no colours.
                case .cmyk:
                    value = ~max(max(samples[pixel], samples[pixel + 1]), max(samples[pixel + 2], samples[pixel + 3]))
                }
                bright[row * width + x] = toByte(value) >= threshold ? 255 : 0
                guard layout.hasAlpha else { continue }
                let alpha = samples[pixel + layout.colour.bands]
                opaque[row * width + x] = toByte(alpha) >= threshold ? 255 : 0
                if alpha != firstAlpha ?? alpha { alphaVaries = true }
                firstAlpha = alpha
            }
        }
        guard complete else { throw PhotoReader.damaged("mask") }
        return alphaVaries ? opaque : bright
    }
}
