/// The pixels of one crop on their way through pre-fill, model and detail: planar RGB in floats, 0...1.
///
/// A class, so that the planes, which are the largest thing in a fill beside the network's own memory, are changed in
/// place and never copied. Lives on the engine's thread, as the task that it belongs to.
final class CropPixels {
    let crop: Crop
    /// `[keptHeight, keptWidth]` of the crop; 255 = for the model to fill.
    let mask: [UInt8]
    /// The same; 255 = for detail. Of a tile that is more than `mask`.
    private let open: [UInt8]
    /// The same as it was before any of it was filled.
    private let whole: [UInt8]
    /// `[3, keptHeight, keptWidth]`: the photo, after ``prefill()`` with smooth holes, after ``add(output:input:)``
    /// filled.
    private(set) var planes: [Float]

    /// Whether there is anything for the model to fill.
    var hasHole: Bool { mask.contains { $0 != 0 } }

    /// Cuts a crop out of the photo; where it is larger than the photo, the photo's reflection goes on.
    ///
    /// - Parameters:
    ///   - patch: what has been filled of the photo; it takes the place of the photo's own pixels.
    ///   - hole: the pixels that are not known (yet), everything but 0; of the patch's box.
    ///   - whole: the same as it was at first: its border is the rim.
    init(_ crop: Crop, from image: RasterImage, under patch: RasterPatch, hole: HoleRegion, whole: HoleRegion) {
        precondition(hole.box == patch.box && whole.box == patch.box, "the hole is of another box")
        self.crop = crop
        let (grain, width, box) = (crop.grain, crop.keptWidth, patch.box)
        let columns = (0..<crop.width).map { Self.reflected(crop.x + $0, image.width) }
        let rows = (0..<crop.height).map { Self.reflected(crop.y + $0, image.height) }
        let places = columns.indices.map { $0 / grain }
        let seam = crop.seam
        let area = width * crop.keptHeight
        var mask = [UInt8](repeating: 0, count: area)
        var inside = mask
        var planes = [Float](repeating: 0, count: 3 * area)
        func cut<Sample: FixedWidthInteger & UnsignedInteger>(_ patched: [Sample]) {
            let share = 1 / (Float(Sample.max) * Float(grain * grain))
            image.memory.withPixels { bytes in
                let photo = bytes.bindMemory(to: Sample.self)
                for (y, row) in rows.enumerated() {
                    let isPatched = row >= box.y && row < box.endY
                    let crossesSeam = row >= seam.y && row < seam.endY
                    let start = y / grain * width
                    for (x, column) in columns.enumerated() {
                        let target = start + places[x]
                        if isPatched, column >= box.x, column < box.endX {
                            let pixel = (row - box.y) * box.width + column - box.x
                            let isOpen = crossesSeam && column >= seam.x && column < seam.endX
                            if whole.values[pixel] != 0 {
                                inside[target] = 255
                                if isOpen { mask[target] = 255 }
                            }
                            if hole.values[pixel] != 0 { mask[target] = 255 }
                            for channel in 0..<3 {
                                planes[channel * area + target] += Float(patched[3 * pixel + channel]) * share
                            }
                        } else {
                            let pixel = row * image.width + column
                            for channel in 0..<3 {
                                planes[channel * area + target] += Float(photo[3 * pixel + channel]) * share
                            }
                        }
                    }
                }
            }
        }
        switch patch.samples {
        case .u8(let samples): cut(samples)
        case .u16(let samples): cut(samples)
        }
        self.planes = planes
        open = mask
        self.whole = inside
        if case .tile(let band, let cell, _) = crop.part {
            let rim = Self.band(of: mask, along: inside, width: width, height: crop.keptHeight, reach: band)
            // What others filled is not filled anew for its own sake.
            let isAtRim = (cell.y..<cell.endY).contains { y in
                let row = (y - crop.y) * width - crop.x
                return rim[(row + cell.x)..<(row + cell.endX)].contains { $0 != 0 }
            }
            self.mask = isAtRim ? rim : [UInt8](repeating: 0, count: area)
        } else {
            self.mask = mask
        }
    }

    /// What of `mask` lies at most `reach` pixels from a pixel where `inside` is 0.
    private static func band(of mask: [UInt8], along inside: [UInt8], width: Int, height: Int, reach: Int) -> [UInt8] {
        var result = mask
        SquaredDistance.forEachRow(width: width, height: height, reach: reach) { x, y in
            inside[y * width + x] == 0
        } row: { y, squared in
            for x in 0..<width where squared[x] > reach * reach { result[y * width + x] = 0 }
        }
        return result
    }

    /// Fills the holes smoothly.
    func prefill() {
        mask.withUnsafeBufferPointer { mask in
            planes.withUnsafeMutableBufferPointer { planes in
                _ = BiharmonicFill.fill(planes, channels: 3, width: crop.keptWidth, height: crop.keptHeight, mask: mask)
            }
        }
    }

    /// The crop as the model sees it: `[3, modelHeight, modelWidth]` and its mask.
    func modelInput() -> (planes: [Float], mask: [UInt8]) {
        let scale = crop.scale
        if scale == crop.grain { return (planes, mask) }
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

    /// Adds to the pre-fill what the model added to it.
    ///
    /// - Parameters:
    ///   - output: the model's picture, `[3, modelHeight, modelWidth]`.
    ///   - input: the planes of ``modelInput()``.
    func add(output: [Float], input: [Float]) {
        guard crop.scale > crop.grain else {
            planes = output
            return
        }
        // At a coarser scale the full pre-fill stays, which joins the photo sharply: only the difference is enlarged.
        let (width, height) = (crop.modelWidth, crop.modelHeight)
        let horizontal = (0..<crop.width).map { CellTap($0, cell: crop.scale, count: width) }
        planes.withUnsafeMutableBufferPointer { planes in
            for channel in 0..<3 {
                let plane = channel * width * height
                for y in 0..<crop.height {
                    let tap = CellTap(y, cell: crop.scale, count: height)
                    let (upper, lower) = (plane + tap.low * width, plane + tap.high * width)
                    let target = (channel * crop.height + y) * crop.width
                    for x in 0..<crop.width where mask[y * crop.width + x] != 0 {
                        let across = horizontal[x]
                        func added(_ row: Int) -> Float {
                            let (a, b) = (row + across.low, row + across.high)
                            return (output[a] - input[a]) * (1 - across.weight) + (output[b] - input[b]) * across.weight
                        }
                        let sum = planes[target + x] + added(upper) * (1 - tap.weight) + added(lower) * tap.weight
                        planes[target + x] = min(max(sum, 0), 1)
                    }
                }
            }
        }
    }

    /// Gives the hole the detail of its surroundings. What is thin is left to the model where it sees all pixels.
    func carryDetail() {
        DetailTransfer.apply(
            to: &planes, mask: open, whole: whole, width: crop.width, height: crop.height,
            scale: crop.scale)
    }

    /// The pixel that stands at `index` when a row of `count` pixels is mirrored at its ends again and again.
    static func reflected(_ index: Int, _ count: Int) -> Int {
        let position = index % (2 * count)
        return position < count ? position : 2 * count - 1 - position
    }
}
