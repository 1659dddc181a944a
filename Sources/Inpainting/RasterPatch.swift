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
    /// of the crop's runs; of a tile also for those of its seam, mixed with what is there. Nothing else is touched.
    ///
    /// - Parameters:
    ///   - fill: `[3, keptHeight, keptWidth]` of the crop, 0...1, finite; enlarged where that is less than its size.
    ///   - opacity: of the same box; 255 = the fill alone.
    ///   - hole: of the same box, as it was when the crop was cut: 0 where it is filled already.
    ///   - original: the photo that the patch was cut from.
    mutating func blend(_ fill: [Float], crop: Crop, opacity: HoleRegion, hole: HoleRegion, over original: RasterImage)
    {
        let (grain, width, area) = (crop.grain, crop.keptWidth, crop.keptWidth * crop.keptHeight)
        precondition(fill.count == 3 * area, "fill does not match its crop")
        precondition(opacity.box == box && hole.box == box, "the opacity or the hole is of another box")
        let box = box
        let seam = Self.seam(of: crop, opacity: opacity, hole: hole)
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
                for run in crop.runs + seam {
                    let source = (run.y - crop.y) * width - crop.x
                    let row = CellTap(run.y - crop.y, cell: grain, count: crop.keptHeight)
                    let own = run.y * original.width
                    let here = (run.y - box.y) * box.width - box.x
                    for x in run.from..<run.to {
                        let alpha = Float(opacity.values[here + x]) / 255
                        let share = crop.share(x, run.y)
                        for channel in 0..<3 {
                            let value =
                                top
                                * (grain == 1 ? fill[channel * area + source + x] : enlarged(x - crop.x, row, channel))
                            let before = Float(photo[3 * (own + x) + channel])
                            var mixed = before + (value - before) * alpha
                            if share < 1 {
                                let there = Float(target[3 * (here + x) + channel])
                                mixed = there + (mixed - there) * share
                            }
                            target[3 * (here + x) + channel] = Sample(min(max(mixed, 0), top).rounded())
                        }
                    }
                }
            }
        }
        samples.change(eight: { mix(&$0) }, sixteen: { mix(&$0) })
    }

    /// The colour at a place of the photo, 0...1.
    func color(_ x: Int, _ y: Int) -> SIMD3<Float> {
        let at = 3 * ((y - box.y) * box.width + x - box.x)
        return switch samples {
        case .u8(let values): SIMD3(Float(values[at]), Float(values[at + 1]), Float(values[at + 2])) / 255
        case .u16(let values): SIMD3(Float(values[at]), Float(values[at + 1]), Float(values[at + 2])) / 65535
        }
    }

    /// Mixes places of the photo with colours, 0...1, each by a share of its own.
    ///
    /// - Parameter places: calls what it is given for each of them.
    mutating func mix(_ places: ((_ x: Int, _ y: Int, _ color: SIMD3<Float>, _ share: Float) -> Void) -> Void) {
        let box = box
        func mix<Sample: FixedWidthInteger & UnsignedInteger>(_ target: inout [Sample]) {
            let top = Float(Sample.max)
            target.withUnsafeMutableBufferPointer { target in
                places { x, y, color, share in
                    let at = 3 * ((y - box.y) * box.width + x - box.x)
                    for channel in 0..<3 {
                        let own = Float(target[at + channel])
                        let mixed = own + (top * color[channel] - own) * share
                        target[at + channel] = Sample(min(max(mixed, 0), top).rounded())
                    }
                }
            }
        }
        samples.change(eight: { mix(&$0) }, sixteen: { mix(&$0) })
    }

    /// What a tile shares with the tiles before it.
    private static func seam(of crop: Crop, opacity: HoleRegion, hole: HoleRegion) -> [HoleComponent.Run] {
        let box = opacity.box, seam = crop.seam
        var runs: [HoleComponent.Run] = []
        guard seam.width > 0 else { return runs }
        for y in max(seam.y, box.y)..<min(seam.endY, box.endY) {
            let row = (y - box.y) * box.width - box.x
            for x in max(seam.x, box.x)..<min(seam.endX, box.endX)
            where opacity.values[row + x] != 0 && hole.values[row + x] == 0 {
                if let last = runs.last, last.y == y, last.to == x {
                    runs[runs.count - 1].to = x + 1
                } else {
                    runs.append(HoleComponent.Run(y: y, from: x, to: x + 1))
                }
            }
        }
        return runs
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
