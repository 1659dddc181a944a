/// The part of a mask in which something is marked: one rectangle of the photo. Everything outside of it is 0.
package struct HoleRegion: Sendable {
    package let box: PixelBox
    /// `[box.height, box.width]`.
    package internal(set) var values: [UInt8]
    package let photoWidth: Int
    package let photoHeight: Int

    /// All of a mask.
    package init(_ mask: FillMask) {
        self.init(
            box: PixelBox(x: 0, y: 0, width: mask.width, height: mask.height), values: mask.values,
            photoWidth: mask.width, photoHeight: mask.height)
    }

    init(box: PixelBox, values: [UInt8], photoWidth: Int, photoHeight: Int) {
        precondition(values.count == box.width * box.height, "\(values.count) values for \(box)")
        (self.box, self.values) = (box, values)
        (self.photoWidth, self.photoHeight) = (photoWidth, photoHeight)
    }

    /// Cuts out what is marked in a mask, 128 and more, with `margin` pixels around it.
    ///
    /// - Parameter mask: `[height, width]`, one byte a pixel.
    /// - Returns: the region with 255 for each pixel that is marked and how many there are; nil where none is.
    static func marked(
        in mask: UnsafeRawBufferPointer, width: Int, height: Int, margin: Int
    ) -> (region: HoleRegion, count: Int)? {
        precondition(mask.count == width * height, "the mask does not match its size")
        var (left, right, top, bottom, count) = (width, -1, height, -1, 0)
        for y in 0..<height {
            let row = UnsafeRawBufferPointer(rebasing: mask[(y * width)..<((y + 1) * width)])
            guard let first = row.firstIndex(where: { $0 >= 128 }), let last = row.lastIndex(where: { $0 >= 128 })
            else { continue }
            left = min(left, first)
            right = max(right, last)
            top = min(top, y)
            bottom = y
            for x in first...last where row[x] >= 128 { count += 1 }
        }
        guard count > 0 else { return nil }
        let box = PixelBox(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
            .grown(by: margin, imageWidth: width, imageHeight: height)
        var values = [UInt8](repeating: 0, count: box.width * box.height)
        for y in 0..<box.height {
            let from = (box.y + y) * width + box.x
            for x in 0..<box.width where mask[from + x] >= 128 { values[y * box.width + x] = 255 }
        }
        return (HoleRegion(box: box, values: values, photoWidth: width, photoHeight: height), count)
    }

    /// The mask grown by `dilate`, and with an edge of `feather` pixels: ``FillMask/dilated(by:)`` and
    /// ``FillMask/feathered(by:)``. Its margin must be at least as wide as both.
    func softened(dilate: Int, feather: Int) throws -> HoleRegion {
        let mask = try FillMask(width: box.width, height: box.height, values: values)
            .dilated(by: dilate).feathered(by: feather)
        return HoleRegion(box: box, values: mask.values, photoWidth: photoWidth, photoHeight: photoHeight)
    }

    /// Whether nothing of the photo is left outside of it.
    var coversPhoto: Bool { box.width == photoWidth && box.height == photoHeight && !values.contains(0) }
}
