import CVips

/// Puts a fill into a photo's own samples.
///
/// Only pixels whose `changed` is above 0 are touched, and of those only the colour: alpha stays.
enum FillBlend {
    /// - Parameters:
    ///   - samples: the photo, `[height, width, bands]`, changed in place.
    ///   - profile: the photo's own ICC profile, for CMYK.
    static func apply(
        _ fill: FilledPart, to samples: UnsafeMutableRawBufferPointer, layout: SampleLayout, width: Int,
        profile: [UInt8]?
    ) throws {
        guard layout.colour != .cmyk else {
            return try applyCMYK(fill, to: samples, layout: layout, width: width, profile: profile)
        }
        if layout.bitDepth == 8 {
            apply(fill, UInt8.self, to: samples, layout, width: width)
        } else {
            apply(fill, UInt16.self, to: samples, layout, width: width)
        }
    }

    private static func apply<Sample: FixedWidthInteger & UnsignedInteger>(
        _ fill: FilledPart, _ type: Sample.Type, to samples: UnsafeMutableRawBufferPointer, _ layout: SampleLayout,
        width: Int
    ) {
        let (target, filled) = (samples.bindMemory(to: type), fill.filled.bindMemory(to: type))
        let (box, bands) = (fill.box, layout.bands)
        for y in 0..<box.height {
            for x in 0..<box.width where fill.changed[y * box.width + x] > 0 {
                let (from, to) = ((y * box.width + x) * 3, ((box.y + y) * width + box.x + x) * bands)
                if layout.colour == .grey {
                    target[to] = luma(filled[from], filled[from + 1], filled[from + 2])
                } else {
                    target[to] = filled[from]
                    target[to + 1] = filled[from + 1]
                    target[to + 2] = filled[from + 2]
                }
            }
        }
    }

    /// Converts the fill to the photo's inks.
    private static func applyCMYK(
        _ fill: FilledPart, to samples: UnsafeMutableRawBufferPointer, layout: SampleLayout, width: Int,
        profile: [UInt8]?
    ) throws {
        let (box, sampleBytes) = (fill.box, layout.bitDepth / 8)
        func convert() -> Bool {
            let format = layout.bitDepth == 8 ? VIPS_FORMAT_UCHAR : VIPS_FORMAT_USHORT
            let space = layout.bitDepth == 8 ? VIPS_INTERPRETATION_sRGB : VIPS_INTERPRETATION_RGB16
            guard
                let rgb = refine_vips_over_memory(
                    fill.filled.baseAddress, fill.filled.count, Int32(box.width), Int32(box.height), 3, format, space)
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
                for x in 0..<box.width where fill.changed[row * box.width + x] > 0 {
                    let start = ((box.y + row) * width + box.x + x) * layout.pixelBytes
                    for byte in 0..<4 * sampleBytes {
                        samples[start + byte] = converted[x * 4 * sampleBytes + byte]
                    }
                }
            }
        }
        guard convert() else {
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
