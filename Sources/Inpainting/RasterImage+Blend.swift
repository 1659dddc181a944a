extension RasterImage {
    /// Lays the fill of a crop over the photo: `photo * (1 - opacity) + fill * opacity`, rounded once, for the pixels
    /// of the crop's runs. Nothing else is touched.
    ///
    /// - Parameters:
    ///   - fill: `[3, height, width]` of the crop, 0...1, finite.
    ///   - opacity: 255 = the fill alone.
    ///   - original: the photo, of the same size and depth as self.
    mutating func blend(_ fill: [Float], crop: Crop, opacity: FillMask, over original: RasterImage) {
        precondition(fill.count == 3 * crop.width * crop.height, "fill does not match its crop")
        let width = width
        func mix<Sample: FixedWidthInteger & UnsignedInteger>(_ target: inout [Sample], _ photo: [Sample]) {
            let top = Float(Sample.max)
            for run in crop.runs {
                let source = (run.y - crop.y) * crop.width - crop.x
                for x in run.from..<run.to {
                    let pixel = run.y * width + x
                    let alpha = Float(opacity.values[pixel]) / 255
                    for channel in 0..<3 {
                        let value = fill[channel * crop.width * crop.height + source + x] * top
                        let own = Float(photo[3 * pixel + channel])
                        let mixed = own + (value - own) * alpha
                        target[3 * pixel + channel] = Sample(min(max(mixed, 0), top).rounded())
                    }
                }
            }
        }
        switch original.samples {
        case .u8(let photo): samples.change { mix(&$0, photo) }
        case .u16(let photo): samples.change { mix(&$0, photo) }
        }
    }
}

extension RasterImage.Samples {
    /// Changes 8-bit samples in place, without a copy of the array.
    fileprivate mutating func change(_ body: (inout [UInt8]) -> Void) {
        switch consume self {
        case .u8(var samples):
            body(&samples)
            self = .u8(samples)
        case .u16:
            preconditionFailure("the photo has 8 bits, its fill 16")
        }
    }

    /// Changes 16-bit samples in place, without a copy of the array.
    fileprivate mutating func change(_ body: (inout [UInt16]) -> Void) {
        switch consume self {
        case .u16(var samples):
            body(&samples)
            self = .u16(samples)
        case .u8:
            preconditionFailure("the photo has 16 bits, its fill 8")
        }
    }
}
