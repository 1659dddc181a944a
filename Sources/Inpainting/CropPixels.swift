/// The pixels of one crop on their way through pre-fill and model: planar RGB in floats, 0...1.
struct CropPixels {
    let crop: Crop
    /// `[height, width]` of the crop in photo pixels; 255 = still to be filled.
    let mask: [UInt8]
    /// `[3, height, width]`: the photo, after ``prefill()`` with smooth holes.
    private(set) var planes: [Float]

    /// Cuts a crop out of the photo; where it is larger than the photo, the photo's reflection goes on.
    ///
    /// - Parameters:
    ///   - patch: what has been filled of the photo; it takes the place of the photo's own pixels.
    ///   - hole: the pixels that are not known (yet), everything but 0; of the patch's box.
    init(_ crop: Crop, from image: RasterImage, under patch: RasterPatch, hole: HoleRegion) {
        precondition(hole.box == patch.box, "the hole is of another box")
        self.crop = crop
        let (width, height, box) = (crop.width, crop.height, patch.box)
        let columns = (0..<width).map { Self.reflected(crop.x + $0, image.width) }
        let rows = (0..<height).map { Self.reflected(crop.y + $0, image.height) }
        var mask = [UInt8](repeating: 0, count: width * height)
        var planes = [Float](repeating: 0, count: 3 * width * height)
        func cut<Sample: FixedWidthInteger & UnsignedInteger>(_ patched: [Sample]) {
            let scale = 1 / Float(Sample.max)
            image.memory.withPixels { bytes in
                let photo = bytes.bindMemory(to: Sample.self)
                for y in 0..<height {
                    let isPatched = rows[y] >= box.y && rows[y] < box.endY
                    for x in 0..<width {
                        let target = y * width + x
                        let column = columns[x]
                        func put(_ samples: (Int) -> Sample) {
                            for channel in 0..<3 {
                                planes[channel * width * height + target] = Float(samples(channel)) * scale
                            }
                        }
                        if isPatched, column >= box.x, column < box.endX {
                            let pixel = (rows[y] - box.y) * box.width + column - box.x
                            mask[target] = hole.values[pixel] == 0 ? 0 : 255
                            put { patched[3 * pixel + $0] }
                        } else {
                            let pixel = rows[y] * image.width + column
                            put { photo[3 * pixel + $0] }
                        }
                    }
                }
            }
        }
        switch patch.samples {
        case .u8(let samples): cut(samples)
        case .u16(let samples): cut(samples)
        }
        self.mask = mask
        self.planes = planes
    }

    /// Fills the holes smoothly.
    mutating func prefill() {
        mask.withUnsafeBufferPointer { mask in
            planes.withUnsafeMutableBufferPointer { planes in
                _ = BiharmonicFill.fill(planes, channels: 3, width: crop.width, height: crop.height, mask: mask)
            }
        }
    }

    /// The crop as the model sees it: `[3, modelHeight, modelWidth]` and its mask.
    func modelInput() -> (planes: [Float], mask: [UInt8]) {
        let scale = crop.scale
        if scale == 1 { return (planes, mask) }
        let (width, height) = (crop.modelWidth, crop.modelHeight)
        var small = [Float](repeating: 0, count: 3 * width * height)
        var smallMask = [UInt8](repeating: 0, count: width * height)
        for y in 0..<crop.height {
            for x in 0..<crop.width {
                let source = y * crop.width + x
                let target = y / scale * width + x / scale
                smallMask[target] |= mask[source]
                for channel in 0..<3 {
                    small[channel * width * height + target] += planes[channel * crop.width * crop.height + source]
                }
            }
        }
        let share = 1 / Float(scale * scale)
        for index in small.indices { small[index] *= share }
        return (small, smallMask)
    }

    /// The pre-fill with what the model added to it, `[3, height, width]` in photo pixels.
    ///
    /// - Parameters:
    ///   - output: the model's picture, `[3, modelHeight, modelWidth]`.
    ///   - input: the planes of ``modelInput()``.
    func filled(output: [Float], input: [Float]) -> [Float] {
        if crop.scale == 1 { return output }
        // At a coarser scale the full pre-fill stays, which joins the photo sharply: only the difference is enlarged.
        var result = planes
        let (width, height) = (crop.modelWidth, crop.modelHeight)
        let horizontal = (0..<crop.width).map { Tap($0, scale: crop.scale, count: width) }
        for channel in 0..<3 {
            let plane = channel * width * height
            for y in 0..<crop.height {
                let tap = Tap(y, scale: crop.scale, count: height)
                let (upper, lower) = (plane + tap.low * width, plane + tap.high * width)
                let target = (channel * crop.height + y) * crop.width
                for x in 0..<crop.width where mask[y * crop.width + x] != 0 {
                    let across = horizontal[x]
                    func added(_ row: Int) -> Float {
                        let (a, b) = (row + across.low, row + across.high)
                        return (output[a] - input[a]) * (1 - across.weight) + (output[b] - input[b]) * across.weight
                    }
                    let sum = result[target + x] + added(upper) * (1 - tap.weight) + added(lower) * tap.weight
                    result[target + x] = min(max(sum, 0), 1)
                }
            }
        }
        return result
    }

    /// Bilinear interpolation between cell centres: `low * (1 - weight) + high * weight`.
    private struct Tap {
        let low: Int
        let high: Int
        let weight: Float

        init(_ position: Int, scale: Int, count: Int) {
            let at = (Float(position) + 0.5) / Float(scale) - 0.5
            let floor = Int(at.rounded(.down))
            low = min(max(floor, 0), count - 1)
            high = min(max(floor + 1, 0), count - 1)
            weight = at - Float(floor)
        }
    }

    /// The pixel that stands at `index` when a row of `count` pixels is mirrored at its ends again and again.
    static func reflected(_ index: Int, _ count: Int) -> Int {
        let position = index % (2 * count)
        return position < count ? position : 2 * count - 1 - position
    }
}
