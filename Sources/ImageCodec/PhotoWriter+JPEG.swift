import CVips

extension PhotoWriter {
    /// Changes only the blocks of a JPEG file that the fill touches, and keeps everything else as it is: the other
    /// blocks' coefficients, tables, sampling, the mode, and the orientation with the metadata.
    ///
    /// - Returns: nil where the file does not allow it; it is then to be encoded anew.
    static func patchJPEG(
        _ reader: PhotoReader, filled: UnsafeRawBufferPointer, changed: UnsafeRawBufferPointer
    ) throws -> EncodedFile? {
        let info = reader.info
        guard info.layout.bitDepth == 8, let file = JPEGCoefficients(reader.file) else { return nil }
        let orientation = Orientation(value: info.orientation, width: info.width, height: info.height)
        func apply(_ samples: UnsafeRawBufferPointer, bands: Int) -> JPEGPatch.Count? {
            JPEGPatch(
                filled: samples.bindMemory(to: UInt8.self), bands: bands, changed: changed, orientation: orientation
            ).apply(to: file)
        }
        let count: JPEGPatch.Count?
        if info.layout.colour == .rgb {
            count = apply(filled, bands: 3)
        } else {
            let own = UnsafeMutableRawBufferPointer.allocate(byteCount: reader.ownByteCount, alignment: 64)
            defer { own.deallocate() }
            let decoded = try reader.readOwn(into: own)
            try FillBlend.apply(
                to: own, layout: info.layout, width: info.width, height: info.height, filled: filled,
                changed: changed, profile: decoded.blob(VIPS_META_ICC_NAME))
            count = apply(UnsafeRawBufferPointer(own), bands: info.layout.bands)
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
