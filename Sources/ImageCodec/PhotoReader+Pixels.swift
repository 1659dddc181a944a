import CVips

extension PhotoReader {
    /// Bytes of the upright photo as RGB of `info.layout.bitDepth` bits.
    public var rgbByteCount: Int { info.width * info.height * 3 * (info.layout.bitDepth / 8) }

    /// Bytes of the upright photo in its own bands.
    public var ownByteCount: Int { info.width * info.height * info.layout.pixelBytes }

    /// Decodes the photo as RGB: grey is written three times, CMYK is converted by its profile, alpha is left out.
    ///
    /// The numbers of an RGB photo are its own, whatever its profile: what is filled in comes back in the same space.
    ///
    /// - Parameter output: `[height, width, 3]`, 8 bits or native-endian 16; exactly `rgbByteCount` bytes.
    /// - Throws: `CodecError` when the pixels are damaged or cut short.
    public func readRGB(into output: UnsafeMutableRawBufferPointer) throws {
        precondition(output.count == rgbByteCount, "the output has another size than the photo")
        var picture = try upright()
        var layout = info.layout
        if layout.colour == .cmyk {
            let depth = Int32(layout.bitDepth)
            guard let converted = VipsPicture.make({ refine_vips_cmyk_to_rgb(picture.image, depth, $0) }) else {
                throw Self.damaged(argument)
            }
            picture = converted
            layout = SampleLayout(colour: .rgb, extraBands: picture.bands - 3, bitDepth: layout.bitDepth)
        }
        let width = info.width
        let complete = picture.forEachRow { row, samples in
            let rowBytes = width * 3 * layout.bitDepth / 8
            let target = UnsafeMutableRawBufferPointer(rebasing: output[row * rowBytes..<(row + 1) * rowBytes])
            if layout.colour == .rgb && layout.extraBands == 0 {
                target.copyMemory(from: samples)
            } else if layout.bitDepth == 8 {
                expandRow(samples.bindMemory(to: UInt8.self), layout, into: target.bindMemory(to: UInt8.self))
            } else {
                expandRow(samples.bindMemory(to: UInt16.self), layout, into: target.bindMemory(to: UInt16.self))
            }
        }
        guard complete else { throw Self.damaged(argument) }
    }

    /// Decodes the upright photo in its own bands and depth, alpha included, nothing converted.
    ///
    /// - Parameter output: `[height, width, info.layout.bands]`, 8 bits or native-endian 16; exactly `ownByteCount`
    ///   bytes.
    /// - Throws: `CodecError` when the pixels are damaged or cut short.
    public func readSamples(into output: UnsafeMutableRawBufferPointer) throws { _ = try readOwn(into: output) }

    /// As `readSamples`.
    ///
    /// - Returns: the picture that the pixels came from, for its metadata (the orientation is gone from it).
    func readOwn(into output: UnsafeMutableRawBufferPointer) throws -> VipsPicture {
        precondition(output.count == ownByteCount, "the output has another size than the photo")
        let picture = try upright()
        let rowBytes = info.width * info.layout.pixelBytes
        let complete = picture.forEachRow { row, samples in
            UnsafeMutableRawBufferPointer(rebasing: output[row * rowBytes..<(row + 1) * rowBytes])
                .copyMemory(from: samples)
        }
        guard complete else { throw Self.damaged(argument) }
        return picture
    }
}

/// Grey or RGB with bands to leave out -> RGB. `samples` is `[width, bands]`, `target` `[width, 3]`.
private func expandRow<Sample>(
    _ samples: UnsafeBufferPointer<Sample>, _ layout: SampleLayout, into target: UnsafeMutableBufferPointer<Sample>
) {
    let bands = layout.bands
    let (green, blue) = layout.colour == .grey ? (0, 0) : (1, 2)
    for pixel in 0..<target.count / 3 {
        target[pixel * 3] = samples[pixel * bands]
        target[pixel * 3 + 1] = samples[pixel * bands + green]
        target[pixel * 3 + 2] = samples[pixel * bands + blue]
    }
}
