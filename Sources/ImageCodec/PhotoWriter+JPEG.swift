import CVips

extension PhotoWriter {
    /// Changes only the blocks of a JPEG file that the fill touches, and keeps everything else as it is: the other
    /// blocks' coefficients, tables, sampling, the mode, and the orientation with the metadata.
    ///
    /// - Returns: nil where the file does not allow it; it is then to be encoded anew.
    static func patchJPEG(_ reader: PhotoReader, _ fill: FilledPart) throws -> EncodedFile? {
        let info = reader.info
        guard info.layout.bitDepth == 8, let file = JPEGCoefficients(reader.file) else { return nil }
        let orientation = Orientation(value: info.orientation, width: info.width, height: info.height)
        func apply(_ samples: UnsafeRawBufferPointer, bands: Int) -> JPEGPatch.Count? {
            JPEGPatch(
                fill: fill, samples: samples.bindMemory(to: UInt8.self), bands: bands, orientation: orientation
            ).apply(to: file)
        }
        let count: JPEGPatch.Count?
        if info.layout.colour == .rgb {
            count = apply(fill.filled, bands: 3)
        } else {
            let own = UnsafeMutableRawBufferPointer.allocate(byteCount: reader.ownByteCount, alignment: 64)
            defer { own.deallocate() }
            let decoded = try reader.readOwn(into: own)
            try FillBlend.apply(
                fill, to: own, layout: info.layout, width: info.width, profile: decoded.blob(VIPS_META_ICC_NAME))
            var part: [UInt8] = []
            for y in fill.box.y..<fill.box.y + fill.box.height {
                let start = (y * info.width + fill.box.x) * info.layout.pixelBytes
                part += own[start..<start + fill.box.width * info.layout.pixelBytes]
            }
            count = part.withUnsafeBytes { apply($0, bands: info.layout.bands) }
        }
        let (markers, dropped) = JPEGMarkers.kept(file.markers)
        guard let count, let bytes = file.written(markers: markers) else { return nil }
        // Down, so that 100 means all.
        let kept = (count.all - count.touched) * 1000 / max(count.all, 1)
        var notes = ["lossy", "jpeg-blocks-kept=\(kept / 10).\(kept % 10)%"]
        if info.orientation > 1 { notes.append("orientation-kept") }
        if info.layout.colour == .grey { notes.append("grey-kept") }
        if info.layout.colour == .cmyk { notes.append("cmyk-converted") }
        return EncodedFile(format: .jpeg, bytes: bytes, notes: notes + dropped)
    }
}
