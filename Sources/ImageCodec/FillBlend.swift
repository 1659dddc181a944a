import CVips

/// Puts a fill into a photo's own samples.
///
/// Only pixels whose `changed` is above 0 are touched, and of those only the colour: alpha stays.
enum FillBlend {
    /// - Parameters:
    ///   - samples: the photo, `[height, width, bands]`, changed in place.
    ///   - filled: the whole photo with its hole filled, `[height, width, 3]` of the same depth.
    ///   - changed: `[height, width]`.
    ///   - profile: the photo's own ICC profile, for CMYK.
    static func apply(
        to samples: UnsafeMutableRawBufferPointer, layout: SampleLayout, width: Int, height: Int,
        filled: UnsafeRawBufferPointer, changed: UnsafeRawBufferPointer, profile: [UInt8]?
    ) throws {
        guard layout.colour != .cmyk else {
            return try applyCMYK(
                to: samples, layout: layout, width: width, height: height, filled: filled, changed: changed,
                profile: profile)
        }
        if layout.bitDepth == 8 {
            apply(samples.bindMemory(to: UInt8.self), layout, filled.bindMemory(to: UInt8.self), changed)
        } else {
            apply(samples.bindMemory(to: UInt16.self), layout, filled.bindMemory(to: UInt16.self), changed)
        }
    }

    private static func apply<Sample: FixedWidthInteger & UnsignedInteger>(
        _ samples: UnsafeMutableBufferPointer<Sample>, _ layout: SampleLayout, _ filled: UnsafeBufferPointer<Sample>,
        _ changed: UnsafeRawBufferPointer
    ) {
        let bands = layout.bands
        for pixel in 0..<changed.count where changed[pixel] > 0 {
            let (from, to) = (pixel * 3, pixel * bands)
            if layout.colour == .grey {
                samples[to] = luma(filled[from], filled[from + 1], filled[from + 2])
            } else {
                samples[to] = filled[from]
                samples[to + 1] = filled[from + 1]
                samples[to + 2] = filled[from + 2]
            }
        }
    }

    /// Converts the part of the fill around the changed pixels to the photo's inks.
    private static func applyCMYK(
        to samples: UnsafeMutableRawBufferPointer, layout: SampleLayout, width: Int, height: Int,
        filled: UnsafeRawBufferPointer, changed: UnsafeRawBufferPointer, profile: [UInt8]?
    ) throws {
        guard let box = PixelBox(around: changed, width: width, height: height) else { return }
        let sampleBytes = layout.bitDepth / 8
        var part: [UInt8] = []
        part.reserveCapacity(box.width * box.height * 3 * sampleBytes)
        for y in box.y..<box.y + box.height {
            let start = (y * width + box.x) * 3 * sampleBytes
            part.append(contentsOf: filled[start..<start + box.width * 3 * sampleBytes])
        }
        let complete = part.withUnsafeBytes { bytes -> Bool in
            let format = layout.bitDepth == 8 ? VIPS_FORMAT_UCHAR : VIPS_FORMAT_USHORT
            let space = layout.bitDepth == 8 ? VIPS_INTERPRETATION_sRGB : VIPS_INTERPRETATION_RGB16
            guard
                let rgb = refine_vips_over_memory(
                    bytes.baseAddress, bytes.count, Int32(box.width), Int32(box.height), 3, format, space)
            else { return false }
            let picture = VipsPicture(owning: rgb)
            let inks = VipsPicture.make { out in
                guard let profile else {
                    return refine_vips_rgb_to_cmyk(picture.image, nil, 0, Int32(layout.bitDepth), out)
                }
                return profile.withUnsafeBytes {
                    refine_vips_rgb_to_cmyk(picture.image, $0.baseAddress, $0.count, Int32(layout.bitDepth), out)
                }
            }
            guard let inks, inks.bands == 4 else { return false }
            return inks.forEachRow { row, converted in
                for x in 0..<box.width {
                    let pixel = (box.y + row) * width + box.x + x
                    guard changed[pixel] > 0 else { continue }
                    let start = pixel * layout.pixelBytes
                    for byte in 0..<4 * sampleBytes {
                        samples[start + byte] = converted[x * 4 * sampleBytes + byte]
                    }
                }
            }
        }
        guard complete else {
            _ = CodecLibrary.takeError()
            throw CodecError(
                .failed, argument: "image", reason: "colour-conversion",
                message: "The fill cannot be converted to the photo's CMYK profile. Convert the photo to RGB first.")
        }
    }
}

extension PixelBox {
    /// The smallest box that holds every pixel above 0; nil when there is none.
    init?(around mask: UnsafeRawBufferPointer, width: Int, height: Int) {
        var (left, right, top, bottom) = (width, -1, height, -1)
        for y in 0..<height {
            let row = mask[y * width..<(y + 1) * width]
            guard let first = row.firstIndex(where: { $0 > 0 }), let last = row.lastIndex(where: { $0 > 0 }) else {
                continue
            }
            left = min(left, first - y * width)
            right = max(right, last - y * width)
            top = min(top, y)
            bottom = y
        }
        guard right >= 0 else { return nil }
        self.init(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
    }
}
