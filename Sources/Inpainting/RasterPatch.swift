/// The part of a photo that a fill changes: a copy of one rectangle. Everything else stays the photo's own and is never
/// copied.
struct RasterPatch: Sendable {
    let box: PixelBox
    /// `[box.height, box.width, 3]`.
    private(set) var samples: RasterImage.Samples

    init(of image: RasterImage, _ box: PixelBox) {
        self.box = box
        samples = image.samples(of: box)
    }

    /// Lays the fill of a crop over the photo: `photo * (1 - opacity) + fill * opacity`, rounded once, for the pixels
    /// of the crop's runs. Nothing else is touched.
    ///
    /// - Parameters:
    ///   - fill: `[3, keptHeight, keptWidth]` of the crop, 0...1, finite; enlarged where that is less than its size.
    ///   - opacity: of the same box; 255 = the fill alone.
    ///   - original: the photo that the patch was cut from.
    mutating func blend(_ fill: [Float], crop: Crop, opacity: HoleRegion, over original: RasterImage) {
        let (grain, width, area) = (crop.grain, crop.keptWidth, crop.keptWidth * crop.keptHeight)
        precondition(fill.count == 3 * area, "fill does not match its crop")
        precondition(opacity.box == box, "the opacity is of another box")
        let box = box
        let columns = grain > 1 ? (0..<crop.width).map { CellTap($0, cell: grain, count: width) } : []
        func enlarged(_ x: Int, _ row: CellTap, _ channel: Int) -> Float {
            let (tap, plane) = (columns[x], channel * area)
            let (upper, lower) = (plane + row.low * width, plane + row.high * width)
            let above = fill[upper + tap.low] * (1 - tap.weight) + fill[upper + tap.high] * tap.weight
            let below = fill[lower + tap.low] * (1 - tap.weight) + fill[lower + tap.high] * tap.weight
            return above * (1 - row.weight) + below * row.weight
        }
        func mix<Sample: FixedWidthInteger & UnsignedInteger>(_ target: inout [Sample]) {
            let top = Float(Sample.max)
            original.memory.withPixels { bytes in
                let photo = bytes.bindMemory(to: Sample.self)
                for run in crop.runs {
                    let source = (run.y - crop.y) * width - crop.x
                    let row = CellTap(run.y - crop.y, cell: grain, count: crop.keptHeight)
                    let own = run.y * original.width
                    let here = (run.y - box.y) * box.width - box.x
                    for x in run.from..<run.to {
                        let alpha = Float(opacity.values[here + x]) / 255
                        for channel in 0..<3 {
                            let value =
                                top
                                * (grain == 1 ? fill[channel * area + source + x] : enlarged(x - crop.x, row, channel))
                            let before = Float(photo[3 * (own + x) + channel])
                            let mixed = before + (value - before) * alpha
                            target[3 * (here + x) + channel] = Sample(min(max(mixed, 0), top).rounded())
                        }
                    }
                }
            }
        }
        samples.change(eight: { mix(&$0) }, sixteen: { mix(&$0) })
    }
}

extension RasterImage.Samples {
    /// Changes the samples in place, without a copy of the array.
    fileprivate mutating func change(eight: (inout [UInt8]) -> Void, sixteen: (inout [UInt16]) -> Void) {
        switch consume self {
        case .u8(var samples):
            eight(&samples)
            self = .u8(samples)
        case .u16(var samples):
            sixteen(&samples)
            self = .u16(samples)
        }
    }
}
